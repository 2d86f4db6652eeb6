// Member shelf: the walks that make its pages: over all that is offered, over emergencies, over
// statistics.
#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "model/members.h"
#include "share/shelf_member.h"
#include "share/thing.h"
#include "wire/row.h"
#include "wire/stix_id.h"
#include "wire/stix_statistics.h"

namespace tocsin::share {
namespace {

constexpr std::size_t whole_events_from = 128;  // objects to a page
constexpr std::size_t looked_at_max = 20'000;   // events that one page looks through for a filter

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
  for (std::size_t i = 0; i < objects.size(); ++i) {
    TaxiiObject object = sort.foreign.empty() ? described(std::move(objects[i]), date++)
                                              : TaxiiObject{.added = date++,
                                                            .id = sort.foreign[i].id,
                                                            .version = sort.foreign[i].version,
                                                            .json = std::move(objects[i])};
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
  if (thing.foreign) return take_foreign(walk, door, offer, row, sort);
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

// Octet by octet, behind the definitions of its markings.
Result<void> MemberShelf::take_foreign(Walk& walk, const Shelves::Door& door,
                                       const store::Offer& offer, policy::Gate::Row row,
                                       Sort& sort) const {
  const store::Thing& thing = offer.things[row.row];
  auto cleared = door.gate->clear_foreign(item_of(thing), foreign_of(thing), row.pass);
  if (!cleared) return {};
  wire::StixReader reader;
  std::vector<std::string> objects;
  if (!thing.with.empty()) {
    auto definitions = TRY(wire::stix_objects_in(thing.with));
    objects.assign(definitions.begin(), definitions.end());
  }
  objects.push_back(cleared->item());
  std::vector<wire::StixObject> read;
  for (const std::string& json : objects) {
    auto object = reader.read(json);
    if (!object) return {};
    read.push_back(*std::move(object));
  }
  sort.foreign = read;
  take_all(walk, offer, row, std::move(objects), sort);
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

}  // namespace tocsin::share
