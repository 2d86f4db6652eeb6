// Import of MISP: the attributes of events that are meant for detection, by the patterns that
// misp-stix has for their types. Source: MISP core format, draft-dulaunoy-misp-core-format;
// MISP taxonomies and galaxies, for the tags.
#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>

#include "base/text.h"
#include "hunt/importer.h"
#include "wire/misp_stix.h"
#include "wire/stix_words.h"

namespace tocsin::hunt {
namespace {

using simdjson::dom::element;
using simdjson::dom::object;
using wire::stix_text;

// What a MISP event, an object or an attribute says for all in it.
struct Shared {
  Claim claim;
  std::optional<Type> type;
  std::string info;
  bool has_tlp = false, has_pap = false;  // tags said so; of several the strictest holds
};

// rsit:malicious-code="c2-server" -> "c2-server"
std::string_view quoted_part(std::string_view tag) {
  std::size_t begin = tag.find("=\"");
  if (begin == tag.npos || !tag.ends_with('"') || begin + 2 >= tag.size()) return {};
  return tag.substr(begin + 2, tag.size() - begin - 3);
}

void take_tag(std::string_view tag, Shared& shared) {
  std::string low = text::lower(tag);
  std::string_view value = quoted_part(tag);
  if (low.starts_with("tlp:")) {
    // A label that nobody knows is red.
    Tlp tlp = tlp_named(tag).value_or(Tlp::red);
    shared.claim.tlp = shared.has_tlp ? std::max(shared.claim.tlp, tlp) : tlp;
    shared.has_tlp = true;
  } else if (low.starts_with("pap:")) {
    Pap pap = pap_named(tag).value_or(Pap::red);
    shared.claim.pap = shared.has_pap ? std::max(shared.claim.pap, pap) : pap;
    shared.has_pap = true;
  } else if (low.starts_with("rsit:")) {
    if (auto type = type_named(value)) shared.type = type;
  } else if (low.starts_with("misp-galaxy:")) {
    std::string_view galaxy = std::string_view(low).substr(12, low.find('=') - 12);
    std::size_t dash = value.rfind(" - ");
    if (galaxy == "mitre-attack-pattern" && dash != value.npos) {
      if (shared.claim.techniques.size() < techniques_max)
        shared.claim.techniques.emplace_back(value.substr(dash + 3));
    }
    for (std::string_view kind : {"malpedia", "botnet", "banker", "rat", "stealer", "ransomware",
                                  "backdoor", "mitre-malware", "cryptominers"}) {
      if (galaxy == kind)
        shared.claim.family = shortened(value.substr(0, value.find(" - ")), family_bytes_max);
    }
  }
}

void take_tags(const object& holder, Shared& shared) {
  simdjson::dom::array tags;
  if (holder.at_key("Tag").get(tags)) return;
  for (element item : tags) {
    object tag;
    if (!item.get(tag)) take_tag(stix_text(tag, "name"), shared);
  }
}

bool is_set(const object& one, std::string_view name) {
  element value;
  if (one.at_key(name).get(value)) return false;
  bool yes = false;
  std::int64_t number = 0;
  std::string_view text;
  if (!value.get(yes)) return yes;
  if (!value.get(number)) return number != 0;
  return !value.get(text) && (text == "1" || text == "true");
}

class Reading {
 public:
  explicit Reading(Importer& importer) : importer_(importer) {}

  // Errors: unavailable.
  Result<void> anything(element value, const Shared& shared, int depth) {
    constexpr int depth_max = 6;
    simdjson::dom::array list;
    object one;
    if (depth > depth_max) return {};
    if (!value.get(list)) {
      for (element item : list) TRY(anything(item, shared, depth + 1));
      return {};
    }
    if (value.get(one)) return {};
    Shared own = shared;
    own.info = stix_text(one, "info").empty() ? own.info : std::string(stix_text(one, "info"));
    take_tags(one, own);
    for (std::string_view name : {"Event", "response", "Object"}) {
      element below;
      if (!one.at_key(name).get(below)) TRY(anything(below, own, depth + 1));
    }
    simdjson::dom::array attributes;
    if (one.at_key("Attribute").get(attributes)) return {};
    for (element item : attributes) {
      object attribute;
      ++place_;
      if (item.get(attribute)) continue;
      auto done = take(attribute, own);
      if (!done && done.error().fault == Fault::unavailable) return done;
      if (!done) importer_.reject(place_, done.error());
    }
    return {};
  }
  std::size_t attributes() const { return place_; }

 private:
  Result<void> take(const object& attribute, Shared shared) {
    importer_.begin_entry();
    if (!is_set(attribute, "to_ids") || is_set(attribute, "deleted")) {
      ++importer_.result().skipped;
      return {};
    }
    take_tags(attribute, shared);
    Claim& claim = shared.claim;
    std::string_view type = stix_text(attribute, "type");
    std::string pattern = wire::misp_pattern(type, stix_text(attribute, "value"));
    if (pattern.empty())
      return invalid(
          fmt::format("an attribute of type {}, which no pattern looks for", text::quote(type)));
    claim.object = stix_text(attribute, "uuid");
    std::string_view comment = stix_text(attribute, "comment"),
                     first = stix_text(attribute, "first_seen");
    std::string words = shared.info;
    if (!comment.empty()) words += fmt::format("{}{}", words.empty() ? "" : ": ", comment);
    if (!words.empty()) claim.text = shortened(words, text_bytes_max);
    if (!first.empty()) claim.from = TRY(time_said(first));
    for (auto& observable : TRY(observables_of_pattern(pattern)))
      TRY(importer_.take(std::move(observable), claim, shared.type));
    return {};
  }

  Importer& importer_;
  std::size_t place_ = 0;
};

}  // namespace

Result<void> import_misp(std::string_view bytes, Importer& importer) {
  simdjson::dom::parser parser;
  element root;
  if (auto wrong = parser.parse(bytes.data(), bytes.size()).get(root))
    return invalid(fmt::format("no JSON: {}", simdjson::error_message(wrong)));
  Reading reading(importer);
  TRY(reading.anything(root, {.claim = importer.wish().usual, .type = {}, .info = {}}, 0));
  if (reading.attributes() == 0) return invalid("no attributes of MISP in it");
  return {};
}

}  // namespace tocsin::hunt
