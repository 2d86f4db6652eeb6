// Pool known: what pooling finds and when, with the baselines of all members known: the simplified
// setting that the figures of other work refer to. tocsin bench pool prints it.
#pragma once

#include <array>
#include <cstdint>
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

// Hours from the start of a surge to its detection, one for each run; `never` where it was not.
inline constexpr unsigned never = 1'000'000;
using Delays = std::vector<unsigned>;
double median_of(Delays delays);
double share_within(const Delays& delays, unsigned hours);

// `members` of which every rule has the threshold that gave at most one episode a week in 60 weeks
// without a surge. One for each rule.
std::array<Delays, pool_rules.size()> known_baselines(std::size_t members, const Surge& surge,
                                                      std::size_t runs, std::uint64_t seed);

}  // namespace tocsin::cli
