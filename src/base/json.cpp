#include "base/json.h"

#include <fmt/format.h>

#include <cmath>

#include "base/check.h"
#include "base/text.h"

namespace tocsin::json {
namespace {

// The length of the valid UTF-8 sequence at the start of `text`, 0 if there is none.
std::size_t sequence(std::string_view text) {
  auto first = static_cast<unsigned char>(text[0]);
  std::size_t length = first < 0x80 ? 1 : first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  return text.size() >= length && text::is_utf8(text.substr(0, length)) ? length : 0;
}

}  // namespace

void append_string(std::string& out, std::string_view text) {
  constexpr std::string_view digits = "0123456789abcdef";
  out += '"';
  std::size_t from = 0;
  for (std::size_t i = 0; i < text.size();) {
    auto byte = static_cast<unsigned char>(text[i]);
    if (byte >= 0x20 && byte < 0x80 && byte != '"' && byte != '\\') {
      ++i;
      continue;
    }
    std::size_t length = byte >= 0x80 ? sequence(text.substr(i)) : 0;
    if (length > 0) {
      i += length;
      continue;
    }
    out += text.substr(from, i - from);
    if (byte == '"' || byte == '\\') {
      out += {'\\', text[i]};
    } else if (byte == '\n') {
      out += "\\n";
    } else if (byte == '\r') {
      out += "\\r";
    } else if (byte == '\t') {
      out += "\\t";
    } else if (byte < 0x20) {
      out += {'\\', 'u', '0', '0', digits[byte >> 4], digits[byte & 15]};
    } else {
      out += "\xef\xbf\xbd";
    }
    from = ++i;
  }
  out += text.substr(from);
  out += '"';
}

void append_number(std::string& out, double value) {
  if (!std::isfinite(value)) {
    out += "null";
  } else {
    fmt::format_to(std::back_inserter(out), "{}", value);
  }
}

void Writer::comma() {
  if (!first_ && !keyed_) out_ += ',';
  first_ = false;
  keyed_ = false;
}

Writer& Writer::open(char begin, char end) {
  comma();
  out_ += begin;
  ends_ += end;
  first_ = true;
  return *this;
}

Writer& Writer::end() {
  check(!ends_.empty() && !keyed_, "json: end() without an open level");
  out_ += ends_.back();
  ends_.pop_back();
  first_ = false;
  return *this;
}

Writer& Writer::key(std::string_view name) {
  comma();
  append_string(out_, name);
  out_ += ':';
  keyed_ = true;
  return *this;
}

Writer& Writer::value(std::string_view text) {
  comma();
  append_string(out_, text);
  return *this;
}

Writer& Writer::value(bool yes) {
  return raw(yes ? "true" : "false");
}

Writer& Writer::value(std::int64_t number) {
  comma();
  fmt::format_to(std::back_inserter(out_), "{}", number);
  return *this;
}

Writer& Writer::value(std::uint64_t number) {
  comma();
  fmt::format_to(std::back_inserter(out_), "{}", number);
  return *this;
}

Writer& Writer::value(double number) {
  comma();
  append_number(out_, number);
  return *this;
}

Writer& Writer::raw(std::string_view json) {
  comma();
  out_ += json;
  return *this;
}

}  // namespace tocsin::json
