// Offers: the node's events of the last weeks in the one order in which members may be given them,
// and the recalls of those that were withdrawn or erased. One copy for all members: what of it one
// may have is decided as it reads.
//
// Each event has a room of `room` dates: an object made of it has the event's date and its place
// among the objects. Dates are given in the order of commits, only rise, whatever the clock does,
// and are never given twice. Kept in HOME/offers.db; a follower of the journal.
// Source: TAXII 2.1 sections 3.4, 3.5; DESIGN D3, D8.
#pragma once

#include <atomic>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "model/batch.h"
#include "store/sqlite.h"

namespace tocsin::store {

// Events that were taken in together, or were withdrawn together. Immutable.
struct Offer {
  TimeUs base = 0;  // of the first row's room
  bool recall =
      false;       // then nothing is left of its events but ids, times and what a decision looks at
  TimeUs was = 0;  // recall: the base of the offer that it takes rows out of
  EventBatch batch;

  TimeUs date(std::size_t row) const;
  TimeUs end() const;  // behind the last room
};

class Offers {
 public:
  static constexpr TimeUs room = 64;  // dates for one event

  // Errors: those of Sqlite::open(); invalid, if the file is newer than this program.
  static Result<std::unique_ptr<Offers>> open(const std::string& path, std::function<TimeUs()> now);
  TimeUs opened() const { return opened_; }  // the date before all others; never changes

  // As a follower: seqs rise. What was applied is kept and seen from flush() on.
  Result<void> apply(const EventBatch& batch);
  Result<void> flush();
  bool is_due() const { return waiting_bytes_ >= waiting_bytes_max; }
  std::uint64_t watermark() const { return kept_seq_; }

  // The first that has a date after this one; nullptr: none. Any thread.
  Result<std::shared_ptr<const Offer>> after(TimeUs date) const;
  std::function<void()> flushed;  // called after flush(); set before the first apply()
  // Where an event stands; where it was withdrawn, its recall. Errors: missing.
  struct Place {
    std::shared_ptr<const Offer> offer{};
    std::size_t row = 0;
  };
  Result<Place> find(EventId event) const;
  // Was any event of that seq withdrawn? Reads no event.
  Result<bool> has_recalls(std::uint64_t seq) const;
  // Of the events that are still offered the first's; the largest number: there are none.
  Result<std::uint64_t> first_seq() const;
  TimeUs last() const { return last_; }  // no date in use is larger

  // Drops what came in longer ago than this, at most 100 offers at once; gives how many. The
  // follower's thread.
  Result<std::size_t> forget(TimeUs age);
  // Where the journal no longer has what comes next: goes on behind `seq`. Before the first
  // apply().
  void skip_to(std::uint64_t seq) { kept_seq_ = applied_seq_ = seq; }
  Result<void> backup_to(const std::string& path) const { return db_.backup_to(path); }

 private:
  static constexpr std::size_t waiting_bytes_max = 16 << 20, cached_max = 32;

  explicit Offers(std::function<TimeUs()> now) : now_(std::move(now)) {}
  Result<void> add(EventBatch batch, TimeUs was);
  Result<void> take_out(const EventBatch& act);
  Result<void> take_out(TimeUs base, const std::function<bool(EventId)>& goes);
  Result<void> insert(const Offer& offer);
  Result<Offer> read(TimeUs base, TimeUs was, std::string_view bytes) const;

  std::function<TimeUs()> now_;
  Sqlite db_;
  std::optional<Transaction> open_;
  std::size_t waiting_bytes_ = 0;
  std::uint64_t applied_seq_ = 0;
  bool took_out_ = false;
  TimeUs next_ = 0, opened_ = 0;
  std::atomic<std::uint64_t> kept_seq_ = 0;
  std::atomic<TimeUs> last_ = 0;

  mutable std::mutex reading_;
  mutable Sqlite reader_;
  mutable std::list<std::shared_ptr<const Offer>> cache_;  // the newest used first
};

}  // namespace tocsin::store
