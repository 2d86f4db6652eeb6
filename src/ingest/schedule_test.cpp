#include "ingest/schedule.h"

#include "test.h"

namespace tocsin::ingest {
namespace {

constexpr TimeUs s = us_per_s;

Feed feed_of(std::uint32_t interval, std::uint32_t least = 0) {
  Feed feed;
  feed.interval_s = interval;
  feed.terms.interval_least_s = least;
  return feed;
}

}  // namespace

TEST_CASE("the terms' least interval goes before what the operator asks for") {
  CHECK(interval_s(feed_of(60, 3600)) == 3600);
  CHECK(interval_s(feed_of(7200, 3600)) == 7200);
  CHECK(interval_s(feed_of(0)) == 1);
}

TEST_CASE("after success a feed waits its interval and up to a tenth more") {
  Runs runs{.last_start = 1000 * s, .last_end = 1010 * s};
  CHECK(next_run(feed_of(600), runs, 0) == 1600 * s);
  CHECK(next_run(feed_of(600), runs, 60 * s) == 1660 * s);
  CHECK(next_run(feed_of(600), runs, 60 * s + 1) == 1600 * s);
  CHECK(next_run(feed_of(86'400), runs, 300 * s) == (1000 + 86'400 + 300) * s);
  CHECK(next_run(feed_of(86'400), runs, 300 * s + 1) == (1000 + 86'400) * s);
}

TEST_CASE("a run longer than its interval is followed by the next, not by two") {
  Runs runs{.last_start = 0, .last_end = 500 * s};
  CHECK(next_run(feed_of(60), runs, 0) == 500 * s);
}

TEST_CASE("after failures a feed backs off with full jitter up to its cap") {
  Runs runs{.last_start = 0, .last_end = 10 * s, .failures = 1, .fault = Fault::unavailable};
  CHECK(next_run(feed_of(86'400), runs, 0) == 11 * s);
  CHECK(next_run(feed_of(86'400), runs, 30'000) == 40 * s);
  runs.failures = 3;
  CHECK(next_run(feed_of(86'400), runs, 120'000) == 130 * s);
  runs.failures = 40;
  CHECK(next_run(feed_of(86'400), runs, 3'600'000) == 3610 * s);
  CHECK(next_run(feed_of(86'400), runs, 3'600'001) == 11 * s);
  CHECK(next_run(feed_of(10), runs, 300'000) == 310 * s);
  CHECK(next_run(feed_of(10), runs, 300'001) == 11 * s);
}

TEST_CASE("no failure makes a feed come sooner than the terms allow") {
  Runs runs{.last_start = 0, .last_end = 10 * s, .failures = 1, .fault = Fault::unavailable};
  CHECK(next_run(feed_of(3600, 1800), runs, 0) == 1800 * s);
  CHECK(run_now(feed_of(3600, 1800), runs, 100 * s) == 1800 * s);
  CHECK(run_now(feed_of(3600, 1800), runs, 2000 * s) == 2000 * s);
  CHECK(run_now(feed_of(3600), runs, 100 * s) == 100 * s);
  CHECK(run_now(feed_of(3600, 1800), {}, 100 * s) == 100 * s);
}

TEST_CASE("what only a change mends is tried again seldom") {
  Runs runs{.last_start = 0, .last_end = 10 * s, .failures = 1, .fault = Fault::denied};
  CHECK(next_run(feed_of(60), runs, 0) == 3610 * s);
  runs.fault = Fault::invalid;
  CHECK(next_run(feed_of(7200), runs, 0) == 7210 * s);
}

TEST_CASE("after a restart a feed waits what is left, by the wall clock") {
  auto at = [](TimeUs time) { return Before{.last_attempt = time, .last_success = time}; };
  CHECK(first_run(feed_of(3600), at(0), 600 * s, 5 * s, 0) == 3005 * s);
  CHECK(first_run(feed_of(3600), at(0), 7200 * s, 5 * s, 2 * s) == 7 * s);
  CHECK(first_run(feed_of(3600), {}, 0, 5 * s, 10 * s) == 15 * s);
  CHECK(first_run(feed_of(3600), at(9000 * s), 0, 5 * s, 0) == 5 * s);
  CHECK(first_run(feed_of(5), {}, 0, 5 * s, 3 * s) == 5 * s);
  CHECK(first_run(feed_of(5), at(0), 60 * s, 5 * s, 3 * s) == 5 * s);
}

TEST_CASE("a failed attempt before a restart counts for the terms, and for them alone") {
  Before failed{.last_attempt = 1000 * s, .last_success = time_none};
  CHECK(first_run(feed_of(3600), failed, 1060 * s, 5 * s, 0) == 5 * s);
  CHECK(first_run(feed_of(60, 3600), failed, 1060 * s, 5 * s, 0) == 3545 * s);
  failed.last_success = 0;
  CHECK(first_run(feed_of(60, 3600), failed, 1060 * s, 5 * s, 0) == 3545 * s);
  CHECK(first_run(feed_of(60, 3600), failed, 9000 * s, 5 * s, 0) == 5 * s);
  // A clock that was set back: the terms' interval begins anew.
  CHECK(first_run(feed_of(60, 3600), failed, 500 * s, 5 * s, 0) == 3605 * s);
}

TEST_CASE("a run that a person asks for after a restart waits for the terms too") {
  Runs runs{.last_start = attempt_before({.last_attempt = 1000 * s}, 1600 * s, 5 * s)};
  CHECK(runs.last_start == -595 * s);
  CHECK(run_now(feed_of(60, 3600), runs, 10 * s) == 3005 * s);
  CHECK(run_now(feed_of(3600), runs, 10 * s) == 10 * s);
  CHECK(attempt_before({}, 1600 * s, 5 * s) == time_none);
}

}  // namespace tocsin::ingest
