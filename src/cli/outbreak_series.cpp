#include "cli/outbreak_series.h"

#include <array>
#include <cmath>
#include <numbers>
#include <set>

#include "warn/draws.h"

namespace tocsin::cli {
namespace {

struct Parameters {
  double theta, beta, gamma_1, gamma_2, phi;
};

constexpr std::array<Parameters, 7> sets = {{{0.1, 0.0025, 0.6, 0.6, 1.5},
                                             {-2, 0.005, 0.1, 0.3, 2},
                                             {1.5, 0.003, 0.2, -0.4, 1},
                                             {0.5, 0.002, 0.5, 0.5, 5},
                                             {2.5, 0.001, 1, 0.1, 3},
                                             {3.75, 0.001, 0.1, -0.1, 1.1},
                                             {5, 0.0001, 0.05, 0.01, 1.2}}};

// A set with its trend or without, and 0, 1 or 2 harmonics.
struct Scenario {
  Parameters set;
  bool trend;
  int harmonics;

  explicit Scenario(std::size_t number)
      : set(sets[(number - 1) / 6]),
        trend((number - 1) % 6 >= 3),
        harmonics(static_cast<int>((number - 1) % 3)) {}

  double mean(std::size_t week) const {
    auto t = static_cast<double>(week + 1);
    double log_mean = set.theta + (trend ? set.beta * t : 0);
    for (int j = 1; j <= harmonics; ++j) {
      double turn = 2 * std::numbers::pi * j * t / 52;
      log_mean += set.gamma_1 * std::cos(turn) + set.gamma_2 * std::sin(turn);
    }
    return std::exp(log_mean);
  }
};

void add_outbreak(const Scenario& scenario, std::size_t start, unsigned strength,
                  warn::Draws& draws, OutbreakSeries& series) {
  double deviation = std::sqrt(scenario.mean(start) * scenario.set.phi);
  std::uint64_t size = 0;
  while (size < 2) size = draws.poisson(strength * deviation);
  for (; size > 0; --size) {
    std::size_t week = start + static_cast<std::size_t>(draws.lognormal(0, 0.5));
    if (week < outbreak_weeks) ++series.outbreak[week];
  }
}

}  // namespace

OutbreakSeries outbreak_series(std::size_t number, std::uint64_t seed, bool with_outbreaks) {
  Scenario scenario(number);
  warn::Draws draws(1000 * number + seed);
  OutbreakSeries series{.cases = {}, .outbreak = std::vector<std::uint32_t>(outbreak_weeks)};
  for (std::size_t week = 0; week < outbreak_weeks; ++week) {
    series.cases.push_back(
        static_cast<std::uint32_t>(draws.negative_binomial(scenario.mean(week), scenario.set.phi)));
  }
  if (!with_outbreaks) return series;
  constexpr std::array<unsigned, 4> past_strengths = {2, 3, 5, 10};
  std::set<std::size_t> starts;
  while (starts.size() < 4) starts.insert(312 + draws.below(253));
  for (std::size_t start : starts) {
    add_outbreak(scenario, start, past_strengths[draws.below(4)], draws, series);
  }
  series.start = 576 + draws.below(36);
  series.strength = 2 + static_cast<unsigned>(draws.below(9));
  add_outbreak(scenario, series.start, series.strength, draws, series);
  for (std::size_t week = 0; week < outbreak_weeks; ++week)
    series.cases[week] += series.outbreak[week];
  return series;
}

}  // namespace tocsin::cli
