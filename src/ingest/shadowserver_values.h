// The spellings of values in Shadowserver's reports.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"
#include "model/taxonomy.h"

namespace tocsin::shadowserver {

// "0" and "unknown" stand where nothing is known.
inline bool says_nothing(std::string_view value) {
  return value == "0" || value == "unknown";
}
inline bool names_no_host(std::string_view address) {
  return address == "0.0.0.0" || address == "::";
}

// ISO 8601 and its relatives, the dates of HTTP headers and of certificates; UTC unless it names a
// zone. Errors: invalid.
Result<TimeUs> time_of(std::string_view value);

Severity severity_of(std::string_view value);    // none: not a level
Transport transport_of(std::string_view value);  // none: not a protocol
std::optional<std::int64_t> whole_number(std::string_view value);
std::optional<bool> flag_of(std::string_view value);

bool is_base64(std::string_view value);
std::string base64_of(std::string_view bytes);  // Source: RFC 4648 section 4

// "cve-2021-26855;exchange" -> "CVE-2021-26855"; several are divided by ";". "" if there is none.
std::string cve_numbers(std::string_view tags);
// True if `tag` is one of the tags, which are divided by ";".
bool is_tagged(std::string_view tags, std::string_view tag);

// True if `text` can stand between quotes in JSON as it is: printable ASCII without quote and
// backslash.
bool needs_no_escape(std::string_view text);

}  // namespace tocsin::shadowserver
