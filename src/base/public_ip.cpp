#include "base/public_ip.h"

#include <netinet/in.h>

#include <array>
#include <cstring>
#include <vector>

#include "base/check.h"

namespace tocsin::ip {
namespace {

struct Range {
  std::string_view network, what;
};

constexpr std::array ranges_v4 = std::to_array<Range>({
    {"0.0.0.0/8", "this network"},
    {"10.0.0.0/8", "private"},
    {"100.64.0.0/10", "carrier-grade NAT"},
    {"127.0.0.0/8", "loopback"},
    {"168.63.129.16/32", "cloud metadata"},
    {"169.254.0.0/16", "link-local"},
    {"172.16.0.0/12", "private"},
    {"192.0.0.0/24", "protocol assignments"},
    {"192.0.2.0/24", "documentation"},
    {"192.88.99.0/24", "6to4 relay"},
    {"192.168.0.0/16", "private"},
    {"198.18.0.0/15", "benchmarking"},
    {"198.51.100.0/24", "documentation"},
    {"203.0.113.0/24", "documentation"},
    {"224.0.0.0/4", "multicast"},
    {"240.0.0.0/4", "reserved"},
});

// The first that contains the address names it; what is in none of them is outside 2000::/3.
constexpr std::array ranges_v6 = std::to_array<Range>({
    {"::1/128", "loopback"},
    {"64:ff9b:1::/48", "local NAT64"},
    {"100::/64", "discard-only"},
    {"2001::/32", "Teredo"},
    {"2001::/23", "protocol assignments"},
    {"2001:db8::/32", "documentation"},
    {"3fff::/20", "documentation"},
    {"fc00::/7", "unique local"},
    {"fe80::/10", "link-local"},
    {"fec0::/10", "site-local"},
    {"ff00::/8", "multicast"},
    {"2000::/3", ""},
    {"::/0", "reserved"},
});

struct Named {
  Network network;
  std::string_view what;
};

std::vector<Named> parsed(std::span<const Range> ranges) {
  std::vector<Named> out;
  for (const Range& range : ranges) {
    auto network = parse_network(range.network);
    check(network.has_value(), "a range of the table is no network");
    out.push_back({*network, range.what});
  }
  return out;
}

std::string_view first_of(const std::vector<Named>& table, const Ip& ip) {
  for (const Named& row : table) {
    if (row.network.contains(ip)) return row.what;
  }
  return {};
}

// The IPv4 address that a packet to `ip` would really go to. RFC 6052, RFC 3056, RFC 5214.
std::optional<Ip> embedded(const Ip& ip) {
  if (ip.high() == 0x0064ff9b00000000 && (ip.low() >> 32) == 0) return Ip::from_v4(ip.v4());
  if (ip.high() >> 48 == 0x2002) return Ip::from_v4(static_cast<std::uint32_t>(ip.high() >> 16));
  if (((ip.low() >> 32) & 0xfdffffff) == 0x5efe) return Ip::from_v4(ip.v4());
  return std::nullopt;
}

}  // namespace

std::string_view special(const Ip& ip) {
  static const std::vector<Named> v4 = parsed(ranges_v4), v6 = parsed(ranges_v6);
  if (ip.is_v4()) return first_of(v4, ip);
  if (ip.empty()) return "unspecified";
  auto inner = embedded(ip);
  if (inner) {
    if (auto what = first_of(v4, *inner); !what.empty()) return what;
    if (ip.high() == 0x0064ff9b00000000) return {};
  }
  return first_of(v6, ip);
}

std::optional<Ip> from_socket(const sockaddr* address, std::size_t size_bytes) {
  if (address->sa_family == AF_INET && size_bytes >= sizeof(sockaddr_in)) {
    sockaddr_in v4;
    std::memcpy(&v4, address, sizeof v4);
    return Ip::from_v4(ntohl(v4.sin_addr.s_addr));
  }
  if (address->sa_family == AF_INET6 && size_bytes >= sizeof(sockaddr_in6)) {
    sockaddr_in6 v6;
    std::memcpy(&v6, address, sizeof v6);
    Ip ip;
    std::memcpy(ip.bytes.data(), v6.sin6_addr.s6_addr, 16);
    return ip;
  }
  return std::nullopt;
}

}  // namespace tocsin::ip
