// tocsin bench pool: how much sooner members find a surge together than one of them alone, at one
// false warning a week; with known baselines, with learned ones, and with a member that lies.
#include <fmt/core.h>

#include <cstdio>

#include "cli/pool_known.h"
#include "cli/pool_learned.h"
#include "cli/verbs.h"

namespace tocsin::cli {
namespace {

struct PoolOptions {
  LearnedOptions learned{.members = 40, .seed = 101};
  std::size_t runs = 100, draws = 5;  // runs for each draw of members, with known baselines
  bool full = false;
};

std::string hours(const Delays& delays) {
  double median = median_of(delays);
  return median >= never ? "never" : fmt::format("{:.0f}", median);
}

std::string name_of(const Surge& surge) {
  return fmt::format("+{:.0f} % {}", surge.lift * 100, surge.quarter ? "of a quarter" : "of all");
}

void print_known(const PoolOptions& options) {
  fmt::print(
      "1. Known baselines, thresholds of one episode a week in 60 weeks without a surge, {} draws "
      "of members x {} runs.\n   Median hour of detection (share within 24 h); hours are numbered "
      "from 0.\n\n| members | surge |",
      options.draws, options.runs);
  for (auto rule : pool_rules) fmt::print(" {} |", rule);
  fmt::print("\n|---|---|---|---|---|---|\n");
  for (auto members : pool_sizes) {
    if (members > options.learned.members) break;
    KnownDelays all(surges.size());
    for (std::size_t draw = 0; draw < options.draws; ++draw) {
      auto some = known_baselines(members, surges, options.runs, options.learned.seed + draw);
      for (std::size_t s = 0; s < surges.size(); ++s) {
        for (std::size_t rule = 0; rule < pool_rules.size(); ++rule)
          all[s][rule].insert(all[s][rule].end(), some[s][rule].begin(), some[s][rule].end());
      }
    }
    for (std::size_t s = 0; s < surges.size(); ++s) {
      if (surges[s].quarter && members < 5) continue;
      fmt::print("| {} | {} |", members, name_of(surges[s]));
      for (const auto& delays : all[s])
        fmt::print(" {} ({:.2f}) |", hours(delays), share_within(delays, 23));
      fmt::print("\n");
    }
  }
  std::fflush(stdout);
}

void print_learned(const PoolOptions& options) {
  const LearnedOptions& o = options.learned;
  fmt::print(
      "\n2. Baselines learned from {} days, {} series, {} false warning(s) a week for the node;\n"
      "   shocks of {:.0f} % by series and {:.0f} % over all, 1 member in 10 with outages.\n"
      "   Median hour of detection within {} h over {} surges (share found): by the budget alone; "
      "held to {:.0f} % false; the first of the members alone.\n\n"
      "| members | false a week: budget, held |",
      o.learning_days, o.series, o.false_a_week, o.series_shock * 100, o.common_shock * 100,
      o.observed_h, o.surged, o.false_share * 100);
  for (const Surge& surge : surges) fmt::print(" {} |", name_of(surge));
  fmt::print("\n|---|---|---|---|---|---|\n");
  auto weeks = static_cast<double>(o.null_weeks);
  for (const auto& size : learned_baselines(o).sizes) {
    fmt::print("| {} | {:.2f}, {:.2f} |", size.members,
               static_cast<double>(size.false_warnings) / weeks,
               static_cast<double>(size.false_strict) / weeks);
    for (std::size_t c = 0; c < surges.size(); ++c) {
      auto found = [&](const Delays& delays) {
        return fmt::format("{} ({:.2f})", hours(delays), share_within(delays, never - 1));
      };
      fmt::print(" {}; {}; {} |", found(size.pooled[c]), found(size.strict[c]),
                 found(size.first_alone[c]));
    }
    fmt::print("\n");
  }
}

void print_liar(const PoolOptions& options) {
  constexpr std::size_t runs = 200;
  fmt::print(
      "\n3. One member sends a hundred times its counts for a week, {} runs.\n\n"
      "| members | a warning is opened | it names that member alone | it is ever high |\n"
      "|---|---|---|---|\n",
      runs);
  for (auto members : pool_sizes) {
    if (members < 2 || members > options.learned.members) continue;
    Liar liar = lying_member(members, runs, options.learned.seed);
    fmt::print("| {} | {} | {} | {} |\n", members, liar.opened, liar.named, liar.high);
  }
}

}  // namespace

void add_bench_pool(CLI::App& bench, Chosen& chosen) {
  auto* pool = bench.add_subcommand(
      "pool", "how much sooner members find a surge together, at one false warning a week");
  pool->footer("Example: tocsin bench pool --full");
  static PoolOptions options;
  auto& learned = options.learned;
  pool->add_flag("--full", options.full, "pools of up to 120 members, over more weeks");
  pool->add_option("--seed", learned.seed, "of the made-up members")->capture_default_str();
  pool->add_option("--series", learned.series, "of the node")->capture_default_str();
  pool->add_option("--false-a-week", learned.false_a_week, "false warnings the team can bear")
      ->capture_default_str();
  pool->add_option("--series-shock", learned.series_shock,
                   "deviation of the shocks that all members of one series see")
      ->capture_default_str();
  pool->add_option("--common-shock", learned.common_shock,
                   "deviation of the shocks that all members see in all series")
      ->capture_default_str();
  pool->callback([&chosen] {
    chosen = [] {
      if (options.full) {
        options.learned.members = 120;
        options.learned.null_weeks = 8;
      }
      if (options.learned.series < 2 || options.learned.series > 100'000 ||
          !(options.learned.false_a_week > 0))
        return fail({Fault::invalid, "2 to 100,000 series, and a budget above 0"});
      options.learned.surged = std::min<std::size_t>(300, options.learned.series);
      print_known(options);
      print_learned(options);
      print_liar(options);
      return done;
    };
  });
}

}  // namespace tocsin::cli
