// Lists: one value a line, the shape of most public blocklists.
#pragma once

#include <functional>
#include <string_view>

#include "ingest/format.h"

namespace tocsin::ingest {

// Opens and fills the events of one entry. Errors: invalid: the line is rejected.
using TakeEntry = Result<void> (*)(std::string_view entry, std::size_t line, Sink& sink);

// What a line of a list says, without blanks and comments; "" if it says nothing. Comments are
// lines that begin with # ; // or !, and what follows the first word of a line after # ; or //;
// `inline_comments`: also what follows any # or ;, for entries that have none in them.
std::string_view list_entry(std::string_view line, bool inline_comments);

// Every list_entry() that says something.
Result<void> read_list(const Report& report, Sink& sink, bool inline_comments, TakeEntry take);

}  // namespace tocsin::ingest
