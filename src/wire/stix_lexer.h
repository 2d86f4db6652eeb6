// Stix lexer: the words of the STIX pattern language. Source: OASIS STIX Version 2.1, section 9;
// the grammar that oasis-open/cti-pattern-validator publishes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace tocsin::wire {

struct StixToken {
  enum class Kind : std::uint8_t {
    end,
    word,      // an identifier or keyword
    hyphened,  // an identifier with a hyphen in it
    integer,
    real,
    text,    // 'x', without quotes and escapes
    binary,  // b'...' or h'...', as bytes
    time,    // t'...'
    sign,    // [ ] ( ) : . , * = != < <= > >=; "==" is "=", "<>" is "!="
  };
  Kind kind = Kind::end;
  std::string_view spelled;
  std::string value;       // of text, binary and time
  std::size_t column = 1;  // in octets
};

class StixLexer {
 public:
  explicit StixLexer(std::string_view text) : text_(text) {}
  // Errors: invalid, with the column.
  Result<StixToken> next();

 private:
  Result<void> skip_blanks();
  Result<StixToken> quoted(StixToken token, char prefix);
  Result<StixToken> number(StixToken token);
  std::size_t blank() const;  // octets of the blank that stands here; 0: none
  std::unexpected<Error> wrong(std::size_t at, std::string_view what) const;

  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace tocsin::wire
