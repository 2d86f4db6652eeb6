// Ranges: which of many nested networks holds an address, the longest winning; at memory speed.
// IPv4: DXR-16, the ranges of each upper half in one sorted run. IPv6: a tree of 16-key blocks over
// the upper 64 bits, and a small sorted table of its own for each /64 that holds longer networks.
// Source: Zec, Rizzo, Mikuc, "DXR: Towards a Billion Routing Lookups per Second in Software"
// (2012); Slotin, "S-trees".
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/ip.h"

namespace tocsin::match {

// Immutable once built; any thread may look up.
class Ranges {
 public:
  static constexpr std::uint32_t value_max = 0x7fff'ffff;

  struct Prefix {
    Network network;
    std::uint32_t value;  // 1 to value_max; 0: a hole in a wider network
  };

  Ranges();

  // Of equal networks the last wins. A value above value_max is a bug.
  static Ranges build(std::vector<Prefix> prefixes);

  // The value of the longest network around the address; 0: none.
  std::uint32_t find(const Ip& ip) const;
  // values[i] = find(ips[i]), many at once so that the memory's latency is shared. An empty address
  // gives 0. `values` is at least as long as `ips`.
  void find(std::span<const Ip> ips, std::span<std::uint32_t> values) const;

  std::size_t size() const { return start4_.size() + keys_.size(); }  // ranges, both families
  std::size_t size_bytes() const;

  // Calls f(first, last, value) for each IPv4 range whose value is not 0, ascending; both ends
  // belong to it.
  template <class F>
  void each_v4(F f) const {
    std::uint32_t open_first = 0, open_value = 0;
    for (std::uint32_t bucket = 0; bucket < 65536; ++bucket) {
      for (std::uint32_t i = root_[bucket]; i < root_[bucket + 1]; ++i) {
        std::uint32_t first = bucket << 16 | start4_[i];
        if (value4_[i] == open_value) continue;
        if (open_value != 0) f(open_first, first - 1, open_value);
        open_first = first;
        open_value = value4_[i];
      }
    }
    if (open_value != 0) f(open_first, 0xffff'ffffu, open_value);
  }

 private:
  static constexpr std::uint32_t deeper = 0x8000'0000;  // the rest is an index into deep_
  static constexpr std::size_t fan = 16;

  struct Deep {  // inside one /64
    std::vector<std::uint64_t> start;
    std::vector<std::uint32_t> value;
  };

  std::uint32_t find4(std::uint32_t address) const;
  std::uint32_t find6(const Ip& ip) const;
  std::uint32_t in_deep(std::uint32_t value, std::uint64_t low) const;
  void lay_out_v4(const std::vector<std::pair<std::uint64_t, std::uint32_t>>& ranges);
  void lay_out_v6(const std::vector<std::pair<std::uint64_t, std::uint32_t>>& ranges);

  std::vector<std::uint32_t> root_;    // 65,537: where each upper half's ranges begin
  std::vector<std::uint16_t> start4_;  // lower halves, padded with 16 of 0xffff
  std::vector<std::uint32_t> value4_;
  std::vector<std::uint64_t>
      keys_;  // first addresses' upper halves, level by level, top level first
  std::vector<std::size_t> levels_;  // where each level begins in keys_, top first
  std::vector<std::uint32_t> value6_;
  std::vector<Deep> deep_;
};

}  // namespace tocsin::match
