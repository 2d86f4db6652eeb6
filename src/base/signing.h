// Signing: Ed25519 keys and signatures. Source: RFC 8032; libsodium (crypto_sign).
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace tocsin {

// The 32 octets of RFC 8032 section 5.1.5; as text 64 small hexadecimal digits.
struct PublicKey {
  std::array<std::uint8_t, 32> bytes{};
  auto operator<=>(const PublicKey&) const = default;

  // Errors: invalid, if it is not 64 hexadecimal digits.
  static Result<PublicKey> parse(std::string_view text);
  std::string text() const;
  // SHA-256 of the octets, first 20 of them in eight groups of five digits, to be compared by
  // voice: "3d401 7c3e8 ...".
  std::string fingerprint() const;
  // Signatures with a public key or point of small order are refused, as libsodium does.
  bool verifies(std::string_view message, std::string_view signature) const;
};

inline constexpr std::size_t signature_size = 64;

class SigningKey {
 public:
  static SigningKey make();  // from the system's randomness
  // `seed`: the 32 octets of a private key. Errors: invalid.
  static Result<SigningKey> from_seed(std::string_view seed);
  SigningKey(SigningKey&&) noexcept = default;
  SigningKey& operator=(SigningKey&&) noexcept = default;
  ~SigningKey();  // overwrites the key

  const PublicKey& public_key() const { return public_key_; }
  std::string seed() const;                          // for the one file that keeps it
  std::string sign(std::string_view message) const;  // signature_size octets

 private:
  SigningKey() = default;
  std::array<std::uint8_t, 64> secret_{};
  PublicKey public_key_;
};

}  // namespace tocsin
