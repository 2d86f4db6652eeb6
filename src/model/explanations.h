// Explanations: which words tell what a finding is, what it means and what to do first. The words
// are in catalogue/letters/, a file for each language: KEY.what, KEY.meaning and KEY.first_step.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "model/taxonomy.h"

namespace tocsin {

// "identifier.rdp", then "type.spam": all there are.
const std::vector<std::string>& explanation_keys();

// Its place among them. The identifier's own where there is one ("open-rdp", "accessible-modbus";
// the longest that `identifier` contains as whole words), else the type's.
std::size_t explanation_of(Type type, std::string_view identifier);

}  // namespace tocsin
