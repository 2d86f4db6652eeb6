// Verdict: what a person decided about a finding.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace tocsin {

// Numbers are stored: append only. `confirmed` is written "true".
enum class Verdict : std::uint8_t {
  none,
  confirmed,
  false_positive,
  accepted_risk,
  not_ours,
  duplicate
};
inline constexpr std::array<std::string_view, 6> verdict_names = {
    "none", "true", "false-positive", "accepted-risk", "not-ours", "duplicate"};

inline std::string_view name(Verdict verdict) {
  return verdict_names.at(static_cast<std::size_t>(verdict));
}

inline std::optional<Verdict> verdict_named(std::string_view text) {
  for (std::size_t i = 0; i < verdict_names.size(); ++i) {
    if (verdict_names[i] == text) return static_cast<Verdict>(i);
  }
  return std::nullopt;
}

}  // namespace tocsin
