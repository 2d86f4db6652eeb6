// Gauge: how unusual the next value of a measurement is (a temperature, a latency, a load; counts
// have warn/filter.h): seven looks at it, each compared with its own past, and their sum.
// Source: conformal anomaly detection: V. Laxhammar, G. Falkman, Ann. Math. Artif. Intell. 74
// (2015) 67; nearest neighbours in lag space: E. Burnaev, V. Ishimtsev, arXiv 1608.04585.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

namespace tocsin::warn {

// The past of one look: its values in order. Bounded: when full, every second stands for two.
class Past {
 public:
  // The surprise of `value`: -log10 of the share of the past that was at least as large; more where
  // nothing was. 0 for the first 20 and for values below 1e-4. Then remembers it.
  double surprise(double value);

 private:
  std::vector<double> sorted_;
  double weight_ = 1, waiting_ = 0;  // each stands for `weight_`; those that wait to be one
};

// One series, one thread, some 250 kB.
class Gauge {
 public:
  // Of the first `learning_rows` (20 at least) nothing is said.
  explicit Gauge(std::size_t learning_rows);

  // 0: as usual; each unit is a factor of ten in rarity, added over the looks. A value near a
  // recent higher one says less: one development is one alarm. `second_of_day`: 0 to 86399. Values
  // that are not finite are left out: 0.
  double judge(double value, std::uint32_t second_of_day);

 private:
  static constexpr std::size_t looks = 7, lags = 16, neighbours_back = 4000, slots = 48;

  double step(double value, std::uint32_t second_of_day);
  double beyond_range(double x);
  double nearest(double x);
  void two_windows(double& shift, double& change) const;
  double of_the_time(double x, std::uint32_t second_of_day);
  double before(std::size_t rows) const;  // the value that many rows ago, in units of scale_

  std::size_t learning_, window_, refractory_;
  std::vector<std::pair<double, std::uint32_t>> first_;  // while learning
  double scale_ = 0;                                     // the deviation of these
  std::uint64_t row_ = 0;
  std::array<Past, looks> past_;
  double highest_ = 0, lowest_ = 0;
  double mean_ = 0, error_ = 0;  // of the residuals
  std::array<double, 10> recent_{};
  double usual_ = 0, varying_ = 0;  // of the mean of recent_
  std::vector<double> ring_;        // the last values
  std::vector<double> distances_;   // squared, of the last 16 from those that ended `lag` rows ago
  struct Slot {
    double count = 0, mean = 0, variance = 0;
  };
  std::array<Slot, slots> slots_{};
  std::vector<double> sums_;  // of the last rows, for the rule of one alarm
};

}  // namespace tocsin::warn
