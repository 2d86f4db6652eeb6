// Parts: what of an item a transform can name, whatever kind of item and format it is: sorts of
// values ("address"), or one field of an event ("source.ip").
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "model/field.h"

namespace tocsin::policy {

enum class Part : std::uint8_t {
  none,        // what always goes: type, class, marking
  account,     // accounts and mail addresses
  address,     // IP addresses
  asn,         // AS number, name and registry
  contact,     // where abuse is reported to
  controller,  // of findings: address or name
  country,
  extra,   // fields that no table knows
  family,  // of malware
  file_hash,
  id,          // ids and hashes that others gave the item
  identifier,  // what is wrong there
  name,        // host and domain names
  network,     // prefixes
  originator,  // feeds and whoever reported it
  place,       // city, region, coordinates
  port,        // port and protocol
  product,
  raw,  // the record as it came
  sector,
  severity,
  text,  // descriptions, comments, titles
  time,
  url,
};
inline constexpr std::size_t parts_count = 24;

std::string_view name(Part part);
std::optional<Part> part_named(std::string_view text);  // nullopt for "none" too
Part part_of(Field field);
// Of a part's name or a field's; none, if it is neither.
Part part_of(std::string_view named);

// Does what is said of `named` hold for `field`? Each is a part's or a field's name.
bool covers(std::string_view named, std::string_view field);

// All names of parts, ", " between.
std::string part_names();

}  // namespace tocsin::policy
