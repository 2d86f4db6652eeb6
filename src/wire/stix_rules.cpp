// Stix rules: what holds for objects of one type beyond the kinds of their properties.
// Source: OASIS STIX Version 2.1, sections 4 to 7.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/ip.h"
#include "base/text.h"
#include "model/country.h"
#include "model/normal.h"
#include "wire/stix_checker.h"
#include "wire/stix_pattern.h"

namespace tocsin::wire {
namespace {

using Element = simdjson::dom::element;
using Object = simdjson::dom::object;

bool is_lower_word(std::string_view text) {
  return std::ranges::none_of(
      text, [](char c) { return (c >= 'A' && c <= 'Z') || c == '_' || c == ' '; });
}

bool is_in(std::string_view text, std::string_view allowed) {
  return std::ranges::all_of(text, [&](char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
           allowed.find(c) != allowed.npos;
  });
}

// "text/plain". Source: the OASIS schemas, artifact.json.
bool is_media_type(std::string_view text) {
  constexpr auto trees = std::to_array<std::string_view>(
      {"application", "audio", "font", "image", "message", "model", "multipart", "text", "video"});
  std::string_view rest = text, tree = text::cut(rest, '/');
  rest = rest.substr(0, rest.find_first_of("; "));
  return std::ranges::find(trees, tree) != trees.end() && !rest.empty() && is_in(rest, ".+_-");
}

// An address or network in the form that its type wants.
bool is_address(std::string_view text, bool v4) {
  std::string_view length = text, address = text::cut(length, '/');
  if (address.contains(':') == v4) return false;
  if (!v4) address = address.substr(0, address.find('%'));  // a zone is part of it
  if (!ip::parse(address)) return false;
  if (!text.contains('/')) return true;
  auto bits = text::number(length);
  return bits && *bits <= (v4 ? 32u : 128u) && length == fmt::to_string(*bits);
}

bool is_mac(std::string_view text) {
  constexpr std::size_t size = 17;
  if (text.size() != size) return false;
  for (std::size_t i = 0; i < size; ++i) {
    char c = text[i];
    bool hex = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
    if (i % 3 == 2 ? c != ':' : !hex) return false;
  }
  return true;
}

// addr-spec of RFC 5322, by its form; RFC 6531 lets it have other letters.
bool is_mail(std::string_view text) {
  std::size_t at = text.rfind('@');
  if (at == text.npos || at == 0 || at + 1 == text.size()) return false;
  if (text[0] != '"' && text.find('@') != at) return false;
  return std::ranges::none_of(text.substr(text[0] == '"' ? at : 0), [](char c) {
    return static_cast<unsigned char>(c) <= ' ' || c == '\x7f' || c == '<' || c == '>' || c == ',';
  });
}

bool is_name(std::string_view text) {
  if (text.ends_with('.')) text.remove_suffix(1);
  return normal::is_plain_name(text, true) || normal::name(text, true).has_value();
}

// "cpe:2.3:" and eleven components. Source: NIST IR 7695.
bool is_cpe(std::string_view text) {
  constexpr std::string_view start = "cpe:2.3:";
  if (!text.starts_with(start)) return false;
  int colons = 0;
  for (std::size_t i = start.size(); i < text.size(); ++i) {
    if (text[i] == '\\') {
      ++i;
    } else if (text[i] == ':') {
      ++colons;
    }
  }
  return colons == 10 && !text.contains("::") && !text.ends_with(':');
}

// "en", "en-US", "eng". Source: the OASIS schemas, software.json.
bool is_software_language(std::string_view text) {
  std::string_view first = text.substr(0, text.find('-'));
  return (first.size() == 2 || first.size() == 3) && is_in(text, "-") && !text.ends_with('-') &&
         std::ranges::all_of(first, [](char c) { return c >= 'a' && c <= 'z'; });
}

// CVE-YYYY-NNNN and more digits; CAPEC-N.
bool is_numbered(std::string_view id, std::string_view prefix, std::size_t parts,
                 std::size_t digits_min) {
  if (!id.starts_with(prefix)) return false;
  id.remove_prefix(prefix.size());
  for (std::size_t i = 0; i < parts; ++i) {
    std::string_view part = id.substr(0, i + 1 < parts ? id.find('-') : id.npos);
    bool year = parts == 2 && i == 0;
    if (part.empty() || !std::ranges::all_of(part, [](char c) { return c >= '0' && c <= '9'; }))
      return false;
    if (year ? part.size() != 4 : part.size() < digits_min) return false;
    id.remove_prefix(std::min(id.size(), part.size() + 1));
  }
  return id.empty();
}

// Does a selector of a granular marking name something of the object?
bool selects(const Object& object, std::string_view selector) {
  Element value;
  if (object.at_key(text::cut(selector, '.')).get(value)) return false;
  while (!selector.empty()) {
    std::string_view step = text::cut(selector, '.');
    Object inner;
    simdjson::dom::array list;
    if (step.starts_with('[') && step.ends_with(']')) {
      auto index = text::number(step.substr(1, step.size() - 2));
      if (!index || value.get(list) || list.at(*index).get(value)) return false;
    } else if (value.get(inner) || inner.at_key(step).get(value)) {
      return false;
    }
  }
  return true;
}

}  // namespace

void StixChecker::special(const Object& object, const StixAt& at) {
  const StixShape* shape = stix_shape(stix_text(object, "type"));
  std::string_view type = shape->name;
  external_references(object, at);
  kill_chains(object, at);
  if (shape->sort == StixShape::Sort::observable) return observable_rules(object, at);
  if (type == "indicator") return indicator_rules(object, at);
  if (type == "relationship") return relationship_rules(object, at);
  if (shape->sort == StixShape::Sort::meta) return definition_rules(object, at);
  if (type == "malware") {
    bool family = false;
    if (!object.at_key("is_family").get(family) && family && !stix_has(object, "name"))
      breach(at.at("name"), "missing for a family");
  } else if (type == "malware-analysis") {
    std::string_view product = stix_text(object, "product");
    if (!is_lower_word(product))
      warn("malware-analysis-product", at.at("product"), "not lower case with hyphens");
  } else if (type == "location") {
    std::string_view country = stix_text(object, "country");
    if (!country.empty() && !Country::parse(text::upper(country)))
      warn("countries", at.at("country"), "not a country code: " + text::quote(country));
  }
}

void StixChecker::external_references(const Object& object, const StixAt& at) {
  simdjson::dom::array references;
  if (object.at_key("external_references").get(references)) return;
  std::size_t index = 0;
  StixAt list = at.at("external_references");
  for (Element one : references) {
    StixAt here = list.at(index++);
    Object reference;
    if (one.get(reference)) continue;
    std::string_view source = stix_text(reference, "source_name");
    std::string_view id = stix_text(reference, "external_id");
    StixAt id_at = here.at("external_id");
    if (source == "cve" && !is_numbered(id, "CVE-", 2, 4))
      breach(id_at, "not a CVE number: " + text::quote(id));
    if (source == "capec" && !is_numbered(id, "CAPEC-", 1, 1))
      breach(id_at, "not a CAPEC number: " + text::quote(id));
    Object hashes;
    if (reference.at_key("hashes").get(hashes)) {
      if (stix_has(reference, "url")) warn("extref-hashes", here, "a URL without a hash");
      continue;
    }
    for (auto [algorithm, value] : hashes) {
      if (!is_stix_word("hash-algo", algorithm))
        breach(here.at("hashes").at(algorithm), "a hash that the vocabulary does not have");
    }
  }
}

void StixChecker::kill_chains(const Object& object, const StixAt& at) {
  simdjson::dom::array phases;
  if (object.at_key("kill_chain_phases").get(phases)) return;
  std::size_t index = 0;
  StixAt list = at.at("kill_chain_phases");
  for (Element one : phases) {
    StixAt here = list.at(index++);
    Object phase;
    if (one.get(phase)) continue;
    for (std::string_view name : {"kill_chain_name", "phase_name"}) {
      if (!is_lower_word(stix_text(phase, name)))
        warn("kill-chain-names", here.at(name), "not lower case with hyphens");
    }
  }
}

void StixChecker::markings(const Object& object, const StixAt& at) {
  std::string_view id = stix_text(object, "id");
  simdjson::dom::array list;
  if (!object.at_key("object_marking_refs").get(list)) {
    std::size_t index = 0;
    for (Element one : list) {
      StixAt refs = at.at("object_marking_refs");
      std::string_view ref;
      if (!one.get(ref) && ref == id) breach(refs.at(index), "a marking that marks itself");
      ++index;
    }
  }
  if (object.at_key("granular_markings").get(list)) return;
  std::size_t index = 0;
  StixAt all = at.at("granular_markings");
  for (Element one : list) {
    StixAt here = all.at(index++), names = here.at("selectors");
    Object marking;
    if (one.get(marking)) continue;
    if (!id.empty() && stix_text(marking, "marking_ref") == id)
      breach(here.at("marking_ref"), "a marking that marks itself");
    simdjson::dom::array selectors;
    if (marking.at_key("selectors").get(selectors)) continue;
    std::size_t number = 0;
    for (Element selector : selectors) {
      std::string_view text;
      StixAt place = names.at(number++);
      if (!selector.get(text) && (text.empty() || !selects(object, text)))
        breach(place, "selects nothing of the object: " + text::quote(text));
    }
  }
}

void StixChecker::indicator_rules(const Object& object, const StixAt& at) {
  if (!stix_has(object, "name") || !stix_has(object, "description"))
    warn("indicator-properties", at, "no name, or no description");
  std::string_view pattern = stix_text(object, "pattern"), type = stix_text(object, "pattern_type");
  if (pattern.empty() || (type != "stix" && !(old_ && type.empty()))) return;
  auto parsed =
      parse_stix_pattern(pattern, old_ ? StixPatternVersion::v20 : StixPatternVersion::v21);
  if (!parsed) return breach(at.at("pattern"), parsed.error().what);
  for (const StixComparison& comparison : parsed->comparisons) {
    std::string_view name;
    if (!comparison.path.empty()) name = comparison.path[0].name;
    const StixShape* known = stix_shape(comparison.type);
    if (known && known->property(name)) continue;
    if (!is_stix_type_name(comparison.type))
      breach(at.at("pattern"), "not the name of a type: " + text::quote(comparison.type));
    if (!is_stix_property_name(name))
      breach(at.at("pattern"), "not the name of a property: " + text::quote(name));
  }
}

void StixChecker::relationship_rules(const Object& object, const StixAt& at) {
  std::string_view type = stix_text(object, "relationship_type");
  bool word = !type.empty() && std::ranges::all_of(type, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  });
  if (!word && stix_has(object, "relationship_type"))
    return breach(at.at("relationship_type"), "not lower case letters, digits and hyphens");
  std::string_view source = stix_type_of(stix_text(object, "source_ref"));
  std::string_view target = stix_type_of(stix_text(object, "target_ref"));
  StixRelation relation = stix_relation(source, type, target);
  if (relation == StixRelation::suggested) return;
  bool at_source = relation == StixRelation::other_source;
  warn("relationship-types", at.at(at_source ? "source_ref" : "target_ref"),
       fmt::format("the standard suggests no {} {} {}", source, type, target));
}

void StixChecker::definition_rules(const Object& object, const StixAt& at) {
  std::string_view type = stix_text(object, "type");
  if (type == "extension-definition") {
    simdjson::dom::array types;
    bool toplevel = false;
    if (!object.at_key("extension_types").get(types)) {
      for (Element one : types) {
        std::string_view text;
        toplevel |= !one.get(text) && text == "toplevel-property-extension";
      }
    }
    if (!toplevel && stix_has(object, "extension_properties"))
      breach(at.at("extension_properties"), "only of a toplevel-property-extension");
    return;
  }
  if (type != "marking-definition") return;
  std::string_view kind = stix_text(object, "definition_type");
  bool extended = stix_has(object, "extensions");
  for (std::string_view name : {"definition_type", "definition"}) {
    if (!stix_has(object, name) && (!extended || stix_has(object, "definition_type")))
      breach(at.at(name), "missing");
  }
  Object definition;
  StixAt here = at.at("definition");
  if (!object.at_key("definition").get(definition)) {
    if (kind == "statement" && stix_text(definition, "statement").empty())
      breach(here.at("statement"), "missing, or not a text");
    if (kind == "tlp") return tlp_rules(object, at);
  } else if (stix_has(object, "definition")) {
    return breach(here, "not a dictionary");
  }
  if (!kind.empty() && kind != "statement" && kind != "tlp")
    warn("marking-definition-type", at.at("definition_type"),
         "neither statement nor tlp: " + text::quote(kind));
}

// There are four of them, and no others.
void StixChecker::tlp_rules(const Object& object, const StixAt& at) {
  struct Tlp1 {
    std::string_view name, label, id;
  };
  constexpr auto labels = std::to_array<Tlp1>(
      {{"white", "TLP:WHITE", "marking-definition--613f2e26-407d-48c7-9eca-b8e91df99dc9"},
       {"green", "TLP:GREEN", "marking-definition--34098fce-860f-48ae-8e50-ebd3cc5e41da"},
       {"amber", "TLP:AMBER", "marking-definition--f88d31f6-486f-44da-b317-01333bde0b82"},
       {"red", "TLP:RED", "marking-definition--5e57c739-391a-4eb3-b6be-7d15ca92d5ed"}});
  Object definition;
  if (object.at_key("definition").get(definition)) return;
  std::string_view tlp = stix_text(definition, "tlp");
  auto row = std::ranges::find(labels, tlp, &Tlp1::name);
  if (row == labels.end())
    return breach(at.at("definition").at("tlp"), "not white, green, amber or red");
  if (stix_text(object, "id") != row->id)
    breach(at.at("id"), fmt::format("not that of {}: {}", row->label, row->id));
  if (!old_ && stix_text(object, "name") != row->label)
    breach(at.at("name"), fmt::format("not {}", row->label));
  auto created = stix_time(stix_text(object, "created"));
  if (created != stix_time("2017-01-20T00:00:00.000Z"))
    breach(at.at("created"), "not 2017-01-20T00:00:00.000Z");
}

void StixChecker::observable_rules(const Object& object, const StixAt& at) {
  std::string_view type = stix_text(object, "type"), value = stix_text(object, "value");
  bool defanged = false;
  if (object.at_key("defanged").get(defanged)) defanged = false;
  auto wrong_value = [&](bool fits, std::string_view what) {
    if (!fits && !defanged && stix_has(object, "value"))
      breach(at.at("value"), fmt::format("not {}: {}", what, text::quote(value)));
  };
  if (type == "ipv4-addr") wrong_value(is_address(value, true), "an IPv4 address or network");
  if (type == "ipv6-addr") wrong_value(is_address(value, false), "an IPv6 address or network");
  if (type == "mac-addr") wrong_value(is_mac(value), "a MAC address in lower case with colons");
  if (type == "domain-name") wrong_value(is_name(value), "a domain name");
  if (type == "email-addr") wrong_value(is_mail(value), "a mail address");
  if (type == "network-traffic") traffic_rules(object, at);
  if (type == "email-message") mail_rules(object, at);
  if (type == "software") software_rules(object, at);
  if (type == "artifact" || type == "file") {
    std::string_view media = stix_text(object, "mime_type");
    if (!media.empty() && !is_media_type(media)) {
      std::string what = "not a media type: " + text::quote(media);
      if (type == "file") warn("mime-type", at.at("mime_type"), what);
      if (type == "artifact") breach(at.at("mime_type"), what);
    }
  }
  for (std::string_view name : {"path_enc", "name_enc"}) {
    std::string_view charset = stix_text(object, name);
    if (stix_has(object, name) && (charset.size() < 2 || !is_in(charset, "/.+_:-()")))
      breach(at.at(name), "not the name of a character set: " + text::quote(charset));
  }
  if (type == "windows-registry-key") {
    constexpr auto hives = std::to_array<std::string_view>({"hklm", "hkcc", "hkcr", "hkcu", "hku"});
    std::string_view key = stix_text(object, "key");
    std::string hive = text::lower(key.substr(0, key.find('\\')));
    if (std::ranges::find(hives, hive) != hives.end())
      breach(at.at("key"), "a hive's abbreviation: " + text::quote(key));
  }
  extension_warnings(object, at);
  dictionary_keys(object, at);
}

void StixChecker::traffic_rules(const Object& object, const StixAt& at) {
  bool active = false;
  if (!object.at_key("is_active").get(active) && active && stix_has(object, "end"))
    breach(at.at("end"), "an end of what is still active");
  if (!stix_has(object, "src_port") || !stix_has(object, "dst_port"))
    warn("network-traffic-ports", at, "not both src_port and dst_port");
  simdjson::dom::array protocols;
  std::size_t index = 0;
  StixAt list = at.at("protocols");
  if (!object.at_key("protocols").get(protocols)) {
    for (Element one : protocols) {
      std::string_view name;
      StixAt here = list.at(index++);
      if (!one.get(name) && (name.empty() || name.size() > 15 || !is_in(name, "-")))
        warn("protocols", here, "not a protocol or service of IANA's: " + text::quote(name));
    }
  }
  Object ipfix;
  if (object.at_key("ipfix").get(ipfix)) return;
  for (auto [key, value] : ipfix) {
    StixAt dictionary = at.at("ipfix"), here = dictionary.at(key);
    if (!value.is_string() && !value.is_int64() && !value.is_uint64())
      breach(here, "neither a text nor an integer");
    if (key.empty() || key[0] < 'a' || key[0] > 'z' || !is_in(key, ""))
      warn("ipfix", here, "not an information element of IPFIX");
  }
}

void StixChecker::mail_rules(const Object& object, const StixAt& at) {
  bool multipart = false;
  if (object.at_key("is_multipart").get(multipart)) return;
  std::string_view not_both = multipart ? "body" : "body_multipart";
  if (stix_has(object, not_both))
    breach(at.at(not_both), fmt::format("beside is_multipart {}", multipart));
}

void StixChecker::software_rules(const Object& object, const StixAt& at) {
  std::string_view cpe = stix_text(object, "cpe");
  if (stix_has(object, "cpe") && !is_cpe(cpe))
    breach(at.at("cpe"), "not a CPE 2.3 name: " + text::quote(cpe));
  simdjson::dom::array languages;
  if (object.at_key("languages").get(languages)) return;
  std::size_t index = 0;
  StixAt list = at.at("languages");
  for (Element one : languages) {
    std::string_view text;
    StixAt here = list.at(index++);
    if (!one.get(text) && !is_software_language(text))
      breach(here, "not a language code: " + text::quote(text));
  }
}

void StixChecker::extension_warnings(const Object& object, const StixAt& at) {
  Object extensions;
  if (object.at_key("extensions").get(extensions)) return;
  StixAt all = at.at("extensions");
  auto inner = [&](std::string_view key, std::string_view name, Object& found) {
    Object extension;
    return !extensions.at_key(key).get(extension) && !extension.at_key(name).get(found);
  };
  Object found;
  if (inner("http-request-ext", "request_header", found)) {
    StixAt http = all.at("http-request-ext"), headers = http.at("request_header");
    for (auto [key, value] : found) {
      if (!is_stix_word("http-request-headers", key))
        warn("http-request-headers", headers.at(key), "a header that is not known");
      if (!value.is_array() && !value.is_null()) breach(headers.at(key), "not a list");
    }
  }
  if (inner("pdf-ext", "document_info_dict", found)) {
    StixAt pdf = all.at("pdf-ext"), info = pdf.at("document_info_dict");
    for (auto [key, value] : found) {
      if (!is_stix_word("pdf-doc-info", key))
        warn("pdf-doc-info", info.at(key), "not a key of PDF's document information");
      if (!value.is_string() && !value.is_null()) breach(info.at(key), "not a text");
    }
  }
  Object process;
  if (extensions.at_key("windows-process-ext").get(process)) return;
  std::string_view priority = stix_text(process, "priority");
  if (!priority.empty() && !priority.ends_with("_CLASS"))
    warn("windows-process-priority-format", all.at("windows-process-ext"),
         "a priority that does not end in _CLASS");
}

// Keys of dictionaries are lower case, but where the standard has them come from elsewhere.
void StixChecker::dictionary_keys(const Object& object, const StixAt& at) {
  constexpr auto others = std::to_array<std::string_view>(
      {"additional_header_fields", "document_info_dict", "environment_variables", "exif_tags",
       "file_header_hashes", "hashes", "ipfix", "options", "request_header", "startup_info"});
  for (auto [key, value] : object) {
    StixAt here = at.at(key);
    if (std::ranges::any_of(key, [](char c) { return c >= 'A' && c <= 'Z'; }))
      warn("observable-dictionary-keys", here, "a key in capitals");
    Object inner;
    if (std::ranges::find(others, key) == others.end() && !value.get(inner))
      dictionary_keys(inner, here);
  }
}

}  // namespace tocsin::wire
