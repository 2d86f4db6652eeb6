// scan: a burst of several ticks: the last 3 and the last 12 together, each tested as one.
#include <algorithm>
#include <array>
#include <cmath>

#include "warn/detector.h"

namespace tocsin::warn {
namespace {

constexpr std::size_t longest = 12;
constexpr std::array<std::size_t, 2> windows = {3, longest};

// How many independent tests the two windows count as; chosen on the null seeds of
// docs/detectors.md.
constexpr double tests = 1.1;

// The state: how many ticks were seen; the counts of the last 12; their means. The newest is first.
double judge(const Observed& observed, std::span<float> state) {
  auto counts = state.subspan(1, longest), means = state.subspan(1 + longest, longest);
  std::shift_right(counts.begin(), counts.end(), 1);
  std::shift_right(means.begin(), means.end(), 1);
  counts[0] = static_cast<float>(observed.count);
  means[0] = static_cast<float>(observed.expected.mean);
  state[0] = std::min(state[0] + 1, static_cast<float>(longest));
  // Chance differs from tick to tick; the error of the level is the same in all of a window.
  double chance = std::max(1.0, observed.expected.dispersion - observed.uncertainty);
  double error = observed.uncertainty / std::max(observed.expected.mean, mean_min);
  double least = 1;
  for (std::size_t window : windows) {
    if (state[0] < static_cast<float>(window)) break;
    double count = 0, mean = 0;
    for (std::size_t i = 0; i < window; ++i) {
      count += static_cast<double>(counts[i]);
      mean += static_cast<double>(means[i]);
    }
    least = std::min(least, upper_tail(count, {mean, chance + mean * error}));
  }
  return std::min(1.0, tests * least);
}

}  // namespace

Detector scan() {
  return {.summary = "a burst over 3 or 12 ticks", .floats = 1 + 2 * longest, .judge = judge};
}

}  // namespace tocsin::warn
