#include "warn/path.h"

#include <cmath>

#include "test.h"
#include "warn/draws.h"

namespace tocsin::warn {

TEST_CASE("a path's heights are reached as often as they say, for symmetric and skewed surprises") {
  struct World {
    double mean, dispersion;
  };
  for (World w : {World{1000, 1}, World{8, 1.6}, World{1, 1}, World{0.3, 2}}) {
    CAPTURE(w.mean);
    Draws draws(11);
    double deviation = std::sqrt(w.mean * w.dispersion);
    Surprise surprise{.skewness = (2 * w.dispersion - 1) / deviation};
    constexpr double height = 4;
    constexpr int ticks = 200'000;
    // After an alarm the path begins anew, as a new warning would.
    Path path;
    int alarms = 0;
    for (int t = 0; t < ticks; ++t) {
      auto count = static_cast<double>(draws.negative_binomial(w.mean, w.dispersion));
      surprise.score = (count - w.mean) / deviation;
      path.step(surprise);
      if (static_cast<double>(path.height) < height) continue;
      ++alarms;
      path.height = path.held = 0;
    }
    double expected = alarm_rate_of(height) * ticks;
    CHECK(alarms < 1.15 * expected);
    CHECK(alarms > 0.15 * expected);  // rare counts: on the safe side
  }
}

TEST_CASE("the exponent is twice the reference for a normal surprise, smaller for skewed ones") {
  CHECK(exponent_of(0) == doctest::Approx(1));
  double before = 1;
  for (double skewness : {0.1, 0.5, 1.0, 2.0, 4.0, 16.0, 1e9}) {
    CAPTURE(skewness);
    double theta = exponent_of(skewness), a = skewness > 16 ? 8 : skewness / 2;
    CHECK(theta > 0);
    CHECK(theta <= before);
    before = theta;
    // Mean of exp(theta (x - reference)) for the gamma distribution of that skewness: 1.
    double log_mean = -std::log1p(-a * theta) / (a * a) - theta / a - Path::reference * theta;
    CHECK(std::abs(log_mean) < 1e-3);
  }
}

TEST_CASE("a path learns that its surprises vary more, or go together, and divides by it") {
  Draws draws(5);
  Path wide, together;
  double shock = 0;
  for (int t = 0; t < 20'000; ++t) {
    wide.step({.score = 1.3 * draws.normal(), .skewness = 0});
    shock = 0.5 * shock + std::sqrt(0.75) * draws.normal();
    together.step({.score = shock, .skewness = 0});
  }
  CHECK(wide.spread() > 1.4);
  CHECK(wide.spread() < 2.1);
  CHECK(together.spread() > 2.2);  // (1 + 0.5) / (1 - 0.5) = 3; of it the trail sees most
  CHECK(together.spread() < 3.6);
}

TEST_CASE("a path does not take a surge for its variance while it is high") {
  Path path;
  for (int t = 0; t < 2000; ++t) path.step({.score = t % 2 == 0 ? 0.9 : -0.9, .skewness = 0});
  double before = path.spread();
  for (int t = 0; t < 100; ++t) path.step({.score = 3, .skewness = 0});
  CHECK(path.height == doctest::Approx(Path::height_max));
  CHECK(path.spread() < before + 0.1);
  // When it is over the last ticks say so long before the whole path does.
  for (int t = 0; t < 20; ++t) path.step({.score = 0, .skewness = 0});
  CHECK(path.recent_tail() > 0.1);
  CHECK(path.alarm_rate() < 1e-10);
}

}  // namespace tocsin::warn
