// The canonical spelling of what events hold. Each function is idempotent: the result normalises to
// itself.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace tocsin::normal {

// A host or domain name: IDNA 2008 to its A-label form, lower case, no trailing dot, 1 to 253
// octets, labels of 1 to 63. An underscore is allowed (service names are seen in DNS reports); a
// lone label is allowed only if `single_label`. Addresses are not names. Errors: invalid. Source:
// RFC 5890, RFC 1035 section 2.3.4.
Result<std::string> name(std::string_view text, bool single_label = false);

// True if `text` is a canonical name as it stands; cheap. False says nothing: ask name().
bool is_plain_name(std::string_view text, bool single_label = false);

// Scheme and host lower case and canonical, default port dropped, no fragment, path kept as it is
// ("" becomes "/"). "hxxp" and "[.]" are read as http and ".". Schemes: any RFC 3986 scheme with
// "//" after it. Errors: invalid. At most 8,192 octets.
Result<std::string> url(std::string_view text);

// The host part of a canonical URL: a name or an address (IPv6 without brackets). "" if none.
std::string_view url_host(std::string_view canonical_url);

// local@domain: domain canonical, local part as it is. Errors: invalid. Source: RFC 5321
// section 4.1.2.
Result<std::string> email(std::string_view text);

// Hexadecimal digits in lower case, exactly 2 * `octets` of them. Errors: invalid.
Result<std::string> hash(std::string_view text, std::size_t octets);

}  // namespace tocsin::normal
