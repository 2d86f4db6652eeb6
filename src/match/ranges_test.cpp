#include "match/ranges.h"

#include <random>
#include <string>

#include "test.h"

namespace tocsin::match {
namespace {

// The plain version: of all networks around an address the longest, of equals the last.
std::uint32_t plain_find(const std::vector<Ranges::Prefix>& prefixes, const Ip& ip) {
  int best = -1;
  std::uint32_t value = 0;
  for (const auto& p : prefixes) {
    if (p.network.contains(ip) && p.network.length >= best) {
      best = p.network.length;
      value = p.value;
    }
  }
  return value;
}

Ranges::Prefix prefix(const char* network, std::uint32_t value) {
  return {*ip::parse_network(network), value};
}

Network cut(Ip base, unsigned length) {
  for (unsigned bit = length; bit < 128; ++bit) {
    base.bytes[bit / 8] = static_cast<std::uint8_t>(base.bytes[bit / 8] & ~(0x80u >> bit % 8));
  }
  return {base, static_cast<std::uint8_t>(length)};
}

void compare(const std::vector<Ranges::Prefix>& prefixes, const std::vector<Ip>& asked) {
  Ranges ranges = Ranges::build(prefixes);
  std::vector<std::uint32_t> found(asked.size());
  ranges.find(asked, found);
  for (std::size_t i = 0; i < asked.size(); ++i) {
    if (asked[i].empty()) continue;
    INFO(ip::format(asked[i]));
    REQUIRE(found[i] == plain_find(prefixes, asked[i]));
    REQUIRE(ranges.find(asked[i]) == found[i]);
  }
}

void add_edges(std::vector<Ip>& asked, const Network& network) {
  Ip last = network.last();
  asked.push_back(network.base);
  asked.push_back(last);
  std::uint64_t low = network.base.low(), high = network.base.high();
  if (network.base.is_v4() && low == 0xffff'0000'0000) return;
  asked.push_back(Ip::from_halves(low == 0 ? high - 1 : high, low - 1));
  asked.push_back(
      Ip::from_halves(last.low() == UINT64_MAX ? last.high() + 1 : last.high(), last.low() + 1));
}

}  // namespace

TEST_CASE("without networks no address has a value") {
  Ranges none;
  CHECK(none.find(*ip::parse("192.0.2.1")) == 0);
  CHECK(none.find(*ip::parse("2001:db8::1")) == 0);
  CHECK(none.find(*ip::parse("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff")) == 0);
}

TEST_CASE("the longest network around an address wins, and behind it the wider one holds again") {
  Ranges ranges = Ranges::build({prefix("192.0.0.0/16", 1), prefix("192.0.2.0/24", 2),
                                 prefix("192.0.2.128/32", 3), prefix("192.0.2.64/26", 0)});
  auto at = [&](const char* text) { return ranges.find(*ip::parse(text)); };
  CHECK(at("192.0.1.255") == 1);
  CHECK(at("192.0.2.1") == 2);
  CHECK(at("192.0.2.70") == 0);
  CHECK(at("192.0.2.128") == 3);
  CHECK(at("192.0.2.129") == 2);
  CHECK(at("192.0.3.0") == 1);
  CHECK(at("192.1.0.0") == 0);
}

TEST_CASE("IPv6 networks beyond /64 lie inside their /64") {
  Ranges ranges =
      Ranges::build({prefix("2001:db8::/32", 1), prefix("2001:db8:0:1::/64", 2),
                     prefix("2001:db8:0:1::8000/113", 3), prefix("2001:db8:0:2::1/128", 4)});
  auto at = [&](const char* text) { return ranges.find(*ip::parse(text)); };
  CHECK(at("2001:db8:0:1::1") == 2);
  CHECK(at("2001:db8:0:1::8001") == 3);
  CHECK(at("2001:db8:0:1::1:0") == 2);
  CHECK(at("2001:db8:0:2::1") == 4);
  CHECK(at("2001:db8:0:2::2") == 1);
  CHECK(at("2001:db9::") == 0);
}

TEST_CASE("the whole space and its last address have their values") {
  Ranges ranges = Ranges::build({{*ip::parse_network("0.0.0.0/0"), 7},
                                 {*ip::parse_network("255.255.255.255/32"), 8},
                                 {cut(Ip::from_halves(UINT64_MAX, 0), 16), 9}});
  CHECK(ranges.find(*ip::parse("8.0.0.1")) == 7);
  CHECK(ranges.find(*ip::parse("255.255.255.255")) == 8);
  CHECK(ranges.find(Ip::from_halves(UINT64_MAX, UINT64_MAX)) == 9);
}

TEST_CASE("random nested networks give what a plain search gives") {
  std::mt19937_64 random(20260102);
  for (int round = 0; round < 6; ++round) {
    std::vector<Ranges::Prefix> prefixes;
    std::vector<Ip> asked;
    std::uint64_t v4_mask = round < 3 ? 0x000f'ffff : 0xffff'ffff;  // dense, then wide
    for (std::uint32_t i = 1; i <= 400; ++i) {
      Ip base;
      unsigned length = 0;
      if (i % 2 == 0) {
        base = Ip::from_v4(static_cast<std::uint32_t>(random() & v4_mask));
        length = 96 + 8 + static_cast<unsigned>(random() % 25);
      } else {
        base = Ip::from_halves(0x20010db8'00000000 | (random() & 0xff), random() & 0xffff);
        length = 20 + static_cast<unsigned>(random() % 109);
      }
      prefixes.push_back({cut(base, length), static_cast<std::uint32_t>(random() % 20)});
      add_edges(asked, prefixes.back().network);
      asked.push_back(
          i % 2 == 0 ? Ip::from_v4(static_cast<std::uint32_t>(random() & v4_mask))
                     : Ip::from_halves(0x20010db8'00000000 | (random() & 0xff), random() & 0xffff));
    }
    compare(prefixes, asked);
  }
}

TEST_CASE("each_v4 walks ranges that cover exactly the addresses with a value") {
  Ranges ranges = Ranges::build({prefix("192.0.2.0/24", 5), prefix("192.0.3.0/24", 5),
                                 prefix("198.51.0.0/16", 6), prefix("198.51.100.0/24", 0)});
  std::string seen;
  ranges.each_v4([&](std::uint32_t first, std::uint32_t last, std::uint32_t value) {
    seen += ip::format(Ip::from_v4(first)) + "-" + ip::format(Ip::from_v4(last)) + "=" +
            std::to_string(value) + " ";
  });
  CHECK(seen ==
        "192.0.2.0-192.0.3.255=5 198.51.0.0-198.51.99.255=6 198.51.101.0-198.51.255.255=6 ");
}

}  // namespace tocsin::match
