// What health says where something is wrong, and what to do about it.
#include <fmt/format.h>

#include <atomic>
#include <filesystem>
#include <fstream>

#include "api/answers.h"
#include "api/backend_node.h"
#include "api/health.h"
#include "base/tls.h"
#include "location_database.h"
#include "node/pause.h"
#include "temporary_folder.h"
#include "test.h"

namespace tocsin::api {
namespace {

struct World {
  TemporaryFolder folder;
  std::shared_ptr<std::atomic<TimeUs>> clock = std::make_shared<std::atomic<TimeUs>>(times::now());
  std::unique_ptr<node::Node> node;

  World() { std::filesystem::create_directories(folder.file("home/tls")); }
  std::string home(std::string_view name = "") const {
    return folder.file("home") + (name.empty() ? "" : "/") + std::string(name);
  }
  void open(std::string_view config = "[enrich]\nlocation_database = \"off\"\n") {
    node.reset();
    std::ofstream(home("tocsin.toml")) << config;
    auto opened = node::Node::open({.home = home(), .now = [c = clock] { return c->load(); }});
    REQUIRE_MESSAGE(opened, opened.error().what);
    node = *std::move(opened);
  }
  Health health() { return NodeBackend(*node).health(); }
  // The named check; its name is empty if there is none.
  HealthCheck check(std::string_view name) {
    for (const HealthCheck& check : health().checks) {
      if (check.name == name) return check;
    }
    return {};
  }
};

void write_dated(const std::string& path, std::string_view text, TimeUs at) {
  std::ofstream(path) << text;
  std::chrono::sys_time<std::chrono::microseconds> time{std::chrono::microseconds(at)};
  std::filesystem::last_write_time(path, std::chrono::file_clock::from_sys(time));
}

}  // namespace

TEST_CASE("a disk or a memory that is nearly full is told, with what to do") {
  constexpr std::uint64_t gb = 1ull << 30;
  CHECK(memory_check(8 * gb, 10 * gb).ok);
  HealthCheck memory = memory_check(9 * gb + 1, 10 * gb);
  CHECK(!memory.ok);
  CHECK(memory.text == "9216 MB of 10240");
  CHECK(memory.what_to_do.contains("columns_memory_mb"));
  CHECK(memory_check(gb, 0).ok);  // nobody says how much there is
  CHECK(disk_check(6 * gb, 100 * gb).ok);
  CHECK(!disk_check(5 * gb, 100 * gb).ok);
  CHECK(!disk_check(gb, 4 * gb).ok);
  CHECK(disk_check(5 * gb, 100 * gb).what_to_do.contains("[retention]"));
  World world;
  world.open();
  CHECK(world.check("memory").ok);
  CHECK(world.check("memory").what_to_do.empty());
  CHECK(*world.health().memory_bytes > 1'000'000);
}

TEST_CASE("a certificate is told three weeks before its end, its own or a given one") {
  World world;
  std::string file = world.home("tls/node.crt");
  world.open();
  CHECK(world.check("certificate").name.empty());  // on loopback there is none
  REQUIRE(tls::make_self_signed(file, world.home("tls/node.key"), {"localhost"}));
  TimeUs end = *tls::not_after(file);
  *world.clock = end - 22 * us_per_day;
  CHECK(world.check("certificate").ok);
  *world.clock = end - 20 * us_per_day;
  HealthCheck near = world.check("certificate");
  CHECK(!near.ok);
  CHECK(near.text == fmt::format("ends on {}, in 20 days", times::format_day(times::day_of(end))));
  CHECK(near.what_to_do.contains("remove tls/node.crt and tls/node.key"));
  *world.clock = end + us_per_day;
  CHECK(world.check("certificate").text.ends_with("it is over"));
  CHECK(!world.check("certificate").ok);

  world.open(
      fmt::format("[server]\ncertificate_file = \"{}\"\nkey_file = \"{}\"\n[enrich]\n"
                  "location_database = \"off\"\n",
                  file, world.home("tls/node.key")));
  CHECK(world.check("certificate").what_to_do.starts_with("renew it, put it where"));
  std::ofstream(file) << "no certificate";
  CHECK(!world.check("certificate").ok);
  std::filesystem::remove(file);
  CHECK(world.check("certificate").what_to_do.starts_with("name a readable certificate"));
}

TEST_CASE("old databases, lists and schemas are told, each with where a newer one comes from") {
  World world;
  world.open();
  HealthCheck none = world.check("location database");
  CHECK(!none.ok);
  CHECK(none.text == "none");
  CHECK(none.what_to_do.contains("location update"));

  test::write_location_database(world.folder.file("location.db"), "192.0.2.0/24", "BR");
  std::filesystem::create_directories(world.folder.file("lists"));
  std::string list = R"({"name":"a","type":"cidr","list":["192.0.2.1"]})";
  write_dated(world.folder.file("lists/a.json"), list, *world.clock);
  world.open(fmt::format("[enrich]\nlocation_database = \"{}\"\nwarninglists = \"{}\"\n",
                         world.folder.file("location.db"), world.folder.file("lists")));
  TimeUs date = world.node->enrichment().database_date();
  write_dated(world.home("shadowserver-schema.json"), "{}", date);
  write_dated(world.folder.file("lists/a.json"), list, date);
  struct Case {
    const char* name;
    int days;  // at which it is still new enough
    const char* what_to_do;
  };
  for (const Case& c : {Case{"location database", 60, "apply a newer bundle"},
                        Case{"known-good lists", 180, "fetch the warning lists anew"},
                        Case{"report schema", 400, "tocsin feeds update"}}) {
    *world.clock = date + c.days * us_per_day;
    CHECK_MESSAGE(world.check(c.name).ok, c.name);
    *world.clock += us_per_day;
    HealthCheck old = world.check(c.name);
    CHECK_MESSAGE(!old.ok, c.name);
    CHECK(old.text ==
          fmt::format("of {}, {} days old", times::format_day(times::day_of(date)), c.days + 1));
    CHECK_MESSAGE(old.what_to_do.contains(c.what_to_do), old.what_to_do);
  }
  CHECK(object_of(world.health()).text().contains(R"("state":"degraded")"));
}

TEST_CASE("a follower that lags or stands still is told, with how far and why") {
  World world;
  world.open();
  auto begun = world.node->journal().begin_report({.feed = "bulk", .sha256 = "ab"});
  REQUIRE(begun);
  auto batches = [&](std::size_t count) {
    std::vector<std::shared_ptr<EventBatch>> out(count);
    for (auto& batch : out) {
      batch = std::make_shared<EventBatch>();
      batch->received = *world.clock;
      batch->add_row();
    }
    return out;
  };
  SUBCASE("behind") {
    TimeUs begin = *world.clock;
    auto look = [&]() -> Result<void> {
      REQUIRE(world.node->journal().commit(batches(2047), {.report = begun->id}));
      *world.clock = begin + 90 * us_per_s;
      CHECK(world.check("follower findings").ok);
      CHECK(world.check("follower findings").text == "2047 batches behind");
      for (const FollowerRow& row : world.health().followers) CHECK(row.lag_s == 90);
      REQUIRE(world.node->journal().commit(batches(1), {.report = begun->id}));
      for (const char* name : {"columns", "route", "findings", "counts"}) {
        HealthCheck behind = world.check(fmt::format("follower {}", name));
        CHECK_MESSAGE(!behind.ok, name);
        CHECK(behind.text == "2048 batches behind");
        CHECK(behind.what_to_do.contains("the node keeps trying"));
      }
      return {};
    };
    REQUIRE(world.node->followers().paused(look));
  }
  SUBCASE("standing still") {
    CHECK(world.check("follower counts").text == "0 batches behind");
    std::filesystem::remove_all(world.home("counts"));  // below the running node
    ingest::Delivery delivery{.name = "ips.txt", .bytes = "192.0.2.7\n"};
    REQUIRE(world.node->intake().deliver({.name = "ips", .format = "ip_list"}, delivery));
    HealthCheck counts = world.check("follower counts");
    for (int i = 0; i < 400 && counts.ok; ++i) {
      std::ignore = world.node->wait_visible(std::chrono::milliseconds(50));
      counts = world.check("follower counts");
    }
    CHECK(!counts.ok);
    CHECK(counts.text.contains("home/counts"));
    CHECK(counts.what_to_do.contains("look at the log"));
    CHECK(world.check("follower columns").ok);
  }
}

TEST_CASE("a node that is paused after a restore says how it goes on") {
  World world;
  REQUIRE(node::begin_pause(world.home(), *world.clock, "restored from the backup '/srv/b'"));
  world.open();
  HealthCheck pause = world.check("pause");
  CHECK(!pause.ok);
  CHECK(pause.text == "paused: restored from the backup '/srv/b'");
  CHECK(pause.what_to_do.contains("tocsin resume"));
  CHECK(world.health().ready);  // reports that are handed in are taken
  REQUIRE(world.node->resume());
  CHECK(world.check("pause").name.empty());
}

}  // namespace tocsin::api
