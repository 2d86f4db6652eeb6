// zstd in memory, for what we ourselves keep; what others send goes through unpack.h.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace tocsin::zstd {

// One frame at level 1 (fast: about 1 GB/s), which tells its length.
std::string pack(std::string_view bytes);

bool is_packed(std::string_view bytes);

// What pack() was given. Errors: invalid: damaged, or longer than `bytes_max`.
Result<std::string> unpack(std::string_view packed, std::size_t bytes_max);

}  // namespace tocsin::zstd
