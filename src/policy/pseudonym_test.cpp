#include "policy/pseudonym.h"

#include <random>
#include <set>

#include "test.h"

namespace tocsin::policy {
namespace {

// The key of the original sample.
constexpr PseudonymKey sample = {21,  34, 23,  141, 51, 164, 207, 128, 19,  10,  91,
                                 22,  73, 144, 125, 16, 216, 152, 143, 131, 121, 121,
                                 101, 39, 98,  87,  76, 45,  42,  132, 34,  2};

std::size_t common_bits(const Ip& a, const Ip& b) {
  std::size_t i = 0;
  while (i < 128 && ((a.bytes[i / 8] ^ b.bytes[i / 8]) & (0x80 >> i % 8)) == 0) ++i;
  return i;
}

}  // namespace

TEST_CASE("Crypto-PAn gives the published pseudonyms") {
  CryptoPan pan(sample);
  for (auto [address, wanted] : {std::pair{"128.11.68.132", "135.242.180.132"},
                                 {"129.118.74.4", "134.136.186.123"},
                                 {"130.132.252.244", "133.68.164.234"},
                                 {"141.223.7.43", "141.167.8.160"},
                                 {"192.0.2.1", "252.255.2.112"},
                                 {"2001:db8::1", "4401:2bc:603f:d91d:27f:ff8e:e6f1:dc1e"}}) {
    CAPTURE(address);
    Ip ip = *ip::parse(address);
    CHECK(ip::format(pan.pseudonym(ip)) == wanted);
    CHECK(pan.original(*ip::parse(wanted)) == ip);
  }
}

TEST_CASE("pseudonyms have exactly as long a prefix in common as their addresses") {
  CryptoPan pan(pseudonym_key("0123456789abcdef0123456789abcdef", "a"));
  std::mt19937_64 draw(7);
  for (int i = 0; i < 20'000; ++i) {
    bool v4 = i % 2 == 0;
    Ip a = v4 ? Ip::from_v4(static_cast<std::uint32_t>(draw())) : Ip::from_halves(draw(), draw());
    Ip b = a;
    std::size_t from = (v4 ? 96 : 0), at = from + draw() % (128 - from);
    b.bytes[at / 8] ^= static_cast<std::uint8_t>(0x80 >> at % 8);
    for (std::size_t k = at + 1; k < 128; ++k) {
      if (draw() % 2) b.bytes[k / 8] ^= static_cast<std::uint8_t>(0x80 >> k % 8);
    }
    Ip x = pan.pseudonym(a), y = pan.pseudonym(b);
    REQUIRE(common_bits(x, y) == at);
    REQUIRE(x.is_v4() == v4);
    REQUIRE(pan.original(x) == a);
  }
}

TEST_CASE("pseudonyms are one to one") {
  CryptoPan pan(sample);
  std::vector<bool> seen(1 << 16);
  std::uint32_t high = pan.pseudonym(Ip::from_v4(0xc6336400)).v4() >> 16;
  for (std::uint32_t low = 0; low < 1 << 16; ++low) {
    std::uint32_t out = pan.pseudonym(Ip::from_v4(0xc6330000 | low)).v4();
    REQUIRE((out >> 16) == high);
    REQUIRE(!seen[out & 0xffff]);
    seen[out & 0xffff] = true;
  }
}

TEST_CASE("a network's pseudonym is the network of its addresses' pseudonyms") {
  CryptoPan pan(sample);
  for (auto [text, address] : {std::pair{"198.51.100.0/24", "198.51.100.77"},
                               {"192.0.2.128/25", "192.0.2.200"},
                               {"2001:db8::/32", "2001:db8:7::9"},
                               {"2001:db8::/45", "2001:db8:7::9"},
                               {"0.0.0.0/0", "192.0.2.1"},
                               {"192.0.2.1", "192.0.2.1"}}) {
    CAPTURE(text);
    Network network = *ip::parse_network(text), out = pan.pseudonym(network);
    CHECK(out.length == network.length);
    CHECK(out.contains(pan.pseudonym(*ip::parse(address))));
    CHECK(ip::parse_network(ip::format(out), true));
  }
}

TEST_CASE("another agreement has other pseudonyms, the same one the same") {
  PseudonymKey a = pseudonym_key("secret", "a"), b = pseudonym_key("secret", "b");
  CHECK(a == pseudonym_key("secret", "a"));
  CHECK(a != b);
  CHECK(a != pseudonym_key("Secret", "a"));
  Ip ip = *ip::parse("192.0.2.1");
  CHECK(CryptoPan(a).pseudonym(ip) != CryptoPan(b).pseudonym(ip));
  CHECK(keyed_hash(a, "account", "x") != keyed_hash(b, "account", "x"));
}

TEST_CASE("a keyed hash stands for one value of one sort") {
  PseudonymKey key = pseudonym_key("secret", "a");
  std::string hash = keyed_hash(key, "account", "someone@example.org");
  CHECK(hash.size() == 32);
  CHECK(hash == keyed_hash(key, "account", "someone@example.org"));
  CHECK(hash != keyed_hash(key, "name", "someone@example.org"));
}

}  // namespace tocsin::policy
