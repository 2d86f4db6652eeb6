#include "wire/stix_lexer.h"

#include <fmt/format.h>

#include <array>

#include "base/text.h"
#include "wire/stix_words.h"

namespace tocsin::wire {
namespace {

using Kind = StixToken::Kind;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

}  // namespace

std::unexpected<Error> StixLexer::wrong(std::size_t at, std::string_view what) const {
  return invalid(fmt::format("column {}: {}", at + 1, what));
}

std::size_t StixLexer::blank() const {
  // Unicode's blanks beyond ASCII. Source: the grammar's WS.
  constexpr auto others = std::to_array<std::string_view>(
      {"\xc2\x85", "\xc2\xa0", "\xe1\x9a\x80", "\xe2\x80\x80", "\xe2\x80\x81", "\xe2\x80\x82",
       "\xe2\x80\x83", "\xe2\x80\x84", "\xe2\x80\x85", "\xe2\x80\x86", "\xe2\x80\x87",
       "\xe2\x80\x88", "\xe2\x80\x89", "\xe2\x80\x8a", "\xe2\x80\xa8", "\xe2\x80\xa9",
       "\xe2\x80\xaf", "\xe2\x81\x9f", "\xe3\x80\x80"});
  std::string_view rest = text_.substr(at_);
  if (rest.empty()) return 0;
  if (rest[0] == ' ' || (rest[0] >= '\t' && rest[0] <= '\r')) return 1;
  for (std::string_view other : others) {
    if (rest.starts_with(other)) return other.size();
  }
  return 0;
}

Result<void> StixLexer::skip_blanks() {
  for (;;) {
    std::string_view rest = text_.substr(at_);
    if (std::size_t size = blank()) {
      at_ += size;
    } else if (rest.starts_with("//")) {
      at_ += std::min(rest.find_first_of("\r\n"), rest.size());
    } else if (rest.starts_with("/*")) {
      std::size_t end = rest.find("*/", 2);
      if (end == rest.npos) return wrong(at_, "a comment without an end");
      at_ += end + 2;
    } else {
      return {};
    }
  }
}

// The text between quotes; a backslash stands before a quote or a backslash, nowhere else.
Result<StixToken> StixLexer::quoted(StixToken token, char prefix) {
  std::size_t i = at_ + (prefix == '\0' ? 1 : 2);
  for (; i < text_.size() && text_[i] != '\''; ++i) {
    if (text_[i] == '\\') {
      ++i;
      if (i == text_.size() || prefix != '\0' || (text_[i] != '\\' && text_[i] != '\''))
        return wrong(i - 1, "a backslash that escapes neither a quote nor a backslash");
    }
    token.value += text_[i];
  }
  if (i == text_.size()) return wrong(at_, "a quote without an end");
  token.spelled = text_.substr(at_, i + 1 - at_);
  token.kind = prefix == '\0' ? Kind::text : prefix == 't' ? Kind::time : Kind::binary;
  if (prefix == 't' && !is_stix_time_form(token.value))
    return wrong(at_, "not a time: " + text::quote(token.value));
  if (prefix == 'b' || prefix == 'h') {
    auto bytes = prefix == 'h' ? from_hex(token.value) : from_base64(token.value);
    if (!bytes)
      return wrong(
          at_, (prefix == 'h' ? "not hexadecimal: " : "not base64: ") + text::quote(token.value));
    token.value = *std::move(bytes);
  }
  at_ = i + 1;
  return token;
}

// [+-]digits, [+-][digits].digits
Result<StixToken> StixLexer::number(StixToken token) {
  std::size_t i = at_;
  if (text_[i] == '+' || text_[i] == '-') ++i;
  std::size_t first = i;
  while (i < text_.size() && is_digit(text_[i])) ++i;
  std::size_t digits = i - first;
  token.kind = Kind::integer;
  if (i + 1 < text_.size() && text_[i] == '.' && is_digit(text_[i + 1])) {
    token.kind = Kind::real;
    for (++i; i < text_.size() && is_digit(text_[i]);) ++i;
  } else if (digits == 0) {
    return wrong(at_, "a sign without a number");
  } else if (digits > 1 && text_[first] == '0') {
    return wrong(at_, "a number that begins with 0");
  }
  token.spelled = text_.substr(at_, i - at_);
  at_ = i;
  return token;
}

Result<StixToken> StixLexer::next() {
  TRY(skip_blanks());
  StixToken token{.column = at_ + 1};
  std::string_view rest = text_.substr(at_);
  if (rest.empty()) return token;
  char c = rest[0], second = rest.size() > 1 ? rest[1] : '\0';
  if (c == '\'') return quoted(std::move(token), '\0');
  if ((c == 't' || c == 'b' || c == 'h') && second == '\'') return quoted(std::move(token), c);
  if (is_digit(c) || c == '+' || c == '-' || (c == '.' && is_digit(second)))
    return number(std::move(token));
  std::size_t size = 0;
  if (is_letter(c)) {
    token.kind = Kind::word;
    for (; size < rest.size(); ++size) {
      if (rest[size] == '-') {
        token.kind = Kind::hyphened;
      } else if (!is_letter(rest[size]) && !is_digit(rest[size])) {
        break;
      }
    }
  } else {
    constexpr auto signs = std::to_array<std::string_view>(
        {"==", "!=", "<>", "<=", ">=", "=", "<", ">", "[", "]", "(", ")", ":", ".", ",", "*"});
    token.kind = Kind::sign;
    for (std::string_view sign : signs) {
      if (size == 0 && rest.starts_with(sign)) size = sign.size();
    }
    if (size == 0) return wrong(at_, "unexpected " + text::quote(rest.substr(0, 1)));
  }
  token.spelled = rest.substr(0, size);
  at_ += size;
  if (token.spelled == "==") token.spelled = "=";
  if (token.spelled == "<>") token.spelled = "!=";
  return token;
}

}  // namespace tocsin::wire
