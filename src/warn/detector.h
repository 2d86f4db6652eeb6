// Detector: turns the ticks of one series into p-values, with a state of fixed size. One file in
// warn/detectors/ each. Their constants are set once, for all series.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include "base/entry.h"
#include "warn/tail.h"

namespace tocsin::warn {

// One settled tick of one series. What a detector has no use for may be left out.
struct Observed {
  double count = 0;
  Expected expected;       // before the count was seen, and
  double uncertainty = 0;  // what of its dispersion is the mean's uncertainty: a Filter's Judged
  std::span<const float> parts;  // the counts of its parts: families of a class, ports of a family
};

struct Detector {
  std::string_view summary;
  std::size_t floats;  // its state; all 0 at the start; saved and restored as it is
  // The p-value of this tick, in [probability_min, 1]: of the ticks of series in which nothing
  // happens a share of about p is at or below p (docs/detectors.md says within which bounds).
  // `state` has `floats` values; 1 while there is no past to judge by.
  double (*judge)(const Observed& observed, std::span<float> state);
};

std::span<const Entry<Detector>> detectors();

// nullptr: none of that name.
inline const Detector* find_detector(std::string_view name) {
  for (const Entry<Detector>& entry : detectors()) {
    if (entry.name == name) return &entry.plugin;
  }
  return nullptr;
}

}  // namespace tocsin::warn
