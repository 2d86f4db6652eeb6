// key_value: lines of key=value pairs, as a mapping file says.
// Source: docs/mappings.md.
#include "ingest/mapped.h"

namespace tocsin::ingest {

Format key_value() {
  return {.summary = "lines of key=value pairs, as a mapping file says",
          .read = [](const Report& report, Sink& sink) {
            return read_by_mapping(Input::key_value, report, sink);
          }};
}

}  // namespace tocsin::ingest
