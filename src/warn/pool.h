// Pool: one series at all members that count it: whether it rises at one member, in a group of
// members (a country, a sector), or over the whole pool, each with its share of the false alarms.
// Members give counts, or p-values only; one that lies, is silent or sends nonsense is contained.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "warn/path.h"
#include "warn/tail.h"

namespace tocsin::warn {

// What one member says of the series at one tick.
struct Reading {
  enum class Kind : std::uint8_t { counts, p_value, silent };
  Kind kind = Kind::silent;
  double count = 0;
  Expected expected;  // before the count was seen; with what all series of the tick had in common
  double p = 1;       // mid-p, where that is all that is shared
};

enum class Level : std::uint8_t { member, group, pool };

struct Verdict {
  // Expected false alarms a tick of a threshold at this height, over all levels: of the level that
  // stands out most, divided by its share. In [0, 1].
  double p = 1;
  double recent_p = 1;  // of the last ticks alone: Path::recent_tail() of that level
  Level level = Level::pool;
  std::uint32_t which = 0;  // of the members or groups; 0 for the pool
  // The chance that the pool without some one member would once be as high within `looks` quiet
  // ticks, the largest over all of them (leave-one-out); 1 where fewer than two take part.
  static constexpr double looks = 168;
  double without_one_p = 1;
  double count = 0;           // over those at that level who gave counts
  Expected expected;          // of the same
  std::uint32_t members = 0;  // that took part
  std::uint32_t hit = 0;      // above what was expected since the path left the bottom
  // Data quality: members whose reading was left out or held down at this tick.
  std::uint32_t silent = 0, absurd = 0, extreme = 0;
};

class Pool {
 public:
  static constexpr std::size_t members_max = 120;
  static constexpr std::uint32_t no_group = UINT32_MAX;
  // Shares of the false alarms; a level that there is not leaves its share to the others.
  static constexpr double member_share = 0.4, group_share = 0.2, pool_share = 0.4;
  // The most that one member may have of the sum of weights (a third or half of it among three or
  // two), and of standard deviations in one tick.
  static constexpr double weight_max = 0.3, score_max = 6;
  // A member is silent once its empty ticks have together at most this probability.
  static constexpr double silence_probability = 1e-6;
  // Counts above it are nonsense, like negative ones: left out. Those above 1000 x (expected + 1)
  // count as score_max does any, and are told of.
  static constexpr double count_max = 1e12, extreme_times = 1000;

  // groups[i]: the group of member i, or no_group. One to members_max members, group numbers below
  // members_max; else check() ends the process. Groups of fewer than two members are none.
  explicit Pool(std::span<const std::uint32_t> groups);

  // One reading per member, in the order of the groups. A tick that is not after the last one
  // changes nothing and gives p = 1: it was judged.
  Verdict step(std::int64_t tick, std::span<const Reading> readings);

  bool is_silent(std::size_t member) const;
  // Observed less expected of a member since the pool's path left the bottom, in counts.
  double excess(std::size_t member) const { return static_cast<double>(members_[member].excess); }
  const Path& pool_path() const { return pool_; }
  const Path& member_path(std::size_t member) const { return members_[member].own; }
  std::size_t size() const { return members_.size(); }

  // Little endian, the same bytes for the same state. Errors of restore(): invalid: another version
  // or number of members, cut, or with values that no pool has.
  std::string save() const;
  Result<void> restore(std::string_view bytes);

 private:
  struct Member {
    Path own;
    float without = 0;   // height of the pool's path without this member
    float excess = 0;    // since the pool's path left the bottom
    float variance = 0;  // of the same
    float empty = 0;     // log-probability of the empty ticks up to now
  };
  struct Score;  // of one member at this tick
  void score(const Reading& reading, Member& member, Score& out, Verdict& verdict);
  void step_together(std::span<const Score> scores, Verdict& verdict);
  void judge(std::span<const Score> scores, Verdict& verdict) const;

  std::int64_t tick_ = INT64_MIN;
  Path pool_;
  std::vector<Path> groups_;
  std::vector<Member> members_;
  std::vector<std::uint32_t> group_of_;  // index into groups_, or no_group
};

}  // namespace tocsin::warn
