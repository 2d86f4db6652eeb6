// Series: how many events and distinct subjects each series had, by the quarter of an hour, of
// event time: a fold over the journal. Late events correct the past; withdrawn ones leave it. Days
// that are being counted are in memory, all others in files (history.h); one snapshot holds the
// watermark, the names of the files, what is known of each feed, and what others keep with it.
// Memory is bounded: beyond `rows_max` rows a day, what is new is not counted, and told.
// Source: DESIGN D3, D5; docs/series.md.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <shared_mutex>
#include <span>
#include <string>
#include <unordered_set>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "model/batch.h"
#include "warn/day_series.h"
#include "warn/delay.h"
#include "warn/gate.h"
#include "warn/history.h"
#include "warn/series_key.h"

namespace tocsin::warn {

inline constexpr std::uint32_t series_schema = 1;

// What of a day could not be counted, because there were too many keys.
struct Refused {
  std::uint64_t keys = 0;  // about: each key of each event that found no row
};

class Series {
 public:
  struct Options {
    std::uint64_t secret = 0;               // for the hashes of subjects
    std::uint32_t free_rows = 262'144;      // a day; a key that comes later must come three times
    std::uint32_t rows_max = 1'000'000;     // a day
    std::size_t memory_bytes = 256u << 20;  // of days in memory; then they are written
  };
  // Errors: invalid: the snapshot is damaged, or of a newer schema (denied); unavailable.
  static Result<std::unique_ptr<Series>> open(std::string folder, const Options& options);

  std::uint64_t watermark() const { return watermark_.load(); }  // durable
  std::uint64_t applied() const { return applied_.load(); }
  // What was handed to the snapshot that open() found.
  const std::string& kept() const { return kept_; }

  // The following belong to one thread, the follower's; readers may run beside them.

  // Takes a batch, in the order of seq; one at or below applied() is ignored. `constituents`: of
  // each row, by number, 0: nobody's; empty: nobody's at all. Errors: unavailable: a day's file
  // cannot be read or written; nothing of the batch was taken.
  Result<void> apply(const EventBatch& batch, std::span<const WordId> constituents = {});
  // The same for a batch that came back from the events: nothing is learned of its feed's delays,
  // because it does not know when it came. Events after `latest` are of the future.
  Result<void> restore(const EventBatch& batch, TimeUs latest,
                       std::span<const WordId> constituents = {});
  // All up to `seq` was restored; what is no batch of events (a withdrawal) is in it.
  void restored_up_to(std::uint64_t seq) { applied_ = std::max(applied_.load(), seq); }
  // Makes all that was applied durable, with `kept`, and moves the watermark.
  Result<void> snapshot(std::string_view kept = {});
  // Counts the act's days anew from what is left of their events, up to the act. `events` hands
  // over those of the days. Errors: those of `events`; the same act once more begins again.
  using Take = std::function<Result<void>(const EventBatch& batch)>;
  using Events = std::function<Result<void>(Day since, Day until, const Take& take)>;
  using Constituents = std::function<std::vector<WordId>(const EventBatch& batch)>;
  Result<void> correct(const EventBatch& act, const Events& events,
                       const Constituents& constituents = {});
  // Drops days before `day`; durable with the next snapshot. Gives how many.
  std::size_t drop_before(Day day);

  // Any thread. Days with rows, in order.
  std::vector<Day> days(Day since, Day until) const;
  // Calls with a day's rows, from memory or its file; not at all where there are none. The lock is
  // held: `look` must be short. Errors: those of History::read().
  Result<void> look(Day day, const std::function<void(const DaySeries& rows)>& look) const;
  std::map<WordId, FeedClock> clocks() const;
  std::optional<FeedClock> clock(WordId feed) const;
  std::map<Day, Refused> refused() const;
  std::size_t memory_bytes() const { return memory_.load(); }

 private:
  struct OpenDay {
    DaySeries rows;
    bool changed = false;
    std::uint64_t touched = 0;  // the seq that did last
  };
  Series(std::string folder, const Options& options)
      : folder_(std::move(folder)), options_(options), history_(folder_) {}

  Result<void> load();
  Result<OpenDay*> open_day(Day day);
  Result<void> take(const EventBatch& batch, TimeUs latest, std::span<const WordId> constituents);
  void count_rows(const EventBatch& batch, TimeUs latest, std::span<const WordId> constituents,
                  const std::function<bool(Day)>& only);
  std::uint32_t row_for(DaySeries& rows, Day day, const SeriesKey& key);
  Result<void> write_days();
  void let_days_go();
  std::size_t days_bytes() const;

  const std::string folder_;
  const Options options_;
  History history_;
  mutable std::shared_mutex mutex_;  // unique: the follower changes what readers see
  std::map<Day, OpenDay> open_;
  History::Files files_;
  std::map<WordId, FeedClock> clocks_;
  std::map<Day, Refused> refused_;  // the last 400 days
  KeyGate gate_;
  Day gate_day_ = INT32_MIN;  // of arrival, to which the gate's counts belong
  std::string kept_;
  std::atomic<std::uint64_t> watermark_ = 0, applied_ = 0;
  std::atomic<std::size_t> memory_ = 0;
};

}  // namespace tocsin::warn
