#include "share/thing.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.h"
#include "model/members.h"
#include "wire/stix_id.h"
#include "wire/stix_pattern.h"

namespace tocsin::share {
namespace {

using Kind = wire::StixObservable::Kind;

constexpr auto subjects =
    std::to_array<std::pair<std::string_view, Kind>>({{"malware.hash.md5", Kind::md5},
                                                      {"malware.hash.sha1", Kind::sha1},
                                                      {"malware.hash.sha256", Kind::sha256},
                                                      {"source.account", Kind::mail},
                                                      {"source.asn", Kind::asn},
                                                      {"source.fqdn", Kind::name},
                                                      {"source.ip", Kind::address},
                                                      {"source.network", Kind::network},
                                                      {"source.url", Kind::url}});
constexpr std::string_view pattern_name = "pattern";

std::string text_of(const policy::ToldEvent& told, std::string_view name) {
  auto found = std::ranges::find(told.members, name, &policy::TreatedMember::name);
  return found == told.members.end() ? std::string() : json_text(found->json);
}

TimeUs time_of(const policy::ToldEvent& told, std::string_view name) {
  auto time = times::parse(text_of(told, name));
  return time ? *time : time_none;
}

std::string pattern_of(const policy::ToldEvent& told) {
  for (auto [field, kind] : subjects) {
    std::string value = text_of(told, field);
    if (!value.empty()) return wire::stix_pattern_of({kind, value});
  }
  return text_of(told, pattern_name);
}

}  // namespace

std::string thing_body(std::vector<std::pair<std::string, std::string>> members) {
  std::ranges::sort(members);
  std::string out;
  for (const auto& [name, json] : members) {
    if (!out.empty()) out += ',';
    out += fmt::format(R"("{}":{})", name, json);
  }
  return out;
}

std::string_view subject_of(std::string_view body) {
  for (const Member& one : Members(body)) {
    auto known = std::ranges::find(subjects, one.name, &decltype(subjects)::value_type::first);
    if (known != subjects.end()) return known->first;
  }
  return member(body, pattern_name).empty() ? std::string_view() : pattern_name;
}

policy::Item item_of(const store::Thing& thing) {
  policy::Item item{.type = thing.type, .sector = thing.sector, .country = thing.country};
  // Of a kind that no agreement knows nothing goes: requests are never offered.
  item.kind = policy::item_kind_named(thing.kind).value_or(policy::ItemKind::request);
  item.tlp = thing.tlp;
  item.pap = thing.pap;
  item.confidence = thing.confidence;
  return item;
}

policy::Gate::Foreign foreign_of(const store::Thing& thing) {
  return {.feed = thing.feed,
          .under = thing.under,
          .creator = thing.creator,
          .object = thing.body,
          .with = thing.with};
}

TimeUs end_of(const store::Thing& thing) {
  auto time = times::parse(json_text(member(thing.body, "time.observation")));
  return time && thing.kind == "indicator" ? *time : time_none;
}

std::vector<std::string> stix_of_thing(const store::Thing& thing, const policy::ToldEvent& told,
                                       std::string_view of, const wire::StixAs& as) {
  if (thing.kind == "sighting") {
    wire::StixSighting one{.of = wire::stix_own_id("indicator", as.node_namespace, of),
                           .observed_data = {},
                           .where = {},
                           .first = time_of(told, "time.source"),
                           .last = time_of(told, "time.observation"),
                           .tlp = thing.tlp};
    if (one.first == time_none || one.last == time_none) return {};
    one.count = text::number(member(thing.body, "extra.count")).value_or(1);
    return {wire::stix_of_sighting(one, as)};
  }
  std::string word = text_of(told, "classification.type"), family = text_of(told, "malware.name");
  wire::StixIndicator one{.pattern = pattern_of(told),
                          .name = family.empty() ? word : word + ": " + family,
                          .description = text_of(told, "event_description.text"),
                          .types = {"malicious-activity"},
                          .labels = {word},
                          .family = family,
                          .technique = {},
                          .from = time_of(told, "time.source"),
                          .until = time_of(told, "time.observation"),
                          .confidence = {},
                          .tlp = thing.tlp};
  if (one.pattern.empty() || word.empty() || one.from == time_none) return {};
  auto confidence = text::number(text_of(told, "feed.accuracy"));
  if (confidence && *confidence <= 100) one.confidence = static_cast<std::uint8_t>(*confidence);
  return wire::stix_of_indicator(one, as);
}

}  // namespace tocsin::share
