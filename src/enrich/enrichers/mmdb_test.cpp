#include <filesystem>
#include <fstream>
#include <map>
#include <random>

#include "enrich/enrichment.h"
#include "temporary_folder.h"
#include "test.h"

namespace tocsin::enrich {
namespace {

// Writes a MaxMind DB with 24-bit records. Source: MaxMind DB File Format Specification 2.0.
class Writer {
 public:
  // `data`: encoded by map() and text().
  void add(const char* network, const std::string& data) {
    Network n = *ip::parse_network(network);
    bool four = n.base.is_v4();
    Ip base = four ? Ip::from_halves(0, n.base.v4()) : n.base;
    std::size_t node = 0;
    for (unsigned bit = 0; bit < n.length; ++bit) {
      bool one = base.bytes[bit / 8] & (0x80 >> bit % 8);
      if (bit + 1u == n.length) {
        nodes_[node].at(one) = {true, data_.size()};
      } else {
        Record next = nodes_[node].at(one);
        if (next.data || next.at == 0) {
          next = {false, nodes_.size()};
          nodes_[node].at(one) = next;
          nodes_.emplace_back();
        }
        node = next.at;
      }
    }
    data_ += data;
  }

  std::string bytes() const {
    std::string out;
    for (const auto& node : nodes_) {
      for (const Record& r : node) {
        std::size_t value = r.data ? nodes_.size() + 16 + r.at : r.at == 0 ? nodes_.size() : r.at;
        for (int shift : {16, 8, 0}) out += static_cast<char>(value >> shift);
      }
    }
    out.append(16, '\0');
    out += data_ + "\xab\xcd\xefMaxMind.com";
    std::string count{static_cast<char>(0xc4)};  // uint32 of 4 octets
    for (int shift : {24, 16, 8, 0}) count += static_cast<char>(nodes_.size() >> shift);
    std::string epoch{"\x04\x02\x65\x92\x00\x80", 6};  // uint64: 2024-01-01
    return out + map({{"node_count", count},
                      {"record_size", std::string("\xa1\x18")},
                      {"ip_version", std::string("\xa1\x06")},
                      {"database_type", text("Test")},
                      {"languages", std::string("\x00\x04", 2)},
                      {"binary_format_major_version", std::string("\xa1\x02")},
                      {"binary_format_minor_version", std::string("\xa0")},
                      {"build_epoch", epoch},
                      {"description", std::string("\xe0")}});
  }

  static std::string text(const std::string& s) { return static_cast<char>(0x40 | s.size()) + s; }
  static std::string number(std::uint32_t n) {
    std::string out{static_cast<char>(0xc4)};
    for (int shift : {24, 16, 8, 0}) out += static_cast<char>(n >> shift);
    return out;
  }
  static std::string map(const std::vector<std::pair<std::string, std::string>>& members) {
    std::string out{static_cast<char>(0xe0 | members.size())};
    for (const auto& [key, value] : members) {
      if (key.size() < 29) {
        out += text(key) + value;
      }
    }
    return out;
  }

 private:
  struct Record {
    bool data = false;
    std::size_t at = 0;
  };
  std::vector<std::array<Record, 2>> nodes_{1};
  std::string data_;
};

std::string asn_record(std::uint32_t asn, const std::string& name) {
  return Writer::map(
      {{"autonomous_system_number", Writer::number(asn)}, {"as_name", Writer::text(name)}});
}

std::string country_record(const std::string& code) {
  return Writer::map({{"country", Writer::map({{"iso_code", Writer::text(code)}})}});
}

void write(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}

}  // namespace

TEST_CASE("the operator's MaxMind DBs give AS, name and country instead of libloc's") {
  TemporaryFolder folder;
  Writer asns, countries;
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
  Writer countries;
  countries.add("192.0.2.0/25", country_record("BR"));
  write(path, countries.bytes());
  CHECK(fault() == Fault::invalid);
}

TEST_CASE("a MaxMind DB with any bytes changed is opened or refused, never worse") {
  TemporaryFolder folder;
  Writer asns;
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
