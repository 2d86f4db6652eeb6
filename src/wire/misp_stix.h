// Misp stix: attributes of MISP as STIX objects and back, type by type as misp-stix has them.
// docs/stix.md lists the types. Source: MISP core format, draft-dulaunoy-misp-core-format; the
// mapping of MISP/misp-stix.
#pragma once

#include <simdjson.h>

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "wire/stix_event.h"

namespace tocsin::wire {

struct MispAttribute {
  std::string type, value;  // "filename|md5", "a.exe|d41d8c..."
  std::string category, uuid, comment;
  TimeUs time = time_none;
  bool to_ids = false;
};

// The pattern that looks for it. "": its type has none, or the value is none of its type.
std::string misp_pattern(std::string_view type, std::string_view value);

// What was observed with its observables; `to_ids`: the indicator too, based on it. Nothing where
// its type has no STIX, or STIX does not allow its value: it goes as MISP or not at all.
std::vector<std::string> stix_of_misp(const MispAttribute& attribute, Tlp tlp, const StixAs& as);

struct MispOfStix {
  std::vector<MispAttribute> attributes;
  std::vector<std::size_t> opaque;  // places of what says something that no attribute has
};
// The attributes of indicators, observed-data, observables beside them, vulnerabilities and
// campaigns, each once; each object has been checked.
MispOfStix misp_of_stix(std::span<const simdjson::dom::object> objects);

}  // namespace tocsin::wire
