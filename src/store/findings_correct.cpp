// Correcting the findings: what a report that goes has said is not subtracted; the findings of its
// types are folded anew from the events that are left.
#include <algorithm>
#include <filesystem>
#include <mutex>
#include <tuple>

#include "store/findings.h"

namespace tocsin::store {

// One more row, as it stands in `from`.
void Findings::take_over(const Findings& from, std::uint32_t index, std::uint64_t changed) {
  auto old = from.place(index);
  while ((std::size_t{size_} + 2) * 4 > index_.size() * 3) grow_index();
  std::uint32_t slot = find_slot(old.chunk->key[old.row]);
  std::uint32_t row = add(old.chunk->key[old.row]);
  auto fresh = place(row);
  auto to = columns_of(*fresh.chunk);
  auto values = columns_of(*old.chunk);
  [&]<std::size_t... I>(std::index_sequence<I...>) {
    ((std::get<I>(to)[fresh.row] = std::get<I>(values)[old.row]), ...);
  }(std::make_index_sequence<std::tuple_size_v<decltype(to)>>());
  FindingChunk& c = *fresh.chunk;
  c.changed[fresh.row] = changed;
  c.name[fresh.row] = names_.id(from.names_.text(c.name[fresh.row]));
  c.controller[fresh.row] = names_.id(from.names_.text(c.controller[fresh.row]));
  const auto& feeds = from.feed_sets_[c.feeds[fresh.row]];
  auto [at, is_new] =
      feed_set_ids_.try_emplace(feeds, static_cast<std::uint32_t>(feed_sets_.size()));
  if (is_new) feed_sets_.push_back(feeds);
  c.feeds[fresh.row] = at->second;
  index_[slot] = {row + 1, static_cast<std::uint32_t>(c.key[fresh.row].high >> 32)};
}

Result<void> Findings::correct(const EventBatch& act, const Events& events) {
  if (act.seq <= watermark_) return {};
  std::unique_ptr<Findings> part;
  {
    std::lock_guard lock(base_);
    part = TRY(base());
  }
  part->watermark_ = 0;
  TRY(events([&](EventBatch& batch) -> Result<void> {
    part->apply(batch);
    return {};
  }));
  auto is_touched = [&](Type type) {
    return std::ranges::find(act.correction.types, type) != act.correction.types.end();
  };
  // In the order in which they came, which walks go by.
  auto whole = made();
  std::vector<bool> taken(part->size_);
  for (std::uint32_t i = 0; i < size_; ++i) {
    auto at = place(i);
    if (!is_touched(at.chunk->type[at.row])) {
      whole->take_over(*this, i, at.chunk->changed[at.row]);
    } else if (auto slot = part->index_[part->find_slot(at.chunk->key[at.row])]; slot.row != 0) {
      taken[slot.row - 1] = true;
      whole->take_over(*part, slot.row - 1, act.seq);
    }
  }
  for (std::uint32_t i = 0; i < part->size_; ++i) {
    if (!taken[i]) whole->take_over(*part, i, act.seq);
  }
  for (const auto& [key, until] : coverage_) {
    if (!is_touched(static_cast<Type>(key >> 16 & 0xff))) whole->coverage_.emplace(key, until);
  }
  whole->coverage_.insert(part->coverage_.begin(), part->coverage_.end());
  std::unique_lock lock(mutex_);
  take_parts(*whole);
  watermark_ = act.seq;
  return {};
}

// ---- what retention has dropped: the same fold, kept as a snapshot of its own

std::unique_ptr<Findings> Findings::made() const {
  auto findings = std::unique_ptr<Findings>(new Findings(folder_, words_));
  findings->feed_sets_.emplace_back();
  findings->feed_set_ids_.emplace(std::vector<WordId>{}, 0);
  findings->grow_index();
  return findings;
}

void Findings::take_parts(Findings& other) {
  std::swap(chunks_, other.chunks_);
  std::swap(index_, other.index_);
  std::swap(size_, other.size_);
  std::swap(names_, other.names_);
  std::swap(feed_sets_, other.feed_sets_);
  std::swap(feed_set_ids_, other.feed_set_ids_);
  std::swap(coverage_, other.coverage_);
}

Result<std::unique_ptr<Findings>> Findings::base() const {
  std::string folder = folder_ + "/base";
  std::error_code failed;
  if (!std::filesystem::exists(folder + "/findings.snapshot", failed)) {
    auto none = made();
    none->folder_ = folder;
    return none;
  }
  return Findings::open(folder, words_);
}

Result<void> Findings::fold_base(std::uint64_t once, const Events& events) {
  std::lock_guard lock(base_);
  auto base = TRY(this->base());
  if (base->watermark_ == once) return {};
  std::error_code failed;
  std::filesystem::create_directories(folder_ + "/base", failed);
  if (failed) return unavailable("cannot make the findings' base: " + failed.message());
  base->watermark_ = 0;
  auto take = [&](EventBatch& batch) -> Result<void> {
    base->apply(batch);
    return {};
  };
  TRY(events(take));
  base->watermark_ = once;
  return base->snapshot();
}

Result<void> Findings::begin_from_base() {
  if (size_ != 0 || watermark_ != 0) return {};
  std::lock_guard file(base_);
  auto base = TRY(this->base());
  std::unique_lock lock(mutex_);
  take_parts(*base);
  return {};
}

Findings::Naming Findings::naming(const std::function<bool(std::string_view text)>& names) const {
  Naming out;
  std::shared_lock lock(mutex_);
  for (std::uint32_t i = 0; i < size_; ++i) {
    Finding finding = row(i);
    if (!names(finding.subject) && !names(finding.controller)) continue;
    out.keys.push_back(finding.key);
    if (std::ranges::find(out.types, finding.type) == out.types.end())
      out.types.push_back(finding.type);
  }
  return out;
}

Result<std::size_t> Findings::erase_base(const std::function<bool(std::string_view text)>& names) {
  std::lock_guard lock(base_);
  std::error_code failed;
  if (!std::filesystem::exists(folder_ + "/base/findings.snapshot", failed)) return std::size_t{0};
  auto old = TRY(base());
  auto left = made();
  std::size_t gone = 0;
  for (std::uint32_t i = 0; i < old->size_; ++i) {
    Finding finding = old->row(i);
    if (names(finding.subject) || names(finding.controller)) {
      ++gone;
    } else {
      left->take_over(*old, i, 0);
    }
  }
  if (gone == 0) return gone;
  std::swap(left->coverage_, old->coverage_);
  left->folder_ = old->folder_;
  left->watermark_ = old->watermark_;
  TRY(left->snapshot());
  return gone;
}

}  // namespace tocsin::store
