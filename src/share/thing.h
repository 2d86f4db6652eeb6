// Thing: indicators and sightings among the offers: how they lie there, and as what objects of STIX
// they go.
//
// The body is a piece of JSON of flat members, as an event's `extra`: those of an event that would
// say the same, so that what an agreement does to events it does to these. An indicator's value
// stands in the field of its sort, a pattern in `pattern`; `time.source` is when it begins, or was
// seen first, `time.observation` when it ends, or was seen last. docs/stix.md.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "policy/gate.h"
#include "store/offers.h"
#include "wire/stix_event.h"

namespace tocsin::share {

// Sorted by name, with what the treatments of events do not know: `extra.count` of a sighting, and
// `extra.of`, the key of the indicator that was seen.
std::string thing_body(std::vector<std::pair<std::string, std::string>> members);

// The member that says what it is about; "": none does.
std::string_view subject_of(std::string_view body);

policy::Item item_of(const store::Thing& thing);

// What a gate looks at of one that is foreign; views of it.
policy::Gate::Foreign foreign_of(const store::Thing& thing);

// Of what was cleared. `of`: the handle of the indicator that a sighting is of. Nothing, if too
// little is left.
std::vector<std::string> stix_of_thing(const store::Thing& thing, const policy::ToldEvent& told,
                                       std::string_view of, const wire::StixAs& as);

// When it ends; time_none: not said.
TimeUs end_of(const store::Thing& thing);

}  // namespace tocsin::share
