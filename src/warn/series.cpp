#include "warn/series.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <filesystem>
#include <mutex>
#include <set>

#include "base/hash.h"
#include "model/subject.h"

namespace tocsin::warn {
namespace {

constexpr TimeUs quarter_us = us_per_hour / 4;
constexpr Day sealed_after = 16;           // days: then hours keep numbers, no sketches
constexpr std::size_t days_in_memory = 3;  // clean ones that stay
constexpr Day future_days = 1;             // events beyond are not counted
constexpr std::size_t refused_days_max = 400;

// The time of a row as it is counted; time_none: it is beyond the day after `latest` and is not.
TimeUs counted_time(const EventBatch& b, std::size_t i, TimeUs latest) {
  TimeUs time = b.time[i] != time_none ? b.time[i] : b.observed[i];
  if (time == time_none) time = b.received;
  return time >= times::start_of(times::day_of(latest) + future_days + 1) ? time_none : time;
}

// Of the subject, under the node's secret; 0: there is none.
std::uint32_t subject_hash(const EventBatch& b, std::size_t i, std::uint64_t secret) {
  Subject subject = subject_of(b, i);
  std::uint64_t hash = 0;
  if (subject.kind == SubjectKind::address) {
    std::uint64_t low = subject.ip.is_v4() ? subject.ip.v4() : 0;
    std::array<std::uint64_t, 2> both = {subject.ip.high(), low};
    hash = XXH3_64bits_withSeed(both.data(), sizeof both, secret);
  } else if (subject.kind != SubjectKind::none) {
    hash = hash64(subject.text, secret);
  } else {
    return 0;
  }
  return std::max<std::uint32_t>(1, static_cast<std::uint32_t>(hash >> 32));
}

// The series that rows of one report fall into come again and again: their rows and what is to be
// added stand here, by what and where, until another series takes the place.
class Pending {
 public:
  static constexpr std::size_t places = 8192;
  struct Place {
    SeriesKey key{UINT64_MAX, UINT64_MAX};
    std::uint32_t row = DaySeries::none, events = 0;
    unsigned quarter = 0, hour = UINT32_MAX;  // hour: to which the sketch belongs
    SubjectSketch* sketch = nullptr;
  };
  Place& of(const SeriesKey& key) { return all_[key.hash() >> 40 & (places - 1)]; }
  static void put(DaySeries& rows, Place& place) {
    if (place.events > 0) rows.add_events(place.row, place.quarter, place.events);
    place.events = 0;
  }
  void clear(DaySeries* rows) {
    for (Place& place : all_) {
      if (rows != nullptr) put(*rows, place);
      place = {};
    }
  }

 private:
  std::vector<Place> all_ = std::vector<Place>(places);
};

}  // namespace

// ---- taking events

// A key that finds no row is not counted: DaySeries::none.
std::uint32_t Series::row_for(DaySeries& rows, Day day, const SeriesKey& key) {
  std::uint32_t row = rows.find(key);
  if (row != DaySeries::none) return row;
  std::size_t held = rows.rows().size();
  if (held < options_.free_rows) return rows.add(key);
  bool passes = gate_.pass(
      hash64({reinterpret_cast<const char*>(&key), sizeof key}, static_cast<std::uint64_t>(day)));
  if (passes && held < options_.rows_max) return rows.add(key);
  ++refused_[day].keys;
  while (refused_.size() > refused_days_max) refused_.erase(refused_.begin());
  return DaySeries::none;
}

void Series::count_rows(const EventBatch& batch, TimeUs latest,
                        std::span<const WordId> constituents,
                        const std::function<bool(Day)>& only) {
  struct Row {
    Day day;
    std::uint32_t i;
    TimeUs time;
  };
  static thread_local std::vector<Row> rows;
  static thread_local Pending pending;
  rows.clear();
  for (std::size_t i = 0; i < batch.size(); ++i) {
    TimeUs time = counted_time(batch, i, latest);
    if (time != time_none)
      rows.push_back({times::day_of(time), static_cast<std::uint32_t>(i), time});
  }
  // Day after day: what is pending goes with its day.
  if (!std::ranges::is_sorted(rows, {}, &Row::day)) std::ranges::stable_sort(rows, {}, &Row::day);
  OpenDay* open = nullptr;
  Day open_day = INT32_MIN;
  std::array<SeriesKey, keys_max> keys;
  for (auto [day, i, time] : rows) {
    if (day != open_day) {
      pending.clear(open == nullptr ? nullptr : &open->rows);
      open_day = day;
      open = !only || only(day) ? &open_.at(day) : nullptr;
      if (open != nullptr) open->changed = true, open->touched = batch.seq;
    }
    if (open == nullptr) continue;
    auto quarter = static_cast<unsigned>((time - times::start_of(open_day)) / quarter_us);
    std::uint32_t subject = subject_hash(batch, i, options_.secret);
    std::size_t n = keys_of(batch, i, constituents.empty() ? 0 : constituents[i], keys);
    for (std::size_t k = 0; k < n; ++k) {
      Pending::Place& place = pending.of(keys[k]);
      if (place.key != keys[k] || place.row == DaySeries::none) {
        Pending::put(open->rows, place);
        place = {.key = keys[k],
                 .row = row_for(open->rows, open_day, keys[k]),
                 .events = 0,
                 .quarter = quarter};
        if (place.row == DaySeries::none) continue;
      } else if (place.quarter != quarter) {
        Pending::put(open->rows, place);
        place.quarter = quarter;
      }
      ++place.events;
      if (subject == 0 || !has_subjects(keys[k])) continue;
      if (place.hour != quarter / 4) {
        place.hour = quarter / 4;
        place.sketch = open->rows.sketch_for(place.row, place.hour);
      }
      if (place.sketch != nullptr) open->rows.add_to(*place.sketch, subject);
    }
  }
  pending.clear(open == nullptr ? nullptr : &open->rows);
}

Result<void> Series::apply(const EventBatch& batch, std::span<const WordId> constituents) {
  if (batch.seq <= applied_) return {};
  TRY(take(batch, batch.received, constituents));
  {
    std::unique_lock lock(mutex_);
    if (batch.size() > 0) clocks_[batch.feed].take(batch);
  }
  if (days_bytes() <= options_.memory_bytes) return {};
  TRY(write_days());
  let_days_go();
  return {};
}

Result<void> Series::restore(const EventBatch& batch, TimeUs latest,
                             std::span<const WordId> constituents) {
  TRY(take(batch, latest, constituents));
  if (days_bytes() <= options_.memory_bytes) return {};
  TRY(write_days());
  let_days_go();
  return {};
}

// All days are opened before anything is counted.
Result<void> Series::take(const EventBatch& batch, TimeUs latest,
                          std::span<const WordId> constituents) {
  if (batch.seq <= applied_) return {};
  Day last = INT32_MIN;
  for (std::size_t i = 0; i < batch.size(); ++i) {
    TimeUs time = counted_time(batch, i, latest);
    if (time == time_none || times::day_of(time) == last) continue;
    last = times::day_of(time);
    TRY(open_day(last));
  }
  std::unique_lock lock(mutex_);
  if (Day day = times::day_of(latest); day != gate_day_) {
    gate_.clear();
    gate_day_ = day;
  }
  count_rows(batch, latest, constituents, {});
  applied_ = batch.seq;
  return {};
}

// The day's rows in memory.
Result<Series::OpenDay*> Series::open_day(Day day) {
  if (auto at = open_.find(day); at != open_.end()) return &at->second;
  OpenDay open;
  if (auto file = files_.find(day); file != files_.end()) {
    auto read = history_.read(day, file->second);
    if (!read && read.error().fault == Fault::unavailable) return std::unexpected(read.error());
    if (read) {
      open.rows = std::move(*read);
    } else {
      spdlog::error("series of {}: {}: counted from here on", times::format_day(day),
                    read.error().what);
    }
  }
  std::unique_lock lock(mutex_);
  return &open_.emplace(day, std::move(open)).first->second;
}

std::size_t Series::days_bytes() const {
  std::size_t bytes = gate_.size_bytes();
  for (const auto& [day, open] : open_) bytes += open.rows.size_bytes();
  return bytes;
}

// Under new names, which count with the next snapshot.
Result<void> Series::write_days() {
  for (auto& [day, open] : open_) {
    if (!open.changed) continue;
    if (day + sealed_after < gate_day_) {
      std::unique_lock lock(mutex_);
      open.rows.seal();
    }
    auto named =
        TRY(history_.write(day, open.rows.encode([](const DaySeries::Row&) { return true; })));
    std::unique_lock lock(mutex_);
    files_[day] = named;
    open.changed = false;
  }
  return {};
}

// Days in files leave the memory, but for those that were touched last.
void Series::let_days_go() {
  std::unique_lock lock(mutex_);
  std::vector<std::pair<std::uint64_t, Day>> clean;
  for (const auto& [day, open] : open_) {
    if (!open.changed) clean.emplace_back(open.touched, day);
  }
  std::ranges::sort(clean, std::greater{});
  bool full = days_bytes() > options_.memory_bytes;
  for (std::size_t i = full ? 0 : days_in_memory; i < clean.size(); ++i)
    open_.erase(clean[i].second);
  memory_ = days_bytes();
}

// ---- corrections

Result<void> Series::correct(const EventBatch& act, const Events& events,
                             const Constituents& constituents) {
  if (act.seq <= applied_) return {};
  std::set<Day> days;
  for (Day day : act.correction.days) {
    TRY(open_day(day));
    days.insert(day);
  }
  {
    std::unique_lock lock(mutex_);
    for (Day day : days) {
      open_.at(day) = {.rows = {}, .changed = true, .touched = act.seq};
      refused_.erase(day);
    }
  }
  auto only = [&](Day day) { return days.contains(day); };
  auto take = [&](const EventBatch& batch) -> Result<void> {
    auto whose = constituents ? constituents(batch) : std::vector<WordId>();
    std::unique_lock lock(mutex_);
    count_rows(batch, act.received, whose, only);
    return {};
  };
  for (auto from = days.begin(); from != days.end();) {
    auto to = std::next(from);
    while (to != days.end() && *to == *std::prev(to) + 1) ++to;
    TRY(events(*from, *std::prev(to) + 1, take));
    from = to;
  }
  std::unique_lock lock(mutex_);
  applied_ = act.seq;
  return {};
}

std::size_t Series::drop_before(Day day) {
  std::unique_lock lock(mutex_);
  std::set<Day> gone;
  for (const auto& [old, named] : files_) {
    if (old < day) gone.insert(old);
  }
  for (const auto& [old, open] : open_) {
    if (old < day) gone.insert(old);
  }
  for (Day old : gone) {
    files_.erase(old);
    open_.erase(old);
    refused_.erase(old);
  }
  return gone.size();
}

// ---- reading

std::vector<Day> Series::days(Day since, Day until) const {
  std::shared_lock lock(mutex_);
  std::set<Day> days;
  for (auto at = files_.lower_bound(since); at != files_.end() && at->first < until; ++at)
    days.insert(at->first);
  for (auto at = open_.lower_bound(since); at != open_.end() && at->first < until; ++at)
    days.insert(at->first);
  return {days.begin(), days.end()};
}

Result<void> Series::look(Day day, const std::function<void(const DaySeries&)>& look) const {
  std::shared_lock lock(mutex_);
  if (auto open = open_.find(day); open != open_.end()) {
    look(open->second.rows);
    return {};
  }
  auto file = files_.find(day);
  if (file == files_.end()) return {};
  look(TRY(history_.read(day, file->second)));
  return {};
}

std::map<WordId, FeedClock> Series::clocks() const {
  std::shared_lock lock(mutex_);
  return clocks_;
}

std::optional<FeedClock> Series::clock(WordId feed) const {
  std::shared_lock lock(mutex_);
  auto at = clocks_.find(feed);
  return at == clocks_.end() ? std::nullopt : std::optional(at->second);
}

std::map<Day, Refused> Series::refused() const {
  std::shared_lock lock(mutex_);
  return refused_;
}

}  // namespace tocsin::warn
