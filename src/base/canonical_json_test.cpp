#include "base/canonical_json.h"

#include <bit>
#include <cmath>
#include <random>

#include "base/text.h"
#include "test.h"

namespace tocsin {

// Source: RFC 8785 appendix B, all rows but NaN and Infinity.
TEST_CASE("numbers are written as RFC 8785's table has them") {
  const std::pair<std::uint64_t, const char*> table[] = {
      {0x0000000000000000, "0"},
      {0x8000000000000000, "0"},
      {0x0000000000000001, "5e-324"},
      {0x8000000000000001, "-5e-324"},
      {0x7fefffffffffffff, "1.7976931348623157e+308"},
      {0xffefffffffffffff, "-1.7976931348623157e+308"},
      {0x4340000000000000, "9007199254740992"},
      {0xc340000000000000, "-9007199254740992"},
      {0x4430000000000000, "295147905179352830000"},
      {0x44b52d02c7e14af5, "9.999999999999997e+22"},
      {0x44b52d02c7e14af6, "1e+23"},
      {0x44b52d02c7e14af7, "1.0000000000000001e+23"},
      {0x444b1ae4d6e2ef4e, "999999999999999700000"},
      {0x444b1ae4d6e2ef4f, "999999999999999900000"},
      {0x444b1ae4d6e2ef50, "1e+21"},
      {0x3eb0c6f7a0b5ed8c, "9.999999999999997e-7"},
      {0x3eb0c6f7a0b5ed8d, "0.000001"},
      {0x41b3de4355555553, "333333333.3333332"},
      {0x41b3de4355555554, "333333333.33333325"},
      {0x41b3de4355555555, "333333333.3333333"},
      {0x41b3de4355555556, "333333333.3333334"},
      {0x41b3de4355555557, "333333333.33333343"},
      {0xbecbf647612f3696, "-0.0000033333333333333333"},
      {0x43143ff3c1cb0959, "1424953923781206.2"},
  };
  for (auto [bits, wanted] : table) CHECK(es_number(std::bit_cast<double>(bits)) == wanted);
}

// Source: RFC 8785 sections 3.2.2 and 3.2.3.
TEST_CASE("the examples of RFC 8785 have their canonical form") {
  CHECK(canonical_json(R"({
    "numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
    "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
    "literals": [null, true, false]})") ==
        "{\"literals\":[null,true,false],\"numbers\":[333333333.3333333,1e+30,4.5,0.002,1e-27],"
        "\"string\":\"\u20ac$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\"}");
  CHECK(canonical_json(R"({"\u20ac": "Euro Sign", "\r": "Carriage Return",
    "\ufb33": "Hebrew Letter Dalet With Dagesh", "1": "One", "\ud83d\ude00": "Emoji: Grinning Face",
    "\u0080": "Control", "\u00f6": "Latin Small Letter O With Diaeresis"})") ==
        "{\"\\r\":\"Carriage Return\",\"1\":\"One\",\"\u0080\":\"Control\","
        "\"\u00f6\":\"Latin Small Letter O With Diaeresis\",\"\u20ac\":\"Euro Sign\","
        "\"\U0001f600\":\"Emoji: Grinning Face\","
        "\"\ufb33\":\"Hebrew Letter Dalet With Dagesh\"}");
}

TEST_CASE("what I-JSON does not allow is refused") {
  for (const char* json : {R"({"a":1,"a":1})",
                           R"({"a":1,"\u0061":2})",
                           R"([{"b":{"a":1,"c":0,"a":2}}])",
                           "[NaN]",
                           "[Infinity]",
                           R"("\ud800")",
                           R"("\udc00")",
                           R"("\udc00\ud800")",
                           R"({"\ud83d":1})",
                           "\"\xff\"",
                           "\"\xed\xa0\x80\"",
                           "9007199254740992",
                           "-9007199254740992",
                           "18446744073709551615",
                           "100000000000000000000000",
                           "1e20",
                           "9007199254740993.0",
                           "1e400",
                           "",
                           "[1,]",
                           "{} {}",
                           "01",
                           "\"\n\""}) {
    CAPTURE(json);
    CHECK(!canonical_json(json));
  }
  CHECK(canonical_json("9007199254740991") == "9007199254740991");
  CHECK(canonical_json("-9007199254740991") == "-9007199254740991");
  CHECK(canonical_json("[-0, -0.0, 0e5, 1.0, 1e21]") == "[0,0,0,1,1e+21]");
  CHECK(canonical_json(R"("\u0000\b\f\u001f\u007f")") == "\"\\u0000\\b\\f\\u001f\x7f\"");
  CHECK(canonical_json(std::string(128, '[') + std::string(128, ']')));
  CHECK(!canonical_json(std::string(130, '[') + std::string(130, ']')));
}

TEST_CASE("members stand in the order of UTF-16, and the canonical form of one is itself") {
  CHECK(canonical_json(
            "{\"\uffff\":1,\"\U00010000\":2,\"\ud7ff\":3,\"\ue000\":4,\"ab\":5,\"a\":6}") ==
        "{\"a\":6,\"ab\":5,\"\ud7ff\":3,\"\U00010000\":2,\"\ue000\":4,\"\uffff\":1}");
  std::mt19937_64 draw(3);
  for (int i = 0; i < 20'000; ++i) {
    double value = std::bit_cast<double>(draw());
    if (i % 3 == 0) value = static_cast<double>(draw() % 100'000'000) / 1000;
    if (!std::isfinite(value)) continue;
    std::string text = es_number(value);
    REQUIRE(*text::decimal(text) == value);
    auto once = canonical_json(text);
    if (once) REQUIRE(*once == text);
    REQUIRE((once || (std::abs(value) > 9007199254740991.0 && std::abs(value) < 1e21)));
  }
}

}  // namespace tocsin
