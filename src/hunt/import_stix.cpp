// Import of STIX: indicator objects, with the malware and techniques that relationships say they
// indicate, and their markings. Source: OASIS STIX Version 2.1, sections 4.7, 5.1, 7.2.
#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <map>
#include <unordered_map>

#include "base/text.h"
#include "hunt/importer.h"
#include "wire/stix_check.h"
#include "wire/stix_marking.h"
#include "wire/stix_object.h"
#include "wire/stix_words.h"

namespace tocsin::hunt {
namespace {

using simdjson::dom::element;
using simdjson::dom::object;
using wire::stix_text;

std::vector<std::string_view> texts(const object& from, std::string_view name) {
  std::vector<std::string_view> out;
  simdjson::dom::array list;
  if (from.at_key(name).get(list)) return out;
  for (element item : list) {
    std::string_view text;
    if (!item.get(text)) out.push_back(text);
  }
  return out;
}

// "T1566.001" of an attack-pattern or an indicator that names its technique itself.
std::vector<std::string> techniques_of(const object& from) {
  std::vector<std::string> out;
  simdjson::dom::array list;
  if (from.at_key("external_references").get(list)) return out;
  for (element item : list) {
    object reference;
    if (item.get(reference) || !stix_text(reference, "source_name").contains("mitre")) continue;
    std::string_view id = stix_text(reference, "external_id");
    if (id.starts_with('T') && !id.starts_with("TA") && out.size() < techniques_max)
      out.emplace_back(id);
  }
  return out;
}

class Bundle {
 public:
  explicit Bundle(Importer& importer) : importer_(importer) {}

  // What other objects say, before the indicators are read.
  void note(const object& one) {
    std::string_view type = stix_text(one, "type"), id = stix_text(one, "id");
    markings_.add(one);
    if (type == "malware" && !stix_text(one, "name").empty())
      malware_.emplace(id, shortened(stix_text(one, "name"), family_bytes_max));
    if (type == "attack-pattern") techniques_.emplace(id, techniques_of(one));
    if (type == "relationship" && stix_text(one, "relationship_type") == "indicates")
      indicates_.emplace(stix_text(one, "source_ref"), stix_text(one, "target_ref"));
  }

  Result<void> indicator(const object& one) {
    importer_.begin_entry();
    auto types = texts(one, "indicator_types");
    if (!types.empty() && std::ranges::all_of(types, [](auto t) { return t == "benign"; })) {
      ++importer_.result().skipped;
      return {};
    }
    std::string_view language = stix_text(one, "pattern_type");
    if (!language.empty() && language != "stix")
      return invalid(
          fmt::format("a pattern of {}: only those of STIX are kept", text::quote(language)));
    Claim claim = TRY(claim_of(one));
    std::optional<Type> said = type_of(one);
    for (auto& observable : TRY(observables_of_pattern(stix_text(one, "pattern"))))
      TRY(importer_.take(std::move(observable), claim, said));
    return {};
  }

 private:
  static Result<TimeUs> time_of(const object& one, std::string_view name, TimeUs otherwise) {
    std::string_view text = stix_text(one, name);
    if (text.empty()) return otherwise;
    auto time = wire::stix_time(text);
    if (!time) return invalid(fmt::format("{}: no time: {}", name, text::quote(text)));
    return time->us();
  }

  Result<Claim> claim_of(const object& one) const {
    Claim claim = importer_.wish().usual;
    std::string_view id = stix_text(one, "id");
    claim.object = id;
    claim.from = TRY(time_of(one, "valid_from", claim.from));
    claim.until = TRY(time_of(one, "valid_until", claim.until));
    std::uint64_t confidence = 0;
    if (!one.at_key("confidence").get(confidence) && confidence <= 100)
      claim.confidence = static_cast<std::uint8_t>(confidence);
    if (one.at_key("revoked").get(claim.revoked)) claim.revoked = false;
    std::string_view title = stix_text(one, "name"), words = stix_text(one, "description");
    std::string whole(title.empty() || words.empty() ? std::string(title) + std::string(words)
                                                     : fmt::format("{}: {}", title, words));
    if (!whole.empty()) claim.text = shortened(whole, text_bytes_max);
    auto marking = marking_of(one);
    if (marking.tlp != Tlp::unmarked) claim.tlp = marking.tlp;
    if (marking.pap != Pap::unmarked) claim.pap = marking.pap;
    auto own = techniques_of(one);
    if (!own.empty()) claim.techniques = own;
    auto [begin, end] = indicates_.equal_range(std::string(id));
    for (auto at = begin; at != end; ++at) {
      if (auto found = malware_.find(at->second); found != malware_.end())
        claim.family = found->second;
      if (auto found = techniques_.find(at->second); found != techniques_.end())
        std::ranges::copy(found->second, std::back_inserter(claim.techniques));
    }
    return claim;
  }

  wire::StixMarking marking_of(const object& one) const {
    wire::StixObject view;
    for (std::string_view id : texts(one, "object_marking_refs")) view.markings.emplace_back(id);
    simdjson::dom::array list;
    if (!one.at_key("granular_markings").get(list)) {
      for (element item : list) {
        object part;
        if (!item.get(part))
          view.granular.push_back({std::string(stix_text(part, "marking_ref")), {}});
      }
    }
    return markings_.in_effect(view);
  }

  // A type of RSIT among its labels; a controller by its place in the kill chain.
  static std::optional<Type> type_of(const object& one) {
    for (std::string_view label : texts(one, "labels")) {
      if (auto type = type_named(label)) return type;
    }
    simdjson::dom::array phases;
    if (one.at_key("kill_chain_phases").get(phases)) return std::nullopt;
    for (element item : phases) {
      object phase;
      if (!item.get(phase) && stix_text(phase, "phase_name") == "command-and-control")
        return Type::c2_server;
    }
    return std::nullopt;
  }

  Importer& importer_;
  wire::StixMarkings markings_;
  std::unordered_map<std::string, std::string> malware_;
  std::unordered_map<std::string, std::vector<std::string>> techniques_;
  std::unordered_multimap<std::string, std::string> indicates_;
};

}  // namespace

Result<void> import_stix(std::string_view bytes, Importer& importer) {
  std::vector<std::string_view> all = {text::trim(bytes)};
  auto objects = wire::stix_objects_in(bytes);
  if (objects) all = *std::move(objects);
  simdjson::dom::parser parser;
  Bundle bundle(importer);
  for (std::string_view json : all) {
    object one;
    if (!parser.parse(json.data(), json.size()).get(one)) bundle.note(one);
  }
  bool any = false;
  for (std::size_t i = 0; i < all.size(); ++i) {
    element root;
    object one;
    if (parser.parse(all[i].data(), all[i].size()).get(root) || root.get(one)) continue;
    any = any || wire::stix_has(one, "type");
    if (stix_text(one, "type") != "indicator") continue;
    // Objects of STIX 2.0 have no version of their own.
    auto verdict = wire::check_stix(root, !wire::stix_has(one, "spec_version"));
    Result<void> done;
    if (verdict.valid()) {
      done = bundle.indicator(one);
    } else {
      importer.begin_entry();
      done = invalid(verdict.breaches[0].text());
    }
    if (!done && done.error().fault == Fault::unavailable) return done;
    if (!done) importer.reject(i + 1, done.error());
  }
  if (!any) return objects ? invalid("no STIX objects in it") : std::unexpected(objects.error());
  return {};
}

}  // namespace tocsin::hunt
