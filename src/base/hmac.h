// HMAC-SHA-256: a text's proof by a key that two sides know. Source: RFC 2104.
#pragma once

#include <string_view>

#include "base/hash.h"

namespace tocsin {

Sha256 hmac_sha256(std::string_view key, std::string_view bytes);

}  // namespace tocsin
