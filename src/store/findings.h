// Findings: every problem that was ever reported and is kept, in memory as columns, with snapshots
// on disk. A follower of the journal.
//
// 106 bytes a finding and 5 to 11 of index; 10 M of them stay under 1.5 GB. A question is a scan of
// the columns it names.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "model/batch.h"
#include "model/finding.h"
#include "store/filter.h"

namespace tocsin::store {

inline constexpr int findings_schema = 3;

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
  std::size_t size() const { return key.size(); }
};

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

  // Any thread.
  Result<FindingPage> find(const FindingQuery& query) const;
  FindingSummary summary(const Filter& filter, TimeUs new_from, Day histogram_start,
                         std::size_t histogram_days) const;
  Result<Finding> one(const Hash128& key) const;
  std::size_t size() const;
  std::uint64_t open_count() const;  // open and reopened
  std::size_t memory_bytes() const;
  // How many findings have the controller, or lie in the network and are open.
  std::uint64_t count(const Filter& filter) const;

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
  std::uint32_t with_feed(std::uint32_t feeds, WordId feed);
  Finding row(std::uint32_t index) const;
  using Mask = std::vector<std::uint8_t>;
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
};

}  // namespace tocsin::store
