// The series of a whole node: what comes in by reports, what goes by withdrawals, and restarts.
#include <fmt/format.h>

#include <filesystem>
#include <fstream>

#include "node/node.h"
#include "temporary_folder.h"
#include "test.h"
#include "warn/series_query.h"

namespace tocsin::node {
namespace {

std::string home(const TemporaryFolder& folder) {
  std::string path = folder.file("home");
  std::filesystem::create_directories(path);
  std::ofstream(path + "/tocsin.toml") << "[enrich]\nlocation_database = \"off\"\n";
  return path;
}

std::uint64_t deliver(Node& node, int day, int rows) {
  std::string csv =
      "timestamp,protocol,src_ip,src_port,src_asn,src_geo,dst_ip,dst_port,infection,severity\n";
  for (int i = 0; i < rows; ++i) {
    csv += fmt::format(
        "2026-03-{:02} "
        "{:02}:00:{:02},tcp,198.51.100.{},{},64496,BR,203.0.113.9,80,mirai,critical\n",
        day, i % 24, i % 60, i % 250, 1024 + i);
  }
  auto done = node.intake().deliver(
      {.name = "sinkhole", .format = "shadowserver", .tlp = Tlp::green},
      {.name = fmt::format("2026-03-{:02}-event4_sinkhole.csv", day), .bytes = csv, .cursor = "c"});
  REQUIRE(done);
  return done->report;
}

// Events of a family in a country by day, over March.
std::vector<std::uint64_t> by_day(Node& node) {
  REQUIRE(node.wait_visible(std::chrono::minutes(2)));
  TimeUs since = times::start_of(times::day_from({2026, 3, 1}));
  auto answer = warn::ask(node.series(),
                          {.what = warn::What::family,
                           .where = warn::Where::country,
                           .place = Country::parse("BR")->code,
                           .step = warn::Step::day,
                           .since = since,
                           .until = since + 4 * us_per_day},
                          node.now());
  REQUIRE(answer);
  std::vector<std::uint64_t> counts;
  if (answer->rows.empty()) return {0, 0, 0, 0};
  for (const auto& tick : answer->rows[0].ticks) counts.push_back(tick.events);
  return counts;
}

using Counts = std::vector<std::uint64_t>;

}  // namespace

TEST_CASE("a node's series follow its reports, withdrawals and restarts") {
  TemporaryFolder folder;
  std::uint64_t second = 0;
  {
    auto node = *Node::open({.home = home(folder)});
    deliver(*node, 1, 30);
    second = deliver(*node, 2, 20);
    CHECK(by_day(*node) == Counts{30, 20, 0, 0});
  }
  {
    auto node = *Node::open({.home = home(folder)});
    CHECK(by_day(*node) == Counts{30, 20, 0, 0});
    deliver(*node, 3, 10);
    auto gone = node->corrections().withdraw({.report = second, .reason = "wrong", .by = "test"});
    REQUIRE(gone);
    CHECK(by_day(*node) == Counts{30, 0, 10, 0});
  }
  std::filesystem::remove_all(folder.file("home") + "/series");
  auto node = *Node::open({.home = home(folder)});
  CHECK(by_day(*node) == Counts{30, 0, 10, 0});  // made anew from the events
}

}  // namespace tocsin::node
