#include "model/normal.h"

#include <random>

#include "test.h"

namespace tocsin {
namespace {

std::string many(std::size_t count, std::string_view end) {
  std::string text(count, 'a');
  return text.append(end);
}

// Text made of the pieces that make names and URLs hard, from a fixed seed.
std::string random_text(std::mt19937& random, std::string_view start, std::string_view end) {
  static const std::vector<std::string> pieces = {
      "a",    "B",      "-",      "_",      ".",   "..",    "www",        "example", "org",
      "xn--", "\u00fc", "\u00df", "\u3002", "1",   "256",   "192.0.2.7",  "0x7f",    "://",
      "http", "hxxp",   "HTTPS",  "ftp",    ":80", ":443",  ":",          "@",       "/",
      "?q=1", "#top",   "[.]",    "[",      "]",   "[::1]", "2001:DB8::", " ",       "\t",
      "\xff", "%41",    "\u0130", "\u200d", "\n",  "[:]//", "~",          "\"",      "user:pw@"};
  std::string text;
  if (random() % 2 == 0) text = start;
  for (auto n = random() % 9; n > 0; --n) text += pieces[random() % pieces.size()];
  if (random() % 2 == 0) text += end;
  return text;
}

template <class F>
void check_twice(F f, std::string_view start, std::string_view end) {
  std::mt19937 random(7);
  int good = 0;
  for (int i = 0; i < 20'000; ++i) {
    std::string text = random_text(random, start, end);
    auto once = f(text);
    if (!once) continue;
    ++good;
    auto again = f(*once);
    CAPTURE(text);
    REQUIRE_MESSAGE(again, "refuses its own result " << *once);
    REQUIRE(*again == *once);
  }
  CHECK(good > 100);
}

}  // namespace

TEST_CASE("names have one spelling") {
  CHECK(normal::name("WWW.Example.ORG.").value() == "www.example.org");
  CHECK(normal::name("b\u00fccher.example").value() == "xn--bcher-kva.example");
  CHECK(normal::name("B\u00dcCHER\u3002example").value() == "xn--bcher-kva.example");
  CHECK(normal::name("_dmarc.example.org").value() == "_dmarc.example.org");
  CHECK(normal::name("r3---sn.example.org").value() == "r3---sn.example.org");
  CHECK(normal::name("localhost", true).value() == "localhost");
  CHECK(normal::name(many(63, ".org")).value().size() == 67);
}

TEST_CASE("what is no name is refused") {
  for (std::string text : {"", ".", "localhost", "192.0.2.7", "999.1.1.1", "1.2", "a..b", ".a.b",
                           "a b.c", "2001:db8::1", "a/b.c", "ex\xff.org", "0x7f.0x1"}) {
    CAPTURE(text);
    CHECK(!normal::name(text));
  }
  CHECK(!normal::name(many(64, ".org")));
  CHECK(!normal::name(std::string(5000, 'a')));
  std::string long_name;
  for (int i = 0; i < 127; ++i) long_name += "a.";
  CHECK(!normal::name(long_name + "bc"));
  CHECK(normal::name(long_name.substr(0, 253)));
  CHECK(!normal::name(std::string("a\0.org", 6)));
}

TEST_CASE("URLs have one spelling") {
  CHECK(normal::url("HTTP://WWW.Example.ORG").value() == "http://www.example.org/");
  CHECK(normal::url("http://example.org:80/A?b#c").value() == "http://example.org/A?b");
  CHECK(normal::url("https://example.org:8443?x=1").value() == "https://example.org:8443/?x=1");
  CHECK(normal::url("hxxps://www[.]example[.]org/a").value() == "https://www.example.org/a");
  CHECK(normal::url("http://[2001:DB8:0::1]:80/").value() == "http://[2001:db8::1]/");
  CHECK(normal::url("ftp://u:p@example.org:21/x").value() == "ftp://u@example.org/x");
  CHECK(normal::url("http://b\u00fccher.example/\u00fc").value() ==
        "http://xn--bcher-kva.example/\u00fc");
  CHECK(normal::url("http://example.org/\xfc").value() == "http://example.org/%FC");
}

TEST_CASE("what is no URL is refused") {
  for (std::string text :
       {"", "example.org", "http:/example.org", "http://", "http:///a", "://example.org",
        "1http://a.org", "http://exa mple.org/", "http://999.1.1.1/", "http://example.org:70000/",
        "http://[::1/", "http://a.org/\n"}) {
    CAPTURE(text);
    if (text.ends_with('\n')) {
      CHECK(normal::url(text).value() == "http://a.org/");
    } else {
      CHECK(!normal::url(text));
    }
  }
  CHECK(!normal::url("http://a.org/" + many(8192, "")));
  CHECK(!normal::url(std::string_view("http://a.org/\0x", 15)));
}

TEST_CASE("the host of a URL") {
  CHECK(normal::url_host("http://www.example.org/a@b") == "www.example.org");
  CHECK(normal::url_host("http://u:p@192.0.2.7:81/") == "192.0.2.7");
  CHECK(normal::url_host("http://[2001:db8::1]:81/") == "2001:db8::1");
  CHECK(normal::url_host("example.org") == "");
}

TEST_CASE("e-mail addresses keep their local part") {
  CHECK(normal::email("Ab.C+d@Example.ORG").value() == "Ab.C+d@example.org");
  CHECK(normal::email("\"a b\"@example.org").value() == "\"a b\"@example.org");
  for (std::string text :
       {"", "a", "@example.org", "a@", "a b@example.org", "a@b@example.org", "a@192.0.2.7"}) {
    CAPTURE(text);
    CHECK(!normal::email(text));
  }
}

TEST_CASE("hashes are lower case and of their length") {
  CHECK(normal::hash("D41D8CD98F00B204E9800998ECF8427E", 16).value() ==
        "d41d8cd98f00b204e9800998ecf8427e");
  CHECK(!normal::hash("d41d8cd98f00b204e9800998ecf8427", 16));
  CHECK(!normal::hash("g41d8cd98f00b204e9800998ecf8427e", 16));
}

TEST_CASE("normalising twice equals once") {
  check_twice([](std::string_view text) { return normal::name(text); }, "Www.", ".Example.org");
  check_twice([](std::string_view text) { return normal::name(text, true); }, "", "");
  check_twice([](std::string_view text) { return normal::url(text); }, "http://", "/");
  check_twice([](std::string_view text) { return normal::email(text); }, "A.b", "@Example.org");
}

}  // namespace tocsin
