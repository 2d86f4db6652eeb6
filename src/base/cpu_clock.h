// CpuClock: CPU time of the calling thread, in laps.
#pragma once

#include <ctime>

#include <cstdint>

namespace tocsin {

// Of one thread: made and asked there.
class CpuClock {
 public:
  // Nanoseconds of CPU time since the last lap, or since it was made.
  std::uint64_t lap() {
    std::uint64_t at = now();
    std::uint64_t spent = at - last_;
    last_ = at;
    return spent;
  }

 private:
  static std::uint64_t now() {
    timespec t{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return static_cast<std::uint64_t>(t.tv_sec) * 1'000'000'000 +
           static_cast<std::uint64_t>(t.tv_nsec);
  }
  std::uint64_t last_ = now();
};

}  // namespace tocsin
