#include "warn/pool.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "test.h"
#include "warn/common.h"
#include "warn/draws.h"

namespace tocsin::warn {
namespace {

constexpr double dispersion = 1.6;

std::vector<std::uint32_t> no_groups(std::size_t members) {
  return std::vector(members, Pool::no_group);
}

// Members of means 2, 5, 8 ...; all rise by `lift`, and all see the same shock.
std::vector<Reading> readings_of(std::size_t members, Draws& draws, double lift = 0,
                                 double shock = 0) {
  std::vector<Reading> readings;
  for (std::size_t i = 0; i < members; ++i) {
    double mean = 2 + 3 * static_cast<double>(i % 6);
    auto count = draws.negative_binomial(mean * (1 + lift) * std::exp(shock), dispersion);
    readings.push_back({.kind = Reading::Kind::counts,
                        .count = static_cast<double>(count),
                        .expected = {mean, dispersion}});
  }
  return readings;
}

// First ticks at or below `p`, a day apart, in so many ticks.
int alarms(Pool& pool, int from, int ticks, double p, auto&& readings) {
  int alarms = 0, last = -1000;
  for (int t = from; t < from + ticks; ++t) {
    if (pool.step(t, readings()).p > p) continue;
    alarms += t - last > 24;
    last = t;
  }
  return alarms;
}

}  // namespace

TEST_CASE("a pool's p-values keep their rate, with shocks that all members share") {
  constexpr int ticks = 50'000;
  constexpr double p = 1e-3;
  for (double deviation : {0.0, 0.05, 0.1}) {
    CAPTURE(deviation);
    Draws draws(21);
    auto groups = no_groups(20);
    for (std::uint32_t i = 0; i < 20; ++i) groups[i] = i % 4;
    Pool pool(groups);
    double shock = 0;
    auto next = [&] {
      shock = 0.5 * shock + deviation * std::sqrt(0.75) * draws.normal();
      return readings_of(20, draws, 0, shock);
    };
    alarms(pool, 0, 2000, p, next);  // it learns how large the shocks are
    int seen = alarms(pool, 2000, ticks, p, next);
    CHECK(seen < 1.4 * p * ticks);
    CHECK(seen > 0.2 * p * ticks);
  }
}

TEST_CASE("p-values alone keep the rate too") {
  Draws draws(22);
  Pool pool(no_groups(10));
  int seen = alarms(pool, 0, 30'000, 1e-3, [&] {
    std::vector<Reading> readings(10, {.kind = Reading::Kind::p_value});
    for (Reading& r : readings) r.p = draws.unit();
    return readings;
  });
  CHECK(seen < 40);
  CHECK(seen > 6);
}

TEST_CASE("many members find together what none of them would, by counts and by p-values") {
  Draws draws(23);
  Pool counts(no_groups(20)), p_values(no_groups(20));
  Verdict by_counts, by_p;
  for (int t = 0; t < 72; ++t) {
    auto readings = readings_of(20, draws, t < 24 ? 0 : 0.3);
    by_counts = counts.step(t, readings);
    for (Reading& r : readings)
      r = {.kind = Reading::Kind::p_value, .p = upper_tail(r.count, r.expected)};
    by_p = p_values.step(t, readings);
  }
  for (const Verdict& v : {by_counts, by_p}) {
    CHECK(v.p < 1e-8);
    CHECK(v.level == Level::pool);
    CHECK(v.without_one_p < 1e-6);
    CHECK(v.members == 20);
    CHECK(v.hit >= 12);
  }
  CHECK(by_counts.expected.mean == doctest::Approx(178));
  CHECK(by_p.expected.mean == 0);
}

TEST_CASE("a group that rises alone is found as that group") {
  Draws draws(24);
  auto groups = no_groups(40);
  for (std::uint32_t i = 0; i < 40; ++i) groups[i] = i % 8;
  Pool pool(groups);
  Verdict v;
  for (int t = 0; t < 60; ++t) {
    auto readings = readings_of(40, draws);
    auto hit = readings_of(40, draws, 0.6);
    for (std::size_t i = 3; t >= 12 && i < 40; i += 8) readings[i] = hit[i];
    v = pool.step(t, readings);
  }
  CHECK(v.p < 1e-5);
  CHECK(v.level == Level::group);
  CHECK(v.which == 3);
}

TEST_CASE("what one member alone says is that member's warning, whatever it sends") {
  for (double lie : {50.0, 5'000.0, 1e11}) {
    for (std::uint32_t members : {2U, 3U, 5U, 20U, 120U}) {
      CAPTURE(lie);
      CAPTURE(members);
      Draws draws(25);
      Pool pool(no_groups(members));
      Verdict v;
      for (int t = 0; t < 72; ++t) {
        auto readings = readings_of(members, draws);
        if (t >= 24) readings[1].count = readings[1].expected.mean * lie;
        v = pool.step(t, readings);
      }
      CHECK(v.p < 1e-8);
      CHECK(v.level == Level::member);
      CHECK(v.which == 1);
      CHECK(v.without_one_p > 0.05);
      CHECK(v.extreme == (lie > 1000 ? 1 : 0));
    }
  }
}

TEST_CASE("a large member has no more than its share of the pool") {
  // One of ten has 99 % of the counts: its own surge alone moves the pool as 30 % of the weights
  // do.
  Pool pool(no_groups(10));
  std::vector<Reading> readings(10,
                                {.kind = Reading::Kind::counts, .count = 10, .expected = {10, 1}});
  readings[0] = {.kind = Reading::Kind::counts, .count = 10'000, .expected = {10'000, 1}};
  pool.step(0, readings);
  readings[0].count += 300;  // 3 standard deviations
  pool.step(1, readings);
  // Weights 9 x 1 and 9 x 0.3 / 0.7: the pool's surprise is 3 x 3.86 / sqrt(9 + 3.86^2).
  double w = 9 * 0.3 / 0.7, surprise = 3 * w / std::sqrt(9 + w * w);
  double exponent = exponent_of((9 / std::sqrt(10.0) + w * w * w / 100) / std::pow(9 + w * w, 1.5));
  CHECK(static_cast<double>(pool.pool_path().height) ==
        doctest::Approx(exponent * (surprise - 0.5)).epsilon(0.02));
}

TEST_CASE("negative and absurd counts are left out and told of; the others are judged") {
  double nan = std::numeric_limits<double>::quiet_NaN();
  double inf = std::numeric_limits<double>::infinity();
  Draws draws(26);
  Pool with(no_groups(5)), without(no_groups(5));
  for (int t = 0; t < 100; ++t) {
    auto readings = readings_of(5, draws, 0.2);
    auto broken = readings;
    double counts[] = {-1, nan, inf, 1e13, -inf};
    broken[4].count = counts[t % 5];
    if (t % 7 == 0) broken[4] = {.kind = Reading::Kind::counts, .count = 1, .expected = {nan, 1}};
    if (t % 11 == 0) broken[4] = {.kind = Reading::Kind::p_value, .p = t % 2 == 0 ? 0 : nan};
    readings[4].kind = Reading::Kind::silent;
    auto a = with.step(t, broken), b = without.step(t, readings);
    CHECK(a.absurd == 1);
    CHECK(a.p == b.p);
    CHECK(a.members == 4);
    CHECK(with.pool_path() == without.pool_path());
  }
}

TEST_CASE("a silent member's expectation leaves the sum, and comes back with its first event") {
  Draws draws(27);
  Pool pool(no_groups(4));
  int silent_at = 0;
  for (int t = 0; t < 40; ++t) {
    auto readings = readings_of(4, draws);
    if (t >= 10) readings[3].count = 0;  // mean 11
    auto v = pool.step(t, readings);
    if (pool.is_silent(3) && silent_at == 0) silent_at = t;
    CHECK((v.members == 3) == pool.is_silent(3));
  }
  CHECK(silent_at >= 10);
  CHECK(silent_at < 13);
  // Those that are left still find a surge at once.
  Verdict v;
  for (int t = 40; t < 70; ++t) {
    auto readings = readings_of(4, draws, 1.0);
    readings[3].count = 0;
    v = pool.step(t, readings);
  }
  CHECK(v.p < 1e-6);
  CHECK(v.silent == 1);
  auto back = readings_of(4, draws);
  back[3].count = 10;
  CHECK(pool.step(70, back).members == 4);
  CHECK(!pool.is_silent(3));
}

TEST_CASE("a replayed tick changes nothing") {
  Draws draws(28);
  Pool pool(no_groups(3));
  auto readings = readings_of(3, draws, 5);
  pool.step(7, readings);
  auto before = pool.save();
  for (std::int64_t tick : {7, 6, -1}) {
    CHECK(pool.step(tick, readings).p == 1);
    CHECK(pool.save() == before);
  }
}

TEST_CASE("a pool goes on where it was saved, byte for byte; broken states are refused") {
  Draws draws(29);
  auto groups = no_groups(12);
  for (std::uint32_t i = 0; i < 12; ++i) groups[i] = i % 3;
  Pool pool(groups), again(groups);
  for (int t = 0; t < 200; ++t) pool.step(t, readings_of(12, draws, t > 150 ? 0.5 : 0));
  auto saved = pool.save();
  REQUIRE(again.restore(saved));
  CHECK(again.save() == saved);
  for (int t = 200; t < 260; ++t) {
    auto readings = readings_of(12, draws, 0.5);
    CHECK(pool.step(t, readings).p == again.step(t, readings).p);
  }
  CHECK(pool.save() == again.save());

  Pool other(no_groups(12));
  CHECK(!other.restore(saved));
  for (std::size_t size = 0; size < saved.size(); size += 13)
    CHECK(!again.restore(std::string_view(saved).substr(0, size)));
  auto broken = saved;
  float nan = std::numeric_limits<float>::quiet_NaN();
  std::memcpy(broken.data() + 17, &nan, sizeof nan);  // the pool's height
  auto before = again.save();
  CHECK(!again.restore(broken));
  CHECK(again.save() == before);
}

TEST_CASE("one member is judged by its own counts alone, with the whole budget") {
  Draws draws(30);
  Pool pool(no_groups(1));
  for (int t = 0; t < 50; ++t) {
    auto v = pool.step(t, readings_of(1, draws, 1));
    CHECK(v.level == (v.p < 1 ? Level::member : v.level));
    CHECK(v.p == doctest::Approx(pool.member_path(0).alarm_rate()));
    CHECK(v.without_one_p == 1);
  }
}

TEST_CASE("what all series have in common is found; what a few do is not taken for it") {
  Draws draws(31);
  std::vector<Total> totals;
  for (int s = 0; s < 400; ++s) {
    double mean = 5 + 50 * draws.unit(), lift = s % 10 == 0 ? 4 : 1;
    auto count = static_cast<double>(draws.negative_binomial(1.3 * lift * mean, 1.6));
    totals.push_back({.count = count, .expected = {mean, 1.6}});
  }
  CHECK(common_factor(totals) == doctest::Approx(1.3).epsilon(0.08));
  for (Total& t : totals) t.count = 10 * t.expected.mean;
  CHECK(common_factor(totals) == doctest::Approx(10).epsilon(0.02));
  CHECK(common_factor(std::span(totals).first(common_series_min - 1)) == 1);
}

TEST_CASE("a member that gives nothing anywhere is silent within a tick") {
  Attendance attendance(2);
  auto tick = [&](double count_of_second) {
    for (int series = 0; series < 50; ++series) {
      attendance.add(0, 1, {0.5, 1.6});
      attendance.add(1, series == 49 ? count_of_second : 0, {0.5, 1.6});
    }
    attendance.end_tick();
  };
  tick(1);
  CHECK(!attendance.is_silent(1));
  tick(0);
  CHECK(attendance.is_silent(1));
  CHECK(!attendance.is_silent(0));
  tick(1);
  CHECK(!attendance.is_silent(1));
}

}  // namespace tocsin::warn
