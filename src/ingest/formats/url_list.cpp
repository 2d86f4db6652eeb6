// url_list: one URL per line.
// Source: no standard; OpenPhish's and VXVault's lists.
#include "ingest/list.h"

namespace tocsin::ingest {
namespace {

Result<void> take(std::string_view entry, std::size_t line, Sink& sink) {
  sink.event(line).type(Type::blacklist);
  return sink.set(Field::source_url, entry);
}

}  // namespace

Format url_list() {
  return {.summary = "one URL per line, lines that begin with # are comments",
          .read = [](const Report& report, Sink& sink) {
            return read_list(report, sink, false, take);
          }};
}

}  // namespace tocsin::ingest
