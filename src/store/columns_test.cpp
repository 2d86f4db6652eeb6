#include "store/columns.h"

#include <filesystem>

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

// As schema 1 had them: what later ones added is taken away again.
void make_old(const std::string& folder) {
  auto duck = *Duck::open({.memory_mb = 256,
                           .threads = 1,
                           .temporary_folder = folder + "/tmp",
                           .allowed_folder = folder + "/"});
  auto connection = *duck.connect();
  REQUIRE(connection.run("ATTACH '" + folder + "/events-2026_01.duckdb' AS old"));
  for (const char* column : {"sector", "joined", "joined_country", "flags"}) {
    REQUIRE(connection.run(std::string("ALTER TABLE old.events DROP COLUMN ") + column));
  }
  for (const char* table : {"echoes", "kept_from"}) {
    REQUIRE(connection.run(std::string("DROP TABLE old.") + table));
  }
  REQUIRE(connection.run("UPDATE old.applied SET schema = 1"));
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

TEST_CASE("what an exercise brought is left out unless it is asked for") {
  TemporaryFolder folder;
  Dictionary words;
  auto columns = *Columns::open(folder.path(), {}, words);
  auto b = batch(words, 1, 10);
  b->flags[0] = flag_exercise;
  b->flags[1] = flag_history;
  b->type[2] = Type::test;
  REQUIRE(columns->apply(b));
  REQUIRE(columns->flush());
  CHECK(count(*columns, "") == 8);
  CHECK(count(*columns, "is:exercise") == 2);
  CHECK(count(*columns, "is:history") == 1);
  CHECK(count(*columns, "-is:exercise") == 8);
  CHECK(count(*columns, "is:exercise,real") == 10);
  CHECK(count(*columns, "is:*") == 10);
}

TEST_CASE("a file of schema 1 is brought up to date when it is opened, and goes on") {
  TemporaryFolder folder;
  Dictionary words;
  {
    auto columns = *Columns::open(folder.path(), {}, words);
    REQUIRE(columns->apply(batch(words, 1, 100)));
    REQUIRE(columns->flush());
  }
  make_old(folder.path());
  for (int again = 0; again < 2; ++again) {
    auto columns = *Columns::open(folder.path(), {}, words);
    CHECK(columns->watermark() == 1u + static_cast<unsigned>(again));
    CHECK(count(*columns, "country:BR sector:unknown controller:unknown") ==
          50u + 5u * static_cast<unsigned>(again));
    auto found =
        columns->events({.filter = *parse_filter("192.0.2.7", noon), .oldest_first = true});
    REQUIRE(found);
    CHECK(found->events.sector[0] == 0);
    CHECK(found->events.text(found->events.source.name[0]) == "h7.example.org");
    REQUIRE(columns->apply(batch(words, 2, 10)));
    REQUIRE(columns->flush());
  }
  {
    auto duck = *Duck::open({.memory_mb = 256,
                             .threads = 1,
                             .temporary_folder = folder.path() + "/tmp",
                             .allowed_folder = folder.path() + "/"});
    auto connection = *duck.connect();
    REQUIRE(connection.run("ATTACH '" + folder.path() + "/events-2026_01.duckdb' AS newer"));
    REQUIRE(connection.run("UPDATE newer.applied SET schema = 4"));
  }
  auto refused = Columns::open(folder.path(), {}, words);
  REQUIRE(!refused);
  CHECK(refused.error().what.contains("schema 4"));
}

TEST_CASE("joined controllers and sectors are found") {
  TemporaryFolder folder;
  Dictionary words;
  auto columns = *Columns::open(folder.path(), {}, words);
  auto b = batch(words, 1, 6);
  for (std::size_t i = 0; i < 6; ++i) {
    b->roles[i] = {Role::affected, i < 2 ? Role::controller : Role::sinkhole};
    b->controller_reason[i] = i < 2 ? ControllerReason::feed : ControllerReason::join;
    if (i < 2) b->destination.country[i] = *Country::parse("DE");
  }
  b->destination.ip[0] = Ip::from_v4(0xcb007107u);  // 203.0.113.7
  b->destination.name[1] = b->keep("c2.example.org");
  for (std::size_t i = 2; i < 5; ++i) b->joined_country[i] = *Country::parse("NL");
  b->joined[2] = words.id("203.0.113.7");
  b->joined[3] = words.id("c2.example.org");
  b->controller_reason[5] = ControllerReason::unknown;
  b->sector[0] = b->sector[3] = words.id("health care");
  b->sector[1] = words.id("energy");
  REQUIRE(columns->apply(b));
  REQUIRE(columns->flush());
  CHECK(count(*columns, "controller:203.0.113.7") == 2);
  CHECK(count(*columns, "controller:203.0.113.0/24") == 2);
  CHECK(count(*columns, "controller:198.51.100.0/24") == 0);
  CHECK(count(*columns, "controller:c2.example.org") == 2);
  CHECK(count(*columns, "controller:*.example.org") == 2);
  CHECK(count(*columns, "controller:*") == 5);
  CHECK(count(*columns, "controller:unknown") == 1);
  CHECK(count(*columns, "controller_country:NL") == 3);
  CHECK(count(*columns, "controller_country:DE") == 2);
  CHECK(count(*columns, "-controller_country:NL") == 3);
  CHECK(count(*columns, "sector:\"Health Care\"") == 2);
  CHECK(count(*columns, "sector:health*,energy") == 3);
  CHECK(count(*columns, "sector:unknown") == 3);
  auto found =
      columns->events({.filter = *parse_filter("controller:203.0.113.7 sector:unknown", noon)});
  REQUIRE(found);
  REQUIRE(found->events.size() == 1);
  CHECK(words.word(found->events.joined[0]) == "203.0.113.7");
  CHECK(found->events.joined_country[0].text() == "NL");
}

TEST_CASE("controllers that were seen are told with their days, sinkholes are not") {
  TemporaryFolder folder;
  Dictionary words;
  auto columns = *Columns::open(folder.path(), {}, words);
  auto b = batch(words, 1, 4);
  for (std::size_t i = 0; i < 4; ++i) {
    b->type[i] = Type::c2_server;
    b->roles[i].source = i == 3 ? Role::sinkhole : Role::controller;
    b->source.ip[i] = Ip::from_v4(0xcb007107u);
    b->source.country[i] = *Country::parse("NL");
    b->source.name[i] = b->keep("c2.example.org");
    b->time[i] = noon + static_cast<TimeUs>(i) * us_per_day;
  }
  b->source.country[2] = {};
  REQUIRE(columns->apply(b));
  REQUIRE(columns->flush());
  auto seen = columns->seen_controllers(10);
  REQUIRE(seen);
  REQUIRE(seen->size() == 1);
  CHECK(seen->front().ip == Ip::from_v4(0xcb007107u));
  CHECK(seen->front().name == "c2.example.org");
  CHECK(words.word(seen->front().family) == "mirai");
  CHECK(seen->front().first == times::day_of(noon));
  CHECK(seen->front().last == times::day_of(noon) + 1);
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

TEST_CASE("a batch whose flush failed is not done until a flush of it works") {
  TemporaryFolder folder;
  Dictionary words;
  auto columns = *Columns::open(folder.path(), {}, words);
  REQUIRE(columns->apply(batch(words, 1, 5)));
  REQUIRE(columns->flush());
  std::string path = folder.path() + "/events-2026_02.duckdb";
  {
    auto duck = *Duck::open({.memory_mb = 256,
                             .threads = 1,
                             .temporary_folder = folder.path() + "/tmp",
                             .allowed_folder = folder.path() + "/"});
    auto connection = *duck.connect();
    REQUIRE(connection.run("ATTACH '" + path + "' AS newer"));
    REQUIRE(connection.run("CREATE TABLE newer.applied(seq UBIGINT, schema INTEGER)"));
    REQUIRE(connection.run("INSERT INTO newer.applied VALUES(0, 99)"));
  }
  TimeUs february = noon + 40 * us_per_day;
  auto large = batch(words, 2, static_cast<int>(columns_flush_rows), february);
  for (int again = 0; again < 3; ++again) {
    auto refused = columns->apply(large);
    REQUIRE(!refused);
    CHECK(refused.error().what.contains("schema 99"));  // each time, not "already exists"
    CHECK(columns->is_waiting());
    CHECK(columns->watermark() == 1);
  }
  CHECK(columns->count({}) == 5);
  std::filesystem::remove(path);
  REQUIRE(columns->apply(large));
  CHECK(columns->watermark() == 2);
  CHECK(!columns->is_waiting());
  CHECK(columns->count({}) == 5 + columns_flush_rows);
}

TEST_CASE("a backup ends at one seq in every file, whatever came in meanwhile") {
  TemporaryFolder folder;
  Dictionary words;
  TimeUs february = noon + 40 * us_per_day;
  auto columns = *Columns::open(folder.path(), {}, words);
  REQUIRE(columns->apply(batch(words, 1, 5)));
  REQUIRE(columns->apply(batch(words, 2, 7, february)));
  REQUIRE(columns->apply(batch(words, 3, 11)));  // the clock went back
  REQUIRE(columns->apply(batch(words, 4, 13, february)));
  REQUIRE(columns->flush());
  std::string copies = folder.path() + "/backup";
  std::filesystem::create_directory(copies);
  REQUIRE(columns->backup_to(copies, 2));
  auto copy = *Columns::open(copies, {}, words);
  CHECK(copy->watermark() == 2);
  CHECK(copy->count({}) == 12);
  REQUIRE(copy->apply(batch(words, 3, 11)));
  REQUIRE(copy->apply(batch(words, 4, 13, february)));
  REQUIRE(copy->flush());
  CHECK(copy->count({}) == 36);
}

TEST_CASE("columns that relaxed hold the same, and take more") {
  TemporaryFolder folder;
  Dictionary words;
  auto columns = *Columns::open(folder.path(), {.memory_mb = 64}, words);
  REQUIRE(columns->relax());
  for (std::uint64_t seq : {1, 2}) {
    REQUIRE(columns->apply(batch(words, seq, 1000)));
    REQUIRE(columns->flush());
    REQUIRE(columns->relax());
    CHECK(columns->count({}) == seq * 1000);
  }
}

}  // namespace tocsin::store
