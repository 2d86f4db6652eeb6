// Places: real AS numbers and prefixes of countries, out of libloc's database, for a made-up world.
// Source: libloc 0.9.16, <libloc/database.h>.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "model/country.h"

namespace tocsin::sim {

// An IPv4 /24 that one AS announces from one country.
struct Block {
  std::uint32_t base, asn;
};

struct Network6 {
  std::uint64_t base;   // the upper half of its first address
  std::uint8_t length;  // at most 48
  std::uint32_t asn;
};

struct Address4 {
  std::uint32_t value, asn;
};

struct Address6 {
  std::uint64_t high;  // the /64
  std::uint32_t asn;
};

struct Place {
  static constexpr std::uint64_t block_slots = 254;  // .1 to .254

  Country country;
  std::vector<Block> blocks;  // ascending
  std::vector<Network6> networks6;

  std::uint64_t slots() const { return blocks.size() * block_slots; }
  Address4 address4(std::uint64_t drawn) const;  // any of slots(), evenly
  Address6 address6(std::uint64_t drawn) const;  // only if there are networks6
};

struct Wanted {
  Country country;
  std::uint64_t addresses;  // IPv4; about so many are taken, evenly over the country's networks
};

struct Places {
  std::vector<Place> places;  // as wanted
  Day database_day = 0;       // when the database was made
};

// The whole database is walked once (0.4 s); memory is bounded by the networks of the wanted
// countries. The same database and wish give the same places.
// Errors: unavailable (no database), invalid (a country without networks).
Result<Places> read_places(std::span<const Wanted> wanted, const std::string& database_path);

// The first of libloc's usual files that is there; "" if none is.
std::string usual_database();

}  // namespace tocsin::sim
