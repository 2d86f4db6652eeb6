#include "node/followers.h"

#include <pthread.h>
#include <spdlog/spdlog.h>

#include <algorithm>

#include "base/cpu_clock.h"

namespace tocsin::node {
namespace {

constexpr std::size_t recent_max = 64;
constexpr std::chrono::milliseconds again_soon(10), again_after_error(1000);

}  // namespace

Followers::Followers(store::Journal& journal, std::vector<Follower> followers)
    : journal_(journal), last_(journal.last_seq()) {
  for (auto& follower : followers) {
    auto running = std::make_unique<Running>();
    running->applied = follower.watermark();
    running->follower = std::move(follower);
    running_.push_back(std::move(running));
    turns_.push_back(std::make_unique<std::mutex>());
  }
}

void Followers::start() {
  for (std::size_t i = 0; i < running_.size(); ++i) {
    running_[i]->thread =
        std::jthread([this, i](const std::stop_token& stop) { run(*running_[i], stop); });
  }
}

void Followers::stop() {
  {
    std::lock_guard guard(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  for (auto& running : running_) {
    running->thread.request_stop();
    if (running->thread.joinable()) running->thread.join();
  }
}

void Followers::report(Running& running, const Result<void>& result) {
  std::lock_guard guard(mutex_);
  std::string error = result ? std::string() : result.error().what;
  if (!error.empty() && error != running.error)
    spdlog::error("follower {}: {}", running.follower.name, error);
  running.error = std::move(error);
}

// The batch after the last applied, or nullptr when it is time to rest.
BatchPointer Followers::next(Running& running, std::chrono::milliseconds wait,
                             const std::stop_token& stop) {
  std::uint64_t seq = running.applied + 1;
  {
    std::unique_lock lock(mutex_);
    if (last_ < seq) {
      changed_.wait_for(lock, stop, wait,
                        [&] { return last_ >= seq || flush_to_ > running.flushed; });
      if (last_ < seq) return nullptr;
    }
    if (!recent_.empty() && recent_.front()->seq <= seq) return recent_[seq - recent_.front()->seq];
  }
  auto read = journal_.batch(seq);
  if (read && read->has_value()) return std::make_shared<EventBatch>(std::move(**read));
  report(running, read ? Result<void>(missing("journal row " + std::to_string(seq) + " is gone"))
                       : Result<void>(std::unexpected(read.error())));
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, stop, std::chrono::seconds(1), [] { return false; });
  return nullptr;
}

void Followers::run(Running& running, const std::stop_token& stop) {
  pthread_setname_np(pthread_self(), running.follower.name.c_str());  // for top -H and perf
  std::size_t me = 0;
  while (running_[me].get() != &running) ++me;
  auto rested = std::chrono::steady_clock::now();
  std::chrono::milliseconds wait = rest_every;
  CpuClock clock;
  while (true) {
    running.cpu_ns += clock.lap();
    bool last_round = stop.stop_requested();
    BatchPointer batch = last_round ? nullptr : next(running, wait, stop);
    std::lock_guard turn(*turns_[me]);
    auto step_back = [&] {  // the journal has what is not durable
      if (const auto& left_at = running.follower.applied)
        running.applied = std::min(running.applied.load(), left_at());
    };
    if (batch) {
      auto applied = running.follower.apply(batch);
      report(running, applied);
      if (applied) {
        running.applied = batch->seq;
        wait = running.follower.idle;
        std::lock_guard guard(mutex_);
        std::uint64_t done = slowest();
        while (!recent_.empty() && recent_.front()->seq <= done) recent_.pop_front();
      } else {
        step_back();
        std::unique_lock lock(mutex_);  // e.g. a full disk: the same batch again, later
        changed_.wait_for(lock, stop, std::chrono::seconds(1), [] { return false; });
      }
      changed_.notify_all();
    }
    auto now = std::chrono::steady_clock::now();
    bool flush = (last_round || flush_to_ > running.flushed) && running.applied >= last();
    if (!batch || now - rested > running.follower.most) {
      Result<void> done;
      if (running.follower.rest) {
        done = running.follower.rest(flush);
        if (!done || batch == nullptr) report(running, done);
        if (!done) step_back();
      }
      // A follower may put off what makes its state visible.
      const auto& visible = running.follower.visible;
      bool shown = done && (last_round || !visible || visible() >= running.applied);
      if (flush && shown) running.flushed = running.applied;
      if (flush && !shown) {
        std::unique_lock lock(mutex_);  // not again at once
        changed_.wait_for(lock, stop, done ? again_soon : again_after_error, [] { return false; });
      }
      rested = now;
      wait = rest_every;
      changed_.notify_all();
    }
    if (last_round) return;
  }
}

std::uint64_t Followers::last() const {
  std::lock_guard guard(mutex_);
  return last_;
}

std::uint64_t Followers::slowest() const {
  std::uint64_t least = UINT64_MAX;
  for (const auto& running : running_) least = std::min(least, running->applied.load());
  return least;
}

void Followers::committed(std::span<const BatchPointer> batches, bool live) {
  if (batches.empty()) return;
  std::unique_lock lock(mutex_);
  // Two intake threads may arrive out of order; the ring is kept in the order of seq.
  std::uint64_t first = batches.front()->seq, seq = batches.back()->seq;
  changed_.wait(lock, [&] { return last_ + 1 == first || stopping_; });
  last_ = seq;
  recent_.insert(recent_.end(), batches.begin(), batches.end());
  while (recent_.size() > recent_max) recent_.pop_front();
  changed_.notify_all();
  std::uint64_t lag_max = live ? lag_live_max : lag_bulk_max;
  changed_.wait(lock, [&] { return stopping_ || seq - std::min(seq, slowest()) <= lag_max; });
}

bool Followers::wait_visible(std::uint64_t seq, std::chrono::milliseconds timeout,
                             std::string_view name) {
  auto shown = [&] {
    return std::ranges::all_of(running_, [&](const auto& running) {
      const Follower& f = running->follower;
      return (!name.empty() && f.name != name) || !f.visible || f.visible() >= seq;
    });
  };
  if (shown()) return true;
  auto until = std::chrono::steady_clock::now() + timeout;
  bool done = false;
  std::unique_lock lock(mutex_);
  while (!done && !stopping_ && std::chrono::steady_clock::now() < until) {
    if (std::uint64_t to = std::min(seq, last_); to > flush_to_) {
      flush_to_ = to;
      changed_.notify_all();
    }
    changed_.wait_for(lock, std::chrono::milliseconds(20));
    lock.unlock();
    done = shown();
    lock.lock();
  }
  return done;
}

std::vector<Followers::State> Followers::states() const {
  std::lock_guard guard(mutex_);
  std::vector<State> states;
  for (const auto& running : running_) {
    states.push_back({running->follower.name, running->error, running->applied.load(),
                      running->follower.durable(), running->cpu_ns.load()});
  }
  return states;
}

std::uint64_t Followers::durable() const {
  std::uint64_t least = UINT64_MAX;
  for (const auto& running : running_) least = std::min(least, running->follower.durable());
  return least;
}

Result<void> Followers::paused(const std::function<Result<void>()>& work) {
  std::vector<std::unique_lock<std::mutex>> held;
  for (auto& turn : turns_) held.emplace_back(*turn);
  return work();
}

}  // namespace tocsin::node
