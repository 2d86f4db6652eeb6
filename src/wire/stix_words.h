// Stix words: how STIX 2.1 spells what everything else is made of: identifiers, names, times,
// bytes. Source: OASIS STIX Version 2.1, section 2 (common data types) and 2.9 (identifier).
#pragma once

#include <simdjson.h>

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"

namespace tocsin::wire {

// "indicator--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f": a type's name and a UUID, of any version.
bool is_stix_id(std::string_view text);
std::string_view stix_type_of(std::string_view id);  // "indicator"; "" if no "--" is there
char stix_uuid_version(std::string_view id);         // '4'; only of what is_stix_id()

// Lower case letters, digits and single hyphens, a letter first, 3 to 250 octets.
bool is_stix_type_name(std::string_view text);
// Lower case letters, digits and underscores, a letter first, 3 to 250 octets; or "id".
bool is_stix_property_name(std::string_view text);

// A time, exact to the nanosecond: two spellings of one instant are equal.
struct StixTime {
  std::int64_t second = 0;  // since 1970-01-01T00:00:00Z; may be negative
  std::uint32_t nanosecond = 0;
  std::size_t digits = 0;  // of the fraction as it stands
  std::strong_ordering operator<=>(const StixTime& other) const {
    auto order = second <=> other.second;
    return order != 0 ? order : nanosecond <=> other.nanosecond;
  }
  bool operator==(const StixTime& other) const { return (*this <=> other) == 0; }
  TimeUs us() const { return second * us_per_s + nanosecond / 1000; }
};
// RFC 3339 with "T" and "Z" in capitals. Second 60 is the next minute's first; digits beyond the
// ninth say nothing. nullopt: it is none, or there is no such day.
std::optional<StixTime> stix_time(std::string_view text);
// The same by its form alone, as the pattern language has it: 30 February is one.
bool is_stix_time_form(std::string_view text);
std::string stix_stamp(TimeUs time);  // with three digits, or six where they are needed

// The bytes of a `_bin` or `_hex` property. nullopt: not base64 with its padding, not hexadecimal.
// Bits that base64 has left over are passed over, whatever they are.
std::optional<std::string> from_base64(std::string_view text);
std::optional<std::string> from_hex(std::string_view text);

// Octets of a hash of this algorithm ("SHA-256": 32). 0: not one of fixed length that we know.
std::size_t stix_hash_octets(std::string_view algorithm);

// The member's text; "" if there is none or it is no text.
std::string_view stix_text(const simdjson::dom::object& object, std::string_view name);
bool stix_has(const simdjson::dom::object& object, std::string_view name);

}  // namespace tocsin::wire
