// MmdbFile: a MaxMind DB for tests, of 1 January 2024.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/ip.h"

namespace tocsin::test {

// Writes a MaxMind DB with 24-bit records. Source: MaxMind DB File Format Specification 2.0.
class MmdbFile {
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

inline std::string asn_record(std::uint32_t asn, const std::string& name) {
  return MmdbFile::map(
      {{"autonomous_system_number", MmdbFile::number(asn)}, {"as_name", MmdbFile::text(name)}});
}

inline std::string country_record(const std::string& code) {
  return MmdbFile::map({{"country", MmdbFile::map({{"iso_code", MmdbFile::text(code)}})}});
}

}  // namespace tocsin::test
