// The dialects in which an event row can be printed: `--to`.
#pragma once

#include <string>
#include <string_view>

#include "model/batch.h"

namespace tocsin::wire {

// Appends one event as one JSON object without a line end.
using Write = void (*)(std::string& out, const EventBatch& batch, std::size_t row,
                       const Dictionary& words);

// "tocsin", "intelmq", "idea", "stix", "misp"; nullptr for any other.
Write dialect(std::string_view name);

}  // namespace tocsin::wire
