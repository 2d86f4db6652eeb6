// Scheduler: runs the collectors that are due, at most N at once, each feed by itself never twice.
//
// A run is one thread; an endless collector keeps its thread and does not count among the N. The
// clock is passed in: tick() starts what is due, and start() calls it by a thread of its own.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "ingest/collector.h"
#include "ingest/schedule.h"

namespace tocsin::ingest {

class Scheduler {
 public:
  struct Outcome {
    TimeUs start, end, next;  // of the scheduler's clock
    Result<void> done;
  };
  struct Setup {
    unsigned threads_max = 8;
    std::chrono::microseconds nap_max = std::chrono::seconds(1);  // the clock may jump meanwhile
    std::function<TimeUs()> clock;                                // monotonic
    std::function<std::unique_ptr<CollectorContext>(const Feed&, std::stop_token)> context;
    // On the run's thread; not after remove(), and it may not call remove() or stop().
    std::function<void(const Feed&, const Outcome&)> ended;
    std::function<std::uint64_t()> random;
  };

  explicit Scheduler(Setup setup) : setup_(std::move(setup)) {}
  ~Scheduler() { stop(); }
  Scheduler(const Scheduler&) = delete;
  Scheduler& operator=(const Scheduler&) = delete;

  // Adds a feed, or replaces it: a run of the old one is told to stop, and the new one waits for
  // its end. The collector outlives the scheduler. `first`: of its first run. `last_start`: of the
  // last one before this scheduler, by its clock; time_none: never.
  void set(Feed feed, const Collector& collector, TimeUs first, TimeUs last_start = time_none);

  // Tells a run to stop and waits for it. Nothing if there is no such feed.
  void remove(std::string_view name);

  // Gives when it will run. Errors: missing (no such feed), invalid (it runs now).
  Result<TimeUs> run_now(std::string_view name);

  // The same; where it runs now, once more after that. Nothing if there is no such feed.
  void hurry(std::string_view name);

  struct State {
    bool running = false;
    TimeUs next = 0;
    Runs runs;
  };
  std::optional<State> state(std::string_view name) const;

  // Starts what is due, the longest due first. Gives when something is due next; time_none: nothing
  // is, until a run ends.
  TimeUs tick();

  void start();      // calls tick() from its own thread until stop()
  void stop();       // tells all runs to stop and waits for them
  void wait_idle();  // until no run is under way but endless ones; for tests

 private:
  struct Entry {
    Feed feed;
    const Collector* collector;
    TimeUs next;
    Runs runs;
    bool running = false, removed = false;
    bool again = false;  // at once after this run
    std::jthread thread;
    std::shared_ptr<Entry> before = nullptr;  // which this one replaced while it ran
  };
  // Shared between the table and what replaced it. Its thread has a plain pointer: whoever lets the
  // last owner go joins the thread by that.
  using Shared = std::shared_ptr<Entry>;

  void launch(const Shared& entry);
  static bool is_free(Entry& entry);
  void run(Entry& entry, const std::stop_token& stop);
  void tell_changed();
  static void tell_to_stop(const Shared& newest);

  Setup setup_;
  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  bool is_changed_ = false;  // since the driver looked last
  std::map<std::string, Shared, std::less<>> feeds_;
  unsigned running_ = 0;  // without endless ones
  bool stopping_ = false;
  std::jthread driver_;
};

}  // namespace tocsin::ingest
