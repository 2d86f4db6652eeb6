// Pause: the mark HOME/paused that a restore leaves: the node then sends nothing and fetches
// nothing until a person has looked.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"

namespace tocsin::node {

// The folder in a home that a restore copies into. While it is there and the journal is not, the
// restore was not finished.
inline constexpr std::string_view restoring = ".restore";

struct Pause {
  TimeUs since = time_none;
  std::string why;
};

// nullopt: there is no such mark.
std::optional<Pause> pause_of(const std::string& home);
Result<void> begin_pause(const std::string& home, TimeUs now, std::string_view why);
Result<void> end_pause(const std::string& home);

}  // namespace tocsin::node
