// tocsin bench tick: what early warning costs: events into cells, the sweep that ends a tick, the
// full filter, and memory.
#include <fmt/core.h>

#include <array>
#include <cmath>
#include <fstream>

#include "base/cpu_clock.h"
#include "cli/verbs.h"
#include "warn/cell.h"
#include "warn/draws.h"
#include "warn/filter.h"

namespace tocsin::cli {
namespace {

struct TickOptions {
  std::size_t series = 10'000'000, filters = 1'000'000, events = 20'000'000;
};

constexpr std::size_t batch_events = 8192;

std::size_t own_memory_mb() {
  std::ifstream status("/proc/self/status");
  std::string word;
  std::size_t kb = 0;
  while (status >> word) {
    if (word == "RssAnon:") status >> kb;
  }
  return kb / 1024;
}

std::uint64_t key_of(std::uint64_t n) {
  n = (n + 1) * 0x9e3779b97f4a7c15U;
  n = (n ^ (n >> 30)) * 0xbf58476d1ce4e5b9U;
  return (n ^ (n >> 27)) | 1;
}

// CPU seconds for `events` events, made in batches outside the clock; `zipf`: few series have most.
double count_events(warn::Cells& cells, const TickOptions& options, std::size_t events, bool zipf) {
  warn::Draws draws(zipf ? 1 : 2);
  std::vector<std::uint64_t> keys(batch_events), unknown;
  auto all = static_cast<double>(options.series);
  std::uint64_t ns = 0;
  for (std::size_t done = 0; done < events; done += batch_events) {
    for (auto& key : keys) {
      double u = draws.unit();
      key = key_of(static_cast<std::uint64_t>(zipf ? std::pow(all, u) - 1 : u * all));
    }
    CpuClock clock;
    cells.count(keys, &unknown);
    ns += clock.lap();
  }
  return static_cast<double>(ns) / 1e9;
}

void time_cells(const TickOptions& options) {
  CpuClock clock;
  warn::Cells cells(options.series);
  for (std::size_t n = 0; n < options.series; ++n) cells.add(key_of(n), 0);
  fmt::print("{} series: {:.2f} CPU-s to make, {} MB of cells, {} MB in all\n", cells.size(),
             static_cast<double>(clock.lap()) / 1e9, cells.memory_bytes() / 1'000'000,
             own_memory_mb());
  for (bool zipf : {true, false}) {
    double s = count_events(cells, options, options.events, zipf);
    fmt::print("{:<18} {:5.1f} ns an event, {:.1f} M events a CPU-second\n",
               zipf ? "keys as by Zipf" : "keys all alike",
               s * 1e9 / static_cast<double>(options.events),
               static_cast<double>(options.events) / s / 1e6);
  }
  // Thirty ticks with a tenth of the series' number in events each, so that there are candidates.
  double worst = 0, sum = 0;
  std::size_t candidates = 0;
  constexpr std::uint32_t ticks = 30;
  for (std::uint32_t tick = 0; tick < ticks; ++tick) {
    count_events(cells, options, options.series / 10, tick % 2 == 0);
    clock.lap();
    candidates += cells.sweep(tick, {}, 1'000'000, [](const warn::Candidate&) {});
    double s = static_cast<double>(clock.lap()) / 1e9;
    worst = std::max(worst, s);
    sum += s;
  }
  fmt::print("sweep that ends a tick: {:.3f} CPU-s, at most {:.3f}; {} candidates in {} ticks\n",
             sum / ticks, worst, candidates, ticks);
}

void time_filters(const TickOptions& options) {
  std::vector<warn::Filter> filters(options.filters);
  std::vector<std::uint16_t> counts(options.filters);
  warn::Draws draws(3);
  constexpr std::int64_t ticks = 8;
  std::uint64_t learn_ns = 0, judge_ns = 0;
  double sum = 0;
  for (std::int64_t tick = 0; tick < ticks; ++tick) {
    for (std::size_t i = 0; i < counts.size(); ++i)
      counts[i] =
          static_cast<std::uint16_t>(draws.negative_binomial(static_cast<double>(i % 40), 2));
    warn::Place at = warn::place({.ticks_per_day = 96, .rhythm = warn::Rhythm::day_and_week}, tick);
    CpuClock clock;
    if (tick + 1 < ticks) {
      for (std::size_t i = 0; i < filters.size(); ++i)
        sum += filters[i].learn(at, counts[i]).residual;
      if (tick >= 4) learn_ns += clock.lap();
    } else {
      for (std::size_t i = 0; i < filters.size(); ++i)
        sum += filters[i].update(at, counts[i]).upper;
      judge_ns += clock.lap();
    }
  }
  auto n = static_cast<double>(options.filters);
  fmt::print(
      "full filter: {:.0f} ns a series and tick, with both tails {:.0f}; {} series are {} MB "
      "(sum {:.3g})\n",
      static_cast<double>(learn_ns) / 3 / n, static_cast<double>(judge_ns) / n, options.filters,
      filters.size() * sizeof(warn::Filter) / 1'000'000, sum);
}

}  // namespace

void add_bench_tick(CLI::App& bench, Chosen& chosen) {
  auto* verb = bench.add_subcommand("tick", "events into series, the sweep, the full filter");
  verb->footer("Example: tocsin bench tick --series 10000000");
  static TickOptions options;
  verb->add_option("--series", options.series, "cells")->capture_default_str();
  verb->add_option("--filters", options.filters, "series with the full filter")
      ->capture_default_str();
  verb->add_option("--events", options.events, "of each kind")->capture_default_str();
  verb->callback([&chosen] {
    chosen = [] {
      time_cells(options);
      time_filters(options);
      return done;
    };
  });
}

}  // namespace tocsin::cli
