// Findings: every problem that was ever reported and is kept, in memory as columns, with snapshots
// on disk. A follower of the journal.
//
// 107 bytes a finding and 5 to 11 of index; 10 M of them stay under 1.5 GB. A question is a scan of
// the columns it names.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <vector>

#include "model/batch.h"
#include "model/finding.h"
#include "store/filter.h"
#include "store/triage.h"

namespace tocsin::store {

inline constexpr int findings_schema = 4;

// Texts that recur, numbered from 1; not shared between threads but under the findings' lock.
class Names {
 public:
  std::uint32_t id(std::string_view text);
  std::uint32_t find(std::string_view text) const;  // 0: not there
  std::string_view text(std::uint32_t id) const;    // "" for 0
  std::uint32_t size() const { return static_cast<std::uint32_t>(ends_.size()); }
  const std::string& bytes() const { return bytes_; }
  const std::vector<std::uint64_t>& ends() const { return ends_; }
  bool load(std::string bytes, std::vector<std::uint64_t> ends);  // false: damaged

 private:
  std::size_t place(std::string_view text) const;
  void grow();
  std::string bytes_;
  std::vector<std::uint64_t> ends_;
  std::vector<std::uint32_t> slots_;
};

// 65,536 findings as columns.
struct FindingChunk {
  static constexpr std::size_t rows_max = 65536;
  std::vector<Hash128> key;
  std::vector<std::uint64_t> high, low;  // the address
  std::vector<std::uint64_t> last_event;
  std::vector<std::uint64_t> changed;  // by the batch of this seq; not kept in snapshots
  std::vector<std::uint32_t> name;     // the subject where it is no address
  std::vector<std::uint32_t> family, identifier, asn, controller, feeds, sector;
  std::vector<std::uint32_t> first, last, reopened, times;  // seconds since 1970; times saturates
  std::vector<std::uint16_t> port;
  std::vector<Country> country, controller_country;
  std::vector<Type> type;
  std::vector<Severity> severity;
  std::vector<State> state;
  std::vector<Tlp> tlp;
  std::vector<Transport> transport;
  std::vector<SubjectKind> kind;
  std::vector<ControllerReason> reason;
  std::vector<std::uint8_t> flags;  // as EventBatch::flags
  std::size_t size() const { return key.size(); }
};

// What a snapshot keeps of a chunk, in its order.
template <class Chunk>
auto columns_of(Chunk& c) {
  return std::tie(c.key, c.high, c.low, c.last_event, c.name, c.family, c.identifier, c.asn,
                  c.controller, c.feeds, c.first, c.last, c.reopened, c.times, c.port, c.country,
                  c.controller_country, c.type, c.severity, c.state, c.tlp, c.transport, c.kind,
                  c.reason, c.sector, c.flags);
}

enum class FindingSort : std::uint8_t { last, first, times, severity, subject };

struct FindingQuery {
  Filter filter;
  FindingSort sort = FindingSort::last;
  bool ascending = false;
  std::size_t limit = 50, offset = 0;  // offset: rows to pass over, at most 1,000,000
  // What the page before gave. All pages together show each finding of the first page's time: one
  // that changes meanwhile comes, or comes again, after the others; new ones are not shown.
  std::string cursor;
  // Without sort, offset and total, in the order in which they came, which never changes: all pages
  // together read each finding once.
  bool walk = false;
};

struct FindingPage {
  std::vector<Finding> items;
  std::string next;         // "": the last page
  std::uint64_t total = 0;  // of the filter, wherever the page stands
};

struct FindingSummary {
  std::uint64_t total = 0, subjects = 0;  // subjects: distinct addresses, names, URLs, accounts
  std::array<std::uint64_t, 4> states{};
  std::array<std::uint64_t, types_count> types{};
  Day histogram_start = 0;
  std::vector<std::uint32_t> histogram;  // findings by the day they were last seen
  std::uint64_t new_since = 0;           // first seen at or after `new_from`
};

// What changed with a batch; for the live view.
struct FindingChange {
  Hash128 key;
  State state;
  bool is_new;
};

// What deciding about a finding takes, without making a row of it. Views hold within the call.
struct FindingGlance {
  State state;
  Severity severity;
  Type type;
  Tlp tlp;
  SubjectKind kind;
  Ip ip;
  std::string_view subject;  // "" for an address
  std::uint32_t asn;
  Country country;
  std::uint32_t last_s, reopened_s;  // seconds since 1970; reopened_s: 0 for never
  std::uint32_t feeds;               // for feeds_of(); the same number, the same feeds
};

class Findings {
 public:
  // Reads the last snapshot in `folder`, if there is one. A damaged one is put aside as
  // findings.snapshot.damaged: see damage(). Errors: unavailable; denied, if it is newer.
  static Result<std::unique_ptr<Findings>> open(const std::string& folder, const Dictionary& words);

  // What was wrong with the snapshot, which was then taken for absent; "": nothing.
  const std::string& damage() const { return damage_; }
  std::uint64_t watermark() const;          // effect in memory
  std::uint64_t durable_watermark() const;  // effect in the last snapshot
  // One thread. A batch at or below the watermark is ignored. `changes`: new and reopened ones, at
  // most 1,000.
  void apply(const EventBatch& batch, std::vector<FindingChange>* changes = nullptr);
  // Moves open ones to quiet and closed by what the feeds have delivered. Same thread as apply().
  void settle();
  Result<void> snapshot();  // same thread as apply()
  // Folds the findings of the act's types anew. `events` hands over every event of these types that
  // is left, up to the act, in the order of seq. Readers see the old ones until all is done. The
  // thread of apply(). Errors: those of `events`: nothing has changed.
  using Events = std::function<Result<void>(const std::function<Result<void>(EventBatch&)>& take)>;
  Result<void> correct(const EventBatch& act, const Events& events);
  // Folds events that are about to leave the store into findings.base, from which correct() begins:
  // so that findings keep what retention drops.
  // `once` names what is folded: the same once more is not folded again. Any thread.
  Result<void> fold_base(std::uint64_t once, const Events& events);
  // Where nothing was folded yet: begins with the base. The thread of apply().
  Result<void> begin_from_base();
  // The types of findings whose subject or controller `names` knows. Any thread.
  struct Naming {
    std::vector<Type> types;  // each once
    std::vector<Hash128> keys;
  };
  Naming naming(const std::function<bool(std::string_view text)>& names) const;
  // Takes out of the base the findings whose subject or controller `names` knows. Gives how many.
  Result<std::size_t> erase_base(const std::function<bool(std::string_view text)>& names);

  // Any thread.
  Result<FindingPage> find(const FindingQuery& query) const;
  FindingSummary summary(const Filter& filter, TimeUs new_from, Day histogram_start,
                         std::size_t histogram_days) const;
  Result<Finding> one(const Hash128& key) const;
  bool has(const Hash128& key) const;
  // Calls `look` for each key that is a finding, with its place in `keys`. Holds a lock: be brief.
  void glance(std::span<const Hash128> keys,
              const std::function<void(std::size_t, const FindingGlance&)>& look) const;
  std::vector<std::string> feeds_of(std::uint32_t feeds) const;
  std::size_t size() const;
  std::uint64_t open_count() const;  // open and reopened
  std::size_t memory_bytes() const;
  // How many findings have the controller, or lie in the network and are open.
  std::uint64_t count(const Filter& filter) const;
  // The keys of those that fit, in the order in which they came. Errors: invalid, if there are more
  // than `most`.
  Result<std::vector<Hash128>> keys(const Filter& filter, std::size_t most) const;

  // What people said of findings, for filters that ask it; set once, before others ask. It outlives
  // this.
  void judge_by(const Triage& triage) { triage_ = &triage; }

  // A selection as of now: one bit for each finding. The table must outlive it.
  class Chosen {
   public:
    // Is it a finding of then that was not chosen? Any thread.
    bool leaves_out(const Hash128& key) const;
    std::uint64_t size() const { return size_; }

   private:
    friend class Findings;
    const Findings* findings_ = nullptr;
    std::vector<bool> rows_;
    std::uint64_t size_ = 0;
  };
  Chosen choose(const Filter& filter) const;

  // How many findings each set of feeds has reported.
  struct Shared {
    std::vector<std::string> feeds;  // sorted
    std::uint64_t findings = 0, open = 0, judged = 0, false_positive = 0;
  };
  std::vector<Shared> shared() const;

  // The controllers that most open findings answer to, of one country or (empty) of all.
  struct ControllerName {
    std::string name;
    Country country;
  };
  std::vector<std::pair<ControllerName, std::uint64_t>> controllers(Country country,
                                                                    std::size_t top) const;

  // Coverage: until when a feed has delivered events of a type about a country.
  struct Coverage {
    std::string feed;
    Type type;
    Country country;
    std::uint32_t until_s;
  };
  std::vector<Coverage> coverage(std::string_view feed) const;

 private:
  explicit Findings(std::string folder, const Dictionary& words)
      : folder_(std::move(folder)), words_(words) {}

  struct Place {
    FindingChunk* chunk;
    std::size_t row;
  };
  Place place(std::uint32_t index) const;
  std::uint32_t find_slot(const Hash128& key) const;  // the slot that holds it, or the empty one
  std::uint32_t add(const Hash128& key);
  void grow_index();
  void update(std::uint32_t index, const EventBatch& batch, std::size_t row, const Subject& subject,
              bool is_new, std::vector<FindingChange>* changes);
  bool is_covered(std::uint32_t feeds, Type type, Country country, std::uint32_t until_s) const;
  std::unique_ptr<Findings> made() const;
  void take_parts(Findings& other);
  Result<std::unique_ptr<Findings>> base() const;
  void take_over(const Findings& from, std::uint32_t index, std::uint64_t changed);
  std::uint32_t with_feed(std::uint32_t feeds, WordId feed);
  Finding row(std::uint32_t index) const;
  using Mask = std::vector<std::uint8_t>;
  struct JudgedTest;
  std::uint32_t row_of(const Hash128& key) const;  // UINT32_MAX: there is none
  std::vector<std::uint32_t> rows_of(const std::vector<Hash128>& keys) const;
  MuteTable mute_table() const;
  JudgedTest judged_test(const Condition& condition) const;
  void keep_judged(const JudgedTest& test, std::uint32_t chunk, Mask& out) const;
  void mask(const Filter& filter, const FindingChunk& chunk, Mask& out) const;
  void test(const Condition& condition, const FindingChunk& chunk, Mask& out) const;
  template <class F>
  void scan(const Filter& filter, F row, std::uint32_t first_chunk = 0) const;
  Result<FindingPage> walk(const FindingQuery& query) const;
  Result<void> load(std::string_view bytes);

  std::string folder_, damage_;
  const Dictionary& words_;
  mutable std::shared_mutex mutex_;
  std::vector<std::unique_ptr<FindingChunk>> chunks_;
  // Open addressing by key.low. The tag keeps most strangers from costing a look at their key.
  struct Slot {
    std::uint32_t row = 0;  // row + 1; 0: empty
    std::uint32_t tag = 0;  // of key.high
  };
  std::vector<Slot> index_;
  std::uint32_t size_ = 0;
  Names names_;                                 // subjects that are no address, and controllers
  std::vector<std::vector<WordId>> feed_sets_;  // sorted; [0] is empty
  std::map<std::vector<WordId>, std::uint32_t> feed_set_ids_;
  std::unordered_map<std::uint64_t, std::uint32_t>
      coverage_;  // feed << 32 | type << 16 | country -> seconds
  std::uint64_t watermark_ = 0, durable_ = 0;
  std::mutex base_;  // the file findings.base
  const Triage* triage_ = nullptr;
};

}  // namespace tocsin::store
