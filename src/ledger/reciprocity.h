// Reciprocity: what two members gave each other, counted from what both have signed: a release
// counts when its recipient's receipt is there, so both sides' accounts give the same figures.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "ledger/account.h"

namespace tocsin::ledger {

struct Side {
  std::uint64_t acts = 0, items = 0, taken = 0;
  std::map<std::string, std::uint64_t> counts;              // by kind and type, as in Release
  std::map<std::string, std::uint64_t> refused;             // by clause
  std::uint64_t sightings = 0, confirmed = 0, refuted = 0;  // opinions on the other's items
  std::vector<std::uint64_t> answers_s;  // seconds from each request to its answer, least first
  bool operator==(const Side&) const = default;
};

struct Reciprocity {
  Side given, received;
  std::uint64_t open = 0;  // releases whose receipt has not come
  // Of what was given, as parts of a hundred of what was received; nullopt: nothing was received.
  std::optional<std::uint64_t> percent() const;
};

// Of releases from `since` on, before `until`, by their own times.
Reciprocity reciprocity_of(const Account& account, TimeUs since, TimeUs until);

}  // namespace tocsin::ledger
