#include "store/columns.h"

#include "temporary_folder.h"
#include "test.h"

namespace tocsin::store {
namespace {

constexpr TimeUs noon = 1'767'268'800'000'000;  // 2026-01-01T12:00:00Z

std::shared_ptr<EventBatch> batch(Dictionary& words, std::uint64_t seq, int count,
                                  TimeUs received = noon) {
  auto b = std::make_shared<EventBatch>();
  b->seq = seq;
  b->feed = words.id("sinkhole");
  b->report = 9;
  b->received = received;
  for (int i = 0; i < count; ++i) {
    b->add_row();
    b->source.ip.back() = Ip::from_v4(0xc0000200u + static_cast<unsigned>(i));
    b->source.country.back() = *Country::parse(i % 2 == 0 ? "BR" : "NL");
    b->source.name.back() = b->keep("h" + std::to_string(i) + ".example.org");
    b->family.back() = words.id("mirai");
    b->type.back() = Type::infected_system;
    b->time.back() = noon + i;
    b->observed.back() = noon;
    b->hash.back() = {seq, static_cast<std::uint64_t>(i)};
    if (i == 0) b->account.back() = b->keep("m\"x");
    b->extra.back() = b->keep("\"extra.tag\":\"t\"");
  }
  return b;
}

std::uint64_t count(const Columns& columns, const char* filter) {
  return *columns.count({.filter = *parse_filter(filter, noon)});
}

}  // namespace

TEST_CASE("what was flushed is found again, after opening too, and applied once") {
  TemporaryFolder folder;
  Dictionary words;
  {
    auto columns = *Columns::open(folder.path(), {}, words);
    CHECK(columns->count({}) == 0);
    REQUIRE(columns->apply(batch(words, 1, 3000)));
    REQUIRE(columns->apply(batch(words, 1, 3000)));
    CHECK(columns->watermark() == 0);
    REQUIRE(columns->flush());
    CHECK(columns->watermark() == 1);
    REQUIRE(columns->apply(batch(words, 2, 10)));  // never flushed
  }
  auto columns = *Columns::open(folder.path(), {}, words);
  CHECK(columns->watermark() == 1);
  CHECK(columns->count({}) == 3000);
  CHECK(columns->days()->size() == 1);
  CHECK(columns->hashes(times::day_of(noon))->size() == 3000);
  auto found = columns->events({.filter = *parse_filter("192.0.2.0", noon)});
  REQUIRE(found);
  REQUIRE(found->ids == std::vector<EventId>{event_id(1, 0)});
  CHECK(found->events.text(found->events.extra[0]) == R"("source.account":"m\"x","extra.tag":"t")");
  CHECK(found->events.text(found->events.source.name[0]) == "h0.example.org");
}

TEST_CASE("filters are answered by the columns") {
  TemporaryFolder folder;
  Dictionary words;
  auto columns = *Columns::open(folder.path(), {}, words);
  REQUIRE(columns->apply(batch(words, 1, 100)));
  REQUIRE(columns->flush());
  CHECK(count(*columns, "192.0.2.0/28") == 16);
  CHECK(count(*columns, "country:BR") == 50);
  CHECK(count(*columns, "-country:BR") == 50);
  CHECK(count(*columns, "family:mirai type:infected-system country:NL,DE") == 50);
  CHECK(count(*columns, "family:qakbot") == 0);
  CHECK(count(*columns, "class:malicious-code feed:sinkhole") == 100);
  CHECK(count(*columns, "name:h7.example.org") == 1);
  CHECK(count(*columns, "family:it's") == 0);
  CHECK(columns->count({.since = noon + 10, .until = noon + 20}) == 10);
}

TEST_CASE("each month of arrival has its file, and retention drops old ones") {
  TemporaryFolder folder;
  Dictionary words;
  auto columns = *Columns::open(folder.path(), {}, words);
  REQUIRE(columns->apply(batch(words, 1, 5)));
  REQUIRE(columns->apply(batch(words, 2, 7, noon + 40 * us_per_day)));
  REQUIRE(columns->flush());
  CHECK(columns->count({}) == 12);
  CHECK(columns->drop_before(times::day_of(noon + 40 * us_per_day)) == 1);
  CHECK(columns->count({}) == 7);
}

}  // namespace tocsin::store
