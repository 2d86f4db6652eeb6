// What the overview says of a time of which a day is not over.
#include <fmt/format.h>

#include <algorithm>

#include "api/backend_node.h"
#include "temporary_folder.h"
#include "test.h"

namespace tocsin::api {
namespace {

constexpr TimeUs half_past_nine = (9 * 60 + 30) * 60 * us_per_s;

// A list of that day names mirai's controller, which is abroad.
void listed(node::Node& node, Day day) {
  std::string line = fmt::format(
      R"({{"id":"{}","source":"a.b","category":"cnc","name":"mirai","restriction":"public",)"
      R"("time":"{}T00:00:00Z","address":[{{"ip":"203.0.113.77","cc":"NL"}}]}})"
      "\n",
      day, times::format_day(day));
  REQUIRE(node.intake().deliver({.name = "n6", .format = "n6", .tlp = Tlp::green},
                                {.name = "list.jsonl", .bytes = std::move(line)}));
}

// So many hosts infected with mirai on a day.
void infected(node::Node& node, Day day, int hosts) {
  std::string csv =
      "timestamp,protocol,src_ip,src_port,src_asn,src_geo,dst_ip,dst_port,infection,severity\n";
  for (int host = 1; host <= hosts; ++host) {
    csv +=
        fmt::format("{} 08:00:00,tcp,198.51.100.{},1024,64496,BR,203.0.113.9,80,mirai,critical\n",
                    times::format_day(day), host);
  }
  auto done = node.intake().deliver(
      {.name = "sinkhole", .format = "shadowserver", .tlp = Tlp::green},
      {.name = times::format_day(day) + "-event4_sinkhole.csv", .bytes = std::move(csv)});
  REQUIRE(done);
  REQUIRE(node.wait_visible(std::chrono::seconds(20)));
}

Overview drawn(node::Node& node, const std::string& period) {
  NodeBackend backend(node);
  auto overview = backend.overview({.period = period, .country = "BR"}, {});
  REQUIRE(overview);
  return *overview;
}

}  // namespace

TEST_CASE("an unfinished day is never compared with whole ones without saying so") {
  TemporaryFolder folder;
  Day today = *times::parse_day("2026-03-20");
  TimeUs now = times::start_of(today) + half_past_nine;
  auto node = *node::Node::open({.home = folder.file("home"), .now = [now] { return now; }});
  for (Day day = today - 20; day <= today; ++day) listed(*node, day);
  for (Day day = today - 20; day < today; ++day) infected(*node, day, 4);
  infected(*node, today, 1);

  Overview day = drawn(*node, "24h");
  CHECK(day.headline->count.distinct == 4);
  CHECK(!day.headline->count.before);
  CHECK(!day.headline->count.change_percent);
  CHECK(day.before.since == time_none);
  CHECK(std::ranges::none_of(day.families, [](const auto& row) { return row.count.is_new; }));
  CHECK(!day.classes.at(0).change_percent);
  CHECK(day.classes.at(0).series == std::vector<Count>(13, 4));  // without today
  CHECK(day.classes.at(0).before.empty());
  // Its line has the days before it, and today as what it is.
  REQUIRE(day.weekly.size() == 14);
  CHECK(day.weekly.front().start == today - 13);
  CHECK(day.weekly.back().distinct == 1);
  CHECK(day.weekly.back().so_far);
  CHECK(day.weekly[12].distinct == 4);
  CHECK(!day.weekly[12].so_far);

  // In 30 days it is small; it stands against a whole day, and the line has no such pair.
  Overview month = drawn(*node, "30d");
  CHECK(month.before.until == times::start_of(today - 29));
  CHECK(month.weekly.size() == 30);
  CHECK(month.weekly.back().so_far);
  CHECK(!month.weekly.back().before);

  // Weeks are whole or a gap.
  Overview year = drawn(*node, "year");
  CHECK(std::ranges::none_of(year.weekly, [](const auto& week) { return week.so_far; }));
  CHECK(!year.weekly.back().distinct);
}

TEST_CASE("what has changed names the country it is counted in, and so does its list") {
  TemporaryFolder folder;
  Day today = *times::parse_day("2026-03-20");
  TimeUs now = times::start_of(today) + half_past_nine;
  auto node = *node::Node::open({.home = folder.file("home"), .now = [now] { return now; }});
  infected(*node, today, 1);
  NodeBackend backend(*node);
  auto overview = backend.overview({.country = "BR", .looked = times::start_of(today)}, {});
  REQUIRE(overview);
  REQUIRE(!overview->changes.empty());
  CHECK(overview->changes[0].text == "1 open finding in Brazil, new since you last looked");
  CHECK(overview->changes[0].href ==
        "/findings?q=country%3ABR%20state%3Aopen%2Creopened%20first%3E%3D2026-03-20T00%3A00%3A00Z");
}

}  // namespace tocsin::api
