#include "base/backoff.h"

#include <sys/random.h>

#include <algorithm>

#include "base/check.h"

namespace tocsin {

std::uint64_t random_bits() {
  std::uint64_t bits = 0;
  check(getrandom(&bits, sizeof bits, 0) == sizeof bits, "getrandom failed");
  return bits;
}

std::uint64_t backoff_ms(unsigned failures, std::uint64_t first_ms, std::uint64_t most_ms,
                         std::uint64_t random) {
  if (failures == 0) return 0;
  std::uint64_t limit = std::min(first_ms, most_ms);
  for (unsigned n = 1; n < failures && limit < most_ms; ++n) limit = std::min(limit * 2, most_ms);
  return random % (limit + 1);
}

}  // namespace tocsin
