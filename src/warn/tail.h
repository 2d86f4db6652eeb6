// Tail: how surprising a count is under a negative binomial with a given mean and dispersion.
// Source: the standard recurrence of the distribution's terms; for large spreads the saddlepoint
// approximation of R. Lugannani and S. Rice, Adv. Appl. Probab. 12 (1980) 475.
#pragma once

namespace tocsin::warn {

// The lowest probability and mean that anything here gives or takes.
inline constexpr double probability_min = 1e-300;
inline constexpr double mean_min = 1e-6;

// The variance is dispersion x mean. Dispersion of 1.001 and below is a Poisson distribution. Means
// below mean_min count as that, above 1e15 as that; a dispersion above 1e6 as that.
struct Expected {
  double mean = mean_min;
  double dispersion = 1;
  double variance() const { return mean * dispersion; }
};

// Mid-p, the p-value of counts that is not biased by their steps: P(Y > count) + P(Y = count) / 2.
// In [probability_min, 1], and 1 for a count of 0 (nothing rises there). `count` is floored; a
// negative one or NaN is 0. Relative error below 1e-9; below 1e-4 where the standard deviation is
// above 1000 (the saddlepoint). Some microseconds, at most 3 ms.
double upper_tail(double count, const Expected& expected);

// The same for a drop: P(Y < count) + P(Y = count) / 2. In [probability_min, 1].
double lower_tail(double count, const Expected& expected);

// P(Y = 0), for runs of empty ticks: their probability is the product.
double none_seen(const Expected& expected);

// The smallest count of which P(Y <= count) >= `probability`; in [0, 1] else check() ends the
// process. 0 for 0; at most 2^53.
double quantile(double probability, const Expected& expected);

// The counts between which the next one lies with at least the probability `coverage`, both ends
// included, with at most half of the rest on either side.
struct Interval {
  double low = 0, high = 0;
};
Interval interval(double coverage, const Expected& expected);

// The standard normal distribution: P(Z > z), and the z that P(Z > z) = `probability` belongs to
// (probability_min to 1 - 1e-16; beyond, the value at the end). Relative error below 1e-9.
double normal_tail(double z);
double normal_score(double probability);

}  // namespace tocsin::warn
