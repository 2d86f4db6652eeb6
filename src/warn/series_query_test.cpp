#include "warn/series_query.h"

#include <random>

#include "temporary_folder.h"
#include "test.h"

namespace tocsin::warn {
namespace {

constexpr Day monday = 20'003;  // 2024-10-07

struct World {
  TemporaryFolder folder;
  std::unique_ptr<Series> series;
  std::uint64_t seq = 0;
  std::mt19937 random{5};

  World() {
    auto opened = Series::open(folder.path(), {});
    REQUIRE(opened);
    series = std::move(*opened);
  }
  // One event a time, of two families by turns, at one of two places.
  void tell(WordId feed, TimeUs received, const std::vector<TimeUs>& at) {
    EventBatch b;
    b.seq = ++seq;
    b.feed = feed;
    b.received = received;
    for (std::size_t i = 0; i < at.size(); ++i) {
      b.add_row();
      b.time[i] = at[i];
      b.type[i] = Type::infected_system;
      b.family[i] = 1 + static_cast<WordId>(i % 3 == 0);
      b.source.ip[i] = Ip::from_v4(static_cast<std::uint32_t>(i % 7));
      b.source.country[i] = *Country::parse(i % 2 == 0 ? "BR" : "PT");
    }
    REQUIRE(series->apply(b));
  }
  std::vector<TimeUs> spread(TimeUs from, TimeUs length, unsigned count) {
    std::vector<TimeUs> at;
    for (unsigned i = 0; i < count; ++i)
      at.push_back(from + static_cast<TimeUs>(random() % static_cast<std::uint64_t>(length)));
    return at;
  }
};

std::uint64_t sum_of(const SeriesRow& row) {
  std::uint64_t sum = 0;
  for (const auto& tick : row.ticks) sum += tick.events;
  return sum;
}

}  // namespace

TEST_CASE("ticks of every resolution hold the same events, over all feeds") {
  World w;
  TimeUs start = times::start_of(monday), end = start + 21 * us_per_day;
  w.tell(1, end, w.spread(start, 21 * us_per_day, 3000));
  w.tell(2, end, w.spread(start, 21 * us_per_day, 1000));
  for (Step step : {Step::quarter, Step::hour, Step::day, Step::week}) {
    CAPTURE(name(step));
    auto answer =
        ask(*w.series, {.where = Where::country, .step = step, .since = start, .until = end}, end);
    REQUIRE(answer);
    REQUIRE(answer->rows.size() == 2);
    CHECK(answer->groups == 2);
    CHECK(sum_of(answer->rows[0]) + sum_of(answer->rows[1]) == 4000);
    for (const auto& row : answer->rows) {
      CHECK(row.events == sum_of(row));
      CHECK(row.feeds == std::vector<WordId>{1, 2});
      CHECK(row.ticks.front().start == start);
      CHECK(tick_of(step, row.ticks.back().start) == tick_of(step, end - 1));
      bool has_subjects = row.ticks[0].subjects.has_value();
      CHECK(has_subjects == (step != Step::quarter));
      if (step == Step::week) CHECK(row.ticks[0].subjects == 7);
    }
  }
  auto one = ask(*w.series,
                 {.what = What::family,
                  .detail = 2,
                  .feed = 2,
                  .step = Step::day,
                  .since = start,
                  .until = end},
                 end);
  REQUIRE(one);
  REQUIRE(one->rows.size() == 1);
  CHECK(one->rows[0].events == 334);  // each third of a thousand
  CHECK(one->rows[0].key.detail() == 2);
}

TEST_CASE("what a late feed has not told yet is partial, and the rest comes into its interval") {
  World w;
  TimeUs start = times::start_of(monday);
  // Half of each day's events come at eight of the next morning, half two hours later.
  for (int day = 0; day < 20; ++day) {
    TimeUs from = start + day * us_per_day, told = from + us_per_day + 8 * us_per_hour;
    w.tell(1, told, w.spread(from, us_per_day, 100));
    w.tell(1, told + 2 * us_per_hour, w.spread(from, us_per_day, 100));
  }
  TimeUs last = start + 20 * us_per_day, now = last + us_per_day + 9 * us_per_hour;
  w.tell(1, now - us_per_hour, w.spread(last, us_per_day, 100));
  SeriesQuery query{
      .step = Step::day, .since = start, .until = last + us_per_day, .expected = true};
  auto answer = ask(*w.series, query, now);
  REQUIRE(answer);
  REQUIRE(answer->rows.size() == 1);
  const auto& ticks = answer->rows[0].ticks;
  REQUIRE(ticks.size() == 21);
  CHECK_FALSE(ticks[19].partial);
  CHECK(ticks[19].events == 200);
  CHECK(ticks[20].partial);
  CHECK(ticks[20].events == 100);
  REQUIRE(ticks[20].total);
  CHECK(ticks[20].total->low >= 100);
  CHECK(ticks[20].total->low < 200);
  CHECK(ticks[20].total->high > 200);
  REQUIRE(ticks[20].expected);
  CHECK(ticks[20].expected->mean == doctest::Approx(200).epsilon(0.1));
  CHECK_FALSE(ticks[0].expected);

  w.tell(1, now + us_per_hour, w.spread(last, us_per_day, 100));
  auto later = ask(*w.series, query, now + 6 * us_per_hour);
  REQUIRE(later);
  CHECK_FALSE(later->rows[0].ticks[20].partial);
  CHECK(later->rows[0].ticks[20].events == 200);
}

TEST_CASE("questions without ticks or with too many are refused") {
  World w;
  CHECK_FALSE(ask(*w.series, {.since = 10, .until = 10}, 100));
  CHECK_FALSE(ask(*w.series, {.step = Step::quarter, .since = 0, .until = 400 * us_per_day}, 100));
  auto nothing = ask(*w.series, {.since = 0, .until = us_per_day}, 100);
  REQUIRE(nothing);
  CHECK(nothing->rows.empty());
}

TEST_CASE("ticks begin where they should, also before 1970") {
  CHECK(start_of_tick(Step::week, tick_of(Step::week, times::start_of(monday + 6))) ==
        times::start_of(monday));
  CHECK(tick_of(Step::week, times::start_of(monday + 7)) ==
        tick_of(Step::week, times::start_of(monday)) + 1);
  for (Step step : {Step::quarter, Step::hour, Step::day, Step::week}) {
    CHECK(step_named(name(step)) == step);
    for (TimeUs time : {TimeUs{-1}, TimeUs{0}, times::start_of(monday) + 12'345'678'901}) {
      std::int64_t tick = tick_of(step, time);
      CHECK(start_of_tick(step, tick) <= time);
      CHECK(start_of_tick(step, tick + 1) > time);
    }
  }
  CHECK_FALSE(step_named("1y"));
}

}  // namespace tocsin::warn
