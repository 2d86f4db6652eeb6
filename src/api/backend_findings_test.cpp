// What a node tells of its findings.
#include "api/backend_node.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <filesystem>
#include <fstream>

#include "mmdb_file.h"
#include "temporary_folder.h"
#include "test.h"

namespace tocsin::api {
namespace {

// One report: a host that is infected at noon of a day.
void seen(node::Node& node, const char* day, int host) {
  std::string csv = fmt::format(
      "timestamp,protocol,src_ip,src_port,src_asn,src_geo,dst_ip,dst_port,infection,severity\n"
      "{} 12:00:00,tcp,198.51.100.{},1024,64496,BR,203.0.113.9,80,mirai,critical\n",
      day, host);
  auto done = node.intake().deliver(
      {.name = "sinkhole", .format = "shadowserver", .tlp = Tlp::green},
      {.name = fmt::format("{}-event4_sinkhole.csv", day), .bytes = std::move(csv)});
  REQUIRE(done);
  REQUIRE(node.wait_visible(std::chrono::seconds(20)));
}

struct Told {
  std::string state, story;  // oldest first: "first seen 01-01, quiet 01-08"
  std::string newest;        // the last step in full
};

Told told(node::Node& node) {
  NodeBackend backend(node);
  Patience patience{.deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20)};
  auto page = backend.findings({.filter = *store::parse_filter("198.51.100.1", 0)}, patience);
  REQUIRE(page);
  REQUIRE(page->items.size() == 1);
  auto detail = backend.finding(page->items[0].finding.key, patience);
  REQUIRE(detail);
  Told out{std::string(name(detail->row.finding.state)), "", ""};
  out.newest = fmt::format("{} {}", detail->history[0].what, detail->history[0].detail);
  for (const auto& entry : detail->history) {  // newest first
    std::string day = times::format_day(times::day_of(entry.at)).substr(5);
    out.story = fmt::format("{} {}{}{}", entry.what, day, out.story.empty() ? "" : ", ", out.story);
  }
  return out;
}

}  // namespace

TEST_CASE("a finding's history says what its state says") {
  TemporaryFolder folder;
  auto node = *node::Node::open({.home = folder.file("home")});
  seen(*node, "2026-01-01", 1);
  CHECK(told(*node).story == "first seen 01-01");
  SUBCASE("its feed is silent in between: it was never quiet") {
    seen(*node, "2026-03-01", 1);
    CHECK(told(*node).state == "open");
    CHECK(told(*node).story == "first seen 01-01, seen again 03-01");
    CHECK(told(*node).newest ==
          "seen again after 1416 h of silence; not quiet after 72 h, as a feed that saw it had not "
          "delivered past then");
  }
  SUBCASE("its feed delivers in between, without it") {
    seen(*node, "2026-02-01", 2);
    CHECK(told(*node).state == "closed");
    CHECK(told(*node).story.starts_with("first seen 01-01, quiet 01-"));
    CHECK(told(*node).story.contains(", closed "));
    seen(*node, "2026-03-01", 1);
    CHECK(told(*node).state == "reopened");
    CHECK(told(*node).story.starts_with("first seen 01-01, quiet 01-"));
    CHECK(told(*node).story.ends_with("came back 03-01"));
    seen(*node, "2026-02-28", 1);  // late: it was away for a day only
    CHECK(told(*node).state == "reopened");
    CHECK(told(*node).story == "first seen 01-01, seen again 02-28, came back 03-01");
    seen(*node, "2026-06-01", 1);
    CHECK(told(*node).state == "reopened");
    CHECK(told(*node).story.ends_with("came back 03-01, seen again 06-01"));
  }
}

TEST_CASE("an event names the networks of both its ends, and keeps what its report says") {
  TemporaryFolder folder;
  test::MmdbFile asns;
  asns.add("198.51.100.0/24", test::asn_record(64496, "NEAR"));
  asns.add("203.0.113.0/25", test::asn_record(64511, "FAR"));
  std::ofstream(folder.file("asn.mmdb"), std::ios::binary) << asns.bytes();
  std::filesystem::create_directory(folder.file("home"));
  std::ofstream(folder.file("home") + "/tocsin.toml")
      << "[enrich]\nlocation_database = \"off\"\nmmdb_asn = \"" << folder.file("asn.mmdb")
      << "\"\n";
  auto node = *node::Node::open({.home = folder.file("home")});
  seen(*node, "2026-01-01", 1);
  NodeBackend backend(*node);
  Patience patience{.deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20)};
  auto finding = backend.findings({}, patience)->items.at(0).finding;
  for (const auto& page :
       {backend.events({}, patience), backend.finding_events(finding.key, {}, patience)}) {
    REQUIRE(page);
    simdjson::dom::parser parser;
    auto event = parser.parse(page->items.at(0));
    auto text = [&](const char* pointer) {
      std::string_view found;
      CHECK(event.at_pointer(pointer).get(found) == simdjson::SUCCESS);
      return found;
    };
    CHECK(text("/node/source/as_name") == "NEAR");
    CHECK(text("/node/source/network") == "198.51.100.0/24");
    CHECK(text("/node/destination/as_name") == "FAR");
    CHECK(text("/node/destination/network") == "203.0.113.0/25");
    CHECK(std::uint64_t(event.at_pointer("/destination/asn")) == 64511);
  }
}

TEST_CASE("a walk over the findings gives no total and every one once") {
  TemporaryFolder folder;
  auto node = *node::Node::open({.home = folder.file("home")});
  for (int host = 1; host <= 5; ++host) seen(*node, "2026-01-01", host);
  NodeBackend backend(*node);
  FindingsAsk ask{.limit = 2, .walk = true};
  std::vector<std::string> subjects;
  int pages = 0;
  do {
    auto page = backend.findings(ask, {});
    REQUIRE(page);
    CHECK(!page->total);
    for (const auto& row : page->items) subjects.push_back(row.finding.subject);
    ask.cursor = page->next;
    seen(*node, fmt::format("2026-01-0{}", ++pages + 1).c_str(), 1);
  } while (!ask.cursor.empty());
  CHECK(pages == 3);
  CHECK(subjects == std::vector<std::string>{"198.51.100.1", "198.51.100.2", "198.51.100.3",
                                             "198.51.100.4", "198.51.100.5"});
}

}  // namespace tocsin::api
