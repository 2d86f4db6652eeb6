// Stix bind: which observations fulfil an expression of observations, when each may stand for it
// only as often as it was observed. Source: OASIS STIX Version 2.1, section 9.3.
#pragma once

#include <cstdint>
#include <vector>

#include "base/result.h"

namespace tocsin::wire {

inline constexpr std::size_t stix_match_work_max = 2'000'000;  // steps

// A leaf may be any one of its candidates.
struct StixBinding {
  enum class Kind : std::uint8_t { leaf, all, any };
  Kind kind = Kind::leaf;
  std::vector<std::size_t> candidates;  // places of observations
  std::vector<StixBinding> children;
};

// Places of observations, each at most as often as `times` says, one for each leaf that is needed;
// sorted. Empty: there is no such choice. Errors: invalid, if finding out takes too much work.
Result<std::vector<std::size_t>> bind_observations(StixBinding wanted,
                                                   const std::vector<std::uint64_t>& times);

}  // namespace tocsin::wire
