// Printing answers of the node: lists as tables or JSON lines, and members of JSON as text.
#pragma once

#include <simdjson.h>

#include <string>
#include <vector>

#include "cli/call.h"

namespace tocsin::cli {

// A member by its name, or further in by "/pointer"; "" if it is not there. Of a list its items,
// with blanks between; else what is not text as JSON.
std::string text_of(const simdjson::dom::element& item, const char* key);

// Prints a list answer: the named members of each item under their names; "head=/pointer" is a
// member further in, ">" before a name sets it to the right.
Result<void> print_list(Caller& caller, const Caller::Ask& ask,
                        const std::vector<std::string>& columns, bool as_json);

// Of a withdrawal: which reports tell the same, and whom alerts of it went to; a line each.
void print_told(const simdjson::dom::element& withdrawal);

}  // namespace tocsin::cli
