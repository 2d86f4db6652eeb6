// silence: a run of empty ticks that should not be empty. For feeds: while one is silent its series
// are not taught.
#include <algorithm>
#include <cmath>

#include "warn/detector.h"

namespace tocsin::warn {
namespace {

// The state: the sum of the logarithms of P(0) over the run.
double judge(const Observed& observed, std::span<float> state) {
  if (observed.count > 0) {
    state[0] = 0;
    return 1;
  }
  state[0] += static_cast<float>(std::log(none_seen(observed.expected)));
  state[0] = std::max(state[0], static_cast<float>(std::log(probability_min)));
  return std::clamp(std::exp(static_cast<double>(state[0])), probability_min, 1.0);
}

}  // namespace

Detector silence() {
  return {.summary = "a run of empty ticks that should not be", .floats = 1, .judge = judge};
}

}  // namespace tocsin::warn
