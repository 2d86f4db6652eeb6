#include "base/text.h"

#include "test.h"

namespace tocsin {

TEST_CASE("what is printed cannot command a terminal") {
  CHECK(text::printable("mirai \x1b]0;owned\x07 \x1b[31m\n") ==
        "mirai \\x1b]0;owned\\x07 \\x1b[31m\\x0a");
  CHECK(text::printable("\xc2\x9b"
                        "31m") == "\\x9b31m");  // C1's CSI
  CHECK(text::printable("S\xc3\xa3o Paulo \xc2\xa9") == "S\xc3\xa3o Paulo \xc2\xa9");
  CHECK(text::quote("a\x7f") == "'a\\x7f'");
}

TEST_CASE("one is counted in the singular") {
  CHECK(text::count(0, "report", "reports") == "0 reports");
  CHECK(text::count(1, "report", "reports") == "1 report");
  CHECK(text::count(18446744073709551615u, "entry", "entries") == "18446744073709551615 entries");
}

}  // namespace tocsin
