// Misp stix, writing: see misp_stix.h.
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "base/ip.h"
#include "base/json.h"
#include "base/text.h"
#include "wire/misp_stix.h"
#include "wire/misp_stix_table.h"
#include "wire/stix_check.h"
#include "wire/stix_id.h"
#include "wire/stix_words.h"

namespace tocsin::wire {
namespace {

using json::Writer;

bool is_number(std::string_view key) {
  return key.ends_with("_port") || key.ends_with(":number") || key.ends_with(":size");
}

std::pair<std::string_view, std::string_view> at_colon(std::string_view key) {
  std::size_t colon = key.find(':');
  return {key.substr(0, colon), key.substr(colon + 1)};
}

// The type of what an end is.
std::string_view end_type(std::string_view value) {
  if (auto network = ip::parse_network(value))
    return value.contains(':') ? "ipv6-addr" : "ipv4-addr";
  return value.contains('@') ? "email-addr" : "domain-name";
}

std::string comparison(std::string_view key, std::string_view value) {
  auto [type, path] = at_colon(key);
  std::string out = fmt::format("{}:", type), before;
  bool first = true;
  for (std::string_view rest = path; !rest.empty();) {
    std::string_view step = text::cut(rest, '.');
    if (before == "hashes") step = stix_algorithm(step);
    if (!first) out += '.';
    first = false;
    out += step.contains('-') ? stix_quoted(step) : std::string(step);
    if (step.ends_with("_refs") || step == "values" || step == "received_lines") out += "[*]";
    before = step;
  }
  out += " = " + (is_number(key) ? std::string(value) : stix_quoted(value));
  if (!path.ends_with("c_ref.value") && !path.ends_with("t_ref.value")) return out;
  return fmt::format("{}:{}.type = '{}' AND {}", type, path.substr(0, path.find('.')),
                     end_type(value), out);
}

// The observables of an attribute, each once, in the order in which they refer to each other.
class Observables {
 public:
  std::vector<std::string> json, ids;

  void add(const MispMapping& mapping, const std::vector<std::string>& values) {
    std::map<std::string_view, std::vector<std::size_t>> by_type;
    for (std::size_t i = 0; i < mapping.parts.size(); ++i)
      by_type[at_colon(mapping.parts[i]).first].push_back(i);
    for (const auto& [type, places] : by_type) {
      Writer w;
      w.object();
      for (std::size_t i : places) property(w, at_colon(mapping.parts[i]).second, values[i]);
      if (type == "email-message") w.member("is_multipart", false);
      // hostname|port: the name has come before.
      if (type == "network-traffic" && places.size() < mapping.parts.size())
        w.member("dst_ref", ids.back());
      if (type == "network-traffic") w.key("protocols").list().value("tcp").end();
      put(type, w);
    }
  }

 private:
  std::string put(std::string_view type, Writer& w) {
    std::string body = w.end().take().substr(1);
    auto id = stix_observable_id(fmt::format(R"({{"type":"{}",{})", type, body));
    // What has nothing that would make an id has one by all of it.
    std::string own = id && !id->empty() ? *id : stix_own_id(type, tocsin_namespace(), body);
    if (std::ranges::find(ids, own) == ids.end()) {
      ids.push_back(own);
      json.push_back(
          fmt::format(R"({{"type":"{}","spec_version":"2.1","id":"{}",{})", type, own, body));
    }
    return own;
  }
  std::string end(std::string_view value) {
    Writer w;
    w.object().member("value", value);
    return put(end_type(value), w);
  }
  void property(Writer& w, std::string_view path, const std::string& value) {
    std::string_view rest = path, name = text::cut(rest, '.');
    if (name == "hashes") {
      w.key(name).object().member(stix_algorithm(rest), value).end();
    } else if (name.ends_with("_ref")) {
      w.member(name, end(value));
    } else if (name.ends_with("_refs")) {
      w.key(name).list().value(end(value)).end();
    } else if (name == "received_lines") {
      w.key(name).list().value(value).end();
    } else if (name == "additional_header_fields") {
      w.key(name).object().member(rest, value).end();
    } else if (name == "values") {
      w.key(name).list().object().member(rest, value).end().end();
    } else if (name.ends_with("_port") || name == "number" || name == "size") {
      w.key(name).raw(value);
    } else {
      w.member(name, value);
    }
  }
};

// Those that no observable has: what a request says, and a port alone.
bool is_pattern_only(std::string_view type) {
  return type == "http-method" || type == "user-agent" || type == "port";
}

// What our objects of an attribute have in common.
class Writing {
 public:
  Writing(const MispAttribute& attribute, Tlp tlp, const StixAs& as)
      : attribute_(attribute), tlp_(tlp), as_(as) {}

  std::string id(std::string_view type) const {
    return stix_own_id(type, as_.node_namespace, "misp " + seed());
  }
  std::string stamp() const {
    return stix_stamp(attribute_.time == time_none ? 0 : attribute_.time);
  }

  Writer start(std::string_view type) const {
    Writer w;
    w.object().member("type", type).member("spec_version", "2.1").member("id", id(type));
    w.member("created", stamp()).member("modified", stamp());
    if (!as_.identity.empty()) w.member("created_by_ref", as_.identity);
    w.key("object_marking_refs").list().value(stix_marking_id(tlp_));
    if (as_.pap != Pap::unmarked) w.value(stix_marking_id(as_.pap));
    w.end();
    if (type == "relationship") return w;
    w.key("labels").list().value(fmt::format("misp:type=\"{}\"", attribute_.type));
    if (!attribute_.category.empty())
      w.value(fmt::format("misp:category=\"{}\"", attribute_.category));
    w.end();
    w.key("external_references").list();
    if (type == "vulnerability")
      w.object().member("source_name", "cve").member("external_id", attribute_.value).end();
    w.object().member("source_name", "misp").member("external_id", seed()).end().end();
    if (!attribute_.comment.empty() && type != "observed-data")
      w.member("description", attribute_.comment);
    return w;
  }

 private:
  std::string seed() const {
    if (!as_.handle.empty()) return as_.handle;
    if (!attribute_.uuid.empty()) return attribute_.uuid;
    return uuid5(tocsin_namespace(), attribute_.type + " " + attribute_.value);
  }
  const MispAttribute& attribute_;
  Tlp tlp_;
  const StixAs& as_;
};

std::vector<std::string> unchecked(const MispAttribute& attribute, Tlp tlp, const StixAs& as) {
  Writing writing(attribute, tlp, as);
  std::string_view type = attribute.type;
  if (type == "vulnerability" || type == "campaign-name") {
    Writer w = writing.start(type == "vulnerability" ? type : "campaign");
    return {w.member("name", attribute.value).end().take()};
  }
  const MispMapping* mapping = misp_mapping(type);
  bool rule = is_misp_rule(type);
  std::vector<std::string> out, parts;
  if (mapping != nullptr) parts = misp_parts(*mapping, attribute.value);
  if (!rule && parts.empty()) return {};
  bool observed = !rule && !is_pattern_only(type);
  if (observed) {
    Observables observables;
    observables.add(*mapping, parts);
    out = observables.json;
    Writer w = writing.start("observed-data");
    w.member("first_observed", writing.stamp()).member("last_observed", writing.stamp());
    w.member("number_observed", 1).key("object_refs").list();
    for (const auto& id : observables.ids) w.value(id);
    out.push_back(w.end().end().take());
  }
  if (!attribute.to_ids) return out;
  Writer w = writing.start("indicator");
  w.member("pattern", rule ? attribute.value : misp_pattern(type, attribute.value));
  w.member("pattern_type", rule ? type : "stix");
  if (!rule) w.member("pattern_version", "2.1");
  out.push_back(w.member("valid_from", writing.stamp()).end().take());
  if (!observed) return out;
  Writer link = writing.start("relationship");
  link.member("relationship_type", "based-on").member("source_ref", writing.id("indicator"));
  out.push_back(link.member("target_ref", writing.id("observed-data")).end().take());
  return out;
}

}  // namespace

std::string misp_pattern(std::string_view type, std::string_view value) {
  const MispMapping* mapping = misp_mapping(type);
  if (mapping == nullptr) return {};
  std::vector<std::string> parts = misp_parts(*mapping, value), terms;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (is_number(mapping->parts[i]) && !text::number(parts[i])) return {};
    terms.push_back(comparison(mapping->parts[i], parts[i]));
  }
  return terms.empty() ? std::string() : fmt::format("[{}]", fmt::join(terms, " AND "));
}

std::vector<std::string> stix_of_misp(const MispAttribute& attribute, Tlp tlp, const StixAs& as) {
  const MispMapping* mapping = misp_mapping(attribute.type);
  if (mapping != nullptr && misp_pattern(attribute.type, attribute.value).empty()) return {};
  std::vector<std::string> out = unchecked(attribute, tlp, as);
  bool valid = std::ranges::all_of(
      out, [](const std::string& json) { return check_stix(std::string_view(json)).valid(); });
  return valid ? out : std::vector<std::string>();
}

}  // namespace tocsin::wire
