#include "share/pushes.h"

#include <fmt/format.h>

#include <array>

#include "base/backoff.h"
#include "base/json.h"
#include "wire/idea.h"
#include "wire/intelmq.h"
#include "wire/row.h"
#include "wire/uuid.h"

namespace tocsin::share {
namespace {

constexpr std::uint64_t again_ms = 2'000, again_ms_max = 3'600'000;
constexpr std::array steps = {
    "CREATE TABLE pushes (name TEXT PRIMARY KEY, after INTEGER NOT NULL, until INTEGER NOT NULL,"
    " digest TEXT NOT NULL, failures INTEGER NOT NULL, next INTEGER NOT NULL, error TEXT NOT NULL)"
    " STRICT;",
    "ALTER TABLE pushes ADD COLUMN sent INTEGER NOT NULL DEFAULT 0;"};

std::string json_of(std::string_view text) {
  std::string out;
  json::append_string(out, text);
  return out;
}

// One event as a line without its end. `id` names it to its reader for ever.
std::string line(const policy::ToldEvent& told, PushDialect dialect, const std::string& id) {
  std::vector<Member> members;
  for (const policy::TreatedMember& one : told.members) members.push_back({one.name, one.json});
  std::string out, named = json_of(id);
  switch (dialect) {
    case PushDialect::idea:
      wire::append_idea(out, wire::Row(members, wire::Spelling::native), id);
      break;
    case PushDialect::intelmq:
      members.push_back({"extra.tocsin_id", named});
      wire::append_intelmq(out, wire::Row(members, wire::Spelling::intelmq));
      break;
    case PushDialect::tocsin:
      members.push_back({"id", named});
      wire::append_nested(out, members);
      break;
  }
  return out;
}

}  // namespace

std::string_view name(PushDialect dialect) {
  constexpr std::string_view names[] = {"tocsin", "idea", "intelmq"};
  return names[static_cast<std::size_t>(dialect)];
}

std::optional<PushDialect> push_dialect_named(std::string_view text) {
  if (text == "tocsin") return PushDialect::tocsin;
  if (text == "idea") return PushDialect::idea;
  if (text == "intelmq") return PushDialect::intelmq;
  return std::nullopt;
}

Result<std::unique_ptr<Pushes>> Pushes::open(Parts parts) {
  auto tables = TRY(store::Tables::open(parts.journal, "push", steps));
  return std::unique_ptr<Pushes>(new Pushes(std::move(parts), std::move(tables)));
}

Result<Pushes::Standing> Pushes::standing(const std::string& name) const {
  Standing out;
  auto look = [&](store::Sqlite& db) -> Result<void> {
    auto select = TRY(db.prepare(
        "SELECT after, until, digest, failures, next, error, sent FROM pushes WHERE name = ?"));
    select.bind(1, name);
    if (!TRY(select.step())) return {};
    out = {.after = select.number(0),
           .until = select.number(1),
           .next = select.number(4),
           .sent = select.number(6),
           .digest = std::string(select.text(2)),
           .error = std::string(select.text(5)),
           .failures = static_cast<unsigned>(select.number(3))};
    return {};
  };
  TRY(tables_.read(look));
  return out;
}

Result<void> Pushes::keep(store::Sqlite& db, const std::string& name, const Standing& standing) {
  auto upsert = TRY(db.prepare("INSERT OR REPLACE INTO pushes VALUES (?, ?, ?, ?, ?, ?, ?, ?)"));
  upsert.bind(1, name).bind(2, standing.after).bind(3, standing.until).bind(4, standing.digest);
  upsert.bind(5, standing.failures).bind(6, standing.next).bind(7, standing.error);
  return upsert.bind(8, standing.sent).run();
}

// The next letter. What is on its way is made anew, for some of it may be withdrawn by now.
Result<Pushes::Made> Pushes::make(Handout& to, const Push& push, Standing& standing) {
  Made out;
  std::vector<std::string> lines;
  Handout::Parcel parcel{.via = "push"};
  std::size_t bytes = 0;
  auto take = [&](const Handout::Place& place) -> Result<Handout::Took> {
    bool beyond = standing.until != 0 && place.date() > standing.until;
    if (beyond || lines.size() >= parts_.events_max || bytes >= parts_.bytes_max)
      return Handout::Took::full;
    if (!push.agreement.empty() && to.agreement(place).id != push.agreement)
      return Handout::Took::passed;
    // Only our own form has a word for it.
    if (place.offer->recall && push.dialect != PushDialect::tocsin) return Handout::Took::passed;
    auto cleared = to.told(place);
    if (!cleared && cleared.error().fault == Fault::denied) return Handout::Took::passed;
    auto told = TRY(std::move(cleared)).item();
    std::string id = wire::uuid5(to.node_namespace(), "event\n" + told.handle);
    if (place.offer->recall) {
      lines.push_back(fmt::format(R"({{"id":"{}","withdrawn":"{}"}})", id,
                                  times::format(place.offer->base / us_per_s * us_per_s)));
    } else {
      lines.push_back(line(told, push.dialect, id));
    }
    bytes += lines.back().size() + 1;
    ++parcel.counts[fmt::format("{} {}", place.offer->recall ? "recall" : "event",
                                name(place.type()))];
    if (parcel.from == 0) parcel.from = place.date();
    parcel.until = place.date();
    parcel.agreement =
        lines.size() == 1 || parcel.agreement == told.agreement ? told.agreement : "";
    return Handout::Took::taken;
  };
  out.after = TRY(to.walk(standing.after, std::max(standing.after, standing.until), take));
  if (standing.until != 0) out.after = std::max(out.after, standing.until);
  out.events = lines.size();
  for (const std::string& one : lines) out.letter.body += one + "\n";
  std::string digest = hex(sha256(out.letter.body));
  out.letter.delivery = fmt::format("{}-{}", push.name, digest.substr(0, 32));
  bool logged = !lines.empty() && digest == standing.digest;
  if (!logged) parcel.items.assign(lines.begin(), lines.end());
  standing.until = lines.empty() ? 0 : out.after;
  standing.digest = lines.empty() ? "" : digest;
  if (lines.empty()) standing.after = out.after;
  TRY(to.release(parcel, [&](store::Sqlite& db) { return keep(db, push.name, standing); }));
  return out;
}

Result<bool> Pushes::send(const Push& push) {
  auto standing = TRY(this->standing(push.name));
  Made made;
  {
    auto to = Handout::open(parts_.shelves, push.member);
    if (!to && to.error().fault == Fault::denied) return false;
    auto handout = TRY(std::move(to));
    if (standing.next > handout->now()) return false;
    bool is_new = standing.until != 0 || handout->offers().last() > standing.after;
    if (!is_new || handout->addresses().empty()) return false;
    bool was_on_its_way = standing.until != 0;
    made = TRY(make(*handout, push, standing));
    if (made.events == 0) return was_on_its_way;
    standing.next = handout->now();
  }
  auto sent = parts_.post(push, made.letter);
  if (sent) {
    standing = {.after = made.after, .sent = standing.next};  // when it was taken up
  } else {
    ++standing.failures;
    standing.error = sent.error().what;
    auto wait_ms = backoff_ms(standing.failures, again_ms, again_ms_max, random_bits());
    standing.next += static_cast<TimeUs>(wait_ms) * 1'000;
  }
  TRY(tables_.write([&](store::Sqlite& db) { return keep(db, push.name, standing); }));
  return sent.has_value();
}

Result<bool> Pushes::send_due(const std::stop_token& stop) {
  bool more = false;
  for (const Push& push : parts_.all) {
    if (stop.stop_requested()) return false;
    more = TRY(send(push)) || more;
  }
  return more;
}

Result<std::vector<PushState>> Pushes::states() const {
  std::vector<PushState> out;
  for (const Push& push : parts_.all) {
    Standing now = TRY(standing(push.name));
    bool waits = now.until != 0 || parts_.shelves.has_news(push.member, now.after);
    out.push_back({.push = &push,
                   .sent = now.sent,
                   .waits = waits,
                   .failures = now.failures,
                   .next = now.failures > 0 ? now.next : 0,
                   .error = now.error});
  }
  return out;
}

}  // namespace tocsin::share
