// Clipping: a count far above its mean teaches as if it were nearer, and what that takes from the
// first two moments, so that what is learned from clipped counts is not too low. Counts are skewed:
// a constant that is right for the normal distribution halves the dispersion of sparse series.
#pragma once

namespace tocsin::warn {

// `count`, but at most 3 standard deviations and half an event above the mean.
double clipped(double count, double mean, double deviation);

// Of a clipped count under a negative binomial, from a table made once (relative error below 2 %
// for means of 2^-8 to 2^8 and dispersions up to 2^8; beyond, the value at the end).
struct Clipped {
  double mean = 0;      // E[clipped - mean] / standard deviation: 0 or below
  double variance = 1;  // E[(clipped - mean)^2] / variance: at most 1
};
Clipped clipped_moments(double mean, double dispersion);

}  // namespace tocsin::warn
