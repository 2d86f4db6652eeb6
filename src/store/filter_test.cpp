#include "store/filter.h"

#include "model/country.h"
#include "test.h"

namespace tocsin::store {
namespace {

// 2026-11-22T07:00:00Z
const TimeUs now = *times::parse("2026-11-22T07:00:00Z");

Condition only(std::string_view text) {
  auto filter = parse_filter(text, now);
  REQUIRE_MESSAGE(filter.has_value(), text);
  REQUIRE(filter->all.size() == 1);
  return filter->all[0];
}

std::string error_of(std::string_view text) {
  auto filter = parse_filter(text, now);
  return filter ? "no error: " + format(*filter) : filter.error().what;
}

std::string round(std::string_view text) {
  auto filter = parse_filter(text, now);
  return filter ? format(*filter) : filter.error().what;
}

Ip ip_of(std::string_view text) {
  return *ip::parse(text);
}

}  // namespace

TEST_CASE("a filter's canonical text parses to the same filter") {
  for (std::string_view text :
       {"type:infected-system,c2-server country:br -family:mirai severity>=high last>=7d",
        "ip=192.0.2.41",
        "prefix:2001:db8::/32",
        "asn:AS64496,64497",
        "name:*.Example.org",
        "url:hxxp://example[.]org/a",
        "url:http://example.org/*",
        "identifier:\"open rdp\",open-*",
        "state!=closed",
        "port>1024 port<=2048",
        "controller:198.51.100.23,c2.example.net",
        "controller:unknown -controller_country:BR",
        "first:2026-01-31",
        "first<=2026-01-31",
        "last>2026-01-31T10:20Z",
        "last:2026-01-31T10:20:30Z",
        "last:2026-01-31T10:20:30.5Z",
        "times>=10",
        "tlp:amber+strict tlp<=green",
        "d41d8cd98f00b204e9800998ecf8427e",
        "feed:\"a \\\"b\\\" c\"*",
        "family:* class:malicious-code",
        "controller:unknowN family:Unknown",
        "controller:unknown.",
        "unknown.",
        "//://*",
        "xc0://gg-g://`hhh1*#c@6t:2",
        "url:\"http://example.org/*\" family:\"*\",\"a*\",a\\*,\"b*\"*",
        "family:\"//x\"",
        "sector:\"Health Care\",energy -sector:bank*",
        "sector:unknown",
        ""}) {
    CAPTURE(text);
    auto first = parse_filter(text, now);
    REQUIRE_MESSAGE(first.has_value(), (first ? "" : first.error().what));
    auto second = parse_filter(format(*first), now + us_per_day);
    REQUIRE(second.has_value());
    for (auto& condition : first->all) condition.guessed = false;
    CHECK(*second == *first);
    CHECK(format(*second) == format(*first));
  }
}

TEST_CASE("words alone are guessed") {
  CHECK(round("192.0.2.41 2001:db8::1") == "ip:192.0.2.41 ip:2001:db8::1");
  CHECK(round("dead::beef") == "ip:dead::beef");
  CHECK(round("feed::1") == "ip:feed::1");
  CHECK(round("192.0.2.0/24") == "ip:192.0.2.0/24");
  CHECK(round("as64496") == "asn:64496");
  CHECK(round("BR") == "country:BR");
  CHECK(round("Example.org") == "name:*.example.org");
  CHECK(round("https://example.org/x") == "url:https://example.org/x");
  CHECK(round("infected-system") == "type:infected-system");
  CHECK(round("malicious-code") == "class:malicious-code");
  CHECK(round("critical") == "severity:critical");
  CHECK(round("reopened") == "state:reopened");
  CHECK(round("CVE-2021-44228") == "identifier:cve-2021-44228");
  CHECK(round("open-rdp") == "identifier:open-rdp");
  CHECK(round("-mirai") == "-family:mirai");
  CHECK(round("192.0.2.1,192.0.2.2") == "ip:192.0.2.1,192.0.2.2");
  CHECK(only("BR").guessed);
  CHECK_FALSE(only("country:BR").guessed);
}

TEST_CASE("a filter's error names what is wrong and what would be right") {
  CHECK(error_of("sevrity:high") == "no field 'sevrity'; did you mean 'severity'?");
  CHECK(error_of("zzzzzzzz:1").starts_with("no field 'zzzzzzzz'; there are ip, asn, country"));
  CHECK(error_of("severity:awful") ==
        "no severity 'awful'; there are info, low, medium, high, critical");
  CHECK(error_of("state:new") == "no state 'new'; there are open, quiet, closed, reopened");
  CHECK(error_of("type:infectd-system") ==
        "no type 'infectd-system'; did you mean 'infected-system'?");
  CHECK(error_of("country:BRA") == "not a country's two letters: 'BRA'");
  CHECK(error_of("port:70000") == "not a port (0 to 65535): '70000'");
  CHECK(error_of("asn:4294967296") == "not an AS number (0 to 4294967295): '4294967296'");
  CHECK(error_of("last>=tomorrow") ==
        "not a time: 'tomorrow'; say 2026-01-31, 2026-01-31T12:00Z, today or 7d");
  CHECK(error_of("last>=2026-02-30").starts_with("not a time: '2026-02-30'"));
  CHECK(error_of("family>=mirai") == "'family' cannot be compared, only be equal: 'family>=mirai'");
  CHECK(error_of("port>=1,2") == "a comparison takes one value: 'port>=1,2'");
  CHECK(error_of("port>=*") == "a comparison takes one value: 'port>=*'");
  CHECK(error_of("type:") == "a value is missing in 'type:'");
  CHECK(error_of("type:a,,b") == "a value is missing in 'type:a,,b'");
  CHECK(error_of("-") == "a value is missing in '-'");
  CHECK(error_of("family:\"open") == "a quote is not closed: 'family:\"open'");
  CHECK(error_of("192.0.2.1,mirai") == "alternatives must be of one kind: '192.0.2.1,mirai'");
  CHECK(error_of("somebody@example.org").starts_with("mail addresses are not searched"));
  CHECK(error_of("999.1.1.1/24").starts_with("neither an address"));
  CHECK(error_of("fam\x01ily").starts_with("a control character in "));
  CHECK(error_of("\xff\xfe") == "the filter is not UTF-8");
  CHECK(error_of(std::string(70'000, 'a')).starts_with("a filter of 70000 bytes"));
  std::string many;
  for (int i = 0; i < 100; ++i) many += "port:1 ";
  CHECK(error_of(many).starts_with("too many conditions"));
}

TEST_CASE("a day is the whole of it, also when compared") {
  auto day = only("first:2026-01-31");
  TimeUs midnight = *times::parse("2026-01-31");
  CHECK(holds(day, midnight));
  CHECK(holds(day, midnight + us_per_day - 1));
  CHECK_FALSE(holds(day, midnight + us_per_day));
  CHECK(holds(only("first<=2026-01-31"), midnight + us_per_day - 1));
  CHECK_FALSE(holds(only("first<=2026-01-31"), midnight + us_per_day));
  CHECK_FALSE(holds(only("first>2026-01-31"), midnight + us_per_day - 1));
  CHECK(holds(only("first>2026-01-31"), midnight + us_per_day));
  CHECK_FALSE(holds(only("first<2026-01-31"), midnight));
}

TEST_CASE("a stretch alone means within it") {
  auto week = only("last:7d");
  CHECK(week.compare == Compare::greater_equal);
  CHECK(holds(week, now - 7 * us_per_day));
  CHECK_FALSE(holds(week, now - 7 * us_per_day - 1));
  CHECK(holds(only("first:today"), now));
  CHECK_FALSE(holds(only("first:yesterday"), now));
}

TEST_CASE("conditions judge numbers, texts and addresses") {
  CHECK(holds(only("port:502,503"), 503));
  CHECK_FALSE(holds(only("port:502"), none_number));
  CHECK(holds(only("-port:502"), none_number));
  CHECK(holds(only("port:unknown"), none_number));
  CHECK(holds(only("port:*"), 1));
  CHECK_FALSE(holds(only("port>=1"), none_number));
  CHECK(holds(only("severity>=high"), static_cast<std::int64_t>(Severity::critical)));
  CHECK_FALSE(holds(only("severity>=high"), static_cast<std::int64_t>(Severity::medium)));
  CHECK(holds(only("country:BR"), Country::parse("BR")->code));
  CHECK(holds(only("family:andro*"), "andromeda"));
  CHECK_FALSE(holds(only("family:andro"), "andromeda"));
  CHECK(holds(only("example.org"), "www.example.org"));
  CHECK(holds(only("example.org"), "example.org"));
  CHECK_FALSE(holds(only("example.org"), "notexample.org"));
  CHECK_FALSE(holds(only("name:example.org"), "www.example.org"));
  CHECK(holds(only("192.0.2.0/24"), ip_of("192.0.2.255")));
  CHECK_FALSE(holds(only("192.0.2.0/24"), ip_of("192.0.3.0")));
  CHECK(holds(only("-192.0.2.0/24"), Ip{}));
  CHECK(holds(only("controller:unknown"), ""));
  CHECK(holds(only("controller:c2.example.net,198.51.100.1"), "c2.example.net"));
  CHECK(holds(only("controller:c2.example.net,198.51.100.1"), ip_of("198.51.100.1")));
  CHECK_FALSE(holds(only("controller:c2.example.net"), ip_of("198.51.100.1")));
}

}  // namespace tocsin::store
