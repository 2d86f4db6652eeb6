#include "ingest/json_report.h"

#include "base/text.h"

namespace tocsin::ingest {

using simdjson::dom::element;

Result<void> each_json(const Report& report, std::string_view path, Sink& sink,
                       const std::function<Result<void>(const ParsedRecord&)>& take) {
  simdjson::dom::parser parser;
  std::size_t parsed = 0, wrong = 0;
  auto each = [&](const JsonRecord& found) {
    if (sink.stopped()) return;
    element root;
    if (auto error = parser.parse(found.json.data(), found.json.size()).get(root)) {
      ++wrong;
      std::string why = std::string("not JSON: ") + simdjson::error_message(error);
      return sink.reject(found.line, Error{Fault::invalid, why}, found.json);
    }
    ++parsed;
    if (auto taken = take({found.line, found.json, root}); !taken) {
      sink.reject(found.line, taken.error(), found.json);
    }
  };
  auto reject = [&](std::size_t line, Error why, std::string_view bytes) {
    ++wrong;
    sink.reject(line, std::move(why), bytes);
  };
  TRY(json_records(report.bytes, path, each, reject));
  if (parsed == 0 && wrong > 0) {
    return invalid("not JSON: " + text::quote(report.bytes.substr(0, 60)));
  }
  return {};
}

std::string json_scalar(element e) {
  if (e.is_string()) return std::string(e.get_string().value_unsafe());
  if (e.is_null() || e.is_array() || e.is_object()) return {};
  return simdjson::minify(e);
}

std::string json_scalar(element object, std::string_view key) {
  element found;
  if (!object.is_object() || object.get_object().at_key(key).get(found)) return {};
  return json_scalar(found);
}

void keep_json(Sink& sink, std::string_view name, element e) {
  if (e.is_null()) return;
  if (e.is_string()) return sink.extra(name, e.get_string().value_unsafe());
  sink.extra_json(name, simdjson::minify(e));
}

void each_of(element object, std::string_view key, const std::function<void(element)>& f) {
  element found;
  if (!object.is_object() || object.get_object().at_key(key).get(found) || found.is_null()) return;
  simdjson::dom::array list;
  if (found.get(list)) return f(found);
  for (element one : list) f(one);
}

}  // namespace tocsin::ingest
