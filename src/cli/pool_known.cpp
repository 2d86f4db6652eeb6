#include "cli/pool_known.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "warn/control.h"
#include "warn/draws.h"
#include "warn/pool.h"
#include "warn/warning.h"

namespace tocsin::cli {
namespace {

using Heights = std::array<double, pool_rules.size()>;
constexpr double dispersion = 1.6;
constexpr std::size_t null_weeks = 60, hours_a_week = 168, episode_gap_h = 24;
constexpr unsigned warm_up_h = 48, observed_h = 72, ramp_h = 24;

// Members with known rates, judged by their counts and, beside it, by their p-values.
class Known {
 public:
  Known(std::size_t members, std::uint64_t seed)
      : counts_(std::vector(members, warn::Pool::no_group)), p_values_(counts_) {
    warn::Draws draws(seed * 1000 + members);
    for (std::size_t i = 0; i < members; ++i) {
      double mean = members == 1 ? 6 : std::max(1.5, draws.lognormal(std::log(6), 0.8));
      expected_.push_back({mean, dispersion});
      auto& p = p_of_.emplace_back();
      for (unsigned count = 0; count < 40 + mean * 6; ++count)
        p.push_back(warn::upper_tail(count, expected_.back()));
    }
  }

  Heights hour(warn::Draws& draws, double lift, std::size_t hit) {
    std::vector<warn::Reading> counts, p_values;
    for (std::size_t i = 0; i < expected_.size(); ++i) {
      double mean = expected_[i].mean * (i < hit ? 1 + lift : 1);
      auto count = draws.negative_binomial(mean, dispersion);
      double p = p_of_[i][std::min<std::size_t>(count, p_of_[i].size() - 1)];
      counts.push_back({.kind = warn::Reading::Kind::counts,
                        .count = static_cast<double>(count),
                        .expected = expected_[i]});
      p_values.push_back({.kind = warn::Reading::Kind::p_value, .p = p});
    }
    ++hour_;
    auto verdict = counts_.step(hour_, counts);
    p_values_.step(hour_, p_values);
    double member = 0;
    for (std::size_t i = 0; i < counts.size(); ++i)
      member = std::max(member, static_cast<double>(counts_.member_path(i).height));
    bool alone = counts.size() == 1;
    return {member, alone ? member : static_cast<double>(counts_.pool_path().height),
            static_cast<double>((alone ? p_values_.member_path(0) : p_values_.pool_path()).height),
            -std::log(verdict.p)};
  }

  std::size_t size() const { return expected_.size(); }

 private:
  std::vector<warn::Expected> expected_;
  std::vector<std::vector<double>> p_of_;
  warn::Pool counts_, p_values_;
  std::int64_t hour_ = 0;
};

bool is_quiet(const std::vector<double>& heights, double threshold) {
  std::size_t episodes = 0, above = 0, last = 0;
  for (std::size_t hour = 0; hour < heights.size(); ++hour) {
    if (heights[hour] <= threshold) continue;
    episodes += above++ == 0 || hour - last > episode_gap_h;
    last = hour;
  }
  return episodes <= null_weeks && above * 20 <= heights.size();
}

// The smallest of the heights seen that was passed in at most one episode a week.
double threshold_of(const std::vector<double>& heights) {
  auto levels = heights;
  std::ranges::sort(levels);
  auto found =
      std::ranges::partition_point(levels, [&](double level) { return !is_quiet(heights, level); });
  return *found;
}

std::optional<Heights> warmed_up(Known& world, const Heights& thresholds, warn::Draws& draws) {
  Heights now{};
  for (unsigned hour = 0; hour < warm_up_h; ++hour) now = world.hour(draws, 0, 0);
  for (std::size_t rule = 0; rule < now.size(); ++rule) {
    if (now[rule] > thresholds[rule]) return {};
  }
  return now;
}

}  // namespace

Liar lying_member(std::size_t members, std::size_t runs, std::uint64_t seed) {
  Liar liar;
  // A node of 1,000 hourly series that bears one false warning a week.
  warn::Control control({.false_a_week = 1, .false_share = 1});
  warn::Sweep sweep{.at_s = 0, .tick_s = 3600, .series = 1000};
  for (std::size_t run = 0; run < runs; ++run) {
    warn::Draws draws((seed * 7919 + 3) * 1'000'003 + run);
    std::vector<warn::Reading> readings(members, {.kind = warn::Reading::Kind::counts});
    for (auto& r : readings)
      r.expected = {std::max(1.5, draws.lognormal(std::log(6), 0.8)), dispersion};
    warn::Pool pool(std::vector(members, warn::Pool::no_group));
    warn::Warnings warnings;
    for (unsigned hour = 0; hour < warm_up_h + hours_a_week; ++hour) {
      for (auto& r : readings)
        r.count =
            static_cast<double>(draws.negative_binomial(r.expected.mean, r.expected.dispersion));
      auto& lie = readings.front();
      if (hour >= warm_up_h) lie.count = lie.expected.mean * 100 + 100;
      auto verdict = pool.step(hour, readings);
      warn::Evidence evidence{.key = "lie",
                              .discovered = verdict.p <= control.level(sweep),
                              .verdict = verdict,
                              .false_a_week = warn::Control::false_a_week(sweep, verdict.p),
                              .criticality = 1};
      warnings.tick(hour, {&evidence, 1});
    }
    const auto& all = warnings.all();
    liar.opened += !all.empty();
    liar.high +=
        std::ranges::any_of(all, [](const auto& w) { return w.severity >= warn::Severity::high; });
    liar.named += std::ranges::any_of(
        all, [](const auto& w) { return w.level == warn::Level::member && w.which == 0; });
  }
  return liar;
}

double median_of(Delays delays) {
  auto middle = delays.begin() + static_cast<std::ptrdiff_t>(delays.size() / 2);
  std::ranges::nth_element(delays, middle);
  return *middle;
}

double share_within(const Delays& delays, unsigned hours) {
  return static_cast<double>(std::ranges::count_if(delays, [&](auto d) { return d <= hours; })) /
         static_cast<double>(delays.size());
}

KnownDelays known_baselines(std::size_t members, std::span<const Surge> surges, std::size_t runs,
                            std::uint64_t seed) {
  Known null(members, seed);
  warn::Draws null_draws(seed * 7919 + 1);
  std::array<std::vector<double>, pool_rules.size()> heights;
  for (std::size_t hour = 0; hour < null_weeks * hours_a_week; ++hour) {
    Heights now = null.hour(null_draws, 0, 0);
    for (std::size_t rule = 0; rule < now.size(); ++rule) heights[rule].push_back(now[rule]);
  }
  Heights thresholds{};
  for (std::size_t rule = 0; rule < heights.size(); ++rule)
    thresholds[rule] = threshold_of(heights[rule]);

  KnownDelays delays(surges.size());
  for (std::size_t s = 0; s < surges.size(); ++s) {
    std::size_t hit = surges[s].quarter ? std::max<std::size_t>(1, (members + 2) / 4) : members;
    for (std::uint64_t run = 0, draw = 0; run < runs; ++draw) {
      warn::Draws draws((seed * 7919 + 2 + s) * 1'000'003 + draw);
      Known world = null;
      if (!warmed_up(world, thresholds, draws)) continue;
      ++run;
      for (auto& d : delays[s]) d.push_back(never);
      for (unsigned hour = 0; hour < observed_h; ++hour) {
        double ramp = std::min(1.0, (hour + 1.0) / ramp_h);
        Heights now = world.hour(draws, surges[s].lift * ramp, hit);
        for (std::size_t rule = 0; rule < now.size(); ++rule) {
          auto& delay = delays[s][rule].back();
          if (now[rule] > thresholds[rule]) delay = std::min(delay, hour);
        }
      }
    }
  }
  return delays;
}

}  // namespace tocsin::cli
