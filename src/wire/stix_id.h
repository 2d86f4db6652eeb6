// Stix id: identifiers that follow from what they name. Source: OASIS STIX Version 2.1, section 2.9
// and the id contributing properties of section 6; RFC 8785 for the name's JSON.
#pragma once

#include <simdjson.h>

#include <string>
#include <string_view>

#include "base/result.h"

namespace tocsin::wire {

// An observable's: a UUID of version 5 of those of its properties that make it what it is; of
// several hashes one counts. "": it has none of them, or its type has none (process): whoever makes
// it gives it a random one. Errors: invalid: no object with a type; no canonical JSON.
Result<std::string> stix_observable_id(const simdjson::dom::element& object);
Result<std::string> stix_observable_id(std::string_view json);

// The namespace of a node's own objects, 16 octets. `node`: what names it for ever, and nobody
// else.
std::string stix_node_namespace(std::string_view node);

// "indicator--UUID" of an object of ours. The seed must hold nothing that its reader may not know:
// whoever guesses it can tell. Source: DESIGN D8.
std::string stix_own_id(std::string_view type, std::string_view node_namespace,
                        std::string_view seed);

}  // namespace tocsin::wire
