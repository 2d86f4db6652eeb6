// Cells: the first look at every series: 32 bytes each, an increment an event, a sweep a tick. It
// finds the few that deserve the full filter.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace tocsin::warn {

struct Cell {
  std::uint64_t key = 0;    // a hash of what is counted; 0: the slot is empty
  float level = 0;          // mean count of a tick
  float dispersion = 1;     // variance / mean
  float cusum = 0;          // sum of surprises, never below 0
  std::uint32_t tick = 0;   // the last one with an event
  std::uint32_t count = 0;  // of the current tick; stops at 2^32 - 1
  std::uint16_t age = 0;    // ticks swept, at most 65535
  std::uint16_t kind = 0;   // its class: which factor of a sweep applies
};
static_assert(sizeof(Cell) == 32);

// A series whose tick stands out. `cell` is as before the sweep, its count still there; valid
// during the call.
struct Candidate {
  const Cell& cell;
  float surprise;  // (count - expected) / standard deviation
  float cusum;     // with this tick
};

// One thread. Memory: 32 bytes x the power of two that is at least 4/3 of `cells_max`, at once.
class Cells {
 public:
  explicit Cells(std::size_t cells_max);

  // nullptr: no such series. A pointer holds until the next add() or sweep(). `key` is a good hash:
  // its bits choose the slot. 0 is not a key: check() ends the process.
  Cell* find(std::uint64_t key);
  // A new series of `kind`; the one that is there if it is. nullptr: full.
  Cell* add(std::uint64_t key, std::uint16_t kind);

  // `events` more in the current tick of the series; false: no such series.
  bool count(std::uint64_t key, std::uint32_t events = 1);
  // One event for each key, with the look-ups overlapped; keys without a series go to `unknown`
  // (may be nullptr).
  void count(std::span<const std::uint64_t> keys, std::vector<std::uint64_t>* unknown);

  // Ends the tick: judges and teaches every series, sets counts to 0. factors[kind] multiplies the
  // level (1 if the span is shorter): the profile of the hour; a negative one or NaN says that the
  // kind's feeds were silent or late: its series are left as they are, with their counts. Those
  // without an event for `idle_ticks_max` ticks are let go. Returns how many candidates there were.
  std::size_t sweep(std::uint32_t tick, std::span<const float> factors,
                    std::uint32_t idle_ticks_max,
                    const std::function<void(const Candidate&)>& candidate);

  std::size_t size() const { return size_; }
  std::size_t cells_max() const { return cells_max_; }
  std::size_t memory_bytes() const { return slots_.size() * sizeof(Cell); }

  // All series, in an order of their own. Errors of restore(): invalid, of another version, cut,
  // damaged, or with more series than `cells_max`.
  std::string save() const;
  static Result<Cells> restore(std::string_view bytes, std::size_t cells_max);

 private:
  std::size_t slot_of(std::uint64_t key) const { return key & mask_; }
  void let_go(std::size_t slot);

  std::vector<Cell> slots_;
  std::size_t mask_ = 0, size_ = 0, cells_max_ = 0;
};

}  // namespace tocsin::warn
