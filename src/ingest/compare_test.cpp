#include "ingest/compare.h"

#include "test.h"

namespace tocsin::ingest {
namespace {

constexpr std::string_view one =
    R"({"classification.type":"infected-system","malware.name":"mirai","feed.name":"a",)"
    R"("source.ip":"192.0.2.1","source.port":40000,"time.source":"2026-01-02T03:04:05+00:00"})"
    "\n"
    R"({"classification.type":"phishing","source.url":"http://www.example.org/x",)"
    R"("time.source":"2026-01-02T03:04:05+00:00"})"
    "\n";

Comparison compared(std::string_view a, std::string_view b, CompareOptions options = {}) {
  auto result = compare({a, "a.json", "intelmq"}, {b, "b.json", "intelmq"}, options);
  REQUIRE(result);
  return *result;
}

}  // namespace

TEST_CASE("a file compared with itself differs in nothing") {
  auto c = compared(one, one);
  CHECK(c.equal());
  CHECK(c.both == 2);
  CHECK(c.fields.at("malware.name").equal == 1);
  CHECK(!c.fields.contains("feed.name"));
}

TEST_CASE("a field that is changed, lost or new is counted with its first examples") {
  auto c = compared(
      one,
      R"({"classification.type":"infected-system","malware.name":"gafgyt","source.ip":"192.0.2.1",)"
      R"("time.source":"2026-01-02T03:04:05.9Z","source.asn":64496})"
      "\n"
      R"({"classification.type":"scanner","source.ip":"192.0.2.9",)"
      R"("time.source":"2026-01-02T03:04:05Z"})");
  CHECK(!c.equal());
  CHECK(c.both == 1);
  CHECK(c.only_a == 1);
  CHECK(c.only_b == 1);
  CHECK(c.examples_b.at(0) == "192.0.2.9 2026-01-02T03:04:05Z scanner");
  const FieldCounts& family = c.fields.at("malware.name");
  CHECK(family.differs == 1);
  CHECK(family.examples.at(0).a == "\"mirai\"");
  CHECK(family.examples.at(0).b == "\"bashlite\"");  // the family's canonical name
  CHECK(c.fields.at("source.port").only_a == 1);
  CHECK(c.fields.at("source.asn").only_b == 1);
}

TEST_CASE("a field that is not looked at makes no difference") {
  std::string_view other =
      R"({"classification.type":"phishing","source.url":"http://www.example.org/x",)"
      R"("time.source":"2026-01-02T03:04:05+00:00","extra.x":1})";
  auto c = compared(one.substr(one.find('\n') + 1), other, {.ignored = {"extra.x"}});
  CHECK(c.equal());
}

TEST_CASE("the same event twice on one side is once alone") {
  std::string twice = std::string(one) + std::string(one);
  auto c = compared(one, twice);
  CHECK(c.both == 2);
  CHECK(c.only_b == 2);
}

}  // namespace tocsin::ingest
