#include "wire/stix_check.h"

#include <fmt/format.h>

#include "test.h"

namespace tocsin::wire {
namespace {

constexpr std::string_view uuid = "8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f";
constexpr std::string_view times =
    R"("created":"2026-01-02T03:04:05.000Z","modified":"2026-01-02T03:04:05.000Z")";

// A domain object of a type with these members more.
std::string domain(std::string_view type, std::string_view members) {
  return fmt::format(R"({{"type":"{}","spec_version":"2.1","id":"{}--{}",{}{}{}}})", type, type,
                     uuid, times, members.empty() ? "" : ",", members);
}
std::string observable(std::string_view type, std::string_view members) {
  return fmt::format(R"({{"type":"{}","id":"{}--ff26c055-6336-5bc5-b98d-13d6226742dd",{}}})", type,
                     type, members);
}

// "path: what" of the first breach; "" if there is none.
std::string breach(const std::string& json) {
  auto verdict = check_stix(json);
  if (verdict.valid()) return {};
  return verdict.breaches[0].path + ": " + verdict.breaches[0].what;
}
std::string warnings(const std::string& json) {
  std::string out;
  for (const auto& warning : check_stix(json).warnings)
    out += (out.empty() ? "" : " ") + warning.check + "@" + warning.path;
  return out;
}

}  // namespace

TEST_CASE("an object that keeps the standard is neither refused nor warned of") {
  std::string indicator = domain(
      "indicator", R"("name":"a","description":"b","indicator_types":["malicious-activity"],)"
                   R"("pattern":"[ipv4-addr:value = '192.0.2.7']","pattern_type":"stix",)"
                   R"("valid_from":"2026-01-02T03:04:05Z")");
  auto verdict = check_stix(indicator);
  CHECK(verdict.breaches.empty());
  CHECK(verdict.warnings.empty());
  CHECK(breach(observable("ipv4-addr", R"("value":"192.0.2.0/24")")).empty());
}

TEST_CASE("a breach names the property") {
  CHECK(breach(domain("campaign", "")) == "name: missing");
  CHECK(breach(domain("campaign", R"("name":1)")) == "name: not a text");
  CHECK(breach(domain("campaign", R"("name":"a","aliases":"b")")) == "aliases: not a list");
  CHECK(breach(domain("campaign", R"("name":"a","confidence":101)")) ==
        "confidence: 101 is not from 0 to 100");
  CHECK(breach(domain("campaign", R"("name":"a","first_seen":"2026-01-02T00:00:00Z",)"
                                  R"("last_seen":"2026-01-01T00:00:00Z")")) ==
        "last_seen: before first_seen");
  CHECK(breach(domain("tool", R"("name":"a","kill_chain_phases":[{"kill_chain_name":"k"}])")) ==
        "kill_chain_phases[0].phase_name: missing");
  CHECK(breach(domain("location", R"("name":"a")")) == ": none of region, country, latitude");
  CHECK(breach(observable("ipv4-addr", R"("value":"192.0.2.256")")) ==
        "value: not an IPv4 address or network: '192.0.2.256'");
  CHECK(breach(observable("file", R"("hashes":{"MD5":"12"})")) ==
        "hashes.MD5: not 32 hexadecimal digits");
  CHECK(breach(observable("artifact", R"("url":"http://example.org/")")) ==
        "hashes: missing beside url");
  CHECK(breach(R"({"type":"campaign"})") == "id: missing, or not a text");
  CHECK(breach(R"([])") == ": not an object");
  CHECK(breach("{").starts_with(": not JSON"));
}

TEST_CASE("identifiers, times and names are what the standard says") {
  auto named = [](std::string_view id) {
    return fmt::format(R"({{"type":"tool","spec_version":"2.1","id":"{}",{},"name":"a"}})", id,
                       times);
  };
  CHECK(breach(named(fmt::format("tool--{}", uuid))).empty());
  CHECK(breach(named("tool--1")) == "id: not an identifier: 'tool--1'");
  CHECK(
      breach(named(fmt::format("malware--{}", uuid))).starts_with("id: of another type than tool"));
  CHECK(breach(domain("note", R"("content":"a","object_refs":["b"])")) ==
        "object_refs[0]: not an identifier: 'b'");
  CHECK(breach(domain("report",
                      R"("name":"a","published":"2026-02-30T00:00:00Z","object_refs":["b"])"))
            .starts_with("published: not a time"));
  CHECK(breach(domain("tool", R"("name":"a","My_Own":1)")) == "My_Own: not the name of a property");
  CHECK(breach(domain("tool", R"("name":"a","x_b":1)")).empty());
  CHECK(breach(
            R"({"type":"tool","spec_version":"2.1",)"
            R"("id":"tool--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f",)"
            R"("created":"2026-01-02T03:04:05Z","modified":"2026-01-02T03:04:05.000Z","name":"a"})")
            .starts_with("created: a time without milliseconds"));
}

TEST_CASE(
    "a time compares as an instant: more digits are no later time, and a leap second is one") {
  auto seen = [](std::string_view first, std::string_view last) {
    return breach(domain(
        "campaign", fmt::format(R"("name":"a","first_seen":"{}","last_seen":"{}")", first, last)));
  };
  CHECK(seen("2026-01-02T00:00:00.000Z", "2026-01-02T00:00:00Z").empty());
  CHECK(seen("2026-01-02T00:00:00.000000001Z", "2026-01-02T00:00:00Z") ==
        "last_seen: before first_seen");
  CHECK(seen("2016-12-31T23:59:60Z", "2017-01-01T00:00:00Z").empty());
  CHECK(seen("0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999999999Z").empty());
}

TEST_CASE("hostile JSON is refused and named") {
  CHECK(breach(domain("tool", R"("name":"a","name":"b")")) ==
        "name: the name stands twice in one object");
  CHECK(breach(domain("tool", R"("name":"\udc00")")).starts_with(": not JSON"));
  CHECK(breach(domain("tool", R"("name":"a","x_n":9007199254740992)")) ==
        "x_n: an integer beyond 2^53 - 1");
  CHECK(breach(domain("tool", R"("name":"a","x_n":null)")) == "x_n: null");
  CHECK(breach(domain("tool", R"("name":"a","aliases":[])")) == "aliases: an empty list");
  CHECK(breach(domain("tool", R"("name":"a","x_n":{})")) == "x_n: an empty dictionary");
  std::string deep = std::string(100, '[') + "1" + std::string(100, ']');
  CHECK(
      breach(domain("tool", "\"name\":\"a\",\"x_n\":" + deep)).ends_with("nested deeper than 64"));
  std::string deeper = std::string(100'000, '[') + "1" + std::string(100'000, ']');
  CHECK(breach(domain("tool", "\"name\":\"a\",\"x_n\":" + deeper)).starts_with(": not JSON"));
  std::string wide;
  for (int i = 0; i < 100'000; ++i) wide += fmt::format(",\"x_{}\":{}", i, i);
  CHECK(breach(domain("tool", "\"name\":\"a\"" + wide)).empty());
  std::string wider = "[0";
  for (std::size_t i = 0; i <= stix_values_max; ++i) wider += ",0";
  CHECK(breach(domain("tool", "\"name\":\"a\",\"x_n\":" + wider + "]"))
            .contains("more than 500000 values"));
}

TEST_CASE("what is only advised against is a warning by the name of its check") {
  CHECK(warnings(domain("tool", R"("name":"a","tool_types":["my-own"])")) ==
        "tool-types@tool_types[0]");
  CHECK(warnings(domain("tool", R"("name":"a","rank":1)")) ==
        "extensions-use@rank custom-prefix-lax@rank custom-prefix@rank");
  CHECK(warnings(domain("tool", R"("name":"a","x_rank":1)")) ==
        "extensions-use@x_rank custom-prefix@x_rank");
  CHECK(warnings(domain("tool", R"("name":"a","x_org_rank":1)")) == "extensions-use@x_org_rank");
  CHECK(warnings(domain("tool", R"("name":"a","x_org_rank":[{"a":null}])"))
            .starts_with("empty-values@x_org_rank[0].a"));
  CHECK(warnings(
            domain("tool",
                   R"("name":"a","rank":1,)"
                   R"("extensions":{"extension-definition--a932fcc6-e032-476c-826f-cb970a5a1fff":{)"
                   R"("extension_type":"toplevel-property-extension"}})"))
            .empty());
  CHECK(warnings(observable("file", R"("hashes":{"MY-HASH":"1"})")) == "hash-algo@hashes.MY-HASH");
  CHECK(
      warnings(domain(
          "relationship",
          fmt::format(
              R"("relationship_type":"uses","source_ref":"identity--{0}","target_ref":"tool--{0}")",
              uuid))) == "relationship-types@source_ref");
}

TEST_CASE("a marking marks what is there, and not itself") {
  auto marked = [](std::string_view selector, std::string_view ref) {
    return breach(domain(
        "tool",
        fmt::format(R"("name":"a","aliases":["b"],"granular_markings":[{{"marking_ref":"{}",)"
                    R"("selectors":["{}"]}}])",
                    ref, selector)));
  };
  constexpr std::string_view red = "marking-definition--5e57c739-391a-4eb3-b6be-7d15ca92d5ed";
  CHECK(marked("aliases.[0]", red).empty());
  CHECK(marked("aliases.[1]", red) ==
        "granular_markings[0].selectors[0]: selects nothing of the object: 'aliases.[1]'");
  CHECK(marked("description", red).contains("selects nothing"));
  CHECK(marked("name", "tool--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f")
            .starts_with("granular_markings[0].marking_ref: may only name marking-definition"));
  // There are four TLP 1 markings, and each is itself.
  auto tlp = [](std::string_view id, std::string_view colour, std::string_view name) {
    return breach(
        fmt::format(R"({{"type":"marking-definition","spec_version":"2.1","id":"{}",)"
                    R"("created":"2017-01-20T00:00:00.000Z","name":"{}","definition_type":"tlp",)"
                    R"("definition":{{"tlp":"{}"}}}})",
                    id, name, colour));
  };
  CHECK(tlp(red, "red", "TLP:RED").empty());
  CHECK(tlp(red, "green", "TLP:GREEN").starts_with("id: not that of TLP:GREEN"));
  CHECK(tlp(red, "clear", "TLP:CLEAR") == "definition.tlp: not white, green, amber or red");
}

TEST_CASE("in an indicator the pattern is looked into") {
  auto pattern = [](std::string_view text) {
    return breach(domain(
        "indicator",
        fmt::format(R"("pattern":"{}","pattern_type":"stix","valid_from":"2026-01-02T03:04:05Z")",
                    text)));
  };
  CHECK(pattern("[url:value = 'http://example.org/']").empty());
  CHECK(pattern("[url:value = ]") == "pattern: column 14: expected a value, found ']'");
  CHECK(pattern("[url:v = 'a']") == "pattern: not the name of a property: 'v'");
  CHECK(
      breach(
          domain(
              "indicator",
              R"("pattern":"rule a {}","pattern_type":"yara","valid_from":"2026-01-02T03:04:05Z")"))
          .empty());
}

TEST_CASE("a bundle is checked with its objects, and each says where it stands") {
  auto bundle = [](const std::string& objects, std::string_view more) {
    return fmt::format(R"({{"type":"bundle","id":"bundle--{}"{},"objects":[{}]}})", uuid, more,
                       objects);
  };
  std::string good = domain("tool", R"("name":"a")"), bad = domain("campaign", "");
  CHECK(breach(bundle(good, "")).empty());
  CHECK(breach(bundle(good + "," + bad, "")) == "objects[1].name: missing");
  CHECK(breach(bundle(bundle(good, ""), "")) == "objects[0]: a bundle in a bundle");
  CHECK(warnings(bundle(good + "," + good, "")).contains("duplicate-ids@objects[1]"));
  // STIX 2.0 had no spec_version in its objects.
  std::string old = fmt::format(R"({{"type":"tool","id":"tool--{}",{},"name":"a"}})", uuid, times);
  CHECK(breach(bundle(old, "")) == "objects[0].spec_version: missing");
  CHECK(breach(bundle(old, R"(,"spec_version":"2.0")")).empty());
}

}  // namespace tocsin::wire
