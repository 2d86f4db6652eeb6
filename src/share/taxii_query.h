// Taxii query: what a TAXII 2.1 request asks for: its media types, filters, limits and times.
// Source: TAXII 2.1 sections 3.1, 3.2, 3.4, 5.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/http.h"
#include "base/result.h"
#include "base/time.h"

namespace tocsin::share {

inline constexpr std::string_view taxii_media = "application/taxii+json;version=2.1";
inline constexpr std::string_view stix_media = "application/stix+json;version=2.1";

// Does a list of media ranges leave room for an answer? An absent one does, as does a range without
// a version; quality 0 does not. Ranges that are none at all are passed over.
bool accepts_taxii(std::string_view accept);
// Is it what a POST may carry?
bool is_taxii_content(std::string_view content_type);

// What match[...] asks for. Values of a field are alternatives, fields hold together.
struct TaxiiMatch {
  std::set<std::string> ids, types, spec_versions;  // empty: any
  // Of the versions of an object.
  bool first = false, last = true, all = false;
  std::set<TimeUs> versions;

  // The same text for the same match; "" for the usual one.
  std::string text() const;
  bool operator==(const TaxiiMatch&) const = default;
};

struct TaxiiQuery {
  TaxiiMatch match;
  bool matches = false;  // the request says match[...]
  std::optional<TimeUs> added_after;
  std::string added_after_text;  // as the client wrote it
  std::size_t limit = 0;         // 0: not said
  std::string next;

  // Parameters that TAXII does not know are passed over.
  // Errors: invalid, for one that is malformed or given twice.
  static Result<TaxiiQuery> read(const http::Request& request);
};

// "2026-01-02T03:04:05.000000Z": six digits of fraction. Source: TAXII 2.1 section 2.
std::string taxii_time(TimeUs time);

}  // namespace tocsin::share
