// [[retention.rule]]: what is kept shorter than the rest, by type and by marking.
#include <fmt/format.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <thread>

#include "node/node.h"
#include "temporary_folder.h"
#include "test.h"

namespace tocsin::node {
namespace {

constexpr std::string_view rules = R"([enrich]
location_database = "off"
[[retention.rule]]
types = ["brute-force"]
months = 3
[[retention.rule]]
tlp = ["red", "amber+strict"]
months = 6
[[retention.rule]]
types = ["scanner", "phishing"]
tlp = ["green"]
months = 9
)";

// One home whose clock is set by hand.
struct World {
  TemporaryFolder folder;
  std::shared_ptr<std::atomic<TimeUs>> clock = std::make_shared<std::atomic<TimeUs>>();
  std::unique_ptr<Node> node;

  // A node that starts on that day.
  void open(std::string_view day) {
    node.reset();
    *clock = times::start_of(*times::parse_day(day));
    std::string home = folder.file("home");
    std::filesystem::create_directories(home);
    std::ofstream(home + "/tocsin.toml") << rules;
    auto opened = Node::open({.home = home, .now = [clock = clock] { return clock->load(); }});
    REQUIRE_MESSAGE(opened, opened.error().what);
    node = *std::move(opened);
  }
  void take(std::string_view type, Tlp tlp, std::string_view ip, std::string_view day) {
    std::string event =
        fmt::format(R"({{"classification.type":"{}","time.source":"{}T10:00:00Z","source.ip":"{}",)"
                    R"("source.geolocation.cc":"BR"}})",
                    type, day, ip);
    ingest::Delivery delivery{.name = "events.json", .bytes = event + "\n"};
    std::string feed = fmt::format("feed-{}", name(tlp));
    REQUIRE(node->intake().deliver({.name = feed, .format = "intelmq", .tlp = tlp}, delivery));
    REQUIRE(node->wait_visible(std::chrono::seconds(20)));
  }
  std::uint64_t events(std::string_view filter) {
    return *node->columns().count(
        {.filter = *store::parse_filter(std::string(filter), node->now())});
  }
  std::uint64_t counted() {
    auto answer = node->counts().query(
        {.cut = store::Cut::country,
         .period = {times::day_from({2026, 3, 1}), times::day_from({2026, 4, 1})}});
    REQUIRE(answer);
    std::uint64_t events = 0;
    for (const auto& row : answer->rows) events += row.now.events;
    return events;
  }
  // Retention runs with the follower of the columns, soon after the start.
  void expect(std::uint64_t left) {
    for (int i = 0; i < 200 && events("") != left; ++i)
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    CHECK(events("") == left);
    // What went stays in findings and counts.
    CHECK(node->findings().size() == 8);
    CHECK(counted() == 7);
  }
};

}  // namespace

TEST_CASE("a rule drops its types and markings when its months are over, and nothing else") {
  World world;
  world.open("2026-03-10");
  world.take("brute-force", Tlp::green, "192.0.2.1", "2026-03-02");
  world.take("brute-force", Tlp::red, "192.0.2.2", "2026-03-02");
  world.take("infected-system", Tlp::red, "192.0.2.3", "2026-03-02");
  world.take("infected-system", Tlp::amber_strict, "192.0.2.4", "2026-03-02");
  world.take("infected-system", Tlp::green, "192.0.2.5", "2026-03-02");
  world.take("scanner", Tlp::green, "192.0.2.6", "2026-03-02");
  world.take("scanner", Tlp::amber, "192.0.2.7", "2026-03-02");
  world.open("2026-06-30");  // the newest month of arrival is never thinned; this one is
  world.take("brute-force", Tlp::green, "192.0.2.8", "2026-06-29");
  world.expect(8);
  CHECK(world.events("type:brute-force") == 3);

  world.open("2026-07-01");
  world.expect(6);
  CHECK(world.events("type:brute-force") == 1);  // what arrived in June
  CHECK(world.events("192.0.2.8") == 1);
  CHECK(world.events("type:infected-system") == 3);

  world.open("2026-10-01");
  world.expect(4);
  CHECK(world.events("192.0.2.3") == 0);
  CHECK(world.events("192.0.2.4") == 0);
  CHECK(world.events("192.0.2.5") == 1);
  CHECK(world.events("192.0.2.7") == 1);

  world.open("2027-01-01");
  world.expect(3);
  CHECK(world.events("192.0.2.6") == 0);
  CHECK(world.events("192.0.2.7") == 1);  // not of both the type and the marking
}

TEST_CASE("a finding that is made anew still has what a rule dropped") {
  World world;
  world.open("2026-03-10");
  world.take("brute-force", Tlp::green, "192.0.2.1", "2026-03-02");
  world.take("brute-force", Tlp::green, "192.0.2.1", "2026-03-03");
  world.open("2026-07-01");
  world.take("brute-force", Tlp::green, "192.0.2.1", "2026-06-30");
  world.open("2026-07-02");
  for (int i = 0; i < 200 && world.events("") != 1; ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  REQUIRE(world.events("") == 1);
  REQUIRE(world.node->journal().prune(world.node->journal().last_seq()));
  world.node.reset();
  std::filesystem::remove(world.folder.file("home/findings/findings.snapshot"));
  world.open("2026-07-03");
  CHECK(world.node->journal().value("begins.findings") == "");  // nothing is absent
  auto page = world.node->findings().find({.limit = 10});
  REQUIRE(page);
  REQUIRE(page->items.size() == 1);
  CHECK(page->items[0].times == 3);
  CHECK(times::format_day(times::day_of(page->items[0].first)) == "2026-03-02");
}

TEST_CASE("what is held stays, whatever a rule says, until the hold is lifted") {
  World world;
  world.open("2026-03-10");
  world.take("brute-force", Tlp::green, "192.0.2.1", "2026-03-02");
  auto hold = world.node->law().hold({.kind = "subject", .what = "192.0.2.1", .reason = "a court"});
  REQUIRE(hold);
  world.open("2026-06-30");
  world.take("infected-system", Tlp::green, "192.0.2.2", "2026-06-29");
  world.open("2026-07-01");
  // As long as the first test needs for a rule to have worked, and more.
  std::this_thread::sleep_for(std::chrono::seconds(1));
  CHECK(world.events("type:brute-force") == 1);
  REQUIRE(world.node->law().lift(hold->id, "x"));
  world.open("2026-07-02");
  for (int i = 0; i < 200 && world.events("") != 1; ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  CHECK(world.events("type:brute-force") == 0);
}

TEST_CASE("a rule that cannot be is refused by file, line and key") {
  auto wrong =
      parse_config("[[retention.rule]]\ntypes = [\"no-type\"]\nmonths = 3\n", "tocsin.toml", "/h");
  REQUIRE(!wrong);
  CHECK(wrong.error().what.contains("tocsin.toml:2: retention.rule.types"));
  CHECK(!parse_config("[[retention.rule]]\ntlp = [\"purple\"]\nmonths = 3\n", "t", "/h"));
  CHECK(!parse_config("[[retention.rule]]\ntlp = [\"red\"]\nmonths = 0\n", "t", "/h"));
  CHECK(!parse_config("[retention]\nrule = 3\n", "t", "/h"));
}

}  // namespace tocsin::node
