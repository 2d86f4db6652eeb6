// Delay: how long a feed's events take to arrive, and up to when it has told everything: its
// watermark. A tick is judged once its feed's watermark has passed it, never before.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/time.h"
#include "model/batch.h"

namespace tocsin::warn {

// Weights by duration in buckets that grow by a quarter of a power of two, from 1 s to 10 days.
// What is longer than four days is not learned: it is history told late, not delay. Old weight
// fades.
class DurationCurve {
 public:
  static constexpr std::size_t buckets = 80;
  static constexpr std::int64_t longest_s = 4 * 86400;

  void add(std::int64_t duration_s, float weight);  // below 0 counts as 0
  void fade(float factor);
  bool empty() const { return total_ <= 0; }
  // The upper end of the bucket up to which a `share` of the weight lies; 0 where it is empty.
  std::int64_t quantile_s(double share) const;
  // Which share of the weight lies up to there, straight between the ends of a bucket; 1 where it
  // is empty.
  double share_within(std::int64_t duration_s) const;

  std::string save() const;
  bool load(std::string_view bytes);

 private:
  std::array<float, buckets> weights_{};
  float total_ = 0;
};

// How often something new comes, so how soon a tick can be judged.
enum class Cadence : std::uint8_t {
  unknown,    // too little has come
  streaming,  // judged by the quarter of an hour
  daily,      // judged by the day
};
std::string_view name(Cadence cadence);  // "unknown", "streaming", "daily"

// What is known of one feed. A fold over its batches: it needs no clock but `received`.
class FeedClock {
 public:
  // Learns from a batch of the feed. Events of the future (more than an hour ahead of `received`)
  // move nothing.
  void take(const EventBatch& batch);

  Cadence cadence() const;
  // Up to here everything is there that is to come, but for one event in a hundred; time_none:
  // nothing is known. Ends at a quarter of an hour, or at midnight UTC for a feed that is not
  // streaming. It never runs ahead of what the feed delivered by more than its usual gap, so
  // neither a silent feed nor a clock that jumps moves it.
  TimeUs watermark(TimeUs now) const;
  // Which share of a tick's events is there by now: in (0, 1]. `end`: of the tick.
  double complete(TimeUs end, TimeUs now) const;

  TimeUs first_received() const { return first_received_; }
  TimeUs last_received() const { return last_received_; }
  TimeUs oldest() const { return oldest_; }         // time of an event; time_none: none yet
  TimeUs newest() const { return newest_; }         // time of an event; time_none: none yet
  std::uint64_t future() const { return future_; }  // events of the future, ever
  std::uint64_t old() const { return old_; }        // told long after, since its delay is known
  std::uint64_t events() const { return events_; }  // ever
  // How long from an event until it is here, for a share of the events, in s.
  std::int64_t delay_s(double share) const { return delay_.quantile_s(share); }
  // The same from the end of an event's day.
  std::int64_t day_delay_s(double share) const { return day_delay_.quantile_s(share); }
  const DurationCurve& delays() const { return delay_; }

  std::string save() const;
  bool load(std::string_view bytes);

 private:
  struct Moments {  // what lies on the disk beside the curves
    TimeUs first_received, last_received, oldest, newest;
    std::uint64_t events, future, old;
  };
  std::int64_t gap_s() const;

  TimeUs first_received_ = time_none, last_received_ = time_none, oldest_ = time_none,
         newest_ = time_none;
  std::uint64_t events_ = 0, future_ = 0, old_ = 0;
  DurationCurve delay_;      // from an event to its arrival
  DurationCurve day_delay_;  // from the end of an event's day to its arrival
  DurationCurve gap_;        // between arrivals that brought something newer, in event time
};

}  // namespace tocsin::warn
