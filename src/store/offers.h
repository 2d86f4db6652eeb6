// Offers: the node's events of the last weeks, the recalls of those that were withdrawn or erased,
// and other things that members may be given, in one order. One copy for all members: what of it
// one may have is decided as it reads.
//
// Each event or thing has a room of `room` dates: an object made of it has its date and the place
// among the objects. Dates are given in the order of commits, only rise, whatever the clock does,
// and are never given twice. Kept in HOME/offers.db; a follower of the journal, and of whoever
// offers things.
// Source: TAXII 2.1 sections 3.4, 3.5; DESIGN D3, D8.
#pragma once

#include <atomic>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/batch.h"
#include "model/sharing.h"
#include "store/sqlite.h"

namespace tocsin::store {

// Something else than an event. How it is written is known to its readers.
struct Thing {
  std::string kind;  // as agreements name kinds: "indicator"; what they do not name goes nowhere
  // With the kind names it for ever, and nothing that may have to be erased: a later one takes the
  // earlier one's place.
  std::string key;
  std::string feed;  // whose terms hold; "partner.MEMBER": that member sent it; "": our own
  std::optional<Type> type;
  std::string sector;
  Country country;  // of its subject
  Tlp tlp = Tlp::unmarked;
  Pap pap = Pap::unmarked;
  std::optional<std::uint8_t> confidence;  // 0 to 100
  TimeUs since = 0;                        // when it began, the same in all of its versions
  bool gone = false;     // taken back: what goes says only that, to whom it might have gone
  bool foreign = false;  // `body` is a STIX object of others: it goes octet by octet or not at all
  std::string body;
  // Of others' alone: the content address of the agreement that let it in; the id of its author's
  // identity, "": none is named; an envelope of the definitions of its markings, "": all know them.
  std::string under{}, creator{}, with{};
  bool operator==(const Thing&) const = default;
};
inline constexpr std::size_t thing_bytes_max = 1 << 20;  // of a body

// Events that were taken in together, or were withdrawn together; or things that stand one after
// the other: then there are no events. Immutable.
struct Offer {
  TimeUs base = 0;  // of the first row's room
  bool recall =
      false;       // then nothing is left of its events but ids, times and what a decision looks at
  TimeUs was = 0;  // recall: the base of the offer that it takes rows out of
  EventBatch batch;
  std::vector<Thing> things{};
  std::vector<TimeUs> dates{};  // of the things

  std::size_t size() const { return things.empty() ? batch.size() : things.size(); }
  TimeUs date(std::size_t row) const;
  TimeUs end() const;  // behind the last room
};

class Offers {
 public:
  static constexpr TimeUs room = 64;  // dates for one event

  // Errors: those of Sqlite::open(); invalid, if the file is newer than this program.
  static Result<std::unique_ptr<Offers>> open(const std::string& path, std::function<TimeUs()> now);
  TimeUs opened() const { return opened_; }  // the date before all others; never changes

  // As a follower: seqs rise. What was applied is kept and seen from flush() on. After an error of
  // either it is to be applied again from applied() on.
  Result<void> apply(const EventBatch& batch);
  Result<void> flush();
  std::uint64_t applied() const { return applied_seq_; }

  // Offers things, and takes back what is `gone`; kept and seen when it returns. What is offered as
  // it is already keeps its date; what was never offered is not taken back. `reader`, if any, is
  // known to have offered all up to `up_to`, in the same transaction. Any thread. Errors: invalid:
  // a body of more than thing_bytes_max, no key; unavailable.
  Result<void> offer(std::span<const Thing> things, std::string_view reader = {},
                     std::uint64_t up_to = 0);
  Result<std::uint64_t> offered_up_to(std::string_view reader) const;  // 0: nothing yet
  // nullopt: it is not offered, or no longer.
  Result<std::optional<Thing>> find(std::string_view kind, std::string_view key) const;
  // Takes back all things for which `goes` is true: of our own a recall is left, of others'
  // nothing. `erased`: for an erasure. Gives how many.
  Result<std::size_t> take_back(const std::function<bool(const Thing&)>& goes, bool erased = true);
  // Dates of what was erased, in the order in which it was, which nobody has seen to yet.
  struct Erased {
    std::uint64_t number = 0;
    TimeUs from = 0, until = 0;
  };
  Result<std::vector<Erased>> erased(std::size_t limit) const;
  Result<void> forget_erased(std::uint64_t up_to);  // its number: they were seen to
  Result<TimeUs> first() const;  // nothing is offered before this date; INT64_MAX: nothing is
  // The first of that many rooms, which are given to nothing else.
  Result<TimeUs> reserve(std::size_t rooms);
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
  static constexpr std::size_t waiting_bytes_max = 16 << 20, cached_max = 32, things_at_once = 256,
                               things_bytes_max = 4 << 20;

  explicit Offers(std::function<TimeUs()> now) : now_(std::move(now)) {}
  Result<void> add(EventBatch batch, TimeUs was);
  Result<void> take_out(const EventBatch& act);
  Result<void> take_out(TimeUs base, const std::function<bool(EventId)>& goes, bool erased);
  Result<void> note_erased(TimeUs date);
  Result<void> offer(std::span<const Thing> things, std::string_view reader, std::uint64_t up_to,
                     bool erased);
  Result<void> insert(const Offer& offer);
  Result<Offer> read(TimeUs base, TimeUs was, std::string_view bytes) const;
  Result<void> begin();
  Result<void> commit();
  Result<void> put(const Thing& thing, bool erased);
  Result<Offer> read_things(TimeUs after, TimeUs before) const;
  Result<std::shared_ptr<const Offer>> read_after(TimeUs date) const;
  Result<void> undone(Result<void> done);

  std::function<TimeUs()> now_;
  mutable std::mutex writing_;
  Sqlite db_;
  std::optional<Transaction> open_;
  std::atomic<std::size_t> waiting_bytes_ = 0;
  std::atomic<std::uint64_t> applied_seq_ = 0;
  bool took_out_ = false, moved_things_ = false;
  bool lost_ = false;  // what was applied went with somebody else's error
  TimeUs next_ = 0, opened_ = 0;
  std::atomic<std::uint64_t> kept_seq_ = 0;
  std::atomic<TimeUs> last_ = 0;

  mutable std::mutex reading_;
  mutable Sqlite reader_;
  mutable std::list<std::shared_ptr<const Offer>> cache_;  // the newest used first
};

}  // namespace tocsin::store
