// Records of a JSON report, cut out of the text one by one, so that a large list needs no large
// tree: the elements of a list at a path, or one value after the other (JSON lines).
#pragma once

#include <cstddef>
#include <functional>
#include <string_view>

#include "base/result.h"

namespace tocsin::ingest {

struct JsonRecord {
  std::size_t line;       // from 1, of its first byte
  std::string_view json;  // not checked beyond where it ends
  std::string_view key;   // the member's name where the path ends in "*", as it stands
};

using EachRecord = std::function<void(const JsonRecord&)>;
using EachReject = std::function<void(std::size_t line, Error why, std::string_view bytes)>;

// `path`: names divided by dots, "*" for every member; "" is the top. A list found there gives its
// elements, anything else itself. At the top several values may follow each other; one that does
// not end within its line is rejected and reading goes on at the next line.
// Errors: invalid, if there is no such path or the text ends inside a list.
Result<void> json_records(std::string_view text, std::string_view path, const EachRecord& record,
                          const EachReject& reject);

}  // namespace tocsin::ingest
