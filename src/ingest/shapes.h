// Shapes: how a mapped value stands under `extra.`.
#pragma once

#include <optional>
#include <string>

#include "ingest/mapping.h"
#include "ingest/record.h"
#include "ingest/sink.h"

namespace tocsin::ingest {

// Keeps the value under extra.NAME in the shape that the source wants; what does not fit the shape
// is kept as text.
void set_extra(Sink& sink, const std::string& name, const Value& value, const Source& source);

// An object of an element that is one.
simdjson::dom::object object_of(simdjson::dom::element e);

// Base64, also its form for URLs; nullopt if the text is none. Source: RFC 4648.
std::optional<std::string> base64(std::string_view text);

}  // namespace tocsin::ingest
