// Draws: every chance of a made-up world is a hash of the seed and of what it decides, so that the
// same seed gives the same bytes, in whatever order the world is walked.
// Source: Steele, Lea, Flood, "Fast Splittable Pseudorandom Number Generators" (splitmix64).
#pragma once

#include <cmath>
#include <cstdint>

namespace tocsin::sim {

inline std::uint64_t mix(std::uint64_t x) {
  x += 0x9e3779b97f4a7c15u;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
  return x ^ (x >> 31);
}

inline std::uint64_t draw(std::uint64_t key, std::uint64_t what) {
  return mix(mix(key) ^ what);
}

inline std::uint64_t draw(std::uint64_t key, std::uint64_t what, std::uint64_t more) {
  return draw(draw(key, what), more);
}

// 0 to below 1.
inline double unit(std::uint64_t drawn) {
  return static_cast<double>(drawn >> 11) * 0x1p-53;
}

// 0 to below `n`, which is at most 2^32; as good as even for n below 2^27.
inline std::uint64_t below(std::uint64_t drawn, std::uint64_t n) {
  return ((drawn >> 32) * n) >> 32;
}

}  // namespace tocsin::sim
