// Comparison: two members' accounts of each other: where do they differ first?
#pragma once

#include <map>
#include <string>
#include <vector>

#include "ledger/account.h"

namespace tocsin::ledger {

struct Difference {
  std::string member;       // in whose log
  std::uint64_t index = 0;  // which entry of it
  std::string what;
  // "entry 17 of a.example.org: ..."
  std::string text() const;
  bool operator==(const Difference&) const = default;
};

struct Comparison {
  std::vector<Difference> differences;  // the first of the first account's log comes first
  std::vector<std::string> notes;       // what could not be told, and why
  std::uint64_t agreed = 0;             // releases that both logs have alike
  std::uint64_t open = 0;               // without a receipt yet, within `on_its_way` before the end
};

// A release younger than this when the other's account was made may have no receipt yet.
inline constexpr TimeUs on_its_way = us_per_day;

// Errors: invalid, if they are not of two members about each other.
Result<Comparison> compare(const Account& one, const Account& other);

// Do the heads fit, of whichever members: of one log and size there is one root. `from`: who holds
// it, for the words.
struct Held {
  Head head;
  std::string from;
};
std::vector<Difference> split_views(const std::vector<Held>& heads);

}  // namespace tocsin::ledger
