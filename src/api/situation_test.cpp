#include "api/situation.h"

#include "test.h"

namespace tocsin::api {
namespace {

constexpr Day today = 20'600;  // 2026-05-27

std::string days(std::string_view text) {
  auto period = situation_period(text, today);
  if (!period) return period.error().what;
  return times::format_day(period->days.since) + " " + times::format_day(period->days.until);
}

}  // namespace

TEST_CASE("a period is a week, a month or a year, by ISO 8601") {
  CHECK(days("2026-W01") == "2025-12-29 2026-01-05");
  CHECK(days("2020-W53") == "2020-12-28 2021-01-04");
  CHECK(days("2024-02") == "2024-02-01 2024-03-01");
  CHECK(days("2025") == "2025-01-01 2026-01-01");
}

TEST_CASE("a period that does not exist or has not begun is refused") {
  for (const char* text : {"2025-W53", "2025-W00", "2025-W1", "2025-13", "2025-00", "2025-1", "25",
                           "2025-10-01", "", "W40", "2025-w10", "2025W10", "-202", "10000"}) {
    CAPTURE(text);
    CHECK(days(text).starts_with("no such period: "));
  }
  CHECK(days("2026-06") == "'2026-06' has not begun: it starts on 2026-06-01");
  CHECK(days("2026-05") == "2026-05-01 2026-06-01");
}

TEST_CASE("what is left of a whole does not tell what was hidden") {
  CHECK(hidden_cells({100, 50, 20}, 10) == std::vector<bool>{false, false, false});
  CHECK(hidden_cells({100, 50, 3}, 10) == std::vector<bool>{false, true, true});
  CHECK(hidden_cells({100, 9, 8}, 10) == std::vector<bool>{false, true, true});
  CHECK(hidden_cells({100, 50, 2, 1}, 10) == std::vector<bool>{false, true, true, true});
  CHECK(hidden_cells({5}, 10) == std::vector<bool>{true});
  CHECK(hidden_cells({100, 0, 3}, 10) == std::vector<bool>{true, false, true});
}

TEST_CASE("the year before tells no more than the year") {
  CHECK(hidden_cells({50, 40, 0}, 10, {true, false, false}) ==
        std::vector<bool>{true, true, false});
  Situation s{.audience = Audience::open, .k = 10, .sentence = "more, 900.0 % more than"};
  s.infected.cell = {.now = 500, .before = 100};
  s.abroad = {.now = 40, .before = 4, .change_percent = 900.0};
  s.home = {.now = 60, .before = 30, .change_percent = 100.0};
  s.unknown = {.now = 400, .before = 66, .change_percent = 506.0};
  hide_small(s);
  CHECK(s.abroad.now == 40);
  CHECK(!s.abroad.before);
  CHECK(!s.home.before);  // else the total and the rest would tell the other's
  CHECK(!s.home.change_percent);
  CHECK(s.unknown.before == 66);
  CHECK(s.sentence.empty());
}

TEST_CASE("a public report holds no figure below k, no address, no small network, no feed") {
  Situation s{.audience = Audience::open, .k = 10};
  s.infected = {.id = "infected-system", .cell = {.now = 500, .before = 4}};
  s.infected.series = {200, 9, 0, std::nullopt, 291};
  s.abroad = {.now = 3};
  s.home = {.now = 97};
  s.unknown = {.now = 400};
  s.types = {{.id = "infected-system", .cell = {.now = 500}},
             {.id = "unauthorised-information-modification", .cell = {.now = 7}}};
  s.sites = {.cell = {.now = 7}, .series = {7}};
  s.controllers = {{.id = "203.0.113.7", .cell = {.now = 400}}};
  s.networks = {{.id = "64496", .cell = {.now = 999}}, {.id = "64497", .cell = {.now = 2000}}};
  s.families = {{.id = "mirai", .cell = {.now = 9}}, {.id = "qakbot", .cell = {.now = 300}}};
  s.feeds = {{.id = "x", .cell = {.now = 1}}};
  hide_small(s);
  CHECK(s.controllers.empty());
  CHECK(s.feeds.empty());
  CHECK(s.networks.size() == 1);
  CHECK(s.abroad.hidden);
  CHECK(s.home.hidden);  // else unknown and the total would tell it
  CHECK(!s.unknown.hidden);
  CHECK(!s.infected.cell.before);
  CHECK(!s.infected.series[0]);  // else the others and the total would tell the next
  CHECK(!s.infected.series[1]);
  CHECK(s.infected.series[2] == 0);
  CHECK(s.infected.series[4] == 291);
  CHECK(s.sites.cell.hidden);
  CHECK(!s.sites.series[0]);
  for (const auto& [figure, text] : figures_of(s)) {
    CAPTURE(figure);
    CHECK((text == "fewer than shown" || text == "0" || text.size() >= 2));
  }
  std::string page = situation_page(s, {});
  CHECK(!page.contains("203.0.113.7"));
  CHECK(!page.contains("64496"));
  CHECK(page.contains("TLP:CLEAR"));
  CHECK(!page.contains("<script"));
}

TEST_CASE("a public report does not say what changed, nor by which feed") {
  SituationHistory history{.supersedes = "S-1",
                           .changes = {{"infected", "7654320", "7654321"}},
                           .reasons = {"Feed x delivered 1 events."}};
  std::string page = situation_page({.audience = Audience::open, .k = 10}, history);
  CHECK(page.contains("this replaces S-1"));
  CHECK(!page.contains("7654321"));
  CHECK(!page.contains("Feed x"));
  CHECK(situation_page({}, history).contains("Feed x"));
}

TEST_CASE("a page's marking is that of its audience") {
  CHECK(marking_of("public") == Tlp::clear);
  CHECK(marking_of("constituent") == Tlp::amber_strict);
  CHECK(marking_of("team") == Tlp::amber_strict);
  CHECK(marking_of("what") == Tlp::amber_strict);
}

TEST_CASE("names cannot bring markup into the page") {
  Situation s{.node = "<b>node</b>", .k = 0};
  s.families = {{.id = "x", .title = "<img src=x onerror=alert(1)>", .cell = {.now = 3}}};
  std::string page = situation_page(s, {});
  CHECK(!page.contains("<img"));
  CHECK(page.contains("&lt;img src=x"));
  CHECK(!page.contains("<b>node"));
}

TEST_CASE("what changed between two issues is named figure by figure") {
  auto changes =
      changes_between({{"a", "1"}, {"b", "2"}, {"c", "3"}}, {{"a", "1"}, {"b", "5"}, {"d", "4"}});
  REQUIRE(changes.size() == 3);
  CHECK(changes[0].figure == "b");
  CHECK(changes[0].now == "5");
  CHECK(changes[1].now.empty());
  CHECK(changes[2].before.empty());
}

}  // namespace tocsin::api
