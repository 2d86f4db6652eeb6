#include "base/password.h"

#include <sodium.h>

#include <set>

#include "base/check.h"
#include "base/text.h"

namespace tocsin::password {
namespace {

std::size_t characters(std::string_view text) {
  std::size_t count = 0;
  for (char c : text) count += (static_cast<unsigned char>(c) & 0xc0) != 0x80 ? 1 : 0;
  return count;
}

}  // namespace

Result<void> judge(std::string_view password, std::string_view user) {
  if (password.size() > most) return invalid("a password has at most 1024 bytes");
  if (!text::is_utf8(password)) return invalid("a password is UTF-8 text");
  if (characters(password) < least) return invalid("a password has at least 12 characters");
  if (std::set<char>(password.begin(), password.end()).size() < 5) {
    return invalid("a password has at least 5 different characters");
  }
  if (!user.empty() && text::lower(password).contains(text::lower(user)) &&
      characters(password) - characters(user) < least / 2) {
    return invalid("a password is more than the user's name");
  }
  return {};
}

Result<std::string> hash(std::string_view password, const Cost& cost) {
  check(sodium_init() >= 0, "libsodium starts");
  if (password.size() > most) return invalid("a password has at most 1024 bytes");
  char text[crypto_pwhash_STRBYTES];
  if (crypto_pwhash_str_alg(text, password.data(), password.size(), cost.passes, cost.memory_bytes,
                            crypto_pwhash_ALG_ARGON2ID13) != 0) {
    return unavailable("no memory to hash a password");
  }
  return std::string(text);
}

bool verify(const std::string& hash, std::string_view password) {
  check(sodium_init() >= 0, "libsodium starts");
  if (password.size() > most || hash.size() >= crypto_pwhash_STRBYTES) return false;
  return crypto_pwhash_str_verify(hash.c_str(), password.data(), password.size()) == 0;
}

bool is_dated(const std::string& hash, const Cost& cost) {
  return crypto_pwhash_str_needs_rehash(hash.c_str(), cost.passes, cost.memory_bytes) != 0;
}

}  // namespace tocsin::password
