// Outbreak series: the simulated weekly counts on which outbreak detectors are compared: 42
// scenarios, 624 weeks, outbreaks of known size and place.
// Source: A. Noufaily et al., "An improved algorithm for outbreak detection in multiple
// surveillance systems", Statistics in Medicine 32 (2013) 1206.
#pragma once

#include <cstdint>
#include <vector>

namespace tocsin::cli {

inline constexpr std::size_t outbreak_scenarios = 42, outbreak_weeks = 624;
inline constexpr std::size_t outbreak_tested = 575;  // index of the first of the 49 tested weeks

struct OutbreakSeries {
  std::vector<std::uint32_t> cases;     // all, by week
  std::vector<std::uint32_t> outbreak;  // of them those of outbreaks
  unsigned strength = 0;                // k of the current outbreak; 0: there is none
  std::size_t start = 0;                // its first week
};

// The series of scenario 1 to 42 and a seed: the same on every machine. `with_outbreaks` false: the
// null, without past ones too.
OutbreakSeries outbreak_series(std::size_t scenario, std::uint64_t seed, bool with_outbreaks);

}  // namespace tocsin::cli
