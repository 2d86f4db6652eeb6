#include "warn/cell.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

#include "base/check.h"
#include "base/huge_pages.h"

namespace tocsin::warn {
namespace {

static_assert(std::endian::native == std::endian::little);

// The constants of every cell.
constexpr float mean_least = 0.05F;  // added to variances: empty series have one too
constexpr float surprise_max = 6, drift = 0.5F, candidate_surprise = 5, candidate_cusum = 8;
constexpr float cusum_max = 100;  // so that a series comes back within some 200 calm ticks
constexpr float level_step = 0.01F, dispersion_step = 0.002F, clip = 3, squares_max = 20;
constexpr std::uint16_t age_judged = 24;  // swept ticks before a series may be a candidate

constexpr std::string_view magic = "cells--1";

std::size_t slots_for(std::size_t cells) {
  return std::bit_ceil(std::max<std::size_t>(cells + cells / 3, 16));
}

}  // namespace

Cells::Cells(std::size_t cells_max)
    : slots_(huge_vector<Cell>(slots_for(cells_max))),
      mask_(slots_.size() - 1),
      cells_max_(cells_max) {}

Cell* Cells::find(std::uint64_t key) {
  check(key != 0, "a cell's key is not 0");
  for (std::size_t slot = slot_of(key); slots_[slot].key != 0; slot = (slot + 1) & mask_) {
    if (slots_[slot].key == key) return &slots_[slot];
  }
  return nullptr;
}

Cell* Cells::add(std::uint64_t key, std::uint16_t kind) {
  check(key != 0, "a cell's key is not 0");
  std::size_t slot = slot_of(key);
  for (; slots_[slot].key != 0; slot = (slot + 1) & mask_) {
    if (slots_[slot].key == key) return &slots_[slot];
  }
  if (size_ == cells_max_) return nullptr;
  ++size_;
  slots_[slot] = {.key = key, .kind = kind};
  return &slots_[slot];
}

bool Cells::count(std::uint64_t key, std::uint32_t events) {
  Cell* cell = find(key);
  if (!cell) return false;
  cell->count += std::min(events, UINT32_MAX - cell->count);
  return true;
}

void Cells::count(std::span<const std::uint64_t> keys, std::vector<std::uint64_t>* unknown) {
  constexpr std::size_t ahead = 12;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    if (i + ahead < keys.size()) __builtin_prefetch(&slots_[slot_of(keys[i + ahead])], 1);
    if (!count(keys[i]) && unknown) unknown->push_back(keys[i]);
  }
}

// Moves back those behind that had to give way to it, so that they are found again.
void Cells::let_go(std::size_t slot) {
  std::size_t gap = slot;
  for (std::size_t at = (slot + 1) & mask_; slots_[at].key != 0; at = (at + 1) & mask_) {
    if (((at - slot_of(slots_[at].key)) & mask_) < ((at - gap) & mask_)) continue;
    slots_[gap] = slots_[at];
    gap = at;
  }
  slots_[gap] = {};
  --size_;
}

std::size_t Cells::sweep(std::uint32_t tick, std::span<const float> factors,
                         std::uint32_t idle_ticks_max,
                         const std::function<void(const Candidate&)>& candidate) {
  std::size_t candidates = 0;
  std::vector<std::uint64_t> idle;
  for (Cell& cell : slots_) {
    if (cell.key == 0) continue;
    float factor = cell.kind < factors.size() ? factors[cell.kind] : 1;
    if (!(factor >= 0)) continue;
    auto y = static_cast<float>(cell.count);
    float mean = cell.level * factor, variance = mean * cell.dispersion + mean_least;
    float deviation = std::sqrt(variance), surprise = (y - mean) / deviation;
    float cusum =
        std::clamp(cell.cusum + std::min(surprise, surprise_max) - drift, 0.0F, cusum_max);
    if (cell.age < age_judged) {
      cusum = 0;
    } else if (surprise > candidate_surprise || cusum > candidate_cusum) {
      ++candidates;
      candidate({cell, surprise, cusum});
    }
    // A new series learns its level quickly: by the mean of its first ticks.
    float step = std::max(level_step, 1.0F / static_cast<float>(cell.age + 1));
    float most = cell.age < age_judged ? y : mean + clip * deviation;
    float error = y - mean;
    if (factor > 0) cell.level += step * (std::min(y, most) - mean) / factor;
    cell.dispersion = std::max(
        1.0F, cell.dispersion + dispersion_step * (std::min(error * error / (mean + mean_least),
                                                            squares_max * cell.dispersion) -
                                                   cell.dispersion));
    cell.cusum = cusum;
    if (cell.count > 0)
      cell.tick = tick;
    else if (cell.age > 0 && tick - cell.tick > idle_ticks_max)
      idle.push_back(cell.key);
    if (cell.age == 0 && cell.count == 0) cell.tick = tick;
    cell.count = 0;
    if (cell.age < UINT16_MAX) ++cell.age;
  }
  for (std::uint64_t key : idle) let_go(static_cast<std::size_t>(find(key) - slots_.data()));
  return candidates;
}

std::string Cells::save() const {
  std::string bytes(magic);
  std::uint64_t count = size_;
  bytes.append(reinterpret_cast<const char*>(&count), sizeof count);
  for (const Cell& cell : slots_) {
    if (cell.key != 0) bytes.append(reinterpret_cast<const char*>(&cell), sizeof cell);
  }
  return bytes;
}

Result<Cells> Cells::restore(std::string_view bytes, std::size_t cells_max) {
  constexpr std::size_t head = 16;
  if (bytes.size() < head || bytes.substr(0, magic.size()) != magic)
    return invalid("not a table of cells of this version");
  std::uint64_t count = 0;
  std::memcpy(&count, bytes.data() + 8, sizeof count);
  if (count > cells_max) return invalid("a table of more cells than there may be");
  if (bytes.size() - head != count * sizeof(Cell)) return invalid("a table of cells that is cut");
  Cells cells(cells_max);
  for (std::uint64_t i = 0; i < count; ++i) {
    Cell cell;
    std::memcpy(&cell, bytes.data() + head + i * sizeof cell, sizeof cell);
    bool sane = cell.key != 0 && cell.level >= 0 && cell.dispersion >= 1 && cell.cusum >= 0 &&
                std::isfinite(cell.level) && std::isfinite(cell.dispersion) &&
                cell.cusum <= cusum_max;
    if (!sane || cells.find(cell.key)) return invalid("a cell with values that none can have");
    *cells.add(cell.key, cell.kind) = cell;
  }
  return cells;
}

}  // namespace tocsin::warn
