// Stix types: what STIX 2.1 says of each type of object: its properties, their kinds and
// vocabularies, which relationships it suggests. Source: OASIS STIX Version 2.1, sections 3 to 7,
// 10 and appendix B.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace tocsin::wire {

enum class StixKind : std::uint8_t {
  any,
  text,
  boolean,
  integer,
  number,
  time,
  stamp,  // a time with three digits or more
  ref,    // an identifier
  sco,    // an identifier in an observable; in STIX 2.0 it was a key of `objects`
  hashes,
  dictionary,
  extensions,
  observables,   // observed-data's `objects`
  translations,  // language-content's `contents`
  binary,
  hex,
  url,
  language,
  options,  // of a socket
  part,     // an object of a shape of its own
  one_of,   // a closed vocabulary
  open,     // an open vocabulary: another word is only warned of
};

struct StixShape;
struct StixProperty {
  std::string_view name;
  StixKind kind = StixKind::any;
  bool required = false, list = false;
  double low = 0, high = 0;             // of a number; low == high: any
  std::vector<std::string_view> words;  // of a vocabulary; or the types that a reference may name
  bool negated = false;                 // the types that it may not name
  std::string_view vocabulary;          // "attack-motivation"
  const StixShape* part = nullptr;
};

struct StixRule {
  enum class Kind : std::uint8_t {
    some,     // at least one of these
    exactly,  // exactly one of these
    ordered,  // the second time is not before the first
    later,    // the second time is after the first
    with,     // the first only with all others
  };
  Kind kind = Kind::some;
  std::vector<std::string_view> names;
};

struct StixShape {
  enum class Sort : std::uint8_t { domain, relationship, observable, meta, part };
  std::string_view name;
  Sort sort = Sort::part;
  std::vector<StixProperty> properties;  // by name
  std::vector<StixRule> rules;

  const StixProperty* property(std::string_view name) const;  // nullptr: none of that name
};

const StixShape* stix_shape(std::string_view type);  // nullptr: not one of the standard's
// What the standard says of "ntfs-ext" in a "file". nullptr: nothing.
const StixShape* stix_extension(std::string_view type, std::string_view key);
// What all objects may have, whatever their type: observables, and the others.
const StixShape& stix_common(bool observable);
// Does the vocabulary have it? "hash-algo", "pdf-doc-info" ... as stix_table.h names them.
bool is_stix_word(std::string_view vocabulary, std::string_view word);

enum class StixRelation : std::uint8_t {
  suggested,     // by the standard, or of a type that is not the standard's
  other_source,  // this type has no such relationship
  other_target,  // not to that type
};
StixRelation stix_relation(std::string_view source, std::string_view relation,
                           std::string_view target);

}  // namespace tocsin::wire
