// A log as a file: who has it can check it without the node. A line for the last head, then one for
// each entry; docs/ledger.md has the members, tools/verify_ledger.py reads it too.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "ledger/log_check.h"

namespace tocsin::ledger {

std::string log_heading(const Head& last);  // with its line end, as the next
// Canonical.
std::string entry_line(const Entry& entry);
// A line without its end. Errors: invalid, also any other spelling.
Result<Entry> read_entry(std::string_view line);

// Errors: invalid: "entry 17: ..." or "the heading: ...".
Result<Verdict> check_log(std::string_view file, std::span<const Tree> known = {});

}  // namespace tocsin::ledger
