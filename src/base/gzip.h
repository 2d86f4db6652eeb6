// gzip of small texts: HTTP answers and the console's files. Reports are unpacked by their
// collector.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace tocsin::gzip {

std::string pack(std::string_view bytes);
// Errors: invalid, if it is no whole gzip member; denied, if it would be larger than
// `size_max_bytes`.
Result<std::string> unpack(std::string_view bytes, std::size_t size_max_bytes);

}  // namespace tocsin::gzip
