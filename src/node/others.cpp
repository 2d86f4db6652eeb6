#include "node/others.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <simdjson.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <functional>
#include <set>

#include "base/text.h"
#include "wire/stix_id.h"
#include "wire/stix_statistics.h"
#include "wire/stix_words.h"

namespace tocsin::node {
namespace {

constexpr TimeUs ahead_max = us_per_day;  // of this node's clock
constexpr std::size_t waiting_bytes_max = 8 << 20;
constexpr std::size_t definitions_max = 1000;     // of one partner
constexpr std::size_t contradictions_noted = 20;  // of one report; the rest is counted
constexpr std::string_view prefix = "partner.";

// What an agreement calls it. All that stands around indicators goes where they go.
policy::ItemKind kind_of(std::string_view type) {
  using policy::ItemKind;
  if (type == "sighting") return ItemKind::sighting;
  if (type == "note") return ItemKind::note;
  if (type == "opinion") return ItemKind::opinion;
  if (type == "observed-data") return ItemKind::event;
  if (type == "incident") return ItemKind::finding;
  return ItemKind::indicator;
}

// Definitions say nothing of anybody.
bool is_definition(std::string_view type) {
  return type == "marking-definition" || type == "extension-definition";
}

// The ids of all that mark it or a part of it.
std::set<std::string> markings_of(const wire::StixObject& object) {
  std::set<std::string> out(object.markings.begin(), object.markings.end());
  for (const auto& part : object.granular) out.insert(part.marking);
  return out;
}

std::string sentence(store::ForeignFate fate, const wire::StixObject& object) {
  using store::ForeignFate;
  switch (fate) {
    case ForeignFate::other_content:
      return fmt::format(
          "modified: version {} of {} came before with other content; the first is kept",
          object.version, object.id);
    case ForeignFate::other_creator:
      return fmt::format("created_by_ref: {} is another's, who alone makes versions of it",
                         object.id);
    case ForeignFate::was_revoked:
      return fmt::format("revoked: {} was taken back, and that is final", object.id);
    default:
      return fmt::format("what this node keeps of one member is full ({} objects, {} octets)",
                         store::Foreign::member_objects_max, store::Foreign::member_bytes_max);
  }
}

}  // namespace

Result<std::unique_ptr<Others>> Others::open(Parts parts) {
  auto made = std::unique_ptr<Others>(new Others(std::move(parts)));
  TRY(made->parts_.foreign.each_of("marking-definition", [&](const store::ForeignObject& one) {
    made->define(one.member, one.id, one.json);
  }));
  return made;
}

void Others::define(const std::string& member, const std::string& id, const std::string& json) {
  simdjson::dom::parser parser;
  simdjson::dom::object object;
  if (parser.parse(json).get(object)) return;
  std::lock_guard guard(mutex_);
  Definitions& theirs = definitions_[member];
  if (!theirs.json.try_emplace(id, json).second) return;  // the first stays
  theirs.markings.add(object);
}

std::unique_ptr<Others::Report> Others::report(std::string_view feed, std::uint64_t report,
                                               Report::Reject reject) {
  return std::unique_ptr<Report>(new Report(*this, std::string(feed), report, std::move(reject)));
}

std::string Others::identity_of(std::string_view member) {
  return wire::stix_own_id("identity", wire::stix_node_namespace(member), member);
}

policy::Item Others::describe(const std::string& member, const wire::StixObject& object) const {
  policy::Item item{.kind = kind_of(object.type), .type = {}, .sector = {}};
  for (const std::string& label : object.labels) {
    if (!item.type) item.type = type_named(label);
  }
  item.confidence = object.confidence;
  if (parts_.claims != nullptr) parts_.claims->describe(member, object, item);
  return item;
}

std::string Others::definitions_of(const std::string& member,
                                   const wire::StixObject& object) const {
  std::vector<std::string_view> found;
  std::lock_guard guard(mutex_);
  auto theirs = definitions_.find(member);
  if (theirs == definitions_.end()) return {};
  auto markings = markings_of(object);
  for (const std::string& id : markings) {
    auto one = theirs->second.json.find(id);
    if (one != theirs->second.json.end()) found.push_back(one->second);
  }
  if (found.empty()) return {};
  return fmt::format(R"({{"objects":[{}]}})", fmt::join(found, ","));
}

// ---- one report

Others::Report::Report(Others& door, std::string feed, std::uint64_t report, Reject reject)
    : door_(door),
      feed_(std::move(feed)),
      member_(feed_.substr(prefix.size())),
      identity_(Others::identity_of(member_)),
      report_(report),
      reject_(std::move(reject)) {
  auto book = door_.parts_.sharing.partners().book();
  for (const auto& [member, partner] : book->all())
    members_.emplace(Others::identity_of(member), member);
  members_.insert_or_assign(Others::identity_of(door_.parts_.member), door_.parts_.member);
}

void Others::Report::take(std::size_t line, wire::StixObject object) {
  if (object.type == wire::stix_statistics_type) {
    auto taken = door_.parts_.ingress.take_statistics(member_, object.json);
    if (!taken) reject_(line, std::move(taken).error(), object.json);
    return;
  }
  bytes_ += object.json.size();
  waiting_.push_back({line, std::move(object)});
  if (waiting_.size() < store::Foreign::take_max && bytes_ < waiting_bytes_max) return;
  if (status_) status_ = keep();
}

Result<void> Others::Report::flush() {
  if (status_) status_ = keep();
  if (contradictions_ > contradictions_noted) {
    std::string why = fmt::format("denied: {} more objects contradict what came before",
                                  contradictions_ - contradictions_noted);
    TRY(door_.parts_.audit.note({.at = door_.parts_.now(),
                                 .by = member_,
                                 .call = "object of a member",
                                 .object = fmt::format("r_{}", report_)},
                                why));
    contradictions_ = 0;
  }
  return status_;
}

void Others::Report::refuse(const Waiting& one, Error why) {
  reject_(one.line, std::move(why), one.object.json);
}

// May it come in, and as what? Errors: denied, with the sentence why not.
Result<store::ForeignObject> Others::Report::judge(const wire::StixObject& object) {
  const Parts& parts = door_.parts_;
  TimeUs now = parts.now();
  store::ForeignObject out{.id = object.id,
                           .version = object.version,
                           .creator = object.created_by,
                           .member = member_,
                           .came = now,
                           .revoked = object.revoked,
                           .report = report_};
  if (!object.version.empty())
    out.at = object.modified != time_none ? object.modified : object.created;
  for (auto [name, time] :
       {std::pair{"created", object.created}, std::pair{"modified", object.modified}}) {
    if (time != time_none && time > now + ahead_max) {
      return denied(fmt::format("{}: {} is more than a day ahead of this node's clock", name,
                                wire::stix_stamp(time)));
    }
  }
  auto creator = members_.find(object.created_by.empty() ? object.id : object.created_by);
  if (creator != members_.end() && creator->second == parts.member) {
    return denied(fmt::format("{}: this node's own, of which it takes nothing from others",
                              object.created_by.empty() ? "id" : "created_by_ref"));
  }
  bool knows_creator = creator != members_.end();
  out.own = knows_creator && creator->second == member_;
  if (parts.names_erased && parts.names_erased(object.json))
    return denied("it names a subject that was erased here");
  bool is_said = is_definition(object.type) || object.id == identity_;  // who sends, says who it is
  {
    std::lock_guard guard(door_.mutex_);
    const auto& markings = door_.definitions_[member_].markings;
    auto marking = markings.in_effect(object);
    out.tlp = marking.tlp;
    out.pap = marking.pap;
    if (object.revoked) return out;  // whoever gave it may take it back
    auto held = [&](const std::string& id) { return id.empty() || markings.find(id).has_value(); };
    for (const std::string& id : object.markings) {
      if (!is_said && !held(id))
        return denied(fmt::format(
            "object_marking_refs: {} is not held here; what nobody knows counts as TLP:RED", id));
    }
    for (const auto& part : object.granular) {
      if (!is_said && !held(part.marking))
        return denied(fmt::format(
            "granular_markings: {} is not held here; what nobody knows counts as TLP:RED",
            part.marking));
    }
  }
  if (is_said) {
    out.agreement = TRY(parts.ingress.allow(feed_, nullptr));
    return out;
  }
  policy::Item item = door_.describe(member_, object);
  item.tlp = out.tlp;
  item.pap = out.pap;
  item.relayed = knows_creator && !out.own;
  out.agreement = TRY(parts.ingress.allow(feed_, &item));
  return out;
}

// What waits goes in, or is refused. Definitions of markings stand before what they mark, sightings
// behind what was seen.
Result<void> Others::Report::keep() {
  auto is_sighting = [](const Waiting& one) { return one.object.type == "sighting"; };
  std::ranges::stable_partition(waiting_, std::not_fn(is_sighting));
  std::vector<store::ForeignObject> good;
  std::vector<std::size_t> places;
  auto store = [&]() -> Result<void> {
    auto fates = TRY(door_.parts_.foreign.take(good));
    std::vector<std::size_t> kept;
    for (std::size_t i = 0; i < fates.size(); ++i) {
      using store::ForeignFate;
      const Waiting& one = waiting_[places[i]];
      const wire::StixObject& object = one.object;
      bool is_in = fates[i] == ForeignFate::fresh || fates[i] == ForeignFate::same;
      if (is_in && object.type == "marking-definition")
        door_.define(member_, object.id, object.json);
      if (is_in) kept.push_back(places[i]);
      if (is_in || fates[i] == ForeignFate::not_here) continue;
      std::string why = sentence(fates[i], object);
      if (fates[i] != ForeignFate::full && ++contradictions_ <= contradictions_noted) {
        TRY(door_.parts_.audit.note({.at = door_.parts_.now(),
                                     .by = member_,
                                     .call = "object of a member",
                                     .object = object.id},
                                    "denied: " + why));
      }
      refuse(one, {Fault::denied, std::move(why)});
    }
    good.clear();
    places.clear();
    return claim(kept);
  };
  for (std::size_t i = 0; i < waiting_.size(); ++i) {
    bool defines = waiting_[i].object.type == "marking-definition";
    if (!defines && !good.empty() && waiting_[places.back()].object.type == "marking-definition")
      TRY(store());
    if (is_sighting(waiting_[i]) && !good.empty() && !is_sighting(waiting_[places.back()]))
      TRY(store());
    if (defines) {
      std::lock_guard guard(door_.mutex_);
      const auto& theirs = door_.definitions_[member_].json;
      if (theirs.size() >= definitions_max && !theirs.contains(waiting_[i].object.id)) {
        refuse(waiting_[i], {Fault::denied, "too many marking-definitions of one member"});
        continue;
      }
    }
    auto judged = judge(waiting_[i].object);
    if (!judged) {
      refuse(waiting_[i], std::move(judged).error());
      continue;
    }
    judged->json = waiting_[i].object.json;
    good.push_back(*std::move(judged));
    places.push_back(i);
  }
  TRY(store());
  waiting_.clear();
  bytes_ = 0;
  return {};
}

// Once more is safe: claims that are there stay as they are.
Result<void> Others::Report::claim(const std::vector<std::size_t>& kept) {
  constexpr std::array wanted = {"indicator", "malware", "attack-pattern", "relationship",
                                 "sighting"};
  std::vector<const wire::StixObject*> objects;
  std::set<std::string> markings;
  for (std::size_t i : kept) {
    const wire::StixObject& object = waiting_[i].object;
    if (std::ranges::find(wanted, object.type) == wanted.end()) continue;
    objects.push_back(&object);
    markings.merge(markings_of(object));
  }
  if (objects.empty() || door_.parts_.claims == nullptr) return {};
  std::vector<std::string> definitions;
  {
    std::lock_guard guard(door_.mutex_);
    const auto& theirs = door_.definitions_[member_].json;
    for (const std::string& id : markings) {
      if (auto found = theirs.find(id); found != theirs.end()) definitions.push_back(found->second);
    }
  }
  auto done = door_.parts_.claims->take(member_, objects, definitions);
  if (done || done.error().fault == Fault::unavailable) return done;
  spdlog::warn("feed {}: indicators are kept, but not looked for: {}", feed_, done.error().what);
  return {};
}

}  // namespace tocsin::node
