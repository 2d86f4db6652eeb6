// intelmq: events of the IntelMQ Data Format: JSON (one object, a list, or a line each; flat or
// nested names), or IntelMQ's CSV dump with flat names as its header. Our own native JSON too.
// Source: IntelMQ documentation, "Data Format"; docs/event.md.
#include "base/csv.h"
#include "base/text.h"
#include "ingest/json_event.h"
#include "ingest/json_report.h"
#include "model/field.h"

namespace tocsin::ingest {
namespace {

Result<void> read_csv_dump(const Report& report, Sink& sink) {
  csv::Reader reader(report.bytes);
  std::vector<std::string> names;
  for (auto step = reader.next(); step != csv::Step::end && !sink.stopped(); step = reader.next()) {
    if (step == csv::Step::wrong) {
      sink.reject(reader.line(), reader.error(), reader.bytes());
      continue;
    }
    auto fields = reader.fields();
    if (names.empty()) {
      names.assign(fields.begin(), fields.end());
      bool known = false;
      for (const auto& name : names) known = known || field_named(name).has_value();
      if (!known) return invalid("no IntelMQ field in the header " + text::quote(reader.bytes()));
      continue;
    }
    sink.event(reader.line());
    sink.record(reader.bytes());
    Result<void> done;
    if (fields.size() > names.size()) done = invalid("more fields than the header has");
    for (std::size_t i = 0; i < fields.size() && done; ++i) {
      done = event_member(sink, names[i], fields[i]);
    }
    if (!done) sink.reject(reader.line(), done.error(), reader.bytes());
  }
  return {};
}

Result<void> read(const Report& report, Sink& sink) {
  std::string_view start = text::trim(report.bytes);
  if (start.starts_with("\xef\xbb\xbf")) start = text::trim(start.substr(3));
  if (!start.empty() && start[0] != '{' && start[0] != '[') return read_csv_dump(report, sink);
  return each_json(report, "", sink, [&](const ParsedRecord& record) -> Result<void> {
    if (!record.root.is_object()) return invalid("not an event: no object");
    sink.event(record.line);
    sink.record(record.bytes);
    return event_members(sink, record.root);
  });
}

}  // namespace

Format intelmq() {
  return {.summary = "events as IntelMQ writes them (JSON, flat or nested, or its CSV dump)",
          .read = read};
}

}  // namespace tocsin::ingest
