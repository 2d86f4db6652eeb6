// What the followers of the main path pass on: of exercises, history and made-up worlds no alerts.
#include "node/pipeline.h"

#include <fmt/format.h>

#include <filesystem>
#include <fstream>

#include "model/finding.h"
#include "node/node.h"
#include "temporary_folder.h"
#include "test.h"

namespace tocsin::node {
namespace {

constexpr TimeUs noon = 1'767'268'800'000'000;  // 2026-01-01T12:00:00Z

constexpr std::string_view config = R"([enrich]
location_database = "off"
[feed.real]
collector = "directory"
format = "intelmq"
path = "/nowhere"
tlp = "green"
[feed.drill]
collector = "directory"
format = "intelmq"
path = "/nowhere"
tlp = "green"
exercise = true
[feed.world]
collector = "directory"
format = "intelmq"
path = "/nowhere"
tlp = "green"
simulated = true
)";

struct World {
  TemporaryFolder folder;
  std::unique_ptr<Node> node;

  explicit World(bool simulated = false) {
    std::string home = folder.file("home");
    std::filesystem::create_directories(home);
    std::ofstream(home + "/tocsin.toml") << config;
    auto opened = Node::open({.home = home, .simulated = simulated, .now = [] { return noon; }});
    REQUIRE_MESSAGE(opened, opened.error().what);
    node = *std::move(opened);
    REQUIRE(node->alerts().book().import(
        "name,prefixes,contacts\nBank,192.0.2.0/24,soc@bank.example.org\n", {}, noon));
  }
  struct Row {
    const char* ip;
    const char* type = "infected-system";
    const char* more = "";
  };
  void take(const char* feed, const Row& row, std::uint8_t flags = 0) {
    std::string event = fmt::format(
        R"({{"classification.type":"{}","time.source":"2026-01-01T10:00:00Z","source.ip":"{}",)"
        R"("malware.name":"mirai"{}}})",
        row.type, row.ip, row.more);
    ingest::Delivery delivery{.name = "events.json", .bytes = event + "\n", .flags = flags};
    auto receipt = node->intake().deliver(node->feeds().named(feed), delivery);
    REQUIRE(receipt);
    CHECK(receipt->events == 1);
    REQUIRE(node->wait_visible(std::chrono::seconds(20)));
  }
  // Of which addresses something waits to be told, and why.
  std::vector<std::string> queued() {
    std::vector<std::string> out;
    REQUIRE(node->alerts().outbox().each_item([&](const alert::Item& item) {
      auto finding = node->findings().one(item.finding);
      REQUIRE(finding);
      out.push_back(fmt::format("{} {}", ip::format(finding->ip), name(item.why)));
    }));
    std::ranges::sort(out);
    return out;
  }
};

using Words = std::vector<std::string>;

}  // namespace

TEST_CASE(
    "nobody is alerted of an exercise, of history or of a made-up world; of the rest they are") {
  World world;
  SUBCASE("a feed that is an exercise") {
    world.take("drill", {"192.0.2.1"});
  }
  SUBCASE("a report that is an exercise") {
    world.take("real", {"192.0.2.1"}, flag_exercise);
  }
  SUBCASE("an event that is an exercise") {
    world.take("real", {"192.0.2.1", "infected-system", R"(,"exercise":true)"});
  }
  SUBCASE("RSIT's type test") {
    world.take("real", {"192.0.2.1", "test"});
  }
  SUBCASE("history") {
    world.take("real", {"192.0.2.1"}, flag_history);
  }
  SUBCASE("a feed of a made-up world") {
    world.take("world", {"192.0.2.1"});
  }
  CHECK(*world.node->columns().count({.filter = *store::parse_filter("is:exercise,real", noon)}) ==
        1);
  CHECK(world.queued().empty());
  world.take("real", {"192.0.2.2"});
  CHECK(world.queued() == Words{"192.0.2.2 new"});
  auto dry = world.node->alerts().dry_run("ana");
  REQUIRE(dry);
  CHECK(dry->findings == 1);
}

TEST_CASE("what was history or played alone is told when it is real, and then not raised by play") {
  World world;
  World::Row low{"192.0.2.1", "infected-system", R"(,"severity":"low")"};
  World::Row worst{"192.0.2.1", "infected-system", R"(,"severity":"critical")"};
  world.take("real", low, flag_history);
  world.take("drill", low);
  CHECK(world.queued().empty());
  world.take("real", {low.ip, low.type, R"(,"severity":"low","source.port":1024)"});
  CHECK(world.queued() == Words{"192.0.2.1 new"});
  world.take("drill", worst);
  world.take("real", worst, flag_exercise);
  CHECK(world.queued() == Words{"192.0.2.1 new"});
  world.take("real", worst);
  CHECK(world.queued() == Words{"192.0.2.1 new", "192.0.2.1 raised"});
}

TEST_CASE("in a node where all is made up, its feeds show how alerts would be; none can be sent") {
  World world(true);
  world.take("world", {"192.0.2.1"});
  CHECK(world.queued() == Words{"192.0.2.1 new"});
  REQUIRE(world.node->alerts().dry_run("ana"));
  CHECK(!world.node->alerts().switch_on("ana"));
}

}  // namespace tocsin::node
