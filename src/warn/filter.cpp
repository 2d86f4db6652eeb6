#include "warn/filter.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <numbers>

#include "warn/clipping.h"

namespace tocsin::warn {
namespace {

static_assert(std::endian::native == std::endian::little);

// The constants of every series; docs/detectors.md says what they were chosen on.
constexpr double level_variance_start = 0.5, harmonic_variance_start = 0.1;
constexpr double level_variance_max = 1, harmonic_variance_max = 0.1;  // an empty series' too
constexpr double level_kept = 0.98, harmonics_kept = 0.9995;           // per tick
constexpr double slope_gain = 0.008, slope_kept = 0.999;  // of the level's correction; per tick
constexpr double slope_max = 0.02;                        // of the logarithm, a tick
constexpr double dispersion_start = 1.2, dispersion_step_least = 0.005;
constexpr double squares_max = 30;  // dispersions that one tick may teach
// Few events tell little of how they come: the dispersion of a series with none may be this much
// larger, and of one with many not. `doubt_ticks` is how far back the dispersion remembers.
constexpr double doubt = 10, doubt_ticks = 200;
constexpr double log_mean_min = -5.3;  // 0.005: what 200 empty ticks can tell, and no less
constexpr double log_mean_max = 27.6;
constexpr double count_max = 1e12;
constexpr char version = 1;

using Matrix = std::array<std::array<double, 5>, 5>;

Matrix unpack(const std::array<float, 15>& packed) {
  Matrix m{};
  std::size_t at = 0;
  for (std::size_t i = 0; i < 5; ++i) {
    for (std::size_t j = i; j < 5; ++j) m[i][j] = m[j][i] = packed[at++];
  }
  return m;
}

void pack(const Matrix& m, std::array<float, 15>& packed) {
  std::size_t at = 0;
  for (std::size_t i = 0; i < 5; ++i) {
    for (std::size_t j = i; j < 5; ++j) packed[at++] = static_cast<float>(m[i][j]);
  }
}

// What `ticks` ticks take from what was known. No value becomes less known than it may be: else the
// variance of what a series never shows would grow without end.
void forget(Matrix& c, unsigned ticks) {
  double level = std::pow(level_kept, ticks), harmonics = std::pow(harmonics_kept, ticks);
  for (std::size_t i = 0; i < 5; ++i) {
    for (std::size_t j = 0; j < 5; ++j) c[i][j] /= i + j == 0 ? level : harmonics;
  }
  for (std::size_t i = 0; i < 5; ++i) {
    double most = i == 0 ? level_variance_max : harmonic_variance_max;
    if (c[i][i] <= most) continue;
    double scale = std::sqrt(most / c[i][i]);
    for (std::size_t j = 0; j < 5; ++j) c[i][j] *= scale, c[j][i] *= scale;
  }
}

}  // namespace

Place place(const Resolution& resolution, std::int64_t tick) {
  double turns_a = 0, turns_b = 0;  // per tick
  double days = 1 / resolution.ticks_per_day;
  switch (resolution.rhythm) {
    case Rhythm::none:
      return {1, 0, 0, 0, 0};
    case Rhythm::day_and_week:
      turns_a = days, turns_b = days / 7;
      break;
    case Rhythm::week:
      turns_a = days / 7, turns_b = 2 * turns_a;
      break;
    // A year of weeks is 52 of them, as surveillance counts them; of days 365.25.
    case Rhythm::year:
      turns_a = days >= 7 ? days / 364 : days / 365.25, turns_b = 2 * turns_a;
      break;
  }
  auto t = static_cast<double>(tick);
  double a = 2 * std::numbers::pi * std::fmod(t * turns_a, 1.0);
  double b = 2 * std::numbers::pi * std::fmod(t * turns_b, 1.0);
  return {1, static_cast<float>(std::cos(a)), static_cast<float>(std::sin(a)),
          static_cast<float>(std::cos(b)), static_cast<float>(std::sin(b))};
}

Filter::Guess Filter::guess(double rise, const Matrix& c, const Place& at) const {
  Guess g;
  double log_mean = rise;
  for (std::size_t i = 0; i < 5; ++i) {
    log_mean += static_cast<double>(at[i]) * static_cast<double>(state_.level[i]);
    for (std::size_t j = 0; j < 5; ++j) g.gain[i] += c[i][j] * static_cast<double>(at[j]);
  }
  for (std::size_t i = 0; i < 5; ++i) g.variance_of_log += g.gain[i] * static_cast<double>(at[i]);
  g.mean = std::exp(std::clamp(log_mean, log_mean_min, log_mean_max));
  return g;
}

Expected Filter::expected(const Guess& g, double factor) const {
  double mean = g.mean * factor, seen = std::min<double>(state_.ticks, doubt_ticks);
  double few = doubt / (1 + mean * seen);
  return {mean,
          std::max(1.0, static_cast<double>(state_.dispersion) + few + mean * g.variance_of_log)};
}

Expected Filter::predict(const Place& at, double factor, unsigned ahead) const {
  if (learning()) {
    double mean = state_.ticks ? static_cast<double>(state_.unseen) / state_.ticks : 0;
    mean = std::max(0.1, mean) * factor;
    return {mean, dispersion_start + mean * level_variance_start};
  }
  Matrix c = unpack(state_.covariance);
  if (ahead > 1) forget(c, ahead - 1);
  return expected(guess(static_cast<double>(state_.slope) * (ahead - 1.0), c, at), factor);
}

Judged Filter::update(const Place& at, double count, double factor) {
  bool judged = !learning();
  Judged result = learn(at, count, factor);
  if (!judged) return result;
  result.upper = upper_tail(count, result.expected);
  result.lower = lower_tail(count, result.expected);
  return result;
}

Judged Filter::learn(const Place& at, double count, double factor) {
  double y = count > 0 ? std::min(count, count_max) : 0;
  if (learning()) {
    Judged result{.expected = predict(at, factor)};
    state_.unseen += static_cast<float>(y / factor);
    if (++state_.ticks == learning_ticks) begin();
    return result;
  }
  Matrix c = unpack(state_.covariance);
  Guess g = guess(0, c, at);
  Judged result{.expected = expected(g, factor)};
  double mean = g.mean * factor, spread = static_cast<double>(state_.dispersion);
  double variance = spread * mean + mean * mean * g.variance_of_log;
  double deviation = std::sqrt(variance);
  result.uncertainty = mean * g.variance_of_log;
  result.residual = (y - mean) / std::sqrt(result.expected.variance());

  double taught = clipped(y, mean, deviation) - mean;
  Clipped moments = clipped_moments(mean, variance / mean);
  double correction = mean / variance * (taught - moments.mean * deviation);
  for (std::size_t i = 0; i < 5; ++i) {
    state_.level[i] += static_cast<float>(g.gain[i] * correction);
    for (std::size_t j = 0; j < 5; ++j) c[i][j] -= g.gain[i] * g.gain[j] * mean * mean / variance;
  }
  double slope =
      slope_kept * (static_cast<double>(state_.slope) + slope_gain * g.gain[0] * correction);
  state_.slope = static_cast<float>(std::clamp(slope, -slope_max, slope_max));
  state_.level[0] = std::clamp(state_.level[0] + state_.slope, static_cast<float>(log_mean_min),
                               static_cast<float>(log_mean_max));
  forget(c, 1);
  pack(c, state_.covariance);

  double square =
      taught * taught / moments.variance / (mean * (1 + mean * g.variance_of_log / spread));
  double step = std::max(dispersion_step_least, 1.0 / (state_.ticks + 5));
  spread = std::max(1.0, spread + step * (std::min(square, squares_max * spread) - spread));
  state_.dispersion = static_cast<float>(spread);
  if (state_.ticks < UINT32_MAX) ++state_.ticks;
  return result;
}

// After the first ticks: their mean.
void Filter::begin() {
  double mean = static_cast<double>(state_.unseen) / learning_ticks;
  state_.level = {static_cast<float>(std::log(std::max(0.1, mean))), 0, 0, 0, 0};
  state_.unseen = 0;
  Matrix c{};
  c[0][0] = level_variance_start;
  for (std::size_t i = 1; i < 5; ++i) c[i][i] = harmonic_variance_start;
  pack(c, state_.covariance);
  state_.dispersion = static_cast<float>(dispersion_start);
}

void Filter::skip(unsigned ticks) {
  if (learning()) return;
  Matrix c = unpack(state_.covariance);
  forget(c, std::min(ticks, 10'000U));
  pack(c, state_.covariance);
}

std::string Filter::save() const {
  std::string bytes(saved_bytes, version);
  std::memcpy(bytes.data() + 1, &state_, sizeof state_);
  return bytes;
}

Result<Filter> Filter::restore(std::string_view bytes) {
  if (bytes.size() != saved_bytes || bytes[0] != version)
    return invalid("not a filter's state of this version");
  Filter filter;
  std::memcpy(&filter.state_, bytes.data() + 1, sizeof filter.state_);
  const State& s = filter.state_;
  auto finite = [](float v) { return std::isfinite(v); };
  bool sane = std::ranges::all_of(s.level, finite) && std::ranges::all_of(s.covariance, finite) &&
              s.unseen >= 0 && finite(s.unseen) && finite(s.slope) && finite(s.dispersion);
  if (sane && !filter.learning()) {
    sane = s.dispersion >= 1;
    for (std::size_t i : {0, 5, 9, 12, 14}) sane = sane && s.covariance[i] >= 0;
  }
  if (!sane) return invalid("a filter's state with values that none can have");
  return filter;
}

}  // namespace tocsin::warn
