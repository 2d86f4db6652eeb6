// Pseudonyms: addresses by Crypto-PAn, and keyed hashes of other values, with a key per agreement.
// Under the GDPR this is pseudonymisation, not anonymisation: whoever has the key can undo the one
// and try values against the other.
// Source: Xu, Fan, Ammar, Moon, "Prefix-Preserving IP Address Anonymization" (ICNP 2002).
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/ip.h"

struct evp_cipher_ctx_st;

namespace tocsin::policy {

using PseudonymKey = std::array<std::uint8_t, 32>;

// The key of one agreement, from a secret of the node: the same for each version of it.
// Errors: none; `secret` should have 32 random octets or more.
PseudonymKey pseudonym_key(std::string_view secret, std::string_view agreement_id);

// The same prefix in, a prefix of the same length in common out, and no longer one; one to one
// within IPv4 and within IPv6. Networks stay networks. One thread at a time.
class CryptoPan {
 public:
  explicit CryptoPan(const PseudonymKey& key);
  Ip pseudonym(const Ip& ip) const;
  Network pseudonym(const Network& network) const;
  Ip original(const Ip& pseudonym) const;  // for a reveal that was asked for and is logged

 private:
  using Block = std::array<std::uint8_t, 16>;
  struct Free {
    void operator()(evp_cipher_ctx_st* context) const;
  };
  void encrypt(const Block* in, Block* out, std::size_t blocks) const;
  std::unique_ptr<evp_cipher_ctx_st, Free> aes_;
  Block pad_{};
};

// 32 hexadecimal digits that stand for `value`: the same for the same value of the same sort
// ("name", "account"), nothing else without the key. HMAC-SHA-256, its first 16 octets.
std::string keyed_hash(const PseudonymKey& key, std::string_view sort, std::string_view value);

}  // namespace tocsin::policy
