// Indicators: the store of indicators, in the journal's SQLite file. It carries millions: every
// question is answered from an index, or looks at a bounded number of rows and says where to go on.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "hunt/indicator.h"
#include "store/tables.h"

namespace tocsin::hunt {

inline constexpr std::size_t add_rows_max = 5000;                      // in one transaction
inline constexpr std::size_t looked_rows_max = 20'000;                 // in one page
inline constexpr std::size_t claims_max = 1000, sightings_max = 1000;  // of one indicator

struct Told {
  Observable observable{};
  Claim claim{};
};

struct Added {
  std::uint64_t fresh = 0;       // indicators that there were not
  std::uint64_t claims = 0;      // that are new or other than before
  std::uint64_t same = 0;        // claims that were there
  std::uint64_t known_good = 0;  // on lists of what is almost never hostile
  std::uint64_t erased = 0;      // name an erased subject: not kept
  std::uint64_t full = 0;        // claims beyond claims_max of their indicator: not kept

  Added& operator+=(const Added& more) {
    fresh += more.fresh, claims += more.claims, same += more.same;
    known_good += more.known_good, erased += more.erased, full += more.full;
    return *this;
  }
};

struct IndicatorsAsk {
  std::string q{};     // a value in any spelling, or how it begins; the answer is by value then
  bool exact = false;  // only that value
  std::optional<Kind> kind{};
  std::optional<Type> type{};      // of a claim
  std::optional<Source> source{};  // of a claim
  std::optional<State> state{};
  std::string cursor{};
  std::size_t limit = 50;
};

struct IndicatorsPage {
  std::vector<Indicator> items{};  // newest first, or by value
  std::string next{};              // "": these were the last; a page may have few and a next
};

// A claim that is new or was changed, the newest state of it.
struct ClaimChange {
  std::uint64_t number = 0;  // strictly increasing; of a claim that changes again another
  std::uint64_t indicator = 0;
  Observable observable{};
  Claim claim{};
  TimeUs expired = time_none;  // when a person here ended the indicator
};

// How far stored events were looked through for indicators.
struct LookedUp {
  std::uint64_t done = 0;      // indicators up to this id, in all events
  std::uint64_t up_to = 0;     // those after it up to this one are being looked up, ...
  std::uint64_t seq = 0;       // ... in events up to this seq so far
  std::uint64_t last_seq = 0;  // ... of those up to this one
};

struct Seen {  // in stored events
  std::uint64_t indicator = 0, count = 0;
  TimeUs first = 0, last = 0;
  std::uint64_t types = 0;  // a bit for each Type
};

// Any thread. Errors: missing, invalid, unavailable.
class Indicators {
 public:
  struct Parts {
    store::Journal& journal;  // outlives it
    std::function<TimeUs()> now;
    // For each the titles of lists of what is almost never hostile that it is on; "": none.
    std::function<std::vector<std::string>(std::span<const Told>)> known_good{};
    // The text with erased subjects masked out; nullopt: none is in it. Such a value is not kept.
    std::function<std::optional<std::string>(std::string_view)> without_erased{};
  };
  static Result<std::unique_ptr<Indicators>> open(Parts parts);

  // Keeps what is told, at most add_rows_max of it, in one transaction of the bulk lane. The claims
  // are checked() ones. `told` is sorted by value.
  Result<Added> add(std::vector<Told>& told);

  Result<Indicator> one(std::uint64_t id) const;
  // nullopt: there is none.
  Result<std::optional<Indicator>> find(const Observable& observable) const;
  Result<IndicatorsPage> list(const IndicatorsAsk& ask) const;
  Result<std::vector<Sighting>> sightings(std::uint64_t id) const;  // newest first

  // Ends it: what was told until now holds no more. What is told later makes it active again.
  Result<Indicator> expire(std::uint64_t id, std::string_view why, std::string_view by);
  // Errors: invalid: times in the wrong order, a count of 0, more than sightings_max.
  Result<Indicator> sight(std::uint64_t id, Sighting sighting);

  // The indicator of which this source claims something by that object; nullopt: of none.
  Result<std::optional<std::uint64_t>> claimed_by(const Source& source,
                                                  std::string_view object) const;
  // The source takes back what it claimed by that object. Gives how many claims that were.
  Result<std::size_t> revoke(const Source& source, std::string_view object);

  // Claims with a number above `after`, in the order of their numbers; at most `limit`. A reader
  // that keeps the last number misses none.
  Result<std::vector<ClaimChange>> changes(std::uint64_t after, std::size_t limit) const;
  // The same of sightings, by their ids; those of `indicator` in the pair.
  Result<std::vector<std::pair<std::uint64_t, Sighting>>> sightings_after(std::uint64_t after,
                                                                          std::size_t limit) const;

  // The look-up in stored events: what is next, and what was found. Both in one transaction, so
  // that nothing is counted twice.
  Result<LookedUp> looked_up() const;
  Result<std::uint64_t> due() const;  // indicators that are not looked up yet, at most
  Result<std::vector<std::pair<std::uint64_t, Observable>>> after(std::uint64_t id,
                                                                  std::size_t limit) const;
  Result<void> keep_looked_up(const LookedUp& state, std::span<const Seen> seen);

  // Removes indicators whose value `names` a subject, with all that was said of them. Gives how
  // many went. Errors: unavailable; again then.
  Result<std::size_t> forget(const std::function<bool(std::string_view)>& names);

 private:
  explicit Indicators(Parts parts, store::Tables tables)
      : parts_(std::move(parts)), tables_(std::move(tables)) {}
  Parts parts_;
  mutable store::Tables tables_;
};

}  // namespace tocsin::hunt
