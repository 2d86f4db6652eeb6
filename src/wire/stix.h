// STIX 2.1: an event as a small bundle. Source: OASIS STIX Version 2.1.
#pragma once

#include "wire/dialect.h"

namespace tocsin::wire {

// Its observables, an observed-data object that refers to them with all of the event in our
// extension, and what stix_of_event() makes besides. All ids follow from the content. A bundle has
// no objects where an event has nothing that STIX could name.
void append_stix(std::string& out, const EventBatch& batch, std::size_t row,
                 const Dictionary& words);

}  // namespace tocsin::wire
