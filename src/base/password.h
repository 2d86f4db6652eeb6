// Passwords: argon2id, in libsodium's text form that names its own parameters. Source: RFC 9106.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.h"

namespace tocsin::password {

// 64 MiB and three passes: about 0.1 s of one core, of which an attacker needs as much a guess.
struct Cost {
  unsigned long long passes = 3;
  std::size_t memory_bytes = std::size_t{64} << 20;
};

inline constexpr std::size_t least = 12, most = 1024;  // characters; bytes

// Is it good enough to be set? Source: NIST SP 800-63B section 5.1.1.2. Errors: invalid.
Result<void> judge(std::string_view password, std::string_view user);

// These take the whole of Cost: never on a thread that others wait for.
Result<std::string> hash(std::string_view password, const Cost& cost = {});
bool verify(const std::string& hash, std::string_view password);

// Was it hashed with other parameters than these, and wants to be hashed again?
bool is_dated(const std::string& hash, const Cost& cost = {});

}  // namespace tocsin::password
