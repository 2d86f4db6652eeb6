// Brake: who guesses must wait. Pace: nobody asks faster than the node can answer all.
#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/time.h"

namespace tocsin::api {

// Wrong codes, passwords and tokens are counted per address (IPv6: per /64), per account, and over
// all. Any thread.
class Brake {
 public:
  static constexpr std::size_t failures_max = 10, all_failures_max = 300,
                               strangers_failures_max = 3'000, kept_max = 10'000;
  static constexpr TimeUs window = 60 * us_per_s, account_window = 5 * 60 * us_per_s;

  // Seconds to wait before another try may be looked at; 0: go on. `account` "": none is named.
  std::uint32_t wait_s(std::string_view ip, TimeUs now, std::string_view account = {});
  void failed(std::string_view ip, TimeUs now, std::string_view account = {});
  void succeeded(std::string_view account);  // its own count begins anew

 private:
  struct Count {
    TimeUs start = 0;
    std::size_t failures = 0;
  };
  using Counts = std::unordered_map<std::string, Count>;
  static std::uint32_t wait_of(const Count& count, std::size_t most, TimeUs within, TimeUs now);
  static void count(Count& count, TimeUs within, TimeUs now);
  static Count& kept(Counts& counts, const std::string& key, TimeUs within, TimeUs now);
  std::mutex mutex_;
  Counts by_address_, by_account_;
  Count all_;
};

// A bucket of calls for each principal: `per_s` flow in, at most five times as many wait in it.
class Pace {
 public:
  static constexpr std::size_t principals_max = 10'000;
  explicit Pace(unsigned per_s) : per_s_(per_s) {}
  // Seconds to wait; 0: go on, and one is taken. `now`: of any steady clock.
  std::uint32_t take(const std::string& principal, TimeUs now);

 private:
  struct Bucket {
    double calls = 0;
    TimeUs at = 0;
  };
  double per_s_;
  std::mutex mutex_;
  std::unordered_map<std::string, Bucket> buckets_;
};

}  // namespace tocsin::api
