#include "node/relay.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace tocsin::node {
namespace {

constexpr std::size_t at_once = 1000;
constexpr std::string_view reader_name = "objects of others";

// Definitions go with what needs them.
bool is_definition(std::string_view type) {
  return type == "marking-definition" || type == "extension-definition";
}

std::string feed_of(std::string_view member) {
  return fmt::format("partner.{}", member);
}

std::string_view member_of(std::string_view feed) {
  return feed.substr(feed.find('.') + 1);
}

TimeUs time_of(const wire::StixObject& object) {
  return object.modified != time_none ? object.modified : object.created;
}

// Did its author send what is offered?
bool is_authors(const store::Thing& thing) {
  return thing.creator == Others::identity_of(member_of(thing.feed));
}

// Does it take the place of what is offered under its id?
bool replaces(const store::ForeignObject& object, const store::Thing& before) {
  if (object.at == 0) return false;  // an observable: there are no versions of it
  bool theirs = before.feed == feed_of(object.member);
  if (!theirs && object.own != is_authors(before)) return object.own;
  auto old = wire::StixReader().read(before.body);
  return !old || time_of(*old) < object.at;
}

}  // namespace

// What a revoked version takes back that is offered no more, but may have gone; nullopt: nothing.
Result<std::optional<store::Thing>> Relay::taken_back(const store::ForeignObject& object) const {
  std::optional<store::Thing> out;
  auto versions = TRY(parts_.foreign.versions_of(object.id));
  for (const store::ForeignObject& one : versions) {
    bool is_it = one.row < object.row && !one.revoked;
    if (!is_it || (one.member != object.member && !object.own)) continue;
    auto thing = TRY(thing_of(one));
    if (thing) out = std::move(thing);
  }
  return out;
}

// What is to be offered of it; nullopt: nothing.
Result<std::optional<store::Thing>> Relay::thing_of(const store::ForeignObject& object) const {
  std::optional<store::Thing> out;
  wire::StixReader reader;
  auto read = reader.read(object.json);
  bool is_nobodys = object.creator.empty() && !object.version.empty();
  if (!read || is_definition(read->type) || object.json.size() > store::thing_bytes_max) return out;
  if (is_nobodys && object.id != Others::identity_of(object.member)) return out;
  auto item = parts_.others.describe(object.member, *read);
  item.tlp = object.tlp;
  item.pap = object.pap;
  std::string kind(policy::name(item.kind));
  auto before = TRY(parts_.offers.find(kind, object.id));
  if (before && !replaces(object, *before)) return out;
  if (object.revoked) {
    // To whom it might have gone; it says no more than the stricter of the two markings lets.
    out = before ? std::move(before) : TRY(taken_back(object));
    if (!out) return out;
    out->tlp = std::max(out->tlp, object.tlp);
    out->pap = std::max(out->pap, object.pap);
  } else {
    out = store::Thing{.kind = std::move(kind), .key = object.id, .feed = feed_of(object.member)};
    out->type = item.type;
    out->country = item.country;
    out->confidence = item.confidence;
    out->tlp = item.tlp;
    out->pap = item.pap;
    out->since = object.came;
    out->foreign = true;
    out->under = object.agreement;
  }
  out->creator = is_nobodys ? object.id : object.creator;
  out->body = object.json;
  out->with = parts_.others.definitions_of(object.member, *read);
  return out;
}

Result<bool> Relay::step() {
  std::lock_guard guard(mutex_);
  std::uint64_t after = TRY(parts_.offers.offered_up_to(reader_name));
  auto fresh = TRY(parts_.foreign.after(after, at_once));
  if (fresh.empty()) return false;
  // Of several versions in one go the last one counts, and is judged against what is offered then.
  std::vector<store::Thing> things;
  std::set<std::string> ids;
  for (const store::ForeignObject& object : fresh) {
    if (!ids.insert(object.id).second) {
      TRY(parts_.offers.offer(things, reader_name, after));
      things.clear();
      ids = {object.id};
    }
    auto thing = TRY(thing_of(object));
    if (thing) things.push_back(*std::move(thing));
    after = object.row;
  }
  TRY(parts_.offers.offer(things, reader_name, after));
  return fresh.size() == at_once;
}

// Offers first: what is gone from what is kept is known nowhere else.
Result<std::size_t> Relay::forget(const Choose& goes) {
  std::lock_guard guard(mutex_);
  TRY(parts_.offers.take_back([&](const store::Thing& thing) {
    return thing.foreign && goes({.id = thing.key, .json = thing.body + thing.with});
  }));
  return parts_.foreign.forget(goes);
}

Result<void> Relay::forget(const store::ReportRow& report,
                           const std::function<Result<void>(const store::ForeignObject&)>& each) {
  std::string member(member_of(report.feed));
  std::lock_guard guard(mutex_);
  std::set<std::string> ids;
  Result<void> seen;
  auto look = [&](const store::ForeignObject& object) {
    if (object.report != report.id || !seen) return false;
    ids.insert(object.id);
    seen = each(object);
    return false;
  };
  TRY(parts_.foreign.forget_since(member, report.received, look));
  TRY(std::move(seen));
  TRY(parts_.offers.take_back(
      [&](const store::Thing& thing) {
        return thing.foreign && thing.feed == report.feed && ids.contains(thing.key);
      },
      false));
  auto is_of = [&](const store::ForeignObject& object) { return object.report == report.id; };
  TRY(parts_.foreign.forget_since(member, report.received, is_of));
  return {};
}

Result<std::size_t> Relay::forget_before(const std::string& feed, TimeUs before,
                                         const Choose& stays) {
  std::lock_guard guard(mutex_);
  TRY(parts_.offers.take_back(
      [&](const store::Thing& thing) {
        return thing.foreign && thing.feed == feed && thing.since < before;
      },
      false));
  return parts_.foreign.forget_before(member_of(feed), before, stays);
}

}  // namespace tocsin::node
