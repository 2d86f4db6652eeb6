// json: JSON (a list, a list at a path, or JSON lines), as a mapping file says.
// Source: docs/mappings.md.
#include "ingest/mapped.h"

namespace tocsin::ingest {

Format json() {
  return {.summary = "JSON (a list, a list at a path, or JSON lines), as a mapping file says",
          .read = [](const Report& report, Sink& sink) {
            return read_by_mapping(Input::json, report, sink);
          }};
}

}  // namespace tocsin::ingest
