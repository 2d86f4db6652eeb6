// Compare: two files of events, whatever their formats, side by side: which events both have, and
// in which fields the same event differs. For running this node beside another system for a while.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace tocsin::ingest {

struct CompareSide {
  std::string_view bytes, name, format;  // format "": found by name and content
};

struct CompareOptions {
  // Fields that are not looked at; what a system gives of its own (ids, feed names, time of
  // arrival) differs always.
  std::set<std::string, std::less<>> ignored;
  std::size_t examples = 3;  // of each kind of difference
};

struct FieldCounts {
  std::uint64_t equal = 0, differs = 0, only_a = 0, only_b = 0;
  struct Example {
    std::string event, a, b;  // "192.0.2.1 2026-01-02T03:04:05Z infected-system"
  };
  std::vector<Example> examples;
};

struct Comparison {
  static constexpr std::size_t events_max = 5'000'000;  // of each side
  std::uint64_t a = 0, b = 0, rejected_a = 0, rejected_b = 0;
  std::uint64_t both = 0, only_a = 0, only_b = 0;   // events, matched by subject, second and type
  std::vector<std::string> examples_a, examples_b;  // of those that one side has alone
  std::map<std::string, FieldCounts> fields;        // of those that both have
  bool equal() const;
};

// What is never compared: id, feed.*, time.observation, raw, rtir_id and what a node works out.
const std::set<std::string, std::less<>>& always_ignored();

// Errors: invalid, if one of them cannot be read as a whole, or has too many events.
Result<Comparison> compare(const CompareSide& a, const CompareSide& b,
                           const CompareOptions& options);

}  // namespace tocsin::ingest
