#include "ingest/mapped.h"

#include "ingest/inputs.h"

namespace tocsin::ingest {
namespace {

std::string_view name(Input input) {
  switch (input) {
    case Input::csv:
      return "csv";
    case Input::json:
      return "json";
    case Input::lines:
      return "lines";
    case Input::key_value:
      return "key_value";
    case Input::html_table:
      return "html_table";
    case Input::xml:
      return "xml";
  }
  return "";
}

}  // namespace

Result<void> read_mapped(const Mapping& mapping, const Report& report, Sink& sink) {
  Mapper mapper(mapping, report, sink);
  switch (mapping.input) {
    case Input::csv:
      return read_csv(mapping, report, mapper);
    case Input::json:
      return read_json(mapping, report, mapper);
    case Input::lines:
      return read_lines(mapping, report, mapper);
    case Input::key_value:
      return read_key_value(mapping, report, mapper);
    case Input::html_table:
      return read_html_table(mapping, report, mapper);
    case Input::xml:
      return read_xml(mapping, report, mapper);
  }
  return {};
}

Result<void> read_by_mapping(Input input, const Report& report, Sink& sink) {
  if (report.mapping.empty()) {
    return invalid("the format " + std::string(name(input)) +
                   " needs a mapping file (--mapping FILE; see docs/mappings.md)");
  }
  Mapping mapping = TRY(parse_mapping(report.mapping, "mapping"));
  if (mapping.input != input) {
    return invalid("the mapping is for input = \"" + std::string(name(mapping.input)) +
                   "\", the format is " + std::string(name(input)));
  }
  return read_mapped(mapping, report, sink);
}

}  // namespace tocsin::ingest
