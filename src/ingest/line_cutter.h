// LineCutter: the lines of a stream that comes in pieces, of bounded size.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.h"

namespace tocsin::ingest {

// One stream. Lines end in LF, which is not theirs. A longer line is cut at `line_bytes_max`, and
// its rest is nobody's.
class LineCutter {
 public:
  explicit LineCutter(std::size_t line_bytes_max) : line_bytes_max_(line_bytes_max) {}

  // Calls add(line) for each line that ends in `bytes`, or is as long as one may be.
  // Errors: the first that `add` gives; what follows in `bytes` is lost.
  template <class Add>
  Result<void> take(std::string_view bytes, Add&& add) {
    while (!bytes.empty()) {
      std::size_t end = bytes.find('\n');
      bool whole = end != bytes.npos;
      std::string_view piece = bytes.substr(0, end);
      bytes.remove_prefix(whole ? end + 1 : bytes.size());
      if (!skipping_) {
        std::size_t room = line_bytes_max_ - part_.size();
        part_ += piece.substr(0, room);
        skipping_ = piece.size() > room;
        if (whole || skipping_) {
          auto added = add(std::string_view(part_));
          part_.clear();
          if (!added) return added;
        }
      }
      if (whole) skipping_ = false;
    }
    return {};
  }

  // At the stream's end: a last line without its LF.
  template <class Add>
  Result<void> finish(Add&& add) {
    if (part_.empty()) return {};
    auto added = add(std::string_view(part_));
    part_.clear();
    return added;
  }

 private:
  std::size_t line_bytes_max_;
  std::string part_;       // what has come of the last line
  bool skipping_ = false;  // the rest of a line that was cut
};

}  // namespace tocsin::ingest
