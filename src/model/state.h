// State: where a finding stands. Source: DESIGN D5.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace tocsin {

// Numbers are stored: append only.
enum class State : std::uint8_t { open, quiet, closed, reopened };
inline constexpr std::array<std::string_view, 4> state_names = {"open", "quiet", "closed",
                                                                "reopened"};

inline std::string_view name(State state) {
  return state_names.at(static_cast<std::size_t>(state));
}

inline std::optional<State> state_named(std::string_view text) {
  for (std::size_t i = 0; i < state_names.size(); ++i) {
    if (state_names[i] == text) return static_cast<State>(i);
  }
  return std::nullopt;
}

}  // namespace tocsin
