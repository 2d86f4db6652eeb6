#include "ingest/schedule.h"

#include <algorithm>

#include "base/backoff.h"

namespace tocsin::ingest {
namespace {

constexpr std::uint64_t ms_per_s = 1000;
constexpr TimeUs us_per_ms = 1000;
constexpr std::uint32_t hour_s = 3600, jitter_max_s = 300, first_spread_s = 10;

TimeUs seconds(std::uint64_t s) {
  return static_cast<TimeUs>(s) * us_per_s;
}

// By the terms alone.
TimeUs allowed_from(const Feed& feed, const Runs& runs) {
  if (runs.last_start == time_none || feed.terms.interval_least_s == 0) return time_none;
  return runs.last_start + seconds(feed.terms.interval_least_s);
}

}  // namespace

std::uint32_t interval_s(const Feed& feed) {
  return std::max({feed.interval_s, feed.terms.interval_least_s, 1U});
}

TimeUs next_run(const Feed& feed, const Runs& runs, std::uint64_t random) {
  std::uint64_t interval = interval_s(feed);
  TimeUs next = 0;
  if (runs.failures == 0) {
    std::uint64_t spread =
        std::min<std::uint64_t>(interval * us_per_s / 10, std::uint64_t{jitter_max_s} * us_per_s);
    next = runs.last_start + seconds(interval) + static_cast<TimeUs>(random % (spread + 1));
    next = std::max(next, runs.last_end);
  } else if (runs.fault == Fault::unavailable || runs.fault == Fault::missing) {
    std::uint64_t most = std::clamp<std::uint64_t>(interval, jitter_max_s, hour_s) * ms_per_s;
    std::uint64_t first = std::min<std::uint64_t>(interval, 30) * ms_per_s;
    std::uint64_t wait = std::max(backoff_ms(runs.failures, first, most, random), ms_per_s);
    next = runs.last_end + static_cast<TimeUs>(wait) * us_per_ms;
  } else {
    next = runs.last_end + seconds(std::max<std::uint64_t>(interval, hour_s));
  }
  return std::max(next, allowed_from(feed, runs));
}

TimeUs first_run(const Feed& feed, const Before& before, TimeUs wall_now, TimeUs now,
                 std::uint64_t random) {
  bool at_once = feed.terms.interval_least_s == 0 && feed.interval_s <= first_spread_s;
  TimeUs soon = at_once ? now : now + static_cast<TimeUs>(random % (seconds(first_spread_s) + 1));
  TimeUs next = soon;
  if (before.last_success != time_none && before.last_success <= wall_now) {
    TimeUs due = now + seconds(interval_s(feed)) - (wall_now - before.last_success);
    if (due > now) next = due;
  }
  Runs runs{.last_start = attempt_before(before, wall_now, now)};
  return std::max(next, allowed_from(feed, runs));
}

TimeUs attempt_before(const Before& before, TimeUs wall_now, TimeUs now) {
  if (before.last_attempt == time_none) return time_none;
  return now - std::max<TimeUs>(0, wall_now - before.last_attempt);
}

TimeUs run_now(const Feed& feed, const Runs& runs, TimeUs now) {
  return std::max(now, allowed_from(feed, runs));
}

}  // namespace tocsin::ingest
