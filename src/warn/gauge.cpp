#include "warn/gauge.h"

#include <algorithm>
#include <cmath>

namespace tocsin::warn {
namespace {

constexpr std::size_t past_max = 4096, past_least = 20;
constexpr double value_least = 1e-4;  // below is rounding

// The constants of every gauge, set once.
constexpr double range_least = 0.02;                      // of the range so far
constexpr double follow = 0.3, error_step_least = 0.001;  // of the mean, of its error
constexpr double small = 0.001;                           // of the scale: added to deviations
constexpr double ratio_max = 50, usual_step_least = 0.0007, usual_deviation = 0.05;
constexpr std::size_t nearest_count = 4;
constexpr double shift_deviation = 0.02, change_variance = 0.0001;
constexpr double slot_step_least = 0.02, slot_deviation = 0.05, slot_least = 6;
constexpr double again = 0.3;  // what counts of a value below a recent higher one

}  // namespace

double Past::surprise(double value) {
  auto at = std::ranges::lower_bound(sorted_, value);
  double larger = static_cast<double>(sorted_.end() - at) * weight_;
  double all = static_cast<double>(sorted_.size()) * weight_;
  double result = 0;
  if (sorted_.size() > past_least && value > value_least) {
    result = -std::log10((larger + 1) / (all + 1));
    if (larger == 0) {
      double most = sorted_.back();
      result += most > 0 ? 2 * std::log10(std::min(100.0, value / most)) : 1;
    }
  }
  // The largest always stays: what is beyond it is told by it.
  bool largest = at == sorted_.end();
  if (++waiting_ >= weight_ || largest) {
    sorted_.insert(at, value);
    waiting_ = 0;
  }
  if (sorted_.size() == past_max) {
    for (std::size_t i = 0; 2 * i + 1 < past_max; ++i) sorted_[i] = sorted_[2 * i + 1];
    sorted_.resize(past_max / 2);
    weight_ *= 2;
  }
  return result;
}

Gauge::Gauge(std::size_t learning_rows)
    : learning_(std::max<std::size_t>(learning_rows, 20)),
      window_(std::max<std::size_t>(8, learning_ / 12)),
      refractory_(std::max<std::size_t>(1, learning_ / 5)),
      ring_(std::max(neighbours_back + 2 * lags, 13 * window_) + 1),
      distances_(neighbours_back + 1),
      sums_(refractory_) {}

double Gauge::judge(double value, std::uint32_t second_of_day) {
  if (!std::isfinite(value)) return 0;
  if (first_.size() < learning_) {
    first_.emplace_back(value, second_of_day);
    if (first_.size() < learning_) return 0;
    double mean = 0, square = 0;
    for (const auto& [v, second] : first_) mean += v / static_cast<double>(learning_);
    for (const auto& [v, second] : first_)
      square += (v - mean) * (v - mean) / static_cast<double>(learning_);
    scale_ = std::max(std::sqrt(square), 1e-8 * std::max(1.0, std::abs(mean)));
    for (const auto& [v, second] : first_) step(v / scale_, second);
    return 0;
  }
  return step(value / scale_, second_of_day);
}

double Gauge::before(std::size_t rows) const {
  return ring_[(row_ + ring_.size() - rows) % ring_.size()];
}

// Everything from here on is in units of scale_.
double Gauge::step(double x, std::uint32_t second_of_day) {
  ring_[row_ % ring_.size()] = x;
  double range = beyond_range(x);
  auto row = static_cast<double>(row_);
  if (row_ == 0) mean_ = x;
  double error = std::abs(x - mean_);
  double residual = row_ > 5 ? error / (error_ + small) : 0;
  mean_ += follow * (x - mean_);
  error_ += std::max(error_step_least, 1 / (row + 1)) * (error - error_);

  recent_[row_ % recent_.size()] = std::min(error / (error_ + small), ratio_max);
  double lately = 0;
  for (double r : recent_) lately += r / static_cast<double>(recent_.size());
  double unlikely =
      row_ > 20 ? std::max(0.0, (lately - usual_) / (std::sqrt(varying_) + usual_deviation)) : 0;
  double usual_step = std::max(usual_step_least, 1 / (row + 1));
  double off = lately - usual_;
  usual_ += usual_step * off;
  varying_ += usual_step * (off * off - varying_);

  double shift = 0, change = 0;
  if (row_ > 4 * window_) two_windows(shift, change);
  std::array<double, looks> values = {
      range, residual, unlikely, nearest(x), shift, of_the_time(x, second_of_day), change};
  double sum = 0;
  for (std::size_t i = 0; i < looks; ++i) sum += past_[i].surprise(values[i]);
  double highest = *std::ranges::max_element(sums_);
  sums_[row_ % sums_.size()] = sum;
  ++row_;
  return sum > highest ? sum : sum * again;
}

double Gauge::beyond_range(double x) {
  double range = highest_ - lowest_, value = 0;
  if (row_ > 10 && range > 0) {
    double beyond = std::max(x - highest_, lowest_ - x) / range;
    if (beyond > range_least) value = beyond;
  }
  highest_ = row_ == 0 ? x : std::max(highest_, x);
  lowest_ = row_ == 0 ? x : std::min(lowest_, x);
  return value;
}

// Distances of the last 16 values from the 16 that ended `lag` rows ago: each follows from that of
// the row before by the pair that came and the pair that went.
double Gauge::nearest(double x) {
  std::array<double, nearest_count> least;
  least.fill(INFINITY);
  std::size_t found = 0;
  for (std::size_t lag = lags; lag <= neighbours_back && lag <= row_; ++lag) {
    double came = x - before(lag);
    double& distance = distances_[lag];
    distance += came * came;
    if (lag + lags <= row_) {
      double went = before(lags) - before(lag + lags);
      distance = std::max(0.0, distance - went * went);
    }
    if (lag + lags - 1 > row_) continue;  // it began before the first row
    ++found;
    if (distance >= least.back()) continue;
    std::size_t i = nearest_count - 1;
    for (; i > 0 && least[i - 1] > distance; --i) least[i] = least[i - 1];
    least[i] = distance;
  }
  if (found < nearest_count) return 0;
  double sum = 0;
  for (double d : least) sum += d / static_cast<double>(nearest_count);
  return std::sqrt(sum);
}

// The last window against up to twelve before it: how far its level is off, how its variance is.
void Gauge::two_windows(double& shift, double& change) const {
  struct Moments {
    double mean = 0, variance = 0;
  };
  auto moments = [this](std::size_t from, std::size_t to) {
    Moments m;
    auto n = static_cast<double>(to - from);
    for (std::size_t i = from; i < to; ++i) m.mean += before(i) / n;
    for (std::size_t i = from; i < to; ++i)
      m.variance += (before(i) - m.mean) * (before(i) - m.mean) / n;
    return m;
  };
  Moments last = moments(0, window_);
  Moments earlier = moments(window_, std::min<std::size_t>(row_ + 1, 13 * window_));
  shift = std::abs(last.mean - earlier.mean) / (std::sqrt(earlier.variance) + shift_deviation);
  change =
      std::abs(std::log((last.variance + change_variance) / (earlier.variance + change_variance)));
}

double Gauge::of_the_time(double x, std::uint32_t second_of_day) {
  Slot& slot = slots_[second_of_day / (86'400 / slots) % slots];
  double off = x - slot.mean;
  double value =
      slot.count >= slot_least ? std::abs(off) / (std::sqrt(slot.variance) + slot_deviation) : 0;
  ++slot.count;
  double step = std::max(slot_step_least, 1 / slot.count);
  slot.mean += step * off;
  if (slot.count > 1) slot.variance += step * (off * off - slot.variance);
  return value;
}

}  // namespace tocsin::warn
