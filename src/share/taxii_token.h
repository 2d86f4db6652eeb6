// Taxii token: the `next` of a page: where the walk goes on, and for whom.
//
// A token holds all that the walk needs, so a client may leave its filters out, repeat them, or add
// the time of the last page: each walk is the same. It is bound to its principal, collection and
// kind of listing by an HMAC.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"
#include "share/taxii_query.h"

namespace tocsin::share {

struct TaxiiToken {
  TimeUs after = 0;  // date added of the last item that was looked at
  TaxiiMatch match;

  // `walk`: whose walk over what; the same for each page of it. URL-safe.
  std::string text(std::string_view key, std::string_view walk) const;
  // Errors: invalid, if it was not made with this key for this walk.
  static Result<TaxiiToken> read(std::string_view text, std::string_view key,
                                 std::string_view walk);
};

}  // namespace tocsin::share
