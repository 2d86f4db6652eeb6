// csv: CSV, as a mapping file says.
// Source: docs/mappings.md.
#include "ingest/mapped.h"

namespace tocsin::ingest {

Format csv() {
  return {.summary = "CSV, as a mapping file says", .read = [](const Report& report, Sink& sink) {
            return read_by_mapping(Input::csv, report, sink);
          }};
}

}  // namespace tocsin::ingest
