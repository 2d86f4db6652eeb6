// Pool known: what pooling finds and when, with the baselines of all members known: the simplified
// setting that the figures of other work refer to. tocsin bench pool prints it.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace tocsin::cli {

// A surge: the rate of the members hit rises evenly over 24 h by `lift` of itself, and stays.
struct Surge {
  double lift = 0;
  bool quarter = false;  // of the members, at least one; else all
};

enum class PoolRule : std::uint8_t { member, sum, fisher, levels };
inline constexpr std::array<std::string_view, 4> pool_rules = {
    "any member's CUSUM", "pooled sum's CUSUM", "Fisher's CUSUM (p-values)", "the three levels"};

// The hour that found a surge, numbered from 0 at its start, one for each run; `never` where it was
// not.
inline constexpr unsigned never = 1'000'000;
using Delays = std::vector<unsigned>;
double median_of(Delays delays);
double share_within(const Delays& delays, unsigned hours);

// By surge and rule. `members` of which every rule has the threshold that gave at most one episode
// a week in 60 weeks without a surge.
using KnownDelays = std::vector<std::array<Delays, pool_rules.size()>>;
KnownDelays known_baselines(std::size_t members, std::span<const Surge> surges, std::size_t runs,
                            std::uint64_t seed);

// One member sends a hundred times its counts for a week while nothing happens: in how many runs is
// a warning opened, is it of high severity at any time, and does it name the member alone?
struct Liar {
  std::size_t opened = 0, high = 0, named = 0;
};
Liar lying_member(std::size_t members, std::size_t runs, std::uint64_t seed);

}  // namespace tocsin::cli
