#include <array>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <random>
extern "C" {
#include <libloc/writer.h>
}

#include "enrich/enrichment.h"
#include "temporary_folder.h"
#include "test.h"

namespace tocsin::enrich {
namespace {

struct Entry4Test {
  const char* network;
  std::uint32_t asn;
  const char* country;
  std::uint32_t flags;
};

// A database of libloc's own making.
void write_database(const std::string& path, std::span<const Entry4Test> entries) {
  loc_ctx* context = nullptr;
  REQUIRE(loc_new(&context) == 0);
  loc_writer* writer = nullptr;
  REQUIRE(loc_writer_new(context, &writer, nullptr, nullptr) == 0);
  for (const auto& entry : entries) {
    loc_network* network = nullptr;
    REQUIRE(loc_writer_add_network(writer, &network, entry.network) == 0);
    loc_network_set_asn(network, entry.asn);
    loc_network_set_country_code(network, entry.country);
    if (entry.flags != 0) loc_network_set_flag(network, entry.flags);
    loc_network_unref(network);
  }
  loc_as* as = nullptr;
  REQUIRE(loc_writer_add_as(writer, &as, 64496) == 0);
  loc_as_set_name(as, "EXAMPLE-NET");
  loc_as_unref(as);
  std::FILE* file = std::fopen(path.c_str(), "w+");
  REQUIRE(file != nullptr);
  REQUIRE(loc_writer_write(writer, file, LOC_DATABASE_VERSION_1) == 0);
  std::fclose(file);
  loc_writer_unref(writer);
  loc_unref(context);
}

constexpr std::array<Entry4Test, 5> entries = {{
    {"192.88.99.0/24", 64496, "BR", 0},
    {"192.88.99.128/25", 64497, "NL", LOC_NETWORK_FLAG_ANYCAST | LOC_NETWORK_FLAG_DROP},
    {"2001:20::/28", 64498, "PT", 0},
    {"192.0.2.0/24", 64499, "US", 0},
    {"2001:20:1:2:3::/80", 64500, "ES", 0},
}};

Enrichment opened(const TemporaryFolder& folder) {
  write_database(folder.file("location.db"), entries);
  auto all = Enrichment::open({{"location_database", folder.file("location.db")}});
  REQUIRE_MESSAGE(all.has_value(), all.error().what);
  return std::move(*all);
}

EventBatch one(const char* source, const char* destination = nullptr) {
  EventBatch batch;
  batch.add_row();
  batch.source.ip[0] = *ip::parse(source);
  if (destination != nullptr) batch.destination.ip[0] = *ip::parse(destination);
  return batch;
}

}  // namespace

TEST_CASE("location fills AS and country of both ends where the report gives none") {
  TemporaryFolder folder;
  Enrichment all = opened(folder);
  EventBatch batch = one("192.88.99.7", "2001:20::1");
  all.apply(batch);
  CHECK(batch.source.asn[0] == 64496);
  CHECK(batch.source.country[0].text() == "BR");
  CHECK(batch.destination.asn[0] == 64498);
  CHECK(batch.destination.country[0].text() == "PT");
  CHECK(batch.extra[0].empty());
}

TEST_CASE("what the report gives stays and the node's own stands beside it where they differ") {
  TemporaryFolder folder;
  Enrichment all = opened(folder);
  EventBatch batch = one("192.88.99.7");
  batch.source.asn[0] = 64511;
  batch.source.country[0] = *Country::parse("BR");
  batch.add_members(0, "\"extra.tag\":\"x\"");
  all.apply(batch);
  CHECK(batch.source.asn[0] == 64511);
  CHECK(batch.text(batch.extra[0]) == "\"extra.tag\":\"x\",\"node.source.asn\":64496");

  EventBatch other = one("192.88.99.7");
  other.source.country[0] = *Country::parse("DE");
  all.apply(other);
  CHECK(other.source.country[0].text() == "DE");
  CHECK(other.text(other.extra[0]) == "\"node.source.geolocation.cc\":\"BR\"");
}

TEST_CASE("a network's flags are told, and the longest network wins") {
  TemporaryFolder folder;
  Enrichment all = opened(folder);
  EventBatch batch = one("192.88.99.200");
  all.apply(batch);
  CHECK(batch.source.asn[0] == 64497);
  CHECK(batch.text(batch.extra[0]) == "\"node.source.network_flags\":\"anycast,drop\"");
}

TEST_CASE("private and documentation addresses have no place whatever the database says") {
  TemporaryFolder folder;
  Enrichment all = opened(folder);
  for (const char* address : {"192.0.2.7", "10.0.0.1", "127.0.0.1", "fe80::1", "8.8.8.8"}) {
    EventBatch batch = one(address);
    all.apply(batch);
    CHECK(batch.source.asn[0] == 0);
    CHECK(batch.source.country[0].empty());
  }
}

TEST_CASE("the tables answer for network, AS name, announced addresses and date") {
  TemporaryFolder folder;
  Enrichment all = opened(folder);
  Whereabouts at = all.locate(*ip::parse("192.88.99.200"));
  CHECK(at.asn == 64497);
  CHECK(ip::format(*at.network) == "192.88.99.128/25");
  CHECK(all.locate(*ip::parse("2001:20:1:2:3::9")).asn == 64500);
  CHECK(ip::format(*all.locate(*ip::parse("2001:20:1:2:3::9")).network) == "2001:20:1:2:3::/80");
  CHECK(all.locate(*ip::parse("2001:20:1:2:4::9")).asn == 64498);
  CHECK(!all.locate(*ip::parse("10.1.1.1")).network);
  CHECK(all.locate(*ip::parse("192.88.99.1")).as_name == "EXAMPLE-NET");
  CHECK(all.as_name(64511).empty());
  CHECK(all.announced_v4(*Country::parse("BR")) == 128);
  CHECK(all.announced_v4(*Country::parse("NL")) == 128);
  CHECK(all.announced_v4(*Country::parse("US")) == 0);
  CHECK(all.database_date() > 0);
  CHECK(all.describe().at(0).starts_with("location: libloc of 20"));
}

TEST_CASE("a few addresses looked up one by one are placed as by the whole database") {
  TemporaryFolder folder;
  Enrichment few = opened(folder), all = opened(folder);
  REQUIRE(all.announced_v4(*Country::parse("BR")) == 128);  // reads it
  std::mt19937_64 random(7);
  std::vector<Ip> ips;
  for (const auto& entry : entries) {
    Network network = *ip::parse_network(entry.network);
    for (Ip ip : {network.base, network.last()}) {
      ips.push_back(ip);
      for (unsigned bit : {0u, 1u, 12u, 40u, 60u, 79u}) {
        ips.push_back(ip);
        ips.back().bytes[15 - bit / 8] ^= static_cast<std::uint8_t>(1u << bit % 8);
      }
    }
  }
  for (int i = 0; i < 100; ++i) ips.push_back(Ip::from_v4(static_cast<std::uint32_t>(random())));
  std::size_t placed = 0;
  for (const Ip& ip : ips) {
    Whereabouts one = few.locate(ip), other = all.locate(ip);
    placed += one.network.has_value();
    CAPTURE(ip::format(ip));
    CHECK(one.asn == other.asn);
    CHECK(one.as_name == other.as_name);
    CHECK(one.country == other.country);
    CHECK(one.flags == other.flags);
    CHECK(one.network == other.network);
  }
  CHECK(placed > 20);
}

TEST_CASE("and so they are by Debian's database") {
  constexpr const char* path = "/usr/share/libloc-location/location.db";
  if (!std::filesystem::exists(path)) {
    MESSAGE("skipped: no " << path);
    return;
  }
  constexpr std::size_t n = 5000;  // in each round; two rounds of two ends are still few
  std::mt19937_64 random(11);
  auto few = Enrichment::open({{"location_database", path}});
  auto all = Enrichment::open({{"location_database", path}});
  REQUIRE((few && all));
  REQUIRE(all->announced_v4(*Country::parse("BR")) > 0);
  EventBatch one;
  for (std::size_t i = 0; i < n; ++i) {
    one.add_row();
    one.source.ip[i] = Ip::from_v4(static_cast<std::uint32_t>(random()));
    Ip six = Ip::from_v4(0);
    std::uint64_t high = 0x2000'0000'0000'0000 | (random() >> 3 & 0x0fff'ffff'ffff'ffff);
    if (i % 2 == 0) high = (0x2a00'0000'0000'0000 | (high >> 8 & 0xff'ffff'ffff'ffff));
    for (unsigned b = 0; b < 8; ++b) six.bytes[b] = static_cast<std::uint8_t>(high >> (56 - 8 * b));
    one.destination.ip[i] = six;
  }
  EventBatch other = one;
  few->apply(one);
  all->apply(other);
  std::size_t placed = 0;
  for (std::size_t i = 0; i < n; ++i) {
    CAPTURE(ip::format(one.source.ip[i]) + " " + ip::format(one.destination.ip[i]));
    CHECK(one.source.asn[i] == other.source.asn[i]);
    CHECK(one.source.country[i] == other.source.country[i]);
    CHECK(one.destination.asn[i] == other.destination.asn[i]);
    CHECK(one.destination.country[i] == other.destination.country[i]);
    CHECK(one.text(one.extra[i]) == other.text(other.extra[i]));
    placed += one.source.asn[i] != 0;
    placed += one.destination.asn[i] != 0;
  }
  CHECK(placed > n / 2);
}

TEST_CASE("many addresses at once, and many one after another, have the database read") {
  TemporaryFolder folder;
  Enrichment all = opened(folder);
  for (int round = 0; round < 1000; ++round) {
    Whereabouts at = all.locate(*ip::parse("192.88.99.200"));
    CHECK(at.asn == 64497);
    CHECK(all.locate(*ip::parse("192.88.99.1")).as_name == "EXAMPLE-NET");
  }
  EventBatch many;
  for (int i = 0; i < 30'000; ++i) {
    many.add_row();
    many.source.ip[static_cast<std::size_t>(i)] = *ip::parse("192.88.99.7");
  }
  Enrichment other = opened(folder);
  other.apply(many);
  CHECK(many.source.asn[29'999] == 64496);
}

TEST_CASE("an absent, foreign or cut database is an error that names it") {
  TemporaryFolder folder;
  std::string path = folder.file("location.db");
  auto error = [&] {
    auto all = Enrichment::open({{"location_database", path}});
    REQUIRE(!all.has_value());
    CHECK(all.error().what.contains(path));
    return all.error().fault;
  };
  CHECK(error() == Fault::missing);
  write_database(path, entries);
  std::filesystem::resize_file(path, 200);
  CHECK(error() == Fault::invalid);
  std::filesystem::resize_file(path, 0);
  CHECK(error() == Fault::invalid);
}

}  // namespace tocsin::enrich
