// How long to wait before trying again: exponential backoff with full jitter.
// Source: Brooker, "Exponential Backoff And Jitter" (AWS Architecture Blog, 2015).
#pragma once

#include <cstdint>

namespace tocsin {

// Bits from the system's random source.
std::uint64_t random_bits();

// Uniform in [0, min(most, first * 2^(failures - 1))] ms by `random`; 0 for no failures.
std::uint64_t backoff_ms(unsigned failures, std::uint64_t first_ms, std::uint64_t most_ms,
                         std::uint64_t random);

}  // namespace tocsin
