// What feeds are worth: figures that were counted by hand.
#include <fmt/format.h>

#include <atomic>
#include <filesystem>
#include <fstream>

#include "api/answers.h"
#include "api/backend_node.h"
#include "temporary_folder.h"
#include "test.h"

namespace tocsin::api {
namespace {

constexpr TimeUs ten = 1'767'261'600'000'000;  // 2026-01-01T10:00:00Z, when everything happens

struct World {
  TemporaryFolder folder;
  std::shared_ptr<std::atomic<TimeUs>> clock = std::make_shared<std::atomic<TimeUs>>(ten);
  std::unique_ptr<node::Node> node;

  World() {
    std::string home = folder.file("home");
    std::filesystem::create_directories(home);
    std::ofstream config(home + "/tocsin.toml");
    config << "[enrich]\nlocation_database = \"off\"\n";
    for (const char* feed : {"quick", "slow", "third", "silent"}) {
      config << fmt::format(
          "[feed.{}]\ncollector = \"directory\"\nformat = \"intelmq\"\npath = \"/nowhere\"\n",
          feed);
    }
    config.close();
    auto opened = node::Node::open({.home = home, .now = [c = clock] { return c->load(); }});
    REQUIRE_MESSAGE(opened, opened.error().what);
    node = *std::move(opened);
  }
  // One report of a feed, so long after it happened: a host of 192.0.2.0/24 each.
  void take(const char* feed, int after_s, std::initializer_list<int> hosts,
            std::uint8_t flags = 0) {
    std::string events;
    for (int host : hosts) {
      events += fmt::format(
          R"({{"classification.type":"infected-system","time.source":"2026-01-01T10:00:00Z",)"
          R"("source.ip":"192.0.2.{}","malware.name":"mirai"}})"
          "\n",
          host);
    }
    *clock = ten + after_s * us_per_s;
    ingest::Delivery delivery{.name = "events.json", .bytes = std::move(events), .flags = flags};
    REQUIRE(node->intake().deliver(node->feeds().named(feed), delivery));
    REQUIRE(node->wait_visible(std::chrono::seconds(20)));
  }
  void judge(int host, Verdict verdict) {
    auto filter = *store::parse_filter(fmt::format("192.0.2.{}", host), node->now());
    auto keys = node->findings().keys(filter, 2);
    REQUIRE(keys);
    REQUIRE(keys->size() == 1);
    REQUIRE(node->triage().act({.findings = *keys, .change = {.verdict = verdict}, .user = "ana"}));
  }
};

}  // namespace

TEST_CASE("a feed's worth: what it alone reports, what others do too, how late, how often wrong") {
  World world;
  world.take("quick", 300, {1, 2, 3, 4, 5, 7});
  world.take("quick", 300, {8, 9}, flag_exercise);  // a drill says nothing of its feed
  world.take("slow", 7200, {4, 5, 6, 7});
  world.take("third", 7200, {7});
  world.judge(1, Verdict::false_positive);
  world.judge(4, Verdict::false_positive);
  world.judge(5, Verdict::confirmed);
  world.judge(6, Verdict::confirmed);

  NodeBackend backend(*world.node);
  std::map<std::string, FeedScore> by_feed;
  std::string order;
  for (const FeedScore& score : backend.feed_scores()) {
    if (score.findings == 0 && score.feed != "silent") continue;
    by_feed[score.feed] = score;
    order += score.feed + " ";
  }
  CHECK(order == "silent third slow quick ");  // of 0, 0 of 1, 1 of 4, 3 less a false one of 6

  const FeedScore& quick = by_feed["quick"];
  CHECK(quick.findings == 6);
  CHECK(quick.open == 6);
  CHECK(quick.unique == 3);
  CHECK(quick.unique_false == 1);
  CHECK(quick.judged == 3);
  CHECK(quick.false_positive == 2);
  REQUIRE(quick.overlaps.size() == 2);
  CHECK(quick.overlaps[0].feed == "slow");
  CHECK(quick.overlaps[0].findings == 3);
  CHECK(quick.overlaps[1].feed == "third");
  CHECK(quick.overlaps[1].findings == 1);
  CHECK(quick.delay_p50_s == 384);  // 300 s: the bucket that ends at 256 and a half of it

  const FeedScore& slow = by_feed["slow"];
  CHECK(slow.findings == 4);
  CHECK(slow.unique == 1);
  CHECK(slow.unique_false == 0);
  CHECK(slow.judged == 3);
  CHECK(slow.false_positive == 1);
  REQUIRE(slow.overlaps.size() == 2);
  CHECK(slow.overlaps[0].feed == "quick");
  CHECK(slow.overlaps[0].findings == 3);
  CHECK(slow.delay_p50_s == 8192);
  std::string json = object_of(slow).text();
  for (const char* figure :
       {R"("unique_percent":25)", R"("false_percent":33.3)", R"("percent":75)"})
    CHECK_MESSAGE(json.contains(figure), json);

  const FeedScore& third = by_feed["third"];
  CHECK(third.unique == 0);
  CHECK(third.judged == 0);
  CHECK(!object_of(third).text().contains("false_percent"));
  CHECK(third.advice == "0 of its 1 findings come from no other feed: without it little is lost");
  CHECK(by_feed["silent"].advice == "it has delivered no findings");
  CHECK(!by_feed["silent"].delay_p50_s);
}

TEST_CASE("a feed of which much is judged false is said to be told or dropped") {
  World world;
  world.take("quick", 300, {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20});
  NodeBackend backend(*world.node);
  auto advice = [&] {
    for (const FeedScore& score : backend.feed_scores()) {
      if (score.feed == "quick") return score.advice;
    }
    return std::string("no such feed");
  };
  for (int host = 1; host <= 19; ++host)
    world.judge(host, host <= 7 ? Verdict::false_positive : Verdict::confirmed);
  CHECK(advice().empty());  // 7 of 19: too few to say
  world.judge(20, Verdict::accepted_risk);
  CHECK(advice() == "35 % of what was judged is false: tell its provider, or drop it");
  world.judge(7, Verdict::confirmed);  // 6 of 20
  CHECK(advice().empty());
}

}  // namespace tocsin::api
