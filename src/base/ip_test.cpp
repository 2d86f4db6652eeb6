#include "base/ip.h"

#include "test.h"

namespace tocsin {
namespace {

std::string network(std::string_view text, bool strict = false) {
  auto parsed = ip::parse_network(text, strict);
  return parsed ? ip::format(*parsed) : "";
}

}  // namespace

TEST_CASE("networks have one spelling, and bits beyond their length are cleared or refused") {
  CHECK(network("192.0.2.0/24") == "192.0.2.0/24");
  CHECK(network("192.0.2.7/24") == "192.0.2.0/24");
  CHECK(network("192.0.2.7/24", true).empty());
  CHECK(network("192.0.2.7") == "192.0.2.7/32");
  CHECK(network("0.0.0.0/0") == "0.0.0.0/0");
  CHECK(network("2001:DB8:0::/32") == "2001:db8::/32");
  CHECK(network("2001:db8::1") == "2001:db8::1/128");
  CHECK(network("::/0") == "::/0");
}

TEST_CASE("a mapped network counts the 96 bits before its IPv4 address itself") {
  CHECK(network("::ffff:192.0.2.7/120") == "192.0.2.0/24");
  CHECK(network("::ffff:192.0.2.7/128") == "192.0.2.7/32");
  CHECK(network("::ffff:192.0.2.7") == "192.0.2.7/32");
  CHECK(network("::ffff:c000:207/96") == "0.0.0.0/0");
  CHECK(network("::ffff:192.0.2.7/24").empty());
}

TEST_CASE("what is no network is refused") {
  for (const char* text : {"", "/24", "192.0.2.0/", "192.0.2.0/33", "192.0.2.0/-1", "192.0.2/24",
                           "::/129", "2001:db8::/x", "0.0.0.0", "::", "192.0.2.0/24/8"}) {
    CAPTURE(text);
    CHECK(network(text).empty());
  }
}

}  // namespace tocsin
