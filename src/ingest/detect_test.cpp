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
               {"example.org", "domain_list"},
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

TEST_CASE("an unknown format is refused with those there are") {
  CHECK(check_format("auto"));
  CHECK(check_format("ip_list"));
  auto refused = check_format("foo");
  REQUIRE(!refused);
  CHECK(refused.error().fault == Fault::invalid);
  CHECK(refused.error().what.starts_with("no format 'foo'; there are auto, "));
  CHECK(refused.error().what.contains(", url_list"));
}

}  // namespace tocsin::ingest
