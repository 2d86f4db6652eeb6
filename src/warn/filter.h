// Filter: what a series' next count should be, learned as it goes, in 96 bytes a series: an
// extended Kalman filter on the logarithm of the mean with negative-binomial noise. It is robust: a
// surge is reported and hardly teaches. Source: M. West, J. Harrison, "Bayesian Forecasting and
// Dynamic Models" (discounting); P. Huber, Ann. Math. Statist. 35 (1964) 73 (clipping). The slope
// is that of Holt (1957), on the logarithm.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "warn/tail.h"

namespace tocsin::warn {

// What repeats in a series besides its level.
enum class Rhythm : std::uint8_t {
  none,          // the level alone
  day_and_week,  // first harmonic of each: ticks shorter than a day
  week,          // two harmonics of the week: daily ticks
  year,          // two harmonics of the year: daily or weekly ticks
};

// One resolution: how long its ticks are, and which rhythm its series have.
struct Resolution {
  double ticks_per_day = 1;  // 96 for quarters of an hour, 24 for hours, 1 for days, 1/7 for weeks
  Rhythm rhythm = Rhythm::week;
};

// Where in the rhythm a tick is: the same for every series of a resolution, so made once a tick.
// `tick` counts ticks of that resolution since any fixed time.
using Place = std::array<float, 5>;
Place place(const Resolution& resolution, std::int64_t tick);

// What a tick of a series said.
struct Judged {
  Expected expected;  // before the count was seen; the dispersion holds the mean's uncertainty too
  double uncertainty = 0;  // what of the dispersion that is: mean x variance of its logarithm
  double residual = 0;     // (count - mean) / standard deviation
  double upper = 1;        // upper_tail(), lower_tail() of the count; 1 while the filter learns
  double lower = 1;
};

// A value: copying it keeps the state, so whoever may have to take a tick back (late reports) keeps
// a copy from before. Only settled ticks are taught: those whose feed has delivered up to there.
class Filter {
 public:
  // Of the first ticks nothing is judged: a series without a past has no baseline.
  static constexpr std::uint32_t learning_ticks = 4;
  bool learning() const { return state_.ticks < learning_ticks; }
  std::uint32_t ticks() const { return state_.ticks; }  // taught so far

  // The count to expect at `at`, `ahead` ticks after the last one taught or skipped (1: the next).
  // `factor` (above 0) multiplies the mean: a profile of the series' class, or 1. While learning:
  // the mean of what was seen, widely.
  Expected predict(const Place& at, double factor = 1, unsigned ahead = 1) const;

  // Judges the next tick's count (>= 0; above 1e12 it counts as that) and learns from it.
  Judged update(const Place& at, double count, double factor = 1);
  // Learns as update() does and leaves `upper` and `lower` at 1: a third of the time.
  Judged learn(const Place& at, double count, double factor = 1);
  // `ticks` ticks of which nothing is known (silence, outage, not yet delivered): the level stays,
  // its uncertainty grows.
  void skip(unsigned ticks = 1);

  // State of a version, little endian, the same bytes for the same state; restore() gives a filter
  // with the same future. Errors: invalid, of other length or version, or with values that no
  // filter can have.
  static constexpr std::size_t saved_bytes = 97;
  std::string save() const;
  static Result<Filter> restore(std::string_view bytes);

  bool operator==(const Filter&) const = default;

 private:
  using Matrix = std::array<std::array<double, 5>, 5>;
  struct Guess {
    double mean = 0, variance_of_log = 0;
    std::array<double, 5> gain{};  // covariance x place
  };
  Guess guess(double rise, const Matrix& covariance, const Place& at) const;
  Expected expected(const Guess& guess, double factor) const;
  void begin();

  struct State {
    std::array<float, 5> level{};        // of the logarithm of the mean: level, four harmonics
    std::array<float, 15> covariance{};  // upper triangle by rows
    float slope = 0;                     // of the level, a tick
    float dispersion = 0;
    float unseen = 0;         // the sum of the first counts while learning
    std::uint32_t ticks = 0;  // taught
    bool operator==(const State&) const = default;
  };
  static_assert(sizeof(State) == 96);
  State state_;
};

}  // namespace tocsin::warn
