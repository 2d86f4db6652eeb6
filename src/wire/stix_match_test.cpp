#include "wire/stix_match.h"

#include <fmt/format.h>


#include "test.h"

namespace tocsin::wire {
namespace {

// A bundle with one observed-data for each list of observables.
std::string bundle(const std::vector<std::string>& observations, int times = 1) {
  std::string out;
  int number = 0;
  for (const auto& observables : observations) {
    std::string objects, refs;
    int inner = 0;
    for (const auto& members : {observables}) {
      objects += fmt::format(R"(,{{"id":"x--{}-{}",{}}})", number, inner, members);
      refs += fmt::format(R"({}"x--{}-{}")", inner == 0 ? "" : ",", number, inner);
      ++inner;
    }
    out += fmt::format(
        R"({}{{"type":"observed-data","id":"observed-data--{}",)"
        R"("first_observed":"2026-01-02T03:04:0{}Z",)"
        R"("last_observed":"2026-01-02T03:04:0{}Z","number_observed":{},"object_refs":[{}]}}{})",
        number == 0 ? "" : ",", number, number % 10, number % 10, times, refs, objects);
    ++number;
  }
  return R"({"type":"bundle","objects":[)" + out + "]}";
}

// The places that match, "no", or why not.
std::string match(std::string_view pattern, const std::string& json) {
  simdjson::dom::parser parser;
  simdjson::dom::element root = parser.parse(simdjson::padded_string(json)).value();
  StixObservations seen;
  if (auto added = seen.add(root); !added) return added.error().what;
  auto parsed = parse_stix_pattern(pattern);
  if (!parsed) return parsed.error().what;
  auto matcher = StixMatcher::make(*std::move(parsed));
  if (!matcher) return matcher.error().what;
  auto found = matcher->match(seen);
  if (!found) return found.error().what;
  return found->empty() ? "no" : fmt::format("{}", fmt::join(*found, " "));
}

const std::string one = bundle({R"("type":"file","name":"a.exe","size":5)"});

}  // namespace

TEST_CASE("values compare by their kind") {
  CHECK(match("[file:name = 'a.exe']", one) == "0");
  CHECK(match("[file:size = 5.0]", one) == "0");
  CHECK(match("[file:size = '5']", one) == "no");
  CHECK(match("[file:size != '5']", one) == "0");
  CHECK(match("[file:size NOT < '5']", one) == "0");
  CHECK(match("[file:size IN (1, 5.0)]", one) == "0");
  CHECK(match("[file:name LIKE '%.e_e']", one) == "0");
  CHECK(match("[file:name LIKE 'a.ex']", one) == "no");
  CHECK(match("[file:name MATCHES '^a\\\\.']", one) == "0");
  CHECK(match("[EXISTS file:name]", one) == "0");
  CHECK(match("[NOT EXISTS file:name]", one) == "no");
  CHECK(match("[file:other = 1]", one) == "no");
  CHECK(match("[file:size = 9223372036854775807]",
              bundle({R"("type":"file","size":9223372036854775806)"})) == "no");
}

TEST_CASE("networks lie in networks of their own family") {
  auto held = [](std::string_view test, std::string_view value) {
    return match(fmt::format("[ipv4-addr:value {}]", test),
                 bundle({fmt::format(R"("type":"ipv4-addr","value":"{}")", value)}));
  };
  CHECK(held("ISSUBSET '192.0.2.0/24'", "192.0.2.7") == "0");
  CHECK(held("ISSUBSET '192.0.2.0/24'", "192.0.0.0/16") == "no");
  CHECK(held("ISSUPERSET '192.0.2.0/24'", "192.0.0.0/16") == "0");
  CHECK(held("ISSUBSET '::/0'", "192.0.2.7") == "no");
  CHECK(held("NOT ISSUBSET '192.0.2.0/24'", "nonsense") == "0");
}

TEST_CASE("two observations are two, however alike") {
  std::string twice = bundle({R"("type":"file","name":"a")", R"("type":"file","name":"a")"});
  CHECK(match("[file:name = 'a'] AND [file:name = 'a']", one) == "no");
  CHECK(match("[file:name = 'a'] AND [file:name = 'a']", twice) == "0 1");
  CHECK(match("[file:name = 'a'] AND [file:name = 'a'] AND [file:name = 'a']", twice) == "no");
  CHECK(match("[file:name = 'a'] AND [file:name = 'a']",
              bundle({R"("type":"file","name":"a")"}, 2)) == "0 0");
  // The first may not take what only the second can have.
  std::string mixed =
      bundle({R"("type":"file","name":"a","size":1)", R"("type":"file","name":"a")"});
  CHECK(match("[file:name = 'a'] AND [file:size = 1]", mixed) == "0 1");
  CHECK(match("[file:size = 2] OR ([file:name = 'a'] AND [file:size = 1])", mixed) == "0 1");
}

TEST_CASE("START and STOP: from the one, before the other") {
  std::string at_3 = bundle({R"("type":"a-a","name":"x")", R"("type":"a-a","name":"x")",
                             R"("type":"a-a","name":"x")", R"("type":"a-a","name":"y")"});
  auto within = [&](std::string_view from, std::string_view to) {
    return match(fmt::format("[a-a:name = 'y'] START t'2026-01-02T03:04:{}Z' STOP "
                             "t'2026-01-02T03:04:{}Z'",
                             from, to),
                 at_3);
  };
  CHECK(within("03", "04") == "3");
  CHECK(within("02", "03") == "no");
  CHECK(within("02", "03.000000001") == "3");
  CHECK(within("05", "02") == "no");
}

TEST_CASE("what cannot be evaluated says why") {
  CHECK(match("[file:name = 'a'] REPEATS 2 TIMES", one).contains("not yet evaluated"));
  CHECK(match("[file:name MATCHES '(a)\\\\1']", one).contains("not a regular expression"));
  CHECK(match("[file:name = t'2026-01-02T00:00:00Z']", one).contains("not a time"));
  CHECK(match("[file:name = t'2026-02-30T00:00:00Z']", one).contains("no such day"));
  CHECK(match("[file:name ISSUBSET 'x']", one).contains("'x'"));
  CHECK(match("[file:name = 'a']", R"({"type":"bundle","objects":[{"number_observed":1}]})")
            .contains("whose times are none"));
}

TEST_CASE("no pattern takes for ever") {
  // A regular expression that a backtracking engine would not end.
  std::string text(50'000, 'a');
  CHECK(match("[file:name MATCHES '^(a+)+$']",
              bundle({R"("type":"file","name":")" + text + "!\""})) == "no");
  // References in a circle, followed in every way.
  std::string friends = R"("type":"a-a","friend_refs":[)";
  for (int i = 0; i < 12; ++i) friends += fmt::format(R"({}"x--0-0")", i == 0 ? "" : ",");
  std::string path = "[a-a:friend_refs[*]";
  for (int i = 0; i < 20; ++i) path += ".friend_refs[*]";
  CHECK(match(path + ".name = 'x']", bundle({friends + "]"})).contains("needs more than"));
  // Choices whose number grows with the power of the pattern's length.
  std::vector<std::string> files(20, R"("type":"file","name":"a")");
  std::string choices;
  for (int i = 0; i < 30; ++i)
    choices += std::string(i == 0 ? "" : " AND ") +
               "([file:name = 'a'] OR ([file:name = 'a'] AND [file:name = 'a']))";
  std::string verdict = match(choices, bundle(files));
  CHECK((verdict == "no" || verdict.contains("too many choices")));
}

}  // namespace tocsin::wire
