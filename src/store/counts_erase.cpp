// A subject in the counts: in which exact sets it is, and out of all of them; as an address, or as
// a name's hash.
#include <algorithm>
#include <set>

#include "store/counts.h"

namespace tocsin::store {
namespace {

// The value as it stands in sets; one of the three.
struct Wanted {
  bool is_four, is_six;
  std::uint32_t four;
  std::uint64_t wide;

  Wanted(const Ip& ip, std::uint64_t name)
      : is_four(!ip.empty() && ip.is_v4()),
        is_six(!ip.empty() && !ip.is_v4()),
        four(is_four ? ip.v4() : 0),
        wide(is_six ? ip.high() : name) {}

  bool is_in(const SetView& set) const {
    if (is_four) {
      return set.bitmap != nullptr ? roaring_bitmap_contains(set.bitmap, four)
                                   : std::ranges::binary_search(set.four, four);
    }
    return std::ranges::binary_search(is_six ? set.six : set.names, wide);
  }
  void take_out(SubjectSet& set) const {
    if (is_four) std::erase(set.four, four);
    if (!is_four) std::erase(is_six ? set.six : set.names, wide);
  }
};

Result<bool> holds(const CountFile& file, const Wanted& wanted) {
  for (const CountEntry& entry : file.entries()) {
    if (entry.size == 0) continue;
    auto set = TRY(file.set(entry));
    if (wanted.is_in(set.view)) return true;
  }
  return false;
}

// The file once more, without the value. Gives its size.
Result<std::uint64_t> copy_without(const CountFile& file, const Wanted& wanted,
                                   const std::string& path, Day day) {
  auto writer = TRY(CountFileWriter::create(path, day));
  SetUnion unions;
  for (const CountEntry& entry : file.entries()) {
    auto held = TRY(file.set(entry));
    Hours hours = TRY(file.hours(entry));
    if (!wanted.is_in(held.view)) {
      TRY(writer.add(entry.key, entry.events, &hours, held.view));
      continue;
    }
    SubjectSet set = unions.merge(std::span(&held.view, 1));
    wanted.take_out(set);
    TRY(writer.add(entry.key, entry.events, &hours, set.view()));
  }
  return writer.finish();
}

}  // namespace

Result<std::size_t> Counts::days_with(const Ip& ip, std::string_view text) const {
  Wanted wanted(ip, name_hash(text));
  // Every event is in one of these.
  auto is_every = [](const CountKey& key) { return key.kind() == CellKind::family; };
  View all = view({INT32_MIN, INT32_MAX}, false, is_every);
  std::set<Day> days;
  for (const View::Open& cell : all.open) {
    if (wanted.is_in(cell.set.view())) days.insert(cell.day);
  }
  for (const StoredPtr& stored : all.files) {
    const CountFile* file = TRY(suspecting(stored->file()));
    for (const CountEntry& entry : file->entries()) {
      if (entry.size == 0 || !is_every(entry.key) || days.contains(stored->day())) continue;
      auto set = TRY(suspecting(file->set(entry)));
      if (wanted.is_in(set.view)) days.insert(stored->day());
    }
    stored->relax();
  }
  return days.size();
}

Result<std::size_t> Counts::erase(const Ip& ip, std::string_view text) {
  Wanted wanted(ip, name_hash(text));
  while (!open_.empty()) TRY(write_day(open_.begin()->first));
  std::size_t days = 0;
  for (auto& [day, files] : days_) {
    bool touched = false;
    for (StoredPtr& stored : files) {
      const CountFile* file = TRY(suspecting(stored->file()));
      if (!TRY(suspecting(holds(*file, wanted)))) {
        stored->relax();
        continue;
      }
      std::uint64_t number = next_number_++;
      std::uint64_t size =
          TRY(suspecting(copy_without(*file, wanted, path_of("day", day, number), day)));
      StoredPtr fresh = add_file("day", day, number, size);
      unsynced_.push_back(fresh);
      std::unique_lock lock(mutex_);
      doom(stored);
      stored = fresh;
      touched = changed_ = true;
    }
    if (!touched) continue;
    ++days;
    std::unique_lock lock(mutex_);
    if (auto merged = months_.find(times::month_start(day)); merged != months_.end()) {
      doom(merged->second.file);
      months_.erase(merged);
    }
  }
  return days;
}

}  // namespace tocsin::store
