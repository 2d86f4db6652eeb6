#include "model/members.h"

#include <string>

namespace tocsin {
namespace {

// The length of the JSON string at the start of `text`, quotes included; npos if it does not end.
std::size_t string_size(std::string_view text) {
  for (std::size_t i = 1; i < text.size(); ++i) {
    if (text[i] == '\\') {
      ++i;
    } else if (text[i] == '"') {
      return i + 1;
    }
  }
  return std::string_view::npos;
}

// The length of the JSON value at the start of `text`; npos if it does not end.
std::size_t value_size(std::string_view text) {
  std::size_t depth = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '"') {
      std::size_t size = string_size(text.substr(i));
      if (size == std::string_view::npos) return size;
      i += size - 1;
    } else if (c == '{' || c == '[') {
      ++depth;
    } else if (c == '}' || c == ']') {
      if (depth == 0) return std::string_view::npos;
      --depth;
    } else if (c == ',' && depth == 0) {
      return i;
    }
  }
  return depth == 0 ? text.size() : std::string_view::npos;
}

void append_utf8(std::string& out, std::uint32_t point) {
  auto byte = [&](std::uint32_t value) { out += static_cast<char>(value); };
  if (point < 0x80) {
    byte(point);
  } else if (point < 0x800) {
    byte(0xc0 | point >> 6), byte(0x80 | (point & 63));
  } else if (point < 0x10000) {
    byte(0xe0 | point >> 12), byte(0x80 | (point >> 6 & 63)), byte(0x80 | (point & 63));
  } else {
    byte(0xf0 | point >> 18), byte(0x80 | (point >> 12 & 63));
    byte(0x80 | (point >> 6 & 63)), byte(0x80 | (point & 63));
  }
}

// Four hexadecimal digits; false if they are not there.
bool unit(std::string_view text, std::uint32_t& value) {
  if (text.size() < 4) return false;
  value = 0;
  for (char c : text.substr(0, 4)) {
    auto digit = std::string_view("0123456789abcdef").find(static_cast<char>(c | 0x20));
    if (c >= '0' && c <= '9') digit = static_cast<std::size_t>(c - '0');
    if (digit == std::string_view::npos) return false;
    value = value << 4 | static_cast<std::uint32_t>(digit);
  }
  return true;
}

// The character that the \u at the start of `text` means, and the octets it takes.
std::size_t append_unicode(std::string& out, std::string_view text) {
  std::uint32_t high = 0, low = 0;
  if (!unit(text.substr(2), high)) return 2;
  if (high >= 0xd800 && high < 0xdc00 && text.substr(6).starts_with("\\u") &&
      unit(text.substr(8), low) && low >= 0xdc00 && low < 0xe000) {
    append_utf8(out, 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00));
    return 12;
  }
  append_utf8(out, high >= 0xd800 && high < 0xe000 ? 0xfffd : high);
  return 6;
}

}  // namespace

void Members::iterator::next() {
  done_ = true;
  if (rest_.empty() || rest_[0] != '"') return;
  std::size_t name = string_size(rest_);
  if (name == std::string_view::npos || name >= rest_.size() || rest_[name] != ':') return;
  std::size_t value = value_size(rest_.substr(name + 1));
  if (value == std::string_view::npos || value == 0) return;
  member_ = {rest_.substr(1, name - 2), rest_.substr(name + 1, value)};
  rest_.remove_prefix(name + 1 + value);
  if (rest_.starts_with(',')) rest_.remove_prefix(1);
  done_ = false;
}

std::string_view member(std::string_view fragment, std::string_view name) {
  for (const Member& m : Members(fragment)) {
    if (m.name == name) return m.json;
  }
  return {};
}

std::string json_text(std::string_view json) {
  if (json.size() < 2 || json.front() != '"' || json.back() != '"') return std::string(json);
  json = json.substr(1, json.size() - 2);
  std::string out;
  out.reserve(json.size());
  for (std::size_t i = 0; i < json.size();) {
    if (json[i] != '\\' || i + 1 == json.size()) {
      out += json[i++];
      continue;
    }
    constexpr std::string_view marks = "\"\\/bfnrt", meant = "\"\\/\b\f\n\r\t";
    if (std::size_t at = marks.find(json[i + 1]); at != std::string_view::npos) {
      out += meant[at];
      i += 2;
    } else if (json[i + 1] == 'u') {
      i += append_unicode(out, json.substr(i));
    } else {
      ++i;
    }
  }
  return out;
}

}  // namespace tocsin
