#include "base/canonical_json.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <vector>

#include "base/check.h"
#include "base/text.h"

namespace tocsin {
namespace {

constexpr std::size_t depth_max = 128;
constexpr std::int64_t exact_max = (std::int64_t{1} << 53) - 1;
constexpr double exponent_from = 1e21;  // larger ones are not printed as integers

// The order of UTF-16 code units, of texts in UTF-8. It is that of bytes, but for U+10000 and up
// (first byte F0 or more): their surrogates are smaller than U+E000 to U+FFFF (EE, EF).
bool utf16_less(std::string_view a, std::string_view b) {
  auto [x, y] = std::ranges::mismatch(a, b);
  if (x == a.end() || y == b.end()) return a.size() < b.size();
  auto rank = [](char c) {
    auto byte = static_cast<unsigned char>(c);
    return byte >= 0xf0 ? 0xedu : byte >= 0xee ? byte + 0x10u : byte;
  };
  unsigned first = rank(*x), second = rank(*y);
  return first != second ? first < second
                         : static_cast<unsigned char>(*x) < static_cast<unsigned char>(*y);
}

Result<void> append_text(std::string& out, std::string_view text) {
  constexpr std::string_view plain = "\b\t\n\f\r\"\\", letters = "btnfr\"\\";
  if (!text::is_utf8(text)) return invalid("a lone surrogate in " + text::quote(text));
  out += '"';
  for (char c : text) {
    if (static_cast<unsigned char>(c) >= 0x20 && c != '"' && c != '\\') {
      out += c;
    } else if (std::size_t at = plain.find(c); at != plain.npos) {
      out += {'\\', letters[at]};
    } else {
      fmt::format_to(std::back_inserter(out), "\\u{:04x}", static_cast<unsigned>(c));
    }
  }
  out += '"';
  return {};
}

Result<void> append(std::string& out, const simdjson::dom::element& value, std::size_t depth);

Result<void> append_object(std::string& out, const simdjson::dom::object& object,
                           std::size_t depth) {
  std::vector<simdjson::dom::key_value_pair> members(object.begin(), object.end());
  std::ranges::sort(members, utf16_less, &simdjson::dom::key_value_pair::key);
  out += '{';
  for (std::size_t i = 0; i < members.size(); ++i) {
    if (i > 0 && members[i].key == members[i - 1].key)
      return invalid("the name " + text::quote(members[i].key) + " stands twice in one object");
    if (i > 0) out += ',';
    TRY(append_text(out, members[i].key));
    out += ':';
    TRY(append(out, members[i].value, depth + 1));
  }
  out += '}';
  return {};
}

Result<void> append_list(std::string& out, const simdjson::dom::array& list, std::size_t depth) {
  out += '[';
  bool first = true;
  for (const auto& item : list) {
    if (!first) out += ',';
    first = false;
    TRY(append(out, item, depth + 1));
  }
  out += ']';
  return {};
}

Result<void> append(std::string& out, const simdjson::dom::element& value, std::size_t depth) {
  using Type = simdjson::dom::element_type;
  if (depth > depth_max) return invalid(fmt::format("nested deeper than {}", depth_max));
  auto inexact = [] { return invalid("an integer beyond 2^53 - 1, which not all read alike"); };
  switch (value.type()) {
    case Type::OBJECT:
      return append_object(out, value.get_object().value_unsafe(), depth);
    case Type::ARRAY:
      return append_list(out, value.get_array().value_unsafe(), depth);
    case Type::STRING:
      return append_text(out, value.get_string().value_unsafe());
    case Type::BOOL:
      out += value.get_bool().value_unsafe() ? "true" : "false";
      return {};
    case Type::NULL_VALUE:
      out += "null";
      return {};
    case Type::UINT64:
      return inexact();  // simdjson gives it for what int64 does not hold
    case Type::INT64: {
      std::int64_t number = value.get_int64().value_unsafe();
      if (number > exact_max || number < -exact_max) return inexact();
      out += std::to_string(number);
      return {};
    }
    case Type::DOUBLE: {
      double number = value.get_double().value_unsafe();
      if (std::abs(number) > static_cast<double>(exact_max) && std::abs(number) < exponent_from)
        return inexact();
      out += es_number(number);
      return {};
    }
  }
  return invalid("a JSON value of an unknown kind");
}

}  // namespace

Result<std::string> canonical_json(const simdjson::dom::element& value) {
  std::string out;
  TRY(append(out, value, 0));
  return out;
}

Result<std::string> canonical_json(std::string_view json) {
  simdjson::dom::parser parser;
  simdjson::dom::element value;
  if (auto failed = parser.parse(simdjson::padded_string(json)).get(value))
    return invalid(fmt::format("not JSON: {}", simdjson::error_message(failed)));
  return canonical_json(value);
}

std::string es_number(double value) {
  check(std::isfinite(value), "canonical JSON: a finite number");
  if (value == 0) return "0";  // -0 too
  std::array<char, 40> buffer{};
  auto end =
      std::to_chars(buffer.begin(), buffer.end(), std::abs(value), std::chars_format::scientific)
          .ptr;
  std::string_view spelled(buffer.data(), static_cast<std::size_t>(end - buffer.data()));
  std::string_view before = text::cut(spelled, 'e');
  std::string digits;
  for (char c : before) {
    if (c != '.') digits += c;
  }
  if (spelled.starts_with('+')) spelled.remove_prefix(1);
  int exponent = static_cast<int>(*text::signed_number(spelled));
  int count = static_cast<int>(digits.size()), point = exponent + 1;  // ECMA-262's k and n
  std::string out = value < 0 ? "-" : "";
  if (count <= point && point <= 21) {
    out += digits + std::string(static_cast<std::size_t>(point - count), '0');
  } else if (0 < point && point <= 21) {
    out += digits.substr(0, static_cast<std::size_t>(point)) + "." +
           digits.substr(static_cast<std::size_t>(point));
  } else if (-6 < point && point <= 0) {
    out += "0." + std::string(static_cast<std::size_t>(-point), '0') + digits;
  } else {
    out += digits.substr(0, 1) + (count > 1 ? "." + digits.substr(1) : "");
    out += fmt::format("e{}{}", exponent < 0 ? '-' : '+', std::abs(exponent));
  }
  return out;
}

}  // namespace tocsin
