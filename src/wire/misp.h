// MISP: an event row as a MISP event with its attributes. Source: MISP core format, RFC draft
// draft-dulaunoy-misp-core-format.
#pragma once

#include "wire/dialect.h"

namespace tocsin::wire {

void append_misp(std::string& out, const EventBatch& batch, std::size_t row,
                 const Dictionary& words);

}  // namespace tocsin::wire
