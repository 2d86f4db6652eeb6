#include "warn/common.h"

#include <algorithm>
#include <cmath>

#include "warn/pool.h"

namespace tocsin::warn {

double common_factor(std::span<const Total> series) {
  constexpr double clip = 1.5, prior_deviation = 1, log_max = 3;
  if (series.size() < common_series_min) return 1;
  double log_factor = 0;
  for (int round = 0; round < 30; ++round) {
    double pull = -log_factor / (prior_deviation * prior_deviation);
    double known = 1 / (prior_deviation * prior_deviation);
    double factor = std::exp(log_factor);
    for (const Total& s : series) {
      double mean = std::max(s.expected.mean, mean_min) * factor;
      double deviation = std::sqrt(mean * std::max(1.0, s.expected.dispersion));
      double residual = (s.count - mean) / deviation, weight = mean / deviation;
      double trust = std::min(1.0, clip / std::abs(residual));
      pull += weight * residual * trust;
      known += weight * weight * trust;
    }
    double step = std::clamp(pull / known, -0.5, 0.5);
    log_factor = std::clamp(log_factor + step, -log_max, log_max);
    if (std::abs(step) < 1e-4) break;
  }
  return std::exp(log_factor);
}

void Attendance::add(std::size_t member, double count, const Expected& expected) {
  Member& m = members_[member];
  m.seen = m.seen || count > 0;
  if (!m.seen) m.now += std::log(none_seen(expected));
}

void Attendance::end_tick() {
  for (Member& m : members_) {
    m.empty = m.seen ? 0 : std::max(m.empty + m.now, -1e9);
    m.now = 0;
    m.seen = false;
  }
}

bool Attendance::is_silent(std::size_t member) const {
  static const double bound = std::log(Pool::silence_probability);
  return members_[member].empty < bound;
}

}  // namespace tocsin::warn
