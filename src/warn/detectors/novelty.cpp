// novelty: a key seen for the first time, against what earlier new keys of its class began with: it
// has no baseline of its own. The state belongs to the class; a "tick" is one new key's first.
// How many keys are new is a series like others: count them, and judge it by `surge` and `cusum`.
#include <algorithm>
#include <cmath>

#include "warn/detector.h"

namespace tocsin::warn {
namespace {

constexpr float keys_least = 20;       // before that nothing is judged
constexpr double step_least = 0.01;    // new keys change over the years
constexpr double clip_deviations = 4;  // of what teaches
constexpr double dispersion_start = 2;

// The state: how many new keys there were; the mean of their counts above 1 (a new key has one
// event at least); its dispersion.
double judge(const Observed& observed, std::span<float> state) {
  double count = std::max(observed.count, 1.0) - 1, mean = static_cast<double>(state[1]);
  double spread = std::max(dispersion_start, static_cast<double>(state[2]));
  double seen = static_cast<double>(state[0]) + 1, step = std::max(step_least, 1 / seen);
  // The mean of n keys is itself off by 1/n of the variance.
  double p =
      state[0] < keys_least ? 1 : upper_tail(count, {std::max(mean, 0.05), spread * (1 + step)});
  double deviation = std::sqrt(std::max(mean, 0.05) * spread);
  double taught =
      state[0] < keys_least ? count : std::min(count, mean + clip_deviations * deviation);
  double square = (taught - mean) * (taught - mean) / std::max(mean, 0.05);
  state[2] = static_cast<float>(std::max(1.0, spread + step * (square - spread)));
  state[1] = static_cast<float>(mean + step * (taught - mean));
  state[0] = static_cast<float>(std::min(seen, 1e6));
  return p;
}

}  // namespace

Detector novelty() {
  return {.summary = "a new key that begins larger than new keys do", .floats = 3, .judge = judge};
}

}  // namespace tocsin::warn
