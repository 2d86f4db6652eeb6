// Pool learned: what pooling finds and when, as a node would meet it: many series, baselines
// learned from 60 days with rhythms of the day and week, shocks that members and series share,
// members that fall silent, and one budget of false warnings for the whole node. tocsin bench pool
// prints it.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "cli/pool_known.h"

namespace tocsin::cli {

inline constexpr std::array<std::size_t, 7> pool_sizes = {1, 2, 5, 10, 20, 40, 120};
inline constexpr std::array<Surge, 4> surges = {Surge{0.15, false}, Surge{0.3, false},
                                                Surge{0.3, true}, Surge{0.6, true}};

struct LearnedOptions {
  std::size_t series = 1000, surged = 300;  // the first of the series have surges, each in a copy
  std::size_t members = 120;                // the pools are the first 1, 2, 5 ... of them
  std::size_t learning_days = 60, null_weeks = 4, observed_h = 168;
  double false_a_week = 1;     // of the node, over all its series
  double false_share = 0.1;    // the strict figures'
  double series_shock = 0.05;  // deviation of log: by series and hour, seen by all its members
  double common_shock = 0.05;  // by hour, seen by all members in all series
  std::uint64_t seed = 1;
};

struct Learned {
  struct Size {
    std::size_t members = 0;
    // Over the null weeks, of all series; in 24 h of a series they are one. By the budget alone,
    // and as Control's false_share holds them before anything else was found.
    std::size_t false_warnings = 0, false_strict = 0;
    // By the budget alone; held by false_share; the first of the members with a node, 1,000 series
    // and a budget of its own.
    std::array<Delays, surges.size()> pooled, strict, first_alone;
  };
  std::vector<Size> sizes;
};

Learned learned_baselines(const LearnedOptions& options);

}  // namespace tocsin::cli
