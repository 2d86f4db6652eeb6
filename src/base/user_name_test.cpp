#include "base/user_name.h"

#include "test.h"

namespace tocsin {
namespace {

std::string key(std::string_view text) {
  auto name = user_name(text);
  return name ? name->key : "error: " + name.error().what;
}

}  // namespace

TEST_CASE("names that differ in case or in Unicode's spelling are one") {
  CHECK(key("Ana.Souza") == "ana.souza");
  CHECK(key(" ana.souza ") == "ana.souza");
  CHECK(key("JOS\u00c9") == key("jose\u0301"));
  CHECK(key("stra\u00dfe") == key("STRASSE"));
  CHECK(key("\uff41dmin") == "admin");  // full width
  CHECK(key("\u041e\u043b\u044c\u0433\u0430") == key("\u043e\u043b\u044c\u0433\u0430"));
  CHECK(user_name("jose\u0301")->shown == "jos\u00e9");
  CHECK(user_name("Ana@example.org")->shown == "Ana@example.org");
}

TEST_CASE("what is no name, or mixes scripts, is refused") {
  for (std::string_view text : {"", " ", "a b", "a\r\nb", "a\tb", "<b>", ".ana", "-x", "a,b",
                                "=cmd|x", "\xff", "a\u202eb", "\u0430dmin", "a/b", "a\"b"}) {
    CAPTURE(text);
    CHECK(key(text).starts_with("error: "));
  }
  CHECK(key(std::string(64, 'a')) == std::string(64, 'a'));
  CHECK(key(std::string(65, 'a')).starts_with("error: "));
  CHECK(key(std::string(1 << 20, 'a')).starts_with("error: "));
}

}  // namespace tocsin
