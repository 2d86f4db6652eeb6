#include "model/normal.h"

#include <fmt/format.h>

#include <random>

#include "base/ip.h"
#include "base/text.h"
#include "base/time.h"
#include "test.h"

namespace tocsin {
namespace {

std::string many(std::size_t count, std::string_view end) {
  std::string text(count, 'a');
  return text.append(end);
}

std::string utf8(char32_t c) {
  std::string out;
  if (c < 0x80) return {static_cast<char>(c)};
  int rest = c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
  constexpr int marks[] = {0, 0xc0, 0xe0, 0xf0};
  out += static_cast<char>(marks[rest] | static_cast<int>(c >> (6 * rest)));
  while (rest-- > 0) out += static_cast<char>(0x80 | static_cast<int>((c >> (6 * rest)) & 0x3f));
  return out;
}

// Text made of the pieces that make names, URLs and addresses hard, from a fixed seed.
class Nasty {
 public:
  std::string any(std::initializer_list<const char*> of) { return of.begin()[next(of.size())]; }

  std::string label() {
    static const std::vector<std::string> words = {"a",
                                                   "B",
                                                   "-",
                                                   "_",
                                                   "www",
                                                   "Example",
                                                   "xn--",
                                                   "xn--bcher-kva",
                                                   "xn--a",
                                                   "1",
                                                   "256",
                                                   "0x7f",
                                                   "*",
                                                   "",
                                                   "\u00fc",
                                                   "u\u0308",
                                                   "\u00df",
                                                   "\u1e9e",
                                                   "\u0130",
                                                   "\u03c2",
                                                   "\u200d",
                                                   "\u200c",
                                                   "\ufb01",
                                                   "\uff21",
                                                   "\uff11",
                                                   "\u2024",
                                                   "\u2026",
                                                   "\u212a",
                                                   "\u0345",
                                                   "\u05d0",
                                                   "\u0661",
                                                   "\u1806",
                                                   "\u00ad",
                                                   "\xff",
                                                   "\xc3",
                                                   "\xed\xa0\x80",
                                                   "%41",
                                                   " ",
                                                   "\n",
                                                   "\"",
                                                   std::string(70, 'x')};
    std::string out;
    for (auto n = 1 + next(2); n > 0; --n) {
      out += next(8) == 0 ? utf8(static_cast<char32_t>(0x80 + next(0x2fa00)))
                          : words[next(words.size())];
    }
    return out;
  }

  std::string host() {
    if (next(6) == 0) return address();
    std::string out = label();
    for (auto n = next(4); n > 0; --n)
      out += any({".", "\u3002", "\uff0e", "\uff61", "[.]"}) + label();
    return out + any({"", "", "", ".org", ".Example", ".", "..", " "});
  }

  std::string address() {
    return any({"192.0.2.7", "192.0.2.07", "192.0.2.7.", "0x7f.1", "2001:DB8:0:0::1",
                "[2001:DB8::1]", "[::FFFF:192.0.2.7]", "[::192.0.2.7]", "[fe80::1%25lo]", "[[.]]",
                "[::1", "::", "0.0.0.0", "[::ffff:0:0]", "[192.0.2.7]", "999.1.1.1"});
  }

  std::string url() {
    std::string out = any({"http", "HTTPS", "hxxp", "hxxps", "ftp", "a+b", "hxxpx", "1a", ""});
    out += any({"://", "://", "://", "[:]//", ":/", ""});
    if (next(3) == 0)
      out +=
          any({"user@", "u:p@", ":p@", "@", "a@b@", "u[.]@", "\u00fc@", "\xff@", "a b@", "u:p:q@"});
    out +=
        host() + any({"", "", "", ":80", ":0443", ":65535", ":65536", ":", ":8x", ":0", ":80:80"});
    for (auto n = next(4); n > 0; --n) {
      out += any({"/",    "?",       "#",     "/a//b", "/../", "?q=1&r=2", "#top",
                  "/%7e", "/\u00fc", "/\xfc", "*",     " ",    "/[.]",     "/a[:]//b",
                  "://x", "@",       "\\",    "/\t",   "/ #x", "\"",       "\u2028"});
    }
    return next(5) == 0 ? damaged(out) : out;
  }

  // One byte changed, taken away or put in.
  std::string damaged(std::string text) {
    std::size_t at = next(text.size() + 1);
    char byte = static_cast<char>(next(256));
    if (at < text.size() && next(2) == 0) return text.erase(at, next(2)), text;
    return text.insert(at, 1, byte), text;
  }

  std::size_t next(std::size_t below) { return random_() % below; }

 private:
  std::mt19937 random_{7};
};

// `make` gives texts, and what `f` makes of one it makes of its own result. Returns how many it
// takes, of 50,000.
template <class Make, class F>
int check_twice(Make make, F f) {
  Nasty nasty;
  int good = 0;
  for (int i = 0; i < 50'000; ++i) {
    std::string text = make(nasty);
    Result<std::string> once = f(text);
    if (!once) continue;
    ++good;
    Result<std::string> again = f(*once);
    CAPTURE(text);
    REQUIRE_MESSAGE(again, "refuses its own result " << *once);
    REQUIRE(*again == *once);
    REQUIRE(text::is_utf8(*once));
  }
  return good;
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

TEST_CASE("normalising a name twice equals once") {
  auto host = [](Nasty& nasty) { return nasty.host(); };
  CHECK(check_twice(host, [](std::string_view text) { return normal::name(text); }) > 2000);
  CHECK(check_twice(host, [](std::string_view text) { return normal::name(text, true); }) > 2000);
}

TEST_CASE("normalising a URL twice equals once, and its host is canonical") {
  auto url = [](std::string_view text) -> Result<std::string> {
    std::string made = TRY(normal::url(text));
    std::string host(normal::url_host(made));
    auto address = ip::canonical(host);
    CHECK((address ? *address : normal::name(host, true).value_or("no name")) == host);
    CHECK(!made.contains('#'));
    return made;
  };
  CHECK(check_twice([](Nasty& nasty) { return nasty.url(); }, url) > 2000);
}

TEST_CASE("normalising an e-mail address twice equals once") {
  auto mail = [](Nasty& nasty) {
    std::string local = nasty.any({"a", "A.b", "a+b", "\u00fc", "\"a b\"", "\"a@b\"", "", " a",
                                   "\"", "\"\"", "a@b", "\xff", "a\n", "a b"});
    std::string domain = nasty.next(2) == 0 ? nasty.host() : "Mail.Example.ORG";
    return local + nasty.any({"@", "@", "@", " @ ", "@@"}) + domain;
  };
  CHECK(check_twice(mail, [](std::string_view text) { return normal::email(text); }) > 2000);
}

TEST_CASE("normalising a hash twice equals once") {
  auto digits = [](Nasty& nasty) {
    std::string text = nasty.any({"", "", " ", "0x"});
    for (auto n = 31 + nasty.next(3); n > 0; --n) text += "0123456789abcdefABCDEF"[nasty.next(22)];
    return nasty.next(4) == 0 ? nasty.damaged(text) : text + nasty.any({"", "", "\n", "g"});
  };
  CHECK(check_twice(digits, [](std::string_view text) { return normal::hash(text, 16); }) > 2000);
}

TEST_CASE("normalising an address or a network twice equals once") {
  auto address = [](Nasty& nasty) {
    std::string text;
    if (nasty.next(2) == 0) {
      for (int i = 0; i < 4; ++i) text += (i == 0 ? "" : ".") + std::to_string(nasty.next(260));
    } else {
      for (auto n = 1 + nasty.next(8); n > 0; --n)
        text += nasty.any({"", "0", "0000", "1", "FFFF", "ffff", "2001", "db8", "abcd"}) +
                (n > 1 ? ":" : "");
      text += nasty.any({"", "", "::", ":192.0.2.7", "::0.0.0.1"});
    }
    if (nasty.next(2) == 0) text += "/" + std::to_string(nasty.next(131));
    return nasty.next(10) == 0 ? nasty.damaged(text) : text;
  };
  CHECK(check_twice(address, [](std::string_view text) { return ip::canonical(text); }) > 2000);
  auto network = [](std::string_view text) -> Result<std::string> {
    return ip::format(TRY(ip::parse_network(text)));
  };
  CHECK(check_twice(address, network) > 2000);
}

TEST_CASE("normalising a time twice equals once") {
  auto time = [](Nasty& nasty) {
    auto two = [&](std::size_t most) { return fmt::format("{:02}", nasty.next(most + 2)); };
    std::string text = nasty.any({"1969", "1970", "1970", "2024", "2026", "9999", "0000", "10000"});
    text += "-" + nasty.any({"01", "02", "12", "13", "1"}) + "-" +
            nasty.any({"01", "28", "29", "31", "32"});
    if (nasty.next(8) == 0) return text;
    text += nasty.any({"T", " ", "t"}) + two(23) + ":" + two(59);
    if (nasty.next(8) != 0)
      text += ":" + two(59) + nasty.any({"", "", ".5", ".000001", ".1234567", ".", ",5"});
    text += nasty.any({"", "Z", " UTC", "+00:00", "-12:00", "+14:00", "+0530", "+23:59", "-00:01",
                       " GMT", "+24:00"});
    return nasty.next(10) == 0 ? nasty.damaged(text) : text;
  };
  auto text = [](std::string_view given) -> Result<std::string> {
    return times::format(TRY(times::parse(given)));
  };
  CHECK(check_twice(time, text) > 2000);
  CHECK(!times::parse("1970-01-01T03:00:00+05:00"));
  CHECK(!times::parse("9999-12-31T23:00:00-05:00"));
  CHECK(!times::parse_as("1970-01-01 03:00:00", "%F %T", 5 * 3600));
  CHECK(times::parse("1970-01-01T05:00:00+05:00").value() == 0);
}

}  // namespace tocsin
