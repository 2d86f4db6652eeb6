// Indicator: an observable and what sources claim of it. Many sources that claim something of the
// same observable make one indicator; each claim is kept as its source made it.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "hunt/observable.h"
#include "model/sharing.h"
#include "model/taxonomy.h"

namespace tocsin::hunt {

// Who says it. Numbers are stored: append only.
enum class SourceKind : std::uint8_t {
  feed,
  member,  // a partner, by its member id
  person,  // a user of this node
  node,    // this node: it was in the events that it stores
};
inline constexpr std::array<std::string_view, 4> source_kind_names = {"feed", "member", "person",
                                                                      "node"};
inline std::string_view name(SourceKind kind) {
  return source_kind_names.at(static_cast<std::size_t>(kind));
}
std::optional<SourceKind> source_kind_named(std::string_view text);

struct Source {
  SourceKind kind = SourceKind::feed;
  std::string name{};  // "" of this node
  auto operator<=>(const Source&) const = default;
};

inline constexpr std::size_t source_bytes_max = 256, family_bytes_max = 200, techniques_max = 50,
                             text_bytes_max = 2000, object_bytes_max = 256;

struct Claim {
  Source source{};
  // The id of the STIX object or MISP attribute that it came as; "": of none. A source has one
  // claim of an indicator for each.
  std::string object{};
  Type type = Type::blacklist;
  std::string family{};                      // canonical
  std::vector<std::string> techniques{};     // of ATT&CK, sorted: "T1566.001"
  std::optional<std::uint8_t> confidence{};  // 0 to 100
  Severity severity = Severity::none;
  Tlp tlp = Tlp::unmarked;
  Pap pap = Pap::unmarked;
  TimeUs from = 0;           // valid from
  TimeUs until = time_none;  // ... until before; time_none: for as long as nobody says otherwise
  bool revoked = false;      // its source took it back
  std::string text{};        // what it says in words
  TimeUs told = 0;           // when this node heard of it last

  bool holds(TimeUs now) const {
    return !revoked && from <= now && (until == time_none || now < until);
  }
  // But for `told`.
  bool says_the_same(const Claim& other) const;
};

// The claim in its canonical form. Errors: invalid: a confidence above 100, no technique's id, an
// end before its begin, a text that is too long or no text, a source without a name.
Result<Claim> checked(Claim claim);

// One says that it was seen, or that it is a false positive.
struct Sighting {
  std::uint64_t id = 0;
  Source source{};
  bool false_positive = false;
  TimeUs first = 0, last = 0;  // when it was seen
  std::uint64_t count = 1;
  std::vector<Type> types{};  // of the events that it was seen in
  std::string text{};
  TimeUs told = 0;
};

enum class State : std::uint8_t {
  upcoming,  // some claim is going to hold
  active,    // some claim holds
  expired,   // none holds any more, or a person here ended it
};
inline constexpr std::array<std::string_view, 3> state_names = {"upcoming", "active", "expired"};
inline std::string_view name(State state) {
  return state_names.at(static_cast<std::size_t>(state));
}
std::optional<State> state_named(std::string_view text);

struct Indicator {
  std::uint64_t id = 0;  // given once, never again
  Observable observable{};
  std::string known_good{};  // titles of lists of what is almost never hostile; "": on none
  TimeUs added = 0;
  TimeUs since = 0, until = time_none;  // of all claims that were not taken back
  TimeUs expired = time_none;           // when a person here ended it
  std::string expired_by{}, expired_why{};
  std::vector<Claim> claims{};                       // the one that changed last at the end
  std::uint64_t sightings = 0, false_positives = 0;  // how often it was seen; how many say so
  bool looked_up = false;                            // in the events that were stored before it

  State state(TimeUs now) const;
  Tlp tlp() const;  // the strictest of its claims
};

// How many independent sources claim something of it that holds now. Sources that pass on the same
// object are one: they have it from one another, or from a third.
std::size_t corroboration(const Indicator& indicator, TimeUs now);

// "i_17", and back; 0: not one.
std::string indicator_id(std::uint64_t id);
std::uint64_t indicator_id_of(std::string_view text);

}  // namespace tocsin::hunt
