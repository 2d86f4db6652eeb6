// The native JSON: nested names of the IntelMQ Data Format and ours, keys sorted, absent when
// empty. Source: docs/event.md.
#pragma once

#include "wire/dialect.h"

namespace tocsin::wire {

void append_native(std::string& out, const EventBatch& batch, std::size_t row,
                   const Dictionary& words);

}  // namespace tocsin::wire
