// mix: one part took a share of the whole that it should not have, whatever the whole did: a family
// that replaces another, a port that everybody turns to.
#include <algorithm>
#include <cmath>

#include "warn/detector.h"

namespace tocsin::warn {
namespace {

constexpr std::size_t parts_max = 16;  // the largest 15 and all others, say; more are not looked at
constexpr double kept = 0.985;         // of the weight of what was seen, a tick
constexpr double weight_least = 50;    // events before anything is judged
constexpr double prior = 0.5;          // of each part, in events: one never seen is not impossible
constexpr double clip_deviations = 3, dispersion_step = 0.01;

// The state: the faded counts of the parts; how much more than chance their shares vary.
double judge(const Observed& observed, std::span<float> state) {
  std::size_t parts = std::min(observed.parts.size(), parts_max);
  double weight = 0, whole = 0;
  for (std::size_t i = 0; i < parts; ++i) {
    weight += static_cast<double>(state[i]) + prior;
    whole += std::max(0.0, static_cast<double>(observed.parts[i]));
  }
  if (parts < 2 || whole <= 0) return 1;
  bool judged = weight > weight_least;
  double more = std::max(1.0, static_cast<double>(state[parts_max])), least = 1, squares = 0;
  for (std::size_t i = 0; i < parts; ++i) {
    double count = std::max(0.0, static_cast<double>(observed.parts[i]));
    double share = (static_cast<double>(state[i]) + prior) / weight, mean = share * whole;
    // Of the Dirichlet-multinomial distribution: shares are known as well as `weight` events tell.
    double certain = (1 - share) * (1 + (whole - 1) / (weight + 1));
    Expected expected{mean, std::max(1 - share, certain * more)};
    double deviation = std::sqrt(expected.variance());
    if (judged) least = std::min(least, upper_tail(count, expected));
    double taught = judged ? std::min(count, mean + clip_deviations * deviation + 1) : count;
    squares += (taught - mean) * (taught - mean) / (mean * std::max(certain, 1e-3)) /
               static_cast<double>(parts);
    state[i] = static_cast<float>((static_cast<double>(state[i]) + taught) * kept);
  }
  if (judged)
    state[parts_max] =
        static_cast<float>(more + dispersion_step * (std::min(squares, 10 * more) - more));
  return std::min(1.0, least * static_cast<double>(parts));
}

}  // namespace

Detector mix() {
  return {
      .summary = "a part whose share of the whole grew", .floats = parts_max + 1, .judge = judge};
}

}  // namespace tocsin::warn
