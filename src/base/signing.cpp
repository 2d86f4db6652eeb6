#include "base/signing.h"

#include <sodium.h>

#include "base/check.h"
#include "base/hash.h"
#include "base/text.h"

namespace tocsin {
namespace {

const unsigned char* octets(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

}  // namespace

Result<PublicKey> PublicKey::parse(std::string_view text) {
  PublicKey key;
  std::size_t used = 0;
  if (text.size() != key.bytes.size() * 2 ||
      sodium_hex2bin(key.bytes.data(), key.bytes.size(), text.data(), text.size(), nullptr, &used,
                     nullptr) != 0 ||
      used != key.bytes.size())
    return invalid("a public key is 64 hexadecimal digits, not " + text::quote(text));
  return key;
}

std::string PublicKey::text() const {
  return hex({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

std::string PublicKey::fingerprint() const {
  std::string digits =
      hex(sha256({reinterpret_cast<const char*>(bytes.data()), bytes.size()})).substr(0, 40);
  std::string out;
  for (std::size_t at = 0; at < digits.size(); at += 5)
    out += (at > 0 ? " " : "") + digits.substr(at, 5);
  return out;
}

bool PublicKey::verifies(std::string_view message, std::string_view signature) const {
  return signature.size() == signature_size &&
         crypto_sign_verify_detached(octets(signature), octets(message), message.size(),
                                     bytes.data()) == 0;
}

SigningKey SigningKey::make() {
  SigningKey key;
  check(sodium_init() >= 0, "signing: libsodium");
  crypto_sign_keypair(key.public_key_.bytes.data(), key.secret_.data());
  return key;
}

Result<SigningKey> SigningKey::from_seed(std::string_view seed) {
  if (seed.size() != crypto_sign_SEEDBYTES) return invalid("a private key has 32 octets");
  SigningKey key;
  crypto_sign_seed_keypair(key.public_key_.bytes.data(), key.secret_.data(), octets(seed));
  return key;
}

SigningKey::~SigningKey() {
  sodium_memzero(secret_.data(), secret_.size());
}

std::string SigningKey::seed() const {
  return {reinterpret_cast<const char*>(secret_.data()), crypto_sign_SEEDBYTES};
}

std::string SigningKey::sign(std::string_view message) const {
  std::string signature(signature_size, '\0');
  crypto_sign_detached(reinterpret_cast<unsigned char*>(signature.data()), nullptr, octets(message),
                       message.size(), secret_.data());
  return signature;
}

}  // namespace tocsin
