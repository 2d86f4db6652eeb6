// The data set misp-stix: what MISP's own converter makes of attributes, and of STIX.
#include <fmt/format.h>
#include <simdjson.h>

#include <map>
#include <set>

#include "base/text.h"
#include "contract/data_compare.h"
#include "test.h"
#include "wire/misp_stix.h"
#include "wire/stix_check.h"
#include "wire/stix_words.h"

namespace tocsin::data {
namespace {

using simdjson::dom::element;
using simdjson::dom::object;

// However a name is written: "hashes.'SHA3-256'" and "hashes.SHA3256", "X-Mailer" and "x_mailer".
std::string plain(std::string_view name) {
  std::string out = text::lower(name);
  std::erase_if(out, [](char c) { return c == '-' || c == '_' || c == '\''; });
  return out;
}

// What a pattern compares, in any order.
std::set<std::string> terms(std::string_view pattern) {
  std::set<std::string> out;
  auto parsed = wire::parse_stix_pattern(pattern);
  if (!parsed) return {fmt::format("not parsed: {}", pattern)};
  for (const auto& one : parsed->comparisons) {
    std::string term = one.type;
    for (const auto& step : one.path) term += "." + plain(step.name);
    if (term.ends_with(".")) term.pop_back();
    for (const auto& value : one.values)
      term += "=" + (value.is_number() ? fmt::to_string(value.integer) : value.text);
    out.insert(term);
  }
  return out;
}

// STIX has no abbreviated hives; MISP's converter leaves them as they are.
std::string whole_hive(std::string text) {
  std::size_t at = text.find("HKLM\\");
  return at == std::string::npos ? text : text.replace(at, 4, "HKEY_LOCAL_MACHINE");
}

void flatten(element value, const std::string& path, std::set<std::string>& out) {
  object members;
  simdjson::dom::array list;
  std::string_view text;
  if (!value.get(list)) {
    for (element item : list) flatten(item, path, out);
  } else if (!value.get(members)) {
    for (auto [key, member] : members) {
      if (key != "id" && key != "spec_version") flatten(member, path + "." + plain(key), out);
    }
  } else if (!value.get(text)) {
    bool ref = path.ends_with("ref") || path.ends_with("refs");
    out.insert(path + "=" + std::string(ref ? text.substr(0, text.find("--")) : text));
  } else {
    out.insert(path + "=" + simdjson::minify(value));
  }
}

// What objects say in all, save when, whose and by which ids: patterns and observables.
std::set<std::string> said(const std::vector<element>& objects) {
  std::set<std::string> out;
  for (element one : objects) {
    object members = one.get_object().value();
    std::string type(wire::stix_text(members, "type"));
    if (type == "indicator") {
      std::string_view language = wire::stix_text(members, "pattern_type");
      std::string_view pattern = wire::stix_text(members, "pattern");
      if (language == "stix") {
        out.merge(terms(pattern));
      } else {
        if (pattern.starts_with('[') && pattern.ends_with(']'))
          pattern = pattern.substr(1, pattern.size() - 2);
        out.insert(std::string(pattern));
      }
    } else if (wire::stix_text(members, "created").empty()) {
      flatten(one, type, out);
    } else if (type == "vulnerability" || type == "campaign") {
      out.insert(type + "=" + std::string(wire::stix_text(members, "name")));
    }
  }
  std::set<std::string> whole;
  for (const auto& term : out) whole.insert(whole_hive(term));
  return whole;
}

std::vector<element> listed(element one) {
  simdjson::dom::array list;
  if (one.get(list)) return {one};
  return {list.begin(), list.end()};
}

wire::MispAttribute attribute(element json) {
  auto text = [&](const char* name) {
    std::string_view out;
    if (json[name].get(out)) out = {};
    return std::string(out);
  };
  wire::MispAttribute out{.type = text("type"),
                          .value = text("value"),
                          .category = text("category"),
                          .uuid = text("uuid"),
                          .comment = text("comment"),
                          .time = 1'603'642'920'000'000};
  if (json["to_ids"].get(out.to_ids)) out.to_ids = false;
  return out;
}

bool is_common(std::string_view type) {
  static const std::set<std::string_view> others = {
      "sigma",          "snort",         "yara",         "suricata",        "malware-sample",
      "attachment",     "http-method",   "user-agent",   "github-username", "campaign-name",
      "size-in-bytes",  "vulnerability", "email-header", "email-x-mailer",  "email-message-id",
      "email-reply-to", "port"};
  return !others.contains(type);
}

struct Tally {
  std::size_t pairs = 0, equal = 0, common = 0, common_equal = 0;
  std::vector<std::string> differ;
  void count(const std::string& type, const std::string& what, bool same) {
    ++pairs, equal += same;
    if (is_common(type)) ++common, common_equal += same;
    if (!same) differ.push_back(what);
  }
};

// Each pair of a file: its name, and the kind of object where it says one.
template <class F>
void each_pair(const std::string& path, F&& f) {
  simdjson::dom::parser parser;
  object all = parser.load(path).get_object().value();
  for (auto [name, value] : all) {
    element stix;
    if (!value["STIX"].get(stix)) {
      f(std::string(name), value);
      continue;
    }
    object kinds = value.get_object().value();
    for (auto [kind, pair] : kinds) f(fmt::format("{} ({})", name, kind), pair);
  }
}

void tell(const std::string& file, const Tally& tally) {
  MESSAGE(fmt::format(
      "misp-stix: {}: {} of {} pairs equal, {} of {} of the common types; differ: {}", file,
      tally.equal, tally.pairs, tally.common_equal, tally.common, fmt::join(tally.differ, ", ")));
}

}  // namespace

TEST_CASE("misp-stix: an attribute is the STIX that MISP's converter makes of it") {
  std::string root = folder("misp-stix");
  if (root.empty()) return;
  Tally tally;
  each_pair(root + "/mapping/misp_attributes_to_stix21.json", [&](const auto& name, element pair) {
    CAPTURE(name);
    wire::MispAttribute from = attribute(pair["MISP"].value());
    std::vector<element> wanted = listed(pair["STIX"].value()), got;
    from.to_ids = std::ranges::any_of(wanted, [](element one) {
      return wire::stix_text(one.get_object().value(), "type") == "indicator";
    });
    std::vector<std::string> ours = wire::stix_of_misp(from, Tlp::green, {});
    std::vector<simdjson::dom::parser> parsers(ours.size());
    for (std::size_t i = 0; i < ours.size(); ++i) {
      got.push_back(parsers[i].parse(ours[i]).value());
      CHECK(wire::check_stix(ours[i]).valid());
    }
    tally.count(from.type, name, said(got) == said(wanted));
    // And back.
    std::vector<object> objects;
    for (element one : got) objects.push_back(one.get_object().value());
    auto back = wire::misp_of_stix(objects);
    CHECK(back.opaque.empty());
    if (ours.empty()) return;
    REQUIRE(back.attributes.size() == 1);
    CHECK(back.attributes[0].type == from.type);
    CHECK(back.attributes[0].value == whole_hive(from.value));
    CHECK(back.attributes[0].uuid == from.uuid);
    CHECK(back.attributes[0].category == from.category);
    CHECK(back.attributes[0].to_ids == from.to_ids);
  });
  tell("misp_attributes_to_stix21", tally);
  CHECK(tally.common > 0);
  CHECK(tally.common_equal * 100 >= tally.common * 95);
}

TEST_CASE("misp-stix: STIX is the attribute that MISP's converter makes of it") {
  std::string root = folder("misp-stix");
  if (root.empty()) return;
  for (std::string file : {"stix21_to_misp_attributes", "external_stix21_to_misp_attributes",
                           "stix20_to_misp_attributes", "external_stix20_to_misp_attributes"}) {
    Tally tally;
    each_pair(root + "/mapping/" + file + ".json", [&](const auto& name, element pair) {
      std::vector<object> objects;
      std::vector<element> all = listed(pair["STIX"].value());
      for (element one : all) objects.push_back(one.get_object().value());
      auto told = wire::misp_of_stix(objects);
      std::vector<element> wanted = listed(pair["MISP"].value());
      bool same = wanted.size() == told.attributes.size();
      std::string type;
      for (std::size_t i = 0; i < wanted.size(); ++i) {
        wire::MispAttribute one = attribute(wanted[i]);
        type = one.type;
        same = same && std::ranges::any_of(told.attributes, [&](const auto& other) {
                 return other.type == one.type && other.value == one.value &&
                        other.to_ids == one.to_ids;
               });
      }
      std::string got;
      for (const auto& one : told.attributes)
        got += fmt::format(" {} {} {}", one.type, one.value, one.to_ids);
      tally.count(type, name + got, same);
    });
    tell(file, tally);
    bool ours = file == "stix21_to_misp_attributes";
    if (ours) CHECK(tally.common_equal * 100 >= tally.common * 95);
  }
}

TEST_CASE("misp-stix: of objects and galaxies, what is no attribute is named") {
  std::string root = folder("misp-stix");
  if (root.empty()) return;
  for (std::string file : {"stix21_to_misp_objects", "external_stix21_to_misp_objects",
                           "stix21_to_misp_galaxies", "external_stix21_to_misp_galaxies"}) {
    std::size_t pairs = 0, whole = 0, values = 0, told_values = 0;
    std::vector<std::string> opaque;
    each_pair(root + "/mapping/" + file + ".json", [&](const auto& name, element pair) {
      CAPTURE(name);
      std::vector<object> objects;
      std::vector<element> all = listed(pair["STIX"].value());
      for (element one : all) objects.push_back(one.get_object().value());
      auto told = wire::misp_of_stix(objects);
      std::set<std::string> got;
      for (const auto& one : told.attributes) got.insert(one.value);
      bool all_told = true;
      std::vector<element> misp = listed(pair["MISP"].value());
      for (element one : misp) {
        simdjson::dom::array attributes;
        if (one["Attribute"].get(attributes)) continue;
        for (element each : attributes) {
          bool is_told = got.contains(attribute(each).value);
          ++values, told_values += is_told;
          all_told = all_told && is_told;
        }
      }
      // Nothing is lost without a word.
      CHECK((all_told || !told.opaque.empty()));
      ++pairs, whole += told.opaque.empty();
      if (!told.opaque.empty()) opaque.push_back(name);
    });
    CHECK(pairs > 0);
    MESSAGE(
        fmt::format("misp-stix: {}: {} of {} pairs are attributes wholly, {} of {} values; kept "
                    "as they are: {}",
                    file, whole, pairs, told_values, values, fmt::join(opaque, ", ")));
  }
}

}  // namespace tocsin::data
