// Explanations: what a finding is, what it means and what to do first, in three plain lines.
#pragma once

#include <span>
#include <string_view>

#include "model/taxonomy.h"

namespace tocsin {

struct Explanation {
  std::string_view what, meaning, first_step;
};

// The identifier's own text where there is one ("open-rdp", "accessible-modbus"; the longest that
// `identifier` contains as whole words), else the type's.
const Explanation& explanation(Type type, std::string_view identifier);

}  // namespace tocsin
