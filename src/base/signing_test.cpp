#include "base/signing.h"

#include <doctest/doctest.h>

#include <charconv>
#include <string>

#include "base/hash.h"

namespace tocsin {
namespace {

std::string octets(std::string_view digits) {
  std::string out;
  for (std::size_t at = 0; at < digits.size(); at += 2) {
    int value = 0;
    std::from_chars(digits.data() + at, digits.data() + at + 2, value, 16);
    out += static_cast<char>(value);
  }
  return out;
}

}  // namespace

TEST_CASE("Ed25519 signs as RFC 8032 section 7.1 does") {
  struct Vector {
    const char *seed, *key, *message, *signature;
  };
  const Vector vectors[] = {
      {"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
       "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
       "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf"
       "9"
       "b46bd25bf5f0595bbe24655141438e7a100b"},
      {"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
       "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
       "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f"
       "1"
       "1d8c387b2eaeb4302aeeb00d291612bb0c00"}};
  for (const Vector& v : vectors) {
    auto key = SigningKey::from_seed(octets(v.seed));
    REQUIRE(key);
    CHECK(key->public_key().text() == v.key);
    CHECK(hex(key->sign(octets(v.message))) == v.signature);
    CHECK(PublicKey::parse(v.key)->verifies(octets(v.message), octets(v.signature)));
  }
}

TEST_CASE("a signature is of one message by one key") {
  auto key = SigningKey::make(), other = SigningKey::make();
  std::string signature = key.sign("agreed");
  CHECK(key.public_key().verifies("agreed", signature));
  CHECK(!key.public_key().verifies("agreed.", signature));
  CHECK(!other.public_key().verifies("agreed", signature));
  CHECK(!key.public_key().verifies("agreed", signature.substr(1)));
  CHECK(!key.public_key().verifies("agreed", ""));
  for (std::size_t i = 0; i < signature.size(); ++i) {
    std::string changed = signature;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    CHECK(!key.public_key().verifies("agreed", changed));
  }
  CHECK(!PublicKey{}.verifies("agreed", signature));
  CHECK(SigningKey::from_seed(key.seed())->public_key() == key.public_key());
}

TEST_CASE("a public key is read from 64 digits, and has a fingerprint to be read aloud") {
  auto key = SigningKey::make().public_key();
  CHECK(*PublicKey::parse(key.text()) == key);
  CHECK(key.fingerprint().size() == 47);
  for (const char* wrong : {"", "00", "zz"}) CHECK(!PublicKey::parse(wrong));
  CHECK(!PublicKey::parse(key.text() + "0"));
  CHECK(!PublicKey::parse("g" + key.text().substr(1)));
  CHECK(!SigningKey::from_seed("short"));
}

}  // namespace tocsin
