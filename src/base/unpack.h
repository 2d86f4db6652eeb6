// Unpack: what is inside a file that may be packed: gzip, zstd, zip, tar, and these inside each
// other, under caps; its text in UTF-8.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/mapped_file.h"
#include "base/result.h"

namespace tocsin {

struct UnpackLimits {
  std::uint64_t bytes_max = 4ULL << 30;  // of everything that comes out
  std::uint64_t ratio_max = 400;         // out / in, looked at from 64 MiB on: a bomb
  unsigned nesting_max = 2;              // packed things inside packed things; a tar is no level
  std::size_t entries_max = 10'000;
};

struct Unpacked {
  std::string name;      // the file's own name, without folders; "" where the archive gives none
  std::string path;      // where its bytes are: the file itself, or a new one in `out_folder`
  bool made = false;     // a new file: whoever uses it removes it
  std::size_t skip = 0;  // octets of a byte order mark at its start
};

// The files inside `path`, in the archive's order. A plain file in UTF-8 comes back as itself.
// `name` is what the file was called where it came from, without which a gzip's content would be
// called after its place in the spool; "": as the path. `password` opens encrypted zips; `charset`
// is what the sender declares, "" if nothing. Errors: invalid (truncated, damaged, a bomb, too
// many, a password needed or wrong, a packing we do not know), unavailable (disk full). After an
// error nothing is left in `out_folder`.
Result<std::vector<Unpacked>> unpack_file(const std::string& path, const UnpackLimits& limits,
                                          const std::string& out_folder, std::string_view name = {},
                                          std::string_view password = {},
                                          std::string_view charset = {});

// A text that is mapped, not read. What had to be unpacked or converted is in a file without a
// name, which ends with it.
struct MappedText {
  MappedFile file;
  std::size_t skip = 0;
  std::string_view bytes() const { return file.bytes().substr(skip); }
};

// The one text inside `path`, in UTF-8: of any size, it takes no memory. `folder` is for what must
// be written; "": the system's for temporary files. Errors: those of unpack_file(); invalid, also
// if there are several.
Result<MappedText> map_text(const std::string& path, const UnpackLimits& limits = {},
                            const std::string& folder = {});
// The same of what has no file: `next` gives piece after piece, and "" at the end. Errors: its too.
using NextPiece = std::function<Result<std::string_view>()>;
Result<MappedText> map_text(const NextPiece& next, const UnpackLimits& limits = {},
                            const std::string& folder = {});

inline constexpr UnpackLimits limits_in_memory{.bytes_max = 256ULL << 20};

// In memory, for small things: the one file inside, in UTF-8. Errors: invalid, also if there are
// several.
Result<std::string> unpack_text(std::string_view bytes,
                                const UnpackLimits& limits = limits_in_memory,
                                std::string_view password = {}, std::string_view charset = {});

}  // namespace tocsin
