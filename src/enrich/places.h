// Places: AS and country of networks, loaded once from somebody's database into range tables.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/ip.h"
#include "base/time.h"
#include "match/ranges.h"
#include "model/batch.h"
#include "model/country.h"

namespace tocsin::enrich {

// What a network's addresses are used for, as bits. Source: libloc's network flags.
enum NetworkFlag : std::uint8_t { anonymous_proxy = 1, satellite = 2, anycast = 4, drop = 8 };
std::string network_flags(std::uint8_t flags);  // "anycast,drop"; "" for none

struct Place {
  std::uint32_t asn = 0;  // 0: not known
  Country country;
  std::uint8_t flags = 0;   // NetworkFlag
  std::uint8_t length = 0;  // of its network, in 128 bits
  auto operator<=>(const Place&) const = default;
};

// What is known about one address.
struct Whereabouts {
  std::uint32_t asn = 0;
  std::string as_name;
  Country country;
  // The announced one that the AS number comes from, else the country.
  std::optional<Network> network;
  std::uint8_t flags = 0;  // NetworkFlag
};

// Immutable once built; any thread may ask.
class Places {
 public:
  class Builder;

  // All zero, if no network holds the address.
  Place find(const Ip& ip) const { return places_[ranges_.find(ip)]; }
  void locate(const Ip& ip, Whereabouts& known) const;  // adds what is not known yet; no name
  static std::string_view kept_name(std::string_view name) { return name.substr(0, 200); }
  std::string_view as_name(std::uint32_t asn) const;  // "" if unknown; valid as long as this
  std::uint64_t announced_v4(Country country) const;  // addresses of all networks of a country
  TimeUs date() const { return date_; }               // of the database; time_none: not known
  std::size_t networks() const { return networks_; }
  std::size_t size_bytes() const;

  // Fills AS and country of both ends where the report gives none; where it gives others, puts the
  // own ones beside it under `node.`, and the network's flags in any case.
  void apply(EventBatch& batch) const;

 private:
  Places() = default;
  void apply(EventBatch& batch, EndColumns& end, std::string_view end_name) const;

  match::Ranges ranges_;                                           // values: indices into places_
  std::vector<Place> places_;                                      // [0]: nothing known
  std::vector<std::pair<std::uint32_t, std::uint32_t>> as_names_;  // AS, offset in names_; by AS
  std::string names_;                                              // each ends with a NUL
  std::map<Country, std::uint64_t> announced_;
  TimeUs date_ = time_none;
  std::size_t networks_ = 0;
};

class Places::Builder {
 public:
  // Of equal networks the last wins; the longest wins at look-up.
  void add(const Network& network, Place place);
  void add_hole(const Network& network);  // addresses that no wider network speaks for
  void add_name(std::uint32_t asn, std::string_view name);
  void date(TimeUs date) { built_.date_ = date; }
  Places build();

 private:
  struct Hasher {
    std::size_t operator()(const Place& p) const {
      return (std::uint64_t{p.asn} << 32 | std::uint64_t{p.country.code} << 16 | p.flags << 8 |
              p.length) *
             0x9e3779b97f4a7c15;
    }
  };

  Places built_;
  std::vector<match::Ranges::Prefix> prefixes_;
  std::unordered_map<Place, std::uint32_t, Hasher> ids_;
  std::map<std::uint32_t, std::string> names_;
};

}  // namespace tocsin::enrich
