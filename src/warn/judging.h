// Judging: each tick of each series, once its feed is complete to there, against what its past
// makes expect. Streaming feeds are judged by the quarter of an hour, others by the day. What is
// not known (a silent feed, a feed that tells everything twice) is neither judged nor learned. The
// state is a value of one thread; it is kept with the series' snapshot, so that a tick counts once:
// after a crash the ticks since are judged again, from the same state. Source: DESIGN D10;
// docs/series.md.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "warn/feed_watch.h"
#include "warn/filter.h"
#include "warn/series.h"
#include "warn/series_query.h"

namespace tocsin::warn {

// What of a series stands out; `novelty` is for series that began with this tick.
inline constexpr std::array<std::string_view, 4> judged_by = {"surge", "cusum", "scan", "novelty"};

struct JudgedSeries {
  SeriesKey key;
  double count = 0;
  Expected expected;
  double p = 1;         // the least of its detectors', each divided by its share
  std::uint8_t by = 0;  // whose that is: place in judged_by
};

struct JudgedTick {
  WordId feed = 0;
  Step step = Step::day;  // quarter or day
  std::int64_t tick = 0;
  TimeUs start = 0, end = 0;
  // May it raise warnings? Not while the feed is new, nor of ticks that are long past.
  bool is_news = false;
  std::vector<JudgedSeries> series;  // all that were swept
};

class Judging {
 public:
  // A feed's series are judged after so many days of it.
  static constexpr std::int64_t learned_days = 14;
  static constexpr std::size_t series_max = 1'000'000;  // beyond, new ones are not judged

  using Take = std::function<void(const JudgedTick& tick)>;
  // Judges what has become complete, at most one day of events; true: there is more. Errors: those
  // of Series::look(): nothing of that day was judged.
  Result<bool> run(const Series& series, TimeUs now, const Take& take);

  const FeedWatch& feeds() const { return watch_; }
  std::size_t series_count() const { return count_; }
  std::size_t memory_bytes() const;

  std::string save() const;
  // Errors: invalid: another version, or damaged; the state is as new then.
  Result<void> load(std::string_view bytes);

 private:
  static constexpr std::size_t floats = 32;  // of the detectors of one series
  struct Track {
    SeriesKey key;
    Filter filter;
    std::int64_t last = 0;  // tick with an event
    std::array<float, floats> states{};
  };
  struct OfFeed {
    Step step = Step::day;
    std::int64_t next = 0, first = 0;  // ticks: the next to judge; the first it learned from
    std::int64_t days = 0, last_day = INT32_MIN;    // with events: how many, the last
    TimeUs switched = time_none;                    // when the step was chosen
    std::uint64_t events = 0, future = 0, old = 0;  // what the clock said last
    Filter total;
    float ratio = 0;          // usual events per subject of a tick; 0: not known
    std::uint32_t ticks = 0;  // judged
    std::array<std::array<float, 4>, 15> novelty{};  // by what and where
    std::vector<Track> tracks;
    std::unordered_map<SeriesKey, std::uint32_t, SeriesKey::Hasher> places;
    std::int64_t limit = 0;  // ticks before it are complete; not kept
  };
  // The rows of one feed in one day.
  struct Slice {
    std::vector<SeriesKey> keys;
    std::vector<QuarterCounts> counts;
    std::vector<std::uint32_t> tracks;         // place of the track, or UINT32_MAX
    std::array<std::uint64_t, 24> subjects{};  // of the type series, by hour
    std::uint64_t day_subjects = 0;
  };

  void prepare(WordId feed, const FeedClock& clock, TimeUs now);
  void watch_clock(WordId feed, OfFeed& of, const FeedClock& clock, TimeUs now);
  void begin(OfFeed& of, Step step, const FeedClock& clock, TimeUs now);
  static Slice slice_of(WordId feed, const OfFeed& of, const DaySeries& rows);
  void judge_tick(WordId feed, OfFeed& of, Slice& slice, const FeedClock& clock, TimeUs now,
                  const Take& take);
  bool is_doubled(WordId feed, OfFeed& of, const Slice& slice, double total, TimeUs start);
  void judge_tracks(OfFeed& of, const Place& at, const std::vector<double>& counts,
                    JudgedTick& out);
  void admit(OfFeed& of, Slice& slice, const Place& at, std::pair<unsigned, unsigned> quarters,
             JudgedTick& out);
  void let_go(OfFeed& of);

  std::map<WordId, OfFeed> feeds_;
  FeedWatch watch_;
  std::size_t count_ = 0;
};

}  // namespace tocsin::warn
