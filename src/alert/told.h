// Told: which findings an item was made for, and how bad they were then, in memory: 32 bytes each.
#pragma once

#include <cstdint>
#include <vector>

#include "base/hash.h"
#include "model/taxonomy.h"

namespace tocsin::alert {

// One thread.
class Told {
 public:
  struct Entry {
    Hash128 key;  // {0,0}: an empty slot; no finding has it
    std::uint32_t episode = 0;
    Severity severity = Severity::none;
  };

  // nullptr: nothing was made for it. Valid until the next keep().
  const Entry* find(const Hash128& key) const {
    if (slots_.empty()) return nullptr;
    const Entry& entry = slots_[place(key)];
    return entry.key == Hash128{} ? nullptr : &entry;
  }

  // A later episode goes before an earlier one; of the same, the worse severity.
  void keep(const Entry& entry) {
    if ((size_ + 1) * 4 > slots_.size() * 3) grow();
    Entry& slot = slots_[place(entry.key)];
    if (slot.key == Hash128{}) {
      ++size_;
      slot = entry;
    } else if (entry.episode > slot.episode ||
               (entry.episode == slot.episode && entry.severity > slot.severity)) {
      slot = entry;
    }
  }

  void forget(const Hash128& key) {
    if (find(key) == nullptr) return;
    std::size_t at = place(key);
    slots_[at] = {};
    --size_;
    // What stood behind it because its own place was taken moves up.
    for (at = (at + 1) & (slots_.size() - 1); slots_[at].key != Hash128{};
         at = (at + 1) & (slots_.size() - 1)) {
      Entry entry = slots_[at];
      slots_[at] = {};
      slots_[place(entry.key)] = entry;
    }
  }

  std::size_t size() const { return size_; }

 private:
  std::size_t place(const Hash128& key) const {
    std::size_t at = key.low & (slots_.size() - 1);
    while (slots_[at].key != Hash128{} && slots_[at].key != key)
      at = (at + 1) & (slots_.size() - 1);
    return at;
  }
  void grow() {
    std::vector<Entry> old(slots_.empty() ? 1024 : slots_.size() * 2);
    old.swap(slots_);
    for (const Entry& entry : old) {
      if (entry.key != Hash128{}) slots_[place(entry.key)] = entry;
    }
  }
  std::vector<Entry> slots_;
  std::size_t size_ = 0;
};

}  // namespace tocsin::alert
