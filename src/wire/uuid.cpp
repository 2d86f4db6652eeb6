#include "wire/uuid.h"

#include <openssl/sha.h>

#include <array>

#include "base/hash.h"

namespace tocsin::wire {

std::string uuid5(std::string_view namespace_octets, std::string_view name) {
  std::string whole(namespace_octets);
  whole += name;
  std::array<unsigned char, SHA_DIGEST_LENGTH> digest{};
  SHA1(reinterpret_cast<const unsigned char*>(whole.data()), whole.size(), digest.data());
  digest[6] = static_cast<unsigned char>((digest[6] & 0x0f) | 0x50);
  digest[8] = static_cast<unsigned char>((digest[8] & 0x3f) | 0x80);
  std::string text = hex({reinterpret_cast<const char*>(digest.data()), 16});
  for (std::size_t at : {20, 16, 12, 8}) text.insert(at, 1, '-');
  return text;
}

std::string_view tocsin_namespace() {
  using namespace std::string_view_literals;
  return "\x6f\x8a\x1c\x52\x3b\x0d\x4e\x97\x9a\x41\xd2\x75\x0e\xb3\x58\xc6"sv;
}

std::string_view stix_namespace() {
  using namespace std::string_view_literals;
  return "\x00\xab\xed\xb4\xaa\x42\x46\x6c\x9c\x01\xfe\xd2\x33\x15\xa9\xb7"sv;
}

}  // namespace tocsin::wire
