#include "api/health.h"

#include <fmt/format.h>

namespace tocsin::api {

HealthCheck disk_check(std::uint64_t free_bytes, std::uint64_t all_bytes) {
  constexpr std::uint64_t least_bytes = 1ull << 30;
  return {.name = "disk",
          .text = fmt::format("{} MB free of {}", free_bytes >> 20, all_bytes >> 20),
          .what_to_do =
              "free some space, remove old folders in backups/, or let [retention] keep fewer "
              "months; intake stops at 200 MB",
          .ok = free_bytes > least_bytes && free_bytes > all_bytes / 20};
}

HealthCheck memory_check(std::uint64_t used_bytes, std::uint64_t most_bytes) {
  return {.name = "memory",
          .text = fmt::format("{} MB of {}", used_bytes >> 20, most_bytes >> 20),
          .what_to_do =
              "lower columns_memory_mb, counts_memory_mb or duplicates_memory_mb in [store], or "
              "give the machine more",
          .ok = most_bytes == 0 || used_bytes < most_bytes / 10 * 9};
}

}  // namespace tocsin::api
