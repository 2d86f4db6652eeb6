// Outlook: from the counts of series to warnings, while the node runs: complete ticks are judged
// (warn/judging), what stands out is held against the budget of false warnings (warn/control), and
// becomes warnings that live on (warn/warning). Its state lies in the series' snapshot, so that
// a tick counts once. docs/series.md and docs/warnings.md tell it for its users. Source: DESIGN D3,
// D10.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/result.h"
#include "model/dictionary.h"
#include "warn/control.h"
#include "warn/judging.h"
#include "warn/series.h"
#include "warn/warning.h"

namespace tocsin::node {

class Outlook {
 public:
  struct Parts {
    const warn::Series& series;
    const Dictionary& words;
    std::function<TimeUs()> now;
    double false_a_week = 1;  // warnings of nothing that the team can bear
  };
  // A warning with what it is told of.
  struct Row {
    WordId feed = 0;
    warn::Step step = warn::Step::day;
    warn::Warning warning;
    warn::Expected expected;                // of its last tick
    double observed = 0;                    // in its last tick
    std::vector<warn::FeedNotice> notices;  // of its feed, that last
  };

  // Takes up what the series' snapshot kept; what is damaged begins anew and is told in the log.
  static std::unique_ptr<Outlook> open(const Parts& parts);

  // The follower's thread. Judges what is complete by now, for about `within`; true: there is more.
  // Errors: those of Judging::run().
  Result<bool> look(std::chrono::milliseconds within);
  std::string save() const;

  // Any thread. Open warnings, then those closed a short while ago; each the newest first.
  std::vector<Row> warnings() const;
  std::vector<warn::FeedNotice> notices() const;
  std::size_t judged_series() const { return judged_series_.load(); }

 private:
  struct OfFeed {
    warn::Step step = warn::Step::day;
    warn::Warnings warnings;
    std::map<std::string, warn::JudgedSeries, std::less<>> last;  // of open warnings, by key
  };
  explicit Outlook(const Parts& parts)
      : parts_(parts), control_({.false_a_week = parts.false_a_week}) {}

  Result<void> load(std::string_view bytes);
  void take(const warn::JudgedTick& tick);
  std::string key_of(const warn::SeriesKey& key) const;
  std::vector<std::string> contributors(const warn::JudgedTick& tick,
                                        const warn::JudgedSeries& one) const;
  void show();

  Parts parts_;
  warn::Judging judging_;
  warn::Control control_;
  std::int64_t swept_at_s_ = 0;  // the last sweep's; each is later
  std::map<WordId, OfFeed> feeds_;
  std::atomic<std::size_t> judged_series_ = 0;
  mutable std::mutex mutex_;
  std::vector<Row> shown_;                 // under the mutex
  std::vector<warn::FeedNotice> notices_;  // ...
};

}  // namespace tocsin::node
