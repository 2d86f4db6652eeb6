// Claims: what partners' indicators and sightings say, as their claims among the node's indicators.
// What may come in at all is judged before (Others).
#pragma once

#include <functional>
#include <span>
#include <string>

#include "enrich/enrichment.h"
#include "hunt/indicators.h"
#include "policy/decision.h"
#include "wire/stix_object.h"

namespace tocsin::node {

class Claims {
 public:
  struct Parts {
    hunt::Indicators& indicators;  // outlive it
    const enrich::Enrichment& enrichment;
    std::function<TimeUs()> now;
  };
  explicit Claims(Parts parts) : parts_(std::move(parts)) {}

  // What a decision looks at of an indicator, or of a sighting of one that we hold: its type,
  // confidence and, of an address, country. Of other objects the country of the addresses in them.
  // Leaves alone what cannot be told.
  void describe(const std::string& member, const wire::StixObject& object,
                policy::Item& item) const;
  // Takes indicators, and what explains them; then sightings of what is held. Revoked ones are
  // claimed no more. Once more is safe. Errors: unavailable; invalid: nothing of it can be read.
  Result<void> take(const std::string& member, std::span<const wire::StixObject* const> objects,
                    std::span<const std::string> definitions);

 private:
  Result<void> sight(const std::string& member, const std::string& json);

  Parts parts_;
};

}  // namespace tocsin::node
