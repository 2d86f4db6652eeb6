#include "wire/stix_marking.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.h"
#include "wire/stix_words.h"

namespace tocsin::wire {
namespace {

using Object = simdjson::dom::object;

constexpr std::string_view tlp2_extension =
    "extension-definition--60a3c5c5-0d10-413e-aab3-9e08dde9e88d";

struct Known {
  std::string_view id;
  StixMarking marking;
};
constexpr auto everybodys = std::to_array<Known>({
    // TLP 2.0
    {"marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487", {.tlp = Tlp::clear}},
    {"marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb", {.tlp = Tlp::green}},
    {"marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421", {.tlp = Tlp::amber}},
    {"marking-definition--939a9414-2ddd-4d32-a0cd-375ea402b003", {.tlp = Tlp::amber_strict}},
    {"marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1", {.tlp = Tlp::red}},
    // TLP 1.0; its WHITE is CLEAR
    {"marking-definition--613f2e26-407d-48c7-9eca-b8e91df99dc9", {.tlp = Tlp::clear}},
    {"marking-definition--34098fce-860f-48ae-8e50-ebd3cc5e41da", {.tlp = Tlp::green}},
    {"marking-definition--f88d31f6-486f-44da-b317-01333bde0b82", {.tlp = Tlp::amber}},
    {"marking-definition--5e57c739-391a-4eb3-b6be-7d15ca92d5ed", {.tlp = Tlp::red}},
    // PAP as statements: UUIDs of version 5 of "PAP:CLEAR" ... in Tocsin's namespace
    {"marking-definition--f95422bb-d57d-547d-a3f1-cb5371b338b1", {.pap = Pap::clear}},
    {"marking-definition--5e90b7c2-a577-5358-83da-16c098532da5", {.pap = Pap::green}},
    {"marking-definition--53eaa1ff-601a-5b06-9ac7-d2b8bb6cbe27", {.pap = Pap::amber}},
    {"marking-definition--edd4e49c-adc4-5bf1-9d2b-8b2a991b23da", {.pap = Pap::red}},
});

// "PAP:AMBER" in a statement, or under whatever name.
std::optional<Pap> pap_in(std::string_view text) {
  std::string upper = text::upper(text::trim(text));
  return upper.starts_with("PAP:") ? pap_named(upper) : std::nullopt;
}

bool is_stricter(Pap a, Pap b) {
  return b == Pap::unmarked || (a != Pap::unmarked && a > b);
}
bool is_stricter(Tlp a, Tlp b) {
  return b == Tlp::unmarked || (a != Tlp::unmarked && a > b);
}

// Does one of the two selectors name the other, or something in it?
bool overlap(std::string_view a, std::string_view b) {
  if (a.size() > b.size()) std::swap(a, b);
  return b.starts_with(a) && (a.size() == b.size() || b[a.size()] == '.');
}

}  // namespace

std::optional<StixMarking> stix_marking_of(std::string_view id) {
  auto found = std::ranges::find(everybodys, id, &Known::id);
  if (found == everybodys.end()) return std::nullopt;
  return found->marking;
}

std::optional<StixMarking> stix_marking_of(const Object& definition) {
  if (auto known = stix_marking_of(stix_text(definition, "id"))) return known;
  // TLP has the ids above and no others: what else claims to be CLEAR is not.
  std::string type = text::lower(stix_text(definition, "definition_type"));
  Object inner;
  if (type == "tlp" || stix_has(definition, "extensions") ||
      definition.at_key("definition").get(inner))
    return std::nullopt;
  for (auto [name, value] : inner) {
    std::string_view text;
    if (value.get(text)) continue;
    if (auto pap = pap_in(text)) return StixMarking{.pap = *pap};
  }
  if (type == "statement") return StixMarking{};
  return std::nullopt;
}

std::string_view stix_marking_id(Tlp tlp) {
  Tlp wanted = tlp == Tlp::unmarked ? Tlp::red : tlp;
  return std::ranges::find_if(everybodys,
                              [&](const Known& row) { return row.marking.tlp == wanted; })
      ->id;
}

std::string_view stix_marking_id(Pap pap) {
  if (pap == Pap::unmarked) return {};
  return std::ranges::find_if(everybodys, [&](const Known& row) { return row.marking.pap == pap; })
      ->id;
}

std::string stix_marking_json(Tlp tlp) {
  Tlp wanted = tlp == Tlp::unmarked ? Tlp::red : tlp;
  return fmt::format(R"({{"type":"marking-definition","spec_version":"2.1","id":"{}",)"
                     R"("created":"2022-10-01T00:00:00.000Z","name":"TLP:{}","extensions":{{"{}":)"
                     R"({{"extension_type":"property-extension","tlp_2_0":"{}"}}}}}})",
                     stix_marking_id(wanted), text::upper(name(wanted)), tlp2_extension,
                     name(wanted));
}

std::string stix_marking_json(Pap pap) {
  if (pap == Pap::unmarked) return {};
  std::string label = "PAP:" + text::upper(name(pap));
  return fmt::format(
      R"({{"type":"marking-definition","spec_version":"2.1","id":"{0}",)"
      R"("created":"2026-01-01T00:00:00.000Z","name":"{1}","definition_type":"statement",)"
      R"("definition":{{"statement":"{1}"}}}})",
      stix_marking_id(pap), label);
}

void StixMarkings::add(const Object& object) {
  if (stix_text(object, "type") != "marking-definition") return;
  if (auto marking = stix_marking_of(object))
    held_.insert_or_assign(std::string(stix_text(object, "id")), *marking);
}

std::optional<StixMarking> StixMarkings::find(std::string_view id) const {
  if (auto known = stix_marking_of(id)) return known;
  auto found = held_.find(id);
  if (found == held_.end()) return std::nullopt;
  return found->second;
}

void StixMarkings::tighten(StixMarking& marking, std::string_view id) const {
  auto other = find(id).value_or(StixMarking{.tlp = Tlp::red, .known = false});
  if (is_stricter(other.tlp, marking.tlp)) marking.tlp = other.tlp;
  if (is_stricter(other.pap, marking.pap)) marking.pap = other.pap;
  marking.known = marking.known && other.known;
}

StixMarking StixMarkings::in_effect(const StixObject& object) const {
  StixMarking out;
  for (const auto& id : object.markings) tighten(out, id);
  for (const auto& part : object.granular) {
    if (!part.marking.empty()) tighten(out, part.marking);
  }
  return out;
}

StixMarking StixMarkings::in_effect(const StixObject& object, std::string_view selector) const {
  StixMarking out;
  for (const auto& id : object.markings) tighten(out, id);
  for (const auto& part : object.granular) {
    bool touches = std::ranges::any_of(
        part.selectors, [&](const std::string& other) { return overlap(other, selector); });
    if (touches && !part.marking.empty()) tighten(out, part.marking);
  }
  return out;
}

}  // namespace tocsin::wire
