#include "ledger/reciprocity.h"

#include <algorithm>

namespace tocsin::ledger {
namespace {

// The times of all releases that either side can know of: when was what asked?
std::map<Place, TimeUs> times_of(const Account& account) {
  std::map<Place, TimeUs> out;
  for (const AccountEntry& entry : account.entries) {
    if (std::holds_alternative<Release>(entry.leaf.body) && entry.acknowledged)
      out.emplace(Place{account.head.log, entry.index}, entry.leaf.at);
    const auto* receipt = std::get_if<Receipt>(&entry.leaf.body);
    if (receipt == nullptr || !entry.shown) continue;
    if (auto leaf = read_leaf(entry.shown->leaf)) out.emplace(receipt->release, leaf->at);
  }
  return out;
}

// Who is told names has been given nothing yet.
bool is_of_names(const Leaf& leaf) {
  const auto* release = std::get_if<Release>(&leaf.body);
  return release != nullptr && release->counts.size() == 1 &&
         release->counts.begin()->first == name_count;
}

void count(Side& side, const Leaf& leaf, const Receipt& receipt,
           const std::map<Place, TimeUs>& asked) {
  if (!std::holds_alternative<Release>(leaf.body)) return;
  const auto& release = std::get<Release>(leaf.body);
  ++side.acts;
  side.items += release.count;
  side.taken += receipt.taken;
  for (const auto& [what, number] : release.counts) {
    side.counts[what] += number;
    if (what.starts_with("sighting")) side.sightings += number;
    if (what == "opinion confirmed") side.confirmed += number;
    if (what == "opinion false") side.refuted += number;
  }
  for (const auto& [clause, number] : receipt.refused) side.refused[clause] += number;
  for (const Place& place : release.answers) {
    auto at = asked.find(place);
    if (at != asked.end() && leaf.at >= at->second)
      side.answers_s.push_back(static_cast<std::uint64_t>((leaf.at - at->second) / us_per_s));
  }
}

}  // namespace

std::optional<std::uint64_t> Reciprocity::percent() const {
  if (received.items == 0) return std::nullopt;
  return given.items * 100 / received.items;
}

Reciprocity reciprocity_of(const Account& account, TimeUs since, TimeUs until) {
  Reciprocity out;
  auto asked = times_of(account);
  auto within = [&](const Leaf& leaf) {
    return leaf.at >= since && leaf.at < until && !is_of_names(leaf);
  };
  for (const AccountEntry& entry : account.entries) {
    if (std::holds_alternative<Release>(entry.leaf.body) && within(entry.leaf)) {
      auto answer = entry.acknowledged ? read_leaf(entry.acknowledged->leaf)
                                       : Result<Leaf>(missing("no answer"));
      const auto* answered = answer ? std::get_if<Receipt>(&answer->body) : nullptr;
      answered == nullptr ? (void)++out.open : count(out.given, entry.leaf, *answered, asked);
    }
    const auto* receipt = std::get_if<Receipt>(&entry.leaf.body);
    if (receipt == nullptr || !entry.shown) continue;
    auto leaf = read_leaf(entry.shown->leaf);
    if (leaf && within(*leaf)) count(out.received, *leaf, *receipt, asked);
  }
  for (Side* side : {&out.given, &out.received}) std::ranges::sort(side->answers_s);
  return out;
}

}  // namespace tocsin::ledger
