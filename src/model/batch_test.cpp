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
  CHECK(after->flags == before.flags);
}

TEST_CASE("a batch's echoes and the places of its rows survive encoding") {
  EventBatch before = small_batch();
  before.keep_rows({true, false, true});
  before.echoes.push_back(
      {.hash = {1, 2}, .time = 3, .observed = 4, .line = 5, .sector = 6, .place = 1});
  auto after = decode(encode(before));
  REQUIRE(after);
  CHECK(after->place == std::vector<std::uint16_t>{0, 2});
  CHECK(after->id(1) == event_id(7, 2));
  REQUIRE(after->echoes.size() == 1);
  const Echo& echo = after->echoes[0];
  CHECK(echo.hash == Hash128{1, 2});
  CHECK(echo.time == 3);
  CHECK(echo.observed == 4);
  CHECK(echo.line == 5);
  CHECK(echo.sector == 6);
  CHECK(echo.place == 1);
  CHECK(!after->is_act());
}

TEST_CASE("an act survives encoding, and one that is cut is refused") {
  EventBatch before;
  before.seq = 9;
  before.correction = {.kind = Correction::Kind::withdraw,
                       .report = 12,
                       .events = {5, 6},
                       .days = {100, 101},
                       .types = {Type::infected_system},
                       .others = {13},
                       .first = 77,
                       .controllers = true};
  std::string bytes = encode(before);
  auto after = decode(bytes);
  REQUIRE(after);
  REQUIRE(after->is_act());
  CHECK(after->correction.report == 12);
  CHECK(after->correction.events == std::vector<EventId>{5, 6});
  CHECK(after->correction.days == std::vector<Day>{100, 101});
  CHECK(after->correction.types == std::vector<Type>{Type::infected_system});
  CHECK(after->correction.others == std::vector<std::uint64_t>{13});
  CHECK(after->correction.first == 77);
  CHECK(after->correction.controllers);
  CHECK(!after->correction.sinks);
  for (std::size_t size = 0; size < bytes.size(); ++size) CHECK(!decode(bytes.substr(0, size)));
}

TEST_CASE("a batch's arena, made compact, holds only what its rows hold") {
  EventBatch b = small_batch();
  b.account[1] = b.keep("jane@example.org");
  b.account[1] = b.keep("masked");
  b.compact();
  CHECK(!b.arena.contains("jane"));
  CHECK(b.text(b.account[1]) == "masked");
  CHECK(b.text(b.source.name[2]) == "www.example.org");
}

// The bytes of version 1 as its last build wrote them: those of version 3 with another magic,
// without what was added: 11 bytes a row, the 27 after the arena; and its own checksum.
TEST_CASE("a batch of version 1 is read, and what it lacks is empty") {
  EventBatch before = small_batch();
  std::string bytes = encode(before);
  bytes.resize(bytes.size() - 8 - 27);
  std::size_t added = before.size() * 11;
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
  CHECK(encode(*after).starts_with("TSB3"));
  CHECK(!decode(std::string(bytes).replace(0, 4, "TSB4")));
}

// As 0.1.0 wrote them: without the byte a row that says exercise and history, and the 27 after
// the arena.
TEST_CASE("a batch of version 2 is read as one of real events of today") {
  EventBatch before = small_batch();
  std::string bytes = encode(before);
  bytes.resize(bytes.size() - 8 - 27);
  bytes.erase(bytes.size() - before.arena.size() - before.size(), before.size());
  bytes.replace(0, 4, "TSB2");
  std::uint64_t sum = hash64(bytes);
  bytes.append(reinterpret_cast<const char*>(&sum), sizeof sum);
  auto after = decode(bytes);
  REQUIRE(after);
  CHECK(after->sector == before.sector);
  CHECK(after->flags == std::vector<std::uint8_t>(3));
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
