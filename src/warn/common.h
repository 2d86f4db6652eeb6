// Common: what all series of one tick tell about the tick itself, not about any of them: a factor
// that they share (a scanner that everybody sees, a holiday), and members who are silent.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "warn/tail.h"

namespace tocsin::warn {

struct Total {
  double count = 0;
  Expected expected;
};

// By how much the counts of a tick are above what was expected in all series alike: multiply what
// each is expected to be by it. Robust: series that rise alone move it little. 1 for fewer than
// common_series_min series, where nothing tells the common from the development itself.
// Source: P. Huber, Ann. Math. Statist. 35 (1964) 73 (the M-estimate).
inline constexpr std::size_t common_series_min = 20;
double common_factor(std::span<const Total> series);

// Which members deliver, over all series together: one that gives nothing anywhere is found silent
// within a tick, where one small series would need many.
class Attendance {
 public:
  explicit Attendance(std::size_t members) : members_(members) {}

  void add(std::size_t member, double count, const Expected& expected);
  // Ends the tick: judges all that was added since the last one.
  void end_tick();
  // Together empty for so long that it has at most Pool::silence_probability; not any more with the
  // next event.
  bool is_silent(std::size_t member) const;

 private:
  struct Member {
    double empty = 0, now = 0;  // log-probability of empty ticks
    bool seen = false;
  };
  std::vector<Member> members_;
};

}  // namespace tocsin::warn
