#include "share/emergency.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>

#include "base/json.h"
#include "base/text.h"
#include "share/request_words.h"
#include "wire/stix_words.h"

namespace tocsin::share {
namespace {

constexpr const char* steps_of_tables[] = {
    R"(CREATE TABLE emergencies(
         id INTEGER PRIMARY KEY, event INTEGER NOT NULL, member TEXT NOT NULL,
         agreement TEXT NOT NULL, item TEXT NOT NULL, by TEXT NOT NULL, at INTEGER NOT NULL,
         date INTEGER NOT NULL, log TEXT NOT NULL, entry INTEGER NOT NULL,
         confirmed_by TEXT NOT NULL, confirmed INTEGER NOT NULL, ended_by TEXT NOT NULL,
         ended INTEGER NOT NULL, end_date INTEGER NOT NULL) STRICT;
       CREATE INDEX emergencies_of ON emergencies(member, date);
       CREATE TABLE emergencies_heard(
         member TEXT NOT NULL, item TEXT NOT NULL, at INTEGER NOT NULL,
         PRIMARY KEY(member, item)) STRICT, WITHOUT ROWID)",
};
constexpr std::string_view columns =
    "id, event, member, agreement, item, by, at, date, log, entry, confirmed_by, confirmed, "
    "ended_by, ended, end_date";
// What was said of it may still be on its way: the partner's door would refuse it until it is
// there.
constexpr TimeUs told_within = 5 * 60 * us_per_s;

Emergency read_row(const store::Statement& row) {
  Emergency e{.id = static_cast<std::uint64_t>(row.number(0)),
              .event = static_cast<EventId>(row.number(1))};
  e.member = row.text(2);
  e.agreement = row.text(3);
  e.item = row.text(4);
  e.by = row.text(5);
  e.at = row.number(6);
  e.date = row.number(7);
  e.log = row.text(8);
  e.entry = static_cast<std::uint64_t>(row.number(9));
  e.confirmed_by = row.text(10);
  e.confirmed = row.number(11);
  e.ended_by = row.text(12);
  e.ended = row.number(13);
  e.end_date = row.number(14);
  return e;
}

Result<void> keep(store::Sqlite& db, const Emergency& e) {
  auto insert = TRY(db.prepare(fmt::format(
      "INSERT OR REPLACE INTO emergencies({}) VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)", columns)));
  insert.bind(1, e.id).bind(2, static_cast<std::int64_t>(e.event)).bind(3, e.member);
  insert.bind(4, e.agreement).bind(5, e.item).bind(6, e.by).bind(7, e.at).bind(8, e.date);
  insert.bind(9, e.log).bind(10, e.entry).bind(11, e.confirmed_by).bind(12, e.confirmed);
  return insert.bind(13, e.ended_by).bind(14, e.ended).bind(15, e.end_date).run();
}

std::string details_of(const Emergency& e, std::string_view by, std::string_view why) {
  json::Writer w;
  w.object().member("by", by).member("event", fmt::format("e_{:x}", e.event));
  w.member("item", e.item).member("why", why).end();
  return w.take();
}

// An address of an agreement as the ledger has it.
std::optional<Sha256> address_of(std::string_view address) {
  auto hash = ledger::parse_hash(address);
  return hash ? std::optional(*hash) : std::nullopt;
}

}  // namespace

std::string_view name(EmergencyState state) {
  constexpr std::string_view names[] = {"open", "confirmed", "taken-back"};
  return names[static_cast<std::size_t>(state)];
}

EmergencyState Emergency::state() const {
  if (ended != time_none) return EmergencyState::taken_back;
  return confirmed != time_none ? EmergencyState::confirmed : EmergencyState::open;
}

TimeUs Emergency::due() const {
  return at + Emergencies::confirm_within;
}

Result<std::unique_ptr<Emergencies>> Emergencies::open(Parts parts) {
  auto tables = TRY(store::Tables::open(parts.journal, "emergencies", steps_of_tables));
  auto made = std::unique_ptr<Emergencies>(new Emergencies(std::move(parts), std::move(tables)));
  made->parts_.partners.hears(
      "emergency",
      [self = made.get()](const Partner& from, const Statement& s) { return self->hear(from, s); });
  return made;
}

// Dates of all collections only rise, whatever the clock does.
Result<TimeUs> Emergencies::next_date(store::Sqlite& db) const {
  auto select = TRY(db.prepare("SELECT max(max(date, end_date)) FROM emergencies"));
  TimeUs last = TRY(select.step()) && !select.is_null(0) ? select.number(0) : 0;
  TimeUs least = std::max({parts_.now(), parts_.offers.last() + 1, last + store::Offers::room});
  return (least + store::Offers::room - 1) / store::Offers::room * store::Offers::room;
}

Result<Emergency> Emergencies::release(const std::string& member, EventId event,
                                       std::string_view why, std::string_view by) {
  std::string words = TRY(line_of(why, "a reason", why_bytes_max));
  if (words.empty()) return invalid("say why: it is kept and told");
  std::lock_guard act(one_);
  Ledger* ledger = parts_.ledger();
  if (ledger == nullptr) return missing("this node has no ledger: nothing goes");
  Exempt exempt = TRY(parts_.exempt(member, event));
  auto before = TRY(list(member));
  std::size_t open = 0;
  for (const Emergency& one : before) {
    if (one.event == event && one.state() != EmergencyState::taken_back)
      return denied("it is released to this partner already");
    open += one.state() == EmergencyState::open ? 1 : 0;
  }
  if (open >= open_max)
    return denied(fmt::format("{} releases to this partner wait for a second person", open));
  Emergency e{.event = event, .member = member, .agreement = exempt.agreement};
  e.item = exempt.item;
  e.by = by;
  e.at = parts_.now();
  e.log = hex(TRY(ledger->head()).log);
  auto write = [&](store::Sqlite& db) -> Result<void> {
    auto last = TRY(db.prepare("SELECT coalesce(max(id), 0) + 1 FROM emergencies"));
    TRY(last.step());
    e.id = static_cast<std::uint64_t>(last.number(0));
    e.date = TRY(next_date(db));
    ledger::PolicyAct did{.what = "emergency", .with = member, .epoch = exempt.epoch};
    did.agreement = address_of(exempt.address);
    e.entry = TRY(ledger->act(db, did, details_of(e, by, words))).index;
    return keep(db, e);
  };
  TRY(parts_.partners.say({member}, "emergency", {{"item", e.item}}, write));
  return e;
}

Result<Emergency> Emergencies::one(std::uint64_t id) const {
  std::optional<Emergency> found;
  auto look = [&](store::Sqlite& db) -> Result<void> {
    auto select = TRY(db.prepare(fmt::format("SELECT {} FROM emergencies WHERE id = ?", columns)));
    select.bind(1, id);
    if (TRY(select.step())) found = read_row(select);
    return {};
  };
  TRY(tables_.read(look));
  if (!found) return missing(fmt::format("no emergency release {}", id));
  return *std::move(found);
}

Result<Emergency> Emergencies::confirm(std::uint64_t id, std::string_view by) {
  std::lock_guard act(one_);
  Emergency e = TRY(one(id));
  if (e.state() == EmergencyState::taken_back) return denied("it was taken back");
  if (e.state() == EmergencyState::confirmed) return e;
  if (e.by == by) return denied("who released it cannot confirm it: a second person must");
  if (parts_.now() >= e.due()) return denied("its day is over: it is taken back");
  Ledger* ledger = parts_.ledger();
  if (ledger == nullptr) return missing("this node has no ledger");
  e.confirmed_by = by;
  e.confirmed = parts_.now();
  auto write = [&](store::Sqlite& db) -> Result<void> {
    TRY(ledger->act(db, {.what = "emergency-confirmed", .with = e.member}, details_of(e, by, "")));
    return keep(db, e);
  };
  TRY(tables_.write(write));
  return e;
}

// With the lock held.
Result<Emergency> Emergencies::end(Emergency e, std::string_view why, std::string_view by) {
  Ledger* ledger = parts_.ledger();
  if (ledger == nullptr) return missing("this node has no ledger");
  e.ended_by = by;
  e.ended = parts_.now();
  auto write = [&](store::Sqlite& db) -> Result<void> {
    e.end_date = TRY(next_date(db));
    TRY(ledger->act(db, {.what = "emergency-taken-back", .with = e.member},
                    details_of(e, by, why)));
    return keep(db, e);
  };
  TRY(tables_.write(write));
  return e;
}

Result<Emergency> Emergencies::take_back(std::uint64_t id, std::string_view why,
                                         std::string_view by) {
  std::string words = TRY(line_of(why, "a reason", why_bytes_max));
  if (words.empty()) return invalid("say why: it is kept");
  std::lock_guard act(one_);
  Emergency e = TRY(one(id));
  if (e.state() == EmergencyState::taken_back) return e;
  return end(std::move(e), words, by);
}

Result<std::size_t> Emergencies::work() {
  std::lock_guard act(one_);
  auto all = TRY(list(""));
  std::size_t ended = 0;
  for (Emergency& e : all) {
    if (e.state() == EmergencyState::taken_back) continue;
    bool late = e.state() == EmergencyState::open && parts_.now() >= e.due();
    bool withdrawn = false;
    if (TRY(parts_.offers.has_recalls(seq_of(e.event)))) {
      auto place = parts_.offers.find(e.event);
      withdrawn = place && place->offer->recall;
    }
    if (!late && !withdrawn) continue;
    e = TRY(end(std::move(e), late ? "nobody confirmed it within a day" : "it was withdrawn", ""));
    ++ended;
    if (late && parts_.lapsed) parts_.lapsed(e);
  }
  return ended;
}

Result<std::vector<Emergency>> Emergencies::list(std::string_view member) const {
  std::vector<Emergency> all;
  auto look = [&](store::Sqlite& db) -> Result<void> {
    auto select = TRY(db.prepare(fmt::format(
        "SELECT {} FROM emergencies WHERE ?1 = '' OR member = ?1 ORDER BY id DESC", columns)));
    select.bind(1, member);
    while (TRY(select.step())) all.push_back(read_row(select));
    return {};
  };
  TRY(tables_.read(look));
  return all;
}

std::string Emergencies::why(const Emergency& e) const {
  Ledger* ledger = parts_.ledger();
  if (ledger == nullptr) return {};
  auto head = ledger->head();
  if (!head || hex(head->log) != e.log) return {};
  auto row = ledger->one(e.entry);
  if (!row || !row->entry.details) return {};
  simdjson::dom::parser parser;
  std::string_view words;
  if (parser.parse(row->entry.details->text)["why"].get(words)) return {};
  return std::string(words);
}

Result<std::vector<Emergencies::Step>> Emergencies::steps(const std::string& member,
                                                          TimeUs after) const {
  auto all = TRY(list(member));
  auto unsaid = TRY(parts_.partners.unsaid());
  bool waits = unsaid.contains(member);
  std::vector<Step> out;
  for (Emergency& e : all) {
    // What waits keeps what came after it waiting: dates are read in their order.
    TimeUs last = std::max(e.date, e.end_date) + store::Offers::room - 1;
    if (last <= after) continue;
    bool is_gone = e.state() == EmergencyState::taken_back;
    if (!is_gone && e.date + store::Offers::room - 1 > after)
      out.push_back({.date = e.date, .recall = false, .of = e});
    if (is_gone && e.end_date + store::Offers::room - 1 > after)
      out.push_back({.date = e.end_date, .recall = true, .of = e});
  }
  std::ranges::sort(out, {}, &Step::date);
  auto early = std::ranges::find_if(out, [&](const Step& step) {
    return !step.recall && waits && parts_.now() < step.of.at + told_within;
  });
  out.erase(early, out.end());
  return out;
}

Result<std::vector<std::string>> Emergencies::fresh() {
  auto all = TRY(list(""));
  for (const Emergency& e : all) readable_.try_emplace(e.member, 0);
  std::vector<std::string> out;
  for (auto& [member, until] : readable_) {
    auto found = TRY(steps(member, until));
    if (found.empty()) continue;
    until = found.back().date + store::Offers::room - 1;
    out.push_back(member);
  }
  return out;
}

// ---- what partners say

Result<void> Emergencies::hear(const Partner& from, const Statement& s) {
  if (s.kind != "emergency")
    return invalid("this node does not know what " + text::quote(s.kind) + " is");
  std::string member = from.profile.member, item(s["item"]);
  if (!wire::is_stix_id(item)) return invalid("not a STIX id: " + text::quote(item));
  bool fresh = false;
  auto write = [&](store::Sqlite& db) -> Result<void> {
    auto count = TRY(db.prepare(
        "SELECT count(*), coalesce(max(item = ?2), 0) FROM emergencies_heard WHERE member = ?1"));
    count.bind(1, member).bind(2, item);
    TRY(count.step());
    if (count.number(1) != 0) return {};
    if (static_cast<std::size_t>(count.number(0)) >= heard_max)
      return denied(fmt::format("{} has released {} items in emergencies", member, heard_max));
    auto insert = TRY(db.prepare("INSERT INTO emergencies_heard VALUES(?, ?, ?)"));
    TRY(insert.bind(1, member).bind(2, item).bind(3, parts_.now()).run());
    fresh = true;
    return {};
  };
  TRY(tables_.write(write));
  if (fresh && parts_.announced) parts_.announced(member, item);
  return {};
}

bool Emergencies::was_announced(const std::string& member, const std::string& item) const {
  bool found = false;
  auto look = [&](store::Sqlite& db) -> Result<void> {
    auto select = TRY(db.prepare("SELECT 1 FROM emergencies_heard WHERE member = ? AND item = ?"));
    select.bind(1, member).bind(2, item);
    found = TRY(select.step());
    return {};
  };
  auto read = tables_.read(look);
  return read && found;
}

}  // namespace tocsin::share
