#include "base/totp.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include <fmt/format.h>

#include <array>

#include "base/check.h"
#include "base/http.h"

namespace tocsin::totp {

std::string new_secret() {
  std::string secret(20, '\0');
  check(RAND_bytes(reinterpret_cast<unsigned char*>(secret.data()),
                   static_cast<int>(secret.size())) == 1,
        "the system gives random bytes");
  return secret;
}

std::string code(std::string_view secret, std::uint64_t step, unsigned digits) {
  std::array<unsigned char, 8> counter{};
  for (std::size_t i = 0; i < counter.size(); ++i) {
    counter[i] = static_cast<unsigned char>(step >> (8 * (7 - i)));
  }
  std::array<unsigned char, EVP_MAX_MD_SIZE> mac{};
  unsigned size = 0;
  check(HMAC(EVP_sha1(), secret.data(), static_cast<int>(secret.size()), counter.data(),
             counter.size(), mac.data(), &size) != nullptr,
        "OpenSSL has HMAC-SHA-1");
  std::size_t at = mac[size - 1] & 15u;
  std::uint32_t number = (mac[at] & 127u) << 24 | std::uint32_t{mac[at + 1]} << 16 |
                         std::uint32_t{mac[at + 2]} << 8 | mac[at + 3];
  std::uint32_t most = 1;
  for (unsigned i = 0; i < digits; ++i) most *= 10;
  return fmt::format("{:0{}}", number % most, digits);
}

std::optional<std::uint64_t> match(std::string_view secret, std::string_view text, TimeUs now,
                                   std::uint64_t last) {
  std::string given;
  for (char c : text) {
    if (c != ' ') given += c;
  }
  auto step = static_cast<std::uint64_t>(now / step_us);
  std::optional<std::uint64_t> found;
  for (std::uint64_t one : {step - 1, step, step + 1}) {  // all of them: the time tells nothing
    std::string right = code(secret, one);
    bool same = given.size() == right.size() &&
                CRYPTO_memcmp(given.data(), right.data(), right.size()) == 0;
    if (same && one > last && !found) found = one;
  }
  return found;
}

std::string base32(std::string_view bytes) {
  constexpr std::string_view letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  std::string out;
  unsigned bits = 0, kept = 0;
  for (char c : bytes) {
    bits = bits << 8 | static_cast<unsigned char>(c);
    for (kept += 8; kept >= 5; kept -= 5) out += letters[bits >> (kept - 5) & 31];
    bits &= (1u << kept) - 1;
  }
  if (kept > 0) out += letters[bits << (5 - kept) & 31];
  return out;
}

std::string uri(std::string_view issuer, std::string_view account, std::string_view secret) {
  return fmt::format("otpauth://totp/{}:{}?secret={}&issuer={}", http::percent_encode(issuer),
                     http::percent_encode(account), base32(secret), http::percent_encode(issuer));
}

}  // namespace tocsin::totp
