#include "cli/pool_learned.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <thread>

#include "warn/common.h"
#include "warn/control.h"
#include "warn/draws.h"
#include "warn/filter.h"
#include "warn/pool.h"

namespace tocsin::cli {
namespace {

using warn::Draws;
using warn::Expected;
using warn::Filter;
using warn::Pool;
using warn::Reading;

constexpr unsigned ramp_h = 24, episode_gap_h = 24, hours_a_week = 168;
constexpr double scanners_a_week = 1, scanner_lift = 0.25;
constexpr unsigned scanner_h = 3;
constexpr double together = 0.5;  // of a shock with that of the hour before
constexpr std::array<double, 3> lifts = {0.15, 0.3, 0.6};
constexpr warn::Resolution hourly{.ticks_per_day = 24, .rhythm = warn::Rhythm::day_and_week};

// A shock that fades: AR(1) with the given deviation.
void move(double& shock, double deviation, Draws& draws) {
  shock = together * shock + std::sqrt(1 - together * together) * deviation * draws.normal();
}

// By inversion: for the small means here in a third of the time of a gamma and a Poisson draw.
unsigned draw_count(double mean, double dispersion, Draws& draws) {
  double size = mean / (dispersion - 1), fail = 1 - 1 / dispersion;
  double left = draws.unit(), term = std::exp(-size * std::log(dispersion));
  unsigned count = 0;
  for (; left > term && count < 10'000; ++count) {
    left -= term;
    term *= (count + size) / (count + 1) * fail;
  }
  return count;
}

std::vector<std::uint32_t> groups_of(std::size_t members) {
  std::vector<std::uint32_t> groups(members, Pool::no_group);
  auto number = static_cast<std::uint32_t>(members / 5);
  for (std::uint32_t i = 0; number > 1 && i < members; ++i) groups[i] = i % number;
  return groups;
}

std::size_t hit_of(const Surge& surge, std::size_t members) {
  return surge.quarter ? std::max<std::size_t>(1, (members + 2) / 4) : members;
}

// Which members are silent in which hours: one in ten, about once in two weeks, 6 to 48 h.
class Outages {
 public:
  Outages(std::size_t members, std::size_t hours, Draws& draws) : until_(members) {
    for (std::size_t hour = 0; hour < hours; ++hour) {
      auto& silent = silent_.emplace_back(members);
      for (std::size_t i = 3; i < members; i += 10) {
        if (hour >= until_[i] && draws.unit() < 1.0 / (14 * 24))
          until_[i] = hour + 6 + draws.below(43);
        silent[i] = hour < until_[i];
      }
    }
  }
  bool is_silent(std::size_t member, std::size_t hour) const { return silent_[hour][member]; }

 private:
  std::vector<std::size_t> until_;
  std::vector<std::vector<bool>> silent_;
};

// The same for all series: outages and what everybody sees.
struct Weather {
  std::vector<double> common;  // log of the factor by hour
  Outages outages;
};

Weather weather_of(const LearnedOptions& options, std::size_t hours) {
  Draws draws(options.seed * 31 + 7);
  std::vector<double> common;
  double shock = 0;
  std::size_t scanner_until = 0;
  for (std::size_t hour = 0; hour < hours; ++hour) {
    move(shock, options.common_shock, draws);
    if (draws.unit() < scanners_a_week / hours_a_week) scanner_until = hour + scanner_h;
    common.push_back(shock + (hour < scanner_until ? std::log1p(scanner_lift) : 0));
  }
  return {std::move(common), Outages(options.members, hours, draws)};
}

// One member in one series.
struct Source {
  double log_mean = 0, phase = 0;
  Filter filter;
  unsigned count = 0;
  Expected expected;  // of this hour
};

// The same with a surge, from the end of learning on.
struct Surged {
  Filter filter;
  unsigned count = 0;
  Expected expected;
};

struct Episodes {
  std::size_t last = 0;
  bool any = false;

  bool is_new(std::size_t hour, bool alarm) {
    bool first = alarm && (!any || hour - last > episode_gap_h);
    if (alarm) any = true, last = hour;
    return first;
  }
};

struct Watched {
  Pool pool;
  Episodes plain{}, strict{};
};

struct Series {
  Draws draws;
  double dispersion = 1.6, day = 0, week = 0, phase = 0, shock = 0;
  std::vector<Source> sources;
  std::vector<Watched> pools;                                 // by size
  std::array<std::vector<Surged>, lifts.size()> surged;       // by member
  std::array<std::vector<Pool>, surges.size()> surged_pools;  // by size
};

// Some series of the node, on a thread of their own. What they have in common is learned from
// these.
class Part {
 public:
  Part(const LearnedOptions& options, const Weather& weather, std::size_t first, std::size_t count);
  Learned run();

 private:
  void draw(Series& s, std::size_t hour);
  void draw_surge(Series& s, std::size_t hour, std::size_t since);
  void learn(Series& s, const warn::Place& at);
  void judge(Series& s, std::size_t hour, bool scored);
  void judge_surge(Series& s, std::size_t hour, std::size_t since, std::size_t number);
  void find_factors();
  Expected corrected(const Expected& expected, std::size_t size) const {
    return {expected.mean * factors_[size], expected.dispersion};
  }
  Reading reading(std::size_t i, unsigned count, const Expected& expected, std::size_t size) const;

  const LearnedOptions& options_;
  const Weather& weather_;
  std::vector<Series> series_;
  std::size_t surged_ = 0;  // of the series, the first
  std::vector<std::size_t> sizes_;
  std::vector<double> factors_;  // by size
  warn::Attendance attendance_;
  Learned out_;
  double level_ = 0, strict_level_ = 0;  // of p, at which a warning is opened
};

Part::Part(const LearnedOptions& options, const Weather& weather, std::size_t first,
           std::size_t count)
    : options_(options), weather_(weather), attendance_(options.members) {
  for (auto size : pool_sizes) {
    if (size > options.members) break;
    sizes_.push_back(size);
    auto& to = out_.sizes.emplace_back();
    to.members = size;
  }
  factors_.assign(sizes_.size(), 1);
  for (std::size_t n = first; n < first + count; ++n) {
    Draws draws(options.seed * 1'000'003 + n);
    Series s{.draws = draws};
    s.dispersion = 1.2 + s.draws.unit() * 0.8;
    s.day = 0.2 + 0.3 * s.draws.unit();
    s.week = 0.15 * s.draws.unit();
    s.phase = 24 * s.draws.unit();
    for (std::size_t i = 0; i < options.members; ++i) {
      double median = std::log(6);
      s.sources.push_back(
          {.log_mean = i == 0 ? median : std::max(std::log(1.5), median + 0.8 * s.draws.normal()),
           .phase = s.phase + s.draws.normal()});
    }
    for (auto size : sizes_) s.pools.push_back({Pool(groups_of(size))});
    surged_ += series_.size() < options.surged / 2;
    series_.push_back(std::move(s));
  }
  warn::Sweep sweep{.at_s = 0, .tick_s = 3600, .series = options.series};
  level_ = warn::Control({options.false_a_week, 1}).level(sweep);
  strict_level_ = warn::Control({options.false_a_week, options.false_share}).level(sweep);
}

double log_mean_of(const Series& s, const Source& source, std::size_t hour) {
  double day = 2 * std::numbers::pi * (static_cast<double>(hour) - source.phase) / 24;
  return source.log_mean + s.shock + s.day * std::cos(day) + 0.05 * std::cos(2 * day) +
         s.week * std::cos(day / 7);
}

void Part::draw(Series& s, std::size_t hour) {
  move(s.shock, options_.series_shock, s.draws);
  for (std::size_t i = 0; i < s.sources.size(); ++i) {
    Source& source = s.sources[i];
    double mean = std::exp(log_mean_of(s, source, hour) + weather_.common[hour]);
    source.count =
        weather_.outages.is_silent(i, hour) ? 0 : draw_count(mean, s.dispersion, s.draws);
    attendance_.add(i, source.count, source.expected);
  }
}

// What a surge adds to a count is negative-binomial again, as long as the dispersion is the same.
void Part::draw_surge(Series& s, std::size_t hour, std::size_t since) {
  double ramp = std::min(1.0, (static_cast<double>(since) + 1) / ramp_h);
  for (std::size_t i = 0; i < s.sources.size(); ++i) {
    double mean = std::exp(log_mean_of(s, s.sources[i], hour) + weather_.common[hour]);
    double before = 0;
    unsigned count = s.sources[i].count;
    for (std::size_t l = 0; l < lifts.size(); ++l) {
      if (!weather_.outages.is_silent(i, hour))
        count += draw_count(mean * ramp * (lifts[l] - before), s.dispersion, s.draws);
      before = lifts[l];
      s.surged[l][i].count = count;
    }
  }
}

void Part::learn(Series& s, const warn::Place& at) {
  for (std::size_t i = 0; i < s.sources.size(); ++i) {
    Source& source = s.sources[i];
    bool silent = attendance_.is_silent(i);
    if (silent) {
      source.filter.skip();
    } else {
      source.expected = source.filter.learn(at, source.count).expected;
    }
    for (auto& lift : s.surged) {
      if (lift.empty()) continue;
      if (silent) {
        lift[i].filter.skip();
      } else {
        lift[i].expected = lift[i].filter.learn(at, lift[i].count).expected;
      }
    }
  }
}

void Part::find_factors() {
  for (std::size_t k = 0; k < sizes_.size(); ++k) {
    std::vector<warn::Total> totals;
    for (const Series& s : series_) {
      warn::Total total{.expected = {0, 1}};
      double variance = 0;
      for (std::size_t i = 0; i < sizes_[k]; ++i) {
        if (attendance_.is_silent(i)) continue;
        total.count += s.sources[i].count;
        total.expected.mean += s.sources[i].expected.mean;
        variance += s.sources[i].expected.variance();
      }
      if (total.expected.mean <= 0) continue;
      total.expected.dispersion = variance / total.expected.mean;
      totals.push_back(total);
    }
    factors_[k] = warn::common_factor(totals);
  }
}

Reading Part::reading(std::size_t i, unsigned count, const Expected& expected,
                      std::size_t size) const {
  if (attendance_.is_silent(i)) return {};
  return {.kind = Reading::Kind::counts,
          .count = static_cast<double>(count),
          .expected = corrected(expected, size)};
}

void Part::judge(Series& s, std::size_t hour, bool scored) {
  std::array<Reading, Pool::members_max> readings;
  for (std::size_t k = 0; k < sizes_.size(); ++k) {
    for (std::size_t i = 0; i < sizes_[k]; ++i)
      readings[i] = reading(i, s.sources[i].count, s.sources[i].expected, k);
    Watched& watched = s.pools[k];
    auto verdict = watched.pool.step(static_cast<std::int64_t>(hour), {readings.data(), sizes_[k]});
    if (!scored) continue;
    out_.sizes[k].false_warnings += watched.plain.is_new(hour, verdict.p <= level_);
    out_.sizes[k].false_strict += watched.strict.is_new(hour, verdict.p <= strict_level_);
  }
}

void Part::judge_surge(Series& s, std::size_t hour, std::size_t since, std::size_t number) {
  std::array<Reading, Pool::members_max> readings;
  for (std::size_t c = 0; c < surges.size(); ++c) {
    auto lift = static_cast<std::size_t>(std::ranges::find(lifts, surges[c].lift) - lifts.begin());
    for (std::size_t k = 0; k < sizes_.size(); ++k) {
      for (std::size_t i = 0; i < sizes_[k]; ++i) {
        bool hit = i < hit_of(surges[c], sizes_[k]);
        const Surged& up = s.surged[lift][i];
        readings[i] = hit ? reading(i, up.count, up.expected, k)
                          : reading(i, s.sources[i].count, s.sources[i].expected, k);
      }
      Pool& pool = s.surged_pools[c][k];
      auto verdict = pool.step(static_cast<std::int64_t>(hour), {readings.data(), sizes_[k]});
      auto note = [&](unsigned& delay, bool alarm) {
        if (alarm) delay = std::min(delay, static_cast<unsigned>(since));
      };
      note(out_.sizes[k].pooled[c][number], verdict.p <= level_);
      note(out_.sizes[k].strict[c][number], verdict.p <= strict_level_);
      auto& alone = out_.sizes[k].first_alone[c][number];
      for (std::size_t i = 0; i < sizes_[k] && alone == never; ++i) {
        if (pool.member_path(i).alarm_rate() <= level_) alone = static_cast<unsigned>(since);
      }
    }
  }
}

Learned Part::run() {
  std::size_t begin = options_.learning_days * 24;
  std::size_t end = begin + std::max(options_.null_weeks * hours_a_week, options_.observed_h);
  for (auto& size : out_.sizes) {
    for (auto* delays : {&size.pooled, &size.strict, &size.first_alone}) {
      for (auto& d : *delays) d.assign(surged_, never);
    }
  }
  for (std::size_t hour = 0; hour < end; ++hour) {
    bool judged = hour >= begin / 2, scored = hour >= begin;
    bool with_surges = scored && hour < begin + options_.observed_h;
    if (hour == begin) {
      for (std::size_t n = 0; n < surged_; ++n) {
        Series& s = series_[n];
        for (auto& lift : s.surged) {
          for (const Source& source : s.sources)
            lift.push_back({source.filter, 0, source.expected});
        }
        for (auto& pools : s.surged_pools) {
          for (const Watched& w : s.pools) pools.push_back(w.pool);
        }
      }
    } else if (hour == begin + options_.observed_h) {
      for (Series& s : series_) s.surged = {};
    }
    for (Series& s : series_) draw(s, hour);
    attendance_.end_tick();
    for (std::size_t n = 0; with_surges && n < surged_; ++n)
      draw_surge(series_[n], hour, hour - begin);
    auto at = warn::place(hourly, static_cast<std::int64_t>(hour));
    for (Series& s : series_) learn(s, at);
    if (!judged) continue;
    find_factors();
    for (Series& s : series_) judge(s, hour, scored);
    for (std::size_t n = 0; with_surges && n < surged_; ++n)
      judge_surge(series_[n], hour, hour - begin, n);
  }
  return std::move(out_);
}

}  // namespace

Learned learned_baselines(const LearnedOptions& options) {
  std::size_t hours =
      options.learning_days * 24 + std::max(options.null_weeks * hours_a_week, options.observed_h);
  Weather weather = weather_of(options, hours);
  std::array<Learned, 2> halves;
  // Interleaved, so that each half has as many surges.
  std::size_t half = options.series / 2;
  std::thread other([&] { halves[1] = Part(options, weather, half, options.series - half).run(); });
  halves[0] = Part(options, weather, 0, half).run();
  other.join();
  for (std::size_t k = 0; k < halves[0].sizes.size(); ++k) {
    auto &to = halves[0].sizes[k], &from = halves[1].sizes[k];
    to.false_warnings += from.false_warnings;
    to.false_strict += from.false_strict;
    for (auto delays :
         {&Learned::Size::pooled, &Learned::Size::strict, &Learned::Size::first_alone}) {
      for (std::size_t c = 0; c < surges.size(); ++c)
        (to.*delays)[c].insert((to.*delays)[c].end(), (from.*delays)[c].begin(),
                               (from.*delays)[c].end());
    }
  }
  return std::move(halves[0]);
}

}  // namespace tocsin::cli
