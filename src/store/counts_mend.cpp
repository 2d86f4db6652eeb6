// Mending the counts: which files are damaged, and how their days are counted anew.
#include <fmt/format.h>

#include <algorithm>

#include "store/counts.h"

namespace tocsin::store {
namespace {

// What is wrong with a file, read from the disk to its last cell; "": nothing, or the disk does not
// tell now.
std::string fault_of(const StoredCounts& stored) {
  auto file = CountFile::open(stored.path(), stored.size());
  if (!file) return file.error().fault == Fault::unavailable ? "" : file.error().what;
  for (const CountEntry& entry : file->entries()) {
    if (entry.size == 0) continue;
    if (auto set = file->set(entry); !set) return set.error().what;
  }
  return {};
}

}  // namespace

bool Counts::is_damaged() const {
  std::shared_lock lock(mutex_);
  return suspect_ || std::ranges::any_of(damaged_, [](const Damage& d) { return !d.lost; });
}

std::vector<Counts::Damage> Counts::damaged() const {
  std::shared_lock lock(mutex_);
  return damaged_;
}

std::vector<Counts::Damage> Counts::verify() const {
  std::vector<Damage> out = damaged();
  for (const StoredPtr& stored : files().held) {
    if (std::string what = fault_of(*stored); !what.empty()) out.push_back({stored->day(), what});
  }
  return out;
}

// Takes damaged files out. The days of a merged month are in their own files too.
void Counts::take_out_damaged() {
  for (const StoredPtr& stored : files().held) {
    std::string what = fault_of(*stored);
    if (what.empty()) continue;
    std::unique_lock lock(mutex_);
    doom(stored);
    changed_ = true;
    Day first = stored->day(), month = times::month_start(first);
    auto holds = [&](const auto& by_day) {
      auto at = by_day.find(first);
      return at != by_day.end() && at->second == stored;
    };
    if (auto merged = months_.find(month);
        merged != months_.end() && merged->second.file == stored) {
      months_.erase(merged);
    } else if (holds(frozen_)) {
      frozen_.erase(first);
      for (Day day = first; day < times::next_month(first); ++day) damaged_.push_back({day, what});
    } else {
      std::erase(days_[first], stored);
      if (days_[first].empty()) days_.erase(first);
      damaged_.push_back({first, what});
    }
  }
}

Result<void> Counts::forget(Period days) {
  std::unique_lock lock(mutex_);
  open_.erase(open_.lower_bound(days.since), open_.lower_bound(days.until));
  auto first = days_.lower_bound(days.since), last = days_.lower_bound(days.until);
  for (auto day = first; day != last; ++day) {
    for (const StoredPtr& file : day->second) doom(file);
  }
  days_.erase(first, last);
  std::erase_if(months_, [&](const auto& month) {
    bool touched = month.first < days.until && times::next_month(month.first) > days.since;
    if (touched) doom(month.second.file);
    return touched;
  });
  changed_ = true;
  return {};
}

Result<void> Counts::count_anew(Period days, const Events& events) {
  TRY(forget(days));
  return events(days, [&](const EventBatch& batch) -> Result<void> {
    {
      std::unique_lock lock(mutex_);
      count_rows(batch, days);
    }
    return memory_ > options_.memory_bytes ? spill(options_.memory_bytes / 2) : Result<void>{};
  });
}

Result<void> Counts::correct(const EventBatch& act, Day whole_from, const Events& events) {
  if (act.seq <= applied_) return {};
  std::vector<Day> days = act.correction.days;
  std::erase_if(
      days, [&](Day day) { return day < whole_from || frozen_.contains(times::month_start(day)); });
  std::ranges::sort(days);
  for (auto day = days.begin(); day != days.end();) {
    Period run{*day, *day + 1};
    while (++day != days.end() && *day <= run.until) run.until = *day + 1;
    TRY(count_anew(run, events));
  }
  applied_ = act.seq;
  changed_ = true;
  return {};
}

Result<std::size_t> Counts::mend(Day whole_from, const Events& events) {
  if (suspect_.exchange(false)) take_out_damaged();
  std::set<Day> days;
  for (Damage& damage : damaged_) {
    // Where events are gone, what other files of the day hold is more than could be counted anew.
    bool keep = damage.day < whole_from && days_.contains(damage.day);
    if (keep && !damage.lost) {
      std::unique_lock lock(mutex_);
      damage.lost = changed_ = true;
    }
    if (!damage.lost) days.insert(damage.day);
  }
  for (auto day = days.begin(); day != days.end();) {
    Period run{*day, *day + 1};
    while (++day != days.end() && *day == run.until) ++run.until;
    TRY(count_anew(run, events));
    std::unique_lock lock(mutex_);
    std::erase_if(damaged_, [&](Damage& damage) {
      if (damage.lost || damage.day < run.since || damage.day >= run.until) return false;
      damage.lost = damage.day < whole_from;
      return !damage.lost;
    });
  }
  TRY(snapshot());
  return days.size();
}

}  // namespace tocsin::store
