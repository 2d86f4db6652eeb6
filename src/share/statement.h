// Statements: what a member says under its key: a flat object of texts, signed, in one spelling.
//
// All that members say to each other of trust goes as these: invitations, joins, changed keys,
// agreements. Everything in one is a text on one line, so that there is nothing to interpret.
// Source: RFC 8785 for the spelling; RFC 8032 for the signature.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/signing.h"
#include "base/time.h"

namespace tocsin::share {

using Said = std::map<std::string, std::string, std::less<>>;

struct Statement {
  std::string kind;    // "key-change"
  std::string member;  // who says it
  TimeUs at = 0;
  Said said{};  // names of small letters and '_'; nothing empty
  PublicKey key{};
  std::string signature{};  // signature_size octets

  std::string_view operator[](std::string_view name) const;  // "" if it is not said
};

inline constexpr std::size_t statement_bytes_max = 1 << 20;
inline constexpr TimeUs clocks_differ_max = 10 * 60 * us_per_s;  // of two members

// What is said and empty is left out. Whole seconds of `at` count.
Statement signed_statement(std::string_view kind, std::string_view member, TimeUs at, Said said,
                           const SigningKey& key);
std::string statement_json(const Statement& statement);

// A statement whose own key has signed it; whose key that is, the caller looks up.
// Errors: invalid (not of this form, a text of several lines, larger than statement_bytes_max);
// denied (the signature does not fit).
Result<Statement> read_statement(std::string_view json);

// Is it said of a time that our clock has not reached? Errors: invalid, with what to do.
Result<void> check_clock(const Statement& statement, TimeUs now);

// Small letters, digits, '.', '_', '-', a letter or digit first, 64 at most: a member's id, as
// agreements have it.
bool is_member(std::string_view text);
// UTF-8 without control characters, line and paragraph ends, and marks that turn its direction.
bool is_one_line(std::string_view text);

}  // namespace tocsin::share
