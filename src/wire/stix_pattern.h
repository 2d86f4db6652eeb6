// Stix pattern: the STIX 2.1 pattern language, parsed, and what of it is plain observables.
// stix_match.h holds patterns against what was observed. Source: OASIS STIX Version 2.1, section 9.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "wire/stix_words.h"

namespace tocsin::wire {

inline constexpr std::size_t stix_pattern_bytes_max = 4 << 20;
inline constexpr std::size_t stix_pattern_depth_max = 64;  // of parentheses

enum class StixPatternVersion : std::uint8_t {
  v20,  // a qualifier may stand twice in a row; START and STOP may have texts
  v21,
};

struct StixLiteral {
  enum class Kind : std::uint8_t { text, integer, real, boolean, binary, time };
  Kind kind = Kind::text;
  std::string text;  // of a text; the bytes of a binary; a time as it stands
  std::int64_t integer = 0;
  double real = 0;
  bool yes = false;
  bool is_number() const { return kind == Kind::integer || kind == Kind::real; }
};

struct StixStep {
  std::string name;                  // "" if it is an index
  std::optional<std::size_t> index;  // [3]
  bool any = false;                  // [*]
};

enum class StixTest : std::uint8_t {
  equal,
  not_equal,
  less,
  less_equal,
  greater,
  greater_equal,
  in,
  like,
  matches,
  subset,
  superset,
  exists,
};

struct StixComparison {
  std::string type;            // "ipv4-addr"
  std::vector<StixStep> path;  // at least one; the first has a name
  StixTest test = StixTest::equal;
  bool negated = false;
  std::vector<StixLiteral> values;  // one; several or none of `in`; none of `exists`
};

// A node of the tree; its children are nodes too.
struct StixNode {
  enum class Kind : std::uint8_t {
    comparison,   // inside of brackets; `at` is that of the comparison
    all_of,       // ... AND ... inside of brackets
    any_of,       // ... OR ...
    observation,  // [...]: one child
    both,         // [...] AND [...]
    either,       // [...] OR [...]
    followed_by,  // [...] FOLLOWEDBY [...]
    start_stop,   // one child, as the next two
    within,       // seconds
    repeats,      // times
  };
  Kind kind = Kind::comparison;
  std::vector<std::size_t> children;
  std::size_t at = 0;
  StixTime start, stop;
  double seconds = 0;
  std::uint64_t times = 0;
};

struct StixPattern {
  std::vector<StixComparison> comparisons;
  std::vector<StixNode> nodes;
  std::size_t root = 0;

  // FOLLOWEDBY, WITHIN or REPEATS.
  bool is_temporal() const;
};

// Errors: invalid, with the column (from 1, in octets) and what was expected there; also for a hash
// that cannot be one, and a list whose values are not of one kind.
Result<StixPattern> parse_stix_pattern(std::string_view text,
                                       StixPatternVersion version = StixPatternVersion::v21);

// A text in the single quotes of the pattern language.
std::string stix_quoted(std::string_view text);

// A plain observable: what a pattern of one comparison looks for.
struct StixObservable {
  enum class Kind : std::uint8_t {
    address,
    network,
    name,
    url,
    mail,
    asn,
    md5,
    sha1,
    sha256,
    sha512,
    file_name,
    mutex,
    registry_key,
    mac,
  };
  Kind kind = Kind::address;
  std::string value;  // canonical, where the kind has a canonical form
  auto operator<=>(const StixObservable&) const = default;
};
std::string_view name(StixObservable::Kind kind);  // "address"

// All that the pattern looks for, if any one of them is a hit: one comparison for equality or
// membership, or an OR of such. An end of traffic may come with its type (`dst_ref.type = ... AND
// dst_ref.value = ...`). Empty: it is more than that.
std::vector<StixObservable> plain_observables(const StixPattern& pattern);

// "[ipv4-addr:value = '192.0.2.7']"
std::string stix_pattern_of(const StixObservable& observable);

}  // namespace tocsin::wire
