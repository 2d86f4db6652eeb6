// Control: which of the series swept at a tick are warned of, so that false warnings stay within
// what a team can bear: the one thing that an operator sets. It counts all series that were looked
// at, not the few that stood out, and all ticks of the week.
// Source: Z. Xu, A. Ramdas, "Online multiple testing with e-values" (2024), e-LOND: the level grows
// with what was found; here over a sliding week, and never beyond the budget.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace tocsin::warn {

struct Sweep {
  std::int64_t at_s = 0;     // begin of the tick, in seconds since 1970
  std::int64_t tick_s = 0;   // how long it is: which resolution this is
  std::uint64_t series = 0;  // swept, with all that were quiet
  double share = 1;          // of the budget, for this resolution or kind of test; all: at most 1
};

class Control {
 public:
  struct Settings {
    double false_a_week = 1;   // above 0; else check() ends the process
    double false_share = 0.1;  // of all warnings, at most; 1: the budget alone counts
  };
  static constexpr std::size_t found_max =
      10'000;  // remembered of a week; the level is at its most
  static constexpr std::size_t resolutions_max = 16;

  explicit Control(Settings settings);

  // `p`: expected false alarms a tick (Verdict::p), or the p-value of a test of this tick alone;
  // only of series without an open warning. Those left out count as 1. Gives the places in `p` of
  // those to warn of, the smallest p first. A tick that is not after the last of its resolution:
  // none.
  std::vector<std::size_t> discover(const Sweep& sweep, std::span<const double> p);

  // The p at which the next warning would be opened.
  double level(const Sweep& sweep) const { return level_at(sweep, 1); }
  // Expected false warnings a week of a node that warns at this p.
  static double false_a_week(const Sweep& sweep, double p);

  // Little endian, the same bytes for the same state. Errors of restore(): invalid.
  std::string save() const;
  Result<void> restore(std::string_view bytes);

 private:
  double level_at(const Sweep& sweep, std::size_t number) const;

  struct Last {
    std::int64_t tick_s = 0, at_s = 0;
  };
  Settings settings_;
  std::vector<std::int64_t> found_;  // when, within the last week
  std::vector<Last> last_;           // by resolution
};

}  // namespace tocsin::warn
