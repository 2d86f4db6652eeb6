#include "ingest/scheduler.h"

#include <algorithm>
#include <utility>

namespace tocsin::ingest {
void Scheduler::set(Feed feed, const Collector& collector, TimeUs first, TimeUs last_start) {
  std::scoped_lock lock(mutex_);
  if (stopping_) return;
  auto entry = std::make_shared<Entry>();
  entry->feed = std::move(feed);
  entry->collector = &collector;
  entry->next = first;
  entry->runs.last_start = last_start;
  Shared& place = feeds_[entry->feed.name];
  if (place) {
    place->removed = true;
    place->thread.request_stop();
    entry->runs = place->runs;  // the terms' interval counts on
    entry->before = place;
  }
  place = std::move(entry);
  tell_changed();
}

void Scheduler::tell_to_stop(const Shared& newest) {
  for (Shared entry = newest; entry; entry = entry->before) {
    entry->removed = true;
    entry->thread.request_stop();
  }
}

void Scheduler::remove(std::string_view name) {
  Shared ending;  // its end, without the lock, waits for its threads
  std::scoped_lock lock(mutex_);
  auto found = feeds_.find(name);
  if (found == feeds_.end()) return;
  ending = std::move(found->second);
  feeds_.erase(found);
  tell_to_stop(ending);
}

Result<TimeUs> Scheduler::run_now(std::string_view name) {
  std::scoped_lock lock(mutex_);
  auto found = feeds_.find(name);
  if (found == feeds_.end()) return missing("no feed '" + std::string(name) + "' is scheduled");
  Entry& entry = *found->second;
  if (entry.running) return invalid("feed '" + std::string(name) + "' runs now");
  entry.next = ingest::run_now(entry.feed, entry.runs, setup_.clock());
  tell_changed();
  return entry.next;
}

void Scheduler::hurry(std::string_view name) {
  std::scoped_lock lock(mutex_);
  auto found = feeds_.find(name);
  if (found == feeds_.end()) return;
  Entry& entry = *found->second;
  entry.again = entry.running;
  if (!entry.running) entry.next = ingest::run_now(entry.feed, entry.runs, setup_.clock());
  tell_changed();
}

std::optional<Scheduler::State> Scheduler::state(std::string_view name) const {
  std::scoped_lock lock(mutex_);
  auto found = feeds_.find(name);
  if (found == feeds_.end()) return std::nullopt;
  const Entry& entry = *found->second;
  return State{entry.running, entry.next, entry.runs};
}

// With the lock held.
void Scheduler::tell_changed() {
  is_changed_ = true;
  changed_.notify_all();
}

TimeUs Scheduler::tick() {
  std::scoped_lock lock(mutex_);
  if (stopping_) return time_none;
  TimeUs now = setup_.clock();
  std::vector<Shared> due;
  TimeUs next = time_none;
  for (const auto& [name, entry] : feeds_) {
    if (!is_free(*entry)) continue;
    if (entry->next <= now) {
      due.push_back(entry);
    } else if (next == time_none || entry->next < next) {
      next = entry->next;
    }
  }
  std::stable_sort(due.begin(), due.end(),
                   [](const Shared& a, const Shared& b) { return a->next < b->next; });
  for (const Shared& entry : due) {
    if (entry->collector->endless || running_ < setup_.threads_max) launch(entry);
  }
  return next;
}

// Neither it nor what it replaced is running; what it replaced is let go then. With the lock held.
bool Scheduler::is_free(Entry& entry) {
  for (Shared before = entry.before; before; before = before->before) {
    if (before->running) return false;
  }
  entry.before = nullptr;
  return !entry.running;
}

// With the lock held.
void Scheduler::launch(const Shared& entry) {
  entry->running = true;
  entry->runs.last_start = setup_.clock();
  if (!entry->collector->endless) ++running_;
  // The thread before has ended its work, or entry->running would be true: this only waits for its
  // last steps.
  entry->thread =
      std::jthread([this, entry = entry.get()](std::stop_token stop) { run(*entry, stop); });
}

void Scheduler::run(Entry& entry, const std::stop_token& stop) {
  Result<void> done = unavailable("stopping");
  if (!stop.stop_requested()) {
    auto context = setup_.context(entry.feed, stop);
    done = entry.collector->collect(entry.feed, *context);
  }
  std::unique_lock lock(mutex_);
  Runs& runs = entry.runs;
  runs.last_end = setup_.clock();
  runs.failures = done ? 0 : runs.failures + 1;
  if (!done) runs.fault = done.error().fault;
  entry.next = next_run(entry.feed, runs, setup_.random());
  Outcome outcome{runs.last_start, runs.last_end, entry.next, std::move(done)};
  bool well = outcome.done.has_value();
  // A run that was told to stop says nothing about the feed.
  bool tell = !entry.removed && !stop.stop_requested() && setup_.ended;
  lock.unlock();
  if (tell) setup_.ended(entry.feed, outcome);
  lock.lock();
  if (!entry.collector->endless) --running_;
  // Told meanwhile, also while the outcome was told.
  if (std::exchange(entry.again, false) && well)
    entry.next = ingest::run_now(entry.feed, entry.runs, entry.runs.last_end);
  entry.running = false;  // from here on it may be gone
  tell_changed();
}

void Scheduler::start() {
  driver_ = std::jthread([this](std::stop_token stop) {
    while (!stop.stop_requested()) {
      TimeUs next = tick();
      std::unique_lock lock(mutex_);
      TimeUs left = next == time_none ? us_per_s : next - setup_.clock();
      auto nap = std::min<std::chrono::microseconds>(
          setup_.nap_max, std::chrono::microseconds(std::max<TimeUs>(left, 0)));
      changed_.wait_for(lock, stop, nap, [this] { return std::exchange(is_changed_, false); });
    }
  });
}

void Scheduler::stop() {
  if (driver_.joinable()) {
    driver_.request_stop();
    driver_.join();
  }
  std::map<std::string, Shared, std::less<>> ending;
  {
    std::scoped_lock lock(mutex_);
    stopping_ = true;
    ending.swap(feeds_);
    for (const auto& [name, entry] : ending) tell_to_stop(entry);
  }
  ending.clear();
}

void Scheduler::wait_idle() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return running_ == 0; });
}

}  // namespace tocsin::ingest
