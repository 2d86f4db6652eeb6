#include "model/family.h"

#include "test.h"

namespace tocsin {

TEST_CASE("aliases of a malware family are one family") {
  CHECK(canonical_family("Gamarue") == "andromeda");
  CHECK(canonical_family("m0yv") == "expiro");
  CHECK(canonical_family("QBot") == "qakbot");
  CHECK(canonical_family("Agent Tesla") == "agent-tesla");
  CHECK(canonical_family("win.cobalt_strike") == "cobalt-strike");
  CHECK(canonical_family("elf.mirai") == "mirai");
}

TEST_CASE("an unknown family stays, in lower case without blanks") {
  CHECK(canonical_family(" Some New Thing ") == "some-new-thing");
  CHECK(canonical_family("victorygate.b") == "victorygate.b");
  CHECK(canonical_family("") == "");
}

TEST_CASE("a canonical family is canonical") {
  for (std::string text :
       {"Gamarue", "m0yv", "win.win.x_y", "win.zbot", "Loki Bot", "Max++", "win.", "kido", "zeus",
        "GOZ", "TDL4", "bugat", "ISFB", "pushdo", "js.js."}) {
    CAPTURE(text);
    CHECK(canonical_family(canonical_family(text)) == canonical_family(text));
  }
}

}  // namespace tocsin
