// Followers: what happens to a batch after its commit, each at its own pace, by one generic loop.
//
// A follower is a fold over the journal in the order of seq. It is fed from the last few batches in
// memory, and from the journal where it has fallen behind. Source: DESIGN D3.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "store/journal.h"

namespace tocsin::node {

using BatchPointer = std::shared_ptr<const EventBatch>;

inline constexpr std::chrono::milliseconds rest_every(250);

struct Follower {
  std::string name;
  std::function<std::uint64_t()> watermark;  // where to go on from at the start
  std::function<Result<void>(const BatchPointer&)> apply;
  // Called `idle` after what was applied last, now and then where nothing comes, and at least every
  // `most` while something does. `flush`: somebody waits to read what was applied.
  std::function<Result<void>(bool flush)> rest;
  // Up to here it needs no replay; UINT64_MAX: never.
  std::function<std::uint64_t()> durable;
  // Up to here a reader sees it.
  std::function<std::uint64_t()> visible;
  // Where an error left it: it goes on from there. Unset: where it was.
  std::function<std::uint64_t()> applied{};
  std::chrono::milliseconds idle = rest_every, most = std::chrono::seconds(1);
};

class Followers {
 public:
  // How many batches the slowest may be behind before bulk intake waits.
  static constexpr std::uint64_t lag_bulk_max = 48, lag_live_max = 4096;

  Followers(store::Journal& journal, std::vector<Follower> followers);
  ~Followers() { stop(); }
  void start();
  void stop();  // each rests once more with flush, then ends

  // Hands on what one commit took in, in the order of seq. Blocks while the slowest follower is
  // too far behind.
  void committed(std::span<const BatchPointer> batches, bool live);
  // Until everybody (or the named one) shows `seq`. False: time out, or a follower stands still.
  bool wait_visible(std::uint64_t seq, std::chrono::milliseconds timeout,
                    std::string_view name = {});
  struct State {
    std::string name, error;
    std::uint64_t applied, durable, cpu_ns;
  };
  std::vector<State> states() const;
  std::uint64_t durable() const;  // the least over all
  // Stops all followers between two batches, runs `work`, and lets them go on.
  Result<void> paused(const std::function<Result<void>()>& work);

 private:
  struct Running {
    Follower follower;
    std::atomic<std::uint64_t> applied{0}, cpu_ns{0};
    std::uint64_t flushed = 0;  // its own thread's: what it had applied when it last flushed
    std::string error;
    std::jthread thread;
  };
  void run(Running& running, const std::stop_token& stop);
  BatchPointer next(Running& running, std::chrono::milliseconds wait, const std::stop_token& stop);
  void report(Running& running, const Result<void>& result);
  std::uint64_t last() const;
  std::uint64_t slowest() const;

  store::Journal& journal_;
  std::vector<std::unique_ptr<Running>> running_;
  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  std::deque<BatchPointer> recent_;
  std::uint64_t last_ = 0;
  std::atomic<std::uint64_t> flush_to_{0};  // somebody waits to read up to here; at most last_
  bool stopping_ = false;
  std::vector<std::unique_ptr<std::mutex>> turns_;  // held by a follower around apply and rest
};

}  // namespace tocsin::node
