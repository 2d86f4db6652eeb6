// Offering: what the node's indicators say goes among the offers, claim by claim as each source
// made it, and what people here saw of them. docs/taxii.md.
//
// What this node found by itself in stored events has no marking: it is offered to nobody.
#pragma once

#include <functional>
#include <mutex>

#include "base/ip.h"
#include "hunt/indicators.h"
#include "store/offers.h"

namespace tocsin::node {

class Offering {
 public:
  struct Parts {
    hunt::Indicators& indicators;  // outlive it
    store::Offers& offers;
    std::function<TimeUs()> now;
    std::function<Country(const Ip&)> country_of{};  // empty: not known
  };
  explicit Offering(Parts parts) : parts_(std::move(parts)) {}

  // Offers what changed since the last time, at most 1,000 claims and 1,000 sightings; after a
  // crash it goes on where it was. True: there may be more. Any thread.
  Result<bool> step();
  // Takes back all in which a value `names` an erased subject, after the indicators forgot it.
  Result<std::size_t> forget(const std::function<bool(std::string_view)>& names);

 private:
  store::Thing thing_of(const hunt::Observable& about, std::uint64_t indicator,
                        const hunt::Claim& claim) const;
  Result<bool> claims();
  Result<bool> sightings();

  Parts parts_;
  std::mutex mutex_;  // nothing is offered that was read before it was forgotten
};

// As a claim's thing is named; tells nothing of it.
std::string claim_key(std::uint64_t indicator, const hunt::Claim& claim);

}  // namespace tocsin::node
