// MISP: an event row as a MISP event with its attributes. Source: MISP core format, RFC draft
// draft-dulaunoy-misp-core-format.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "wire/dialect.h"
#include "wire/misp_stix.h"
#include "wire/row.h"

namespace tocsin::wire {

void append_misp(std::string& out, const EventBatch& batch, std::size_t row,
                 const Dictionary& words);

// What an event says as attributes of MISP, what it is about first; without uuid. Only addresses
// and names of what is malicious are to be matched, and none that is a pseudonym or was made
// coarse.
std::vector<MispAttribute> misp_of_event(const Row& event);

// Where in MISP a type of attribute that we write belongs; "": we write none of that type.
std::string_view misp_category(std::string_view type);
std::span<const std::string_view> misp_types();

}  // namespace tocsin::wire
