// zstd in memory, for what we ourselves keep; what others send goes through unpack.h.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace tocsin::zstd {

// One frame at level 1 (fast: about 1 GB/s), which tells its length.
std::string pack(std::string_view bytes);

bool is_packed(std::string_view bytes);

// What pack() was given. Errors: invalid: damaged, or longer than `bytes_max`.
Result<std::string> unpack(std::string_view packed, std::size_t bytes_max);

// A file of one frame at level 3 with a checksum, there whole or not at all. Gives its size.
// Errors: unavailable.
Result<std::uint64_t> pack_file(std::string_view bytes, const std::string& path);

// Hands over what the file holds, piece by piece. Errors: those of `take`; missing; unavailable;
// invalid: damaged.
Result<void> unpack_file(const std::string& path,
                         const std::function<Result<void>(std::string_view piece)>& take);

}  // namespace tocsin::zstd
