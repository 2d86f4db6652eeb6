#include "ingest/cursor.h"

#include "test.h"

namespace tocsin::ingest {

TEST_CASE("a cursor is read back as it was written, and a broken one is empty") {
  Cursor cursor;
  CHECK(cursor.text().empty());
  cursor.set("etag", "\"a\\b\"");
  cursor.set("uid", "42");
  Cursor back = Cursor::parse(cursor.text());
  CHECK(back.get("etag") == "\"a\\b\"");
  CHECK(back.number("uid") == 42);
  CHECK(back.number("none") == 0);
  back.set("etag", "");
  CHECK(back.text() == R"({"uid":"42"})");
  for (auto text : {"", "{", "[1]", "null", "{\"a\":1}"}) CHECK(Cursor::parse(text).text() == "");
}

TEST_CASE("hashes are kept in 11 characters each") {
  std::vector<std::uint64_t> hashes = {0, 1, 0x0123456789abcdef, UINT64_MAX};
  std::string text = hashes_to_text(hashes);
  CHECK(text.size() == 44);
  CHECK(hashes_from_text(text) == hashes);
  CHECK(hashes_from_text("not base64!!").empty());
  CHECK(hashes_from_text("").empty());
}

}  // namespace tocsin::ingest
