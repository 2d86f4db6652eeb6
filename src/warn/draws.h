// Draws: seeded chances for tests and measurements, the same on every machine (the distributions of
// <random> are not).
// Source: Steele, Lea, Flood (splitmix64); G. Marsaglia, W. Tsang, ACM TOMS 26 (2000) 363 (gamma);
// D. Knuth, TAOCP 2, 3.4.1 (Poisson).
#pragma once

#include <cmath>
#include <cstdint>
#include <numbers>

namespace tocsin::warn {

class Draws {
 public:
  explicit Draws(std::uint64_t seed) : state_(seed * 0xd1342543de82ef95U + 1) {}

  std::uint64_t bits() {
    std::uint64_t x = state_ += 0x9e3779b97f4a7c15U;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9U;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebU;
    return x ^ (x >> 31);
  }

  // Above 0, below 1.
  double unit() { return (static_cast<double>(bits() >> 11) + 0.5) * 0x1p-53; }

  // 0 to below `n`, for n below 2^32.
  std::uint64_t below(std::uint64_t n) { return ((bits() >> 32) * n) >> 32; }

  double normal() {
    double radius = std::sqrt(-2 * std::log(unit()));
    return radius * std::cos(2 * std::numbers::pi * unit());
  }

  double lognormal(double log_median, double sigma) {
    return std::exp(log_median + sigma * normal());
  }

  // Of the scale 1.
  double gamma(double shape) {
    if (shape < 1) return gamma(shape + 1) * std::pow(unit(), 1 / shape);
    double d = shape - 1.0 / 3, c = 1 / std::sqrt(9 * d);
    for (;;) {
      double x = normal(), v = 1 + c * x;
      if (v <= 0) continue;
      v = v * v * v;
      if (std::log(unit()) < x * x / 2 + d - d * v + d * std::log(v)) return d * v;
    }
  }

  // Large means are taken apart: a Poisson process up to its n-th event, and what is left.
  std::uint64_t poisson(double mean) {
    std::uint64_t count = 0;
    while (mean > 30) {
      auto n = static_cast<std::uint64_t>(mean * 0.875);
      double reached = gamma(static_cast<double>(n));
      if (reached > mean) return count + binomial(n - 1, mean / reached);
      count += n;
      mean -= reached;
    }
    double product = unit(), stop = std::exp(-mean);
    for (; product > stop; product *= unit()) ++count;
    return count;
  }

  // With the variance dispersion x mean.
  std::uint64_t negative_binomial(double mean, double dispersion) {
    if (dispersion <= 1) return poisson(mean);
    return poisson(gamma(mean / (dispersion - 1)) * (dispersion - 1));
  }

 private:
  // Halved at its median order statistic until few are left. Source: Knuth, 3.4.1, algorithm of
  // Ahrens and Dieter.
  std::uint64_t binomial(std::uint64_t n, double p) {
    std::uint64_t count = 0;
    while (n > 30) {
      std::uint64_t a = n / 2 + 1;
      double x = gamma(static_cast<double>(a)), y = gamma(static_cast<double>(n - a + 1));
      double middle = x / (x + y);  // the a-th smallest of n
      if (middle > p) {
        n = a - 1;
        p /= middle;
      } else {
        count += a;
        n -= a;
        p = (p - middle) / (1 - middle);
      }
    }
    for (; n > 0; --n) count += unit() < p ? 1 : 0;
    return count;
  }

  std::uint64_t state_;
};

}  // namespace tocsin::warn
