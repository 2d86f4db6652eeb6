// What a partner's page claims: its indicators and sightings, judged as its events are.
#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>

#include "base/mapped_file.h"
#include "hunt/import.h"
#include "node/ingress.h"
#include "wire/stix_marking.h"
#include "wire/stix_object.h"
#include "wire/stix_words.h"

namespace tocsin::node {

using simdjson::dom::object;
using wire::stix_text;

// Under the first agreement that lets it in; what comes in counts against its quota.
Result<void> Ingress::admit(const std::string& feed, policy::Item item) {
  auto under = in_force(feed);
  policy::Context context{.now = parts_.now(),
                          .from = feed.substr(feed.find('.') + 1),
                          .to = parts_.member,
                          .direction = policy::Direction::ingress};
  std::lock_guard guard(mutex_);
  Sender& sender = today(feed);
  sender.changed = true;
  auto clause = policy::Clause::validity;
  for (const share::AgreementState* state : under.agreements) {
    context.standing = state->standing();
    std::uint64_t quota = state->agreement.quota_per_day, &used = sender.used[state->address];
    context.quota_left.reset();
    if (quota > 0) context.quota_left = quota - std::min(used, quota);
    auto verdict = policy::judge(item, state->agreement, context);
    if (verdict.released()) return ++used, Result<void>();
    if (state == under.agreements.front()) clause = policy::clause_of(verdict.reason);
  }
  ++sender.refused[clause];
  ++sender.of_page[fmt::to_string(static_cast<int>(clause))];
  return denied(fmt::format("refused by clause {}", policy::name(clause)));
}

// A sighting says what was seen, how often and when; of an indicator that we do not hold, nothing.
Result<void> Ingress::take_sighting(std::string_view json, const std::string& member) {
  simdjson::dom::parser parser;
  object one;
  if (parser.parse(json.data(), json.size()).get(one)) return {};
  hunt::Source source{hunt::SourceKind::member, member};
  auto id = TRY(parts_.indicators->claimed_by(source, stix_text(one, "sighting_of_ref")));
  auto first = wire::stix_time(stix_text(one, "first_seen"));
  auto last = wire::stix_time(stix_text(one, "last_seen"));
  if (!id || !first || !last || last->us() < first->us()) return {};
  hunt::Sighting sighting{.source = source, .first = first->us(), .last = last->us()};
  if (one["count"].get(sighting.count) || sighting.count == 0) sighting.count = 1;
  auto before = TRY(parts_.indicators->sightings(*id));
  bool known = std::ranges::any_of(before, [&](const hunt::Sighting& other) {
    return other.source == source && other.first == sighting.first && other.last == sighting.last &&
           other.count == sighting.count;
  });
  if (known) return {};
  auto reader = wire::StixReader().read(json);
  policy::Item item{.kind = policy::ItemKind::sighting};
  if (reader) {
    auto marking = wire::StixMarkings().in_effect(*reader);
    item.tlp = marking.tlp;
    item.pap = marking.pap;
  }
  auto indicator = TRY(parts_.indicators->one(*id));
  for (const hunt::Claim& claim : indicator.claims) {
    if (claim.source == source) item.type = claim.type;
    if (claim.source == source && claim.confidence) item.confidence = claim.confidence;
  }
  if (auto may = admit("partner." + member, item); !may) return {};
  TRY(parts_.indicators->sight(*id, std::move(sighting)));
  return {};
}

Result<void> Ingress::take_claims(const store::ReportRow& row, const std::string& member) {
  if (parts_.indicators == nullptr || row.spool.empty()) return {};
  auto page = TRY(MappedFile::open(row.spool));
  auto objects = wire::stix_objects_in(page.bytes());
  if (!objects) return {};
  std::vector<std::string_view> sightings;
  hunt::Source source{hunt::SourceKind::member, member};
  bool any = false;
  simdjson::dom::parser parser;
  std::string kept = R"({"objects":[)";  // without what is taken back, which names no value
  for (std::string_view json : *objects) {
    object one;
    bool revoked = false;
    if (parser.parse(json.data(), json.size()).get(one)) continue;
    std::string_view type = stix_text(one, "type");
    if (type == "sighting") sightings.push_back(json);
    if (type == "indicator" && !one["revoked"].get(revoked) && revoked) {
      TRY(parts_.indicators->revoke(source, stix_text(one, "id")));
      continue;
    }
    any = any || type == "indicator";
    if (kept.back() == '}') kept += ',';
    kept += json;
  }
  hunt::ImportWish wish{.usual = {.source = source}, .format = hunt::ImportFormat::stix};
  wish.usual.from = parts_.now();
  wish.admit = [&](const hunt::Observable& about, const hunt::Claim& claim) {
    policy::Item item{.kind = policy::ItemKind::indicator, .type = claim.type};
    item.tlp = claim.tlp;
    item.pap = claim.pap;
    item.confidence = claim.confidence;
    auto ip = about.kind == hunt::Kind::ip ? ip::parse(about.value) : Result<Ip>(Ip());
    if (ip && !ip->empty()) item.country = parts_.enrichment.locate(*ip).country;
    return admit(row.feed, item);
  };
  if (any) TRY(hunt::import_indicators(kept + "]}", wish, *parts_.indicators));
  for (std::string_view json : sightings) TRY(take_sighting(json, member));
  return {};
}

}  // namespace tocsin::node
