#include <fmt/format.h>
#include <fmt/ranges.h>

#include "test.h"
#include "wire/stix_event.h"
#include "wire/stix_object.h"

namespace tocsin::wire {
namespace {

// The ids of the others, without their UUIDs.
std::vector<std::string> others_of(const std::vector<std::string>& all) {
  std::string json = fmt::format("[{}]", fmt::join(all, ","));
  simdjson::dom::parser parser;
  simdjson::dom::array list;
  REQUIRE_FALSE(parser.parse(json).get(list));
  std::vector<simdjson::dom::object> objects;
  for (auto item : list) objects.push_back(item.get_object().value());
  std::size_t events = 0;
  auto opaque = stix_events(objects, [&](const StixEvent&) { ++events; });
  std::vector<std::string> out;
  for (std::size_t i : stix_others(objects, opaque))
    out.push_back(stix_object_of(objects[i], {}).type);
  return out;
}

std::vector<std::string> an_event(std::string_view type) {
  std::string said = fmt::format("\"{}\"", type);
  const std::vector<Member> members = {{"classification.type", said},
                                       {"malware.name", "\"zeus\""},
                                       {"source.ip", "\"192.0.2.7\""},
                                       {"time.source", "\"2026-11-20T00:00:00Z\""},
                                       {"tlp", "\"GREEN\""}};
  return stix_of_event(members, {.handle = "a handle"});
}

std::string object(std::string_view type, int number, std::string_view more = {}) {
  return fmt::format(R"({{"type":"{}","spec_version":"2.1",)"
                     R"("id":"{}--00000000-0000-4000-8000-{:012}",)"
                     R"("created":"2026-11-20T00:00:00.000Z",)"
                     R"("modified":"2026-11-20T00:00:00.000Z"{}}})",
                     type, type, number, more);
}

TEST_CASE("nothing of what an event of ours is written as is one of the others") {
  for (std::string_view type : {"infected-system", "c2-server", "phishing", "scanner"}) {
    auto all = an_event(type);
    CHECK(all.size() >= 2);
    CHECK(others_of(all).empty());
  }
  CHECK(others_of(stix_extension_objects()).empty());
  CHECK(others_of({stix_marking_json(Tlp::amber)}).empty());
}

TEST_CASE("what nobody's event needs is one of the others") {
  auto all = an_event("c2-server");
  all.push_back(object("malware", 1));
  all.push_back(object("x-lab-finding", 2));
  all.push_back(R"({"type":"domain-name","spec_version":"2.1",)"
                R"("id":"domain-name--00000000-0000-4000-8000-000000000003",)"
                R"("value":"example.org"})");
  CHECK(others_of(all) == std::vector<std::string>{"malware", "x-lab-finding", "domain-name"});
}

TEST_CASE("malware that is named beside an event is another's too if something else refers to it") {
  auto all = an_event("c2-server");
  std::string malware;
  for (const std::string& one : all) {
    if (one.contains(R"({"type":"malware")"))
      malware = one.substr(one.find("malware--"), std::string_view("malware--").size() + 36);
  }
  REQUIRE_FALSE(malware.empty());
  all.push_back(
      object("relationship", 4,
             fmt::format(R"(,"relationship_type":"uses",)"
                         R"("source_ref":"campaign--00000000-0000-4000-8000-000000000001",)"
                         R"("target_ref":"{}")",
                         malware)));
  CHECK(others_of(all) == std::vector<std::string>{"malware", "relationship"});
}

TEST_CASE("observed-data without a subject is kept, and what takes events back is not") {
  std::string seen = R"(,"first_observed":"2026-11-20T00:00:00Z",)"
                     R"("last_observed":"2026-11-20T00:00:00Z","number_observed":1,)"
                     R"("object_refs":["mutex--00000000-0000-4000-8000-000000000001"])";
  CHECK(others_of({object("observed-data", 5, seen)}) == std::vector<std::string>{"observed-data"});
  CHECK(others_of({object("observed-data", 5, seen + R"(,"revoked":true)")}).empty());
}

}  // namespace
}  // namespace tocsin::wire
