#include "share/statement.h"

#include "base/hash.h"
#include "base/json.h"
#include "test.h"

namespace tocsin::share {
namespace {

const TimeUs now = *times::parse("2026-11-23T09:00:00Z");

SigningKey key(char octet) {
  return SigningKey::from_seed(std::string(32, octet)).value();
}

Statement some() {
  return signed_statement("note", "a.example.org", now + 5,
                          {{"words", "caf\u00e9 \"x\" \\"}, {"empty", ""}}, key('a'));
}

std::string replaced(std::string text, std::string_view from, std::string_view to) {
  std::size_t at = text.find(from);
  REQUIRE_MESSAGE(at != text.npos, std::string(from));
  return text.replace(at, from.size(), to);
}

}  // namespace

TEST_CASE("a statement is read as it was said, in one spelling") {
  std::string json = statement_json(some());
  CHECK(json.starts_with(R"({"at":"2026-11-23T09:00:00Z","key":")" + key('a').public_key().text()));
  auto read = read_statement(json);
  REQUIRE(read.has_value());
  CHECK(read->kind == "note");
  CHECK(read->member == "a.example.org");
  CHECK(read->at == now);
  CHECK((*read)["words"] == "caf\u00e9 \"x\" \\");
  CHECK((*read)["empty"].empty());
  CHECK(statement_json(*read) == json);
  CHECK(read_statement(" " + replaced(json, ",\"key\"", " , \"key\"")).has_value());
}

TEST_CASE("a statement that was changed is not the one that was signed") {
  std::string json = statement_json(some());
  for (auto [from, to] : {std::pair{"\"note\"", "\"nota\""},
                          {"a.example.org", "b.example.org"},
                          {"09:00:00", "09:00:01"},
                          {"caf", "Caf"},
                          {"\"words\"", "\"wordz\""}}) {
    CAPTURE(from);
    auto read = read_statement(replaced(json, from, to));
    REQUIRE(!read.has_value());
    CHECK(read.error().fault == Fault::denied);
  }
  auto other =
      read_statement(replaced(json, key('a').public_key().text(), key('b').public_key().text()));
  REQUIRE(!other.has_value());
  CHECK(other.error().fault == Fault::denied);
  auto more = read_statement(replaced(json, "{", R"({"also":"this",)"));
  REQUIRE(!more.has_value());
  CHECK(more.error().fault == Fault::denied);
}

TEST_CASE("what is no statement is refused, wherever it is cut") {
  std::string json = statement_json(some());
  for (std::size_t size = 0; size < json.size(); ++size) {
    CAPTURE(size);
    CHECK(!read_statement(json.substr(0, size)).has_value());
  }
  for (std::string bad :
       {std::string("[]"), std::string("{}"), std::string("null"),
        replaced(json, "\"2026-11-23T09:00:00Z\"", "7"),
        replaced(json, "2026-11-23T09:00:00Z", "2026-11-23 09:00:00"),
        replaced(json, "\"kind\"", "\"Kind\""), replaced(json, "{", R"({"kind":"note",)"),
        replaced(json, "a.example.org", "A.example.org")}) {
    CAPTURE(bad);
    auto read = read_statement(bad);
    REQUIRE(!read.has_value());
    CHECK(read.error().fault == Fault::invalid);
  }
  CHECK(!read_statement(std::string(statement_bytes_max + 1, ' ')).has_value());
}

TEST_CASE("a text of a statement is one line, whoever signed it") {
  for (std::string words :
       {"a\nb", "a\rb", "a\tb", "\x7f", "\u0085", "\u202e", "\u2028", "\u2066", "\ufeff"}) {
    CAPTURE(words);
    CHECK(!is_one_line(words));
    auto s = signed_statement("note", "a.example.org", now, {{"words", words}}, key('a'));
    auto read = read_statement(statement_json(s));
    REQUIRE(!read.has_value());
    CHECK(read.error().fault == Fault::invalid);
  }
  CHECK(!is_one_line("\xff"));
  CHECK(is_one_line("\u0645\u200c\u06cc \u00a0 \u65e5\u672c"));
  CHECK(is_member("cert.example-1_x"));
  for (std::string bad : {"", ".a", "A", "a b", "a\n", "\u00e9"}) CHECK(!is_member(bad));
  CHECK(!is_member(std::string(65, 'a')));
}

TEST_CASE("a clock that is far ahead is told of, one that is a little ahead is not") {
  Statement s = some();
  CHECK(check_clock(s, now - clocks_differ_max).has_value());
  CHECK(check_clock(s, now + 400 * us_per_day).has_value());
  auto off = check_clock(s, now - 3650 * us_per_day);
  REQUIRE(!off.has_value());
  CHECK(off.error().what.contains("set both by NTP"));
}

}  // namespace tocsin::share
