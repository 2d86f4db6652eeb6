// What of an event a member would get, as the pages of its walk would have it, and why not.
#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "model/members.h"
#include "share/shelf.h"
#include "share/thing.h"
#include "wire/row.h"
#include "wire/stix_id.h"

namespace tocsin::share {
namespace {

// Of today, by agreement.
Result<std::vector<std::uint64_t>> quota_left(const store::Tables& tables,
                                              const std::string& member,
                                              const std::vector<policy::Agreement>& agreements,
                                              const std::vector<std::string>& addresses,
                                              std::int64_t today) {
  std::vector<std::uint64_t> left;
  auto read = [&](store::Sqlite& db) -> Result<void> {
    auto select =
        TRY(db.prepare("SELECT day, items FROM shelf_quotas WHERE member = ? AND agreement = ?"));
    for (std::size_t i = 0; i < agreements.size(); ++i) {
      std::uint64_t quota = agreements[i].quota_per_day;
      left.push_back(quota == 0 ? UINT64_MAX : quota);
      if (quota == 0) continue;
      select.bind(1, member).bind(2, addresses[i]);
      if (TRY(select.step()) && select.number(0) == today)
        left.back() -= std::min(quota, static_cast<std::uint64_t>(select.number(1)));
      select.reset();
    }
    return {};
  };
  TRY(tables.read(read));
  return left;
}

// What each agreement in force with the member says of an item.
void see(Sight& sight, std::vector<policy::Decision> decisions,
         const std::vector<std::string>& addresses, const std::string& member) {
  for (std::size_t i = 0; i < decisions.size(); ++i) {
    if (decisions[i].released && !sight.goes) sight.goes = i;
    sight.under.push_back({addresses[i], std::move(decisions[i])});
  }
  if (sight.under.empty()) sight.hindrance = "no agreement with " + member + " is in force";
}

std::string nested(const std::vector<policy::TreatedMember>& told) {
  std::vector<Member> members;
  for (const policy::TreatedMember& one : told) members.push_back({one.name, one.json});
  std::string out;
  wire::append_nested(out, members);
  return out;
}

}  // namespace

Result<Sight> Shelves::look(const std::string& member, Looked event) {
  const auto& batch = *event.batch;
  std::size_t row = event.row;
  TRY(introduce());
  auto book = parts_.partners.book();
  if (book->find(member) == nullptr) return missing("no partner " + text::quote(member));
  Sight sight;
  if (book->speaking(member) == nullptr) {
    sight.hindrance = "this node and " + text::quote(member) + " are no partners now";
    return sight;
  }
  auto door = door_of(member);
  std::lock_guard guard(door->mutex);
  TimeUs now = parts_.now();
  TRY(open_door(*door, member, now));
  auto left = TRY(quota_left(tables_, member, door->agreements, door->addresses, now / us_per_day));
  auto decisions = door->gate->decisions(batch, row, left, now);
  see(sight, std::move(decisions), door->addresses, member);
  if (!policy::traits_of(batch, row).goes) sight.hindrance = "it is of an exercise: nobody gets it";
  if (door->gate->is_senders(batch)) sight.hindrance = member + " sent it itself";
  if (sight.hindrance.empty() && sight.goes) {
    wire::Row members(batch, row, parts_.words, wire::Spelling::native);
    auto cleared = door->gate->clear(
        batch, {static_cast<std::uint16_t>(row), static_cast<std::uint16_t>(*sight.goes)},
        members.members());
    if (cleared) sight.told = nested(cleared->item().members);
    if (!cleared && cleared.error().fault != Fault::denied) return std::unexpected(cleared.error());
    if (!cleared) sight.hindrance = cleared.error().what;
  }
  if (!sight.hindrance.empty()) sight.goes.reset();
  return sight;
}

Result<store::Thing> Shelves::object_of_others(std::string_view id) const {
  for (std::size_t i = 0; i < policy::item_kinds_count; ++i) {
    auto found = TRY(parts_.offers.find(name(static_cast<policy::ItemKind>(i)), id));
    if (found && found->foreign) return *std::move(found);
  }
  return missing(fmt::format("{} is no object of others that is offered", id));
}

Result<Sight> Shelves::look(const std::string& member, const store::Thing& object) {
  TRY(introduce());
  auto book = parts_.partners.book();
  if (book->find(member) == nullptr) return missing("no partner " + text::quote(member));
  Sight sight;
  if (book->speaking(member) == nullptr) {
    sight.hindrance = "this node and " + text::quote(member) + " are no partners now";
    return sight;
  }
  auto door = door_of(member);
  std::lock_guard guard(door->mutex);
  TimeUs now = parts_.now();
  TRY(open_door(*door, member, now));
  auto left = TRY(quota_left(tables_, member, door->agreements, door->addresses, now / us_per_day));
  auto decisions = door->gate->decisions(item_of(object), foreign_of(object), left, now);
  see(sight, std::move(decisions), door->addresses, member);
  if (is_members_own(*door->gate, object, *door))
    sight.hindrance = member + " sent or made it itself";
  if (!sight.hindrance.empty()) sight.goes.reset();
  if (sight.goes) sight.told = object.body;
  return sight;
}

// An emergency is under the first agreement in force that lets a person do it.
Result<Emergencies::Exempt> Shelves::exempt(const std::string& member, EventId event) {
  auto place = TRY(parts_.offers.find(event));
  if (place.offer->recall) return missing(fmt::format("the event e_{:x} was withdrawn", event));
  const auto& batch = place.offer->batch;
  Sight sight = TRY(look(member, {&batch, place.row}));
  if (!sight.hindrance.empty()) return denied(sight.hindrance);
  if (sight.goes) return denied("it goes anyway, under " + sight.under[*sight.goes].agreement);
  auto door = door_of(member);
  std::lock_guard guard(door->mutex);
  TRY(open_door(*door, member, parts_.now()));
  Result<policy::Gate::Row> row = denied("no agreement with " + member + " is in force");
  for (std::size_t pass = 0; pass < door->agreements.size() && !row; ++pass)
    row = door->gate->exempt(batch, place.row, pass, parts_.now());
  if (!row) return std::unexpected(row.error());
  wire::Row members(batch, place.row, parts_.words, wire::Spelling::native);
  auto cleared = TRY(door->gate->clear(batch, *row, members.members()));
  Emergencies::Exempt out{
      .agreement = door->agreements[row->pass].id,
      .address = door->addresses[row->pass],
      .item = wire::stix_own_id("observed-data", namespace_, cleared.item().handle),
      .epoch = door->epoch};
  return out;
}

}  // namespace tocsin::share
