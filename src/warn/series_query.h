// SeriesQuery: what may be asked of the series: any cut of them at any resolution, with what was
// to be expected, and what is not all there yet. docs/series.md defines the figures.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "warn/series.h"
#include "warn/tail.h"

namespace tocsin::warn {

enum class Step : std::uint8_t { quarter, hour, day, week };
std::string_view name(Step step);  // "15m", "1h", "1d", "1w"
std::optional<Step> step_named(std::string_view text);
// The tick that holds `time`, and the start of one. Weeks begin on Mondays; all are UTC.
std::int64_t tick_of(Step step, TimeUs time);
TimeUs start_of_tick(Step step, std::int64_t tick);

struct SeriesQuery {
  What what = What::type;
  Where where = Where::all;
  // All that is set must hold.
  std::optional<Type> type;
  std::optional<Class> klass;
  std::optional<std::uint32_t> detail, place;  // as in SeriesKey
  WordId feed = 0;
  Step step = Step::hour;
  TimeUs since = 0, until = 0;  // widened to whole ticks
  std::size_t top = 20;         // rows, the most events first
  bool expected = false;        // also what the past made expect
};
// So many ticks at most.
inline constexpr std::size_t ticks_max = 10'000;

struct SeriesTick {
  TimeUs start = 0;
  std::uint64_t events = 0;
  std::optional<std::uint64_t> subjects;  // from an hour up; nullopt: not counted
  // A feed that tells of the series has not told everything up to the end of this tick.
  bool partial = false;
  std::optional<Interval> total;     // of a partial one: 95 % of what it may become
  std::optional<Expected> expected;  // nullopt: there is too little past
};

struct SeriesRow {
  SeriesKey key;  // without its feed, unless one was asked for
  std::uint64_t events = 0;
  std::vector<WordId> feeds;
  TimeUs watermark = time_none;  // the least of those feeds'
  std::vector<SeriesTick> ticks;
};

struct SeriesAnswer {
  std::vector<SeriesRow> rows;
  std::size_t groups = 0;    // rows there would be without `top`
  std::vector<Day> refused;  // days that had more keys than could be counted
};

// Errors: invalid: no ticks, or more than ticks_max; those of Series::look().
Result<SeriesAnswer> ask(const Series& series, const SeriesQuery& query, TimeUs now);

}  // namespace tocsin::warn
