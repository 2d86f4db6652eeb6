#include "store/offers.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <unordered_set>

#include "base/text.h"
#include "base/zstd.h"
#include "model/members.h"
#include "model/subject.h"

namespace tocsin::store {
namespace {

constexpr std::int64_t version = 3;  // 1 had no things, 2 nothing of how others' came
constexpr std::size_t offer_bytes_max = 256 << 20;

constexpr const char* schema =
    "CREATE TABLE IF NOT EXISTS offers (base INTEGER PRIMARY KEY, stop INTEGER NOT NULL,"
    " was INTEGER NOT NULL, seq INTEGER NOT NULL, report INTEGER NOT NULL,"
    " came INTEGER NOT NULL, bytes BLOB NOT NULL) STRICT;"
    "CREATE INDEX IF NOT EXISTS offers_by_seq ON offers (seq);"
    "CREATE INDEX IF NOT EXISTS offers_by_report ON offers (report);"
    "CREATE TABLE IF NOT EXISTS things (base INTEGER PRIMARY KEY, kind TEXT NOT NULL,"
    " key TEXT NOT NULL, feed TEXT NOT NULL, type INTEGER, sector TEXT NOT NULL,"
    " country TEXT NOT NULL, tlp INTEGER NOT NULL, pap INTEGER NOT NULL, confidence INTEGER,"
    " since INTEGER NOT NULL, gone INTEGER NOT NULL, from_others INTEGER NOT NULL,"
    " came INTEGER NOT NULL, body BLOB NOT NULL, under TEXT NOT NULL DEFAULT '',"
    " creator TEXT NOT NULL DEFAULT '', with_it BLOB NOT NULL DEFAULT x'',"
    " UNIQUE (kind, key)) STRICT;"
    "CREATE TABLE IF NOT EXISTS erased (number INTEGER PRIMARY KEY AUTOINCREMENT,"
    " start INTEGER NOT NULL, stop INTEGER NOT NULL) STRICT;"
    "CREATE TABLE IF NOT EXISTS marks (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT;";
constexpr const char* from_2 =
    "ALTER TABLE things ADD COLUMN under TEXT NOT NULL DEFAULT '';"
    "ALTER TABLE things ADD COLUMN creator TEXT NOT NULL DEFAULT '';"
    "ALTER TABLE things ADD COLUMN with_it BLOB NOT NULL DEFAULT x'';";

// Nothing that names a subject or what was seen there: ids, times, and what a decision looks at.
EventBatch bare(const EventBatch& from) {
  EventBatch out;
  out.seq = from.seq;
  out.report = from.report;
  out.feed = from.feed;
  out.received = from.received;
  for (std::size_t row = 0; row < from.size(); ++row) {
    out.add_row();
    out.time.back() = from.time[row];
    out.observed.back() = from.observed[row];
    out.type.back() = from.type[row];
    out.tlp.back() = from.tlp[row];
    out.roles.back() = from.roles[row];
    out.flags.back() = from.flags[row];
    out.sector.back() = from.sector[row];
    // Wherever the subject stands, it is looked for there.
    out.source.country.back() = out.destination.country.back() = place_of(from, row).country;
    for (std::string_view name : {"feed.accuracy", "extra.misp_distribution"}) {
      std::string_view said = member(from.text(from.extra[row]), name);
      if (!said.empty()) out.add_members(row, fmt::format("\"{}\":{}", name, said));
    }
    out.place.push_back(from.place.empty() ? static_cast<std::uint16_t>(row) : from.place[row]);
  }
  return out;
}

Result<std::int64_t> mark(const Sqlite& db, std::string_view name, std::int64_t otherwise) {
  auto select = TRY(db.prepare("SELECT value FROM marks WHERE name = ?"));
  select.bind(1, name);
  return TRY(select.step()) ? select.number(0) : otherwise;
}

Result<void> set_mark(const Sqlite& db, std::string_view name, std::int64_t value) {
  auto upsert = TRY(db.prepare("INSERT OR REPLACE INTO marks VALUES (?, ?)"));
  return upsert.bind(1, name).bind(2, value).run();
}

}  // namespace

constexpr std::string_view thing_columns =
    "base, kind, key, feed, type, sector, country, tlp, pap, confidence, since, gone, from_others,"
    " body, under, creator, with_it";

Thing thing_of(const Statement& row) {
  Thing out{.kind = std::string(row.text(1)), .key = std::string(row.text(2))};
  out.feed = row.text(3);
  if (!row.is_null(4)) out.type = static_cast<Type>(row.number(4));
  out.sector = row.text(5);
  if (auto country = Country::parse(row.text(6))) out.country = *country;
  out.tlp = static_cast<Tlp>(row.number(7));
  out.pap = static_cast<Pap>(row.number(8));
  if (!row.is_null(9)) out.confidence = static_cast<std::uint8_t>(row.number(9));
  out.since = row.number(10);
  out.gone = row.number(11) != 0;
  out.foreign = row.number(12) != 0;
  out.body = row.blob(13);
  out.under = row.text(14);
  out.creator = row.text(15);
  out.with = row.blob(16);
  return out;
}

// By the place among all rows that there ever were: when some go, the others keep their dates.
TimeUs Offer::date(std::size_t row) const {
  if (!things.empty()) return dates[row];
  return base + static_cast<TimeUs>(batch.place.empty() ? row : batch.place[row]) * Offers::room;
}
TimeUs Offer::end() const {
  return size() == 0 ? base : date(size() - 1) + Offers::room;
}

Result<std::unique_ptr<Offers>> Offers::open(const std::string& path, std::function<TimeUs()> now) {
  auto made = std::unique_ptr<Offers>(new Offers(std::move(now)));
  made->db_ = TRY(Sqlite::open(path));
  TRY(made->db_.run("PRAGMA secure_delete=ON;"));  // what is erased is gone
  TRY(made->db_.run(schema));
  auto written = TRY(mark(made->db_, "version", version));
  if (written > version) return invalid(text::quote(path) + " was written by a newer program");
  if (written == 2) {
    auto both = TRY(Transaction::begin(made->db_));
    TRY(made->db_.run(from_2));
    TRY(set_mark(made->db_, "version", version));
    TRY(both.commit());
  }
  TRY(set_mark(made->db_, "version", version));
  made->opened_ = TRY(mark(made->db_, "opened", 0));
  if (made->opened_ == 0) {
    made->opened_ = made->now_();
    TRY(set_mark(made->db_, "opened", made->opened_));
  }
  made->applied_seq_ = static_cast<std::uint64_t>(TRY(mark(made->db_, "seq", 0)));
  made->kept_seq_ = made->applied_seq_.load();
  made->next_ = std::max(made->opened_ + room, TRY(mark(made->db_, "next", 0)));
  made->last_ = made->next_ - 1;
  made->reader_ = TRY(Sqlite::open(path, true));
  return made;
}

Result<void> Offers::add(EventBatch batch, TimeUs was) {
  if (batch.size() == 0) return {};
  batch.echoes.clear();
  TimeUs base = (std::max(next_, now_()) + room - 1) / room * room;
  Offer offer{.base = base, .recall = was != 0, .was = was, .batch = {}};
  offer.batch = std::move(batch);
  TRY(insert(offer));
  next_ = offer.end();
  return {};
}

Result<void> Offers::insert(const Offer& offer) {
  std::string bytes = zstd::pack(encode(offer.batch));
  waiting_bytes_ += bytes.size();
  auto insert = TRY(db_.prepare("INSERT OR REPLACE INTO offers VALUES (?, ?, ?, ?, ?, ?, ?)"));
  insert.bind(1, offer.base).bind(2, offer.end()).bind(3, offer.was);
  insert.bind(4, offer.batch.seq).bind(5, offer.batch.report).bind(6, now_());
  return insert.bind_blob(7, bytes).run();
}

Result<void> Offers::begin() {
  if (!open_) open_.emplace(TRY(Transaction::begin(db_)));
  return {};
}

// After an error nothing that is not kept is left, as after a restart.
Result<void> Offers::undone(Result<void> done) {
  if (done) return done;
  open_.reset();
  applied_seq_ = kept_seq_.load();
  next_ = last_ + 1;
  waiting_bytes_ = 0;
  took_out_ = moved_things_ = false;
  return done;
}

Result<void> Offers::apply(const EventBatch& batch) {
  std::lock_guard writing(writing_);
  if (std::exchange(lost_, false)) return unavailable("what was applied could not be kept");
  if (batch.seq <= applied_seq_) return {};
  auto work = [&]() -> Result<void> {
    TRY(begin());
    return batch.is_act() ? take_out(batch) : add(batch, 0);
  };
  TRY(undone(work()));
  applied_seq_ = batch.seq;
  return {};
}

Result<void> Offers::flush() {
  {
    std::lock_guard writing(writing_);
    if (std::exchange(lost_, false)) return unavailable("what was applied could not be kept");
    if (!open_) return {};
    TRY(undone(commit()));
  }
  if (flushed) flushed();
  return {};
}

Result<void> Offers::commit() {
  TRY(set_mark(db_, "seq", static_cast<std::int64_t>(applied_seq_.load())));
  TRY(set_mark(db_, "next", next_));
  TRY(open_->commit());
  open_.reset();
  waiting_bytes_ = 0;
  kept_seq_ = applied_seq_.load();
  bool truncates = std::exchange(took_out_, false);
  if (truncates || moved_things_) {
    std::lock_guard reading(reading_);
    std::erase_if(cache_, [&](const auto& offer) { return truncates || !offer->things.empty(); });
    moved_things_ = false;
    // What was there stands in the log until that is begun anew.
    if (truncates) TRY(db_.run("PRAGMA wal_checkpoint(TRUNCATE)"));
  }
  last_ = next_ - 1;
  return {};
}

// One after the other they are one.
Result<void> Offers::note_erased(TimeUs date) {
  auto more = TRY(db_.prepare(
      "UPDATE erased SET stop = ?2 WHERE number = (SELECT max(number) FROM erased) AND stop = ?1"));
  TRY(more.bind(1, date).bind(2, date + room).run());
  if (db_.changes() > 0) return {};
  auto insert = TRY(db_.prepare("INSERT INTO erased (start, stop) VALUES (?, ?)"));
  return insert.bind(1, date).bind(2, date + room).run();
}

Result<std::vector<Offers::Erased>> Offers::erased(std::size_t limit) const {
  std::lock_guard writing(writing_);
  std::vector<Erased> out;
  auto select = TRY(db_.prepare("SELECT number, start, stop FROM erased ORDER BY number LIMIT ?"));
  select.bind(1, std::uint64_t{limit});
  while (TRY(select.step()))
    out.push_back(
        {static_cast<std::uint64_t>(select.number(0)), select.number(1), select.number(2)});
  return out;
}

Result<void> Offers::forget_erased(std::uint64_t up_to) {
  std::lock_guard writing(writing_);
  auto drop = TRY(db_.prepare("DELETE FROM erased WHERE number <= ?"));
  return drop.bind(1, up_to).run();
}

Result<TimeUs> Offers::first() const {
  std::lock_guard reading(reading_);
  auto select = TRY(reader_.prepare(
      "SELECT min(base) FROM (SELECT min(base) AS base FROM offers UNION ALL SELECT min(base) FROM"
      " things)"));
  return TRY(select.step()) && !select.is_null(0) ? select.number(0) : INT64_MAX;
}

Result<void> Offers::put(const Thing& thing, bool erased) {
  if (thing.key.empty() || thing.body.size() > thing_bytes_max)
    return invalid("a thing without a key, or of more than 1 MiB");
  auto select = TRY(
      db_.prepare(fmt::format("SELECT {} FROM things WHERE kind = ? AND key = ?", thing_columns)));
  select.bind(1, thing.kind).bind(2, thing.key);
  bool there = TRY(select.step());
  if (there ? thing_of(select) == thing : thing.gone) return {};
  TimeUs before = there ? select.number(0) : 0;
  select.reset();
  if (there) {
    auto drop = TRY(db_.prepare("DELETE FROM things WHERE base = ?"));
    TRY(drop.bind(1, before).run());
    if (erased) TRY(note_erased(before));
    moved_things_ = true;
    took_out_ = took_out_ || thing.gone;
    if (thing.gone && thing.foreign) return {};
  }
  TimeUs base = (std::max(next_, now_()) + room - 1) / room * room;
  auto insert =
      TRY(db_.prepare("INSERT INTO things VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, "
                      "?, ?)"));
  insert.bind(1, base).bind(2, thing.kind).bind(3, thing.key).bind(4, thing.feed);
  if (thing.type) insert.bind(5, static_cast<int>(*thing.type));
  insert.bind(6, thing.sector).bind(7, thing.country.text());
  insert.bind(8, static_cast<int>(thing.tlp)).bind(9, static_cast<int>(thing.pap));
  if (thing.confidence) insert.bind(10, int{*thing.confidence});
  insert.bind(11, thing.since).bind(12, thing.gone ? 1 : 0).bind(13, thing.foreign ? 1 : 0);
  insert.bind(14, now_()).bind_blob(15, thing.body);
  TRY(insert.bind(16, thing.under).bind(17, thing.creator).bind_blob(18, thing.with).run());
  next_ = base + room;
  return {};
}

Result<void> Offers::offer(std::span<const Thing> things, std::string_view reader,
                           std::uint64_t up_to) {
  return offer(things, reader, up_to, false);
}

Result<void> Offers::offer(std::span<const Thing> things, std::string_view reader,
                           std::uint64_t up_to, bool erased) {
  {
    std::lock_guard writing(writing_);
    bool pending = applied_seq_ != kept_seq_;
    auto work = [&]() -> Result<void> {
      TRY(begin());
      for (const Thing& thing : things) TRY(put(thing, erased));
      if (!reader.empty())
        TRY(set_mark(db_, fmt::format("reader {}", reader), static_cast<std::int64_t>(up_to)));
      return commit();
    };
    auto done = undone(work());
    if (!done) lost_ = lost_ || pending;
    TRY(std::move(done));
  }
  if (flushed) flushed();
  return {};
}

Result<std::uint64_t> Offers::offered_up_to(std::string_view reader) const {
  std::lock_guard writing(writing_);
  return static_cast<std::uint64_t>(TRY(mark(db_, fmt::format("reader {}", reader), 0)));
}

Result<std::optional<Thing>> Offers::find(std::string_view kind, std::string_view key) const {
  std::lock_guard writing(writing_);
  auto select = TRY(
      db_.prepare(fmt::format("SELECT {} FROM things WHERE kind = ? AND key = ?", thing_columns)));
  select.bind(1, kind).bind(2, key);
  if (!TRY(select.step())) return std::optional<Thing>();
  return std::optional(thing_of(select));
}

Result<std::size_t> Offers::take_back(const std::function<bool(const Thing&)>& goes, bool erased) {
  std::size_t gone = 0;
  TimeUs until = last_;  // what comes later is looked at by whoever offers it
  for (TimeUs after = 0;;) {
    std::vector<Thing> some;
    {
      std::lock_guard writing(writing_);
      auto select = TRY(db_.prepare(
          fmt::format("SELECT {} FROM things WHERE base > ? AND base <= ? ORDER BY base LIMIT 1000",
                      thing_columns)));
      select.bind(1, after).bind(2, until);
      std::size_t read = 0;
      for (; TRY(select.step()); ++read) {
        after = select.number(0);
        Thing thing = thing_of(select);
        if (!thing.gone && goes(thing)) some.push_back(std::move(thing));
      }
      if (read == 0) return gone;
    }
    for (Thing& thing : some) {
      thing.gone = true;
      thing.body.clear();
    }
    if (!some.empty()) TRY(offer(some, {}, 0, erased));
    gone += some.size();
  }
}

Result<TimeUs> Offers::reserve(std::size_t rooms) {
  std::lock_guard writing(writing_);
  bool pending = applied_seq_ != kept_seq_;
  TimeUs base = 0;
  auto work = [&]() -> Result<void> {
    TRY(begin());
    base = (std::max(next_, now_()) + room - 1) / room * room;
    next_ = base + static_cast<TimeUs>(rooms) * room;
    return commit();
  };
  auto done = undone(work());
  if (!done) lost_ = lost_ || pending;
  TRY(std::move(done));
  return base;
}

Result<void> Offers::take_out(const EventBatch& act) {
  std::unordered_set<EventId> events(act.correction.events.begin(), act.correction.events.end());
  bool whole = act.correction.kind == Correction::Kind::withdraw;
  bool erased = act.correction.kind == Correction::Kind::erase;
  std::set<std::uint64_t> keys;
  if (whole) keys.insert(act.correction.report);
  for (EventId event : events) keys.insert(seq_of(event));
  for (std::uint64_t key : keys) {
    std::vector<TimeUs> bases;
    auto select = TRY(db_.prepare(
        fmt::format("SELECT base FROM offers WHERE {} = ? AND was = 0", whole ? "report" : "seq")));
    select.bind(1, key);
    while (TRY(select.step())) bases.push_back(select.number(0));
    for (TimeUs base : bases)
      TRY(take_out(base, [&](EventId event) { return whole || events.contains(event); }, erased));
  }
  return {};
}

// Rows of a stored offer go, and a recall of them comes behind everything.
Result<void> Offers::take_out(TimeUs base, const std::function<bool(EventId)>& goes, bool erased) {
  auto select = TRY(db_.prepare("SELECT bytes FROM offers WHERE base = ?"));
  select.bind(1, base);
  if (!TRY(select.step())) return {};
  Offer stays = TRY(read(base, 0, select.blob(0)));
  select.reset();
  std::vector<bool> keep(stays.batch.size());
  for (std::size_t row = 0; row < keep.size(); ++row) keep[row] = !goes(stays.batch.id(row));
  std::vector<bool> gone = keep;
  gone.flip();
  if (std::ranges::find(gone, true) == gone.end()) return {};
  for (std::size_t row = 0; erased && row < gone.size(); ++row) {
    if (gone[row]) TRY(note_erased(stays.date(row)));
  }
  EventBatch recalled = bare(stays.batch);
  recalled.keep_rows(gone);
  recalled.compact();
  TRY(add(std::move(recalled), base));
  took_out_ = true;
  stays.batch.keep_rows(keep);
  stays.batch.compact();
  if (stays.batch.size() > 0) return insert(stays);
  auto drop = TRY(db_.prepare("DELETE FROM offers WHERE base = ?"));
  return drop.bind(1, base).run();
}

Result<Offer> Offers::read(TimeUs base, TimeUs was, std::string_view bytes) const {
  Offer out{.base = base, .recall = was != 0, .was = was, .batch = {}};
  std::string whole = TRY(zstd::unpack(bytes, offer_bytes_max));
  out.batch = TRY(decode(whole));
  return out;
}

// Those with a date after this one, up to what is offered next of another sort.
Result<Offer> Offers::read_things(TimeUs after, TimeUs before) const {
  Offer out;
  auto select = TRY(reader_.prepare(fmt::format(
      "SELECT {} FROM things WHERE base > ? AND base < ? ORDER BY base LIMIT ?", thing_columns)));
  select.bind(1, after - room + 1).bind(2, before).bind(3, std::uint64_t{things_at_once});
  std::size_t bytes = 0;
  while (bytes < things_bytes_max && TRY(select.step())) {
    out.dates.push_back(select.number(0));
    out.things.push_back(thing_of(select));
    bytes += out.things.back().body.size() + out.things.back().with.size();
  }
  if (!out.dates.empty()) out.base = out.dates.front();
  return out;
}

Result<std::shared_ptr<const Offer>> Offers::read_after(TimeUs date) const {
  // As of one moment: what is offered meanwhile stands behind all that is read.
  TRY(reader_.run("BEGIN"));
  auto look = [&]() -> Result<std::shared_ptr<const Offer>> {
    auto select = TRY(
        reader_.prepare("SELECT base, was, bytes FROM offers WHERE base > ?1 - ?2 AND stop - 1 > ?1"
                        " ORDER BY base LIMIT 1"));
    select.bind(1, date).bind(2, static_cast<std::int64_t>(batch_events_max) * room);
    bool there = TRY(select.step());
    Offer things = TRY(read_things(date, there ? select.number(0) : INT64_MAX));
    if (!things.things.empty()) return std::make_shared<const Offer>(std::move(things));
    if (!there) return nullptr;
    return std::make_shared<const Offer>(
        TRY(read(select.number(0), select.number(1), select.blob(2))));
  };
  auto found = look();
  TRY(reader_.run("COMMIT"));
  return found;
}

Result<std::shared_ptr<const Offer>> Offers::after(TimeUs date) const {
  if (date >= last_) return nullptr;
  std::lock_guard reading(reading_);
  auto known = std::ranges::find_if(
      cache_, [&](const auto& offer) { return offer->base <= date && date < offer->end() - 1; });
  if (known != cache_.end()) {
    cache_.splice(cache_.begin(), cache_, known);
    return cache_.front();
  }
  auto offer = TRY(read_after(date));
  if (!offer) return nullptr;
  cache_.push_front(offer);
  if (cache_.size() > cached_max) cache_.pop_back();
  return offer;
}

Result<Offers::Place> Offers::find(EventId event) const {
  std::lock_guard reading(reading_);
  auto select = TRY(reader_.prepare(
      "SELECT base, was, bytes FROM offers WHERE seq = ? ORDER BY was = 0 DESC, base"));
  select.bind(1, seq_of(event));
  while (TRY(select.step())) {
    auto offer = std::make_shared<const Offer>(
        TRY(read(select.number(0), select.number(1), select.blob(2))));
    for (std::size_t row = 0; row < offer->batch.size(); ++row) {
      if (offer->batch.id(row) == event) return Place{std::move(offer), row};
    }
  }
  return missing(fmt::format("the event e_{:x} is not offered, or no longer", event));
}

Result<bool> Offers::has_recalls(std::uint64_t seq) const {
  std::lock_guard reading(reading_);
  auto select = TRY(reader_.prepare("SELECT 1 FROM offers WHERE seq = ? AND was != 0 LIMIT 1"));
  return select.bind(1, seq).step();
}

Result<std::uint64_t> Offers::first_seq() const {
  std::lock_guard reading(reading_);
  auto select = TRY(reader_.prepare("SELECT seq FROM offers WHERE was = 0 ORDER BY seq LIMIT 1"));
  return TRY(select.step()) ? static_cast<std::uint64_t>(select.number(0)) : UINT64_MAX;
}

Result<std::size_t> Offers::forget(TimeUs age) {
  TRY(flush());
  std::lock_guard writing(writing_);
  TimeUs before = now_() - age;
  auto drop = TRY(db_.prepare(
      "DELETE FROM offers WHERE base IN (SELECT base FROM offers WHERE came < ?1 LIMIT 100)"));
  TRY(drop.bind(1, before).run());
  auto gone = static_cast<std::size_t>(db_.changes());
  // They came in the order of their dates.
  auto things = TRY(
      db_.prepare("DELETE FROM things WHERE base IN (SELECT base FROM things ORDER BY base LIMIT"
                  " 1000) AND came < ?1"));
  TRY(things.bind(1, before).run());
  return gone + static_cast<std::size_t>(db_.changes());
}

}  // namespace tocsin::store
