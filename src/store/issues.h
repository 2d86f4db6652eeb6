// Issues: situation reports as they were issued: what they said and to whom, kept under the hash of
// their bytes, so that a figure that was cited can be looked up again.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "store/tables.h"

namespace tocsin::store {

struct Issue {
  std::string id, period, country, constituent, audience;
  std::uint64_t k = 0, seq = 0;  // seq: of the last batch that it counts
  TimeUs as_of = 0;
  std::string sha256, supersedes;
  std::string figures;  // a JSON object: figure, value
};

class Issues {
 public:
  // Pages lie in `folder`, as SHA256.html. Errors: those of Tables::open().
  static Result<Issues> open(Journal& journal, std::string folder);

  // The last one of the same period, country, constituent and audience, and, if `with_k`, the same
  // k; nullopt: there is none.
  Result<std::optional<Issue>> last(const Issue& like, bool with_k) const;
  Result<std::vector<Issue>> list(std::size_t most) const;  // newest first
  Result<Issue> one(std::string_view id) const;             // missing
  // Writes the page, then the row; an id is never used twice. Errors: unavailable.
  Result<void> add(Issue issue, std::string_view page);
  // The page, as it was issued. Errors: missing; invalid, if its bytes are not those any more.
  Result<std::string> page(std::string_view id) const;

 private:
  Issues(Tables tables, std::string folder)
      : tables_(std::move(tables)), folder_(std::move(folder)) {}
  std::string path_of(std::string_view sha256) const;
  Tables tables_;
  std::string folder_;
};

}  // namespace tocsin::store
