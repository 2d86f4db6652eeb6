#include "cli/outbreak_score.h"

#include <algorithm>

#include "warn/draws.h"

namespace tocsin::cli {

OutbreakCurve::OutbreakCurve(const OutbreakJudgement& judgement,
                             std::span<const OutbreakSeries> series)
    : series_(series.size()), quiet_of_(series.size()) {
  for (std::size_t s = 0; s < series.size(); ++s) {
    const auto& scores = judgement.scores[s];
    bool found = false;
    double best = 0;
    for (std::size_t i = 0; i < scores.size(); ++i) {
      std::size_t week = outbreak_tested + i;
      if (series[s].outbreak[week] == 0) {
        steps_.push_back({scores[i], false, s});
        ++quiet_of_[s];
        ++quiet_;
      } else if (series[s].strength > 0 && week >= series[s].start) {
        best = found ? std::max(best, scores[i]) : scores[i];
        found = true;
      }
    }
    if (found) steps_.push_back({best, true, s}), ++outbreaks_;
  }
  std::ranges::stable_sort(steps_, std::greater{}, &Step::score);
}

// Calls visit(rate, found, score) after each group of equal scores, until it says false.
template <class Visit>
void OutbreakCurve::walk(std::span<const unsigned> weights, Visit visit) const {
  auto weight = [&](std::size_t s) { return weights.empty() ? 1.0 : weights[s]; };
  double quiet = 0, outbreaks = 0, rate = 0, found = 0;
  for (std::size_t s = 0; s < series_; ++s) quiet += weight(s) * quiet_of_[s];
  for (const Step& step : steps_) outbreaks += step.outbreak ? weight(step.series) : 0;
  for (std::size_t i = 0; i < steps_.size();) {
    double score = steps_[i].score;
    for (; i < steps_.size() && steps_[i].score == score; ++i) {
      (steps_[i].outbreak ? found : rate) += weight(steps_[i].series);
    }
    if (!visit(rate / quiet, found / outbreaks, score)) return;
  }
}

double OutbreakCurve::found_at(double wanted) const {
  double rate_before = 0, found_before = 0, result = 1;
  walk({}, [&](double rate, double found, double) {
    if (rate <= wanted) {
      rate_before = rate, found_before = found;
      return true;
    }
    result = found_before + (found - found_before) * (wanted - rate_before) / (rate - rate_before);
    return false;
  });
  return result;
}

double OutbreakCurve::area(double most, std::span<const unsigned> weights) const {
  double rate_before = 0, found_before = 0, sum = 0;
  walk(weights, [&](double rate, double found, double) {
    double end = std::min(rate, most);
    double at_end =
        rate > rate_before
            ? found_before + (found - found_before) * (end - rate_before) / (rate - rate_before)
            : found;
    sum += (end - rate_before) * (found_before + at_end) / 2;
    rate_before = rate, found_before = found;
    return rate < most;
  });
  return sum / most;
}

double OutbreakCurve::area(double most) const {
  return area(most, {});
}

double OutbreakCurve::rate_from(double threshold) const {
  std::size_t n = 0;
  for (const Step& step : steps_) n += !step.outbreak && step.score >= threshold;
  return static_cast<double>(n) / static_cast<double>(quiet_);
}

double OutbreakCurve::found_from(double threshold) const {
  std::size_t n = 0;
  for (const Step& step : steps_) n += step.outbreak && step.score >= threshold;
  return static_cast<double>(n) / static_cast<double>(outbreaks_);
}

double OutbreakCurve::threshold_for(double wanted) const {
  double threshold = steps_.front().score;
  walk({}, [&](double rate, double, double score) {
    if (rate > wanted) return false;
    threshold = score;
    return true;
  });
  return threshold;
}

Difference paired_difference(const OutbreakCurve& a, const OutbreakCurve& b, std::size_t series,
                             double most, unsigned draws, std::uint64_t seed) {
  warn::Draws chance(seed);
  std::vector<double> found;
  std::vector<unsigned> weights(series);
  for (unsigned draw = 0; draw < draws; ++draw) {
    std::ranges::fill(weights, 0);
    for (std::size_t i = 0; i < series; ++i) ++weights[chance.below(series)];
    found.push_back(a.area(most, weights) - b.area(most, weights));
  }
  std::ranges::sort(found);
  auto at = [&](double share) {
    return found[static_cast<std::size_t>(share * static_cast<double>(found.size() - 1))];
  };
  return {a.area(most) - b.area(most), at(0.025), at(0.975)};
}

}  // namespace tocsin::cli
