// SeenNames: the names of one event's members, to find one that comes twice. Its memory is used
// again for the next event.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/hash.h"

namespace tocsin::ingest {

class SeenNames {
 public:
  static constexpr std::size_t names_max = 1000;  // of one event
  enum class Is : std::uint8_t { added, known, too_many };

  // Names are told apart by 64 bits of their hash.
  Is add(std::string_view name) {
    std::uint64_t hash = hash64(name);
    std::size_t at = hash % slots_.size();
    while (slots_[at].round == round_ && slots_[at].hash != hash) at = (at + 1) % slots_.size();
    if (slots_[at].round == round_) return Is::known;
    if (count_ == names_max) return Is::too_many;
    slots_[at] = {hash, round_};
    ++count_;
    return Is::added;
  }
  void clear() {
    ++round_;
    count_ = 0;
  }

 private:
  struct Slot {
    std::uint64_t hash = 0, round = 0;  // taken in this round only
  };
  std::vector<Slot> slots_ = std::vector<Slot>(2048);  // never half full
  std::uint64_t round_ = 1;
  std::size_t count_ = 0;
};

}  // namespace tocsin::ingest
