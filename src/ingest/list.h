// Lists: one value a line, the shape of most public blocklists.
#pragma once

#include <functional>
#include <string_view>

#include "ingest/format.h"
#include "wire/list.h"

namespace tocsin::ingest {

// Opens and fills the events of one entry. Errors: invalid: the line is rejected.
using TakeEntry = Result<void> (*)(std::string_view entry, std::size_t line, Sink& sink);

using wire::list_entry;
using wire::listed_names;

// Every list_entry() that says something.
Result<void> read_list(const Report& report, Sink& sink, bool inline_comments, TakeEntry take);

}  // namespace tocsin::ingest
