// Canonical JSON: the one spelling of a JSON text, for hashes and signatures.
// Source: RFC 8785 (JCS); RFC 7493 (I-JSON) for what has no such spelling.
#pragma once

#include <simdjson.h>

#include <string>
#include <string_view>

#include "base/result.h"

namespace tocsin {

// Members sorted by the UTF-16 code units of their names, no white space, numbers and strings as
// ECMAScript writes them. The canonical form of a canonical text is the same text.
// Errors: invalid: no JSON, a name twice in one object, a lone surrogate, an integer that a double
// does not hold exactly (beyond 2^53 - 1, however it is spelled), nesting beyond 128.
Result<std::string> canonical_json(std::string_view json);
Result<std::string> canonical_json(const simdjson::dom::element& value);

// A number as ECMAScript prints it: the shortest digits that read back as the same; 1e+21 from
// 10^21 on, 1e-7 below 10^-6. NaN and infinities are a bug.
// Source: RFC 8785 section 3.2.2.3; ECMA-262 section 7.1.12.1.
std::string es_number(double value);

}  // namespace tocsin
