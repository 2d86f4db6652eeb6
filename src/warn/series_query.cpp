#include "warn/series_query.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>
#include <unordered_map>

#include "warn/filter.h"

namespace tocsin::warn {
namespace {

constexpr TimeUs quarter_us = us_per_hour / 4;
constexpr std::array<std::string_view, 4> steps = {"15m", "1h", "1d", "1w"};
constexpr std::array<unsigned, 3> quarters_of = {1, 4, 96};
constexpr Day monday = 4;  // 1970-01-05
constexpr double coverage = 0.95;
// The past from which an expectation is learned, in ticks.
constexpr std::array<std::int64_t, 4> learned_ticks = {14 * 96, 42 * 24, 400, 156};

Resolution resolution(Step step) {
  switch (step) {
    case Step::quarter:
      return {.ticks_per_day = 96, .rhythm = Rhythm::day_and_week};
    case Step::hour:
      return {.ticks_per_day = 24, .rhythm = Rhythm::day_and_week};
    case Step::day:
      return {.ticks_per_day = 1, .rhythm = Rhythm::week};
    case Step::week:
      return {.ticks_per_day = 1.0 / 7, .rhythm = Rhythm::year};
  }
  return {};
}

std::int64_t floor_div(std::int64_t a, std::int64_t b) {
  return a / b - (a % b < 0 ? 1 : 0);
}

bool fits(const SeriesKey& key, const SeriesQuery& q) {
  return key.what() == q.what && key.where() == q.where && (!q.type || key.type() == *q.type) &&
         (!q.klass || class_of(key.type()) == *q.klass) &&
         (!q.detail || key.detail() == *q.detail) && (!q.place || key.place() == *q.place) &&
         (q.feed == 0 || key.feed() == q.feed);
}

SeriesKey without_feed(SeriesKey key) {
  key.low &= ~std::uint64_t{UINT32_MAX};
  return key;
}

// One group of series of all feeds while it is summed.
struct Sum {
  std::uint64_t events = 0;
  std::set<WordId> feeds;
};

// The ticks of one row, with each feed's part where a tick may be partial.
struct Filling {
  std::vector<std::uint64_t> events;
  std::vector<SubjectSketch> subjects;  // hours and up
  std::vector<bool> has_subjects;
  std::vector<std::uint64_t> numbers;  // of sealed hours: the most that one feed told
  std::vector<std::map<WordId, std::uint64_t>> by_feed;  // of the ticks of the answer's period
};

class Asking {
 public:
  Asking(const Series& series, const SeriesQuery& query, TimeUs now)
      : series_(series), query_(query), now_(now), clocks_(series.clocks()) {}

  Result<SeriesAnswer> run() {
    first_ = tick_of(query_.step, query_.since);
    end_ = tick_of(query_.step, query_.until - 1) + 1;
    if (query_.until <= query_.since) return invalid("'since' must be before 'until'");
    if (end_ - first_ > static_cast<std::int64_t>(ticks_max))
      return invalid(fmt::format("{} ticks of {}; {} are the most", end_ - first_,
                                 name(query_.step), ticks_max));
    TRY(choose());
    learned_ = first_ - (query_.expected ? learned_ticks.at(index()) : 0);
    fillings_.resize(answer_.rows.size());
    for (Filling& filling : fillings_) {
      auto ticks = static_cast<std::size_t>(end_ - learned_);
      filling.events.resize(ticks);
      filling.subjects.resize(static_cast<std::size_t>(end_ - first_));
      filling.has_subjects.resize(filling.subjects.size());
      filling.numbers.resize(filling.subjects.size());
      filling.by_feed.resize(filling.subjects.size());
    }
    if (answer_.rows.empty()) return std::move(answer_);
    Day since = day_of_tick(learned_),
        until = times::day_of(start_of_tick(query_.step, end_) - 1) + 1;
    for (Day day : series_.days(since, until))
      TRY(series_.look(day, [&](const DaySeries& rows) { fill(day, rows); }));
    for (std::size_t i = 0; i < answer_.rows.size(); ++i) finish(answer_.rows[i], fillings_[i]);
    return std::move(answer_);
  }

 private:
  std::size_t index() const { return static_cast<std::size_t>(query_.step); }
  Day day_of_tick(std::int64_t tick) const {
    return times::day_of(start_of_tick(query_.step, tick));
  }

  // Which rows there are, and the first of them.
  Result<void> choose() {
    std::unordered_map<SeriesKey, Sum, SeriesKey::Hasher> sums;
    TimeUs from = start_of_tick(query_.step, first_), to = start_of_tick(query_.step, end_);
    Day until = times::day_of(to - 1) + 1;
    for (Day day : series_.days(times::day_of(from), until)) {
      TimeUs start = times::start_of(day);
      auto begin = static_cast<unsigned>(std::max<TimeUs>(0, (from - start) / quarter_us));
      auto end =
          static_cast<unsigned>(std::min<TimeUs>(quarters_of_day, (to - start) / quarter_us));
      TRY(series_.look(day, [&](const DaySeries& rows) {
        for (const auto& row : rows.rows()) {
          if (!fits(row.key, query_)) continue;
          std::uint64_t events = row.events.sum(begin, end);
          if (events == 0) continue;
          Sum& sum = sums[without_feed(row.key)];
          sum.events += events;
          sum.feeds.insert(row.key.feed());
        }
      }));
    }
    for (const auto& [day, refused] : series_.refused()) {
      if (day >= times::day_of(from) && day < until) answer_.refused.push_back(day);
    }
    answer_.groups = sums.size();
    for (auto& [key, sum] : sums)
      answer_.rows.push_back({.key = key,
                              .events = sum.events,
                              .feeds = {sum.feeds.begin(), sum.feeds.end()},
                              .watermark = time_none,
                              .ticks = {}});
    std::ranges::sort(answer_.rows, [](const SeriesRow& a, const SeriesRow& b) {
      return a.events != b.events ? a.events > b.events : a.key < b.key;
    });
    if (answer_.rows.size() > query_.top) answer_.rows.resize(query_.top);
    for (std::size_t i = 0; i < answer_.rows.size(); ++i) place_[answer_.rows[i].key] = i;
    return {};
  }

  void fill(Day day, const DaySeries& rows) {
    for (const auto& row : rows.rows()) {
      if (!fits(row.key, query_)) continue;
      auto at = place_.find(without_feed(row.key));
      if (at == place_.end()) continue;
      Filling& filling = fillings_[at->second];
      unsigned step = quarters_of.at(std::min<std::size_t>(index(), 2));
      for (unsigned quarter = 0; quarter < quarters_of_day; quarter += step) {
        std::uint64_t events = row.events.sum(quarter, quarter + step);
        std::int64_t tick = tick_of(query_.step, times::start_of(day) + quarter * quarter_us);
        if (events == 0 || tick < learned_ || tick >= end_) continue;
        filling.events[static_cast<std::size_t>(tick - learned_)] += events;
        if (tick < first_) continue;
        auto shown = static_cast<std::size_t>(tick - first_);
        filling.by_feed[shown][row.key.feed()] += events;
        add_subjects(row, quarter, filling, shown);
      }
    }
  }

  void add_subjects(const DaySeries::Row& row, unsigned quarter, Filling& filling,
                    std::size_t shown) const {
    if (query_.step == Step::quarter) return;
    auto sketch = query_.step == Step::hour ? DaySeries::sketch_of_hour(row, quarter / 4)
                                            : DaySeries::subjects_of_day(row);
    if (!row.subjects) return;
    if (sketch) filling.subjects[shown].unite(*sketch);
    if (!sketch) {
      auto number = DaySeries::subjects_of_hour(row, quarter / 4).value_or(0);
      filling.numbers[shown] = std::max(filling.numbers[shown], number);
    }
    filling.has_subjects[shown] = true;
  }

  void finish(SeriesRow& row, const Filling& filling) const {
    row.watermark = now_;
    for (WordId feed : row.feeds) {
      auto clock = clocks_.find(feed);
      TimeUs to = clock == clocks_.end() ? time_none : clock->second.watermark(now_);
      row.watermark = std::min(row.watermark, to);
    }
    for (std::int64_t tick = first_; tick < end_; ++tick) {
      auto i = static_cast<std::size_t>(tick - first_);
      SeriesTick out{.start = start_of_tick(query_.step, tick),
                     .events = filling.events[static_cast<std::size_t>(tick - learned_)],
                     .subjects = std::nullopt,
                     .partial = false,
                     .total = std::nullopt,
                     .expected = std::nullopt};
      if (filling.has_subjects[i])
        out.subjects = std::max(filling.subjects[i].count(), filling.numbers[i]);
      TimeUs end = start_of_tick(query_.step, tick + 1);
      out.partial = end > row.watermark;
      if (out.partial) out.total = becomes(filling.by_feed[i], row.feeds, end);
      row.ticks.push_back(out);
    }
    if (query_.expected) expect(row, filling);
  }

  // What is still to come of each feed: as much of a Poisson count as is usually missing.
  Interval becomes(const std::map<WordId, std::uint64_t>& by_feed, const std::vector<WordId>& feeds,
                   TimeUs end) const {
    double here = 0, missing = 0, variance = 0;
    for (WordId feed : feeds) {
      auto clock = clocks_.find(feed);
      auto count = by_feed.find(feed);
      double events = count == by_feed.end() ? 0 : static_cast<double>(count->second);
      double share = clock == clocks_.end() ? 1 : clock->second.complete(end, now_);
      here += events;
      double mean = (events + 0.5) * (1 - share) / share;
      missing += mean;
      variance += mean / share;
    }
    if (missing < mean_min) return {here, here};
    Interval rest = interval(coverage, {.mean = missing, .dispersion = variance / missing});
    return {here + rest.low, here + rest.high};
  }

  void expect(SeriesRow& row, const Filling& filling) const {
    Resolution with = resolution(query_.step);
    Filter filter;
    unsigned ahead = 0;
    bool begun = false;
    for (std::int64_t tick = learned_; tick < end_; ++tick) {
      auto count = static_cast<double>(filling.events[static_cast<std::size_t>(tick - learned_)]);
      begun = begun || count > 0;
      if (!begun) continue;
      bool whole = start_of_tick(query_.step, tick + 1) <= row.watermark;
      Place at = place(with, tick);
      ahead = whole ? 1 : ahead + 1;
      if (tick >= first_ && !filter.learning()) {
        SeriesTick& shown = row.ticks[static_cast<std::size_t>(tick - first_)];
        shown.expected = filter.predict(at, 1, ahead);
      }
      if (whole) filter.learn(at, count);
    }
  }

  const Series& series_;
  const SeriesQuery& query_;
  const TimeUs now_;
  const std::map<WordId, FeedClock> clocks_;
  std::int64_t first_ = 0, end_ = 0, learned_ = 0;
  SeriesAnswer answer_;
  std::unordered_map<SeriesKey, std::size_t, SeriesKey::Hasher> place_;
  std::vector<Filling> fillings_;
};

}  // namespace

std::string_view name(Step step) {
  return steps.at(static_cast<std::size_t>(step));
}

std::optional<Step> step_named(std::string_view text) {
  auto at = std::ranges::find(steps, text);
  if (at == steps.end()) return std::nullopt;
  return static_cast<Step>(at - steps.begin());
}

std::int64_t tick_of(Step step, TimeUs time) {
  if (step == Step::quarter) return floor_div(time, quarter_us);
  if (step == Step::hour) return floor_div(time, us_per_hour);
  if (step == Step::day) return times::day_of(time);
  return floor_div(times::day_of(time) - monday, 7);
}

TimeUs start_of_tick(Step step, std::int64_t tick) {
  if (step == Step::quarter) return tick * quarter_us;
  if (step == Step::hour) return tick * us_per_hour;
  auto days = step == Step::day ? tick : tick * 7 + monday;
  return times::start_of(static_cast<Day>(days));
}

Result<SeriesAnswer> ask(const Series& series, const SeriesQuery& query, TimeUs now) {
  return Asking(series, query, now).run();
}

}  // namespace tocsin::warn
