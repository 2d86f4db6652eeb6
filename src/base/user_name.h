// User names: one spelling a person, so that two names that read alike cannot be two people.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace tocsin {

struct UserName {
  std::string shown;  // NFC, as it was typed
  std::string key;    // compatibility forms and case folded: what names are compared by
};

// 1 to 64 letters, digits and `. _ - @`, a letter or digit first, letters of one script.
// Errors: invalid. Source: Unicode UAX #15 and #31; UTS #39 (single script).
Result<UserName> user_name(std::string_view text);

}  // namespace tocsin
