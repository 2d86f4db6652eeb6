#include <filesystem>
#include <fstream>
#include <map>
#include <random>

#include "enrich/enrichment.h"
#include "mmdb_file.h"
#include "temporary_folder.h"
#include "test.h"

namespace tocsin::enrich {
namespace {

using test::asn_record;
using test::country_record;
using test::MmdbFile;

void write(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}

}  // namespace

TEST_CASE("the operator's MaxMind DBs give AS, name and country instead of libloc's") {
  TemporaryFolder folder;
  MmdbFile asns, countries;
  asns.add("192.0.2.0/24", asn_record(64496, "EXAMPLE"));
  asns.add("2001:db8::/32", asn_record(64497, "SIX"));
  countries.add("192.0.2.0/25", country_record("BR"));
  countries.add("192.0.2.128/25", country_record("PT"));
  write(folder.file("asn.mmdb"), asns.bytes());
  write(folder.file("country.mmdb"), countries.bytes());
  auto all = Enrichment::open({{"location_database", "off"},
                               {"mmdb_asn", folder.file("asn.mmdb")},
                               {"mmdb_country", folder.file("country.mmdb")}});
  REQUIRE_MESSAGE(all.has_value(), all.error().what);

  EventBatch batch;
  batch.add_row();
  batch.source.ip[0] = *ip::parse("192.0.2.200");
  batch.destination.ip[0] = *ip::parse("2001:db8::7");
  batch.destination.asn[0] = 64511;
  all->apply(batch);
  CHECK(batch.source.asn[0] == 64496);
  CHECK(batch.source.country[0].text() == "PT");
  CHECK(batch.destination.asn[0] == 64511);
  CHECK(batch.text(batch.extra[0]) == "\"node.destination.asn\":64497");
  CHECK(all->as_name(64497) == "SIX");
  CHECK(all->announced_v4(*Country::parse("BR")) == 128);
  CHECK(times::format(all->database_date()) == "2024-01-01T00:00:00Z");
  CHECK(ip::format(*all->locate(*ip::parse("192.0.2.1")).network) == "192.0.2.0/24");
}

TEST_CASE("a database of something else, a damaged or an absent one is refused by name") {
  TemporaryFolder folder;
  std::string path = folder.file("x.mmdb");
  auto fault = [&] {
    auto all = Enrichment::open({{"location_database", "off"}, {"mmdb_asn", path}});
    REQUIRE(!all.has_value());
    CHECK(all.error().what.contains(path));
    return all.error().fault;
  };
  CHECK(fault() == Fault::missing);
  write(path, "no database");
  CHECK(fault() == Fault::invalid);
  MmdbFile countries;
  countries.add("192.0.2.0/25", country_record("BR"));
  write(path, countries.bytes());
  CHECK(fault() == Fault::invalid);
}

TEST_CASE("a MaxMind DB with any bytes changed is opened or refused, never worse") {
  TemporaryFolder folder;
  MmdbFile asns;
  for (int i = 0; i < 16; ++i) {
    asns.add(fmt::format("192.0.2.{}/28", i * 16).c_str(), asn_record(64496u + i % 8u, "EXAMPLE"));
    asns.add(fmt::format("2001:db8:{}::/48", i).c_str(), asn_record(64500, "SIX"));
  }
  std::string sound = asns.bytes(), path = folder.file("x.mmdb");
  std::mt19937 random(7);
  int opened = 0;
  for (int round = 0; round < 1500; ++round) {
    std::string bytes = sound;
    for (unsigned i = 0, n = 1 + random() % 4; i < n; ++i) {
      bytes[random() % bytes.size()] = static_cast<char>(random());
    }
    if (round % 5 == 0) bytes.resize(random() % bytes.size());
    write(path, bytes);
    auto all = Enrichment::open({{"location_database", "off"}, {"mmdb_asn", path}});
    opened += all.has_value();
  }
  CHECK(opened > 0);
  CHECK(opened < 1500);
}

TEST_CASE("MaxMind's own test files are read, and the broken ones refused") {
  const std::string data(TOCSIN_SOURCE_DIR "/../shared/data/geoip/test-data/");
  if (!std::filesystem::exists(data)) {
    MESSAGE("skipped: no " << data);
    return;
  }
  for (const auto& file : std::filesystem::directory_iterator(data)) {
    for (const char* setting : {"mmdb_asn", "mmdb_country"}) {
      auto all = Enrichment::open({{"location_database", "off"}, {setting, file.path().string()}});
      INFO(file.path().string());
      if (!all) CHECK(!all.error().what.empty());
    }
  }
  auto all = Enrichment::open(
      {{"location_database", "off"}, {"mmdb_country", data + "GeoIP2-Enterprise-Test.mmdb"}});
  REQUIRE_MESSAGE(all.has_value(), all.error().what);
  CHECK(all->locate(*ip::parse("74.209.24.0")).country.text() == "US");
  for (const char* broken : {"MaxMind-DB-test-broken-search-tree-24.mmdb"}) {
    CHECK(!Enrichment::open({{"location_database", "off"}, {"mmdb_country", data + broken}}));
  }
}

}  // namespace tocsin::enrich
