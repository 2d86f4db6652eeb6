// Finding a format: the plug-ins and the shipped mappings, by name.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "ingest/format.h"

namespace tocsin::ingest {

using Reader = std::function<Result<void>(const Report& report, Sink& sink)>;

// A plug-in's name, a shipped mapping's name. Errors: missing, with the nearest names.
Result<Reader> find_format(std::string_view name);

// Whether find_format() knows it; `auto` is fine. Errors: invalid, with all names there are; those
// of a mapping file.
Result<void> check_format(std::string_view name);

// For `auto`: the format that file name and first bytes speak for; "" if none does.
std::string detect_format(std::string_view name, std::string_view bytes);

struct KnownFormat {
  std::string_view name, summary;
};
std::vector<KnownFormat> known_formats();  // sorted by name

}  // namespace tocsin::ingest
