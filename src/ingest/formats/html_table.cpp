// html_table: the tables of an HTML page, as a mapping file says.
// Source: docs/mappings.md.
#include "ingest/mapped.h"

namespace tocsin::ingest {

Format html_table() {
  return {.summary = "the tables of an HTML page, as a mapping file says",
          .read = [](const Report& report, Sink& sink) {
            return read_by_mapping(Input::html_table, report, sink);
          }};
}

}  // namespace tocsin::ingest
