#include "base/toml_table.h"

#include "test.h"

namespace tocsin {
namespace {

struct Read {
  toml::table toml;
  TomlProblems problems{"a.toml"};
  explicit Read(std::string_view text) : toml(parse_toml(text, "a.toml").value()) {}
  TomlTable table() { return {toml, "part", problems}; }
  std::string said() { return problems.empty() ? "" : problems.result().error().what; }
};

}  // namespace

TEST_CASE("a table is read key by key") {
  Read read("name = 'x'\non = true\nn = 7\nwait = '2h'\nparts = ['a', 'b']\nmap = {k = 'v'}");
  TomlTable table = read.table();
  CHECK(table.text("name") == "x");
  CHECK(table.text("none", "else") == "else");
  CHECK(table.yes_no("on") == true);
  CHECK(table.number("n", 1, 9) == 7);
  CHECK(table.seconds("wait") == 7200);
  CHECK(table.list("parts") == std::vector<std::string>{"a", "b"});
  CHECK(table.texts("map") == std::vector<std::pair<std::string, std::string>>{{"k", "v"}});
  table.finish();
  CHECK(read.said() == "");
}

TEST_CASE("what is wrong is told with file, line and key, all at once") {
  Read read("name = 5\n\non = 'yes'\nn = 70\nwait = '2 years'\nparts = [1]\nother = 1");
  TomlTable table = read.table();
  table.text("name");
  table.yes_no("on");
  table.number("n", 1, 9);
  table.seconds("wait");
  table.list("parts");
  table.finish();
  CHECK(read.said() ==
        "a.toml:1: part.name: must be a text in quotes\n"
        "a.toml:3: part.on: must be true or false\n"
        "a.toml:4: part.n: must be a number from 1 to 9\n"
        "a.toml:5: part.wait: must be a length of time: a number of seconds, or as \"30s\", "
        "\"15min\", \"2h\", \"1d\"\n"
        "a.toml:6: part.parts: must be a list of texts, as [\"a\", \"b\"]\n"
        "a.toml:7: part.other: unknown key; valid: n, name, on, parts, wait");
}

TEST_CASE("broken TOML is told with its line") {
  auto broken = parse_toml("a = 1\nb = \n", "b.toml");
  REQUIRE(!broken);
  CHECK(broken.error().what.starts_with("b.toml:2: "));
}

TEST_CASE("lengths of time") {
  CHECK(parse_seconds("90") == 90);
  CHECK(parse_seconds("30 s") == 30);
  CHECK(parse_seconds("15min") == 900);
  CHECK(parse_seconds("1d") == 86'400);
  for (auto text : {"", "h", "-1", "1.5h", "1y", "99999999999", "7200w"}) {
    CHECK_MESSAGE(!parse_seconds(text), text);
  }
}

}  // namespace tocsin
