// What people said of findings, in scans: only the findings that somebody has touched, and the
// mutes, cost anything.
#include "store/findings_judged.h"

#include <algorithm>
#include <map>
#include <mutex>

namespace tocsin::store {

std::uint32_t Findings::row_of(const Hash128& key) const {
  std::uint32_t found = index_.empty() ? 0 : index_[find_slot(key)].row;
  return found - 1;
}

std::vector<std::uint32_t> Findings::rows_of(const std::vector<Hash128>& keys) const {
  std::vector<std::uint32_t> rows;
  rows.reserve(keys.size());
  constexpr std::size_t ahead = 16;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    if (i + ahead < keys.size() && !index_.empty()) {
      __builtin_prefetch(&index_[keys[i + ahead].low & (index_.size() - 1)]);
    }
    std::uint32_t row = row_of(keys[i]);
    if (row != UINT32_MAX) rows.push_back(row);
  }
  std::ranges::sort(rows);
  return rows;
}

MuteTable Findings::mute_table() const {
  MuteTable table;
  for (const Mute& mute : triage_->rules()) {
    MuteTable::Ids ids{.text = names_.find(mute.subject)};
    if (!mute.feed.empty()) {
      auto feed = words_.find(mute.feed);
      auto alone = feed ? feed_set_ids_.find({*feed}) : feed_set_ids_.end();
      if (alone != feed_set_ids_.end()) ids.feed_alone = alone->second;
    }
    table.add(mute, ids);
  }
  return table;
}

Findings::JudgedTest Findings::judged_test(const Condition& c) const {
  JudgedTest test;
  if (triage_ == nullptr) {
    test.all_others = c.negated;
    return test;
  }
  if (c.field != FilterField::mark) {
    auto fitting = triage_->fitting(c);
    test.rows = rows_of(fitting.keys);
    test.all_others = fitting.all_others;
    return test;
  }
  test.all_others = c.negated;
  auto asks = [&](Mark mark) {
    return std::ranges::any_of(c.any, [&](const FilterValue& v) {
      return v.match == Match::any || v.number == static_cast<std::int64_t>(mark);
    });
  };
  std::vector<Hash128> keys;
  if (asks(Mark::muted)) {
    keys = triage_->muted();
    test.mutes = mute_table();
  }
  if (asks(Mark::judged) || asks(Mark::returned)) {
    for (const auto& [key, judged_s] : triage_->judged_at()) {
      std::uint32_t row = row_of(key);
      if (row == UINT32_MAX) continue;
      auto at = place(row);
      if (asks(Mark::judged) || at.chunk->reopened[at.row] > judged_s) keys.push_back(key);
    }
  }
  test.rows = rows_of(keys);
  return test;
}

void Findings::keep_judged(const JudgedTest& test, std::uint32_t n, Mask& out) const {
  auto first = static_cast<std::uint32_t>(n * FindingChunk::rows_max);
  auto from = std::ranges::lower_bound(test.rows, first);
  auto to = std::lower_bound(from, test.rows.end(), first + FindingChunk::rows_max);
  if (from == to && test.mutes.empty()) {
    if (!test.all_others) std::ranges::fill(out, 0);
    return;
  }
  auto others = static_cast<std::uint8_t>(test.all_others);
  Mask hit(out.size(), others);
  for (auto at = from; at != to; ++at) hit[*at - first] = others ^ 1;
  if (!test.mutes.empty()) {
    const FindingChunk& c = *chunks_[n];
    for (std::size_t i = 0; i < out.size(); ++i) {
      if (out[i] == 0 || hit[i] != others) continue;
      bool covered = test.mutes.covers({.high = c.high[i],
                                        .low = c.low[i],
                                        .text = c.name[i],
                                        .feeds = c.feeds[i],
                                        .type = c.type[i],
                                        .is_address = c.kind[i] == SubjectKind::address});
      if (covered) hit[i] = others ^ 1;
    }
  }
  for (std::size_t i = 0; i < out.size(); ++i) out[i] &= hit[i];
}

std::vector<Findings::Shared> Findings::shared() const {
  std::shared_lock lock(mutex_);
  std::vector<Shared> sets(feed_sets_.size());
  for (const auto& chunk : chunks_) {
    for (std::size_t i = 0; i < chunk->size(); ++i) {
      if ((chunk->flags[i] & flag_exercise) != 0) continue;  // a drill says nothing of its feed
      Shared& set = sets[chunk->feeds[i]];
      ++set.findings;
      set.open += chunk->state[i] == State::open || chunk->state[i] == State::reopened;
    }
  }
  if (triage_ != nullptr) {
    for (const auto& [key, verdict] : triage_->verdicts()) {
      std::uint32_t row = row_of(key);
      if (row == UINT32_MAX) continue;
      auto at = place(row);
      if ((at.chunk->flags[at.row] & flag_exercise) != 0) continue;
      Shared& set = sets[at.chunk->feeds[at.row]];
      ++set.judged;
      set.false_positive += verdict == Verdict::false_positive;
    }
  }
  for (std::size_t i = 0; i < sets.size(); ++i) {
    for (WordId feed : feed_sets_[i]) sets[i].feeds.emplace_back(words_.word(feed));
    std::ranges::sort(sets[i].feeds);
  }
  std::erase_if(sets, [](const Shared& set) { return set.findings == 0; });
  return sets;
}

}  // namespace tocsin::store
