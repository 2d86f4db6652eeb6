#include "warn/warning.h"

#include <fmt/core.h>

#include "test.h"

namespace tocsin::warn {
namespace {

Evidence evidence(std::string key, double p, double recent_p, bool discovered = false) {
  return {.key = std::move(key),
          .discovered = discovered,
          .verdict = {.p = p,
                      .recent_p = recent_p,
                      .level = Level::pool,
                      .without_one_p = 1e-6,
                      .count = 150,
                      .expected = {100, 2},
                      .members = 20,
                      .hit = 10},
          .false_a_week = 168'000 * p};
}

// "12 opened", "15 updated": what a warning's life was, one word for each change.
std::string life_of(Warnings& warnings, std::int64_t tick, const std::vector<Evidence>& all) {
  std::string life;
  for (const Change& c : warnings.tick(tick, all)) {
    life += fmt::format("{} {}", tick, name_of(c.life));
    if (c.merged_into != 0) life += " merged";
    life += "; ";
  }
  return life;
}

}  // namespace

TEST_CASE("a warning's life, tick by tick") {
  struct Step {
    int from, to;
    double p, recent_p;
    const char* life;
  };
  // A surge that grows, rests, grows again, ends, and comes back within a day.
  const std::vector<Step> steps = {
      {1, 3, 1e-3, 0.05, ""},                   // not discovered: nothing
      {4, 4, 1e-6, 0.001, "4 opened; "},        // Control chose it
      {5, 5, 5e-7, 0.001, ""},                  // lower, and no record
      {6, 6, 1e-8, 0.001, "6 updated; "},       // ten times as rare
      {7, 11, 1e-7, 0.001, ""},                 // exceedances feed the same warning
      {12, 12, 1e-7, 0.001, "12 peaked; "},     // six ticks without a new height
      {13, 20, 1e-8, 0.001, ""},                // as high as before is no record
      {21, 21, 1e-10, 0.001, "21 updated; "},   // it rises again
      {22, 26, 1e-10, 0.5, ""},                 // quiet begins
      {27, 27, 1e-10, 0.5, "27 peaked; "},      //
      {28, 28, 1e-10, 0.05, ""},                // not yet: the quiet counts from new
      {29, 51, 1e-9, 0.5, ""},                  // 23 quiet ticks
      {52, 52, 1e-9, 0.5, "52 closed; "},       // 24
      {53, 60, 1e-9, 0.5, ""},                  // what is closed is not fed
      {61, 61, 1e-6, 0.001, "61 updated; "},    // found again within a day: it goes on
      {62, 66, 1e-6, 0.5, ""},                  //
      {67, 67, 1e-6, 0.5, "67 peaked; "},       //
      {68, 84, 1e-6, 0.5, ""},                  //
      {85, 85, 1e-6, 0.5, "85 closed; "},       //
      {86, 120, 1e-3, 0.5, ""},                 //
      {121, 121, 1e-6, 0.001, "121 opened; "},  // later it is another one
  };
  Warnings warnings;
  for (const Step& step : steps) {
    CAPTURE(step.from);
    for (int tick = step.from; tick <= step.to; ++tick) {
      bool discovered = tick == 4 || tick == 61 || tick == 121;
      CHECK(life_of(warnings, tick, {evidence("ssh", step.p, step.recent_p, discovered)}) ==
            step.life);
    }
  }
  CHECK(warnings.all().size() == 1);
}

TEST_CASE("a replayed tick raises nothing twice") {
  Warnings warnings;
  std::vector<Evidence> found = {evidence("ssh", 1e-9, 0, true), evidence("smb", 1e-9, 0, true)};
  CHECK(warnings.tick(10, found).size() == 2);
  auto before = warnings.save();
  CHECK(warnings.tick(10, found).empty());
  CHECK(warnings.tick(9, found).empty());
  CHECK(warnings.save() == before);
  CHECK(warnings.all().size() == 2);
  CHECK(warnings.all()[0].id != warnings.all()[1].id);
}

TEST_CASE("without evidence a warning stays, and is closed after a week of ticks") {
  Warnings warnings;
  warnings.tick(0, std::vector{evidence("ssh", 1e-9, 0, true)});
  for (int tick = 1; tick < 168; ++tick) {
    warnings.tick(tick, {});
    REQUIRE(warnings.open_for("ssh") != nullptr);
  }
  CHECK(life_of(warnings, 168, {}) == "168 closed; ");
  CHECK(warnings.open_for("ssh") == nullptr);
}

TEST_CASE("what has mostly the same contributors is one warning") {
  auto with = [](Evidence e, std::vector<std::string> contributors) {
    e.contributors = std::move(contributors);
    return e;
  };
  Warnings warnings;
  warnings.tick(1, std::vector{with(evidence("ssh", 1e-9, 0, true), {"AS1", "AS2", "AS3"})});
  // 2 of 4 are the same: it joins; 1 of 5 is not.
  CHECK(life_of(warnings, 2,
                {with(evidence("telnet", 1e-7, 0, true), {"AS2", "AS3", "AS4"}),
                 with(evidence("rdp", 1e-7, 0, true), {"AS3", "AS5", "AS6"})}) == "2 opened; ");
  REQUIRE(warnings.all().size() == 2);
  CHECK(warnings.all()[0].keys == std::vector<std::string>{"ssh", "telnet"});
  CHECK(warnings.open_for("telnet") == warnings.find(warnings.all()[0].id));

  // They turn out to be the same: the younger goes into the older, and its series feed that one.
  auto third = with(evidence("rdp", 1e-7, 0), {"AS1", "AS2", "AS3", "AS6"});
  CHECK(life_of(warnings, 3, {third}) == "3 closed merged; ");
  CHECK(warnings.all()[1].merged_into == warnings.all()[0].id);
  CHECK(warnings.open_for("rdp") == warnings.find(warnings.all()[0].id));
  CHECK(life_of(warnings, 4, {with(evidence("rdp", 1e-12, 0), {})}) == "4 updated; ");

  // It is quiet only when all of its series are.
  for (int tick = 5; tick < 60; ++tick)
    warnings.tick(tick, std::vector{evidence("ssh", 1e-3, 0.9), evidence("rdp", 1e-6, 0.01)});
  CHECK(warnings.open_for("ssh") != nullptr);
  for (int tick = 60; tick < 84; ++tick)
    warnings.tick(tick, std::vector{evidence("ssh", 1e-3, 0.9), evidence("rdp", 1e-3, 0.9)});
  CHECK(warnings.open_for("ssh") == nullptr);
}

TEST_CASE("severity grows with rarity, excess, spread, speed and what is concerned") {
  Warning warning{.id = 1, .keys = {"ssh"}};
  Evidence plain = evidence("ssh", 1e-7, 0);
  double base = weigh(warning, plain).score();
  auto more = [&](auto&& change) {
    Evidence e = plain;
    change(e);
    return weigh(warning, e).score();
  };
  CHECK(more([](Evidence& e) { e.false_a_week /= 100; }) > base);
  CHECK(more([](Evidence& e) { e.verdict.count = 400; }) > base);
  CHECK(more([](Evidence& e) { e.verdict.hit = 20; }) > base);
  CHECK(more([](Evidence& e) { e.criticality = 1; }) > base);
  Warning slow = warning;
  slow.seen = 24 * 7;
  CHECK(weigh(slow, plain).score() < base);
  Evidence all = plain;
  all.false_a_week = 1e-9;
  all.verdict.count = 1e6;
  all.verdict.hit = 20;
  all.criticality = 1;
  CHECK(weigh(warning, all).score() == doctest::Approx(100));
  CHECK(severity_of(100, all) == Severity::critical);
  CHECK(severity_of(10, all) == Severity::low);
}

TEST_CASE("high is what no single member makes, but this node itself") {
  Evidence e = evidence("ssh", 1e-12, 0);
  CHECK(severity_of(90, e) == Severity::critical);
  e.verdict.without_one_p = 0.04;
  CHECK(severity_of(90, e) == Severity::medium);
  e.verdict.without_one_p = 1e-9;
  e.verdict.level = Level::member;
  CHECK(severity_of(90, e) == Severity::medium);
  e.ours = true;
  CHECK(severity_of(90, e) == Severity::critical);
}

TEST_CASE("a liar among members opens no high warning") {
  Pool pool(std::vector(8, Pool::no_group));
  Warnings warnings;
  for (int t = 0; t < 100; ++t) {
    std::vector<Reading> readings(
        8, {.kind = Reading::Kind::counts, .count = 10, .expected = {10, 1.6}});
    for (std::size_t i = 0; i < 8; ++i)
      readings[i].count += (t + static_cast<int>(i)) % 3 == 0 ? 4 : -2;
    readings[2].count = 1e9;
    auto v = pool.step(t, readings);
    Evidence e{.key = "ssh",
               .discovered = v.p < 1e-6,
               .verdict = v,
               .false_a_week = 168'000 * v.p,
               .ours = false,
               .criticality = 1};
    warnings.tick(t, {&e, 1});
  }
  REQUIRE(warnings.all().size() == 1);
  CHECK(warnings.all()[0].severity == Severity::medium);
  CHECK(warnings.all()[0].level == Level::member);
  CHECK(warnings.all()[0].which == 2);
  CHECK(warnings.all()[0].doubtful);
}

TEST_CASE("no more warnings are open than people could read") {
  Warnings warnings;
  std::vector<Evidence> storm;
  for (std::size_t i = 0; i < Warnings::open_max + 50; ++i)
    storm.push_back(evidence(fmt::format("series {}", i), 1e-9, 0, true));
  CHECK(warnings.tick(1, storm).size() == Warnings::open_max);
  CHECK(warnings.is_full());
}

TEST_CASE("warnings go on where they were saved, byte for byte; broken states are refused") {
  Warnings warnings, again;
  for (int tick = 1; tick < 40; ++tick) {
    std::vector<Evidence> all = {evidence("ssh", 1e-6 / tick, 0.01, tick == 1),
                                 evidence("smb", 1e-5, tick > 10 ? 0.5 : 0.01, tick == 3)};
    all[0].contributors = {"AS1", "AS2"};
    warnings.tick(tick, all);
  }
  auto saved = warnings.save();
  REQUIRE(again.restore(saved));
  CHECK(again.all() == warnings.all());
  CHECK(again.save() == saved);
  std::vector<Evidence> next = {evidence("ssh", 1e-12, 0.01)};
  CHECK(warnings.tick(40, next) == again.tick(40, next));
  CHECK(warnings.save() == again.save());

  for (std::size_t size = 0; size < saved.size(); ++size)
    CHECK(!again.restore(std::string_view(saved).substr(0, size)));
  auto broken = saved;
  broken[14 + 8] = 9;  // the first warning's life
  CHECK(!again.restore(broken));
  CHECK(again.save() == warnings.save());
}

}  // namespace tocsin::warn
