#include "share/misp_rules.h"

#include "test.h"

namespace tocsin::share {
namespace {

MispLine line(std::string type, std::string value, bool to_ids = true) {
  MispLine out;
  out.uuid = "ffffffff-0000-4000-8000-000000000001";
  out.type = std::move(type);
  out.value = std::move(value);
  out.to_ids = to_ids;
  return out;
}

std::string rule(MispRules kind, const MispLine& of) {
  std::set<std::uint32_t> sids;
  return misp_rule(kind, of, {.info = "a \"case\";"}, sids);
}

}  // namespace

TEST_CASE("attributes become rules, each with a number of its own") {
  using enum MispRules;
  CHECK(rule(suricata, line("ip-dst|port", "192.0.2.7|443")) ==
        "alert ip $HOME_NET any -> 192.0.2.7 443 (msg:\"MISP a  case  : "
        "ffffffff-0000-4000-8000-000000000001\"; classtype:trojan-activity; sid:3073741823; "
        "rev:1; priority:4;)\n");
  CHECK(rule(suricata, line("hostname", "a.example.org"))
            .contains("dns.query; content:\"a.example.org\"; nocase; endswith;"));
  CHECK(rule(snort, line("hostname", "a.example.org"))
            .contains("content:\"|01|a|07|example|03|org|00|\""));
  CHECK(rule(suricata, line("url", "http://a.example.org/x;y\"z"))
            .contains("http.uri.raw; content:\"/x|3B|y|22|z\""));
  CHECK(rule(suricata, line("url", "https://a.example.org/x")).empty());
  CHECK(rule(suricata, line("md5", "d41d8cd98f00b204e9800998ecf8427e")).empty());
  CHECK(rule(suricata, line("ip-src", "192.0.2.7", false)).empty());
  std::set<std::uint32_t> sids;
  misp_rule(snort, line("ip-src", "192.0.2.7"), {}, sids);
  misp_rule(snort, line("ip-src", "192.0.2.8"), {}, sids);
  CHECK(sids.size() == 2);
}

TEST_CASE("a response policy zone names addresses from their last part on") {
  using enum MispRules;
  CHECK(rule(rpz, line("ip-src", "192.0.2.7")) == "32.7.2.0.192.rpz-ip CNAME .\n");
  CHECK(rule(rpz, line("ip-src", "2001:db8::1")) == "128.1.zz.db8.2001.rpz-ip CNAME .\n");
  CHECK(rule(rpz, line("ip-src", "2001:db8::")) == "128.zz.db8.2001.rpz-ip CNAME .\n");
  CHECK(rule(rpz, line("hostname", "a.example.org")) == "a.example.org CNAME .\n");
  CHECK(rule(rpz, line("hostname", "a b\n@ SOA x")).empty());
  CHECK(misp_rules_head(rpz, 0).starts_with("$TTL"));
  CHECK(misp_rules_head(snort, 0).empty());
}

}  // namespace tocsin::share
