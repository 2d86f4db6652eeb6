#include "node/claims.h"

#include <simdjson.h>

#include <algorithm>

#include "hunt/import.h"
#include "policy/mention.h"
#include "wire/stix_id.h"
#include "wire/stix_words.h"

namespace tocsin::node {
namespace {

using simdjson::dom::object;
using wire::stix_text;

hunt::Source source_of(const std::string& member) {
  return {hunt::SourceKind::member, member};
}

hunt::ImportWish wish_of(const std::string& member) {
  return {.usual = {.source = source_of(member), .tlp = Tlp::red},
          .format = hunt::ImportFormat::stix};
}

Country country_of(const hunt::Observable& about, const enrich::Enrichment& enrichment) {
  if (about.kind != hunt::Kind::ip) return {};
  auto ip = ip::parse(about.value);
  return ip && !ip->empty() ? enrichment.locate(*ip).country : Country();
}

// Of the addresses in a text, if they are all of one.
Country country_of(std::string_view text, const enrich::Enrichment& enrichment) {
  std::optional<Country> of;
  policy::mentions(text, [&](const Ip& ip) {
    Country one = enrichment.locate(ip).country;
    of = of && *of != one ? Country() : one;
    return of->empty();  // that settles it
  });
  return of.value_or(Country());
}

}  // namespace

void Claims::describe(const std::string& member, const wire::StixObject& said,
                      policy::Item& item) const {
  auto as = [&](const hunt::Observable& about, const hunt::Claim& claim, bool first) {
    Country country = country_of(about, parts_.enrichment);
    if (!first && country != item.country) item.country = {};  // of several: nobody's
    if (!first) return;
    item.country = country;
    item.type = claim.type;
    if (claim.confidence) item.confidence = claim.confidence;
  };
  if (said.type == "indicator") {
    hunt::ImportWish wish = wish_of(member);
    bool first = true;
    wish.admit = [&](const hunt::Observable& about, const hunt::Claim& claim) -> Result<void> {
      as(about, claim, std::exchange(first, false));
      return denied("only looked at");
    };
    std::vector<std::string> one = {said.json};
    (void)hunt::import_indicators(wire::stix_bundle("bundle--0", one), wish, parts_.indicators);
  } else if (said.type == "sighting") {
    simdjson::dom::parser parser;
    object json;
    if (parser.parse(said.json).get(json)) return;
    auto id = parts_.indicators.claimed_by(source_of(member), stix_text(json, "sighting_of_ref"));
    if (!id || !*id) return;
    auto indicator = parts_.indicators.one(**id);
    if (!indicator) return;
    for (const hunt::Claim& claim : indicator->claims) {
      if (claim.source == source_of(member)) as(indicator->observable, claim, true);
    }
  } else {
    item.country = country_of(said.json, parts_.enrichment);
  }
}

// A sighting says what was seen, how often and when; of an indicator that we do not hold, nothing.
Result<void> Claims::sight(const std::string& member, const std::string& json) {
  simdjson::dom::parser parser;
  object one;
  if (parser.parse(json).get(one)) return {};
  hunt::Source source = source_of(member);
  auto id = TRY(parts_.indicators.claimed_by(source, stix_text(one, "sighting_of_ref")));
  auto first = wire::stix_time(stix_text(one, "first_seen"));
  auto last = wire::stix_time(stix_text(one, "last_seen"));
  if (!id || !first || !last || last->us() < first->us()) return {};
  hunt::Sighting sighting{.source = source, .first = first->us(), .last = last->us()};
  if (one["count"].get(sighting.count) || sighting.count == 0) sighting.count = 1;
  auto before = TRY(parts_.indicators.sightings(*id));
  bool known = std::ranges::any_of(before, [&](const hunt::Sighting& other) {
    return other.source == source && other.first == sighting.first && other.last == sighting.last &&
           other.count == sighting.count;
  });
  if (known) return {};
  auto seen = parts_.indicators.sight(*id, std::move(sighting));
  if (!seen && seen.error().fault == Fault::unavailable) return std::unexpected(seen.error());
  return {};
}

Result<void> Claims::take(const std::string& member,
                          std::span<const wire::StixObject* const> objects,
                          std::span<const std::string> definitions) {
  std::vector<std::string> all(definitions.begin(), definitions.end());
  bool any = false;
  for (const wire::StixObject* one : objects) {
    if (one->type == "indicator" && one->revoked) {
      TRY(parts_.indicators.revoke(source_of(member), one->id));
    } else if (one->type != "sighting") {
      any = any || one->type == "indicator";
      all.push_back(one->json);
    }
  }
  hunt::ImportWish wish = wish_of(member);
  wish.usual.from = parts_.now();
  if (any)
    TRY(hunt::import_indicators(wire::stix_bundle("bundle--0", all), wish, parts_.indicators));
  for (const wire::StixObject* one : objects) {
    if (one->type == "sighting") TRY(sight(member, one->json));
  }
  return {};
}

}  // namespace tocsin::node
