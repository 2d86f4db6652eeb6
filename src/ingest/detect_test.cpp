#include "ingest/formats.h"
#include "test.h"

namespace tocsin::ingest {

TEST_CASE("a plain list is told by its entries, whatever comments it has") {
  struct {
    const char* entry;
    const char* format;
  } lists[] = {{"192.0.2.7", "ip_list"},
               {"2001:db8::1", "ip_list"},
               {"198.51.100.0/24", "cidr_list"},
               {"198.51.100.1-198.51.100.9", "cidr_list"},
               {"2001:db8::1 - 2001:db8::f", "cidr_list"},
               {"example.org", "domain_list"},
               {"*.example.org", "domain_list"},
               {"||ads.example.org^", "domain_list"},
               {"||ads.example.org^$important", "domain_list"},
               {"0.0.0.0 ads.example.org", "domain_list"},
               {"127.0.0.1\tads.example.org  b.example.org", "domain_list"},
               {":: ads.example.org", "domain_list"},
               {"https://example.org/a#b", "url_list"},
               {"d41d8cd98f00b204e9800998ecf8427e", "hash_list"}};
  for (const auto& list : lists) {
    std::string entry = list.entry;
    for (const char* mark : {"#", ";", "//"}) {
      std::string comment = std::string(mark) + " seen, or not: x=1\n";
      CAPTURE(entry + " " + comment);
      CHECK(detect_format("a.txt", entry) == list.format);
      CHECK(detect_format("a.txt", comment + "\n  " + comment + entry + "\n") == list.format);
      CHECK(detect_format("", entry + "  " + comment + entry + "\t" + comment) == list.format);
    }
  }
}

TEST_CASE("a list is found behind a long comment, and a comment alone is none") {
  std::string comment;
  for (int i = 0; i < 2000; ++i) comment += "# terms of use, line after line\n";
  CHECK(detect_format("", comment + "192.0.2.7\n") == "ip_list");
  CHECK(detect_format("", comment).empty());
  CHECK(detect_format("", "192.0.2.7\nnot an entry\n").empty());
}

TEST_CASE("a hosts file and an ad blocker's list are told behind what each of them has") {
  std::string hosts =
      "# hosts\n127.0.0.1 localhost\n127.0.0.1 localhost.localdomain\n255.255.255.255 "
      "broadcasthost\n"
      "::1 localhost ip6-localhost ip6-loopback\nfe80::1%lo0 localhost\nff00::0 ip6-mcastprefix\n"
      "0.0.0.0 0.0.0.0\n127.0.0.1 my-machine\n\n";
  CHECK(detect_format("hosts", hosts + "0.0.0.0 ads.example.org # seen\n") == "domain_list");
  CHECK(detect_format("hosts", hosts).empty());
  CHECK(detect_format("", "[Adblock Plus 2.0]\n! Title: x\n||ads.example.org^\n") == "domain_list");
  // What lists no whole name is not taken for a list of names.
  for (const char* other :
       {"@@||example.org^", "||example.org^$script", "||example.org^$third-party",
        "||example.org/ads^", "||ads*.example.org^", "||example.org", "192.0.2.7 example.org",
        "0.0.0.0 5", "example.org##.ad"}) {
    CAPTURE(std::string(other));
    CHECK(detect_format("", std::string("example.net\n") + other + "\n").empty());
  }
  CHECK(detect_format("", "198.51.100.9-198.51.100.1\n").empty());
  CHECK(detect_format("", "198.51.100.9-2001:db8::1\n").empty());
}

TEST_CASE("the CSV of other systems is told by the names in its first line") {
  const char* n6 = "time,id,source,category,name,md5,ip,url,fqdn,asn,cc,details\n";
  const char* n6_quoted = "\"time\",\"id\",\"source\",\"category\",\"fqdn\"\r\n";
  const char* n6_other_order = "id,source,category,time,ip\n";
  const char* dump = "source.ip,classification.type,extra.tag\n192.0.2.7,scanner,\n";
  const char* event_database =
      "\"id\",\"classification.identifier\",\"extra\",\"time.observation\",\"source.ip\"\n";
  for (std::string bom : {"", "\xef\xbb\xbf"}) {
    CHECK(detect_format("a.csv", bom + n6) == "n6");
    CHECK(detect_format("a.csv", bom + n6_quoted) == "n6");
    CHECK(detect_format("a.csv", bom + n6_other_order) == "n6");
    CHECK(detect_format("a.csv", bom + dump) == "intelmq");
    CHECK(detect_format("a.csv", bom + event_database) == "intelmq");
  }
  CHECK(detect_format("a.csv", "time,id,source,ip\n").empty());
  CHECK(detect_format("a.csv", "time,id,source,category,message\n").empty());
  CHECK(detect_format("a.csv", "source.ip,comment\n").empty());  // one name alone says too little
  CHECK(detect_format("a.txt", "malware.name\nfeed.name\n") == "domain_list");
}

TEST_CASE("an unknown format is refused with those there are") {
  CHECK(check_format("auto"));
  CHECK(check_format("ip_list"));
  auto refused = check_format("foo");
  REQUIRE(!refused);
  CHECK(refused.error().fault == Fault::invalid);
  CHECK(refused.error().what.starts_with("no format 'foo'; there are auto, "));
  CHECK(refused.error().what.contains(", url_list"));
}

TEST_CASE("STIX is told by the ids of its objects") {
  std::string id = "indicator--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f";
  std::string object = R"({"type":"indicator","id":")" + id + R"("})";
  CHECK(detect_format("a.json", object) == "stix");
  CHECK(detect_format("a.json", R"({"more":true,"objects":[)" + object + "]}") == "stix");
  CHECK(detect_format("a.json",
                      R"({"objects":[{"classification":{"type":"x"}},)" + object + "]}") == "stix");
  CHECK(detect_format("", "\n" + object + "\n" + object) == "stix");
  // What only speaks of STIX is none.
  CHECK(detect_format("a.json", R"({"classification.type":"c2-server","extra.stix_id":")" + id +
                                    R"("})") == "intelmq");
  CHECK(detect_format("a.json", R"({"type":"indicator","id":"indicator--1"})").empty());
}

}  // namespace tocsin::ingest
