// One-time codes by time, as authenticator apps show them. Source: RFC 6238 and 4226: HMAC-SHA-1,
// 30 seconds, 6 digits, which every such app knows.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"

namespace tocsin::totp {

inline constexpr TimeUs step_us = 30 * us_per_s;

std::string new_secret();  // 20 random bytes
std::string code(std::string_view secret, std::uint64_t step, unsigned digits = 6);

// The step whose code `text` is: that of `now`, the one before or the one after, and later than
// `last`, so that no code serves twice. Blanks in `text` are passed over. nullopt: none.
std::optional<std::uint64_t> match(std::string_view secret, std::string_view text, TimeUs now,
                                   std::uint64_t last);

// RFC 4648 section 6, without padding.
std::string base32(std::string_view bytes);
// What an authenticator app scans. Source: Google Authenticator's "Key Uri Format".
std::string uri(std::string_view issuer, std::string_view account, std::string_view secret);

}  // namespace tocsin::totp
