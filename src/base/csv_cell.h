// One field of CSV to write, and what it was. Source: RFC 4180.
#pragma once

#include <string>
#include <string_view>

namespace tocsin::csv {

// Quoted where it must be, or where another separator than a comma stands in it. What a spreadsheet
// would run as a formula, at its begin or after such a separator, has an apostrophe before it.
std::string cell(std::string_view text);

// The text that cell() wrote, from the field as a reader of CSV gives it: without the apostrophes.
std::string plain(std::string_view field);

}  // namespace tocsin::csv
