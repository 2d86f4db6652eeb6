// What a node says of exercises.
#include <fmt/format.h>

#include <atomic>

#include "api/backend_node.h"
#include "temporary_folder.h"
#include "test.h"

namespace tocsin::api {
namespace {

void told(node::Node& node, const std::string& feed, std::string_view event) {
  REQUIRE(node.intake().deliver({.name = feed, .format = "intelmq", .tlp = Tlp::green},
                                {.name = feed + ".jsonl", .bytes = std::string(event) + "\n"}));
  REQUIRE(node.wait_visible(std::chrono::seconds(20)));
}

}  // namespace

TEST_CASE("an exercise is on for a day after a feed told it, whoever marked it") {
  TemporaryFolder folder;
  std::atomic<TimeUs> now = *times::parse("2026-03-01T12:00:00Z");
  auto node = *node::Node::open({.home = folder.file("home"), .now = [&] { return now.load(); }});
  NodeBackend backend(*node);
  auto on = [&] {
    auto feeds = backend.state().exercises;
    std::ranges::sort(feeds);
    return feeds;
  };
  told(*node, "real", R"({"classification":{"type":"scanner"},"source":{"ip":"192.0.2.1"}})");
  CHECK(on().empty());
  told(*node, "marked",
       R"({"classification":{"type":"scanner"},"exercise":true,"source":{"ip":"192.0.2.1"}})");
  CHECK(on() == std::vector<std::string>{"marked"});
  told(*node, "tests", R"({"classification":{"type":"test"},"source":{"ip":"192.0.2.1"}})");
  CHECK(on() == std::vector<std::string>{"marked", "tests"});
  REQUIRE(
      node->intake().deliver({.name = "report", .format = "ip_list", .tlp = Tlp::green},
                             {.name = "r.txt", .bytes = "192.0.2.2\n", .flags = flag_exercise}));
  REQUIRE(node->wait_visible(std::chrono::seconds(20)));
  CHECK(on() == std::vector<std::string>{"marked", "report", "tests"});
  now += us_per_day + us_per_s;
  CHECK(on().empty());
}

}  // namespace tocsin::api
