#include "warn/judging.h"

#include <random>

#include "temporary_folder.h"
#include "test.h"
#include "warn/draws.h"

namespace tocsin::warn {
namespace {

constexpr Day day0 = 20'000;

// A node's series with feeds that deliver by a clock of the test's.
struct World {
  TemporaryFolder folder;
  std::unique_ptr<Series> series;
  Judging judging;
  TimeUs now = times::start_of(day0);
  std::uint64_t seq = 0;
  std::mt19937 random{7};
  std::vector<JudgedTick> ticks;
  unsigned copies = 1;  // of each event

  World() {
    auto opened = Series::open(folder.path(), {});
    REQUIRE(opened);
    series = std::move(*opened);
  }

  // `rate` events of a type, family and country each, between two times, received at `now`.
  EventBatch batch(WordId feed, TimeUs from, TimeUs to, double rate) {
    EventBatch b;
    b.seq = ++seq;
    b.feed = feed;
    b.received = now;
    for (WordId family = 1; family <= 3; ++family) {
      auto count = std::poisson_distribution<unsigned>(rate)(random);
      for (unsigned i = 0; i < count; ++i) {
        TimeUs time = from + static_cast<TimeUs>(random() % static_cast<std::uint64_t>(to - from));
        Ip source = Ip::from_v4(static_cast<std::uint32_t>(random()));
        for (unsigned copy = 0; copy < copies; ++copy) add(b, time, family, source);
      }
    }
    return b;
  }
  static void add(EventBatch& b, TimeUs time, WordId family, Ip source) {
    std::size_t i = b.size();
    b.add_row();
    b.time[i] = time;
    b.type[i] = Type::infected_system;
    b.family[i] = family;
    b.source.ip[i] = source;
    b.source.country[i] = *Country::parse("BR");
  }
  void judge() {
    bool more = true;
    while (more) {
      auto done =
          judging.run(*series, now, [this](const JudgedTick& tick) { ticks.push_back(tick); });
      REQUIRE(done);
      more = *done;
    }
  }
  // A feed that tells of each quarter three minutes after it.
  void stream(TimeUs until, double rate, WordId feed = 1) {
    for (; now < until; now += us_per_hour / 4) {
      if (rate > 0) {
        TimeUs at = now;
        now += 3 * 60 * us_per_s;
        REQUIRE(series->apply(batch(feed, at - us_per_hour / 4, at, rate)));
        now = at;
      }
      now += 5 * 60 * us_per_s;
      judge();
      now -= 5 * 60 * us_per_s;
    }
  }
  // A feed that tells of each day at eight the next morning.
  void daily(int days, double rate, WordId feed = 1) {
    for (int i = 0; i < days; ++i) {
      TimeUs midnight = times::start_of(times::day_of(now));
      now = midnight + us_per_day + 8 * us_per_hour;
      if (rate > 0) REQUIRE(series->apply(batch(feed, midnight, midnight + us_per_day, rate)));
      judge();
      now += 3 * us_per_hour;
      judge();
    }
  }
  std::vector<FeedNotice> notices(FeedNoticeKind kind) const {
    std::vector<FeedNotice> found;
    for (const auto& notice : judging.feeds().all()) {
      if (notice.kind == kind) found.push_back(notice);
    }
    return found;
  }
  std::size_t news_below(double p) const {
    std::size_t count = 0;
    for (const auto& tick : ticks) {
      if (!tick.is_news) continue;
      for (const auto& one : tick.series) count += one.p < p ? 1 : 0;
    }
    return count;
  }
};

}  // namespace

TEST_CASE("each day of a daily feed is judged once, when it is complete, and learned first") {
  World w;
  w.daily(30, 20);
  REQUIRE(w.ticks.size() >= 28);
  for (std::size_t i = 0; i < w.ticks.size(); ++i) {
    CHECK(w.ticks[i].step == Step::day);
    if (i > 0) CHECK(w.ticks[i].tick == w.ticks[i - 1].tick + 1);
    CHECK(w.ticks[i].is_news == (w.ticks[i].tick - w.ticks[0].tick >= Judging::learned_days));
  }
  CHECK(w.notices(FeedNoticeKind::fresh).size() == 1);
  CHECK(w.notices(FeedNoticeKind::fresh)[0].until != time_none);
  CHECK(w.notices(FeedNoticeKind::silent).empty());
  CHECK(w.news_below(1e-5) == 0);
}

TEST_CASE("a surge of a daily feed stands out, and a state that was saved goes on alike") {
  World w;
  w.daily(30, 20);
  std::string saved = w.judging.save();
  Judging other;
  REQUIRE(other.load(saved));
  CHECK(other.save() == saved);
  w.judging = other;
  w.ticks.clear();
  w.daily(1, 60);
  REQUIRE(w.ticks.size() == 1);
  double least = 1;
  for (const auto& one : w.ticks[0].series) least = std::min(least, one.p);
  CHECK(least < 1e-9);
  CHECK_FALSE(other.load(saved.substr(0, saved.size() - 5)));
  CHECK_FALSE(other.load("nonsense"));
}

TEST_CASE("a streaming feed is judged by the quarter of an hour, soon after it") {
  World w;
  w.stream(w.now + 2 * us_per_day, 12);
  REQUIRE(!w.ticks.empty());
  const JudgedTick& last = w.ticks.back();
  CHECK(last.step == Step::quarter);
  CHECK(w.now - last.end < us_per_hour);
  CHECK(w.notices(FeedNoticeKind::silent).empty());
}

TEST_CASE(
    "a feed that falls silent gives one notice, teaches nothing, and raises nothing when back") {
  World w;
  w.stream(w.now + 17 * us_per_day, 12);
  w.ticks.clear();
  TimeUs silent = w.now;
  w.stream(w.now + us_per_day, 0);
  REQUIRE(w.notices(FeedNoticeKind::silent).size() == 1);
  CHECK(w.notices(FeedNoticeKind::silent)[0].until == time_none);
  CHECK(w.notices(FeedNoticeKind::silent)[0].since <= silent);
  std::size_t judged = w.ticks.size();
  CHECK(judged < 4);
  w.stream(w.now + us_per_day, 12);
  REQUIRE(w.notices(FeedNoticeKind::silent).size() == 1);
  CHECK(w.notices(FeedNoticeKind::silent)[0].until != time_none);
  CHECK(w.ticks.size() > 90);
  CHECK(w.news_below(1e-5) == 0);
}

TEST_CASE("a report of last year raises nothing and is told of; its counts are there") {
  World w;
  w.daily(30, 20);
  std::size_t judged = w.ticks.size();
  TimeUs old = times::start_of(day0 - 365);
  REQUIRE(w.series->apply(w.batch(1, old, old + us_per_day, 5000)));
  w.now += us_per_hour;
  w.judge();
  CHECK(w.ticks.size() == judged);
  REQUIRE(w.notices(FeedNoticeKind::old).size() == 1);
  CHECK(w.notices(FeedNoticeKind::old)[0].value > 14'000);
  std::uint64_t events = 0;
  REQUIRE(w.series->look(day0 - 365, [&](const DaySeries& rows) {
    events = rows.row(series_key(What::type, 0, Where::all, 0, Type::infected_system, 1))
                 ->events.sum(0, quarters_of_day);
  }));
  CHECK(events > 14'000);
}

TEST_CASE("a feed that is subscribed three times is told of and not judged") {
  World w;
  w.daily(30, 100);
  w.ticks.clear();
  w.copies = 3;
  w.daily(5, 100);
  CHECK(w.ticks.empty());
  REQUIRE(w.notices(FeedNoticeKind::doubled).size() == 1);
  CHECK(w.notices(FeedNoticeKind::doubled)[0].value > 2.5);
  w.copies = 1;
  w.daily(2, 100);
  CHECK(w.ticks.size() == 2);
  CHECK(w.news_below(1e-5) == 0);
  CHECK(w.notices(FeedNoticeKind::doubled)[0].until != time_none);
}

TEST_CASE("a clock that jumps ahead and back judges nothing twice and raises nothing") {
  World w;
  w.stream(w.now + 16 * us_per_day, 12);
  w.ticks.clear();
  TimeUs before = w.now;
  w.now += 400 * us_per_day;  // nothing comes meanwhile
  w.judge();
  w.now = before;
  w.stream(w.now + us_per_day, 12);
  for (std::size_t i = 1; i < w.ticks.size(); ++i) CHECK(w.ticks[i].tick > w.ticks[i - 1].tick);
  CHECK(w.ticks.size() > 90);
  CHECK(w.news_below(1e-5) == 0);
}

TEST_CASE("events of the future are told of and move no watermark") {
  World w;
  w.daily(10, 20);
  auto before = w.series->clock(1)->watermark(w.now);
  EventBatch b = w.batch(1, w.now + 300 * us_per_day, w.now + 301 * us_per_day, 50);
  REQUIRE(w.series->apply(b));
  w.judge();
  CHECK(w.series->clock(1)->watermark(w.now) == before);
  CHECK(w.notices(FeedNoticeKind::future).size() == 1);
}

TEST_CASE(
    "a new feed beside an old one gives one notice, and its series wait until they are known") {
  World w;
  w.daily(30, 20);
  for (int i = 0; i < 10; ++i) {
    w.daily(1, 20, 1);
    TimeUs midnight = times::start_of(times::day_of(w.now)) - us_per_day;
    REQUIRE(w.series->apply(w.batch(2, midnight, midnight + us_per_day, 500)));
    w.judge();
    w.now += us_per_hour;
    w.judge();
  }
  std::size_t of_new = 0;
  for (const auto& tick : w.ticks) {
    if (tick.feed != 2) continue;
    ++of_new;
    CHECK_FALSE(tick.is_news);
  }
  CHECK(of_new >= 8);
  std::size_t open = 0;
  for (const auto& notice : w.notices(FeedNoticeKind::fresh)) open += notice.until == time_none;
  CHECK(open == 1);
}

TEST_CASE("the delay curve gives back what it was taught") {
  struct Row {
    std::int64_t delay_s;
    double share;
  };
  DurationCurve curve;
  for (int i = 0; i < 90; ++i) curve.add(60, 1);
  for (int i = 0; i < 10; ++i) curve.add(3600, 1);
  CHECK(curve.quantile_s(0.5) >= 60);
  CHECK(curve.quantile_s(0.5) < 75);
  CHECK(curve.quantile_s(0.99) >= 3600);
  CHECK(curve.quantile_s(0.99) < 4400);
  for (Row row : {Row{-1, 0}, Row{20, 0}, Row{100, 0.9}, Row{3000, 0.9}, Row{4400, 1}})
    CHECK(curve.share_within(row.delay_s) == doctest::Approx(row.share).epsilon(0.01));
  curve.add(30 * 86'400, 1000);  // history
  CHECK(curve.quantile_s(0.99) < 4400);
  DurationCurve copy;
  REQUIRE(copy.load(curve.save()));
  CHECK(copy.quantile_s(0.99) == curve.quantile_s(0.99));
  CHECK_FALSE(copy.load("short"));
}

}  // namespace tocsin::warn
