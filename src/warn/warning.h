// Warning: a statement that something is rising, with its evidence, and its life: one evolving
// warning per development instead of an alarm per tick. It is opened once, updated when it reaches
// a new height, has peaked when it does not any more, and is closed when it has long been quiet.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "warn/pool.h"

namespace tocsin::warn {

enum class Life : std::uint8_t { opened, updated, peaked, closed };
enum class Severity : std::uint8_t { low, medium, high, critical };
std::string_view name_of(Life life);
std::string_view name_of(Severity severity);

// What one tick says of one series. Those with an open warning are told of at every tick; of the
// others only what Control chose.
struct Evidence {
  std::string key;          // which series, in words that stay: "scanner ssh 22/tcp country=AT"
  bool discovered = false;  // Control opens a warning for it
  Verdict verdict;
  double false_a_week = 1;  // expected false warnings of the node a week at this height
  bool ours = false;        // at Level::member: what this node itself saw
  double criticality = 0;   // of the assets concerned, 0 to 1
  std::vector<std::string> contributors;  // networks, families, ports by excess, the largest first
};

struct Warning {
  static constexpr std::size_t contributors_max = 10, keys_max = 100;

  std::uint64_t id = 0;
  std::vector<std::string> keys;  // the first opened it; others were merged into it
  Life life = Life::opened;
  Severity severity = Severity::low;
  double score = 0;  // 0 to 100, the highest; of it comes the severity
  Level level = Level::member;
  std::uint32_t which = 0;
  std::int64_t opened = 0, updated = 0, peaked = 0, closed = 0;  // ticks; 0: not yet
  std::int64_t seen = 0;                                         // the last tick with evidence
  double lowest_p = 1, lowest_false_a_week = 0;
  double count = 0, expected = 0;  // sums of the first key's ticks since it was opened
  double first_ratio = 1, ratio = 1,
         highest_ratio = 1;            // (observed + 1) / (expected + 1) of a tick
  std::uint32_t members = 0, hit = 0;  // the most that were hit
  std::uint32_t quiet = 0;             // ticks in a row, up to now
  bool doubtful = false;  // data quality: readings of its members were left out or held down
  std::vector<std::string> contributors;
  std::uint64_t merged_into = 0;  // 0: it was not

  bool is_open() const { return life != Life::closed; }
  bool operator==(const Warning&) const = default;
};

// Something that people and partners are told.
struct Change {
  std::uint64_t id = 0;
  Life life = Life::opened;
  std::uint64_t merged_into = 0;
  bool operator==(const Change&) const = default;
};

// What a height is worth. High and above need more than one member's word, unless it is our own.
struct Weight {
  double significance = 0, excess = 0, spread = 0, velocity = 0;  // each 0 to 1
  double score() const;                                           // 0 to 100
};
Weight weigh(const Warning& warning, const Evidence& evidence);
Severity severity_of(double score, const Evidence& evidence);

// The open warnings and those closed a short while ago, of one resolution.
class Warnings {
 public:
  static constexpr std::uint32_t peak_ticks = 6;      // without a new height: peaked
  static constexpr std::uint32_t quiet_ticks = 24;    // with recent_p above quiet_p: closed
  static constexpr std::uint32_t unseen_ticks = 168;  // without evidence: closed
  static constexpr std::uint32_t again_ticks = 24;    // after closing: the same warning goes on
  static constexpr double quiet_p = 0.1, record_times = 10, overlap_min = 0.5;
  static constexpr std::size_t open_max = 1'000;  // more are not opened; is_full() says so

  // What changed. A tick that is not after the last one changes nothing.
  std::vector<Change> tick(std::int64_t tick, std::span<const Evidence> evidence);

  const std::vector<Warning>& all() const { return warnings_; }
  const Warning* find(std::uint64_t id) const;
  const Warning* open_for(std::string_view key) const;
  bool is_full() const { return full_; }

  // The same bytes for the same state. Errors of restore(): invalid.
  std::string save() const;
  Result<void> restore(std::string_view bytes);

 private:
  Warning* of(std::string_view key);
  Warning* overlapping(const Evidence& evidence);
  void open(const Evidence& evidence, std::vector<Change>& changes);
  void feed(Warning& warning, const Evidence& evidence, std::vector<Change>& changes);
  void rest(Warning& warning, std::vector<Change>& changes);
  void merge(std::vector<Change>& changes);

  std::int64_t tick_ = INT64_MIN;
  bool full_ = false;
  std::vector<Warning> warnings_;  // the oldest first
};

}  // namespace tocsin::warn
