#include "enrich/known_controllers.h"

#include <fmt/format.h>

#include "base/text.h"
#include "test.h"

namespace tocsin::enrich {
namespace {

constexpr Day day = 20454;  // 2026-01-01

// Infected systems behind a sinkhole, and controllers.
struct World {
  Dictionary words;
  KnownControllers known{words};

  void controller(const char* family, const char* ip, const char* country, Day when,
                  const char* name = "") {
    known.learn({.family = words.id(family),
                 .ip = *ip == 0 ? Ip{} : *ip::parse(ip),
                 .name = name,
                 .country = Country::parse(country).value_or(Country{}),
                 .first = when,
                 .last = when});
  }
  EventBatch infected(const char* family, Day when, const char* asked = "") {
    EventBatch b;
    b.add_row();
    b.type.back() = Type::infected_system;
    b.roles.back() = {Role::affected, Role::sinkhole};
    b.source.ip.back() = *ip::parse("198.51.100.1");
    b.destination.ip.back() = *ip::parse("192.0.2.250");
    b.family.back() = words.id(family);
    b.time.back() = times::start_of(when) + 5 * us_per_hour;
    if (*asked != 0) b.destination.name.back() = b.keep(asked);
    return b;
  }
  // "NL 203.0.113.1", "NL" where it is one of several, "" where nothing was joined.
  std::string joined(EventBatch b) {
    known.apply(b);
    if (b.controller_reason[0] != ControllerReason::join) return "";
    std::string out = b.joined_country[0].text();
    if (b.joined[0] != 0) out += fmt::format(" {}", words.word(b.joined[0]));
    return out;
  }
  std::string joined(const char* family, Day when, const char* asked = "") {
    return joined(infected(family, when, asked));
  }
};

// What keep_sinks() writes.
std::string kept(KnownControllers& known) {
  std::string out;
  REQUIRE(known.keep_sinks([&](std::string_view lines) -> Result<void> {
    out = lines;
    return {};
  }));
  return out;
}

}  // namespace

TEST_CASE("the controller of a family is joined while it is known, and 30 days around") {
  World w;
  CHECK(w.joined("mirai", day) == "");
  w.controller("mirai", "203.0.113.1", "NL", day);
  w.controller("mirai", "203.0.113.1", "NL", day + 10);
  CHECK(w.joined("mirai", day + 5) == "NL 203.0.113.1");
  CHECK(w.joined("mirai", day - 30) == "NL 203.0.113.1");
  CHECK(w.joined("mirai", day - 31) == "");
  CHECK(w.joined("mirai", day + 40) == "NL 203.0.113.1");
  CHECK(w.joined("mirai", day + 41) == "");
  CHECK(w.joined("emotet", day) == "");
  CHECK(w.joined("", day) == "");
}

TEST_CASE("several controllers in one country give the country, in several countries nothing") {
  World w;
  w.controller("mirai", "203.0.113.1", "NL", day);
  w.controller("mirai", "203.0.113.2", "NL", day + 20);
  CHECK(w.joined("mirai", day) == "NL");
  CHECK(w.joined("mirai", day + 45) == "NL 203.0.113.2");
  w.controller("mirai", "203.0.113.3", "DE", day);
  CHECK(w.joined("mirai", day) == "");
  CHECK(w.joined("mirai", day + 45) == "NL 203.0.113.2");
  w.controller("mirai", "203.0.113.2", "DE", day + 20);  // its address moved abroad
  CHECK(w.joined("mirai", day + 45) == "");
}

TEST_CASE("the name that was asked for goes before the family") {
  World w;
  w.controller("mirai", "203.0.113.1", "NL", day);
  w.controller("", "203.0.113.2", "DE", day, "c2.example.org");
  w.controller("emotet", "", "FR", day, "c3.example.org");
  CHECK(w.joined("mirai", day, "c2.example.org") == "DE c2.example.org");
  CHECK(w.joined("", day, "c2.example.org") == "DE c2.example.org");
  CHECK(w.joined("mirai", day, "www.example.org") == "NL 203.0.113.1");
  CHECK(w.joined("mirai", day + 31, "c2.example.org") == "");
  CHECK(w.joined("emotet", day) == "FR c3.example.org");
  EventBatch by_url = w.infected("", day);
  by_url.destination.url[0] = by_url.keep("http://c2.example.org/gate.php");
  CHECK(w.joined(by_url) == "DE c2.example.org");
}

TEST_CASE("what a feed says stays, and types without a controller get none") {
  World w;
  w.controller("mirai", "203.0.113.1", "NL", day);
  EventBatch told = w.infected("mirai", day);
  told.roles[0].destination = Role::controller;
  told.controller_reason[0] = ControllerReason::feed;
  CHECK(w.joined(told) == "");
  EventBatch scanner = w.infected("mirai", day);
  scanner.type[0] = Type::scanner;
  CHECK(w.joined(scanner) == "");
  scanner.roles[0].destination = Role::controller;  // but nobody says so
  CHECK(w.joined(scanner) == "NL 203.0.113.1");
}

TEST_CASE("a sinkhole's address is no controller, though a feed says so") {
  World w;
  EventBatch told = w.infected("mirai", day);
  told.roles[0].destination = Role::controller;
  told.controller_reason[0] = ControllerReason::feed;
  EventBatch before = told;
  w.known.apply(before);
  CHECK(before.controller_reason[0] == ControllerReason::feed);
  CHECK(w.joined("mirai", day) == "");  // seen as a sinkhole
  w.controller("mirai", "203.0.113.1", "NL", day);
  CHECK(w.joined(told) == "NL 203.0.113.1");
  w.known.apply(told);
  CHECK(told.roles[0].destination == Role::sinkhole);
}

TEST_CASE("a batch's own controllers are learned before its events are joined") {
  World w;
  EventBatch b = w.infected("mirai", day);
  b.add_row();
  b.type[1] = Type::c2_server;
  b.roles[1] = {Role::controller, Role::unknown};
  b.source.ip[1] = *ip::parse("203.0.113.1");
  b.source.country[1] = *Country::parse("NL");
  b.family[1] = w.words.id("mirai");
  b.time[1] = times::start_of(day);
  CHECK(w.joined(b) == "NL 203.0.113.1");
  CHECK(w.known.size() == 1);
  b.source.country[1] = {};
  World without;
  CHECK(without.joined(b) == "");
}

TEST_CASE("a sinkhole is never a controller, whichever is seen first, also after a restart") {
  World w;
  w.controller("mirai", "203.0.113.1", "NL", day);
  w.controller("mirai", "192.0.2.250", "US", day);
  CHECK(w.joined("mirai", day) == "NL 203.0.113.1");  // 192.0.2.250 is the event's sinkhole
  CHECK(w.known.sinks() == "192.0.2.250\n");
  w.controller("mirai", "192.0.2.250", "US", day);
  CHECK(w.known.size() == 1);

  World first;
  CHECK(first.joined("mirai", day) == "");
  EventBatch c2 = first.infected("mirai", day);
  c2.type[0] = Type::c2_server;
  c2.roles[0] = {Role::controller, Role::unknown};
  c2.source.ip[0] = *ip::parse("192.0.2.250");
  c2.source.country[0] = *Country::parse("US");
  first.known.apply(c2);
  CHECK(first.known.size() == 0);

  // Nobody had named it a controller before the restart.
  World before;
  CHECK(before.joined("mirai", day) == "");
  World later;
  later.known.know_sinks(kept(before.known));
  later.controller("mirai", "192.0.2.250", "US", day);
  CHECK(later.known.size() == 0);
}

TEST_CASE("a sinkhole goes from every family, name and country it was listed under") {
  World w;
  for (const char* family : {"mirai", "zeus"}) {
    w.controller(family, "192.0.2.250", "US", day, "c2.example.org");
    w.controller(family, "192.0.2.250", "DE", day);
    w.controller(family, "192.0.2.251", "US", day);
  }
  CHECK(w.known.size() == 7);
  CHECK(w.joined("", day) == "");
  CHECK(w.known.size() == 2);
  CHECK(w.joined("zeus", day) == "US 192.0.2.251");
  CHECK(w.joined("", day, "c2.example.org") == "");
}

TEST_CASE("each new sinkhole is written once, and again where that failed") {
  World w;
  CHECK(w.joined("mirai", day) == "");
  auto fails = [](std::string_view) -> Result<void> { return unavailable("disk full"); };
  CHECK(!w.known.keep_sinks(fails));
  CHECK(kept(w.known) == "192.0.2.250\n");
  CHECK(kept(w.known) == "");
  CHECK(w.joined("mirai", day) == "");
  CHECK(kept(w.known) == "");
  EventBatch other = w.infected("mirai", day);
  other.destination.ip[0] = *ip::parse("192.0.2.251");
  w.known.apply(other);
  CHECK(kept(w.known) == "192.0.2.251\n");
}

TEST_CASE("with more sinkholes than are remembered no address is learned any more") {
  Dictionary words;
  auto learn = [&](KnownControllers& known, const char* ip, const char* name) {
    known.learn({.family = words.id("mirai"),
                 .ip = *ip == 0 ? Ip{} : *ip::parse(ip),
                 .name = name,
                 .country = *Country::parse("NL"),
                 .first = day,
                 .last = day});
  };
  World w;
  KnownControllers known(words, 2);
  auto sink = [&](const char* ip) {
    EventBatch b = w.infected("mirai", day);
    b.destination.ip[0] = *ip::parse(ip);
    known.apply(b);
  };
  sink("192.0.2.1");
  sink("192.0.2.2");
  learn(known, "203.0.113.1", "");
  learn(known, "203.0.113.2", "");
  CHECK(known.size() == 2);
  sink("203.0.113.2");
  CHECK(known.size() == 1);
  learn(known, "203.0.113.2", "");
  learn(known, "203.0.113.3", "");
  CHECK(known.size() == 1);
  learn(known, "", "c2.example.org");
  CHECK(known.size() == 3);  // of its family, and by its name

  KnownControllers later(words, 2);
  later.know_sinks(known.sinks());
  learn(later, "203.0.113.1", "");
  CHECK(later.size() == 0);
}

TEST_CASE("sinkholes are found among many controllers") {  // bench_scaling has what that costs
  World w;
  constexpr std::uint32_t families = 50'000;
  for (std::uint32_t i = 0; i < families; ++i) {
    w.known.learn({.family = 1 + i,
                   .ip = Ip::from_v4(0x0a000000u + i),
                   .country = *Country::parse("NL"),
                   .first = day,
                   .last = day});
  }
  EventBatch b;
  for (std::uint32_t i = 0; i < 1000; ++i) {
    b.add_row();
    b.type.back() = Type::scanner;
    b.roles.back() = {Role::attacker, Role::sensor};
    b.destination.ip.back() = Ip::from_v4(0x0a000000u + i);  // each was listed
  }
  w.known.apply(b);
  CHECK(w.known.size() == families - 1000);
}

TEST_CASE("where more controllers were known than are kept, nothing is said of their days") {
  World w;
  w.controller("mirai", "203.0.113.1", "DE", day);
  for (unsigned i = 0; i < KnownControllers::of_one_max; ++i) {
    w.controller("mirai", fmt::format("198.51.100.{}", i).c_str(), "NL", day + 70);
  }
  CHECK(w.known.size() == KnownControllers::of_one_max);
  CHECK(w.joined("mirai", day) == "");
  CHECK(w.joined("mirai", day + 30) == "");
  CHECK(w.joined("mirai", day + 70) == "NL");
  w.controller("mirai", "203.0.113.2", "FR", day + 60);  // older than all that are kept
  CHECK(w.known.size() == KnownControllers::of_one_max);
  CHECK(w.joined("mirai", day + 70) == "");
  CHECK(w.joined("mirai", day + 95) == "NL");
}

TEST_CASE("the oldest go when there are too many over all families") {
  World w;
  std::size_t most = KnownControllers::controllers_max;
  for (std::size_t i = 0; i < most + 1000; ++i) {
    auto n = static_cast<std::uint32_t>(i);
    w.known.learn({.family = 1 + n / 8,
                   .ip = Ip::from_v4(0x0a000000u + n),
                   .country = *Country::parse("NL"),
                   .first = day + static_cast<Day>(n / 1000),
                   .last = day + static_cast<Day>(n / 1000)});
  }
  CHECK(w.known.size() <= most);
  CHECK(w.known.size() > most / 2);
}

}  // namespace tocsin::enrich
