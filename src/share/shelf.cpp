#include "share/shelf.h"

#include <fmt/format.h>
#include <sodium.h>

#include <algorithm>
#include <array>
#include <unordered_set>

#include "base/json.h"
#include "base/text.h"
#include "model/members.h"
#include "share/thing.h"
#include "wire/row.h"
#include "wire/stix_event.h"
#include "wire/stix_id.h"
#include "wire/stix_marking.h"
#include "wire/stix_object.h"
#include "wire/stix_statistics.h"

namespace tocsin::share {
namespace {

constexpr std::string_view secret_name = "share.secret";
constexpr std::size_t secret_size = 32;
constexpr std::size_t recent_max = 20'000;      // ids that a member may ask for again at once
constexpr std::size_t whole_events_from = 128;  // objects to a page
constexpr std::size_t looked_at_max = 20'000;   // events that one page looks through for a filter

constexpr std::array steps = {
    "CREATE TABLE shelf_releases (log TEXT NOT NULL, entry INTEGER NOT NULL, member TEXT NOT NULL,"
    " start INTEGER NOT NULL, stop INTEGER NOT NULL, salt BLOB, PRIMARY KEY (log, entry)) STRICT;"
    "CREATE INDEX shelf_releases_by_stop ON shelf_releases (stop);"
    "CREATE TABLE shelf_walks (member TEXT PRIMARY KEY, withheld_until INTEGER NOT NULL) STRICT;"
    "CREATE TABLE shelf_quotas (member TEXT NOT NULL, agreement TEXT NOT NULL,"
    " day INTEGER NOT NULL, items INTEGER NOT NULL, PRIMARY KEY (member, agreement)) STRICT;",
    "ALTER TABLE shelf_walks ADD COLUMN walked INTEGER NOT NULL DEFAULT 0;"
    "CREATE TABLE shelf_eras (member TEXT NOT NULL, until INTEGER NOT NULL,"
    " addresses TEXT NOT NULL, PRIMARY KEY (member, until)) STRICT;"
    "CREATE TABLE shelf_again (member TEXT NOT NULL, base INTEGER NOT NULL, stop INTEGER NOT NULL,"
    " was INTEGER NOT NULL, rows BLOB NOT NULL, PRIMARY KEY (member, base)) STRICT;"
    "CREATE INDEX shelf_again_by_was ON shelf_again (member, was);"};

std::string random_octets(std::size_t size) {
  std::string out(size, '\0');
  randombytes_buf(out.data(), out.size());
  return out;
}

// Of a name, in the form of version 4, which some clients insist on: it only has to stay the same.
std::string collection_id(std::string_view member, std::string_view alias) {
  Sha256 hash = sha256(fmt::format("taxii collection\n{}\n{}", member, alias));
  std::array<std::uint8_t, 16> octets{};
  std::copy_n(hash.begin(), octets.size(), octets.begin());
  octets[6] = static_cast<std::uint8_t>((octets[6] & 0x0fu) | 0x40u);
  octets[8] = static_cast<std::uint8_t>((octets[8] & 0x3fu) | 0x80u);
  std::string text = hex({reinterpret_cast<const char*>(octets.data()), octets.size()});
  for (int at : {20, 16, 12, 8}) text.insert(static_cast<std::size_t>(at), "-");
  return text;
}

// The text after `name` in an object as our own writers spell it, where it comes before any value
// of others.
std::string_view value_of(std::string_view json, std::string_view name) {
  std::size_t at = json.find(name);
  if (at == json.npos) return {};
  std::string_view rest = json.substr(at + name.size());
  return rest.substr(0, rest.find('"'));
}

TaxiiObject described(std::string json, TimeUs added) {
  TaxiiObject out{.added = added, .json = std::move(json)};
  out.id = value_of(out.json, R"("id":")");
  // An observable has no version, and no other member before its value has that name.
  bool versioned = out.json.contains(R"(","created":")");
  if (versioned) out.version = value_of(out.json, R"("modified":")");
  if (versioned && out.version.empty()) out.version = value_of(out.json, R"("created":")");
  return out;
}

// Of an agreement, as the ledger names it.
std::optional<Sha256> address_of(std::string_view address) {
  Sha256 out{};
  std::size_t size = 0;
  if (sodium_hex2bin(out.data(), out.size(), address.data(), address.size(), nullptr, &size,
                     nullptr) != 0 ||
      size != out.size()) {
    return std::nullopt;
  }
  return out;
}

std::string_view type_of(const TaxiiObject& object) {
  return std::string_view(object.id).substr(0, object.id.find("--"));
}

// There is one version of an object at a date: the first and the last of it.
bool is_wanted(const TaxiiObject& object, const TaxiiMatch& match) {
  if (!match.ids.empty() && !match.ids.contains(object.id)) return false;
  if (!match.types.empty() && !match.types.contains(std::string(type_of(object)))) return false;
  if (!match.spec_versions.empty() && !match.spec_versions.contains("2.1")) return false;
  if (match.all || match.first || match.last) return true;
  Result<TimeUs> version = object.added;
  if (!object.version.empty()) version = times::parse(object.version);
  return version && match.versions.contains(*version);
}

}  // namespace

// ---- one member's walk

class MemberShelf : public TaxiiShelf {
 public:
  MemberShelf(Shelves& all, std::string member) : all_(all), member_(std::move(member)) {}

  Result<std::vector<TaxiiCollection>> collections() override;
  Result<TaxiiPage> objects(const std::string& collection, const TaxiiScan& scan) override;
  Result<bool> has(const std::string& collection, const std::string& id) override;
  Result<TaxiiStatus> add(const std::string& collection,
                          const std::vector<std::string_view>& objects) override;
  Result<TaxiiStatus> status(const std::string& id) override;
  Result<void> remove(const std::string& collection, const std::string& id,
                      const TaxiiMatch& versions) override;

 private:
  // What a walk found, and what is to be written of it.
  struct Walk {
    const TaxiiScan& scan;
    TaxiiPage page{};
    std::size_t events = 0;                                 // that were looked at
    std::unordered_set<std::string> in{};                   // ids with their versions
    std::map<std::string, std::uint64_t> counts{}, used{};  // by kind and type; by agreement
    std::vector<ledger::Denial> denials{};
    TimeUs withheld_until = 0;
    TimeUs shift = 0;                      // of what comes again, from its date then
    bool full = false, ended = false;      // ended: no room is left today
    bool is_shared = false;                // of the collection of events
    std::optional<std::uint64_t> under{};  // of an emergency: the act that allowed it
  };
  Result<void> expect_partner() const;
  Result<void> walk_again(Walk& walk, Shelves::Door& door, const Shelves::Again& again, TimeUs at,
                          std::map<std::string, std::uint64_t>& left);
  Result<Walk> walk(Shelves::Door& door, const TaxiiScan& scan);
  Result<Walk> walk_emergencies(Shelves::Door& door, const TaxiiScan& scan);
  Result<void> take_emergency(Walk& walk, const Shelves::Door& door,
                              const Emergencies::Step& step) const;
  Result<Walk> walk_statistics(const Shelves::Door& door, const TaxiiScan& scan);
  // The alias of a collection that may be read; "": there is none of this id.
  std::string alias_of(const std::string& collection) const;
  Result<Walk> walk_of(const std::string& alias, Shelves::Door& door, const TaxiiScan& scan);
  bool take(Walk& walk, TaxiiObject object) const;
  struct Sort {
    std::string agreement, name;                // as releases count it
    const wire::StixObject* foreign = nullptr;  // whose octets they are
  };
  void take_all(Walk& walk, const store::Offer& offer, policy::Gate::Row row,
                std::vector<std::string> objects, const Sort& sort) const;
  wire::StixAs as_of(const Shelves::Door& door, std::uint16_t pass, std::string handle) const;
  Result<void> take_event(Walk& walk, const Shelves::Door& door, const store::Offer& offer,
                          policy::Gate::Row row) const;
  Result<void> take_thing(Walk& walk, const Shelves::Door& door, const store::Offer& offer,
                          policy::Gate::Row row) const;
  void withhold(Walk& walk, const Shelves::Door& door, const store::Offer& offer,
                const policy::Gate::Selected& selected) const;
  Result<void> log(Walk& walk, Shelves::Door& door);
  Result<std::map<std::string, std::uint64_t>> quota_left(const Shelves::Door& door) const;

  Shelves& all_;
  std::string member_;
};

Result<void> MemberShelf::expect_partner() const {
  TRY(all_.introduce());
  if (all_.parts_.partners.book()->speaking(member_) != nullptr) return {};
  return denied("this node and " + text::quote(member_) + " are no partners now");
}

Result<std::vector<TaxiiCollection>> MemberShelf::collections() {
  TRY(expect_partner());
  std::string us = all_.us_;
  std::vector<TaxiiCollection> all{
      {.id = collection_id(us, "shared"),
       .alias = "shared",
       .title = "What " + us + " shares with you",
       .description = "Events under the agreements between the two of you, in the order in which "
                      "they came in; what is withdrawn comes again, revoked.",
       .can_read = true,
       .can_write = false},
      {.id = collection_id(us, "inbox"),
       .alias = "inbox",
       .title = "For " + us,
       .description = "What you send; each object is judged under the agreements.",
       .can_read = false,
       .can_write = all_.inbox_ != nullptr}};
  if (all_.parts_.statistics != nullptr) {
    all.push_back({.id = collection_id(us, "statistics"),
                   .alias = "statistics",
                   .title = "Statistics of " + us,
                   .description = "Counts of each day without addresses, none of few.",
                   .can_read = true,
                   .can_write = false});
  }
  if (all_.parts_.emergencies != nullptr) {
    all.push_back({.id = collection_id(us, "emergency"),
                   .alias = "emergency",
                   .title = "What persons of " + us + " released to you",
                   .description = "Single events beyond the agreements, and their recalls.",
                   .can_read = true,
                   .can_write = false});
  }
  return all;
}

std::string MemberShelf::alias_of(const std::string& collection) const {
  if (collection == collection_id(all_.us_, "shared")) return "shared";
  for (std::string alias : {"emergency", "statistics"}) {
    bool is_there = alias == "emergency" ? all_.parts_.emergencies != nullptr
                                         : all_.parts_.statistics != nullptr;
    if (is_there && collection == collection_id(all_.us_, alias)) return alias;
  }
  return {};
}

Result<MemberShelf::Walk> MemberShelf::walk_of(const std::string& alias, Shelves::Door& door,
                                               const TaxiiScan& scan) {
  if (alias == "emergency") return walk_emergencies(door, scan);
  return alias == "statistics" ? walk_statistics(door, scan) : walk(door, scan);
}

// An object for each published day and cut, of the figures that the agreements let this member
// have.
Result<MemberShelf::Walk> MemberShelf::walk_statistics(const Shelves::Door& door,
                                                       const TaxiiScan& scan) {
  Walk walk{.scan = scan};
  const auto& parts = all_.parts_;
  walk.page.looked_at = scan.after.value_or(0);
  TimeUs date = parts.offers.opened();
  std::vector<std::string> standing = all_.standing_;
  standing.push_back(wire::stix_statistics_extension());
  for (const std::string& json : standing) {
    if (!take(walk, described(json, date++))) return walk;
  }
  if (door.addresses.empty() || parts.ledger() == nullptr) return walk;
  auto due = TRY(parts.statistics->due(member_, scan.after.value_or(0)));
  for (const Statistics::Due& day : due) {
    date = day.date;
    for (const wire::StixStatistics& one : day.tables) {
      std::size_t before = walk.page.objects.size();
      std::string json = wire::stix_of_statistics(one, all_.namespace_, all_.identity_, day.made,
                                                  Statistics::marking);
      if (!take(walk, described(std::move(json), date++))) return walk;
      if (walk.page.objects.size() == before) continue;
      walk.used[day.agreement] = 0;
      ++walk.counts[fmt::format("statistics {}", one.cut)];
    }
  }
  return walk;
}

// One emergency to a page, so that its release names the act that allowed it.
Result<MemberShelf::Walk> MemberShelf::walk_emergencies(Shelves::Door& door,
                                                        const TaxiiScan& scan) {
  Walk walk{.scan = scan};
  const auto& parts = all_.parts_;
  walk.page.looked_at = scan.after.value_or(0);
  TimeUs date = parts.offers.opened();
  for (const std::string& json : all_.standing_) {
    if (!take(walk, described(json, date++))) return walk;
  }
  if (door.addresses.empty() || parts.ledger() == nullptr) return walk;
  auto steps = TRY(parts.emergencies->steps(member_, scan.after.value_or(0)));
  for (const Emergencies::Step& step : steps) {
    if (walk.under) walk.full = true;
    if (walk.full) break;
    TRY(take_emergency(walk, door, step));
  }
  return walk;
}

Result<void> MemberShelf::take_emergency(Walk& walk, const Shelves::Door& door,
                                         const Emergencies::Step& step) const {
  auto place = all_.parts_.offers.find(step.of.event);
  auto agreement = std::ranges::find(door.agreements, step.of.agreement, &policy::Agreement::id);
  // Not offered any more, or its agreement is not in force.
  if (!place || agreement == door.agreements.end() || (place->offer->recall && !step.recall))
    return {};
  const auto& batch = place->offer->batch;
  auto pass = static_cast<std::uint16_t>(agreement - door.agreements.begin());
  policy::Gate::Row row{static_cast<std::uint16_t>(place->row), pass};
  if (!step.recall && !door.gate->exempt(batch, place->row, pass, all_.parts_.now())) return {};
  wire::Row members(batch, place->row, all_.parts_.words, wire::Spelling::native);
  auto cleared = door.gate->clear(batch, row, members.members());
  if (!cleared) return {};
  policy::ToldEvent told = cleared->item();
  wire::StixAs as = as_of(door, pass, told.handle);
  if (step.recall) as.modified = step.date;
  std::vector<Member> flat;
  for (const policy::TreatedMember& one : told.members) flat.push_back({one.name, one.json});
  auto objects = step.recall ? wire::stix_of_recall(flat, as) : wire::stix_of_event(flat, as);
  std::size_t before = walk.page.objects.size();
  TimeUs date = step.date;
  for (std::string& json : objects) {
    if (!take(walk, described(std::move(json), date++))) break;
  }
  if (walk.page.objects.size() == before) return {};
  walk.used[told.agreement] = 0;  // beyond the agreement, and its quota
  walk.under = step.of.entry;
  ++walk.counts[fmt::format("{} {}", step.recall ? "recall" : "event",
                            name(batch.type[place->row]))];
  return {};
}

// The walk goes on for as long as the page has room; `full`: there is another.
bool MemberShelf::take(Walk& walk, TaxiiObject object) const {
  TaxiiPage& page = walk.page;
  if (walk.scan.after && object.added <= *walk.scan.after) return true;
  if (!is_wanted(object, walk.scan.match)) return true;
  std::string key = object.version.empty() ? std::string() : object.id + object.version;
  if (!key.empty() && walk.in.contains(key)) return true;
  if (page.objects.size() >= walk.scan.limit) {
    walk.full = true;
    return false;
  }
  if (!key.empty()) walk.in.insert(std::move(key));
  page.looked_at = object.added;
  page.objects.push_back(std::move(object));
  return true;
}

// What is made of one row stands on one page, unless pages are small: those are full.
void MemberShelf::take_all(Walk& walk, const store::Offer& offer, policy::Gate::Row row,
                           std::vector<std::string> objects, const Sort& sort) const {
  std::size_t before = walk.page.objects.size();
  TimeUs date = offer.date(row.row) + walk.shift;
  bool is_whole =
      walk.scan.limit >= whole_events_from && (!walk.scan.after || *walk.scan.after < date);
  if (is_whole && walk.counts.size() > 0 && before + objects.size() > walk.scan.limit) {
    walk.full = true;
    return;
  }
  for (std::string& json : objects) {
    TaxiiObject object = sort.foreign == nullptr ? described(std::move(json), date++)
                                                 : TaxiiObject{.added = date++,
                                                               .id = sort.foreign->id,
                                                               .version = sort.foreign->version,
                                                               .json = std::move(json)};
    if (!take(walk, std::move(object))) break;
  }
  std::size_t taken = walk.page.objects.size() - before;
  if (taken == 0) return;
  walk.used[sort.agreement] += taken;
  ++walk.counts[sort.name];
}

wire::StixAs MemberShelf::as_of(const Shelves::Door& door, std::uint16_t pass,
                                std::string handle) const {
  wire::StixAs as{.node_namespace = all_.namespace_, .identity = {}, .handle = std::move(handle)};
  if (door.agreements.at(pass).attribution == policy::Attribution::named)
    as.identity = all_.identity_;
  return as;
}

Result<void> MemberShelf::take_event(Walk& walk, const Shelves::Door& door,
                                     const store::Offer& offer, policy::Gate::Row row) const {
  const auto& batch = offer.batch;
  wire::Row members(batch, row.row, all_.parts_.words, wire::Spelling::native);
  auto cleared = door.gate->clear(batch, row, members.members());
  if (!cleared && cleared.error().fault == Fault::denied) return {};
  auto told = TRY(std::move(cleared)).item();
  wire::StixAs as = as_of(door, row.pass, told.handle);
  if (offer.recall) as.modified = offer.base;
  std::vector<Member> flat;
  for (const policy::TreatedMember& one : told.members) flat.push_back({one.name, one.json});
  auto objects = offer.recall ? wire::stix_of_recall(flat, as) : wire::stix_of_event(flat, as);
  std::string_view sort = offer.recall ? "recall" : "event";
  take_all(
      walk, offer, row, std::move(objects),
      {.agreement = told.agreement, .name = fmt::format("{} {}", sort, name(batch.type[row.row]))});
  return {};
}

Result<void> MemberShelf::take_thing(Walk& walk, const Shelves::Door& door,
                                     const store::Offer& offer, policy::Gate::Row row) const {
  const store::Thing& thing = offer.things[row.row];
  policy::Item item = item_of(thing);
  policy::Gate::Released one{.item = item, .feed = thing.feed, .key = thing.key, .pass = row.pass};
  Sort sort{.agreement = door.addresses.at(row.pass),
            .name = fmt::format("{} {}", thing.kind,
                                thing.type ? name(*thing.type) : std::string_view("other"))};
  if (thing.foreign) {
    auto object = wire::StixReader().read(thing.body);
    auto cleared = door.gate->clear_foreign(one, thing.body);
    if (!object || !cleared) return {};  // it is none, or would have to be changed
    sort.foreign = &*object;
    take_all(walk, offer, row, {cleared->item()}, sort);
    return {};
  }
  wire::StixAs as = as_of(door, row.pass, door.gate->handle_of(row.pass, thing.kind, thing.key));
  as.pap = thing.pap;
  TimeUs date = offer.date(row.row), end = end_of(thing);
  bool is_over = end != time_none && end <= all_.parts_.now();
  std::vector<Member> members;
  bool recall = thing.gone || is_over;
  std::string since = fmt::format("\"{}\"", times::format(thing.since));
  if (recall) members.push_back({"time.source", since});
  for (const Member& member : Members(recall ? std::string_view() : thing.body))
    members.push_back(member);
  auto cleared = door.gate->clear(one, members, recall ? "" : subject_of(thing.body));
  if (!cleared && cleared.error().fault == Fault::denied) return {};
  auto told = TRY(std::move(cleared)).item();
  as.modified = is_over ? std::max(date, end) : date;
  if (recall) {
    if (thing.kind != "indicator" || told.members.empty()) return {};
    auto from = TRY(times::parse(json_text(told.members.front().json)));
    sort.name = "recall indicator";
    take_all(walk, offer, row, {wire::stix_of_indicator_recall(from, thing.tlp, as)}, sort);
    return {};
  }
  // The indicator that was seen goes, if at all, under the agreement that lets it go.
  item.kind = policy::ItemKind::indicator;
  auto claim = door.gate->judge(item, thing.feed, all_.parts_.now());
  if (claim.reason != policy::Reason::released && thing.kind == "sighting") return {};
  std::string of =
      door.gate->handle_of(claim.pass, "indicator", json_text(member(thing.body, "extra.of")));
  take_all(walk, offer, row, stix_of_thing(thing, told, of, as), sort);
  return {};
}

// Once for each offer and member.
void MemberShelf::withhold(Walk& walk, const Shelves::Door& door, const store::Offer& offer,
                           const policy::Gate::Selected& selected) const {
  if (offer.end() <= walk.withheld_until) return;
  walk.withheld_until = offer.end();
  if (offer.recall) return;
  std::map<std::uint32_t, std::uint64_t> by_clause;
  for (std::size_t i = 0; i < policy::reasons_count; ++i) {
    if (selected.withheld.at(i) == 0) continue;
    auto clause = static_cast<std::uint32_t>(policy::clause_of(static_cast<policy::Reason>(i)));
    by_clause[clause] += selected.withheld.at(i);
  }
  for (const auto& [clause, count] : by_clause) {
    walk.denials.push_back({.to = member_,
                            .agreement = address_of(door.addresses.front()),
                            .epoch = door.epoch,
                            .commit = offer.batch.seq,
                            .count = count,
                            .clause = clause});
  }
}

Result<MemberShelf::Walk> MemberShelf::walk(Shelves::Door& door, const TaxiiScan& scan) {
  Walk walk{.scan = scan};
  walk.is_shared = true;
  const auto& parts = all_.parts_;
  TimeUs at = scan.after.value_or(0);
  walk.page.looked_at = at;
  TimeUs date = parts.offers.opened();
  for (const std::string& json : all_.standing_) {
    if (!take(walk, described(json, date++))) break;
  }
  if (door.addresses.empty() || parts.ledger() == nullptr) return walk;
  auto marked = [&](store::Sqlite& db) -> Result<void> {
    auto select = TRY(db.prepare("SELECT withheld_until FROM shelf_walks WHERE member = ?"));
    select.bind(1, member_);
    if (TRY(select.step())) walk.withheld_until = select.number(0);
    return {};
  };
  TRY(all_.tables_.read(marked));
  auto left = TRY(quota_left(door));
  at = std::max(at, parts.offers.opened());
  while (!walk.full) {
    auto offer = TRY(parts.offers.after(at));
    auto again = TRY(all_.again_after(door, at));
    if (again && (!offer || again->base < offer->base)) {
      TRY(walk_again(walk, door, *again, at, left));
      if (walk.full || walk.ended) return walk;
      at = again->stop - 1;
      walk.page.looked_at = at;
      continue;
    }
    if (!offer) break;
    auto elsewhere = TRY(all_.again_of(door, *offer));
    const auto& selected = all_.select(door, offer, walk.withheld_until);
    auto is_passed = [&](policy::Gate::Row row) {
      return offer->date(row.row) + store::Offers::room - 1 <= at;
    };
    auto first = std::ranges::partition_point(selected.rows, is_passed);
    for (policy::Gate::Row row : std::ranges::subrange(first, selected.rows.end())) {
      TimeUs added = offer->date(row.row);
      if (std::ranges::any_of(elsewhere, [&](const auto& one) { return one.has(added); })) continue;
      auto& room = left.at(door.addresses[row.pass]);
      // What has no room today waits: the walk goes on tomorrow.
      if (walk.used[door.addresses[row.pass]] >= room) return walk;
      TRY(offer->things.empty() ? take_event(walk, door, *offer, row)
                                : take_thing(walk, door, *offer, row));
      if (walk.full) return walk;
      ++walk.events;
    }
    withhold(walk, door, *offer, selected);
    at = offer->end() - 1;
    walk.page.looked_at = at;
    if (walk.events < looked_at_max || walk.page.objects.size() >= scan.limit) continue;
    walk.full = TRY(parts.offers.after(at)) != nullptr;
    break;
  }
  return walk;
}

// Those rows of the offer that come again, at their new dates.
Result<void> MemberShelf::walk_again(Walk& walk, Shelves::Door& door, const Shelves::Again& again,
                                     TimeUs at, std::map<std::string, std::uint64_t>& left) {
  auto offer = TRY(all_.parts_.offers.after(again.was - 1));
  if (!offer || offer->end() <= again.was) return {};
  walk.shift = again.base - again.was;
  auto rows = all_.select(door, offer, INT64_MAX).rows;
  for (policy::Gate::Row row : rows) {
    TimeUs date = offer->date(row.row);
    if (!again.has(date) || date + walk.shift + store::Offers::room - 1 <= at) continue;
    walk.ended = walk.used[door.addresses[row.pass]] >= left.at(door.addresses[row.pass]);
    if (walk.ended) break;
    TRY(offer->things.empty() ? take_event(walk, door, *offer, row)
                              : take_thing(walk, door, *offer, row));
    if (walk.full) break;
    ++walk.events;
  }
  walk.shift = 0;
  return {};
}

Result<TaxiiPage> MemberShelf::objects(const std::string& collection, const TaxiiScan& scan) {
  TRY(expect_partner());
  std::string alias = alias_of(collection);
  if (alias.empty()) return denied("this collection is not yours to read");
  auto door = all_.door_of(member_);
  std::lock_guard guard(door->mutex);
  TRY(all_.open_door(*door, member_, all_.parts_.now()));
  TaxiiScan whole = scan;
  // What was asked for by its id and went lately is found at once.
  if (alias == "shared" && scan.match.ids.size() == 1 && !scan.after) {
    auto known = door->recent.find(hash64(*scan.match.ids.begin()));
    if (known != door->recent.end()) whole.after = known->second - 1;
  }
  Walk found = TRY(walk_of(alias, *door, whole));
  found.page.more = found.full;
  if (scan.leaves) TRY(log(found, *door));
  return std::move(found.page);
}

Result<bool> MemberShelf::has(const std::string& collection, const std::string& id) {
  TRY(expect_partner());
  std::string alias = alias_of(collection);
  if (alias.empty()) return false;
  auto door = all_.door_of(member_);
  std::lock_guard guard(door->mutex);
  TRY(all_.open_door(*door, member_, all_.parts_.now()));
  if (alias == "shared" && door->recent.contains(hash64(id))) return true;
  TaxiiScan scan{.after = {}, .match = {}, .limit = 1};
  scan.match.ids = {id};
  for (;;) {
    Walk found = TRY(walk_of(alias, *door, scan));
    if (!found.page.objects.empty()) {
      if (alias == "shared") door->recent.emplace(hash64(id), found.page.objects.front().added);
      return true;
    }
    if (!found.full) return false;
    scan.after = found.page.looked_at;
  }
}

// Items that may still go today, by agreement.
Result<std::map<std::string, std::uint64_t>> MemberShelf::quota_left(
    const Shelves::Door& door) const {
  std::map<std::string, std::uint64_t> left;
  std::int64_t today = all_.parts_.now() / us_per_day;
  auto used_today = [&](store::Sqlite& db) -> Result<void> {
    auto select =
        TRY(db.prepare("SELECT day, items FROM shelf_quotas WHERE member = ? AND agreement = ?"));
    for (std::size_t i = 0; i < door.addresses.size(); ++i) {
      std::uint64_t quota = door.agreements[i].quota_per_day;
      left[door.addresses[i]] = quota == 0 ? UINT64_MAX : quota;
      if (quota == 0) continue;
      select.bind(1, member_).bind(2, door.addresses[i]);
      if (TRY(select.step()) && select.number(0) == today) {
        auto used = static_cast<std::uint64_t>(select.number(1));
        left[door.addresses[i]] = used < quota ? quota - used : 0;
      }
      select.reset();
    }
    return {};
  };
  TRY(all_.tables_.read(used_today));
  return left;
}

// In one transaction, before anything of the page leaves: the release, what was withheld on the
// way, and what is used of the quotas.
Result<void> MemberShelf::log(Walk& walk, Shelves::Door& door) {
  auto& page = walk.page;
  ledger::Release release{.to = member_,
                          .epoch = door.epoch,
                          .via = "taxii",
                          .count = page.objects.size(),
                          .counts = walk.counts};
  release.under = walk.under;
  // Of a manifest ids and versions leave, and no object.
  TaxiiListing listing = walk.scan.listing;
  bool is_names = listing != TaxiiListing::objects;
  if (is_names) {
    release.via = listing == TaxiiListing::manifest ? "taxii-manifest" : "taxii-versions";
    release.counts = {{std::string(ledger::name_count), page.objects.size()}};
  }
  if (walk.used.size() == 1) release.agreement = address_of(walk.used.begin()->first);
  auto* ledger = all_.parts_.ledger();
  // Objects that say nothing of anybody are no release.
  bool is_release = !walk.counts.empty() && ledger != nullptr;
  if (!is_release && walk.denials.empty()) return {};
  std::string salt = random_octets(secret_size);
  std::vector<Sha256> items;
  for (std::size_t i = 0; i < page.objects.size(); ++i) {
    const TaxiiObject& object = page.objects[i];
    items.push_back(ledger::item_hash(ledger::item_salt(salt, std::to_string(i)),
                                      sha256(taxii_told(object, listing))));
    if (!walk.is_shared) continue;
    if (door.recent.size() >= recent_max) door.recent.clear();
    door.recent[hash64(object.id)] = object.added;
  }
  std::uint64_t entry = 0;
  std::string log = is_release ? hex(TRY(ledger->head()).log) : std::string();
  std::int64_t today = all_.parts_.now() / us_per_day;
  // A reader goes on behind what it got, or behind where a page says that there is more.
  const TaxiiMatch& match = walk.scan.match;
  bool is_all = match.ids.empty() && match.types.empty() && match.spec_versions.empty();
  TimeUs walked = door.walked;
  if (walk.is_shared && is_all && !page.objects.empty())
    walked = std::max(walked, page.more ? page.looked_at : page.objects.back().added);
  auto write = [&](store::Sqlite& db) -> Result<void> {
    if (is_release) {
      release.from = static_cast<std::uint64_t>(page.objects.front().added);
      release.until = static_cast<std::uint64_t>(page.objects.back().added) + 1;
      entry = TRY(ledger->release(db, release, items)).index;
      auto keep = TRY(db.prepare("INSERT INTO shelf_releases VALUES (?, ?, ?, ?, ?, ?)"));
      keep.bind(1, log).bind(2, entry).bind(3, member_);
      keep.bind(4, release.from).bind(5, release.until);
      TRY(keep.bind_blob(6, salt).run());
    }
    std::vector<ledger::Body> denials(walk.denials.begin(), walk.denials.end());
    if (!denials.empty()) TRY(ledger->add(db, denials));
    if (walk.is_shared) {
      auto mark = TRY(db.prepare("INSERT OR REPLACE INTO shelf_walks VALUES (?, ?, ?)"));
      TRY(mark.bind(1, member_).bind(2, walk.withheld_until).bind(3, walked).run());
    }
    auto use =
        TRY(db.prepare("INSERT INTO shelf_quotas VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO UPDATE SET"
                       " items = iif(day = ?3, items, 0) + ?4, day = ?3"));
    for (const auto& [agreement, count] : walk.used) {
      if (count == 0 || is_names) continue;
      use.bind(1, member_).bind(2, agreement).bind(3, today).bind(4, count);
      TRY(use.run());
    }
    return {};
  };
  TRY(all_.tables_.write(write));
  door.walked = walked;
  if (!is_release) return {};
  page.members = fmt::format(R"("x_tocsin_release":{{"salt":"{}","shown":{}}})", hex(salt),
                             ledger::json_of(TRY(ledger->shown(entry))));
  return {};
}

Result<TaxiiStatus> MemberShelf::add(const std::string& collection,
                                     const std::vector<std::string_view>& objects) {
  TRY(expect_partner());
  if (collection != collection_id(all_.us_, "inbox") || all_.inbox_ == nullptr)
    return denied("this collection is not yours to write to");
  return all_.inbox_->take(member_, objects);
}

Result<TaxiiStatus> MemberShelf::status(const std::string& id) {
  TRY(expect_partner());
  if (all_.inbox_ == nullptr) return missing("no status " + text::quote(id));
  return all_.inbox_->status(member_, id);
}

Result<void> MemberShelf::remove(const std::string&, const std::string&, const TaxiiMatch&) {
  return denied("what is shared is taken back by who shares it");
}

// ---- all of them

Result<std::unique_ptr<Shelves>> Shelves::open(Parts parts) {
  auto tables = TRY(store::Tables::open(parts.journal, "shelf", steps));
  auto& journal = parts.journal;
  auto made = std::unique_ptr<Shelves>(new Shelves(std::move(parts), std::move(tables)));
  // Pseudonyms and the names of what was told follow from it: another one would make all new.
  made->secret_ = TRY(journal.value(secret_name));
  if (made->secret_.size() != secret_size * 2) {
    made->secret_ = hex(random_octets(secret_size));
    TRY(journal.keep_value(secret_name, made->secret_));
  }
  made->parts_.settings.token_key = hex(sha256("taxii next\n" + made->secret_));
  return made;
}

Result<void> Shelves::introduce() {
  std::lock_guard guard(mutex_);
  if (!us_.empty()) return {};
  auto self = TRY(parts_.partners.self());
  us_ = self.profile.member;
  namespace_ = wire::stix_node_namespace(us_);
  identity_ = wire::stix_own_id("identity", namespace_, us_);
  std::string opened = times::format(parts_.offers.opened() / 1000 * 1000);
  json::Writer w;
  w.object().member("type", "identity").member("spec_version", "2.1").member("id", identity_);
  w.member("created", opened).member("modified", opened).member("created_by_ref", identity_);
  w.key("object_marking_refs").list().value(wire::stix_marking_id(Tlp::clear)).end();
  w.member("name", self.profile.name.empty() ? us_ : self.profile.name);
  w.member("identity_class", "organization").end();
  standing_ = {w.take()};
  for (Tlp tlp : {Tlp::clear, Tlp::green, Tlp::amber, Tlp::amber_strict})
    standing_.push_back(wire::stix_marking_json(tlp));
  for (std::string& object : wire::stix_extension_objects()) standing_.push_back(std::move(object));
  return {};
}

std::unique_ptr<TaxiiShelf> Shelves::of(const std::string& member) {
  return std::make_unique<MemberShelf>(*this, member);
}

std::shared_ptr<Shelves::Door> Shelves::door_of(const std::string& member) {
  std::lock_guard guard(mutex_);
  auto& door = doors_[member];
  if (!door) door = std::make_shared<Door>();
  return door;
}

Result<void> Shelves::open_door(Door& door, const std::string& member, TimeUs now) {
  auto in_force = parts_.agreements.in_force(member, now);
  std::vector<std::string> addresses;
  for (const AgreementState* state : in_force.agreements) addresses.push_back(state->address);
  door.member = member;
  TRY(keep_era(door, {addresses.begin(), addresses.end()}));
  if (door.gate && addresses == door.addresses) return {};
  std::vector<policy::Pass> passes;
  door.agreements.clear();
  std::string all;
  for (const AgreementState* state : in_force.agreements) {
    passes.push_back({.agreement = state->agreement,
                      .standing = state->standing(),
                      .key = policy::pseudonym_key(secret_, state->agreement.id),
                      .quota_left = UINT64_MAX});  // counted here
    door.agreements.push_back(state->agreement);
    all += state->address;
  }
  for (const Network& sensor : parts_.sensors) all += ip::format(sensor);
  door.epoch = hash64(all) >> 11;  // fits a JSON number
  door.addresses = std::move(addresses);
  door.recent.clear();  // some of it may not go any more
  door.chosen = {};
  door.gate = std::make_unique<policy::Gate>(policy::Gate::Parts{.words = parts_.words,
                                                                 .from = us_,
                                                                 .to = member,
                                                                 .passes = std::move(passes),
                                                                 .feed = parts_.feed,
                                                                 .sensors = parts_.sensors,
                                                                 .epoch = door.epoch});
  return {};
}

const policy::Gate::Selected& Shelves::select(Door& door,
                                              const std::shared_ptr<const store::Offer>& offer,
                                              TimeUs counted_from) const {
  TimeUs now = parts_.now();
  if (!offer->things.empty()) {
    auto& last = door.chosen.back() = {};
    for (std::size_t i = 0; i < offer->things.size(); ++i) {
      const store::Thing& thing = offer->things[i];
      policy::Item item = item_of(thing);
      auto judged = door.gate->judge(item, thing.feed, now);
      if (judged.reason == policy::Reason::released) {
        last.selected.rows.push_back({static_cast<std::uint16_t>(i), judged.pass});
      } else if (offer->dates[i] >= counted_from && thing.feed != "partner." + door.member) {
        ++last.selected.withheld.at(static_cast<std::size_t>(judged.reason));
      }
    }
    return last.selected;
  }
  policy::FeedSays says = parts_.feed(parts_.words.word(offer->batch.feed));
  auto holds = [&](const Door::Chosen& one) {
    return one.offer.lock() == offer && one.says == says;
  };
  auto known = std::ranges::find_if(door.chosen, holds);
  if (known == door.chosen.end()) {
    known = std::prev(known);
    *known = {.offer = offer,
              .says = std::move(says),
              .selected = door.gate->select(offer->batch, policy::traits_of(offer->batch), now)};
  }
  std::rotate(door.chosen.begin(), known, std::next(known));
  return door.chosen.front().selected;
}

bool Shelves::has_news(const std::string& member, TimeUs after) {
  if (!introduce() || parts_.ledger() == nullptr) return false;
  auto door = door_of(member);
  std::lock_guard guard(door->mutex);
  if (!open_door(*door, member, parts_.now())) return false;
  auto again = again_after(*door, after);
  if (again && again->has_value() && !door->addresses.empty()) return true;
  while (auto offer = parts_.offers.after(after)) {
    if (!*offer) return false;
    const auto& rows = select(*door, *offer, 0).rows;
    if (!rows.empty() && (*offer)->date(rows.back().row) > after) return true;
    after = (*offer)->end() - 1;
  }
  return false;
}

Result<void> Shelves::forget_salts(store::Sqlite& db, TimeUs from, TimeUs until) {
  auto drop = TRY(db.prepare("UPDATE shelf_releases SET salt = NULL WHERE stop > ? AND start < ?"));
  return drop.bind(1, from).bind(2, until).run();
}

Result<std::string> Shelves::salt_of(std::uint64_t release) const {
  auto* ledger = parts_.ledger();
  if (ledger == nullptr) return missing("this node has no ledger");
  std::string log = hex(TRY(ledger->head()).log);
  std::string salt;
  auto find = [&](store::Sqlite& db) -> Result<void> {
    auto select = TRY(db.prepare("SELECT salt FROM shelf_releases WHERE log = ? AND entry = ?"));
    select.bind(1, log).bind(2, release);
    if (TRY(select.step())) salt = select.blob(0);
    return {};
  };
  TRY(tables_.read(find));
  if (salt.empty()) return missing(fmt::format("no salt of release {}", release));
  return salt;
}

}  // namespace tocsin::share
