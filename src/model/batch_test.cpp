#include "model/batch.h"

#include "test.h"

namespace tocsin {
namespace {

EventBatch small_batch() {
  EventBatch b;
  b.seq = 7;
  b.feed = 3;
  for (int i = 0; i < 3; ++i) {
    b.add_row();
    b.time.back() = 1'000'000 + i;
    b.source.ip.back() = Ip::from_v4(0xc0000207u + static_cast<unsigned>(i));
    b.source.name.back() = b.keep("www.example.org");
    b.type.back() = Type::infected_system;
    b.sector.back() = 5;
    b.joined.back() = 6;
    b.joined_country.back() = *Country::parse("NL");
  }
  return b;
}

}  // namespace

TEST_CASE("a batch survives encoding") {
  EventBatch before = small_batch();
  auto after = decode(encode(before));
  REQUIRE(after);
  CHECK(after->seq == 7);
  CHECK(after->size() == 3);
  CHECK(after->text(after->source.name[2]) == "www.example.org");
  CHECK(after->source.ip == before.source.ip);
  CHECK(after->time == before.time);
  CHECK(after->sector == before.sector);
  CHECK(after->joined == before.joined);
  CHECK(after->joined_country == before.joined_country);
}

// The bytes of version 1 as its last build wrote them: those of version 2 with another magic,
// without the 10 bytes a row of the columns that were added, and its own checksum.
TEST_CASE("a batch of version 1 is read, and what it lacks is empty") {
  EventBatch before = small_batch();
  std::string bytes = encode(before);
  bytes.resize(bytes.size() - 8);
  std::size_t added = before.size() * 10;
  bytes.erase(bytes.size() - before.arena.size() - added, added);
  bytes.replace(0, 4, "TSB1");
  std::uint64_t sum = hash64(bytes);
  bytes.append(reinterpret_cast<const char*>(&sum), sizeof sum);
  CHECK(hex(sha256(bytes)) == "75caf2b36347d20e35bea80dd25ae783c13c200406f8d15d43bb3f588c3d19f6");
  auto after = decode(bytes);
  REQUIRE(after);
  CHECK(after->size() == 3);
  CHECK(after->text(after->source.name[2]) == "www.example.org");
  CHECK(after->hash == before.hash);
  CHECK(after->sector == std::vector<WordId>(3));
  CHECK(after->joined == std::vector<WordId>(3));
  CHECK(after->joined_country == std::vector<Country>(3));
  CHECK(encode(*after).starts_with("TSB2"));
  CHECK(!decode(std::string(bytes).replace(0, 4, "TSB3")));
}

TEST_CASE("a damaged batch is refused wherever the damage is") {
  std::string bytes = encode(small_batch());
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::string wrong = bytes;
    wrong[i] = static_cast<char>(wrong[i] ^ 0x20);
    CHECK(!decode(wrong));
    CHECK(!decode(bytes.substr(0, i)));
  }
}

TEST_CASE("kept rows keep their order") {
  EventBatch b = small_batch();
  b.keep_rows({true, false, true});
  REQUIRE(b.size() == 2);
  CHECK(b.time == std::vector<TimeUs>{1'000'000, 1'000'002});
}

TEST_CASE("members are added to a row's extra wherever it stands in the arena") {
  EventBatch batch;
  batch.add_row();
  batch.add_row();
  batch.add_members(0, "\"a\":1");
  batch.add_members(1, "\"b\":2");
  batch.add_members(1, "\"c\":3");
  batch.add_members(0, "\"d\":4");
  batch.add_members(0, "");
  CHECK(batch.text(batch.extra[0]) == "\"a\":1,\"d\":4");
  CHECK(batch.text(batch.extra[1]) == "\"b\":2,\"c\":3");
}

}  // namespace tocsin
