// JSON: one small writer, and reading through simdjson's DOM.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace tocsin::json {

// Appends `text` as a JSON string with its quotes. Bytes that are not UTF-8 become U+FFFD. Source:
// RFC 8259 section 7.
void append_string(std::string& out, std::string_view text);

// Appends the shortest spelling that reads back as the same number; NaN and infinities become null.
void append_number(std::string& out, double value);

// Writes objects and lists in the order of the calls. The caller keeps keys sorted where the
// contract says so.
//   Writer w; w.object().key("a").value(1).key("b").list().value("x").end().end(); w.text()
class Writer {
 public:
  Writer& object() { return open('{', '}'); }
  Writer& list() { return open('[', ']'); }
  Writer& end();
  Writer& key(std::string_view name);
  Writer& value(std::string_view text);
  Writer& value(const char* text) { return value(std::string_view(text)); }
  Writer& value(const std::string& text) { return value(std::string_view(text)); }
  Writer& value(bool yes);
  Writer& value(std::int64_t number);
  Writer& value(std::uint64_t number);
  Writer& value(std::int32_t number) { return value(static_cast<std::int64_t>(number)); }
  Writer& value(std::uint32_t number) { return value(static_cast<std::uint64_t>(number)); }
  Writer& value(std::uint16_t number) { return value(static_cast<std::uint64_t>(number)); }
  Writer& value(double number);
  Writer& null() { return raw("null"); }
  Writer& raw(std::string_view json);  // already JSON
  template <class T>
  Writer& member(std::string_view name, const T& v) {
    return key(name).value(v);
  }
  const std::string& text() const { return out_; }
  std::string take() { return std::move(out_); }

 private:
  Writer& open(char begin, char end);
  void comma();
  std::string out_;
  std::string ends_;   // what closes each open level
  bool first_ = true;  // nothing yet stands in the innermost level
  bool keyed_ = false;
};

}  // namespace tocsin::json
