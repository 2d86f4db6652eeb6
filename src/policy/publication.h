// Publication: which counts of subjects may be told to others, so that no count of few can be read
// or worked out.
//
// Counts stand in groups: a total (a country's) and its parts (its types). A count is told if at
// least k subjects and, where that is known, k constituents are behind it. Where a part is
// withheld, as many of the next smallest ones are withheld with it until what the total tells of
// them together is of two parts at least and k as well; where that cannot be, the total is
// withheld. No count is the sum of others than its own parts: groups are told without a total of
// their own, and of each type a group is withheld that is nobody's (country or sector not known).
// A publication is made once for a day and never changed: two of one day cannot be compared.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace tocsin::policy {

struct CountOf {
  std::string group, part;  // "BR", "infected-system"; part "": the group's total
  std::uint64_t subjects = 0;
  std::optional<std::uint64_t> constituents{};  // none: not known
  bool operator==(const CountOf&) const = default;
};

inline constexpr std::uint64_t publication_k = 5;

// `counts`: the distinct subjects of each group and part, each once. What may be told of it, by
// group and part. Pure; the same for any order of `counts`; with a larger k never more.
std::vector<CountOf> publishable(std::span<const CountOf> counts, std::uint64_t k = publication_k);

}  // namespace tocsin::policy
