// Exact sets of subjects: IPv4 addresses as sorted numbers or Roaring bitmaps, IPv6 networks and
// keyed hashes of names as sorted numbers; and the size of their union without making it.
#pragma once

#include <roaring/roaring.h>

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "store/stats.h"

namespace tocsin::store {

struct FreeBitmap {
  void operator()(const roaring_bitmap_t* bitmap) const { roaring_bitmap_free(bitmap); }
};
using Bitmap = std::unique_ptr<const roaring_bitmap_t, FreeBitmap>;

// A set as it lies somewhere: ascending, each value once. IPv4 is in one of the two.
struct SetView {
  std::span<const std::uint32_t> four;
  const roaring_bitmap_t* bitmap = nullptr;
  std::span<const std::uint64_t> six, names;
};

// A set that owns its numbers.
struct SubjectSet {
  std::vector<std::uint32_t> four;
  std::vector<std::uint64_t> six, names;

  void tidy();  // ascending, each once
  SetView view() const { return {four, nullptr, six, names}; }
  std::size_t size_bytes() const {
    return four.capacity() * 4 + (six.capacity() + names.capacity()) * 8;
  }
};

void sort_unique(std::vector<std::uint32_t>& values);
void sort_unique(std::vector<std::uint64_t>& values);

// Unions of many sets. Keeps its memory between calls; one thread.
class SetUnion {
 public:
  Distinct count(std::span<const SetView> sets);
  SubjectSet merge(std::span<const SetView> sets);

 private:
  // The part of a set with one upper half.
  struct Run {
    std::uint16_t high;
    std::uint8_t kind;
    std::uint32_t size;  // values; of run containers: pairs
    const void* at;
  };
  std::uint64_t four(std::span<const SetView> sets, std::vector<std::uint32_t>* values);
  std::uint64_t few(std::span<const SetView> sets, std::vector<std::uint32_t>* values);
  void add_runs(const SetView& set);
  void sort_runs();
  std::uint64_t bucket(std::span<const Run> runs, std::vector<std::uint32_t>* values);
  std::uint64_t small_bucket(std::span<const Run> runs, std::vector<std::uint32_t>* values);
  bool fill(const Run& run, std::uint64_t& fresh);
  std::vector<std::uint64_t> wide(std::span<const SetView> sets,
                                  std::span<const std::uint64_t> SetView::* member);

  std::vector<Run> runs_, sorted_;
  std::vector<std::uint32_t> values_;
  std::vector<std::uint64_t> bits_;  // of one upper half: 1,024 words
};

}  // namespace tocsin::store
