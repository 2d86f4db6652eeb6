// Live: what moves now: counters, a sample of what arrives, findings that are new or came back.
// Nothing here is durable.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <vector>

#include "base/time.h"
#include "model/batch.h"
#include "store/findings.h"

namespace tocsin::node {

class Live {
 public:
  struct Sample {
    TimeUs at;  // when it arrived
    std::string subject, text;
  };
  struct Counters {
    double events_per_s = 0;
    std::uint64_t events_today = 0, findings_open = 0;
  };

  Live(const Dictionary& words, std::function<TimeUs()> now)
      : words_(words), now_(std::move(now)) {}

  // By followers.
  void arrived(const EventBatch& batch);
  void changed(const EventBatch& batch, const std::vector<store::FindingChange>& changes);
  void open_findings(std::uint64_t count);

  // By whoever shows it; any thread.
  Counters counters() const;
  // At most `most` of what arrived since the last call, and of how many one is shown.
  std::vector<Sample> samples(std::size_t most, std::uint64_t& one_of);
  // New and reopened findings since the last call, at most `most`; `skipped`: how many more there
  // were.
  std::vector<store::FindingChange> changes(std::size_t most, std::uint64_t& skipped);

 private:
  static constexpr std::size_t seconds_kept = 10, samples_kept = 32, changes_kept = 1000;
  const Dictionary& words_;
  std::function<TimeUs()> now_;
  mutable std::mutex mutex_;
  std::array<std::pair<std::int64_t, std::uint64_t>, seconds_kept> per_second_{};  // second, events
  Day today_ = 0;
  std::uint64_t today_events_ = 0, findings_open_ = 0, since_sample_ = 0, skipped_ = 0;
  std::deque<Sample> samples_;
  std::deque<store::FindingChange> changes_;
};

}  // namespace tocsin::node
