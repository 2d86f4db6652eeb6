// Misp stix table: which parts of which property of STIX an attribute's value is made of.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace tocsin::wire {

// What the parts of an attribute's value are in STIX: "file:hashes.SHA256". `[*]`, quotes and the
// hyphens of hashes are left out.
struct MispMapping {
  std::string type;
  std::vector<std::string> parts;
};

// The first that fits is what STIX without a label is read as.
const std::vector<MispMapping>& misp_mappings();
const MispMapping* misp_mapping(std::string_view type);  // the first of this name; nullptr

// Rules of other languages, which go as they are.
bool is_misp_rule(std::string_view type);
// "SHA-256" of "SHA256".
std::string_view stix_algorithm(std::string_view key);
// The parts of a value, as many as its type has; none where they are not.
std::vector<std::string> misp_parts(const MispMapping& mapping, std::string_view value);

}  // namespace tocsin::wire
