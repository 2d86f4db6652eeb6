// IP addresses and networks as 16 bytes.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace tocsin {

// An IPv6 address in network order, or an IPv4 address as ::ffff:a.b.c.d. All zero: no address.
struct Ip {
  std::array<std::uint8_t, 16> bytes{};

  auto operator<=>(const Ip&) const = default;
  bool empty() const { return high() == 0 && low() == 0; }
  bool is_v4() const { return high() == 0 && (low() >> 32) == 0xffff; }
  std::uint32_t v4() const { return static_cast<std::uint32_t>(low()); }  // only if is_v4()
  std::uint64_t high() const { return half(0); }  // bytes 0 to 7 as a number
  std::uint64_t low() const { return half(8); }   // bytes 8 to 15 as a number

  static Ip from_v4(std::uint32_t address);
  static Ip from_halves(std::uint64_t high, std::uint64_t low);

 private:
  std::uint64_t half(std::size_t at) const {
    std::uint64_t value;
    __builtin_memcpy(&value, bytes.data() + at, 8);
    return __builtin_bswap64(value);
  }
};

// All addresses whose first `length` bits are those of `base`; length counts in 128 bits (IPv4 /24
// is 120).
struct Network {
  Ip base;
  std::uint8_t length = 0;

  auto operator<=>(const Network&) const = default;
  bool contains(const Ip& ip) const;
  Ip last() const;  // its highest address
};

namespace ip {

// Errors: invalid, if `text` is not exactly one IPv4 or IPv6 address ("::" and 0.0.0.0 included:
// they name no host). IPv4 parts may have no leading zero. An IPv4-mapped IPv6 address is the IPv4
// address. No zone index.
Result<Ip> parse(std::string_view text);

// The one spelling of an address: dotted decimal, or RFC 5952 for IPv6. Source: RFC 5952 section 4.
std::string format(const Ip& ip);
void append(std::string& out, const Ip& ip);

// "192.0.2.0/24", "2001:db8::/32", "::ffff:192.0.2.0/120" (the first), or a lone address. Errors:
// invalid; also when bits beyond the length are set and `strict`; otherwise they are cleared.
Result<Network> parse_network(std::string_view text, bool strict = false);
std::string format(const Network& network);

struct Range {
  Ip first, last;  // both belong to it; first <= last, of one family
};
// "192.0.2.1-192.0.2.9", also with blanks around the dash. Errors: invalid.
Result<Range> parse_range(std::string_view text);

// The one spelling of an address. Errors: those of parse().
Result<std::string> canonical(std::string_view text);

}  // namespace ip
}  // namespace tocsin
