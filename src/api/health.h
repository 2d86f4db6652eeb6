// What health says of figures that were measured elsewhere.
#pragma once

#include <cstdint>

#include "api/backend.h"

namespace tocsin::api {

HealthCheck disk_check(std::uint64_t free_bytes, std::uint64_t all_bytes);
// most_bytes: what the process may use; 0: not known.
HealthCheck memory_check(std::uint64_t used_bytes, std::uint64_t most_bytes);

}  // namespace tocsin::api
