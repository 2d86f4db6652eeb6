// Constituents as files: CSV and JSON, read with each error at its line, and written.
//
// CSV has a line of column names: name, sector, country, language, prefixes, asns, names, contacts,
// sure, provider, whole_country. A cell with several values parts them by blanks, commas or
// semicolons; rows of one name are one constituent. JSON has the same names: a list of objects,
// {"constituents": [...]}, or an object a line.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "alert/constituent.h"

namespace tocsin::alert {

struct FileError {
  std::size_t line = 0;  // or the place in a JSON list, from 1
  std::string what;
};

struct ConstituentsFile {
  std::vector<Constituent> constituents;  // settled; without id
  std::vector<FileError> errors;          // by line, 1,000 at most; what is wrong is left out whole
};

// JSON if it begins with [ or {, else CSV. Errors: invalid, where nothing of it can be read.
Result<ConstituentsFile> read_constituents(std::string_view bytes);

std::string constituents_csv(std::span<const Constituent> constituents);
std::string constituents_json(std::span<const Constituent> constituents);

}  // namespace tocsin::alert
