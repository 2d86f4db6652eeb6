// Quiet series: what a detector says while nothing happens.
#pragma once

#include <cmath>
#include <cstdint>
#include <string_view>
#include <vector>

#include "test.h"
#include "warn/detector.h"
#include "warn/draws.h"
#include "warn/filter.h"

namespace tocsin::warn {

// The share of ticks at or below `level` over quiet hourly series, each learned by its own filter.
inline double realised(std::string_view name, double level, std::uint64_t seed) {
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

}  // namespace tocsin::warn
