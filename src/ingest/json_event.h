// JSON event: an event of the IntelMQ Data Format, or of our own, into the open event of a sink.
// Source: IntelMQ documentation, "Data Format"; docs/event.md.
#pragma once

#include <simdjson.h>

#include <string_view>

#include "base/result.h"
#include "ingest/sink.h"

namespace tocsin::ingest {

// All members, flat or nested; what holds no field is kept as extra. Errors: invalid: a value that
// its field cannot have, nesting beyond 16.
Result<void> event_members(Sink& sink, const simdjson::dom::element& object);
// One by its flat name and text.
Result<void> event_member(Sink& sink, std::string_view name, std::string_view text);

}  // namespace tocsin::ingest
