// lines: lines that fit patterns, as a mapping file says.
// Source: docs/mappings.md.
#include "ingest/mapped.h"

namespace tocsin::ingest {

Format lines() {
  return {.summary = "lines that fit patterns, as a mapping file says",
          .read = [](const Report& report, Sink& sink) {
            return read_by_mapping(Input::lines, report, sink);
          }};
}

}  // namespace tocsin::ingest
