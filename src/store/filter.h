// Filter: the question a person asks of findings or events, as text and as conditions.
//
//   type:infected-system,c2-server country:BR -family:mirai severity>=high last>=7d 192.0.2.0/24
//
// Blanks part the conditions, and all must hold. `:` and `=` say equal, `!=` or a leading `-` the
// contrary, and `<` `<=` `>` `>=` compare. Commas part alternatives. "…" holds blanks and commas
// together. A `*` at the end says "starts so" and one alone "any", but for one in quotes, which is
// itself. A word alone is guessed (see parse_filter). The same text serves the API's `q`, the
// console's tokens and the command line's field=value.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/ip.h"
#include "base/result.h"
#include "base/time.h"
#include "model/state.h"
#include "model/taxonomy.h"

namespace tocsin::store {

// What each holds in FilterValue; [n]: `number`, [t]: `text`, [a]: `network`.
enum class FilterField : std::uint8_t {
  ip,   // [a] the subject's address; a lone address is a network of one. `prefix` is the same field
  asn,  // [n]
  country,             // [n] Country::code
  name,                // [t] canonical; Match::below also takes names under it
  url,                 // [t] canonical
  family,              // [t] lower case
  type,                // [n] Type
  klass,               // [n] Class; written `class`
  identifier,          // [t] lower case
  severity,            // [n] Severity
  state,               // [n] State
  feed,                // [t]
  port,                // [n]
  controller,          // [a], or [t] a canonical name
  controller_country,  // [n]
  first,
  last,    // [n] TimeUs, and `end`; first and last time seen (of an event: its time)
  times,   // [n] how often seen
  tlp,     // [n] Tlp
  hash,    // [t] MD5, SHA-1 or SHA-256 in lower case
  sector,  // [t] lower case, blanks single
  is,      // [n] Is
  // What people said of a finding; events do not know it.
  verdict,   // [n] Verdict
  assigned,  // [t] lower case
  tag,       // [t] lower case
  in_case,   // [n] its id; written `case`
  mark,      // [n] Mark; written `is` too: the value tells which of the two
  followed,  // [t] lower case: by whom
};
inline constexpr std::size_t filter_fields_count = 28;

// What an exercise brought is hidden unless a filter names `is`.
enum class Is : std::uint8_t { exercise, history, real };  // real: not of an exercise

enum class Mark : std::uint8_t {
  muted,
  judged,    // there is a verdict
  returned,  // it came back after its verdict
};
inline constexpr std::string_view mark_names[] = {"muted", "judged", "returned"};

enum class Compare : std::uint8_t { equal, less, less_equal, greater, greater_equal };

enum class Match : std::uint8_t {
  exact,   // equal; inside `network`; from `number` until before `end` where `end` is set
  prefix,  // written with * at the end: the text starts so
  below,   // a name: itself, or any name that ends in "." and it
  any,     // written *: there is a value
  none,    // written `unknown`: there is no value
};

struct FilterValue {
  Match match = Match::exact;
  std::string text{};
  std::int64_t number = 0;
  std::int64_t end =
      0;              // first and last: a day, second or minute is a stretch of time: [number, end)
  Network network{};  // length 0: none

  bool operator==(const FilterValue&) const = default;
};

struct Condition {
  FilterField field{};
  Compare compare = Compare::equal;  // never less_equal or greater for first and last
  bool negated = false;
  bool guessed = false;            // was a word alone
  std::vector<FilterValue> any{};  // one of them must hold; exactly one unless `compare` is equal

  bool operator==(const Condition&) const = default;
};

struct Filter {
  std::vector<Condition> all{};

  bool empty() const { return all.empty(); }
  bool operator==(const Filter&) const = default;
};

inline constexpr std::size_t filter_bytes_max = 64 * 1024;
inline constexpr std::size_t filter_conditions_max = 64;
inline constexpr std::size_t filter_values_max = 2000;  // over all conditions

// Times: as in base/time.h; a day or minute is the whole of it; today, yesterday; 90m, 24h, 7d, 2w:
// that long before `now`. A word alone: an address, a prefix, AS123, a hash, a URL, a type, a
// class, a severity, a state, a country in capitals, a domain (with what is below it), CVE-… and
// open-…/accessible-… as identifiers, and else a family. Errors: invalid; names the part at fault
// and what would be valid.
Result<Filter> parse_filter(std::string_view text, TimeUs now);

// The filter as text that parses to an equal filter (`guessed` aside). Relative times have become
// absolute.
std::string format(const Filter& filter);

std::string_view name(FilterField field);

// Does it say of exercises what it wants? Else they are left out.
bool asks_for_exercises(const Filter& filter);
inline const FilterValue real_value{.number = static_cast<std::int64_t>(Is::real)};
// Does every condition make sense of events, which carry no verdict, tag, case? Errors: invalid.
Result<void> fits_events(const Filter& filter);

// Does one value satisfy the condition? For rows that hold a field as number, text or address; an
// absent value is `none_number`, "" or the empty address. `negated` is respected: what has no value
// is not equal to anything.
inline constexpr std::int64_t none_number = INT64_MIN;
bool holds(const Condition& condition, std::int64_t number);
bool holds(const Condition& condition, std::string_view text);
bool holds(const Condition& condition, const Ip& ip);

}  // namespace tocsin::store
