// Fuzzes STIX: the input as a pattern, and as an object or bundle.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "wire/stix_match.h"

namespace tocsin::wire {
namespace {

constexpr std::string_view seen =
    R"({"type":"bundle","objects":[{"type":"observed-data","number_observed":2,)"
    R"("first_observed":"2026-01-02T00:00:00Z","last_observed":"2026-01-02T00:00:01Z",)"
    R"("object_refs":["a-a--1","ipv4-addr--1"]},)"
    R"({"type":"a-a","id":"a-a--1","bc":[1,2.5,"x",{"de":true}],"f_bin":"YWE=",)"
    R"("b_ref":"ipv4-addr--1","b_refs":["ipv4-addr--1","a-a--1"]},)"
    R"({"type":"ipv4-addr","id":"ipv4-addr--1","value":"192.0.2.7"}]})";

void as_pattern(std::string_view text) {
  auto parsed = parse_stix_pattern(text);
  if (!parsed) {
    check(!parsed.error().what.empty(), "an error says what is wrong");
    return;
  }
  for (const StixObservable& one : plain_observables(*parsed)) {
    auto again = parse_stix_pattern(stix_pattern_of(one));
    check(again.has_value(), "the pattern of an observable is one");
    check(plain_observables(*again) == std::vector<StixObservable>{one}, "and looks for it");
  }
  simdjson::dom::parser parser;
  StixObservations observations;
  check(observations.add(parser.parse(simdjson::padded_string(seen)).value()).has_value(),
        "observations are taken");
  auto matcher = StixMatcher::make(*std::move(parsed));
  if (matcher) static_cast<void>(matcher->match(observations));
}

}  // namespace
}  // namespace tocsin::wire

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  tocsin::wire::as_pattern({reinterpret_cast<const char*>(data), size});
  return 0;
}
