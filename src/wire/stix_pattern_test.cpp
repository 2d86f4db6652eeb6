#include "wire/stix_pattern.h"

#include <fmt/format.h>

#include "test.h"

namespace tocsin::wire {
namespace {

std::string error(std::string_view text) {
  auto parsed = parse_stix_pattern(text);
  return parsed ? "" : parsed.error().what;
}

std::string plain(std::string_view text) {
  auto parsed = parse_stix_pattern(text);
  if (!parsed) return parsed.error().what;
  std::string out;
  for (const auto& one : plain_observables(*parsed))
    out += fmt::format("{}{}={}", out.empty() ? "" : " ", name(one.kind), one.value);
  return out;
}

}  // namespace

TEST_CASE("AND binds closer than OR, and OR closer than FOLLOWEDBY") {
  auto parsed = parse_stix_pattern("[a:bc=1] OR [a:bc=2] AND [a:bc=3] FOLLOWEDBY [a:bc=4]");
  REQUIRE(parsed);
  const StixNode& root = parsed->nodes[parsed->root];
  CHECK(root.kind == StixNode::Kind::followed_by);
  const StixNode& left = parsed->nodes[root.children[0]];
  CHECK(left.kind == StixNode::Kind::either);
  CHECK(parsed->nodes[left.children[0]].kind == StixNode::Kind::observation);
  CHECK(parsed->nodes[left.children[1]].kind == StixNode::Kind::both);
  CHECK(parsed->comparisons.size() == 4);
  CHECK(parsed->is_temporal());
}

TEST_CASE("a pattern is read with its literals, path and qualifiers") {
  auto parsed = parse_stix_pattern(
      "/* a comment */ [file:extensions.'ntfs-ext'.streams[*].x[2] NOT IN ('a\\'b\\\\', 'c')] "
      "START t'2026-01-02T03:04:05.5Z' STOP t'2026-01-02T03:04:06Z' WITHIN 1.5 SECONDS // end");
  REQUIRE(parsed);
  const StixComparison& c = parsed->comparisons.at(0);
  CHECK(c.type == "file");
  REQUIRE(c.path.size() == 6);
  CHECK(c.path[1].name == "ntfs-ext");
  CHECK(c.path[3].any);
  CHECK(c.path[5].index == 2);
  CHECK(c.negated);
  CHECK(c.test == StixTest::in);
  CHECK(c.values.at(0).text == "a'b\\");
  const StixNode& within = parsed->nodes[parsed->root];
  CHECK(within.seconds == 1.5);
  CHECK(parsed->nodes[within.children[0]].start.us() == 1'767'323'045'500'000);
}

TEST_CASE("what is no pattern is refused with the column") {
  CHECK(error("") == "column 1: expected [ or (, found the end");
  CHECK(error("[url:value = 'a'") == "column 17: expected ], found the end");
  CHECK(error("[url.value = 'a']") == "column 5: expected :, found '.'");
  CHECK(error("[url:value = 'a\\n']") ==
        "column 16: a backslash that escapes neither a quote nor a backslash");
  CHECK(error("[a:bc > true]") == "column 9: expected what has an order, found 'true'");
  CHECK(error("[a:bc LIKE 1]") == "column 12: expected a text, found '1'");
  CHECK(error("[a:bc = 01]") == "column 9: a number that begins with 0");
  CHECK(error("[a:bc = 99999999999999999999]").contains("an integer of 64 bits"));
  CHECK(error("[a:bc IN (1, 'a')]").contains("not of one kind"));
  CHECK(error("[a:bc[-1] = 1]").contains("expected an index or *"));
  CHECK(error("[a:bc = t'2026-01-02T03:04:05']").contains("not a time"));
  CHECK(error("[file:hashes.MD5 = 'f00']").contains("not a MD5 hash: 'f00'"));
  CHECK(error("[a:bc = 1] WITHIN 5 SECONDS WITHIN 6 SECONDS").contains("WITHIN stands twice"));
  CHECK(error("[a:bc = 1] START t'2026-02-30T00:00:00Z' STOP t'2026-03-01T00:00:00Z'")
            .contains("a day that there is"));
  CHECK(error("[a:bc = '\xff']") == "a pattern that is not UTF-8");
  CHECK(error("[a:bc = 'a' /* ").contains("a comment without an end"));
}

TEST_CASE("depth and length of a pattern are bounded") {
  std::string deep(100'000, '(');
  CHECK(error(deep).contains("nested deeper than 64"));
  CHECK(error("[" + deep).contains("nested deeper than 64"));
  std::string path = "[a:bc";
  for (int i = 0; i < 1000; ++i) path += ".de";
  CHECK(error(path + " = 1]").contains("a path of more than 64 steps"));
  CHECK(error(std::string(stix_pattern_bytes_max + 1, ' ')).contains("more than"));
  std::string wide = "[url:value = 'a'";
  for (int i = 0; i < 50'000; ++i) wide += " OR url:value = 'a'";
  CHECK(error(wide + "]").empty());
}

TEST_CASE("simple patterns are plain observables, in their canonical form") {
  CHECK(plain("[ipv4-addr:value = '192.0.2.7']") == "address=192.0.2.7");
  CHECK(plain("[ipv4-addr:value = '192.0.2.7/32']") == "address=192.0.2.7");
  CHECK(plain("[ipv6-addr:value ISSUBSET '2001:DB8::/32']") == "network=2001:db8::/32");
  CHECK(plain("[domain-name:value = 'C2.Example.ORG.']") == "name=c2.example.org");
  CHECK(plain("[url:value = 'HTTP://Example.org']") == "url=http://example.org/");
  CHECK(plain("[email-addr:value = 'a@Example.org']") == "mail=a@example.org");
  CHECK(plain("[autonomous-system:number = 64496]") == "asn=64496");
  CHECK(plain("[file:hashes.MD5 = 'D41D8CD98F00B204E9800998ECF8427E']") ==
        "md5=d41d8cd98f00b204e9800998ecf8427e");
  CHECK(plain("[ipv4-addr:value = '192.0.2.7' OR ipv4-addr:value = '192.0.2.8'] OR "
              "[domain-name:value IN ('a.example.org', 'b.example.org')]") ==
        "address=192.0.2.7 address=192.0.2.8 name=a.example.org name=b.example.org");
  CHECK(plain("[network-traffic:dst_ref.type = 'ipv4-addr' AND network-traffic:dst_ref.value = "
              "'192.0.2.7']") == "address=192.0.2.7");
  CHECK(plain("[network-traffic:src_ref.value = 'c2.example.org']") == "name=c2.example.org");
}

TEST_CASE("what is more than one comparison is no plain observable") {
  for (std::string_view text :
       {"[ipv4-addr:value != '192.0.2.7']", "[ipv4-addr:value NOT = '192.0.2.7']",
        "[ipv4-addr:value = '192.0.2.7' AND ipv4-addr:value = '192.0.2.8']",
        "[ipv4-addr:value = '192.0.2.7'] AND [domain-name:value = 'a.example.org']",
        "[ipv4-addr:value = '192.0.2.7'] REPEATS 2 TIMES", "[url:value LIKE 'http://%']",
        "[ipv4-addr:value = '192.0.2.7' OR url:value MATCHES 'a']",
        "[ipv4-addr:value = 'not an address']", "[domain-name:value IN ()]",
        "[ipv4-addr:value = '192.0.2.7'] START t'2026-01-02T00:00:00Z' STOP "
        "t'2026-01-03T00:00:00Z'",
        "[network-traffic:dst_ref.type = 'ipv4-addr' AND network-traffic:src_ref.value = "
        "'192.0.2.7']",
        "[autonomous-system:number = -1]", "[process:name = 'a']"}) {
    CAPTURE(text);
    CHECK(plain(text).empty());
  }
}

TEST_CASE("the pattern of an observable is one that looks for it") {
  using Kind = StixObservable::Kind;
  for (const StixObservable& one :
       {StixObservable{Kind::address, "192.0.2.7"}, StixObservable{Kind::address, "2001:db8::1"},
        StixObservable{Kind::network, "192.0.2.0/24"}, StixObservable{Kind::name, "a.example.org"},
        StixObservable{Kind::url, "http://a.example.org/it's"},
        StixObservable{Kind::mail, "a@example.org"}, StixObservable{Kind::asn, "64496"},
        StixObservable{Kind::sha256, std::string(64, 'a')},
        StixObservable{Kind::file_name, "a\\b'c"}}) {
    std::string pattern = stix_pattern_of(one);
    CAPTURE(pattern);
    auto parsed = parse_stix_pattern(pattern);
    REQUIRE(parsed);
    CHECK(plain_observables(*parsed) == std::vector<StixObservable>{one});
  }
  CHECK(stix_pattern_of({Kind::sha256, "aa"}) == "[file:hashes.'SHA-256' = 'aa']");
}

}  // namespace tocsin::wire
