// The version of this program, "major.minor.patch".
#pragma once

#include <string_view>

namespace tocsin {

std::string_view version();

}  // namespace tocsin
