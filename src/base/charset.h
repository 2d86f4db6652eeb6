// Charset: which encoding a text is in, and the text in UTF-8.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace tocsin::charset {

struct Guess {
  std::string name;      // as iconv(3) knows it; "UTF-8" also for ASCII
  std::size_t skip = 0;  // octets of the byte order mark
};

// By byte order mark; else UTF-8 if all of it is, UTF-16 by where its zeros stand, else
// Windows-1252 (which holds Latin-1). A text that is UTF-8 save for a few bytes stays UTF-8: one
// banner in another encoding does not spoil the rest. A declared encoding wins unless a byte order
// mark says otherwise.
Guess guess(std::string_view bytes, std::string_view declared = {});

using Write = std::function<Result<void>(std::string_view)>;

// Passes `bytes` on in UTF-8, piece by piece. Bytes that mean nothing become U+FFFD.
// Errors: invalid, if iconv does not know the encoding; those of `write`.
Result<void> convert(std::string_view bytes, const Guess& from, const Write& write);

// All of it at once, the mark removed.
Result<std::string> to_utf8(std::string_view bytes, std::string_view declared = {});

}  // namespace tocsin::charset
