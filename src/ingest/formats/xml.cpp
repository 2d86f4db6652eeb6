// xml: the elements of an XML document, as a mapping file says.
// Source: docs/mappings.md.
#include "ingest/mapped.h"

namespace tocsin::ingest {

Format xml() {
  return {.summary = "the elements of an XML document, as a mapping file says",
          .read = [](const Report& report, Sink& sink) {
            return read_by_mapping(Input::xml, report, sink);
          }};
}

}  // namespace tocsin::ingest
