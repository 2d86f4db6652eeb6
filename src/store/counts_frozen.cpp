// Freezing a month of the counts: its figures are finished and kept, its exact sets go.
#include <cmath>

#include "store/counts.h"

namespace tocsin::store {
namespace {

struct FrozenFigure {
  CountKey key;
  std::uint64_t events;
  Distinct distinct;
  std::uint64_t daily_sum;
};

}  // namespace

// Kept are the figures of the month and, with the first month of a year to go, those from the start
// of the year to the end of each of its months, which nobody could count later.
Result<void> Counts::freeze_month(Day month) {
  Day next = times::next_month(month);
  while (true) {
    auto open = open_.lower_bound(month);
    if (open == open_.end() || open->first >= next) break;
    TRY(write_day(open->first));
  }
  std::vector<std::pair<Period, Per>> periods{{{month, next}, Per::day}};
  Day year = times::day_from({times::civil(month).year, 1, 1});
  Day year_end = times::day_from({times::civil(month).year + 1, 1, 1});
  bool first = frozen_.lower_bound(year) == frozen_.lower_bound(month);
  for (Day end = next; first && end < year_end && days_.lower_bound(end) != days_.end();) {
    end = times::next_month(end);
    periods.push_back({{year, end}, Per::period});
  }
  std::vector<FrozenFigure> figures;
  for (std::size_t i = 0; i < cuts_count; ++i) {
    auto cut = static_cast<Cut>(i);
    for (auto [period, per] : periods) {
      StatsQuery asked{
          .cut = cut, .period = period, .per = per, .order = Order::events, .top = SIZE_MAX};
      StatsAnswer answer = TRY(query(asked));
      for (const StatsRow& row : answer.rows) {
        double days = period.until - period.since;
        auto daily = static_cast<std::uint64_t>(std::llround(row.daily_mean.value_or(0) * days));
        figures.push_back({frozen_key(cut, row_number(row.key), period), row.now.events,
                           row.now.distinct.value_or(Distinct{}), daily});
      }
    }
  }
  std::ranges::sort(figures, {}, &FrozenFigure::key);
  std::uint64_t number = next_number_++;
  auto writer = TRY(CountFileWriter::create(path_of("frozen", month, number), month));
  for (const FrozenFigure& f : figures) {
    TRY(writer.add_figure(f.key, f.events, f.distinct, f.daily_sum));
  }
  std::uint64_t size = TRY(writer.finish());

  std::unique_lock lock(mutex_);
  frozen_[month] = add_file("frozen", month, number, size);
  unsynced_.push_back(frozen_[month]);
  auto from = days_.lower_bound(month), to = days_.lower_bound(next);
  for (auto day = from; day != to; ++day) {
    for (const StoredPtr& file : day->second) doom(file);
  }
  days_.erase(from, to);
  arrived_.erase(month);
  if (auto merged = months_.find(month); merged != months_.end()) {
    doom(merged->second.file);
    months_.erase(merged);
  }
  changed_ = true;
  return {};
}

}  // namespace tocsin::store
