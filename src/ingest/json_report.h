// JSON report: each record of a JSON report, parsed; for formats with fixed rules.
#pragma once

#include <simdjson.h>

#include "ingest/format.h"
#include "ingest/json_records.h"

namespace tocsin::ingest {

struct ParsedRecord {
  std::size_t line;
  std::string_view bytes;
  simdjson::dom::element root;
};

// Calls `take` for each record; an error it gives rejects the record (and drops its open event).
// Errors: invalid, if there is no JSON in the report.
Result<void> each_json(const Report& report, std::string_view path, Sink& sink,
                       const std::function<Result<void>(const ParsedRecord&)>& take);

// A scalar as text: a number's or literal's spelling; "" for null, lists, objects and no element.
std::string json_scalar(simdjson::dom::element element);
std::string json_scalar(simdjson::dom::element object, std::string_view key);

// Keeps a value under extra.NAME, with its own JSON type; null and "" are nothing.
void keep_json(Sink& sink, std::string_view name, simdjson::dom::element element);

// Calls f(element) for a list's elements, or for the value itself where it is no list; not at all
// for null or where there is no such member.
void each_of(simdjson::dom::element object, std::string_view key,
             const std::function<void(simdjson::dom::element)>& f);

}  // namespace tocsin::ingest
