#include "base/zone.h"

#include <filesystem>

#include "test.h"

namespace tocsin {
namespace {

std::string utc(std::string_view zone, std::string_view local) {
  auto found = Zone::named(zone);
  REQUIRE(found);
  auto time = found->to_utc(times::parse(local).value());
  return time ? times::format(*time) : time.error().what;
}

}  // namespace

TEST_CASE("offsets are zones") {
  CHECK(utc("UTC", "2026-01-02 03:04:05") == "2026-01-02T03:04:05Z");
  CHECK(utc("+02:00", "2026-01-02 03:04:05") == "2026-01-02T01:04:05Z");
  CHECK(utc("-0330", "2026-01-02 03:04:05") == "2026-01-02T06:34:05Z");
  CHECK(!Zone::named("Nowhere/Town"));
  CHECK(!Zone::named("../etc/passwd"));
  CHECK(!Zone::named(""));
}

TEST_CASE("named zones know their summers, far ahead too") {
  if (!std::filesystem::exists("/usr/share/zoneinfo/Europe/Warsaw")) {
    MESSAGE("skipped: no tzdata on this machine");
    return;
  }
  CHECK(utc("Europe/Warsaw", "2026-01-02 03:00:00") == "2026-01-02T02:00:00Z");
  CHECK(utc("Europe/Warsaw", "2026-07-02 03:00:00") == "2026-07-02T01:00:00Z");
  CHECK(utc("Europe/Warsaw", "2060-07-02 03:00:00") == "2060-07-02T01:00:00Z");
  CHECK(utc("Europe/Warsaw", "2020-10-25 01:59:59") == "2020-10-24T23:59:59Z");
  CHECK(utc("Europe/Warsaw", "2020-10-25 02:00:00") == "2020-10-25T01:00:00Z");
  CHECK(utc("Europe/Warsaw", "2020-03-29 02:00:30") == "no such local time: 2020-03-29T02:00:30Z");
  CHECK(utc("America/Los_Angeles", "2016-03-15 00:47:49") == "2016-03-15T07:47:49Z");
  CHECK(utc("America/Los_Angeles", "2050-12-15 00:00:00") == "2050-12-15T08:00:00Z");
  CHECK(utc("Asia/Kathmandu", "2026-01-02 05:45:00") == "2026-01-02T00:00:00Z");
}

TEST_CASE("a local day begins at its midnight, or right after clocks jumped over that") {
  auto start = [](std::string_view zone, std::string_view day) {
    return times::format(Zone::named(zone)->start_of(*times::parse_day(day)));
  };
  CHECK(start("UTC", "2026-01-02") == "2026-01-02T00:00:00Z");
  CHECK(start("-03:00", "2026-01-02") == "2026-01-02T03:00:00Z");
  if (!std::filesystem::exists("/usr/share/zoneinfo/Europe/Warsaw")) return;
  CHECK(start("Europe/Warsaw", "2026-01-02") == "2026-01-01T23:00:00Z");
  CHECK(start("Europe/Warsaw", "2026-03-29") == "2026-03-28T23:00:00Z");
  CHECK(start("Europe/Warsaw", "2026-03-30") == "2026-03-29T22:00:00Z");      // a day of 23 hours
  CHECK(start("America/Sao_Paulo", "2018-11-04") == "2018-11-04T03:00:00Z");  // no 00:30 that day
  Zone warsaw = *Zone::named("Europe/Warsaw");
  CHECK(times::format(warsaw.to_local(*times::parse("2026-07-01T22:30:00Z"))) ==
        "2026-07-02T00:30:00Z");
}

}  // namespace tocsin
