#include "warn/tail.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "base/check.h"

namespace tocsin::warn {
namespace {

constexpr double poisson_below = 1.001, dispersion_max = 1e6, mean_max = 1e15;
constexpr double count_max = 0x1p53;

// Above this spread sums and fractions grow long, and the saddlepoint is good.
constexpr double exact_deviation_max = 1000, exact_size_max = 1000;

double held(double value, double low, double high) {
  return value > low ? std::min(value, high) : low;  // NaN is `low`
}

// What Stirling's formula lacks: log(n!) - log(sqrt(2 pi n) (n / e)^n).
// Source: C. Loader, "Fast and Accurate Computation of Binomial Probabilities" (2000).
double stirling_rest(double n) {
  if (n < 16) {
    return std::lgamma(n + 1) - (n + 0.5) * std::log(n) + n - std::log(2 * std::numbers::pi) / 2;
  }
  double square = n * n;
  return (1.0 / 12 - (1.0 / 360 - (1.0 / 1260 - 1.0 / 1680 / square) / square) / square) / n;
}

// x log(x / m) + m - x without loss where x is near m. Source: as above.
double deviance(double x, double m) {
  double d = (x - m) / (x + m);
  if (std::abs(d) >= 0.1) return x * std::log(x / m) + m - x;
  double sum = (x - m) * d, term = 2 * x * d;
  for (int k = 1; k < 100; ++k) {
    term *= d * d;
    double next = sum + term / (2 * k + 1);
    if (next == sum) break;
    sum = next;
  }
  return sum;
}

struct Shape {
  double mean, dispersion;
  bool poisson;
  double size;  // r; success probability is 1 / dispersion

  explicit Shape(const Expected& e)
      : mean(held(e.mean, mean_min, mean_max)),
        dispersion(held(e.dispersion, 1, dispersion_max)),
        poisson(dispersion <= poisson_below),
        size(poisson ? 0 : mean / (dispersion - 1)) {}

  bool exact() const {
    return mean * dispersion < exact_deviation_max * exact_deviation_max ||
           (!poisson && size < exact_size_max);
  }
};

// P(Y = k)
double at(const Shape& s, double k) {
  if (s.poisson) {
    if (k == 0) return std::exp(-s.mean);
    return std::exp(-stirling_rest(k) - deviance(k, s.mean)) / std::sqrt(2 * std::numbers::pi * k);
  }
  if (k == 0) return std::exp(-s.size * std::log(s.dispersion));
  // r / (r + k) times the binomial probability of r successes in r + k.
  double q = 1 / s.dispersion, n = s.size + k;
  double log_p = stirling_rest(n) - stirling_rest(s.size) - stirling_rest(k) -
                 deviance(s.size, n * q) - deviance(k, n * (1 - q));
  return s.size / n * std::exp(log_p) * std::sqrt(n / (2 * std::numbers::pi * s.size * k));
}

// The continued fraction of the incomplete beta function, by the modified Lentz method.
// Source: NIST Digital Library of Mathematical Functions, 8.17.22 and 3.10(iii).
double beta_fraction(double a, double b, double x) {
  constexpr double tiny = 1e-300;
  auto kept = [](double v) { return std::abs(v) < tiny ? tiny : v; };
  double c = 1, d = 1 / kept(1 - (a + b) * x / (a + 1)), value = d;
  for (int m = 1; m < 10'000; ++m) {
    double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / kept(1 + even * d);
    c = kept(1 + even / c);
    value *= d * c;
    double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / kept(1 + odd * d);
    c = kept(1 + odd / c);
    value *= d * c;
    if (std::abs(d * c - 1) < 1e-12) break;
  }
  return value;
}

// P(Y > k) / P(Y = k) for k at or above the mean.
double above_by_term(const Shape& s, double k) {
  if (!s.poisson)
    return beta_fraction(k + 1, s.size, 1 - 1 / s.dispersion) * (k + s.size) / (k + 1) *
           (1 - 1 / s.dispersion);
  double sum = 0, term = 1;
  do {
    term *= s.mean / ++k;
    sum += term;
  } while (term > sum * 1e-13);
  return sum;
}

// P(Y < k) / P(Y = k) for k at or below the mean.
double below_by_term(const Shape& s, double k) {
  if (k == 0) return 0;
  double sum = 0, term = 1;
  double fails = s.poisson ? 0 : 1 - 1 / s.dispersion;
  while (k > 0 && term > sum * 1e-13) {
    term *= s.poisson ? k / s.mean : k / ((k - 1 + s.size) * fails);
    --k;
    sum += term;
  }
  return sum;
}

// P(Y > k) + P(Y = k) / 2, the distribution taken as one without steps.
double saddlepoint(const Shape& s, double k) {
  double y = std::max(k, 0.5);
  double w2 = 0, u = 0;
  if (s.poisson) {
    w2 = 2 * deviance(y, s.mean);
    u = std::log(y / s.mean) * std::sqrt(y);
  } else {
    double q = 1 / s.dispersion, n = s.size + y, tilt = std::log(y / (n * (1 - q)));
    w2 = 2 * (deviance(y, n * (1 - q)) + deviance(s.size, n * q));
    u = tilt * std::sqrt(y * n / s.size);
  }
  double w = std::copysign(std::sqrt(std::max(w2, 0.0)), u);
  if (std::abs(w) < 1e-4) return normal_tail(w);
  double density = std::exp(-w * w / 2) / std::sqrt(2 * std::numbers::pi);
  return std::clamp(normal_tail(w) + density * (1 / u - 1 / w), 0.0, 1.0);
}

// P(Y > k) + share x P(Y = k)
double above(const Shape& s, double k, double share) {
  if (!s.exact()) return saddlepoint(s, k);
  double term = at(s, k);
  if (k >= s.mean) return term * (above_by_term(s, k) + share);
  return 1 - term * (below_by_term(s, k) + 1 - share);
}

// P(Y < k) + share x P(Y = k)
double below(const Shape& s, double k, double share) {
  if (!s.exact()) return 1 - saddlepoint(s, k);
  double term = at(s, k);
  if (k <= s.mean) return term * (below_by_term(s, k) + share);
  return 1 - term * (above_by_term(s, k) + 1 - share);
}

double whole(double count) {
  return std::floor(held(count, 0, count_max));
}

}  // namespace

double upper_tail(double count, const Expected& expected) {
  double k = whole(count);
  if (k == 0) return 1;
  return held(above(Shape(expected), k, 0.5), probability_min, 1);
}

double lower_tail(double count, const Expected& expected) {
  return held(below(Shape(expected), whole(count), 0.5), probability_min, 1);
}

double none_seen(const Expected& expected) {
  return held(at(Shape(expected), 0), probability_min, 1);
}

double quantile(double probability, const Expected& expected) {
  check(probability >= 0 && probability <= 1, "a probability");
  Shape s(expected);
  if (probability == 0) return 0;
  auto reached = [&](double k) {
    return k >= s.mean ? above(s, k, 0) <= 1 - probability : below(s, k, 1) >= probability;
  };
  if (reached(0)) return 0;
  double low = 0, high = std::floor(s.mean) + 1;
  while (high < count_max && !reached(high)) low = high, high *= 2;
  high = std::min(high, count_max);
  while (high - low > 1) {
    double middle = std::floor((low + high) / 2);
    (reached(middle) ? high : low) = middle;
  }
  return high;
}

Interval interval(double coverage, const Expected& expected) {
  double rest = (1 - coverage) / 2;
  return {quantile(rest, expected), quantile(1 - rest, expected)};
}

double normal_tail(double z) {
  return std::erfc(z / std::numbers::sqrt2) / 2;
}

double normal_score(double probability) {
  double p = held(probability, probability_min, 1 - 1e-16);
  if (p > 0.5) return -normal_score(1 - p);
  // Newton on the logarithm of the tail, which is concave: it converges from any start above.
  double z = std::sqrt(-2 * std::log(p)), wanted = std::log(p);
  for (int i = 0; i < 60; ++i) {
    double tail = normal_tail(z);
    double step =
        (std::log(tail) - wanted) * tail * std::sqrt(2 * std::numbers::pi) * std::exp(z * z / 2);
    z += step;
    if (std::abs(step) < 1e-13) break;
  }
  return z;
}

}  // namespace tocsin::warn
