#include "ingest/shapes.h"

#include <algorithm>

#include "base/check.h"
#include "base/json.h"
#include "base/text.h"

namespace tocsin::ingest {

using simdjson::dom::element;

simdjson::dom::object object_of(element e) {
  simdjson::dom::object object;
  check(e.get(object) == simdjson::SUCCESS, "not an object");
  return object;
}

std::optional<std::string> base64(std::string_view text) {
  std::string out;
  std::uint32_t bits = 0;
  int have = 0;
  for (char c : text) {
    constexpr std::string_view digits =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    if (c == '=' || c == '\r' || c == '\n') continue;
    std::size_t digit = digits.find(c == '-' ? '+' : c == '_' ? '/' : c);
    if (digit == std::string_view::npos) return std::nullopt;
    bits = bits << 6 | static_cast<std::uint32_t>(digit);
    have += 6;
    if (have >= 8) {
      have -= 8;
      out += static_cast<char>(bits >> have & 255);
    }
  }
  return out;
}

namespace {

bool is_number(std::string_view text) {
  if (text.starts_with('-')) text.remove_prefix(1);
  if (text.empty() || text[0] < '0' || text[0] > '9') return false;
  if (text.size() > 1 && text[0] == '0' && text[1] != '.') return false;
  return text.find_first_not_of("0123456789.") == std::string_view::npos && text.back() != '.' &&
         std::ranges::count(text, '.') <= 1;
}

bool is_json(std::string_view text) {
  thread_local simdjson::dom::parser parser;
  return parser.parse(text.data(), text.size()).error() == simdjson::SUCCESS;
}

std::string list_json(const Value& value, const std::string& separator) {
  std::string out = "[";
  if (value.json && value.json->is_array()) return simdjson::minify(*value.json);
  if (separator.empty()) {
    if (value.json) {
      out += simdjson::minify(*value.json);
    } else {
      json::append_string(out, value.text);
    }
    return out + "]";
  }
  std::string_view rest = value.text;
  while (true) {
    std::size_t at = rest.find(separator);
    std::string_view part = text::trim(rest.substr(0, at));
    if (!part.empty()) {
      if (out.size() > 1) out += ',';
      json::append_string(out, part);
    }
    if (at == std::string_view::npos) break;
    rest.remove_prefix(at + separator.size());
  }
  return out + "]";
}

// The names of an object's members, sorted.
std::string keys_json(element object, const Source& source) {
  std::vector<std::string_view> keys;
  for (auto member : object_of(object)) {
    if (std::ranges::find(source.except, member.key) != source.except.end()) continue;
    if (!source.where.empty()) {
      auto flag = at_path(member.value, source.where);
      if (!flag || !flag->is_bool() || !flag->get_bool().value_unsafe()) continue;
    }
    keys.push_back(member.key);
  }
  std::ranges::sort(keys);
  json::Writer w;
  w.list();
  for (auto key : keys) w.value(key);
  return w.end().take();
}

// {"a":{"x":1}} as [{"member":"a","x":1}].
std::string objects_json(element object, const std::string& member) {
  json::Writer w;
  w.list();
  for (auto entry : object_of(object)) {
    w.object().member(member, std::string_view(entry.key));
    if (entry.value.is_object()) {
      for (auto inner : object_of(entry.value)) {
        w.key(inner.key).raw(simdjson::minify(inner.value));
      }
    } else {
      w.key("value").raw(simdjson::minify(entry.value));
    }
    w.end();
  }
  return w.end().take();
}

}  // namespace

void set_extra(Sink& sink, const std::string& name, const Value& value, const Source& source) {
  switch (source.shape) {
    case Shape::number:
      if (is_number(value.text)) return sink.extra_json(name, value.text);
      break;
    case Shape::flag:
      for (std::string_view yes : {"true", "yes", "1", "y", "t"}) {
        if (text::equal_fold(value.text, yes)) return sink.extra_flag(name, true);
      }
      for (std::string_view no : {"false", "no", "0", "n", "f"}) {
        if (text::equal_fold(value.text, no)) return sink.extra_flag(name, false);
      }
      break;
    case Shape::json:
      if (is_json(value.text)) return sink.extra_json(name, value.text);
      break;
    case Shape::list:
      return sink.extra_json(name, list_json(value, source.separator));
    case Shape::keys:
      if (value.json && value.json->is_object())
        return sink.extra_json(name, keys_json(*value.json, source));
      break;
    case Shape::objects:
      if (value.json && value.json->is_object())
        return sink.extra_json(name, objects_json(*value.json, source.member));
      break;
    case Shape::own:
      if (value.json && !value.json->is_string()) return sink.extra_json(name, value.text);
      break;
    case Shape::text:
    case Shape::time:  // the mapper's business
      break;
  }
  sink.extra(name, value.text);
}

}  // namespace tocsin::ingest
