#include "node/corrections.h"

#include <fmt/format.h>

#include <filesystem>
#include <fstream>

#include "node/node.h"
#include "node/replace.h"
#include "temporary_folder.h"
#include "test.h"

namespace tocsin::node {
namespace {

constexpr const char* header =
    "timestamp,protocol,src_ip,src_port,src_asn,src_geo,dst_ip,dst_port,infection,severity\n";

// Rows of hosts 198.51.100.`from` to `to`.
std::string report(int from, int to) {
  std::string csv = header;
  for (int i = from; i < to; ++i) {
    csv += fmt::format(
        "2026-03-01 10:{:02}:00,tcp,198.51.100.{},1024,64496,BR,203.0.113.9,80,mirai,critical\n",
        i % 60, i);
  }
  return csv;
}

std::unique_ptr<Node> node_in(const TemporaryFolder& folder, const char* more = "") {
  std::string path = folder.file("home");
  std::filesystem::create_directories(path);
  std::ofstream(path + "/tocsin.toml") << "[enrich]\nlocation_database = \"off\"\n" << more;
  return *Node::open({.home = path});
}

std::uint64_t take(Node& node, std::string bytes,
                   const char* name = "2026-03-01-event4_sinkhole.csv", bool again = false) {
  ingest::Delivery delivery{.name = name, .bytes = std::move(bytes)};
  delivery.again = again;
  auto receipt = node.intake().deliver({.name = "sinkhole", .format = "shadowserver"}, delivery);
  REQUIRE(receipt);
  return receipt->report;
}

struct Figures {
  std::uint64_t events = 0, findings = 0, times = 0, counted = 0;
  bool operator==(const Figures&) const = default;
};

Figures figures(Node& node) {
  REQUIRE(node.wait_visible(std::chrono::minutes(2)));
  Figures out{.events = *node.columns().count({}), .findings = node.findings().size()};
  auto page = node.findings().find({.limit = 1000});
  for (const auto& finding : page->items) out.times += finding.times;
  auto answer = node.counts().query(
      {.cut = store::Cut::country,
       .period = {times::day_from({2026, 3, 1}), times::day_from({2026, 4, 1})}});
  REQUIRE(answer);
  for (const auto& row : answer->rows) out.counted += row.now.events;
  return out;
}

}  // namespace

TEST_CASE("a report that is withdrawn leaves what the others said, also of its own events") {
  TemporaryFolder folder;
  auto node = node_in(folder);
  std::uint64_t first = take(*node, report(0, 10));
  std::uint64_t second = take(*node, report(5, 20));
  CHECK(figures(*node) == Figures{20, 20, 20, 20});
  CHECK((*node->journal().report(second))->duplicates == 5);
  auto done = node->corrections().withdraw({.report = first, .reason = "wrong", .by = "x"});
  REQUIRE(done);
  CHECK(done->events == 10);
  CHECK(done->others == std::vector<std::uint64_t>{second});
  CHECK(!done->already);
  CHECK(figures(*node) == Figures{15, 15, 15, 15});
  CHECK((*node->journal().report(first))->state == store::ReportState::withdrawn);
  CHECK((*node->journal().report(second))->duplicates == 0);

  SUBCASE("withdrawn again, it answers with the first time") {
    auto again = node->corrections().withdraw({.report = first, .reason = "more", .by = "y"});
    REQUIRE(again);
    CHECK(again->already);
    CHECK(again->reason == "wrong");
    CHECK(figures(*node) == Figures{15, 15, 15, 15});
  }
  SUBCASE("the same bytes are a repeat, unless they are asked for again") {
    std::uint64_t repeat = take(*node, report(0, 10));
    CHECK((*node->journal().report(repeat))->state == store::ReportState::repeat);
    CHECK((*node->journal().report(repeat))->error.contains("withdrawn"));
    take(*node, report(0, 10), "2026-03-01-event4_sinkhole.csv", true);
    CHECK(figures(*node) == Figures{20, 20, 20, 20});
  }
  SUBCASE("a restart changes nothing") {
    node.reset();
    node = node_in(folder);
    CHECK(figures(*node) == Figures{15, 15, 15, 15});
    take(*node, report(0, 5), "2026-03-01-event4_sinkhole-b.csv");
    CHECK(figures(*node) == Figures{20, 20, 20, 20});
  }
}

TEST_CASE("a controller goes with its report from the counts and findings of all days") {
  TemporaryFolder folder;
  auto node = node_in(folder);
  ingest::Delivery delivery{
      .name = "c2.json",
      .bytes = R"({"classification.type":"c2-server","time.source":"2026-03-05T10:00:00Z",)"
               R"("source.ip":"203.0.113.77","source.geolocation.cc":"CL","malware.name":"mirai"})"
               "\n"};
  auto c2 = node->intake().deliver({.name = "events", .format = "intelmq"}, delivery);
  REQUIRE(c2);
  take(*node, report(0, 3));
  auto steered_from = [&](Country country) {
    REQUIRE(node->wait_visible(std::chrono::seconds(20)));
    auto answer = node->counts().query(
        {.cut = store::Cut::country_type_controller,
         .filter = {.type = Type::infected_system, .controller = country},
         .period = {times::day_from({2026, 3, 1}), times::day_from({2026, 4, 1})}});
    REQUIRE(answer);
    std::uint64_t events = 0;
    for (const auto& row : answer->rows) events += row.now.events;
    return events;
  };
  CHECK(steered_from(*Country::parse("CL")) == 3);
  REQUIRE(node->corrections().withdraw({.report = c2->report, .reason = "wrong", .by = "x"}));
  CHECK(steered_from(*Country::parse("CL")) == 0);
  CHECK(steered_from({}) == 3);
  auto page = node->findings().find({.limit = 10});
  for (const auto& finding : page->items)
    CHECK(finding.controller_reason == ControllerReason::unknown);
}

TEST_CASE("an echo is told by the oldest report that is left, one after the other") {
  TemporaryFolder folder;
  auto node = node_in(folder);
  std::uint64_t a = take(*node, report(0, 4)), b = take(*node, report(0, 5)),
                c = take(*node, report(0, 6));
  REQUIRE(node->corrections().withdraw({.report = b, .reason = "wrong"}));
  CHECK(figures(*node).events == 6);
  REQUIRE(node->corrections().withdraw({.report = a, .reason = "wrong"}));
  CHECK(figures(*node).events == 6);
  REQUIRE(node->corrections().withdraw({.report = c, .reason = "wrong"}));
  CHECK(figures(*node) == Figures{});
}

TEST_CASE("what cannot be withdrawn is told why") {
  TemporaryFolder folder;
  auto node = node_in(folder);
  CHECK(node->corrections().withdraw({.report = 77}).error().fault == Fault::missing);
  take(*node, report(0, 3));
  std::uint64_t repeat = take(*node, report(0, 3));
  CHECK(node->corrections().withdraw({.report = repeat}).error().fault == Fault::denied);
  auto begun = node->journal().begin_report({.feed = "sinkhole", .sha256 = "ab"});
  REQUIRE(begun);
  auto reading = node->corrections().withdraw({.report = begun->id});
  REQUIRE(!reading);
  CHECK(reading.error().what.contains("still being read"));
  CHECK(figures(*node).events == 3);
}

TEST_CASE("a report is read anew from its kept bytes, and replaced by another, in one act") {
  TemporaryFolder folder;
  auto node = node_in(folder);
  std::uint64_t first = take(*node, report(0, 8));
  REQUIRE((*node->journal().report(first))->tlp > Tlp::clear);
  auto laxer = replace(*node, {.report = first, .reason = "x", .tlp = Tlp::clear});
  CHECK((!laxer && laxer.error().fault == Fault::denied));
  auto replayed = replace(*node, {.report = first, .reason = "a better mapping", .by = "x"});
  REQUIRE(replayed);
  CHECK(replayed->withdrawal.replaced_by == replayed->report);
  CHECK(figures(*node) == Figures{8, 8, 8, 8});
  CHECK(!replace(*node, {.report = first, .reason = "again"}));  // it is withdrawn
  auto replaced =
      replace(*node, {.report = replayed->report, .reason = "sent again", .bytes = report(6, 9)});
  REQUIRE(replaced);
  CHECK(figures(*node) == Figures{3, 3, 3, 3});
  CHECK(!replace(*node, {.report = replaced->report, .reason = "x", .bytes = "no report"}));
  CHECK(figures(*node) == Figures{3, 3, 3, 3});
}

TEST_CASE("a report that is too old to be kept cannot be replayed") {
  TemporaryFolder folder;
  auto node = node_in(folder, "[raw]\ndays = 0\n");
  std::uint64_t first = take(*node, report(0, 8));
  CHECK(!node->raw().has((*node->journal().report(first))->sha256));
  auto replayed = replace(*node, {.report = first, .reason = "a better mapping"});
  REQUIRE(!replayed);
  CHECK(replayed.error().fault == Fault::missing);
  CHECK(figures(*node).events == 8);
}

}  // namespace tocsin::node
