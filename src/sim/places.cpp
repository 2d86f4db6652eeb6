#include "sim/places.h"

#include <arpa/inet.h>
#include <fmt/core.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <unordered_map>

#include "base/text.h"
#include "sim/draw.h"

extern "C" {
#include <libloc/database.h>
#include <libloc/libloc.h>
#include <libloc/network.h>
}

namespace tocsin::sim {
namespace {

template <auto release>
struct Release {
  void operator()(auto* p) const { release(p); }
};
using Context = std::unique_ptr<loc_ctx, Release<loc_unref>>;
using Database = std::unique_ptr<loc_database, Release<loc_database_unref>>;
using Networks = std::unique_ptr<loc_database_enumerator, Release<loc_database_enumerator_unref>>;
using Network = std::unique_ptr<loc_network, Release<loc_network_unref>>;
using File = std::unique_ptr<std::FILE, Release<std::fclose>>;

constexpr unsigned v4_bits = 96;           // libloc keeps IPv4 as ::ffff:a.b.c.d
constexpr std::size_t networks6_max = 64;  // of one country

struct Found {
  std::vector<Block> blocks;         // the base and length of networks, at first
  std::vector<std::uint8_t> length;  // of 32 bits
  std::vector<Network6> networks6;
};

std::uint32_t v4_of(const in6_addr& a) {
  std::uint32_t value;
  std::memcpy(&value, a.s6_addr + 12, 4);
  return ntohl(value);
}

std::uint64_t high_of(const in6_addr& a) {
  std::uint64_t value;
  std::memcpy(&value, a.s6_addr, 8);
  return __builtin_bswap64(value);
}

bool is_v4(const in6_addr& a) {
  return IN6_IS_ADDR_V4MAPPED(&a);
}

// AS and country of one address, in the most specific network.
struct Seat {
  std::uint32_t asn = 0;
  Country country;
  auto operator<=>(const Seat&) const = default;
};

Seat seat_of(loc_database* db, std::uint32_t address) {
  in6_addr a{};
  a.s6_addr[10] = a.s6_addr[11] = 0xff;
  std::uint32_t wire = htonl(address);
  std::memcpy(a.s6_addr + 12, &wire, 4);
  loc_network* raw = nullptr;
  if (loc_database_lookup(db, &a, &raw) != 0 || !raw) return {};
  Network network(raw);
  const char* code = loc_network_get_country_code(raw);
  return {loc_network_get_asn(raw), Country::parse(code ? code : "").value_or(Country{})};
}

void keep(loc_network* network, Found& found) {
  const in6_addr* first = loc_network_get_first_address(network);
  unsigned length = loc_network_prefix(network);
  std::uint32_t asn = loc_network_get_asn(network);
  if (asn == 0) return;
  if (is_v4(*first)) {
    if (length >= v4_bits) length -= v4_bits;
    if (length > 24 || length < 8) return;
    found.blocks.push_back({v4_of(*first), asn});
    found.length.push_back(static_cast<std::uint8_t>(length));
  } else if (length >= 20 && length <= 48 && found.networks6.size() < 100'000) {
    found.networks6.push_back({high_of(*first), static_cast<std::uint8_t>(length), asn});
  }
}

// Every /24 of the networks found, once; those that a lookup puts elsewhere are left out. At most
// about `wanted`, at even steps.
std::vector<Block> blocks_of(loc_database* db, const Found& found, Country country,
                             std::uint64_t wanted) {
  std::vector<std::uint32_t> bases;
  for (std::size_t i = 0; i < found.blocks.size(); ++i) {
    std::uint32_t count = 1u << (24 - found.length[i]);
    for (std::uint32_t k = 0; k < count; ++k) bases.push_back(found.blocks[i].base + (k << 8));
  }
  std::ranges::sort(bases);
  bases.erase(std::ranges::unique(bases).begin(), bases.end());
  std::vector<Block> blocks;
  double step = std::max(1.0, static_cast<double>(bases.size()) / static_cast<double>(wanted));
  // A second pass fills up with the neighbours where too many of the first were left out.
  for (int pass = 0; pass < 3 && blocks.size() < wanted; ++pass) {
    for (double at = pass; at < static_cast<double>(bases.size()); at += step) {
      std::uint32_t base = bases[static_cast<std::size_t>(at)];
      Seat low = seat_of(db, base + 1);
      if (low.asn == 0 || low.country != country || low != seat_of(db, base + 254)) continue;
      blocks.push_back({base, low.asn});
      if (blocks.size() >= wanted) break;
    }
    if (step <= 1.0) break;
  }
  std::ranges::sort(blocks, {}, &Block::base);
  blocks.erase(std::ranges::unique(blocks, {}, &Block::base).begin(), blocks.end());
  return blocks;
}

}  // namespace

Address4 Place::address4(std::uint64_t drawn) const {
  std::uint64_t slot = below(drawn, slots());
  const Block& block = blocks[slot / block_slots];
  return {block.base + 1 + static_cast<std::uint32_t>(slot % block_slots), block.asn};
}

Address6 Place::address6(std::uint64_t drawn) const {
  const Network6& network = networks6[below(drawn, networks6.size())];
  std::uint64_t host_bits = mix(drawn) & (~std::uint64_t{0} >> network.length);
  return {network.base | host_bits, network.asn};
}

std::string usual_database() {
  for (const char* path :
       {"/var/lib/location/database.db", "/usr/share/libloc-location/location.db"}) {
    if (access(path, R_OK) == 0) return path;
  }
  return {};
}

Result<Places> read_places(std::span<const Wanted> wanted, const std::string& database_path) {
  File file(std::fopen(database_path.c_str(), "rb"));
  if (!file) {
    return unavailable(fmt::format("cannot open the location database {}: {}",
                                   text::quote(database_path), std::strerror(errno)));
  }
  loc_ctx* raw_context = nullptr;
  if (loc_new(&raw_context) != 0) return unavailable("libloc did not start");
  Context context(raw_context);
  loc_set_log_priority(raw_context, 0);
  loc_database* raw_database = nullptr;
  if (loc_database_new(raw_context, &raw_database, file.get()) != 0) {
    return unavailable("not a location database: " + text::quote(database_path));
  }
  Database database(raw_database);

  std::unordered_map<std::uint16_t, Found> found;
  for (const Wanted& w : wanted) found[w.country.code];
  loc_database_enumerator* raw_networks = nullptr;
  if (loc_database_enumerator_new(&raw_networks, raw_database, LOC_DB_ENUMERATE_NETWORKS, 0) != 0) {
    return unavailable("cannot list the networks of " + text::quote(database_path));
  }
  Networks networks(raw_networks);
  for (;;) {
    loc_network* raw = nullptr;
    if (loc_database_enumerator_next_network(raw_networks, &raw) != 0 || !raw) break;
    Network network(raw);
    const char* code = loc_network_get_country_code(raw);
    auto country = Country::parse(code ? code : "");
    if (!country) continue;
    if (auto it = found.find(country->code); it != found.end()) keep(raw, it->second);
  }

  Places out;
  out.database_day =
      times::day_of(static_cast<TimeUs>(loc_database_created_at(raw_database)) * us_per_s);
  for (const Wanted& w : wanted) {
    Found& f = found[w.country.code];
    Place place{.country = w.country, .blocks = {}, .networks6 = {}};
    std::uint64_t blocks_wanted = std::max<std::uint64_t>(1, w.addresses / Place::block_slots);
    place.blocks = blocks_of(raw_database, f, w.country, blocks_wanted);
    if (place.blocks.empty()) {
      return invalid("no networks of country " + text::quote(w.country.text()) + " in " +
                     text::quote(database_path));
    }
    std::size_t step = f.networks6.size() / networks6_max + 1;
    for (std::size_t i = 0; i < f.networks6.size(); i += step) {
      place.networks6.push_back(f.networks6[i]);
    }
    out.places.push_back(std::move(place));
  }
  return out;
}

}  // namespace tocsin::sim
