// Decoders: the packings themselves, from bytes to pieces of bytes. unpack.h puts them together.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace tocsin::decoders {

enum class Packing { none, gzip, zstd, zip, tar, unknown };

// By the first bytes. `unknown`: bzip2, xz, 7z and rar, which we name and refuse.
Packing packing_of(std::string_view bytes);
std::string_view name(Packing packing);

using Write = std::function<Result<void>(std::string_view)>;

// All members one after the other. Errors: invalid (truncated, damaged); those of `write`.
Result<void> gunzip(std::string_view bytes, const Write& write);
Result<void> unzstd(std::string_view bytes, const Write& write);

// Called for each file of an archive, before its bytes; gives where they go.
using Open = std::function<Result<Write>(std::string_view name)>;

// Folders and links are passed over. Errors: invalid (damaged, a password needed or wrong).
Result<void> unzip(std::string_view bytes, std::string_view password, const Open& open);
Result<void> untar(std::string_view bytes, const Open& open);

}  // namespace tocsin::decoders
