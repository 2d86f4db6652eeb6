#include "node/offering.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "base/hash.h"
#include "base/json.h"
#include "model/members.h"
#include "share/thing.h"

namespace tocsin::node {
namespace {

constexpr std::size_t at_once = 1000;
constexpr std::string_view claims_reader = "indicator claims", sightings_reader = "sightings";

std::string json_of(std::string_view text) {
  std::string out;
  json::append_string(out, text);
  return out;
}

// Where the value stands; what no field holds is told as a pattern.
std::string_view field_of(hunt::Kind kind) {
  switch (kind) {
    case hunt::Kind::ip:
      return "source.ip";
    case hunt::Kind::network:
      return "source.network";
    case hunt::Kind::domain:
      return "source.fqdn";
    case hunt::Kind::url:
      return "source.url";
    case hunt::Kind::mail:
      return "source.account";
    case hunt::Kind::md5:
      return "malware.hash.md5";
    case hunt::Kind::sha1:
      return "malware.hash.sha1";
    case hunt::Kind::sha256:
      return "malware.hash.sha256";
    default:
      return "pattern";
  }
}

std::pair<std::string, std::string> subject_of(const hunt::Observable& about) {
  std::string_view field = field_of(about.kind);
  std::string value = field == "pattern" ? hunt::stix_pattern(about) : about.value;
  return {std::string(field), json_of(value)};
}

std::string feed_of(const hunt::Source& source) {
  if (source.kind == hunt::SourceKind::feed) return source.name;
  return source.kind == hunt::SourceKind::member ? "partner." + source.name : "";
}

}  // namespace

std::string claim_key(std::uint64_t indicator, const hunt::Claim& claim) {
  return hex(sha256(fmt::format("{}\n{}\n{}\n{}", indicator, static_cast<int>(claim.source.kind),
                                claim.source.name, claim.object)))
      .substr(0, 32);
}

store::Thing Offering::thing_of(const hunt::Observable& about, std::uint64_t indicator,
                                const hunt::Claim& claim) const {
  store::Thing out{.kind = "indicator", .key = claim_key(indicator, claim)};
  out.feed = feed_of(claim.source);
  out.type = claim.type;
  out.tlp = claim.tlp;
  out.pap = claim.pap;
  out.confidence = claim.confidence;
  out.since = claim.from;
  auto ip = about.kind == hunt::Kind::ip ? ip::parse(about.value) : Result<Ip>(Ip());
  if (parts_.country_of && ip && !ip->empty()) out.country = parts_.country_of(*ip);
  return out;
}

Result<bool> Offering::claims() {
  std::uint64_t after = TRY(parts_.offers.offered_up_to(claims_reader));
  auto changes = TRY(parts_.indicators.changes(after, at_once));
  if (changes.empty()) return false;
  TimeUs now = parts_.now();
  std::vector<store::Thing> things;
  for (const hunt::ClaimChange& change : changes) {
    const hunt::Claim& claim = change.claim;
    after = change.number;
    // What the node says by itself is a sighting; what members say goes as their object (Relay).
    if (claim.source.kind == hunt::SourceKind::node) continue;
    if (claim.source.kind == hunt::SourceKind::member) continue;
    store::Thing& one = things.emplace_back(thing_of(change.observable, change.indicator, claim));
    bool ended = change.expired != time_none && claim.told <= change.expired;
    one.gone = claim.revoked || ended || (claim.until != time_none && claim.until <= now);
    if (one.gone) continue;
    std::vector<std::pair<std::string, std::string>> members = {
        {"classification.type", json_of(name(claim.type))},
        {"time.source", json_of(times::format(claim.from))},
        {"tlp", json_of(name(claim.tlp))},
        subject_of(change.observable)};
    auto add = [&](const char* field, const std::string& text) {
      if (!text.empty()) members.emplace_back(field, json_of(text));
    };
    add("malware.name", claim.family);
    add("event_description.text", claim.text);
    if (claim.until != time_none) add("time.observation", times::format(claim.until));
    if (claim.confidence) members.emplace_back("feed.accuracy", fmt::to_string(*claim.confidence));
    one.body = share::thing_body(std::move(members));
  }
  TRY(parts_.offers.offer(things, claims_reader, after));
  return changes.size() == at_once;
}

// A sighting goes with the claim that most may have: it tells of nothing but that and our seeing.
Result<bool> Offering::sightings() {
  std::uint64_t after = TRY(parts_.offers.offered_up_to(sightings_reader));
  auto changes = TRY(parts_.indicators.sightings_after(after, at_once));
  if (changes.empty()) return false;
  std::vector<store::Thing> things;
  for (const auto& [id, sighting] : changes) {
    after = sighting.id;
    if (sighting.source.kind != hunt::SourceKind::person || sighting.false_positive) continue;
    auto indicator = parts_.indicators.one(id);
    if (!indicator && indicator.error().fault == Fault::missing) continue;
    if (!indicator) return std::unexpected(indicator.error());
    auto rank = [](const hunt::Claim& claim) {
      bool others = claim.source.kind == hunt::SourceKind::member;
      return std::tuple(claim.revoked, others, claim.tlp, claim.pap);
    };
    std::erase_if(indicator->claims, [](const hunt::Claim& claim) {
      return claim.source.kind == hunt::SourceKind::node;
    });
    auto claim = std::ranges::min_element(indicator->claims, {}, rank);
    if (claim == indicator->claims.end() || claim->revoked) continue;
    store::Thing& one = things.emplace_back(thing_of(indicator->observable, id, *claim));
    one.kind = "sighting";
    one.key = fmt::format("s{}", sighting.id);
    one.since = sighting.first;
    one.body = share::thing_body({{"extra.count", fmt::to_string(sighting.count)},
                                  {"extra.of", json_of(claim_key(id, *claim))},
                                  {"time.observation", json_of(times::format(sighting.last))},
                                  {"time.source", json_of(times::format(sighting.first))},
                                  subject_of(indicator->observable)});
  }
  TRY(parts_.offers.offer(things, sightings_reader, after));
  return changes.size() == at_once;
}

Result<bool> Offering::step() {
  std::lock_guard guard(mutex_);
  bool more = TRY(claims());
  return TRY(sightings()) || more;
}

Result<std::size_t> Offering::forget(const std::function<bool(std::string_view)>& names) {
  std::lock_guard guard(mutex_);
  return parts_.offers.take_back([&](const store::Thing& thing) {
    if (thing.foreign) return names(thing.body);
    for (const Member& one : Members(thing.body)) {
      if (names(json_text(one.json))) return true;
    }
    return false;
  });
}

}  // namespace tocsin::node
