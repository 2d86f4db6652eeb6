// How often detectors call quiet hourly series rare, from nearly empty to busy ones, each learned
// by its own filter; and how often the 95 % interval holds the count. usage: bench_calibration
// [SERIES_A_SETTING=40] [FIRST_SEED=300000]
#include <fmt/core.h>

#include <array>
#include <charconv>
#include <cmath>
#include <numbers>
#include <string>
#include <string_view>
#include <vector>

#include "warn/detector.h"
#include "warn/draws.h"
#include "warn/filter.h"

namespace {

using namespace tocsin::warn;

constexpr std::array<std::string_view, 4> names = {"surge", "drop", "scan", "cusum"};
constexpr std::array<double, 3> levels = {0.01, 0.001, 0.0001};
constexpr std::int64_t learned = 24 * 28, all_ticks = 24 * 84;

struct Tally {
  double ticks = 0, intervals = 0, inside = 0;
  std::array<std::array<double, levels.size()>, names.size()> hits{};

  void add(const Tally& other) {
    ticks += other.ticks, intervals += other.intervals, inside += other.inside;
    for (std::size_t d = 0; d < names.size(); ++d) {
      for (std::size_t l = 0; l < levels.size(); ++l) hits[d][l] += other.hits[d][l];
    }
  }
  void print(const std::string& what) const {
    fmt::print("{:<26} {:5.1f} %", what, inside / intervals * 100);
    for (const auto& of : hits) {
      fmt::print("  |");
      for (std::size_t l = 0; l < levels.size(); ++l)
        fmt::print(" {:5.2f}", of[l] / ticks / levels[l]);
    }
    fmt::print("\n");
  }
};

void one_series(double mean, double dispersion, Draws& draws, Tally& tally) {
  Filter filter;
  std::array<std::vector<float>, names.size()> states;
  for (std::size_t d = 0; d < names.size(); ++d) states[d].resize(find_detector(names[d])->floats);
  double daily = draws.unit() * 0.8, weekly = draws.unit() * 0.3, turn = draws.unit() * 6;
  for (std::int64_t t = 0; t < all_ticks; ++t) {
    double hour = static_cast<double>(t) * 2 * std::numbers::pi / 24;
    double now = mean * std::exp(daily * std::cos(hour + turn) + weekly * std::cos(hour / 7));
    auto count = static_cast<double>(draws.negative_binomial(now, dispersion));
    Judged judged =
        filter.learn(place({.ticks_per_day = 24, .rhythm = Rhythm::day_and_week}, t), count);
    if (t < learned / 2) continue;
    for (std::size_t d = 0; d < names.size(); ++d) {
      double p = find_detector(names[d])->judge({count, judged.expected, judged.uncertainty, {}},
                                                states[d]);
      for (std::size_t l = 0; t >= learned && l < levels.size(); ++l)
        tally.hits[d][l] += p <= levels[l];
    }
    if (t < learned) continue;
    ++tally.ticks;
    if (t % 7 != 0) continue;
    Interval between = interval(0.95, judged.expected);
    ++tally.intervals;
    tally.inside += count >= between.low && count <= between.high;
  }
}

std::uint64_t number(const char* text, std::uint64_t otherwise) {
  std::string_view digits(text);
  std::from_chars(digits.data(), digits.data() + digits.size(), otherwise);
  return otherwise;
}

}  // namespace

int main(int argc, char** argv) {
  std::uint64_t series = argc > 1 ? number(argv[1], 40) : 40;
  std::uint64_t seed = argc > 2 ? number(argv[2], 300'000) : 300'000;
  fmt::print("share of ticks at or below p, over p, for p of 1 %, 1 and 0.1 per mille\n");
  fmt::print("{:<26} {:>7}", "", "inside");
  for (std::string_view name : names) fmt::print("  | {:<17}", name);
  fmt::print("\n");
  Tally all;
  for (double mean : {0.02, 0.1, 0.5, 2.0, 10.0, 60.0, 400.0}) {
    for (double dispersion : {1.0, 1.6, 4.0}) {
      Tally tally;
      for (std::uint64_t i = 0; i < series; ++i) {
        Draws draws(++seed);
        one_series(mean, dispersion, draws, tally);
      }
      tally.print(fmt::format("mean {}, dispersion {}", mean, dispersion));
      all.add(tally);
    }
  }
  all.print("all");
}
