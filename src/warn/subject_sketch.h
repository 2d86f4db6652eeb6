// SubjectSketch: how many distinct subjects were counted, in 1 KB at most: exact up to 128, from
// there on HyperLogLog with 512 registers, whose standard error is 4.6 %. Sketches of the same
// node unite. Exact sets, by the day, are those of store/counts.h.
// Source: P. Flajolet et al., "HyperLogLog", AofA 2007.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace tocsin::warn {

class SubjectSketch {
 public:
  static constexpr std::uint32_t exact_max = 128;

  void add(std::uint32_t hash);  // of the subject; evenly spread
  void unite(const SubjectSketch& other);
  std::uint64_t count() const;
  bool is_exact() const { return !dense_; }
  std::size_t size_bytes() const { return slots_.capacity() * sizeof(std::uint32_t); }

  // As words, for a file. False: `words` are no sketch; it is empty then.
  std::span<const std::uint32_t> words() const { return slots_; }
  bool load(bool dense, std::uint32_t count, std::span<const std::uint32_t> words);
  std::uint32_t held() const { return count_; }  // hashes in slots; 0 where dense

 private:
  void grow();
  void to_registers();
  void raise(std::uint32_t hash);

  // A table of hashes with open addressing, 0 for none; or 512 registers of one octet.
  std::vector<std::uint32_t> slots_;
  std::uint32_t count_ = 0;
  bool dense_ = false;
};

}  // namespace tocsin::warn
