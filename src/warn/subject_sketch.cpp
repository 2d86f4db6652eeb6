#include "warn/subject_sketch.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace tocsin::warn {
namespace {

constexpr std::uint32_t index_bits = 9, registers = 1U << index_bits;
constexpr std::size_t register_words = registers / 4, slots_most = 256;

}  // namespace

void SubjectSketch::add(std::uint32_t hash) {
  hash += hash == 0 ? 1 : 0;
  if (dense_) return raise(hash);
  std::size_t mask = slots_.size() - 1, at = hash & mask;
  if (!slots_.empty()) {
    while (slots_[at] != 0 && slots_[at] != hash) at = (at + 1) & mask;
    if (slots_[at] == hash) return;
  }
  if (count_ * 2 >= slots_.size()) {
    grow();
    return add(hash);
  }
  slots_[at] = hash;
  ++count_;
}

void SubjectSketch::grow() {
  if (slots_.size() == slots_most) return to_registers();
  std::vector<std::uint32_t> old(slots_.empty() ? 4 : slots_.size() * 2);
  old.swap(slots_);
  count_ = 0;
  for (std::uint32_t hash : old) {
    if (hash != 0) add(hash);
  }
}

void SubjectSketch::to_registers() {
  std::vector<std::uint32_t> old(register_words);
  old.swap(slots_);
  dense_ = true;
  count_ = 0;
  for (std::uint32_t hash : old) {
    if (hash != 0) raise(hash);
  }
}

void SubjectSketch::raise(std::uint32_t hash) {
  std::uint32_t at = hash & (registers - 1), rest = hash >> index_bits;
  auto rank = static_cast<std::uint32_t>(std::countl_zero(rest)) - index_bits + 1;
  unsigned shift = at % 4 * 8;
  std::uint32_t& word = slots_[at / 4];
  if ((word >> shift & 255) < rank) word = (word & ~(255U << shift)) | rank << shift;
}

void SubjectSketch::unite(const SubjectSketch& other) {
  if (!other.dense_) {
    for (std::uint32_t hash : other.slots_) {
      if (hash != 0) add(hash);
    }
    return;
  }
  if (!dense_) to_registers();
  for (std::size_t i = 0; i < slots_.size(); ++i) {
    std::uint32_t most = 0;
    for (unsigned shift = 0; shift < 32; shift += 8)
      most |= std::max(slots_[i] & 255U << shift, other.slots_[i] & 255U << shift);
    slots_[i] = most;
  }
}

std::uint64_t SubjectSketch::count() const {
  if (!dense_) return count_;
  double sum = 0, empty = 0;
  for (std::uint32_t word : slots_) {
    for (unsigned shift = 0; shift < 32; shift += 8) {
      sum += std::ldexp(1.0, -static_cast<int>(word >> shift & 255));
      empty += (word >> shift & 255) == 0 ? 1 : 0;
    }
  }
  constexpr double m = registers, alpha = 0.7213 / (1 + 1.079 / m);
  double estimate = alpha * m * m / sum;
  if (estimate < 2.5 * m && empty > 0) estimate = m * std::log(m / empty);  // linear counting
  return static_cast<std::uint64_t>(std::llround(estimate));
}

bool SubjectSketch::load(bool dense, std::uint32_t count, std::span<const std::uint32_t> words) {
  *this = {};
  auto held = static_cast<std::uint32_t>(words.size() - std::ranges::count(words, 0U));
  bool fits = dense ? words.size() == register_words
                    : words.size() <= slots_most && held == count && held * 2 <= words.size() &&
                          (words.empty() || std::has_single_bit(words.size()));
  if (!fits) return false;
  slots_.assign(words.begin(), words.end());
  count_ = dense ? 0 : count;
  dense_ = dense;
  return true;
}

}  // namespace tocsin::warn
