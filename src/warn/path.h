// Path: a CUSUM whose height has a known error rate. It sums standardised surprises less a
// reference value and never falls below 0; heights are in nats, so that paths of any mean, skewness
// and number of members compare, and one alarm budget serves them all. Source: E. Page, Biometrika
// 41 (1954) 100; D. Siegmund, "Sequential Analysis" (1985), chapter 10 (the rate); the exponent is
// Wald's, for a gamma distribution of the tick's skewness.
#pragma once

#include <cstdint>

namespace tocsin::warn {

// One tick's surprise: mean 0 and variance 1 while nothing happens.
struct Surprise {
  double score = 0;
  double skewness = 0;  // of its distribution; below 0 counts as 0
};

// All 0 at the start.
struct Path {
  // What is subtracted from each surprise: a shift of twice that is found soonest.
  static constexpr double reference = 0.5;
  static constexpr double height_max = 60;
  static constexpr double recent_max = 8;

  // Adds a tick. What the surprises of the past varied beyond 1, or went together from tick to tick
  // (shocks that all members share), is learned and divides; learning rests while the path is high.
  void step(const Surprise& surprise);

  // How often a tick of which nothing happened brings a path to such a height for the first time:
  // the expected number of alarms a tick of a threshold there. In [0, 1]; 1 at the bottom.
  double alarm_rate() const;
  // Of the last ticks alone, at most this share of the ticks of which nothing happened is as high
  // (Kingman's bound). Comes back above 0.1 within some ten ticks when the surge is over.
  double recent_tail() const;
  // By how much the variance of sums of surprises is larger than that of as many apart: at least 1.
  double spread() const;

  bool is_sane() const;  // could step() have made it?

  float height = 0;  // nats
  float recent = 0;  // the same, at most recent_max
  float excess = 0;  // learned variance less 1
  float lag = 0;     // learned product of a surprise and the trail of those before
  float trail = 0;   // of past surprises, each worth 0.8 of the next
  float held = 0;    // ticks that learning has rested
  float ticks = 0;   // learned from

  bool operator==(const Path&) const = default;
};

// The alarm rate of a height in nats.
double alarm_rate_of(double height);
// The exponent theta at which exp(theta x (surprise - reference)) has mean 1.
double exponent_of(double skewness);

}  // namespace tocsin::warn
