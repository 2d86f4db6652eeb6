#include "warn/path.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace tocsin::warn {
namespace {

constexpr double learning_step_min = 0.002, learning_prior_ticks = 50;
constexpr double clip = 2, clip_correction = 1.086;  // of the variance that clipping takes away
constexpr double score_max = 6, lag_max = 4, trail_kept = 0.8;
// The trail sees of a shock that halves every tick so much less than all.
constexpr double trail_correction = 1.2;
constexpr double held_height = 4, held_ticks_max = 200;
// 2 k^2 exp(-2 x 1.166 k) for a normal surprise: a path overshoots its threshold by 0.583.
constexpr double siegmund = 0.1558;

// Of a gamma distribution with skewness 2a, mean 0, variance 1: -ln(1 - a theta) / a^2 - theta / a
// = reference x theta; with u = a theta that is -ln(1 - u) = u (1 + reference a).
double solve_exponent(double a) {
  if (a < 1e-3) return 2 * Path::reference;
  double c = 1 + Path::reference * a, low = 0, high = 1 - 1e-12;
  for (int i = 0; i < 60; ++i) {
    double u = (low + high) / 2;
    (-std::log1p(-u) < c * u ? low : high) = u;
  }
  return low / a;
}

constexpr double table_steps = 32, table_max = 16;

const auto& exponents() {
  static const auto table = [] {
    std::array<double, static_cast<std::size_t>(table_max * table_steps) + 2> t{};
    for (std::size_t i = 0; i < t.size(); ++i)
      t[i] = solve_exponent(static_cast<double>(i) / table_steps / 2);
    return t;
  }();
  return table;
}

}  // namespace

double exponent_of(double skewness) {
  double at = std::clamp(skewness, 0.0, table_max) * table_steps;
  auto cell = static_cast<std::size_t>(at);
  const auto& table = exponents();
  return std::lerp(table[cell], table[cell + 1], at - static_cast<double>(cell));
}

double alarm_rate_of(double height) {
  return height > 0 ? siegmund * std::exp(-height) : 1;
}

double Path::alarm_rate() const {
  return alarm_rate_of(static_cast<double>(height));
}

double Path::recent_tail() const {
  return std::exp(-static_cast<double>(recent));
}

double Path::spread() const {
  double together = std::clamp(trail_correction * static_cast<double>(lag), 0.0, lag_max);
  return std::max(1.0, 1 + static_cast<double>(excess)) * (1 + 2 * together);
}

bool Path::is_sane() const {
  auto within = [](float value, double low, double high) {
    return static_cast<double>(value) >= low && static_cast<double>(value) <= high;
  };
  return within(height, 0, height_max) && within(recent, 0, recent_max) &&
         within(excess, -1, 1e6) && within(lag, -200, 200) && within(trail, -31, 31) &&
         within(held, 0, held_ticks_max) && within(ticks, 0, 1e6);
}

void Path::step(const Surprise& surprise) {
  double gain = exponent_of(surprise.skewness) * (surprise.score / std::sqrt(spread()) - reference);
  height = static_cast<float>(std::clamp(static_cast<double>(height) + gain, 0.0, height_max));
  recent = static_cast<float>(std::clamp(static_cast<double>(recent) + gain, 0.0, recent_max));

  double variance = std::clamp(1 + static_cast<double>(excess), 0.1, 1e6);
  double now = std::clamp(surprise.score / std::sqrt(variance), -score_max, score_max);
  double clipped = std::clamp(now, -clip, clip);
  if (height > held_height && held < held_ticks_max) {
    ++held;
  } else {
    if (height <= held_height) held = 0;
    double step =
        std::max(learning_step_min, 1 / (static_cast<double>(ticks) + learning_prior_ticks));
    auto learn = [&](float& value, double seen) {
      value = static_cast<float>(static_cast<double>(value) +
                                 step * (seen - static_cast<double>(value)));
    };
    learn(excess, variance * clip_correction * clipped * clipped - 1);
    learn(lag, now * static_cast<double>(trail));
    ticks = std::min(ticks + 1, 1e6F);
  }
  trail = static_cast<float>(trail_kept * static_cast<double>(trail) + now);
}

}  // namespace tocsin::warn
