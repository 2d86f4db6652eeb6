// cusum: a slow rise: many ticks that are each a little above what they should be.
// Source: E. S. Page, Biometrika 41 (1954) 100; D. Siegmund, "Sequential Analysis" (1985), chapter
// X, for the tail of its stationary distribution, exp(-2 k (S + 0.583)) with normal surprises.
#include <algorithm>
#include <cmath>

#include "warn/detector.h"

namespace tocsin::warn {
namespace {

constexpr double reference = 0.5;   // k: what a tick may be above its mean, in deviations
constexpr double surprise_max = 3;  // one tick alone is the business of `surge`
constexpr double sum_max = 30;      // it is back at 0 within 80 calm ticks

// Levels are estimated: their errors last, and the sum grows further than with known ones. Chosen
// on the null seeds of docs/detectors.md.
constexpr double decay = 0.93, factor = 0.45;

double judge(const Observed& observed, std::span<float> state) {
  double p = observed.count > 0 ? upper_tail(observed.count, observed.expected)
                                : 1 - lower_tail(0, observed.expected);
  double surprise = std::min(normal_score(p), surprise_max);
  double sum = std::clamp(static_cast<double>(state[0]) + surprise - reference, 0.0, sum_max);
  state[0] = static_cast<float>(sum);
  return sum > 0 ? std::min(1.0, factor * std::exp(-decay * sum)) : 1;
}

}  // namespace

Detector cusum() {
  return {.summary = "a slow rise over many ticks", .floats = 1, .judge = judge};
}

}  // namespace tocsin::warn
