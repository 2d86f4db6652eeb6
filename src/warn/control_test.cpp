#include "warn/control.h"

#include <cmath>
#include <limits>

#include "test.h"
#include "warn/draws.h"
#include "warn/tail.h"

namespace tocsin::warn {
namespace {

constexpr std::int64_t hour_s = 3600;

struct Realised {
  double warnings = 0, false_ones = 0;
};

// Weeks of hourly ticks of `series`; in `true_a_tick` of them on average something rises.
Realised simulate(Control& control, int weeks, std::size_t series, double true_a_tick,
                  double together, std::uint64_t seed) {
  Draws draws(seed);
  Realised realised;
  std::vector<double> p(series);
  std::vector<bool> is_true(series);
  for (int tick = 0; tick < weeks * 168; ++tick) {
    // Together: the p-values of a tick share a part of their score.
    double shared = draws.normal();
    for (std::size_t i = 0; i < series; ++i) {
      is_true[i] = draws.unit() < true_a_tick / static_cast<double>(series);
      double z = std::sqrt(together) * shared + std::sqrt(1 - together) * draws.normal();
      p[i] = normal_tail(z + (is_true[i] ? 7 : 0));
    }
    Sweep sweep{.at_s = tick * hour_s, .tick_s = hour_s, .series = series};
    for (auto i : control.discover(sweep, p)) {
      ++realised.warnings;
      realised.false_ones += !is_true[i];
    }
  }
  return realised;
}

}  // namespace

TEST_CASE("the budget is what it says: false warnings a week over all series swept") {
  for (double budget : {1.0, 3.0}) {
    for (double together : {0.0, 0.3}) {
      CAPTURE(budget);
      CAPTURE(together);
      Control control({.false_a_week = budget, .false_share = 1});
      auto realised = simulate(control, 100, 200, 0, together, 41);
      CHECK(realised.false_ones < 1.35 * budget * 100);
      CHECK(realised.false_ones > 0.5 * budget * 100);
    }
  }
}

TEST_CASE("of the warnings at most a tenth is false, and never more than the budget") {
  for (double true_a_week : {0.5, 5.0, 200.0}) {
    CAPTURE(true_a_week);
    Control control({.false_a_week = 1, .false_share = 0.1});
    constexpr int weeks = 150;
    auto realised = simulate(control, weeks, 200, true_a_week / 168, 0, 42);
    CHECK(realised.false_ones < 1.3 * weeks);
    CHECK(realised.warnings > 0.8 * true_a_week * weeks);
    // A quiet week may have one false warning with that probability: counted by week, not by
    // warning.
    double quiet = true_a_week < 1 ? 0.1 * weeks : 0;
    CHECK(realised.false_ones <= 0.1 * realised.warnings + 1.3 * quiet + 3);
  }
}

TEST_CASE("what counts is how many were swept, not how many stood out") {
  Control control({.false_a_week = 1, .false_share = 1});
  std::vector<double> p = {1e-8};
  Sweep sweep{.at_s = hour_s, .tick_s = hour_s, .series = 1000};
  CHECK(control.level(sweep) == doctest::Approx(1 / 168e3));
  CHECK(control.discover(sweep, p).size() == 1);
  sweep.at_s += hour_s;
  sweep.series = 10'000'000;
  CHECK(control.discover(sweep, p).empty());
  CHECK(Control::false_a_week(sweep, 1e-8) == doctest::Approx(16.8));
}

TEST_CASE("many at one tick need less each; the level sinks again when the week is over") {
  Control control({.false_a_week = 1, .false_share = 0.1});
  Sweep sweep{.at_s = hour_s, .tick_s = hour_s, .series = 1000};
  double alone = control.level(sweep);
  CHECK(alone == doctest::Approx(0.1 / 168e3));
  std::vector<double> p(5, 3.9 * alone);
  CHECK(control.discover(sweep, std::span(p).first(3)).empty());
  sweep.at_s += hour_s;
  p[2] = 0;
  CHECK(control.discover(sweep, p) == std::vector<std::size_t>{2, 0, 1, 3, 4});
  CHECK(control.level(sweep) == doctest::Approx(5 * alone));
  sweep.at_s += 8 * 24 * hour_s;
  CHECK(control.discover(sweep, {}).empty());
  CHECK(control.level(sweep) == doctest::Approx(alone));
}

TEST_CASE("a replayed tick finds nothing twice, of each resolution by itself") {
  Control control({.false_a_week = 1, .false_share = 1});
  std::vector<double> p = {0};
  Sweep hourly{.at_s = 100 * hour_s, .tick_s = hour_s, .series = 10, .share = 0.5};
  Sweep daily{.at_s = 96 * hour_s, .tick_s = 24 * hour_s, .series = 10, .share = 0.5};
  CHECK(control.discover(hourly, p).size() == 1);
  CHECK(control.discover(daily, p).size() == 1);
  CHECK(control.discover(hourly, p).empty());
  CHECK(control.discover(daily, p).empty());
}

TEST_CASE("p-values that are none find nothing") {
  Control control({.false_a_week = 1, .false_share = 1});
  std::vector<double> p = {-1, std::numeric_limits<double>::quiet_NaN(), 1, 2};
  CHECK(control.discover({.at_s = 1, .tick_s = hour_s, .series = 4}, p).empty());
}

TEST_CASE("a control goes on where it was saved") {
  Control control({.false_a_week = 1, .false_share = 0.1});
  simulate(control, 3, 50, 0.2, 0, 43);
  auto saved = control.save();
  Control again({.false_a_week = 1, .false_share = 0.1});
  REQUIRE(again.restore(saved));
  CHECK(again.save() == saved);
  Sweep sweep{.at_s = 3 * 168 * hour_s, .tick_s = hour_s, .series = 50};
  CHECK(again.level(sweep) == control.level(sweep));
  CHECK(again.level(sweep) > Control({.false_a_week = 1, .false_share = 0.1}).level(sweep));
  for (std::size_t size = 0; size < saved.size(); ++size)
    CHECK(!again.restore(std::string_view(saved).substr(0, size)));
  CHECK(!again.restore(saved + "x"));
  CHECK(again.save() == saved);
}

}  // namespace tocsin::warn
