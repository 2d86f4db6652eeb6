// Duplicates: exact duplicates by sets of 128-bit hashes, one set a day of event time. Bounded:
// days not used lately are let go and loaded again from the columns when an event of theirs comes.
// Source: DESIGN D5.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <vector>

#include "base/hash.h"
#include "model/batch.h"

namespace tocsin::store {

// Fills batch.hash: equal for two events of a feed that agree in every normalised field. Report,
// line and time of observation are not part of it; an event without a time of its own equals
// another of the same day of observation. Before enrichment, so that newer tables of the node
// change nothing. The order of the `extra` members counts not.
void fill_hashes(EventBatch& batch);

// The day whose set an event belongs to.
Day duplicate_day(const EventBatch& batch, std::size_t row);

class Duplicates {
 public:
  // The hashes of a day that is in the store; must include all that is committed. Called without a
  // lock, so that other days go on meanwhile.
  using Load = std::function<Result<std::vector<Hash128>>(Day)>;

  Duplicates(std::size_t bytes_max, std::vector<Day> stored_days, Load load);

  // Keeps in the batch only events seen for the first time, and remembers them; the others become
  // its echoes. Gives how many were dropped. Any thread. The days stay in memory until release()
  // has been called for the batch, after its commit.
  // Where held() makes it wait, `before_waiting` is called first: it must release what its caller
  // has claimed. Errors: those of both.
  Result<std::size_t> claim(EventBatch& batch,
                            const std::function<Result<void>()>& before_waiting = {});
  void release(const EventBatch& batch);
  // Runs `work` while no batch is between claim() and release(), and then forgets the days that it
  // gives: they are loaded again when needed. Claims wait meanwhile. Errors: those of `work`;
  // unavailable, if batches are not released within the time.
  Result<void> held(const std::function<Result<std::vector<Day>>()>& work,
                    std::chrono::milliseconds timeout);
  // Forgets days that no claim has touched since the last call; they are loaded again when needed.
  void relax();
  std::size_t bytes() const;

 private:
  class Set {
   public:
    bool insert(const Hash128& hash);  // false: was there
    void prefetch(const Hash128& hash) const {
      if (!slots_.empty()) __builtin_prefetch(&slots_[hash.low & (slots_.size() - 1)], 1);
    }
    std::size_t bytes() const { return slots_.size() * sizeof(Hash128); }

   private:
    void grow();
    std::vector<Hash128> slots_;  // open addressing; {0,0} is empty
    std::size_t size_ = 0;
  };
  struct DaySet {
    Set set;
    std::uint64_t used = 0;  // the last claim that touched it
    unsigned pins = 0;       // batches that use it and are not yet released
    bool ready = false, loading = false;
  };
  Result<void> load(Day day, std::unique_lock<std::mutex>& lock);
  void unpin(const std::vector<Day>& days);
  void let_go();

  std::size_t bytes_max_;
  Load load_;
  mutable std::mutex mutex_;
  std::condition_variable loaded_, free_;
  bool held_ = false;     // by held(): claims wait
  std::set<Day> stored_;  // days that have events which may not be in memory
  std::map<Day, DaySet> days_;
  std::map<const EventBatch*, std::vector<Day>> pinned_;
  std::uint64_t clock_ = 0, relaxed_ = 0;
};

}  // namespace tocsin::store
