#include "warn/clipping.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace tocsin::warn {
namespace {

constexpr double clip_deviations = 3, clip_counts = 0.5;

// The table: logarithms to base 2 in halves, from 2^-8 for means and 1 for dispersions.
constexpr double log_mean_first = -8, steps_per_doubling = 2;
constexpr std::size_t means = 33, dispersions = 17;
using Table = std::array<std::array<Clipped, dispersions>, means>;

Clipped summed(double mean, double dispersion) {
  double deviation = std::sqrt(mean * dispersion), most = clipped(1e300, mean, deviation);
  bool poisson = dispersion < 1.001;
  double size = poisson ? 0 : mean / (dispersion - 1), fails = 1 - 1 / dispersion;
  double term = poisson ? std::exp(-mean) : std::exp(-size * std::log(dispersion));
  double first = 0, second = 0, below = 0;
  for (double k = 0; k <= most; ++k) {
    first += term * (k - mean);
    second += term * (k - mean) * (k - mean);
    below += term;
    term *= poisson ? mean / (k + 1) : (k + size) / (k + 1) * fails;
  }
  first += (1 - below) * (most - mean);
  second += (1 - below) * (most - mean) * (most - mean);
  return {first / deviation, second / (deviation * deviation)};
}

Table made() {
  Table table;
  for (std::size_t i = 0; i < means; ++i) {
    double mean = std::exp2(log_mean_first + static_cast<double>(i) / steps_per_doubling);
    for (std::size_t j = 0; j < dispersions; ++j)
      table[i][j] = summed(mean, std::exp2(static_cast<double>(j) / steps_per_doubling));
  }
  return table;
}

}  // namespace

double clipped(double count, double mean, double deviation) {
  return std::min(count, mean + clip_deviations * deviation + clip_counts);
}

Clipped clipped_moments(double mean, double dispersion) {
  static const Table table = made();
  double x = (std::log2(mean) - log_mean_first) * steps_per_doubling;
  double y = std::log2(dispersion) * steps_per_doubling;
  x = std::clamp(x, 0.0, static_cast<double>(means) - 1.001);
  y = std::clamp(y, 0.0, static_cast<double>(dispersions) - 1.001);
  auto i = static_cast<std::size_t>(x), j = static_cast<std::size_t>(y);
  double a = x - static_cast<double>(i), b = y - static_cast<double>(j);
  auto between = [&](double Clipped::* what) {
    double low = (1 - b) * table[i][j].*what + b * table[i][j + 1].*what;
    double high = (1 - b) * table[i + 1][j].*what + b * table[i + 1][j + 1].*what;
    return (1 - a) * low + a * high;
  };
  return {between(&Clipped::mean), between(&Clipped::variance)};
}

}  // namespace tocsin::warn
