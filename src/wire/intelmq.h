// IntelMQ's JSON: flat names ("source.ip"), as its bots exchange events.
// Source: IntelMQ documentation, "Data Format".
#pragma once

#include "wire/dialect.h"
#include "wire/row.h"

namespace tocsin::wire {

// What IntelMQ has no field for (`node.*`) goes under `extra.`, so that every name is one it takes.
void append_intelmq(std::string& out, const EventBatch& batch, std::size_t row,
                    const Dictionary& words);
// The same of an event in IntelMQ's spelling.
void append_intelmq(std::string& out, const Row& event);

}  // namespace tocsin::wire
