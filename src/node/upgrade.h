// Upgrade: which program wrote a home, and the copy that is made of it before this one changes it.
//
// HOME/version holds the version and the schemas of the program that opened the home last; a home
// without it is one of 0.1.0. Each store brings itself up to date, each step in a transaction, when
// it is opened; HOME/version is written when all of them have. So a program that is killed half-way
// goes on where it was, and the copy that was made first stays.
#pragma once

#include <optional>
#include <string>

#include "base/result.h"

namespace tocsin::node {

struct Written {
  std::string version;  // of the program
  int journal = 0, columns = 0, findings = 0;
  bool operator==(const Written&) const = default;
};

// By what this home was written last; nullopt: it is empty. Errors: invalid, if HOME/version is
// damaged.
Result<std::optional<Written>> written_by(const std::string& home);
Written this_program();

// Before the stores are opened. Copies the home to HOME/backups/before-VERSION where it is an
// earlier program's, unless that copy is there or `skip_copy`. Errors: denied (a newer program's;
// names it), unavailable (no room: names what is needed and how to go without; the disk).
Result<void> prepare_upgrade(const std::string& home, bool skip_copy);
// After they were opened. Errors: unavailable.
Result<void> finish_upgrade(const std::string& home);

}  // namespace tocsin::node
