// DayCounts: what came in for one day since it was last written: the hot part of the counts.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "store/count_file.h"
#include "store/count_key.h"
#include "store/subject_sets.h"

namespace tocsin::store {

// One cell, open for more. Values come in any order and repeat; they are sorted when room runs out.
struct OpenCell {
  struct Wide {
    std::vector<std::uint64_t> six, names;
  };
  CountKey key;
  std::uint64_t events = 0;
  std::vector<std::uint32_t> four;
  std::unique_ptr<Wide> wide;
  std::uint32_t hours = UINT32_MAX;  // index; only cells of the kind `family` have hours

  SubjectSet copy() const;  // not tidy
};

class DayCounts {
 public:
  // The cell's index; a new one if need be. Indices stay valid, references do not.
  std::uint32_t cell(const CountKey& key);
  OpenCell& operator[](std::uint32_t index) { return cells_[index]; }
  void add_event(std::uint32_t index, std::uint32_t hour) {
    OpenCell& c = cells_[index];
    ++c.events;
    if (c.hours != UINT32_MAX) ++hours_[c.hours][hour];
  }
  void add_four(std::uint32_t index, std::uint32_t address) {
    std::vector<std::uint32_t>& four = cells_[index].four;
    if (four.size() == four.capacity()) make_room(four);
    four.push_back(address);
  }
  void add_six(std::uint32_t index, std::uint64_t network) { add_wide(wide(index).six, network); }
  void add_name(std::uint32_t index, std::uint64_t hash) { add_wide(wide(index).names, hash); }

  const std::vector<OpenCell>& cells() const { return cells_; }
  const Hours* hours(const OpenCell& cell) const {
    return cell.hours == UINT32_MAX ? nullptr : &hours_[cell.hours];
  }
  std::size_t size_bytes() const { return bytes_; }  // about
  bool empty() const { return cells_.empty(); }

 private:
  OpenCell::Wide& wide(std::uint32_t index) {
    auto& at = cells_[index].wide;
    if (!at) at = std::make_unique<OpenCell::Wide>();
    return *at;
  }
  void add_wide(std::vector<std::uint64_t>& values, std::uint64_t value) {
    if (values.size() == values.capacity()) make_room(values);
    values.push_back(value);
  }
  template <class T>
  void make_room(std::vector<T>& values);
  void grow_slots();

  std::vector<OpenCell> cells_;
  std::vector<Hours> hours_;
  std::vector<std::uint32_t> slots_;  // index + 1; open addressing, a power of two
  std::size_t bytes_ = 0;
};

}  // namespace tocsin::store
