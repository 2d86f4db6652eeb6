// Stix object: any STIX object as it came, byte for byte, and what a node needs to know of it.
// Unknown properties and extensions are kept because nothing is written anew. Source: OASIS STIX
// Version 2.1, section 3; DESIGN D8.
#pragma once

#include <simdjson.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "wire/stix_check.h"

namespace tocsin::wire {

// A marking of parts of an object.
struct StixGranular {
  std::string marking;                 // an id; "" if it says a language
  std::vector<std::string> selectors;  // "description", "aliases.[0]"
};

struct StixObject {
  std::string json;  // as it came, without blanks around it
  std::string id, type;
  std::string version;  // `modified`, else `created`, as the object writes it; "": it has neither
  TimeUs created = time_none, modified = time_none;
  bool revoked = false;
  std::string created_by;
  std::vector<std::string> labels;
  std::optional<std::uint8_t> confidence;  // 0 to 100
  std::vector<std::string> markings;       // object_marking_refs
  std::vector<StixGranular> granular;
  std::vector<std::string> refs;  // every other object that it names, anywhere in it; sorted
};

// Of an object that check_stix() found valid; `json`: its bytes.
StixObject stix_object_of(const simdjson::dom::object& object, std::string_view json);

// Reads one object after the other. One thread.
class StixReader {
 public:
  // Errors: invalid: what check_stix() refuses, by its first breach; a bundle; more than
  // stix_object_bytes_max. `warnings`: where check_stix()'s go.
  Result<StixObject> read(std::string_view json, std::vector<StixRemark>* warnings = nullptr);

 private:
  simdjson::dom::parser parser_;
};

// The objects of a bundle or a TAXII envelope, as they stand in it. Errors: invalid: not JSON, no
// list "objects", an empty one.
Result<std::vector<std::string_view>> stix_objects_in(std::string_view bundle);

// A bundle of objects, as they are.
std::string stix_bundle(std::string_view id, const std::vector<std::string>& objects);

}  // namespace tocsin::wire
