// The web console inside the binary: the files of console/dist, made into a table by
// cmake/console.cmake.
#pragma once

#include <span>
#include <string_view>

namespace tocsin::api {

struct ConsoleFile {
  std::string_view path;   // from the console's root, without a leading slash: "index.html"
  std::string_view type;   // for Content-Type
  std::string_view bytes;  // as they are to be sent; static storage
  std::string_view etag;   // with its quotes; changes with the content
  bool gzip;               // `bytes` are compressed: send Content-Encoding: gzip, or inflate
};

// Sorted by path. Empty when the console was not built before the binary.
std::span<const ConsoleFile> console_files();

}  // namespace tocsin::api
