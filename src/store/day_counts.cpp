#include "store/day_counts.h"

namespace tocsin::store {

SubjectSet OpenCell::copy() const {
  SubjectSet set{four, {}, {}};
  if (wide) set.six = wide->six, set.names = wide->names;
  return set;
}

std::uint32_t DayCounts::cell(const CountKey& key) {
  if (slots_.size() <= cells_.size() * 2) grow_slots();
  std::size_t mask = slots_.size() - 1;
  std::size_t at = CountKey::Hasher()(key) & mask;
  for (; slots_[at] != 0; at = (at + 1) & mask) {
    if (cells_[slots_[at] - 1].key == key) return slots_[at] - 1;
  }
  auto index = static_cast<std::uint32_t>(cells_.size());
  OpenCell& fresh = cells_.emplace_back();
  fresh.key = key;
  bytes_ += sizeof(OpenCell) + 16;
  if (key.kind() == CellKind::family) {
    fresh.hours = static_cast<std::uint32_t>(hours_.size());
    hours_.emplace_back();
    bytes_ += sizeof(Hours);
  }
  slots_[at] = index + 1;
  return index;
}

void DayCounts::grow_slots() {
  slots_.assign(slots_.empty() ? 64 : slots_.size() * 2, 0);
  std::size_t mask = slots_.size() - 1;
  for (std::uint32_t i = 0; i < cells_.size(); ++i) {
    std::size_t at = CountKey::Hasher()(cells_[i].key) & mask;
    while (slots_[at] != 0) at = (at + 1) & mask;
    slots_[at] = i + 1;
  }
}

// Values that repeat go first; twice the room only if that did not help.
template <class T>
void DayCounts::make_room(std::vector<T>& values) {
  constexpr std::size_t worth_sorting = 512;
  if (values.size() >= worth_sorting) sort_unique(values);
  if (values.size() * 2 < values.capacity()) return;
  std::size_t before = values.capacity();
  values.reserve(before == 0 ? 4 : before * 2);
  bytes_ += (values.capacity() - before) * sizeof(T);
}

template void DayCounts::make_room(std::vector<std::uint32_t>&);
template void DayCounts::make_room(std::vector<std::uint64_t>&);

}  // namespace tocsin::store
