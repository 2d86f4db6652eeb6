#include "warn/filter.h"

#include <cmath>
#include <cstring>

#include "test.h"
#include "warn/draws.h"

namespace tocsin::warn {
namespace {

constexpr Resolution hourly{.ticks_per_day = 24, .rhythm = Rhythm::day_and_week};

// An hourly series with a daily and a weekly rhythm.
double busy(double mean, std::int64_t tick) {
  double hour = static_cast<double>(tick) * 2 * std::acos(-1) / 24;
  return mean * std::exp(0.5 * std::cos(hour) + 0.2 * std::sin(hour / 7));
}

// Taught `ticks` ticks of such a series.
Filter taught(double mean, double dispersion, std::int64_t ticks, std::uint64_t seed) {
  Filter filter;
  Draws draws(seed);
  for (std::int64_t t = 0; t < ticks; ++t) {
    filter.learn(place(hourly, t),
                 static_cast<double>(draws.negative_binomial(busy(mean, t), dispersion)));
  }
  return filter;
}

}  // namespace

TEST_CASE("a filter finds the mean, the rhythm and the dispersion of a series") {
  Filter filter = taught(40, 2.5, 24 * 7 * 8, 1);
  double off = 0, spread = 0;
  std::int64_t next = 24 * 7 * 8;
  for (std::int64_t t = next; t < next + 168; ++t) {
    Expected e = filter.predict(place(hourly, t));
    off += std::abs(std::log(e.mean / busy(40, t))) / 168;
    spread += e.dispersion / 168;
  }
  CHECK(off < 0.1);
  CHECK(spread > 2);
  CHECK(spread < 4);
}

TEST_CASE("a saved filter goes on as the one that was not stopped") {
  Filter running = taught(6, 1.6, 500, 2);
  std::string bytes = running.save();
  CHECK(bytes.size() == Filter::saved_bytes);
  auto restored = Filter::restore(bytes);
  REQUIRE(restored);
  CHECK(*restored == running);
  Draws draws(3);
  for (std::int64_t t = 500; t < 600; ++t) {
    auto count = static_cast<double>(draws.negative_binomial(busy(6, t), 1.6));
    Judged a = running.update(place(hourly, t), count);
    Judged b = restored->update(place(hourly, t), count);
    REQUIRE(a.upper == b.upper);
    REQUIRE(a.expected.mean == b.expected.mean);
    REQUIRE(running.save() == restored->save());
  }
}

TEST_CASE("a state that no filter can have is refused") {
  std::string bytes = taught(6, 1.6, 500, 2).save();
  CHECK(!Filter::restore(bytes.substr(1)));
  CHECK(!Filter::restore(bytes + "x"));
  std::string other = bytes;
  other[0] = 9;
  CHECK(!Filter::restore(other));
  // A NaN and an infinity at each of the 23 floats.
  for (std::size_t i = 0; i < 23; ++i) {
    for (float value : {std::nanf(""), INFINITY}) {
      std::string damaged = bytes;
      std::memcpy(damaged.data() + 1 + 4 * i, &value, 4);
      CHECK(!Filter::restore(damaged));
    }
  }
}

TEST_CASE("a series without events stays calm, and its state bounded") {
  Filter filter;
  for (std::int64_t t = 0; t < 100'000; ++t) {
    Judged judged = filter.update(place(hourly, t), 0);
    REQUIRE(judged.upper == 1);
    REQUIRE(judged.lower > 0.4);
    REQUIRE(std::isfinite(judged.expected.dispersion));
  }
  // One event after years is nothing; a hundred are something.
  CHECK(filter.update(place(hourly, 100'000), 1).upper > 1e-3);
  Filter after = *Filter::restore(filter.save());
  CHECK(after.update(place(hourly, 100'001), 100).upper < 1e-6);
}

TEST_CASE("a surge is reported, hour after hour, and hardly teaches") {
  Filter filter = taught(20, 1.5, 24 * 28, 4);
  double before = filter.predict(place(hourly, 24 * 28)).mean;
  Judged judged;
  for (std::int64_t t = 24 * 28; t < 24 * 28 + 6; ++t) {
    judged = filter.update(place(hourly, t), busy(20, t) * 4);
    CHECK(judged.upper < 1e-6);
  }
  double day_later = filter.predict(place(hourly, 24 * 29)).mean;
  CHECK(day_later < before * 1.35);
}

TEST_CASE("a level that stays higher is learned in the end") {
  Filter filter = taught(20, 1.5, 24 * 28, 5);
  Draws draws(6);
  std::int64_t t = 24 * 28;
  for (; t < 24 * 42; ++t) {
    filter.learn(place(hourly, t), static_cast<double>(draws.negative_binomial(busy(60, t), 1.5)));
  }
  double ratio = filter.predict(place(hourly, t)).mean / busy(60, t);
  CHECK(ratio > 0.8);
  CHECK(ratio < 1.25);
}

TEST_CASE("what is not known widens the expectation and leaves the mean") {
  Filter filter = taught(20, 1.5, 24 * 28, 7);
  Place at = place(hourly, 24 * 30);
  Expected before = filter.predict(at);
  Filter skipped = filter;
  skipped.skip(48);
  CHECK(skipped.predict(at).mean == doctest::Approx(before.mean).epsilon(1e-6));
  CHECK(skipped.predict(at).dispersion > before.dispersion + 0.03);
  // What lies ahead is as unsure as what was skipped.
  CHECK(filter.predict(at, 1, 49).dispersion ==
        doctest::Approx(skipped.predict(at).dispersion).epsilon(0.01));
  skipped.skip(1'000'000);
  CHECK(std::isfinite(skipped.predict(at).dispersion));
}

TEST_CASE("the first ticks are learned from and not judged") {
  Filter filter;
  for (std::int64_t t = 0; t < 4; ++t) {
    CHECK(filter.learning());
    CHECK(filter.update(place(hourly, t), 1000).upper == 1);
  }
  CHECK(!filter.learning());
  CHECK(filter.predict(place(hourly, 4)).mean > 500);
}

TEST_CASE("absurd counts leave a filter finite") {
  Filter filter = taught(20, 1.5, 200, 8);
  for (double count : {1e300, -5.0, std::nan(""), 1e12, 0.0, 1e18}) {
    Judged judged = filter.update(place(hourly, 200), count);
    CHECK(judged.upper >= probability_min);
    CHECK(std::isfinite(judged.expected.mean));
    CHECK(Filter::restore(filter.save()));
  }
}

TEST_CASE("of quiet series about 1 % of the ticks are at or below 1 %, and 95 % in the interval") {
  double low = 0, inside = 0, ticks = 0, tiny = 0;
  std::uint64_t seed = 100;
  for (double mean : {0.5, 2.0, 10.0, 60.0, 400.0}) {
    for (double dispersion : {1.0, 1.6, 4.0}) {
      double covered = 0, judged_ticks = 0;
      Filter filter = taught(mean, dispersion, 24 * 28, ++seed);
      Draws draws(++seed);
      for (std::int64_t t = 24 * 28; t < 24 * 140; ++t) {
        auto count = static_cast<double>(draws.negative_binomial(busy(mean, t), dispersion));
        Judged judged = filter.update(place(hourly, t), count);
        low += judged.upper <= 0.01;
        tiny += judged.upper <= 0.0001;
        ++ticks;
        if (t % 11 != 0) continue;
        Interval between = interval(0.95, judged.expected);
        covered += count >= between.low && count <= between.high;
        ++judged_ticks;
      }
      inside += covered / judged_ticks / 15;
      CAPTURE(mean);
      CAPTURE(dispersion);
      CHECK(covered / judged_ticks > 0.92);  // 240 ticks of one series
    }
  }
  CHECK(low / ticks > 0.007);
  CHECK(low / ticks < 0.013);
  CHECK(tiny / ticks < 0.0003);
  CHECK(inside > 0.94);
  CHECK(inside < 0.985);  // counts have steps: sparse series lie inside more often
}

}  // namespace tocsin::warn
