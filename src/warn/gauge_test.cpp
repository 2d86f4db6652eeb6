#include "warn/gauge.h"

#include <algorithm>
#include <cmath>

#include "test.h"
#include "warn/draws.h"

namespace tocsin::warn {
namespace {

// A load with a daily rhythm, every five minutes.
double load(Draws& draws, int row) {
  return 50 + 10 * std::sin(row * 2 * std::acos(-1) / 288) + draws.normal();
}

std::uint32_t second_of(int row) {
  return static_cast<std::uint32_t>(row * 300 % 86'400);
}

}  // namespace

TEST_CASE("a gauge is most surprised by what it was never shown") {
  Gauge gauge(500);
  Draws draws(1);
  double highest = 0, at_spike = 0;
  for (int row = 0; row < 5000; ++row) {
    double value = load(draws, row) + (row == 4000 ? 30 : 0);
    double surprise = gauge.judge(value, second_of(row));
    CHECK(surprise >= 0);
    if (row < 500) CHECK(surprise == 0);
    if (row == 4000) at_spike = surprise;
    if (row > 600 && row < 4000) highest = std::max(highest, surprise);
  }
  CHECK(at_spike > highest);
  CHECK(at_spike > 8);
}

TEST_CASE("a lasting change of level, of variance and of the daily rhythm is seen") {
  for (int kind : {0, 1, 2}) {
    CAPTURE(kind);
    Gauge gauge(500);
    Draws draws(2);
    double before = 0, after = 0;
    for (int row = 0; row < 5000; ++row) {
      double value = load(draws, row);
      if (row >= 4000) {
        value += kind == 0 ? 25 : kind == 1 ? 12 * draws.normal() : 0;
        if (kind == 2) value = 50 - 10 * std::sin(row * 2 * std::acos(-1) / 288) + draws.normal();
      }
      double surprise = gauge.judge(value, second_of(row));
      if (row > 1500 && row < 4000) before = std::max(before, surprise);
      if (row >= 4000 && row < 4300) after = std::max(after, surprise);
    }
    CHECK(after > before);
  }
}

TEST_CASE("a development is one alarm: what follows a high is worth less than the high") {
  Gauge gauge(500);
  Draws draws(3);
  int loud = 0;
  for (int row = 0; row < 4100; ++row) {
    double surprise = gauge.judge(load(draws, row) + (row >= 4000 ? 30 : 0), second_of(row));
    if (row >= 4000 && surprise > 8) ++loud;
  }
  CHECK(loud >= 1);
  CHECK(loud <= 5);
}

TEST_CASE("constant values, steps of nothing and values that are none are borne") {
  Gauge gauge(20);
  for (int row = 0; row < 6000; ++row) {
    REQUIRE(gauge.judge(row % 7 == 0 ? NAN : 42, second_of(row)) == 0);
  }
  CHECK(gauge.judge(43, 0) > 5);
  CHECK(std::isfinite(gauge.judge(1e300, 0)));
  CHECK(std::isfinite(gauge.judge(-1e300, 0)));
  CHECK(gauge.judge(INFINITY, 0) == 0);
}

TEST_CASE("the past keeps its shares when it is thinned") {
  Past past;
  Draws draws(4);
  double off = 0;
  for (int i = 0; i < 50'000; ++i) {
    double value = draws.unit(), surprise = past.surprise(value);
    if (i < 10'000 || value > 0.99) continue;
    off = std::max(off, std::abs(std::pow(10, -surprise) - (1 - value)));
  }
  CHECK(off < 0.04);
}

}  // namespace tocsin::warn
