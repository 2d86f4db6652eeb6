// Stix match: STIX patterns held against what was observed. The work is bounded, whatever pattern
// and data are. Source: OASIS STIX Version 2.1, section 9; regular expressions are RE2's.
#pragma once

#include <simdjson.h>

#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "wire/stix_pattern.h"

namespace tocsin::wire {

// Observed-data objects with the observables that they tell of. Views live as long as what was
// added.
class StixObservations {
 public:
  // Takes a bundle's observed-data and observables, or one observed-data of STIX 2.0 with its
  // `objects`. What else is there is passed over. Errors: invalid: an observed-data whose times or
  // count are none.
  Result<void> add(simdjson::dom::element bundle);

  using Element = simdjson::dom::element;
  struct Observable {
    std::string_view type;
    Element object;
  };
  struct Observation {
    std::string_view id;  // of the observed-data; "" if it has none
    StixTime first, last;
    std::uint64_t times = 1;              // how often this was observed
    std::vector<Observable> observables;  // that it tells of itself
    // All that its references may name.
    std::shared_ptr<const std::unordered_map<std::string_view, Element>> known;
  };
  const std::vector<Observation>& all() const { return all_; }

 private:
  std::vector<Observation> all_;
};

// A pattern made ready.
class StixMatcher {
 public:
  // Errors: invalid: a regular expression that RE2 does not have, a network or day that there is
  // not; FOLLOWEDBY, WITHIN and REPEATS.
  static Result<StixMatcher> make(StixPattern pattern);

  // The places in `observations.all()` that together fulfil the pattern; each stands at most as
  // often as it was observed. Empty: it is not fulfilled.
  // Errors: invalid: a text that should be a time is none; the work is beyond its bound.
  Result<std::vector<std::size_t>> match(const StixObservations& observations) const;

  StixMatcher(StixMatcher&&) noexcept;
  StixMatcher& operator=(StixMatcher&&) noexcept;
  ~StixMatcher();

 private:
  struct Ready;
  explicit StixMatcher(std::unique_ptr<const Ready> ready);
  std::unique_ptr<const Ready> ready_;
};

}  // namespace tocsin::wire
