// The mappings that come with the binary: the text of mappings/*.toml, by file name.
#pragma once

#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/entry.h"

namespace tocsin::ingest {

std::span<const Entry<std::string_view>> shipped_mappings();  // sorted by name

inline std::optional<std::string_view> shipped_mapping(std::string_view name) {
  for (const auto& entry : shipped_mappings()) {
    if (entry.name == name) return entry.plugin;
  }
  return std::nullopt;
}

}  // namespace tocsin::ingest
