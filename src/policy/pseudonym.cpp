#include "policy/pseudonym.h"

#include <openssl/evp.h>

#include <algorithm>

#include "base/check.h"
#include "base/hmac.h"

namespace tocsin::policy {
namespace {

constexpr std::size_t bits_max = 128;
constexpr std::size_t hash_bytes = 16;

std::string_view octets(const PseudonymKey& key) {
  return {reinterpret_cast<const char*>(key.data()), key.size()};
}

// Where an address begins in its 16 bytes: IPv4 stands in the last four.
std::size_t first_byte(const Ip& ip) {
  return ip.is_v4() ? 12 : 0;
}

std::uint8_t bit(std::size_t i) {
  return static_cast<std::uint8_t>(0x80u >> (i % 8));
}

}  // namespace

PseudonymKey pseudonym_key(std::string_view secret, std::string_view agreement_id) {
  return hmac_sha256(secret, "tocsin pseudonym key 1\n" + std::string(agreement_id));
}

void CryptoPan::Free::operator()(evp_cipher_ctx_st* context) const {
  EVP_CIPHER_CTX_free(context);
}

CryptoPan::CryptoPan(const PseudonymKey& key) : aes_(EVP_CIPHER_CTX_new()) {
  check(aes_ && EVP_EncryptInit_ex(aes_.get(), EVP_aes_128_ecb(), nullptr, key.data(), nullptr) &&
            EVP_CIPHER_CTX_set_padding(aes_.get(), 0),
        "pseudonym: AES-128");
  Block plain{};
  std::copy_n(key.begin() + 16, 16, plain.begin());
  encrypt(&plain, &pad_, 1);
}

void CryptoPan::encrypt(const Block* in, Block* out, std::size_t blocks) const {
  int size = static_cast<int>(blocks * sizeof(Block)), done = 0;
  check(EVP_EncryptUpdate(aes_.get(), out->data(), &done, in->data(), size) && done == size,
        "pseudonym: AES-128 of whole blocks");
}

// Bit i is flipped by the first bit of E(first i bits of the address, then the pad): all blocks
// are known beforehand, so one call encrypts them.
Ip CryptoPan::pseudonym(const Ip& ip) const {
  std::size_t at = first_byte(ip), bits = (16 - at) * 8;
  std::array<Block, bits_max> in{}, out{};
  Block block = pad_;
  for (std::size_t i = 0; i < bits; ++i) {
    in[i] = block;
    block[i / 8] =
        static_cast<std::uint8_t>((block[i / 8] & ~bit(i)) | (ip.bytes[at + i / 8] & bit(i)));
  }
  encrypt(in.data(), out.data(), bits);
  Ip result = ip;
  for (std::size_t i = 0; i < bits; ++i) {
    if ((out[i][0] & 0x80) != 0) result.bytes[at + i / 8] ^= bit(i);
  }
  return result;
}

Network CryptoPan::pseudonym(const Network& network) const {
  Network result{pseudonym(network.base), network.length};
  for (std::size_t i = network.length; i < bits_max; ++i)
    result.base.bytes[i / 8] &= static_cast<std::uint8_t>(~bit(i));
  return result;
}

Ip CryptoPan::original(const Ip& pseudonym) const {
  std::size_t at = first_byte(pseudonym), bits = (16 - at) * 8;
  Ip result = pseudonym;
  Block block = pad_, out{};
  for (std::size_t i = 0; i < bits; ++i) {
    encrypt(&block, &out, 1);
    if ((out[0] & 0x80) != 0) result.bytes[at + i / 8] ^= bit(i);
    block[i / 8] =
        static_cast<std::uint8_t>((block[i / 8] & ~bit(i)) | (result.bytes[at + i / 8] & bit(i)));
  }
  return result;
}

std::string keyed_hash(const PseudonymKey& key, std::string_view sort, std::string_view value) {
  std::string text = "tocsin keyed hash 1\n";
  text += sort;
  text += '\n';
  text += value;
  return hex(hmac_sha256(octets(key), text)).substr(0, hash_bytes * 2);
}

}  // namespace tocsin::policy
