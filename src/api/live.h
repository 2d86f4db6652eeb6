// LiveHub: what happens now, to every browser that watches, at a pace that people can follow.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "api/backend.h"
#include "base/event_stream.h"
#include "base/result.h"
#include "base/time.h"

namespace tocsin::api {

// Times are of any steady clock in microseconds, passed in. Any thread.
class LiveHub {
 public:
  static constexpr std::size_t streams_max = 4000;
  static constexpr TimeUs counters_every = us_per_s, samples_every = us_per_s / 2;
  static constexpr std::size_t sample_items_max = 5, findings_per_s = 20, items_per_tick = 20;
  static constexpr TimeUs alive_every = 15 * us_per_s;

  // A stream for one browser; it ends with `principal`. Errors: unavailable, when too many watch.
  Result<std::shared_ptr<EventStream>> subscribe(std::string principal);
  // False: nobody watches, and the maker of news can save itself the work.
  bool watched() const { return watchers_.load(std::memory_order_relaxed) > 0; }
  std::size_t watchers() const { return watchers_.load(std::memory_order_relaxed); }

  void counters(const LiveCounters& counters, TimeUs at, TimeUs now);
  void sample(SampleItem item, Count of);  // one of so many events
  void finding(std::string json, TimeUs now);
  void skipped(Count findings);  // that were not passed in one by one
  // The last state of each is sent with the next tick.
  void feed(const std::string& name, std::string json) { keep("feed", name, std::move(json)); }
  void report(const std::string& id, std::string json) { keep("report", id, std::move(json)); }
  void health(std::string json) { keep("health", "", std::move(json)); }

  // Sends what the limits held back. Called a few times a second.
  void tick(TimeUs now);
  // Ends the streams whose principal is no longer alive.
  void end_unless(const std::function<bool(std::string_view principal)>& alive);
  void stop();

 private:
  struct Watcher {
    std::string principal;
    std::shared_ptr<EventStream> stream;
  };
  void keep(std::string_view event, const std::string& id, std::string json);
  void send(std::string_view event, std::string_view data);  // under the lock
  void send_frame(std::string frame);

  std::mutex mutex_;
  std::vector<Watcher> all_;
  std::atomic<std::size_t> watchers_{0};
  LiveCounters last_{};
  TimeUs counted_at_ = 0, sampled_at_ = 0, alive_at_ = 0, second_ = 0;
  std::string counters_frame_;  // for those who come new
  std::vector<SampleItem> samples_;
  Count sampled_of_ = 0;
  std::size_t findings_sent_ = 0;
  Count findings_skipped_ = 0;
  std::map<std::pair<std::string, std::string>, std::string> kept_;
};

}  // namespace tocsin::api
