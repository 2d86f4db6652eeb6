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

constexpr std::size_t offer_bytes_max = 256 << 20;

constexpr const char* schema =
    "CREATE TABLE IF NOT EXISTS offers (base INTEGER PRIMARY KEY, stop INTEGER NOT NULL,"
    " was INTEGER NOT NULL, seq INTEGER NOT NULL, report INTEGER NOT NULL,"
    " came INTEGER NOT NULL, bytes BLOB NOT NULL) STRICT;"
    "CREATE INDEX IF NOT EXISTS offers_by_seq ON offers (seq);"
    "CREATE INDEX IF NOT EXISTS offers_by_report ON offers (report);"
    "CREATE TABLE IF NOT EXISTS marks (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT;";

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
    std::string_view accuracy = member(from.text(from.extra[row]), "feed.accuracy");
    if (!accuracy.empty()) out.add_members(row, fmt::format("\"feed.accuracy\":{}", accuracy));
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

// By the place among all rows that there ever were: when some go, the others keep their dates.
TimeUs Offer::date(std::size_t row) const {
  return base + static_cast<TimeUs>(batch.place.empty() ? row : batch.place[row]) * Offers::room;
}
TimeUs Offer::end() const {
  return batch.size() == 0 ? base : date(batch.size() - 1) + Offers::room;
}

Result<std::unique_ptr<Offers>> Offers::open(const std::string& path, std::function<TimeUs()> now) {
  auto made = std::unique_ptr<Offers>(new Offers(std::move(now)));
  made->db_ = TRY(Sqlite::open(path));
  TRY(made->db_.run("PRAGMA secure_delete=ON;"));  // what is erased is gone
  TRY(made->db_.run(schema));
  if (TRY(mark(made->db_, "version", 1)) != 1)
    return invalid(text::quote(path) + " was written by a newer program");
  made->opened_ = TRY(mark(made->db_, "opened", 0));
  if (made->opened_ == 0) {
    made->opened_ = made->now_();
    TRY(set_mark(made->db_, "version", 1));
    TRY(set_mark(made->db_, "opened", made->opened_));
  }
  made->applied_seq_ = static_cast<std::uint64_t>(TRY(mark(made->db_, "seq", 0)));
  made->kept_seq_ = made->applied_seq_;
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

Result<void> Offers::apply(const EventBatch& batch) {
  if (batch.seq <= applied_seq_) return {};
  if (!open_) open_.emplace(TRY(Transaction::begin(db_)));
  TRY(batch.is_act() ? take_out(batch) : add(batch, 0));
  applied_seq_ = batch.seq;
  return {};
}

Result<void> Offers::flush() {
  if (!open_) return {};
  TRY(set_mark(db_, "seq", static_cast<std::int64_t>(applied_seq_)));
  TRY(set_mark(db_, "next", next_));
  TRY(open_->commit());
  open_.reset();
  waiting_bytes_ = 0;
  if (took_out_) {
    took_out_ = false;
    std::lock_guard reading(reading_);
    cache_.clear();
    // What was there stands in the log until that is begun anew.
    TRY(db_.run("PRAGMA wal_checkpoint(TRUNCATE)"));
  }
  kept_seq_ = applied_seq_;
  last_ = next_ - 1;
  if (flushed) flushed();
  return {};
}

Result<void> Offers::take_out(const EventBatch& act) {
  std::unordered_set<EventId> events(act.correction.events.begin(), act.correction.events.end());
  bool whole = act.correction.kind == Correction::Kind::withdraw;
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
      TRY(take_out(base, [&](EventId event) { return whole || events.contains(event); }));
  }
  return {};
}

// Rows of a stored offer go, and a recall of them comes behind everything.
Result<void> Offers::take_out(TimeUs base, const std::function<bool(EventId)>& goes) {
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

Result<std::shared_ptr<const Offer>> Offers::after(TimeUs date) const {
  if (date >= last_) return nullptr;
  std::lock_guard reading(reading_);
  auto known = std::ranges::find_if(
      cache_, [&](const auto& offer) { return offer->base <= date && date < offer->end() - 1; });
  if (known != cache_.end()) {
    cache_.splice(cache_.begin(), cache_, known);
    return cache_.front();
  }
  auto select = TRY(
      reader_.prepare("SELECT base, was, bytes FROM offers WHERE base > ?1 - ?2 AND stop - 1 > ?1"
                      " ORDER BY base LIMIT 1"));
  select.bind(1, date).bind(2, static_cast<std::int64_t>(batch_events_max) * room);
  if (!TRY(select.step())) return nullptr;
  auto offer =
      std::make_shared<const Offer>(TRY(read(select.number(0), select.number(1), select.blob(2))));
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
  auto drop = TRY(db_.prepare(
      "DELETE FROM offers WHERE base IN (SELECT base FROM offers WHERE came < ?1 LIMIT 100)"));
  drop.bind(1, now_() - age);
  TRY(drop.run());
  return static_cast<std::size_t>(db_.changes());
}

}  // namespace tocsin::store
