// Outbreak score: how detectors are compared on simulated outbreaks: probability of detection over
// false-positive rate, the area under it, and the difference of two with its bootstrap interval.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "cli/outbreak_series.h"

namespace tocsin::cli {

// What a detector says of the 49 tested weeks of each series: the higher, the more of an outbreak.
struct OutbreakJudgement {
  std::string name;
  std::vector<std::vector<double>> scores;  // [series][week - outbreak_tested]
};

// An outbreak is found if one of its weeks with cases is flagged; a false positive is a flagged
// week without any.
class OutbreakCurve {
 public:
  OutbreakCurve(const OutbreakJudgement& judgement, std::span<const OutbreakSeries> series);

  // The share of outbreaks found at that rate of false positives; between the rates that a
  // threshold can have, in between (ties).
  double found_at(double rate) const;
  // The mean of found_at() from 0 to `most`, with `weights` for how often each series counts.
  double area(double most, std::span<const unsigned> weights) const;
  double area(double most) const;
  // The share of quiet weeks with a score of at least `threshold`, and that of outbreaks found.
  double rate_from(double threshold) const;
  double found_from(double threshold) const;
  double threshold_for(
      double rate) const;  // the lowest that no more than `rate` of the weeks reach

 private:
  struct Step {
    double score;
    bool outbreak;
    std::size_t series;
  };
  std::vector<Step> steps_;  // by falling score: a series' outbreak by its best week, quiet weeks
  std::size_t series_ = 0, quiet_ = 0, outbreaks_ = 0;
  std::vector<unsigned> quiet_of_;  // weeks of each series
  template <class Visit>
  void walk(std::span<const unsigned> weights, Visit visit) const;
};

struct Difference {
  double mean, low, high;  // 95 % of the draws
};
// a's area less b's over the same series, drawn anew with replacement `draws` times.
Difference paired_difference(const OutbreakCurve& a, const OutbreakCurve& b, std::size_t series,
                             double most, unsigned draws, std::uint64_t seed);

}  // namespace tocsin::cli
