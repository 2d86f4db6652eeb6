// Schedule: when a feed runs next. Pure functions over what happened so far.
//
// All times are of one clock that never jumps (the scheduler's), in µs.
#pragma once

#include <cstdint>

#include "base/result.h"
#include "base/time.h"
#include "ingest/feed.h"

namespace tocsin::ingest {

// The least time between two contacts: the terms go before what the operator asks for. At least 1
// s.
std::uint32_t interval_s(const Feed& feed);

struct Runs {
  TimeUs last_start = time_none, last_end = time_none;
  unsigned failures = 0;         // in a row
  Fault fault = Fault::invalid;  // of the last one, where failures > 0
};

// After success: the interval, and up to a tenth of it (5 minutes at most) more, so that many nodes
// do not ask at once. After unavailable or missing: exponential backoff with full jitter, from 30 s
// to an hour (to 5 minutes where the interval is shorter), 1 s at least. After denied or invalid,
// which only a change mends: the interval, an hour at least. Never sooner than the terms allow.
TimeUs next_run(const Feed& feed, const Runs& runs, std::uint64_t random);

// Of the first run after a start, by what the wall clock said then; time_none: never. What is left
// of the interval since the last success, and of the terms' since the last attempt, whatever came
// of it; else soon, spread over at most 10 s. With a clock that jumped (a time that is still to
// come) the interval is over, and the terms' begins anew.
struct Before {
  TimeUs last_attempt = time_none, last_success = time_none;
};
TimeUs first_run(const Feed& feed, const Before& before, TimeUs wall_now, TimeUs now,
                 std::uint64_t random);

// The last attempt by the clock of `now`, for Runs::last_start.
TimeUs attempt_before(const Before& before, TimeUs wall_now, TimeUs now);

// Of a run that a person asks for: now, or as soon as the terms allow.
TimeUs run_now(const Feed& feed, const Runs& runs, TimeUs now);

}  // namespace tocsin::ingest
