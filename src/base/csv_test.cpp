#include "base/csv.h"

#include <random>

#include "base/csv_cell.h"
#include "test.h"

namespace tocsin {
namespace {

struct Row {
  std::size_t line;
  bool wrong;
  std::vector<std::string> fields;
  bool operator==(const Row&) const = default;
};

std::vector<Row> read(std::string_view bytes, const csv::Dialect& dialect = {}) {
  std::vector<Row> rows;
  csv::Reader reader(bytes, dialect);
  for (csv::Step step; (step = reader.next()) != csv::Step::end;) {
    rows.push_back({reader.line(), step == csv::Step::wrong, {}});
    for (std::string_view field : reader.fields()) rows.back().fields.emplace_back(field);
  }
  return rows;
}

std::vector<std::string> first(std::string_view bytes, const csv::Dialect& dialect = {}) {
  auto rows = read(bytes, dialect);
  REQUIRE(!rows.empty());
  return rows[0].fields;
}

// The same rules a byte at a time, with strings: what the fast reader is compared with. Written
// from the header's comment.
std::vector<Row> read_reference(std::string_view text, const csv::Dialect& dialect) {
  std::vector<Row> rows;
  std::size_t line = 1, at = 0;
  while (at < text.size()) {
    std::size_t first_end = std::min(text.find('\n', at), text.size());
    std::string_view first_line = text.substr(at, first_end - at);
    if (!dialect.comment.empty() && first_line.starts_with(dialect.comment)) {
      at = first_end + 1;
      ++line;
      continue;
    }
    Row row{line, false, {""}};
    bool in_quotes = false, begun = false, nul = false, closed = false, torn = false;
    std::size_t i = at, breaks = 0;
    for (; i < text.size(); ++i) {
      char c = text[i];
      nul |= c == '\0';
      if (in_quotes) {
        if (c == '\n') ++breaks;
        if (c != dialect.quote) {
          row.fields.back() += c;
        } else if (i + 1 < text.size() && text[i + 1] == dialect.quote) {
          row.fields.back() += c;
          ++i;
        } else {
          in_quotes = false;
          closed = true;
        }
      } else if (c == '\n') {
        break;
      } else if (c == '\r' && (i + 1 == text.size() || text[i + 1] == '\n')) {
        continue;
      } else if (c == dialect.delimiter) {
        row.fields.emplace_back();
        begun = closed = false;
      } else if (c == dialect.quote && dialect.quote && !begun) {
        in_quotes = begun = true;
      } else {
        row.fields.back() += c;
        begun = true;
        torn |= closed && breaks > 0;
        closed = false;
      }
    }
    bool blank = first_line.empty() || first_line == "\r";
    if (in_quotes || torn) {
      rows.push_back({line, true, {}});
      i = first_end;
      breaks = 0;
    } else if (nul || row.fields.size() > dialect.fields_max) {
      rows.push_back({line, true, {}});
    } else if (!blank) {
      rows.push_back(row);
    }
    at = i + 1;
    line += 1 + breaks;
  }
  return rows;
}

}  // namespace

TEST_CASE("records and fields are found, quoted or not") {
  auto rows = read("a,b,c\r\n\"x, y\",,\"say \"\"no\"\"\"\n\n1,2,3");
  REQUIRE(rows.size() == 3);
  CHECK(rows[0] == Row{1, false, {"a", "b", "c"}});
  CHECK(rows[1] == Row{2, false, {"x, y", "", "say \"no\""}});
  CHECK(rows[2] == Row{4, false, {"1", "2", "3"}});
}

TEST_CASE("a field may hold line breaks, and lines are still counted") {
  auto rows = read("\"one\ntwo\r\nthree\",x\nnext,y\n");
  REQUIRE(rows.size() == 2);
  CHECK(rows[0] == Row{1, false, {"one\ntwo\r\nthree", "x"}});
  CHECK(rows[1] == Row{4, false, {"next", "y"}});
}

TEST_CASE("quotes in odd places are plain characters") {
  CHECK(first("5\" disk,b\n") == std::vector<std::string>{"5\" disk", "b"});
  CHECK(first("\"a\"b\"c,d\n") == std::vector<std::string>{"ab\"c", "d"});
  CHECK(first("\"a\"\rb,c\n") == std::vector<std::string>{"a\rb", "c"});
  CHECK(first("\"\",\"\"\"\"\n") == std::vector<std::string>{"", "\""});
}

TEST_CASE("a delimiter, a lack of quotes and comments are the caller's choice") {
  CHECK(first("a|\"b|c", {.delimiter = '|', .quote = '\0'}) ==
        std::vector<std::string>{"a", "\"b", "c"});
  CHECK(first("a\t'b\tc'", {.delimiter = '\t', .quote = '\''}) ==
        std::vector<std::string>{"a", "b\tc"});
  auto rows = read("# it's \"odd\na,b\n#\n", {.comment = "#"});
  REQUIRE(rows.size() == 1);
  CHECK(rows[0] == Row{2, false, {"a", "b"}});
}

TEST_CASE("a byte-order mark is not part of the first field") {
  CHECK(first("\xef\xbb\xbf\"a\",b\n") == std::vector<std::string>{"a", "b"});
}

TEST_CASE("a quote that is never closed costs one line") {
  std::string text = "a,b\n1,\"x\n";
  for (int i = 0; i < 100'000; ++i) text += "2,a longer row of plain text\n";
  auto rows = read(text);
  REQUIRE(rows.size() == 100'002);
  CHECK(rows[1] == Row{2, true, {}});
  CHECK(rows[2].line == 3);
  CHECK(rows.back().line == 100'002);
  rows = read("a\n\"cut off");
  REQUIRE(rows.size() == 2);
  CHECK(rows[1].wrong);
}

TEST_CASE("a quote that the next quoted field closes costs one line") {
  auto rows = read("a,\"b,c\n1,2,3\n\"4\",5,6\n7,\"8\n8\",9\n");
  REQUIRE(rows.size() == 4);
  CHECK(rows[0] == Row{1, true, {}});
  CHECK(rows[1] == Row{2, false, {"1", "2", "3"}});
  CHECK(rows[2] == Row{3, false, {"4", "5", "6"}});
  CHECK(rows[3] == Row{4, false, {"7", "8\n8", "9"}});
}

TEST_CASE("many open quotes cost bounded work") {
  std::string text;
  for (int i = 0; i < 400'000; ++i) text += "x\",\"\n";
  auto rows = read(text, {.fields_max = 1 << 20});
  CHECK(rows.size() < 400'000);
}

TEST_CASE("a record over the limit is refused and the next line is read") {
  std::string text = "a,b\n" + std::string(10'000'000, 'x') + ",y\nc,d\n";
  auto rows = read(text);
  REQUIRE(rows.size() == 3);
  CHECK(rows[1] == Row{2, true, {}});
  CHECK(rows[2] == Row{3, false, {"c", "d"}});
  for (std::size_t over = 0; over < 2; ++over) {
    std::string line(1000 + over, 'y');
    rows = read(line + "\nz\n", {.record_bytes_max = 1000});
    REQUIRE(rows.size() == 2);
    CHECK(rows[0].wrong == (over == 1));
    CHECK(rows[1].fields == std::vector<std::string>{"z"});
  }
}

TEST_CASE("too many fields and NUL bytes refuse the record only") {
  std::string text(4096, ',');
  text += '\n';
  text.append(4095, ',');
  text += "\na";
  text += '\0';
  text += "b\nc\n";
  auto rows = read(text);
  REQUIRE(rows.size() == 4);
  CHECK(rows[0].wrong);
  CHECK(rows[1].fields.size() == 4096);
  CHECK(rows[2] == Row{3, true, {}});
  CHECK(rows[3] == Row{4, false, {"c"}});
}

TEST_CASE("the fast reader agrees with a plain one on random text") {
  std::mt19937 random(7);
  const std::string_view alphabets[] = {"ab,\"\n", "aaaaaaa,,\"\"\r\n\n", "abcdefgh,,\n",
                                        "aaaa,\"\"\"\"\n#", std::string_view("ab,\"\n\0", 6)};
  for (int round = 0; round < 20'000; ++round) {
    std::string_view alphabet = alphabets[random() % std::size(alphabets)];
    std::string text;
    for (auto n = random() % 300; n > 0; --n) text += alphabet[random() % alphabet.size()];
    csv::Dialect dialect{.comment = round % 3 == 0 ? "#" : "", .fields_max = 40};
    if (round % 7 == 0) dialect.quote = '\0';
    INFO(text);
    REQUIRE(read(text, dialect) == read_reference(text, dialect));
  }
}

TEST_CASE("the fast reader agrees with a plain one on well-formed tables") {
  std::mt19937 random(11);
  for (int round = 0; round < 300; ++round) {
    std::string text;
    for (auto rows = 1 + random() % 40; rows > 0; --rows) {
      for (int column = 0; column < 12; ++column) {
        if (column) text += ',';
        bool quoted = random() % 2;
        if (quoted) text += '"';
        for (auto n = random() % 12; n > 0; --n) {
          char c = quoted ? "abc,\n\r \""[random() % 8] : "abc.- "[random() % 6];
          text += c;
          if (c == '"') text += c;
        }
        if (quoted) text += '"';
      }
      text += random() % 2 ? "\n" : "\r\n";
    }
    REQUIRE(read(text) == read_reference(text, {}));
  }
}

TEST_CASE("a cell that is written is one cell, and no formula, whoever splits it") {
  using csv::cell;
  CHECK(cell("plain") == "plain");
  CHECK(cell("a,b \"c\"") == "\"a,b \"\"c\"\"\"");
  CHECK(cell("a, -b") == "\"a, -b\"");
  CHECK(cell("=cmd") == "\"'=cmd\"");
  CHECK(cell("\t=cmd") == "\"'\t'=cmd\"");
  CHECK(cell("AS1;AS2") == "\"AS1;AS2\"");
  CHECK(cell("x;=cmd") == "\"x;'=cmd\"");
  CHECK(cell("x\n@cmd") == "\"x\n'@cmd\"");
  CHECK(cell("x\t +cmd") == "\"x\t '+cmd\"");
  CHECK(cell("x;\"-cmd\"") == "\"x;\"\"'-cmd\"\"\"");
  CHECK(cell("'s-Hertogenbosch") == "'s-Hertogenbosch");
}

TEST_CASE("a cell that was written is read back as it was") {
  using csv::cell, csv::plain;
  CHECK(plain("'=cmd") == "=cmd");
  CHECK(plain("x; '-y") == "x; -y");
  CHECK(plain("it's 'quoted'") == "it's 'quoted'");
  std::mt19937_64 random(20261123);
  for (int i = 0; i < 100'000; ++i) {
    std::string text;
    for (auto length = random() % 9; length > 0; --length) text += "'\"=@ ;\t\r\n,x"[random() % 11];
    std::string written = cell(text) + ",end\n";
    csv::Reader reader(written, {});
    REQUIRE(reader.next() == csv::Step::record);
    CAPTURE(written);
    REQUIRE(plain(reader.fields()[0]) == text);
  }
}

}  // namespace tocsin
