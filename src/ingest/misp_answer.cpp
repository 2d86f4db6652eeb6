#include "ingest/misp_answer.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>

#include "base/text.h"

namespace tocsin::ingest {
namespace {

using simdjson::dom::element;

std::string text_of(element holder, std::string_view name) {
  element found;
  if (holder.get_object().at_key(name).get(found)) return {};
  if (std::string_view text; !found.get(text)) return std::string(text);
  return found.is_number() ? simdjson::minify(found) : std::string();
}

}  // namespace

bool is_misp_uuid(std::string_view text) {
  if (text.size() != 36) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    bool digit = (text[i] >= '0' && text[i] <= '9') || (text[i] >= 'a' && text[i] <= 'f');
    if (dash ? text[i] != '-' : !digit) return false;
  }
  return true;
}

Result<std::vector<MispListing>> read_misp_manifest(std::string_view json) {
  simdjson::dom::parser parser;
  simdjson::dom::object all;
  element root;
  if (parser.parse(simdjson::padded_string(json)).get(root)) return invalid("is no JSON");
  if (simdjson::dom::array none; !root.get(none) && none.size() == 0)
    return std::vector<MispListing>();  // PHP's empty object
  if (root.get(all)) return invalid("is no manifest: no object");
  std::vector<MispListing> out;
  for (auto [name, of] : all) {
    if (!of.is_object()) return invalid("is no manifest: " + text::quote(name) + " is no object");
    MispListing one{.uuid = text::lower(name),
                    .sha256 = text::lower(text_of(of, "integrity:sha256"))};
    auto timestamp = text::number(text_of(of, "timestamp"));
    if (!is_misp_uuid(one.uuid) || !timestamp) continue;
    one.timestamp_s = *timestamp;
    if (out.size() >= misp_events_max)
      return invalid(fmt::format("has more than {} events", misp_events_max));
    out.push_back(std::move(one));
  }
  std::ranges::sort(out, {}, [](const MispListing& l) { return std::pair(l.timestamp_s, l.uuid); });
  return out;
}

Result<MispPage> read_misp_page(std::string_view json) {
  simdjson::dom::parser parser;
  element root, list;
  if (parser.parse(simdjson::padded_string(json)).get(root)) return invalid("is no JSON");
  if (!root.is_object() || root.get_object().at_key("response").get(list)) list = root;
  simdjson::dom::array events;
  if (list.get(events)) return invalid("is no list of events");
  MispPage out;
  for (element one : events) {
    element event;
    if (!one.is_object() || one.get_object().at_key("Event").get(event) || !event.is_object())
      return invalid("is no list of events");
    std::string stamp = text_of(event, "timestamp");
    out.newest_s = std::max(out.newest_s, text::number(stamp).value_or(0));
    out.seen.push_back(text_of(event, "uuid") + " " + stamp);
    ++out.events;
  }
  return out;
}

// Source: MISP 2.5, events/index, with `minimal` and without: rows, with `Event` around them or
// not.
Result<std::set<std::string>> read_misp_index(std::string_view json) {
  simdjson::dom::parser parser;
  simdjson::dom::array rows;
  if (parser.parse(simdjson::padded_string(json)).get(rows)) return invalid("is no list of events");
  std::set<std::string> out;
  for (element row : rows) {
    if (!row.is_object()) return invalid("is no list of events");
    std::string uuid = text::lower(text_of(row, "uuid"));
    if (element event; !row.get_object().at_key("Event").get(event) && event.is_object())
      uuid = text::lower(text_of(event, "uuid"));
    if (is_misp_uuid(uuid)) out.insert(std::move(uuid));
  }
  return out;
}

}  // namespace tocsin::ingest
