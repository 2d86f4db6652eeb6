// Dictionary: the numbers of texts that recur (families, identifiers, feeds, report types), so that
// a column holds 4 bytes.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <unordered_map>

namespace tocsin {

using WordId = std::uint32_t;  // 0: no word

// Ids are given in order from 1 and never change; the store keeps them (see store/journal.h). Any
// thread.
class Dictionary {
 public:
  static constexpr std::size_t words_max = 4'000'000;

  // The id of `word`, new if need be. "" is 0. When the dictionary is full: the id of "(other)".
  WordId id(std::string_view word);
  std::optional<WordId> find(std::string_view word) const;
  std::string_view word(
      WordId id) const;  // "" for 0 and for unknown ids; valid as long as the dictionary
  WordId last() const;   // the newest id
  // Gives an id another text, which no other has; views of the old one stay valid.
  void rename(WordId id, std::string_view fresh);

 private:
  mutable std::shared_mutex mutex_;
  std::deque<std::string> words_;  // words_[id - 1]; a deque never moves them
  std::unordered_map<std::string_view, WordId> ids_;
  std::unordered_map<WordId, std::string> renamed_;  // few
};

}  // namespace tocsin
