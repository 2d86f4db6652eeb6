#include "store/findings.h"

#include <filesystem>
#include <fstream>
#include <map>
#include <random>
#include <set>

#include "temporary_folder.h"
#include "test.h"

namespace tocsin::store {
namespace {

constexpr TimeUs noon = 1'767'268'800'000'000;  // 2026-01-01T12:00:00Z

struct Made {
  Type type = Type::infected_system;
  unsigned host = 1;
  const char* family = "mirai";
  TimeUs time = noon;
  std::uint16_t port = 0;
  const char* feed = "sinkhole";
};

EventBatch batch(Dictionary& words, std::uint64_t seq, const std::vector<Made>& rows) {
  EventBatch b;
  b.seq = seq;
  b.feed = words.id(rows.empty() ? "sinkhole" : rows[0].feed);
  for (const Made& row : rows) {
    b.add_row();
    b.type.back() = row.type;
    b.source.ip.back() = Ip::from_v4(0xc6336400u + row.host);
    b.source.port.back() = row.port;
    b.source.country.back() = *Country::parse("BR");
    b.family.back() = words.id(row.family);
    b.time.back() = row.time;
    b.severity.back() = Severity::high;
    b.roles.back() = usual_roles(row.type);
  }
  return b;
}

Filter filter(const char* text) {
  return *parse_filter(text, noon);
}

}  // namespace

TEST_CASE("a played problem is a finding of its own, and hidden unless it is asked for") {
  TemporaryFolder folder;
  Dictionary words;
  auto findings = Findings::open(folder.path(), words);
  REQUIRE(findings);
  auto played = batch(words, 1, {{}, {.host = 2}});
  played.flags = {flag_exercise, flag_exercise};
  std::vector<FindingChange> changes;
  (*findings)->apply(played, &changes);
  CHECK(changes.empty());
  (*findings)->apply(batch(words, 2, {{}, {.type = Type::test, .host = 3}}), &changes);
  CHECK(changes.size() == 1);
  for (int again = 0; again < 2; ++again) {
    CHECK((*findings)->count(filter("")) == 1);
    CHECK((*findings)->count(filter("is:exercise")) == 3);
    CHECK((*findings)->count(filter("is:exercise 198.51.100.1")) == 1);
    CHECK((*findings)->count(filter("is:*")) == 4);
    CHECK((*findings)->open_count() == 1);
    CHECK((*findings)->summary({}, 0, 0, 1).total == 1);
    REQUIRE((*findings)->snapshot());
    findings = Findings::open(folder.path(), words);
    REQUIRE(findings);
  }
}

TEST_CASE("history is nothing new, until an ordinary report tells it too") {
  TemporaryFolder folder;
  Dictionary words;
  auto findings = Findings::open(folder.path(), words);
  REQUIRE(findings);
  auto old = batch(words, 1, {{}});
  old.flags = {flag_history};
  std::vector<FindingChange> changes;
  (*findings)->apply(old, &changes);
  CHECK(changes.empty());
  CHECK((*findings)->count(filter("is:history")) == 1);
  CHECK((*findings)->count(filter("")) == 1);
  (*findings)->apply(batch(words, 2, {{.time = noon + us_per_hour}}), &changes);
  CHECK((*findings)->count(filter("is:history")) == 0);
}

TEST_CASE("a thousand rows of one host with a thousand source ports are one finding") {
  TemporaryFolder folder;
  Dictionary words;
  auto findings = *Findings::open(folder.path(), words);
  std::vector<Made> rows;
  for (std::uint16_t port = 1024; port < 2024; ++port) rows.push_back({.port = port});
  findings->apply(batch(words, 1, rows));
  REQUIRE(findings->size() == 1);
  auto page = findings->find({});
  REQUIRE(page);
  CHECK(page->items[0].times == 1000);
  CHECK(page->items[0].port == 0);
}

TEST_CASE("families, services and types at one address are findings of their own") {
  TemporaryFolder folder;
  Dictionary words;
  auto findings = *Findings::open(folder.path(), words);
  findings->apply(batch(words, 1,
                        {{.family = "mirai"},
                         {.family = "qakbot"},
                         {.type = Type::vulnerable_system, .family = "", .port = 23},
                         {.type = Type::vulnerable_system, .family = "", .port = 3389},
                         {.type = Type::vulnerable_system, .family = "", .port = 23}}));
  CHECK(findings->size() == 4);
  CHECK(findings->count(filter("port:23")) == 1);
  CHECK(findings->count(filter("family:mirai")) == 1);
  CHECK(findings->count(filter("class:vulnerable")) == 2);
  CHECK(findings->count(filter("-class:vulnerable 198.51.100.0/24")) == 2);
}

TEST_CASE("a finding goes quiet only when its feed delivers without it, and comes back reopened") {
  TemporaryFolder folder;
  Dictionary words;
  auto findings = *Findings::open(folder.path(), words);
  findings->apply(batch(words, 1, {{.host = 1}, {.host = 2}}));
  findings->settle();
  CHECK(findings->open_count() == 2);
  // Another feed's deliveries say nothing about it.
  findings->apply(batch(words, 2, {{.host = 3, .time = noon + 10 * us_per_day, .feed = "other"}}));
  findings->settle();
  CHECK(findings->open_count() == 3);
  findings->apply(batch(words, 3, {{.host = 2, .time = noon + 4 * us_per_day}}));
  findings->settle();
  CHECK(findings->count(filter("state:quiet")) == 1);
  CHECK(findings->count(filter("198.51.100.1 state:quiet")) == 1);
  std::vector<FindingChange> changes;
  findings->apply(batch(words, 4, {{.host = 1, .time = noon + 5 * us_per_day}}), &changes);
  REQUIRE(changes.size() == 1);
  CHECK(changes[0].state == State::reopened);
  CHECK(findings->count(filter("state:reopened")) == 1);
  findings->apply(batch(words, 5, {{.host = 9, .time = noon + 40 * us_per_day}}));
  findings->settle();
  CHECK(findings->count(filter("state:closed")) == 2);
}

TEST_CASE("whether a sweep came between does not change what is reopened") {
  for (bool sweep : {false, true}) {
    TemporaryFolder folder;
    Dictionary words;
    auto findings = *Findings::open(folder.path(), words);
    findings->apply(batch(words, 1, {{.host = 1}}));
    findings->apply(batch(words, 2, {{.host = 2, .time = noon + 9 * us_per_day}}));
    if (sweep) findings->settle();
    findings->apply(batch(words, 3, {{.host = 1, .time = noon + 9 * us_per_day}}));
    CHECK(findings->one(findings->find({.filter = filter("198.51.100.1")})->items[0].key)->state ==
          State::reopened);
  }
}

TEST_CASE(
    "a random stream gives what a plain map gives, before and after a snapshot and a replay") {
  TemporaryFolder folder;
  Dictionary words;
  std::mt19937 random(7);
  std::vector<EventBatch> stream;
  std::map<std::tuple<unsigned, std::string>, std::tuple<TimeUs, TimeUs, std::uint32_t>> plain;
  for (std::uint64_t seq = 1; seq <= 40; ++seq) {
    std::vector<Made> rows;
    for (int i = 0; i < 200; ++i) {
      static const char* const families[] = {"mirai", "qakbot", "emotet"};
      Made row{.host = static_cast<unsigned>(random() % 120),
               .family = families[random() % 3],
               .time = noon + static_cast<TimeUs>(random() % 1000) * us_per_s};
      auto& [first, last, times] =
          plain.try_emplace({row.host, row.family}, INT64_MAX, 0, 0).first->second;
      first = std::min(first, row.time), last = std::max(last, row.time), ++times;
      rows.push_back(row);
    }
    stream.push_back(batch(words, seq, rows));
  }
  auto same = [&](const Findings& findings) {
    REQUIRE(findings.size() == plain.size());
    auto page = findings.find({.limit = 1000});
    REQUIRE(page->items.size() == plain.size());
    for (const Finding& f : page->items) {
      const auto& [first, last, times] = plain.at({f.ip.v4() - 0xc6336400u, f.family});
      CHECK((f.first == first && f.last == last && f.times == times));
    }
  };
  {
    auto findings = *Findings::open(folder.path(), words);
    for (std::size_t i = 0; i < 20; ++i) findings->apply(stream[i]);
    REQUIRE(findings->snapshot());
    for (const auto& b : stream) findings->apply(b);
    same(*findings);
  }
  auto findings = *Findings::open(folder.path(), words);
  CHECK(findings->durable_watermark() == 20);
  for (const auto& b : stream) findings->apply(b);
  same(*findings);

  std::set<std::string> seen;
  std::string cursor;
  do {
    auto page = findings->find({.sort = FindingSort::times, .limit = 7, .cursor = cursor});
    REQUIRE(page);
    for (const Finding& f : page->items) CHECK(seen.insert(finding_id(f.key)).second);
    cursor = page->next;
  } while (!cursor.empty());
  CHECK(seen.size() == plain.size());
}

TEST_CASE("pages show every finding, also those that change while they are read") {
  for (FindingSort sort : {FindingSort::last, FindingSort::first, FindingSort::times,
                           FindingSort::severity, FindingSort::subject}) {
    for (bool ascending : {false, true}) {
      TemporaryFolder folder;
      Dictionary words;
      auto findings = *Findings::open(folder.path(), words);
      std::vector<Made> rows;
      for (unsigned host = 1; host <= 20; ++host) {
        rows.push_back({.host = host, .time = noon + host * us_per_s});
      }
      findings->apply(batch(words, 1, rows));
      std::map<std::string, int> shown;
      std::string cursor;
      std::uint64_t seq = 2;
      do {
        auto page =
            findings->find({.sort = sort, .ascending = ascending, .limit = 3, .cursor = cursor});
        REQUIRE(page);
        for (const Finding& f : page->items) ++shown[f.subject];
        cursor = page->next;
        REQUIRE(seq < 40);
        // Late and new rows of every host but two, and a host that was not there.
        std::vector<Made> more{{.host = 200 + static_cast<unsigned>(seq)}};
        for (unsigned host = 3; host <= 20; ++host) {
          more.push_back({.host = host, .time = noon + (seq % 2 == 0 ? -2 : 300) * us_per_s});
        }
        if (seq < 4) findings->apply(batch(words, seq, more));
        ++seq;
      } while (!cursor.empty());
      CHECK(shown.size() == 20);
      CHECK(shown["198.51.100.1"] == 1);
      for (const auto& [subject, times] : shown) CHECK_MESSAGE(times <= 2, subject);
    }
  }
}

TEST_CASE("a walk reads each finding once, whatever changes meanwhile") {
  TemporaryFolder folder;
  Dictionary words;
  auto findings = *Findings::open(folder.path(), words);
  std::vector<Made> rows;
  for (unsigned host = 1; host <= 20; ++host) {
    rows.push_back({.host = host, .family = host % 2 == 0 ? "mirai" : "qakbot"});
  }
  findings->apply(batch(words, 1, rows));
  std::map<std::string, int> shown;
  std::string cursor;
  std::uint64_t seq = 2;
  do {
    auto page = findings->find(
        {.filter = filter("family:mirai"), .limit = 3, .cursor = cursor, .walk = true});
    REQUIRE(page);
    for (const Finding& f : page->items) ++shown[f.subject];
    cursor = page->next;
    for (Made& row : rows) row.time += us_per_day;
    findings->apply(batch(words, seq++, rows));
  } while (!cursor.empty());
  CHECK(shown.size() == 10);
  for (const auto& [subject, times] : shown) CHECK_MESSAGE(times == 1, subject);
  CHECK(!findings->find({.cursor = "x", .walk = true}));
  CHECK(!findings->find({.cursor = "1.2"}));
}

TEST_CASE("a joined controller is kept with its reason, and gives way to what a feed says") {
  TemporaryFolder folder;
  Dictionary words;
  auto joined = [&](std::uint64_t seq, unsigned host, const char* name, TimeUs time) {
    EventBatch b = batch(words, seq, {{.host = host, .time = time}});
    b.roles[0].destination = Role::sinkhole;
    b.controller_reason[0] = ControllerReason::join;
    b.joined[0] = words.id(name);
    b.joined_country[0] = *Country::parse("NL");
    b.sector[0] = words.id("energy");
    return b;
  };
  {
    auto findings = *Findings::open(folder.path(), words);
    findings->apply(joined(1, 1, "203.0.113.7", noon));
    findings->apply(joined(2, 2, "", noon));
    EventBatch fed = batch(words, 3, {{.host = 3}});
    fed.roles[0].destination = Role::controller;
    fed.controller_reason[0] = ControllerReason::feed;
    fed.destination.ip[0] = Ip::from_v4(0xcb007109u);
    fed.destination.country[0] = *Country::parse("DE");
    findings->apply(fed);
    findings->apply(joined(4, 3, "203.0.113.7", noon + us_per_s));
    findings->apply(batch(words, 5, {{.host = 4}}));
    REQUIRE(findings->snapshot());
  }
  auto findings = *Findings::open(folder.path(), words);
  auto count = [&](const char* text) { return findings->count(filter(text)); };
  CHECK(count("controller:203.0.113.7") == 1);
  CHECK(count("controller:203.0.113.0/24") == 2);
  CHECK(count("controller_country:NL") == 2);
  CHECK(count("controller_country:DE") == 1);
  CHECK(count("controller:*") == 3);
  CHECK(count("controller:unknown") == 1);
  CHECK(count("-controller:unknown") == 3);
  CHECK(count("controller:unknown,203.0.113.9") == 2);
  CHECK(count("sector:Energy") == 3);
  CHECK(count("sector:unknown") == 1);
  auto page = findings->find({.filter = filter("192.0.2.0/8,198.51.100.3")});
  REQUIRE(page);
  REQUIRE(page->items.size() == 1);
  CHECK(page->items[0].controller == "203.0.113.9");
  CHECK(page->items[0].controller_reason == ControllerReason::feed);
  CHECK(page->items[0].sector == "energy");
}

TEST_CASE("a damaged snapshot is put aside, a newer one is refused") {
  TemporaryFolder folder;
  Dictionary words;
  {
    auto findings = *Findings::open(folder.path(), words);
    findings->apply(batch(words, 1, {{}}));
    REQUIRE(findings->snapshot());
  }
  {
    std::fstream file(folder.file("findings.snapshot"), std::ios::in | std::ios::out);
    file.seekp(100);
    file.put('x');
  }
  auto opened = Findings::open(folder.path(), words);
  REQUIRE(opened);
  CHECK((*opened)->damage().contains("damaged"));
  CHECK((*opened)->watermark() == 0);
  CHECK((*opened)->size() == 0);
  CHECK(std::filesystem::exists(folder.file("findings.snapshot.damaged")));
  (*opened)->apply(batch(words, 1, {{}}));
  REQUIRE((*opened)->snapshot());
  opened = Findings::open(folder.path(), words);
  REQUIRE(opened);
  CHECK((*opened)->damage().empty());
  CHECK((*opened)->size() == 1);
}

}  // namespace tocsin::store
