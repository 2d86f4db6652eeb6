// Feed health: what the node knows of a feed's past, and what follows from it. Pure functions over
// one struct that the node keeps per feed and stores as JSON.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "ingest/feed.h"

namespace tocsin::ingest {

// How long events take from happening to arriving: counts in fixed buckets whose bounds grow by a
// half of a power of two, from 1 s to 2 years. A quantile is off by at most a fifth.
class DelayCurve {
 public:
  static constexpr std::size_t buckets = 53;
  void add(std::int64_t delay_s,
           std::uint64_t count = 1);  // under 1 s (also the future): the first bucket
  std::uint64_t total() const;
  std::uint64_t quantile_s(double share) const;  // the upper bound of its bucket; 0 without events
  // "share" of events that have come after "s": for a chart. Only buckets that hold something.
  struct Point {
    std::uint64_t s;
    double share;
  };
  std::vector<Point> points() const;
  static std::uint64_t upper_s(std::size_t bucket);
  const std::array<std::uint64_t, buckets>& counts() const { return counts_; }
  void set(std::size_t bucket, std::uint64_t count) { counts_.at(bucket) = count; }

 private:
  std::array<std::uint64_t, buckets> counts_{};
};

// Counts per hour of the last 14 days, UTC.
class HourRing {
 public:
  static constexpr std::int64_t hours = 14 * 24;
  void add(TimeUs at, std::uint64_t count);        // older than the ring: dropped
  std::uint64_t at_hour(std::int64_t hour) const;  // hours since 1970; 0 outside the ring
  std::uint64_t sum(TimeUs now, std::int64_t last_hours) const;  // the hour of `now` included
  std::vector<std::uint64_t> last(TimeUs now, std::int64_t last_hours) const;  // oldest first
  std::int64_t newest() const { return newest_; }

 private:
  std::array<std::uint64_t, hours> counts_{};
  std::int64_t newest_ = -1;  // the newest hour that was counted
};

struct FeedHealth {
  TimeUs last_attempt = time_none;
  TimeUs last_success = time_none;   // a run without error, also when nothing was new
  TimeUs last_delivery = time_none;  // something new came
  TimeUs newest_event = time_none;
  std::uint32_t failures = 0;  // in a row
  TimeUs error_at = time_none;
  std::string error;                // the last one; kept after a success
  TimeUs recovered_at = time_none;  // the first success or delivery after the last error
  std::uint64_t reports = 0, events = 0, duplicates = 0, rejected = 0;  // ever
  double gap_s = 0;  // usual time between deliveries: a running mean; 0: not known
  HourRing events_hours, rejected_hours;
  DelayCurve delay;
};

void note_success(FeedHealth& health, TimeUs now);
void note_failure(FeedHealth& health, TimeUs now, std::string_view error);

struct Arrival {
  TimeUs at = 0;
  std::uint64_t events = 0, duplicates = 0, rejected = 0;
  TimeUs newest_event = time_none;
};
void note_arrival(FeedHealth& health, const Arrival& arrival);

enum class FeedState : std::uint8_t { off, never, on_time, late, failed };
std::string_view name(FeedState state);  // "off", "never", "on time", "late", "failed"

// failed: the last run failed, and so did the one before it or there was no success for two
// intervals. late: nothing new for longer than `usual_delay_s` on top of the interval, or, where
// that is 0, than three usual gaps and an interval; a feed whose rhythm is not known yet is not
// late.
FeedState state(const Feed& feed, const FeedHealth& health, TimeUs now);

// How old the newest event is, in s; -1: no event yet.
std::int64_t lag_s(const FeedHealth& health, TimeUs now);

// The hour of the day, UTC, at which most of the last 14 days' events came; -1: none came.
int usual_hour(const FeedHealth& health);

std::string to_json(const FeedHealth& health);
Result<FeedHealth> health_from_json(std::string_view text);  // errors: invalid

}  // namespace tocsin::ingest
