// Misp query: what a search of MISP asks for: restSearch of events and attributes, and the index.
// What it does not know it passes over, as MISP does.
// Source: MISP 2.5, RestResponse and "Automation and MISP API".
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "share/misp_feeds.h"

namespace tocsin::share {

class MispQuery {
 public:
  // `body`: a JSON object, or nothing. Errors: invalid.
  static Result<MispQuery> read(std::string_view body, TimeUs now);

  std::string format = "json";
  std::size_t page = 1, limit = 0;  // 0: all
  bool minimal = false;
  std::string filters;  // all that was asked but the page: the same on each page of one walk

  bool wants(const MispListed& event) const;
  bool wants(const MispLine& line) const;
  bool asks_lines() const {
    return !types_.empty() || !values_.empty() || to_ids_ || !categories_.empty();
  }

 private:
  // "a", "!b" and "%c%" in a list, of which one must fit and none that begins with !.
  struct Words {
    std::vector<std::string> any, none;
    bool empty() const { return any.empty() && none.empty(); }
    bool fit(std::string_view text) const;
  };
  Words types_, values_, categories_, tags_, uuids_, info_, organisations_;
  std::optional<bool> to_ids_, published_;
  std::int64_t from_s_ = INT64_MIN, until_s_ = INT64_MAX;  // the timestamp
  Day first_ = INT32_MIN, last_ = INT32_MAX;               // the date
  bool deleted_ = false;
};

}  // namespace tocsin::share
