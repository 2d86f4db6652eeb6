#include "base/public_ip.h"

#include <netinet/in.h>

#include "test.h"

namespace tocsin {
namespace {

std::string_view special(std::string_view text) {
  auto ip = ip::parse(text);
  REQUIRE_MESSAGE(ip.has_value(), text);
  return ip::special(*ip);
}

}  // namespace

TEST_CASE("addresses of the public Internet may be connected to") {
  for (auto text :
       {"1.1.1.1", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.255.255.255",
        "172.15.255.255", "172.32.0.0", "192.167.255.255", "223.255.255.255", "2606:4700::1111",
        "2a00:1450::1", "64:ff9b::101:101", "2002:101:101::1", "2400::5efe:101:101"}) {
    CHECK_MESSAGE(special(text) == "", text);
  }
}

TEST_CASE("every special range is refused, at both of its ends") {
  for (auto text : {"0.0.0.1",         "10.0.0.0",        "10.255.255.255",  "100.64.0.0",
                    "100.100.100.200", "100.127.255.255", "127.0.0.1",       "127.255.255.255",
                    "168.63.129.16",   "169.254.169.254", "172.16.0.0",      "172.31.255.255",
                    "192.0.0.192",     "192.168.0.0",     "192.168.255.255", "198.18.0.1",
                    "198.19.255.255",  "224.0.0.1",       "239.255.255.255", "240.0.0.1",
                    "255.255.255.255", "192.0.2.1",       "198.51.100.1",    "203.0.113.1"}) {
    CHECK_MESSAGE(special(text) != "", text);
  }
  for (auto text : {"::1", "::2", "::7f00:1", "fc00::1", "fd00:ec2::254", "fdff::1", "fe80::1",
                    "febf::1", "fec0::1", "ff02::1", "100::1", "2001::1", "2001:2::1",
                    "2001:db8::1", "3fff::1", "4000::1", "5f00::1"}) {
    CHECK_MESSAGE(special(text) != "", text);
  }
}

TEST_CASE("the IPv4 address inside an IPv6 address is judged") {
  CHECK(special("::ffff:127.0.0.1") == "loopback");
  CHECK(special("::ffff:a00:1") == "private");
  CHECK(special("64:ff9b::7f00:1") == "loopback");
  CHECK(special("64:ff9b::a9fe:a9fe") == "link-local");
  CHECK(special("64:ff9b:1::101:101") == "local NAT64");
  CHECK(special("2002:7f00:1::") == "loopback");
  CHECK(special("2002:a9fe:a9fe::1") == "link-local");
  CHECK(special("2400::5efe:a00:1") == "private");
  CHECK(special("2400::200:5efe:a00:1") == "private");
}

TEST_CASE("unspecified addresses and other socket families are refused") {
  CHECK(ip::special(Ip{}) == "unspecified");
  CHECK(ip::special(Ip::from_v4(0)) == "this network");

  sockaddr_in6 v6{};
  v6.sin6_family = AF_INET6;
  v6.sin6_addr.s6_addr[15] = 1;
  auto* address = reinterpret_cast<sockaddr*>(&v6);
  REQUIRE(ip::from_socket(address, sizeof v6).has_value());
  CHECK(ip::special(*ip::from_socket(address, sizeof v6)) == "loopback");
  CHECK(!ip::from_socket(address, 8));
  v6.sin6_family = AF_UNIX;
  CHECK(!ip::from_socket(address, sizeof v6));
}

}  // namespace tocsin
