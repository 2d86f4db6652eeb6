#include "wire/misp_stix.h"

#include <fmt/format.h>

#include <memory>

#include "test.h"
#include "wire/stix_check.h"
#include "wire/stix_id.h"
#include "wire/stix_words.h"

namespace tocsin::wire {
namespace {

constexpr TimeUs when = 1'767'323'045'000'000;

MispAttribute attribute(std::string type, std::string value, bool to_ids = true) {
  return {.type = std::move(type),
          .value = std::move(value),
          .category = "Network activity",
          .uuid = "5a3c2d1e-0000-4000-8000-000000000002",
          .comment = "seen",
          .time = when,
          .to_ids = to_ids};
}

struct Back {
  std::vector<std::unique_ptr<simdjson::dom::parser>> parsers;
  std::vector<simdjson::dom::object> objects;
  MispOfStix told;
  explicit Back(const std::vector<std::string>& texts) {
    for (const auto& text : texts) {
      auto& parser = parsers.emplace_back(std::make_unique<simdjson::dom::parser>());
      objects.push_back(parser->parse(text).get_object().value());
    }
    told = misp_of_stix(objects);
  }
  std::string text() const {
    std::string out;
    for (const auto& one : told.attributes)
      out += fmt::format("{}{} {}{}", out.empty() ? "" : "; ", one.type, one.value,
                         one.to_ids ? " to_ids" : "");
    return out;
  }
};

std::string indicator(std::string_view pattern, std::string_view more = "") {
  return fmt::format(
      R"({{"type":"indicator","spec_version":"2.1","id":"indicator--1",)"
      R"("created":"2026-01-02T03:04:05.000Z","modified":"2026-01-02T03:04:05.000Z",)"
      R"("pattern":"{}","pattern_type":"stix","valid_from":"2026-01-02T03:04:05Z"{}}})",
      pattern, more);
}

}  // namespace

TEST_CASE("an attribute's pattern compares each part of its value") {
  CHECK(misp_pattern("ip-dst|port", "192.0.2.7|443") ==
        "[network-traffic:dst_ref.type = 'ipv4-addr' AND network-traffic:dst_ref.value = "
        "'192.0.2.7' AND network-traffic:dst_port = 443]");
  CHECK(misp_pattern("ip-src", "2001:db8::1")
            .starts_with("[network-traffic:src_ref.type = 'ipv6-addr' AND"));
  CHECK(misp_pattern("filename|sha256", "a|b.exe|" + std::string(64, 'a')) ==
        "[file:name = 'a|b.exe' AND file:hashes.'SHA-256' = '" + std::string(64, 'a') + "']");
  CHECK(misp_pattern("regkey|value", R"(HKLM\a|b|c)") ==
        R"([windows-registry-key:key = 'HKEY_LOCAL_MACHINE\\a' AND )"
        R"(windows-registry-key:values[*].data = 'b|c'])");
  CHECK(misp_pattern("AS", "AS64496") == "[autonomous-system:number = 64496]");
  CHECK(misp_pattern("domain|ip", "a.example.org|192.0.2.7") ==
        "[domain-name:value = 'a.example.org' AND domain-name:resolves_to_refs[*].value = "
        "'192.0.2.7']");
  CHECK(misp_pattern("mutex", "it's") == R"([mutex:name = 'it\'s'])");
  for (auto [type, value] : {std::pair{"text", "a"},
                             {"ip-dst|port", "192.0.2.7"},
                             {"ip-dst|port", "192.0.2.7|x"},
                             {"AS", "none"}})
    CHECK_MESSAGE(misp_pattern(type, value).empty(), type);
}

TEST_CASE("an attribute comes back from STIX as it was") {
  for (auto [type, value] : {std::pair{"ip-src", "192.0.2.7"},
                             {"ip-dst|port", "2001:db8::1|443"},
                             {"hostname|port", "a.example.org|8443"},
                             {"domain|ip", "a.example.org|192.0.2.7"},
                             {"link", "https://example.org/a"},
                             {"AS", "AS64496"},
                             {"email-src", "a@example.org"},
                             {"email-reply-to", "a@example.org"},
                             {"filename|md5", "a.exe|d41d8cd98f00b204e9800998ecf8427e"},
                             {"regkey|value", R"(HKEY_LOCAL_MACHINE\a|b)"},
                             {"mutex", "m"},
                             {"user-agent", "curl/8"},
                             {"port", "443"},
                             {"yara", "rule a { condition: true }"},
                             {"vulnerability", "CVE-2026-0001"}}) {
    for (bool to_ids : {true, false}) {
      CAPTURE(std::string(type));
      MispAttribute from = attribute(type, value, to_ids);
      std::vector<std::string> objects = stix_of_misp(from, Tlp::green, {});
      for (const auto& json : objects) CHECK(check_stix(json).valid());
      Back back(objects);
      CHECK(back.told.opaque.empty());
      if (objects.empty()) continue;  // what only a pattern can say, and nobody shall look for
      REQUIRE(back.told.attributes.size() == 1);
      const MispAttribute& to = back.told.attributes[0];
      CHECK(to.type == from.type);
      CHECK(to.value == from.value);
      CHECK(to.uuid == from.uuid);
      CHECK(to.category == from.category);
      CHECK(to.time == from.time);
      CHECK(to.to_ids == (to_ids && from.type != "vulnerability"));
    }
  }
}

TEST_CASE("what STIX has no word for, or does not allow, goes as MISP or not at all") {
  CHECK(stix_of_misp(attribute("malware-sample", "a|b"), Tlp::green, {}).empty());
  CHECK(stix_of_misp(attribute("md5", "no hash"), Tlp::green, {}).empty());
  CHECK(stix_of_misp(attribute("ip-dst|port", "192.0.2.7|99999"), Tlp::green, {}).empty());
  CHECK(stix_of_misp(attribute("port", "443", false), Tlp::green, {}).empty());
}

TEST_CASE("ours are made in the node's namespace, of the attribute's uuid or of its handle") {
  StixAs as{.node_namespace = stix_node_namespace("a"), .identity = {}, .handle = {}};
  auto id = [&](const StixAs& how) {
    Back back(stix_of_misp(attribute("mutex", "m"), Tlp::red, how));
    return std::string(stix_text(back.objects.at(1), "id"));
  };
  CHECK(id(as) == stix_own_id("observed-data", as.node_namespace,
                              "misp 5a3c2d1e-0000-4000-8000-000000000002"));
  as.handle = "f00";
  CHECK(id(as) == stix_own_id("observed-data", as.node_namespace, "misp f00"));
  Back back(stix_of_misp(attribute("mutex", "m"), Tlp::red, as));
  for (const auto& object : back.objects)
    CHECK(!std::string(simdjson::minify(object)).contains("5a3c2d1e"));
}

TEST_CASE("foreign patterns are the attributes whose types fit; what is left over is named") {
  CHECK(Back({indicator("[ipv4-addr:value = '192.0.2.7']")}).text() == "ip-dst 192.0.2.7 to_ids");
  CHECK(Back({indicator("[file:name = 'a' AND file:hashes.MD5 = "
                        "'d41d8cd98f00b204e9800998ecf8427e']")})
            .text() == "filename|md5 a|d41d8cd98f00b204e9800998ecf8427e to_ids");
  Back more({indicator("[domain-name:value = 'a.example.org' AND domain-name:x_a = 'b']")});
  CHECK(more.text() == "domain a.example.org to_ids");
  CHECK(more.told.opaque == std::vector<std::size_t>{0});
  for (std::string_view pattern :
       {"[ipv4-addr:value != '192.0.2.7']", "[url:value LIKE 'a%']", "[a:b = 'c']",
        "[ipv4-addr:value = '192.0.2.7' OR ipv4-addr:value = '192.0.2.8']",
        "[ipv4-addr:value = '192.0.2.7'] FOLLOWEDBY [ipv4-addr:value = '192.0.2.8']"}) {
    CAPTURE(pattern);
    Back other({indicator(pattern)});
    CHECK(other.text().empty());
    CHECK(other.told.opaque == std::vector<std::size_t>{0});
  }
  // A MISP object is more than its attributes.
  Back object({indicator("[url:value = 'http://example.org/']",
                         R"(,"labels":["misp:name=\"url\"","misp:meta-category=\"network\""])")});
  CHECK(object.text() == "url http://example.org/ to_ids");
  CHECK(object.told.opaque == std::vector<std::size_t>{0});
}

}  // namespace tocsin::wire
