#include <cmath>
#include <vector>

#include "test.h"
#include "warn/detector.h"
#include "warn/draws.h"
#include "warn/filter.h"

namespace tocsin::warn {
namespace {

// The share of ticks at or below `level` over quiet hourly series, each learned by its own filter.
double realised(std::string_view name, double level, std::uint64_t seed) {
  const Detector& detector = *find_detector(name);
  double hits = 0, ticks = 0;
  for (double mean : {2.0, 10.0, 60.0, 400.0}) {
    for (double dispersion : {1.0, 1.6, 4.0}) {
      Filter filter;
      Draws draws(++seed);
      std::vector<float> state(detector.floats);
      for (std::int64_t t = 0; t < 24 * 200; ++t) {
        double now = mean * std::exp(0.5 * std::cos(static_cast<double>(t) * 0.2617993877991494));
        auto count = static_cast<double>(draws.negative_binomial(now, dispersion));
        Judged judged =
            filter.learn(place({.ticks_per_day = 24, .rhythm = Rhythm::day_and_week}, t), count);
        if (t < 24 * 14) continue;
        double p = detector.judge({count, judged.expected, judged.uncertainty, {}}, state);
        REQUIRE(p >= probability_min);
        REQUIRE(p <= 1);
        if (t < 24 * 21) continue;
        hits += p <= level;
        ++ticks;
      }
    }
  }
  return hits / ticks;
}

}  // namespace

TEST_CASE("cusum: of quiet series at most 1.3 % of the ticks are at or below 1 %") {
  double rate = realised("cusum", 0.01, 4000);
  CHECK(rate > 0.002);
  CHECK(rate < 0.013);
}

TEST_CASE("cusum: a small lasting rise adds up, one large tick does not") {
  const Detector& detector = *find_detector("cusum");
  std::vector<float> state(detector.floats);
  CHECK(detector.judge({1000, {10, 1}, 0, {}}, state) > 0.01);
  state[0] = 0;
  double p = 1;
  for (int i = 0; i < 24; ++i) p = detector.judge({13, {10, 1}, 0, {}}, state);
  CHECK(upper_tail(13, {10, 1}) > 0.1);
  CHECK(p < 1e-3);
}

TEST_CASE("cusum: whatever came, it is calm again within 80 calm ticks") {
  const Detector& detector = *find_detector("cusum");
  std::vector<float> state(detector.floats);
  for (int i = 0; i < 1000; ++i) detector.judge({1e9, {10, 1}, 0, {}}, state);
  double p = 0;
  for (int i = 0; i < 80; ++i) p = detector.judge({10, {10, 1}, 0, {}}, state);
  CHECK(p == 1);
}

}  // namespace tocsin::warn
