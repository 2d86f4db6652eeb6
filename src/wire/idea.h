// IDEA0, the event format of CESNET's Warden. Source: idea.cesnet.cz, "IDEA definition" version 0.
#pragma once

#include "model/taxonomy.h"
#include "wire/dialect.h"
#include "wire/row.h"

namespace tocsin::wire {

// An event as one IDEA0 message. A message that was read by the format `idea` and made one event
// comes out again as it was (`extra.idea`).
void append_idea(std::string& out, const EventBatch& batch, std::size_t row,
                 const Dictionary& words);
// The same of an event in native spelling, under this id; never as it was.
void append_idea(std::string& out, const Row& event, std::string_view id);

// The IDEA category of a type, and the type of a category ("Attempt.Login"); undetermined if the
// category says nothing we know. Case counts for nothing.
std::string_view idea_category(Type type);
Type type_of_idea(std::string_view category);

}  // namespace tocsin::wire
