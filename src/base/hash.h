// Hashes: 128-bit XXH3 for equality of our own data, SHA-256 for what must resist an adversary.
#pragma once

#include <xxhash.h>

#include <array>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

namespace tocsin {

struct Hash128 {
  std::uint64_t high = 0, low = 0;
  auto operator<=>(const Hash128&) const = default;
  struct Hasher {
    std::size_t operator()(const Hash128& h) const { return h.low; }
  };
};

inline Hash128 hash128(std::string_view bytes, std::uint64_t seed = 0) {
  XXH128_hash_t h = XXH3_128bits_withSeed(bytes.data(), bytes.size(), seed);
  return {h.high64, h.low64};
}

inline std::uint64_t hash64(std::string_view bytes, std::uint64_t seed = 0) {
  return XXH3_64bits_withSeed(bytes.data(), bytes.size(), seed);
}

using Sha256 = std::array<std::uint8_t, 32>;
Sha256 sha256(std::string_view bytes);
std::string hex(std::string_view bytes);
inline std::string hex(const Sha256& digest) {
  return hex({reinterpret_cast<const char*>(digest.data()), digest.size()});
}

}  // namespace tocsin
