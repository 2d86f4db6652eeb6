#include "warn/judging.h"

#include <algorithm>
#include <cmath>

#include "base/check.h"
#include "warn/detector.h"

namespace tocsin::warn {
namespace {

constexpr std::uint32_t none = UINT32_MAX;
// Shares of the false alarms of a series among its detectors.
constexpr std::array<double, 3> shares = {0.5, 0.3, 0.2};
constexpr std::uint64_t admitted_from = 3;    // events in a day
constexpr std::int64_t relearned_days = 28;   // of the past, when a feed's step changes
constexpr std::int64_t idle_days = 90;        // then a series is let go
constexpr double unknown_probability = 0.01;  // of an empty tick: it is missing
constexpr double silence_probability = 1e-6;
constexpr double doubled_from = 1.7;        // times the usual events per subject
constexpr double doubled_subjects = 20;     // fewer say nothing of it
constexpr std::uint32_t doubled_after = 8;  // ticks
constexpr float ratio_step = 0.01F;
constexpr TimeUs notice_lasts = us_per_day;
constexpr std::int64_t silent_ticks_max = 400;

Resolution resolution(Step step) {
  return step == Step::quarter ? Resolution{.ticks_per_day = 96, .rhythm = Rhythm::day_and_week}
                               : Resolution{.ticks_per_day = 1, .rhythm = Rhythm::week};
}

std::int64_t ticks_of_day(Step step) {
  return step == Step::quarter ? quarters_of_day : 1;
}

Day day_of_tick(Step step, std::int64_t tick) {
  return times::day_of(start_of_tick(step, tick));
}

std::pair<unsigned, unsigned> quarters_of_tick(Step step, std::int64_t tick) {
  if (step == Step::day) return {0, quarters_of_day};
  auto quarter = static_cast<unsigned>(
      tick - tick_of(Step::quarter, times::start_of(day_of_tick(step, tick))));
  return {quarter, quarter + 1};
}

// The detectors of a series, with where in Track::states each has its floats.
struct Seat {
  const Detector* detector;
  std::size_t at;
};
const std::array<Seat, 3>& seats() {
  static const auto all = [] {
    std::array<Seat, 3> seats{};
    std::size_t at = 0;
    for (std::size_t i = 0; i < seats.size(); ++i) {
      seats[i] = {find_detector(judged_by[i]), at};
      check(seats[i].detector != nullptr, "the detectors of a series are there");
      at += seats[i].detector->floats;
    }
    return seats;
  }();
  return all;
}

std::size_t novelty_of(const SeriesKey& key) {
  return static_cast<std::size_t>(key.what()) * 5 + static_cast<std::size_t>(key.where());
}

}  // namespace

// ---- one feed

// Starts to learn at the given step, from the past that there is.
void Judging::begin(OfFeed& of, Step step, const FeedClock& clock, TimeUs now) {
  count_ -= of.tracks.size();
  OfFeed fresh;
  fresh.step = step;
  fresh.events = of.events, fresh.future = of.future, fresh.old = of.old;
  TimeUs from = std::max(clock.oldest(), clock.newest() - relearned_days * us_per_day);
  fresh.first = fresh.next = tick_of(step, times::start_of(times::day_of(from)));
  fresh.switched = now;
  of = std::move(fresh);
}

void Judging::prepare(WordId feed, const FeedClock& clock, TimeUs now) {
  if (clock.newest() == time_none) return;
  OfFeed& of = feeds_[feed];
  Step step = clock.cadence() == Cadence::streaming ? Step::quarter : Step::day;
  if (of.switched == time_none) {
    begin(of, step, clock, now);
    of.events = 0;
    watch_.tell(feed, FeedNoticeKind::fresh, clock.first_received());
  } else if (step != of.step && now - of.switched > us_per_day) {
    begin(of, step, clock, now);
  }
  TimeUs watermark = clock.watermark(now);
  // While a report is being read the last day is not all there.
  bool reads = clock.events() != of.events && of.step == Step::day;
  if (reads) watermark = std::min(watermark, times::start_of(times::day_of(clock.newest())));
  of.limit = tick_of(of.step, watermark);
  // A clock that was ahead has gone back: go on from there.
  if (of.next > tick_of(of.step, now + us_per_day) + 1) of.next = of.limit;
  watch_clock(feed, of, clock, now);
  of.events = clock.events();
}

void Judging::watch_clock(WordId feed, OfFeed& of, const FeedClock& clock, TimeUs now) {
  auto counted = [&](FeedNoticeKind kind, std::uint64_t ever, std::uint64_t& last) {
    if (ever > last) {
      const FeedNotice* open = watch_.open(feed, kind);
      watch_.tell(feed, kind, now,
                  (open == nullptr ? 0 : open->value) + static_cast<double>(ever - last));
    } else if (now - clock.last_received() > notice_lasts) {
      watch_.end(feed, kind, now);
    }
    last = ever;
  };
  counted(FeedNoticeKind::future, clock.future(), of.future);
  counted(FeedNoticeKind::old, clock.old(), of.old);
  // Ticks since its last event that should have some.
  bool daily = of.step == Step::day;
  TimeUs delay = (daily ? clock.day_delay_s(0.99) : clock.delay_s(0.99)) * us_per_s;
  std::int64_t from = tick_of(of.step, clock.newest()) + 1;
  std::int64_t to = tick_of(of.step, now - us_per_hour - delay);
  double log_p = 0;
  if (of.ticks >= Filter::learning_ticks) {
    for (std::int64_t tick = from; tick < std::min(to, from + silent_ticks_max); ++tick) {
      auto ahead = static_cast<unsigned>(std::max<std::int64_t>(1, tick - of.next + 1));
      log_p += std::log(none_seen(of.total.predict(place(resolution(of.step), tick), 1, ahead)));
    }
  }
  if (log_p < std::log(silence_probability)) {
    watch_.tell(feed, FeedNoticeKind::silent, clock.newest());
  } else if (const FeedNotice* open = watch_.open(feed, FeedNoticeKind::silent);
             open != nullptr && clock.newest() > open->since) {
    watch_.end(feed, FeedNoticeKind::silent, clock.last_received());
  }
}

// ---- one day

Judging::Slice Judging::slice_of(WordId feed, const OfFeed& of, const DaySeries& rows) {
  Slice slice;
  for (const auto& row : rows.rows()) {
    if (row.key.feed() != feed) continue;
    auto place = of.places.find(row.key);
    slice.keys.push_back(row.key);
    slice.counts.push_back(row.events);
    slice.tracks.push_back(place == of.places.end() ? none : place->second);
    if (row.key.what() != What::type || row.key.where() != Where::all) continue;
    for (unsigned hour = 0; hour < 24; ++hour)
      slice.subjects[hour] += DaySeries::subjects_of_hour(row, hour).value_or(0);
    if (auto day = DaySeries::subjects_of_day(row)) slice.day_subjects += day->count();
  }
  return slice;
}

Result<bool> Judging::run(const Series& series, TimeUs now, const Take& take) {
  auto clocks = series.clocks();
  Day day = INT32_MAX;
  for (const auto& [feed, clock] : clocks) {
    prepare(feed, clock, now);
    auto of = feeds_.find(feed);
    if (of != feeds_.end() && of->second.next < of->second.limit)
      day = std::min(day, day_of_tick(of->second.step, of->second.next));
  }
  std::uint64_t refused = 0;
  for (const auto& [refused_day, what] : series.refused()) refused += what.keys;
  if (refused > 0 && series.refused().rbegin()->first + 2 > times::day_of(now)) {
    watch_.tell(0, FeedNoticeKind::refused, now, static_cast<double>(refused));
  } else {
    watch_.end(0, FeedNoticeKind::refused, now);
  }
  if (day == INT32_MAX) return false;

  auto is_due = [&](const OfFeed& of) {
    return of.next < of.limit && day_of_tick(of.step, of.next) == day;
  };
  std::map<WordId, Slice> slices;
  TRY(series.look(day, [&](const DaySeries& rows) {
    for (auto& [feed, of] : feeds_) {
      if (is_due(of)) slices[feed] = slice_of(feed, of, rows);
    }
  }));
  bool more = false;
  for (auto& [feed, of] : feeds_) {
    while (is_due(of)) judge_tick(feed, of, slices[feed], clocks.at(feed), now, take);
    more = more || of.next < of.limit;
  }
  return more;
}

// ---- one tick

void Judging::judge_tick(WordId feed, OfFeed& of, Slice& slice, const FeedClock& clock, TimeUs now,
                         const Take& take) {
  std::int64_t tick = of.next++;
  Place at = place(resolution(of.step), tick);
  auto quarters = quarters_of_tick(of.step, tick);
  JudgedTick out{.feed = feed,
                 .step = of.step,
                 .tick = tick,
                 .start = start_of_tick(of.step, tick),
                 .end = start_of_tick(of.step, tick + 1),
                 .is_news = false,
                 .series = {}};
  std::vector<double> counts(of.tracks.size());
  double total = 0;
  for (std::size_t i = 0; i < slice.keys.size(); ++i) {
    auto count = static_cast<double>(slice.counts[i].sum(quarters.first, quarters.second));
    if (count <= 0) continue;
    if (slice.tracks[i] != none) counts[slice.tracks[i]] = count;
    const SeriesKey& key = slice.keys[i];
    if (key.what() == What::type && key.where() == Where::all) total += count;
  }
  bool is_missing =
      total <= 0 && !of.total.learning() && none_seen(of.total.predict(at)) < unknown_probability;
  if (is_missing || is_doubled(feed, of, slice, total, out.start)) {
    of.total.skip();
    for (Track& track : of.tracks) track.filter.skip();
    return;
  }
  ++of.ticks;
  of.total.learn(at, total);
  judge_tracks(of, at, counts, out);
  admit(of, slice, at, quarters, out);
  if (Day day = day_of_tick(of.step, tick); total > 0 && day != of.last_day)
    of.last_day = day, ++of.days;
  bool is_learned = of.days > learned_days;
  if (is_learned) watch_.end(feed, FeedNoticeKind::fresh, out.end);
  TimeUs news = std::max(2 * us_per_day, us_per_day + 2 * clock.delay_s(0.99) * us_per_s);
  out.is_news = is_learned && now - out.end <= news;
  take(out);
  if (day_of_tick(of.step, of.next) != day_of_tick(of.step, tick)) let_go(of);
}

// Does the feed tell of the same subjects much more often than it did? Then something is counted
// twice: new victims are more subjects.
bool Judging::is_doubled(WordId feed, OfFeed& of, const Slice& slice, double total, TimeUs start) {
  auto hour = static_cast<std::size_t>(start % us_per_day / us_per_hour);
  bool daily = of.step == Step::day;
  auto subjects = static_cast<double>(daily ? slice.day_subjects : slice.subjects[hour]);
  if (subjects < doubled_subjects) return watch_.lasts(feed, FeedNoticeKind::doubled);
  if (!daily) {  // of the whole hour, of which the subjects are
    total = 0;
    auto first = static_cast<unsigned>(hour * 4);
    for (std::size_t i = 0; i < slice.keys.size(); ++i) {
      if (slice.keys[i].what() == What::type && slice.keys[i].where() == Where::all)
        total += static_cast<double>(slice.counts[i].sum(first, first + 4));
    }
  }
  auto ratio = static_cast<float>(total / subjects);
  bool is_known = of.ratio > 0 && of.ticks >= doubled_after;
  bool doubled =
      is_known && static_cast<double>(ratio) > doubled_from * static_cast<double>(of.ratio);
  if (doubled)
    watch_.tell(feed, FeedNoticeKind::doubled, start, static_cast<double>(ratio / of.ratio));
  if (!doubled) watch_.end(feed, FeedNoticeKind::doubled, start);
  // What lasts for months becomes usual.
  of.ratio = of.ratio > 0 ? of.ratio + ratio_step * (ratio - of.ratio) : ratio;
  return doubled;
}

void Judging::judge_tracks(OfFeed& of, const Place& at, const std::vector<double>& counts,
                           JudgedTick& out) {
  out.series.reserve(of.tracks.size());
  for (std::size_t i = 0; i < of.tracks.size(); ++i) {
    Track& track = of.tracks[i];
    bool learning = track.filter.learning();
    Judged judged = track.filter.learn(at, counts[i]);
    if (counts[i] > 0) track.last = out.tick;
    if (learning) continue;
    JudgedSeries one{track.key, counts[i], judged.expected, 1, 0};
    Observed observed{.count = counts[i],
                      .expected = judged.expected,
                      .uncertainty = judged.uncertainty,
                      .parts = {}};
    for (std::uint8_t k = 0; k < shares.size(); ++k) {
      const Seat& seat = seats()[k];
      std::span<float> state = std::span(track.states).subspan(seat.at, seat.detector->floats);
      double p = std::min(1.0, seat.detector->judge(observed, state) / shares[k]);
      if (p < one.p) one.p = p, one.by = k;
    }
    out.series.push_back(one);
  }
}

// Series that have come often enough today to be judged from now on.
void Judging::admit(OfFeed& of, Slice& slice, const Place& at,
                    std::pair<unsigned, unsigned> quarters, JudgedTick& out) {
  static const Detector* novelty = find_detector(judged_by[3]);
  for (std::size_t i = 0; i < slice.keys.size(); ++i) {
    if (slice.tracks[i] != none || count_ >= series_max) continue;
    if (slice.counts[i].sum(0, quarters.second) < admitted_from) continue;
    auto count = static_cast<double>(slice.counts[i].sum(quarters.first, quarters.second));
    slice.tracks[i] = static_cast<std::uint32_t>(of.tracks.size());
    of.places.emplace(slice.keys[i], slice.tracks[i]);
    Track& track = of.tracks.emplace_back();
    ++count_;
    track.key = slice.keys[i];
    track.last = out.tick;
    track.filter.learn(at, count);
    if (out.tick == of.first || novelty == nullptr) continue;  // then all are new
    Observed observed{.count = count, .expected = {}, .uncertainty = 0, .parts = {}};
    std::span<float> state = std::span(of.novelty[novelty_of(track.key)]);
    // New keys have one event at least.
    Expected usual{.mean = 1 + static_cast<double>(state[1]), .dispersion = 2};
    double p = novelty->judge(observed, state.first(novelty->floats));
    out.series.push_back({track.key, count, usual, p, 3});
  }
}

void Judging::let_go(OfFeed& of) {
  std::int64_t before = of.next - idle_days * ticks_of_day(of.step);
  std::size_t gone = std::erase_if(of.tracks, [&](const Track& t) { return t.last < before; });
  if (gone == 0) return;
  count_ -= gone;
  of.places.clear();
  for (std::uint32_t i = 0; i < of.tracks.size(); ++i) of.places.emplace(of.tracks[i].key, i);
}

std::size_t Judging::memory_bytes() const {
  return count_ * (sizeof(Track) + sizeof(SeriesKey) + 24);
}

}  // namespace tocsin::warn
