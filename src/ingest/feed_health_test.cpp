#include "ingest/feed_health.h"

#include "test.h"

namespace tocsin::ingest {
namespace {

constexpr TimeUs start = 20'000 * us_per_day;  // a midnight
constexpr TimeUs hour = us_per_hour;

Feed hourly() {
  Feed feed;
  feed.interval_s = 3600;
  return feed;
}

}  // namespace

TEST_CASE("the delay curve gives quantiles within a bucket") {
  DelayCurve curve;
  CHECK(curve.quantile_s(0.5) == 0);
  curve.add(-5);
  curve.add(0);
  curve.add(1);
  CHECK(curve.quantile_s(1) == 1);
  for (int i = 0; i < 97; ++i) curve.add(3600);
  CHECK(curve.total() == 100);
  CHECK(curve.quantile_s(0.02) == 1);
  std::uint64_t median = curve.quantile_s(0.5);
  CHECK(median >= 3600);
  CHECK(median <= 3600 * 3 / 2);
  curve.add(INT64_MAX, 5);
  CHECK(curve.quantile_s(1) == DelayCurve::upper_s(DelayCurve::buckets - 1));
  auto points = curve.points();
  REQUIRE(points.size() == 3);
  CHECK(points[0].share == doctest::Approx(3.0 / 105));
  CHECK(points[2].share == 1);
}

TEST_CASE("the bounds of the delay curve grow from a second to two years") {
  for (std::size_t i = 1; i < DelayCurve::buckets; ++i) {
    CHECK(DelayCurve::upper_s(i) >= DelayCurve::upper_s(i - 1));
  }
  CHECK(DelayCurve::upper_s(0) == 1);
  CHECK(DelayCurve::upper_s(DelayCurve::buckets - 1) > 2 * 365 * 86'400);
}

TEST_CASE("the ring keeps 14 days of hours and forgets older ones") {
  HourRing ring;
  CHECK(ring.sum(start, 24) == 0);
  ring.add(start, 5);
  ring.add(start + hour - 1, 2);
  ring.add(start + 3 * hour, 1);
  CHECK(ring.last(start + 3 * hour, 4) == std::vector<std::uint64_t>{7, 0, 0, 1});
  CHECK(ring.sum(start + 26 * hour, 24) == 1);
  ring.add(start + 14 * us_per_day, 9);
  CHECK(ring.at_hour(start / hour) == 0);
  CHECK(ring.at_hour(start / hour + 3) == 1);
  ring.add(start, 100);
  CHECK(ring.sum(start + 14 * us_per_day, HourRing::hours) == 10);
  ring.add(start + 400 * us_per_day, 1);
  CHECK(ring.sum(start + 400 * us_per_day, HourRing::hours) == 1);
}

TEST_CASE("a feed is off, never, on time, late or failed") {
  Feed feed = hourly();
  FeedHealth health;
  CHECK(name(state(feed, health, start)) == "never");
  note_success(health, start);
  CHECK(name(state(feed, health, start + 100 * hour)) == "on time");
  for (int i = 0; i < 5; ++i) note_arrival(health, {.at = start + i * hour, .events = 1});
  CHECK(name(state(feed, health, start + 8 * hour)) == "on time");
  CHECK(name(state(feed, health, start + 8 * hour + us_per_s)) == "late");
  feed.usual_delay_s = 1800;
  CHECK(name(state(feed, health, start + 5 * hour)) == "on time");
  CHECK(name(state(feed, health, start + 6 * hour)) == "late");

  note_success(health, start + 5 * hour);
  note_failure(health, start + 5 * hour, "down");
  CHECK(name(state(feed, health, start + 5 * hour)) == "on time");
  note_failure(health, start + 5 * hour, "down");
  CHECK(name(state(feed, health, start + 5 * hour)) == "failed");
  CHECK(health.error == "down");
  note_success(health, start + 5 * hour);
  CHECK(name(state(feed, health, start + 5 * hour)) == "on time");
  feed.enabled = false;
  CHECK(name(state(feed, health, start)) == "off");
}

TEST_CASE("a feed that failed has recovered with its first success or delivery") {
  FeedHealth health;
  note_success(health, start);
  CHECK(health.recovered_at == time_none);
  note_failure(health, start + hour, "down");
  CHECK(health.recovered_at == time_none);
  CHECK(health_from_json(to_json(health))->recovered_at == time_none);
  note_success(health, start + 2 * hour);
  note_success(health, start + 3 * hour);
  CHECK(health.recovered_at == start + 2 * hour);
  CHECK(health_from_json(to_json(health))->recovered_at == start + 2 * hour);
  note_failure(health, start + 4 * hour, "down");
  CHECK(health.recovered_at == time_none);
  note_arrival(health, {.at = start + 3 * hour, .events = 1});  // came before it failed
  CHECK(health.recovered_at == time_none);
  note_arrival(health, {.at = start + 5 * hour, .events = 1});
  CHECK(health.recovered_at == start + 5 * hour);
}

TEST_CASE("one failure counts once there was no success for two intervals") {
  FeedHealth health;
  note_failure(health, start, "down");
  CHECK(state(hourly(), health, start) == FeedState::failed);
  note_success(health, start);
  note_failure(health, start + hour, "down");
  CHECK(state(hourly(), health, start + 2 * hour) != FeedState::failed);
  CHECK(state(hourly(), health, start + 2 * hour + us_per_s) == FeedState::failed);
}

TEST_CASE("lag and usual hour come from the events") {
  FeedHealth health;
  CHECK(lag_s(health, start) == -1);
  CHECK(usual_hour(health) == -1);
  note_arrival(health, {.at = start + 6 * hour, .events = 50, .newest_event = start});
  note_arrival(health, {.at = start + 9 * hour, .events = 5, .newest_event = start - hour});
  CHECK(lag_s(health, start + 9 * hour) == 9 * 3600);
  CHECK(lag_s(health, start - hour) == 0);
  CHECK(usual_hour(health) == 6);
}

TEST_CASE("a feed's health survives its JSON") {
  FeedHealth health;
  CHECK(to_json(*health_from_json(to_json(health))) == to_json(health));
  note_success(health, start);
  note_failure(health, start + 1, "it's \"down\"");
  note_arrival(
      health,
      {.at = start, .events = 7, .duplicates = 2, .rejected = 1, .newest_event = start - 5});
  note_arrival(health, {.at = start + 50 * hour, .events = 3});
  health.delay.add(60, 4);
  auto back = health_from_json(to_json(health));
  REQUIRE(back.has_value());
  CHECK(to_json(*back) == to_json(health));
  CHECK(back->events_hours.sum(start + 50 * hour, 60) == 10);
  CHECK(back->gap_s == 50 * 3600);
  CHECK(back->delay.quantile_s(0.5) == health.delay.quantile_s(0.5));
  for (auto broken : {"", "[]", "{", "nonsense"}) CHECK(!health_from_json(broken));
  CHECK(health_from_json(R"({"events_hours":{"newest":-7,"counts":[1]},"gap_s":-1})").has_value());
}

}  // namespace tocsin::ingest
