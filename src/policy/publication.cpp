#include "policy/publication.h"

#include <algorithm>
#include <map>

namespace tocsin::policy {
namespace {

// By how much a count is sure not to be of few.
std::uint64_t strength(const CountOf& count) {
  return std::min(count.subjects, count.constituents.value_or(UINT64_MAX));
}

struct Group {
  const CountOf* total = nullptr;
  std::vector<const CountOf*> parts;  // the weakest first
};

// How many of the weakest parts are withheld; nullopt: the total is, too.
std::size_t withheld_of(const Group& group, std::uint64_t k, bool& tells_total) {
  const auto& parts = group.parts;
  std::size_t few = 0;
  while (few < parts.size() && strength(*parts[few]) < k) ++few;
  tells_total = group.total != nullptr && strength(*group.total) >= k;
  if (few == 0 || !tells_total) return few;
  std::size_t withheld = 0;
  std::uint64_t subjects = 0, constituents = 0;
  for (const CountOf* part : parts) {
    if (withheld >= std::max<std::size_t>(few, 2) && subjects >= k && constituents >= k) break;
    subjects += part->subjects;
    // Of several parts together: at least as many as of the largest.
    constituents = std::max(constituents, part->constituents.value_or(k));
    ++withheld;
  }
  tells_total = withheld >= 2 && subjects >= k && constituents >= k;
  return tells_total ? withheld : few;
}

}  // namespace

std::vector<CountOf> publishable(std::span<const CountOf> counts, std::uint64_t k) {
  std::map<std::string, Group> groups;
  for (const CountOf& count : counts) {
    Group& group = groups[count.group];
    if (count.part.empty()) {
      group.total = &count;
    } else if (count.subjects > 0) {
      group.parts.push_back(&count);
    }
  }
  groups.erase("");  // not known whose: told by nobody, so that no two cuts can be set off
  std::vector<CountOf> told;
  for (auto& [name, group] : groups) {
    std::ranges::sort(group.parts, [](const CountOf* a, const CountOf* b) {
      return std::pair(strength(*a), a->part) < std::pair(strength(*b), b->part);
    });
    bool tells_total = false;
    std::size_t withheld = withheld_of(group, k, tells_total);
    if (tells_total) told.push_back(*group.total);
    for (std::size_t i = withheld; i < group.parts.size(); ++i) told.push_back(*group.parts[i]);
  }
  std::ranges::sort(told, [](const CountOf& a, const CountOf& b) {
    return std::pair(a.group, a.part) < std::pair(b.group, b.part);
  });
  return told;
}

}  // namespace tocsin::policy
