// The data sets stix21-validity, stix21-bundles and stix-patterns: what OASIS's validator, matcher
// and examples say of STIX 2.1.
#include <fmt/format.h>
#include <simdjson.h>

#include <filesystem>
#include <map>
#include <set>

#include "base/decoders.h"
#include "base/text.h"
#include "contract/data_compare.h"
#include "test.h"
#include "wire/stix_check.h"
#include "wire/stix_match.h"
#include "wire/stix_object.h"
#include "wire/stix_pattern.h"

namespace tocsin::data {
namespace {

using simdjson::dom::element;
using wire::StixRemark;

std::vector<std::string> files(const std::string& folder) {
  std::vector<std::string> out;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file()) out.push_back(entry.path().string());
  }
  std::ranges::sort(out);
  return out;
}

std::string unpacked(const std::string& path) {
  std::string out, packed = file(path);
  REQUIRE(decoders::gunzip(packed, [&](std::string_view piece) -> Result<void> {
    out += piece;
    return {};
  }));
  return out;
}

// Checks that the case switches off; "custom-prefix" leaves the lax one on, and on its own covers
// it.
std::set<std::string> disabled(element options) {
  std::set<std::string> out;
  simdjson::dom::array list;
  if (!options["disabled"].get(list)) {
    for (element one : list) out.emplace(std::string_view(one.get_string().value()));
  }
  return out;
}

// A warning counts where the case is `strict` and has not switched its check off. The reference
// runs the lax check of names only where the strict one is off.
bool counts(const StixRemark& warning, element options, const std::set<std::string>& off) {
  bool strict = false;
  if (options["strict"].get(strict) || !strict) return false;
  if (warning.check == "custom-prefix-lax" && !off.contains("custom-prefix")) return false;
  return !off.contains(warning.check);
}

struct Figures {
  std::size_t valid = 0, passed = 0, invalid = 0, refused = 0, warned = 0, allowed = 0, own = 0;
};

// Options of that validator which we do not have: they refuse what the standard allows.
bool is_own_option(element options) {
  for (auto name : {"strict_properties", "strict_types", "schema_dir", "enabled"}) {
    element found;
    if (!options[name].get(found)) return true;
  }
  return false;
}

}  // namespace

TEST_CASE("stix21-validity: what is valid passes, what breaks a MUST is refused by its property") {
  std::string root = folder("stix21-validity");
  if (root.empty()) return;
  Figures all;
  std::set<std::string> fine;  // objects that are valid with some check switched off
  struct Wrong {
    std::string id, object;
    wire::StixVerdict verdict;
    bool own_option;
  };
  std::vector<Wrong> wrong;
  simdjson::dom::parser parser;
  for (const auto& path : files(root)) {
    if (!path.ends_with(".jsonl")) continue;
    std::string text = file(path);
    for (auto [number, line] : text::numbered_lines(text)) {
      element one = parser.parse(simdjson::padded_string(line)).value();
      std::string id(std::string_view(one["id"].get_string().value()));
      CAPTURE(id);
      std::string object = simdjson::minify(one["object"].value());
      element options = one["options"].value();
      auto off = disabled(options);
      auto verdict = wire::check_stix(one["object"].value());
      std::erase_if(verdict.warnings, [&](const auto& w) { return !counts(w, options, off); });
      if (one["valid"].get_bool().value()) {
        ++all.valid;
        fine.insert(object);
        for (const auto& breach : verdict.breaches) FAIL_CHECK("refused: " << breach.text());
        for (const auto& warning : verdict.warnings)
          FAIL_CHECK("warned: " << warning.check << " " << warning.text());
        all.passed += verdict.breaches.empty() && verdict.warnings.empty();
      } else {
        wrong.push_back({id, object, verdict, is_own_option(options)});
      }
    }
  }
  all.invalid = wrong.size();
  for (const Wrong& one : wrong) {
    CAPTURE(one.id);
    bool refused = !one.verdict.valid(), warned = !one.verdict.warnings.empty();
    for (const auto& breach : one.verdict.breaches) {
      bool whole = breach.what.starts_with("none of") || breach.what.starts_with("not exactly");
      CHECK_MESSAGE((whole || !breach.path.empty()), breach.text());
    }
    // What passes with a check switched off breaks only a SHOULD.
    if (fine.contains(one.object)) CHECK(!refused);
    // The reference warns of properties in observables that an extension tells of.
    bool allowed = one.object.contains("toplevel-property-extension");
    if (refused) {
      ++all.refused;
    } else if (warned) {
      ++all.warned;
    } else if (one.own_option) {
      ++all.own;
    } else {
      CHECK(allowed);
      ++all.allowed;
    }
  }
  MESSAGE(fmt::format(
      "stix21-validity: {} of {} valid pass, without a warning where they are strict; of {} "
      "invalid, {} refused, {} warned of, {} wrong only by options of that validator, {} allowed "
      "by the standard",
      all.passed, all.valid, all.invalid, all.refused, all.warned, all.own, all.allowed));
}

TEST_CASE("stix21-bundles: no object of the examples and of ATT&CK is refused") {
  std::string root = folder("stix21-bundles");
  if (root.empty()) return;
  std::size_t objects = 0, taken = 0, warnings = 0;
  simdjson::dom::parser parser;
  for (const auto& path : files(root)) {
    if (path.contains("/json-schemas/") || path.ends_with(".md")) continue;
    CAPTURE(path);
    std::string text = path.ends_with(".gz") ? unpacked(path) : file(path);
    element whole = parser.parse(simdjson::padded_string(text)).value();
    simdjson::dom::array list;
    std::size_t count = whole["objects"].get(list) ? 1 : list.size();
    auto verdict = wire::check_stix(whole);
    std::set<std::string> refused;
    for (const auto& breach : verdict.breaches) {
      refused.insert(breach.id);
      MESSAGE("refused: " << breach.text());
    }
    objects += count, taken += count - refused.size(), warnings += verdict.warnings.size();
  }
  CHECK(taken == objects);
  MESSAGE(
      fmt::format("stix21-bundles: {} of {} objects taken, {} warnings", taken, objects, warnings));
}

TEST_CASE("stix21-bundles, taxii21: what is read and bundled again is the same") {
  std::string root = folder("stix21-bundles"), taxii = folder("taxii21");
  if (root.empty() || taxii.empty()) return;
  std::size_t objects = 0, same = 0, refused = 0;
  wire::StixReader reader;
  auto take = [&](std::string_view json) {
    ++objects;
    auto object = reader.read(json);
    if (!object) {
      ++refused;
      MESSAGE(object.error().what);
      return;
    }
    std::string again = wire::stix_bundle("bundle--x", {object->json});
    auto back = wire::stix_objects_in(again);
    REQUIRE(back);
    bool equal = back->at(0) == text::trim(json);
    CHECK(equal);
    same += equal;
  };
  for (const auto& path : files(root)) {
    if (path.contains("/json-schemas/") || path.ends_with(".md")) continue;
    CAPTURE(path);
    std::string text = path.ends_with(".gz") ? unpacked(path) : file(path);
    auto list = wire::stix_objects_in(text);
    if (!list) take(text);
    if (list) std::ranges::for_each(*list, take);
  }
  simdjson::dom::parser parser;
  element content = parser.load(taxii + "/default_data.json").value();
  std::function<void(element)> walk = [&](element value) {
    simdjson::dom::object object;
    simdjson::dom::array list;
    std::string_view version;
    if (!value.get(list)) {
      for (element one : list) walk(one);
    } else if (!value.get(object)) {
      bool is_stix = !object.at_key("spec_version").get(version) && version == "2.1";
      if (is_stix) take(simdjson::minify(value));
      for (auto [key, member] : object) {
        if (!is_stix) walk(member);
      }
    }
  };
  walk(content);
  CHECK(refused == 0);
  MESSAGE(fmt::format("stix21-bundles, taxii21: {} of {} objects come back as they were", same,
                      objects));
}

TEST_CASE("stix-patterns: every case of the syntax is told right from wrong") {
  std::string root = folder("stix-patterns");
  if (root.empty()) return;
  std::string text = file(root + "/syntax.jsonl");
  std::size_t cases = 0, right = 0;
  simdjson::dom::parser parser;
  for (auto [number, line] : text::numbered_lines(text)) {
    element one = parser.parse(simdjson::padded_string(line)).value();
    std::string_view pattern = one["pattern"].get_string().value();
    bool old = one["stix_version"].get_string().value() == "2.0";
    auto parsed = wire::parse_stix_pattern(
        pattern, old ? wire::StixPatternVersion::v20 : wire::StixPatternVersion::v21);
    bool valid = one["valid"].get_bool().value();
    CHECK_MESSAGE(parsed.has_value() == valid,
                  pattern << ": " << (parsed ? "taken" : parsed.error().what));
    ++cases;
    right += parsed.has_value() == valid;
  }
  MESSAGE(fmt::format("stix-patterns: {} of {} syntax cases right", right, cases));
}

TEST_CASE("stix-patterns: what has no temporal qualifier matches as the reference does") {
  std::string root = folder("stix-patterns");
  if (root.empty()) return;
  struct Count {
    std::size_t cases = 0, right = 0, temporal = 0;
  };
  std::map<std::string, Count> counts;
  simdjson::dom::parser parser;
  for (const auto& path : files(root + "/matching")) {
    element whole = parser.load(path).value();
    simdjson::dom::array cases = whole["cases"].get_array().value();
    for (element one : cases) {
      std::string_view pattern = one["pattern"].get_string().value();
      std::string_view wanted = one["expected"].get_string().value();
      std::string version(std::string_view(one["stix_version"].get_string().value()));
      std::string id(std::string_view(one["id"].get_string().value()));
      CAPTURE(id);
      Count& count = counts[version];
      // The matcher lets qualifiers stand twice in both versions.
      auto parsed = wire::parse_stix_pattern(pattern, wire::StixPatternVersion::v20);
      if (parsed && parsed->is_temporal()) {
        ++count.temporal;
        CHECK(wanted != "parse-error");
        CHECK(!wire::StixMatcher::make(*std::move(parsed)));
        continue;
      }
      wire::StixObservations seen;
      Result<void> added;
      std::string set(std::string_view(one["observed_set"].get_string().value()));
      simdjson::dom::array bundles = whole["observed_sets"][set].get_array().value();
      for (element bundle : bundles) {
        if (added) added = seen.add(bundle);
      }
      std::string got = "error", why;
      if (!parsed) {
        why = parsed.error().what;
      } else if (auto matcher = wire::StixMatcher::make(*std::move(parsed)); !matcher) {
        why = matcher.error().what;
      } else if (auto found = matcher->match(seen); !added || !found) {
        why = added ? found.error().what : added.error().what;
      } else {
        got = found->empty() ? "no-match" : "match";
      }
      if (wanted == "parse-error") wanted = "error";
      ++count.cases;
      count.right += got == wanted;
      CHECK_MESSAGE(got == wanted, pattern << ": " << got << " " << why);
    }
  }
  for (const auto& [version, count] : counts)
    MESSAGE(
        fmt::format("stix-patterns: STIX {}: {} of {} matching cases right; {} temporal ones "
                    "parsed only",
                    version, count.right, count.cases, count.temporal));
}

}  // namespace tocsin::data
