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

TEST_CASE("scan: of quiet series 0.7 to 1.3 % of the ticks are at or below 1 %") {
  double rate = realised("scan", 0.01, 3000);
  CHECK(rate > 0.007);
  CHECK(rate < 0.013);
}

TEST_CASE(
    "scan: a burst that no tick shows alone is found over three, and forgotten after twelve") {
  const Detector& detector = *find_detector("scan");
  std::vector<float> state(detector.floats);
  double p = 1;
  for (int i = 0; i < 12; ++i) p = detector.judge({10, {10, 1}, 0, {}}, state);
  CHECK(p > 0.3);
  for (int i = 0; i < 3; ++i) p = detector.judge({18, {10, 1}, 0, {}}, state);
  CHECK(upper_tail(18, {10, 1}) > 0.005);
  CHECK(p < 1e-4);
  for (int i = 0; i < 12; ++i) p = detector.judge({10, {10, 1}, 0, {}}, state);
  CHECK(p > 0.3);
}

TEST_CASE("scan: an error of the level, the same in all ticks of a window, is not a burst") {
  const Detector& detector = *find_detector("scan");
  std::vector<float> sure(detector.floats), unsure(detector.floats);
  double p_sure = 1, p_unsure = 1;
  for (int i = 0; i < 12; ++i) {
    p_sure = detector.judge({115, {100, 1}, 0, {}}, sure);
    p_unsure = detector.judge({115, {100, 2}, 1, {}}, unsure);  // the mean is known to 10 %
  }
  CHECK(p_sure < 1e-5);
  CHECK(p_unsure > 0.03);
}

}  // namespace tocsin::warn
