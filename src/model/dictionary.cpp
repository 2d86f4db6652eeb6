#include "model/dictionary.h"

#include <mutex>

namespace tocsin {

WordId Dictionary::id(std::string_view word) {
  if (word.empty()) return 0;
  if (auto known = find(word)) return *known;
  std::unique_lock lock(mutex_);
  if (words_.size() + 1 >= words_max) word = "(other)";
  if (auto known = ids_.find(word); known != ids_.end()) return known->second;
  const std::string& kept = words_.emplace_back(word);
  auto id = static_cast<WordId>(words_.size());
  ids_.emplace(kept, id);
  return id;
}

std::optional<WordId> Dictionary::find(std::string_view word) const {
  if (word.empty()) return 0;
  std::shared_lock lock(mutex_);
  auto known = ids_.find(word);
  return known == ids_.end() ? std::nullopt : std::optional(known->second);
}

std::string_view Dictionary::word(WordId id) const {
  std::shared_lock lock(mutex_);
  if (!renamed_.empty()) {
    if (auto fresh = renamed_.find(id); fresh != renamed_.end()) return fresh->second;
  }
  return id == 0 || id > words_.size() ? std::string_view{} : std::string_view(words_[id - 1]);
}

void Dictionary::rename(WordId id, std::string_view fresh) {
  std::unique_lock lock(mutex_);
  if (id == 0 || id > words_.size() || renamed_.contains(id)) return;
  ids_.erase(words_[id - 1]);
  ids_.emplace(renamed_.emplace(id, fresh).first->second, id);
}

WordId Dictionary::last() const {
  std::shared_lock lock(mutex_);
  return static_cast<WordId>(words_.size());
}

}  // namespace tocsin
