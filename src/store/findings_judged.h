// Findings::JudgedTest: a condition on what people said, prepared once for each question.
#pragma once

#include <cstdint>
#include <vector>

#include "store/findings.h"
#include "store/mutes.h"

namespace tocsin::store {

struct Findings::JudgedTest {
  std::vector<std::uint32_t> rows;  // that differ from all others, sorted
  bool all_others = false;          // what the condition says of those
  MuteTable mutes;                  // that cover further ones
};

}  // namespace tocsin::store
