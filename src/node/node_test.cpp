#include "node/node.h"

#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <future>

#include "base/gzip.h"
#include "temporary_folder.h"
#include "test.h"

namespace tocsin::node {
namespace {

std::string report(int from, int to, const char* extra_row = "") {
  std::string csv =
      "timestamp,protocol,src_ip,src_port,src_asn,src_geo,dst_ip,dst_port,infection,severity\n";
  for (int i = from; i < to; ++i) {
    csv += fmt::format(
        "2026-03-01 10:{:02}:00,tcp,198.51.100.{},{},64496,BR,203.0.113.9,80,mirai,critical\n",
        i % 60, i % 250, 1024 + i);
  }
  return csv + extra_row;
}

// A data folder without the address database, which takes a while to load and no test here asks.
std::string home(const TemporaryFolder& folder) {
  std::string path = folder.file("home");
  std::filesystem::create_directories(path);
  std::string config = path + "/tocsin.toml";
  if (!std::filesystem::exists(config)) {
    std::ofstream(config) << "[enrich]\nlocation_database = \"off\"\n";
  }
  return path;
}

ingest::Feed sinkhole() {
  return {.name = "sinkhole", .format = "shadowserver", .tlp = Tlp::green};
}

ingest::Delivery delivery(std::string bytes, const char* name = "2026-03-01-event4_sinkhole.csv") {
  return {.name = name, .bytes = std::move(bytes), .cursor = "c"};
}

std::uint64_t events(Node& node) {
  REQUIRE(node.wait_visible(std::chrono::minutes(2)));
  return *node.columns().count({});
}

std::uint64_t counted(Node& node) {
  store::StatsQuery query{.cut = store::Cut::country,
                          .period = {times::day_from({2026, 3, 1}), times::day_from({2026, 4, 1})}};
  auto answer = node.counts().query(query);
  return answer && !answer->rows.empty() ? answer->rows[0].now.events : 0;
}

}  // namespace

TEST_CASE("a report is in once, in every store, however often it is handed in") {
  TemporaryFolder folder;
  auto node = *Node::open({.home = home(folder)});
  auto first = node->intake().deliver(sinkhole(), delivery(report(0, 100)));
  REQUIRE(first);
  CHECK(first->events == 100);
  CHECK(node->intake().deliver(sinkhole(), delivery(report(0, 100)))->repeat);
  auto wider = node->intake().deliver(sinkhole(), delivery(report(50, 120)));
  REQUIRE(wider);
  CHECK(wider->events == 70);
  CHECK(wider->duplicates == 50);
  CHECK(events(*node) == 120);
  CHECK(node->findings().size() == 120);
  CHECK(counted(*node) == 120);
  CHECK(node->journal().cursor("sinkhole") == "c");
}

TEST_CASE("what was taken in is there after a restart, and an event of it is still a duplicate") {
  TemporaryFolder folder;
  {
    auto node = *Node::open({.home = home(folder)});
    REQUIRE(node->intake().deliver(sinkhole(), delivery(report(0, 100))));
  }
  auto node = *Node::open({.home = home(folder)});
  CHECK(events(*node) == 100);
  CHECK(node->findings().size() == 100);
  CHECK(counted(*node) == 100);
  CHECK(node->intake().deliver(sinkhole(), delivery(report(90, 110)))->duplicates == 10);
  CHECK(events(*node) == 110);
}

TEST_CASE("a controller that was listed is joined, also after a restart") {
  TemporaryFolder folder;
  ingest::Feed list{.name = "n6", .format = "n6", .tlp = Tlp::green};
  ingest::Delivery listed{
      .name = "list.jsonl",
      .bytes =
          R"({"id":"0c","source":"a.b","category":"cnc","name":"mirai","restriction":"public",)"
          R"("time":"2026-02-20T00:00:00Z","address":[{"ip":"203.0.113.77","cc":"NL"}]})"
          "\n"};
  auto open = [&] { return *Node::open({.home = home(folder)}); };
  auto joined = [](Node& node) {
    REQUIRE(node.wait_visible(std::chrono::minutes(2)));
    return node.findings().count(
        *store::parse_filter("controller:203.0.113.77 controller_country:NL", node.now()));
  };
  {
    auto node = open();
    REQUIRE(node->intake().deliver(sinkhole(), delivery(report(0, 10))));
    CHECK(joined(*node) == 0);  // nobody had listed it
    REQUIRE(node->intake().deliver(list, listed));
    REQUIRE(node->intake().deliver(sinkhole(), delivery(report(10, 30))));
    CHECK(joined(*node) == 20);
  }
  auto node = open();
  REQUIRE(node->intake().deliver(sinkhole(), delivery(report(30, 35))));
  CHECK(joined(*node) == 25);
  auto found = node->columns().events(
      {.filter = *store::parse_filter("controller:203.0.113.77", node->now()), .limit = 100});
  REQUIRE(found);
  CHECK(found->events.size() == 25);
  store::StatsQuery query{.cut = store::Cut::country_type,
                          .filter = {.type = Type::infected_system},
                          .period = {times::day_from({2026, 3, 1}), times::day_from({2026, 4, 1})}};
  auto answer = node->counts().query(query);
  REQUIRE(answer);
  REQUIRE(answer->rows.size() == 1);
  CHECK(answer->rows[0].controllers->abroad == 25);
  CHECK(answer->rows[0].controllers->unknown == 10);
}

TEST_CASE("a sinkhole that is listed as a controller after a restart is none") {
  TemporaryFolder folder;
  ingest::Feed list{.name = "n6", .format = "n6", .tlp = Tlp::green};
  auto take = [&](const ingest::Feed& feed, ingest::Delivery delivery) {
    auto node = *Node::open({.home = home(folder)});
    REQUIRE(node->intake().deliver(feed, std::move(delivery)));
    REQUIRE(node->wait_visible(std::chrono::seconds(20)));
    return *node->columns().count(
        {.filter = *store::parse_filter("controller_country:NL", node->now())});
  };
  take(sinkhole(), delivery(report(0, 10)));  // at 203.0.113.9
  take(list, {.name = "list.jsonl",
              .bytes = R"({"id":"0c","source":"a.b","category":"cnc","name":"mirai",)"
                       R"("restriction":"public","time":"2026-02-20T00:00:00Z",)"
                       R"("address":[{"ip":"203.0.113.9","cc":"NL"}]})"
                       "\n"});
  std::string unnamed = report(10, 30);  // a report that does not say where the sinkhole is
  for (std::size_t at = 0; (at = unnamed.find("203.0.113.9,80", at)) != unnamed.npos;) {
    unnamed.replace(at, 14, ",");
  }
  CHECK(take(sinkhole(), delivery(unnamed)) == 0);
}

TEST_CASE("what a feed said of telling stands when its table is gone") {
  TemporaryFolder folder;
  std::string config = home(folder) + "/tocsin.toml";
  constexpr const char* enrich = "[enrich]\nlocation_database = \"off\"\n";
  std::ofstream(config) << enrich << "[feed.sinkhole]\ncollector = \"directory\"\n"
                        << "format = \"shadowserver\"\npath = \"" << folder.file("in") << "\"\n"
                        << "tlp = \"green\"\ntell_affected = false\ntell_fields = [\"family\"]\n";
  auto facts = [&](Node& node, const char* filter) {
    auto page =
        *node.findings().find({.filter = *store::parse_filter(filter, node.now()), .limit = 1});
    REQUIRE(page.items.size() == 1);
    return node.alerts().explain(page.items[0].key)->facts;
  };
  {
    auto node = *Node::open({.home = home(folder)});
    REQUIRE(node->intake().deliver(sinkhole(), delivery(report(0, 1))));
    CHECK(events(*node) == 1);
    CHECK(facts(*node, "feed:sinkhole") == std::vector<std::string>{"family"});
  }
  std::ofstream(config) << enrich;
  auto node = *Node::open({.home = home(folder)});
  CHECK(facts(*node, "feed:sinkhole") == std::vector<std::string>{"family"});
  ingest::Feed by_hand = sinkhole();
  by_hand.name = "by-hand";
  REQUIRE(node->intake().deliver(by_hand, delivery(report(1, 2))));
  CHECK(events(*node) == 2);
  CHECK(facts(*node, "feed:by-hand").size() == policy::facts_count - 1);
}

TEST_CASE("a report that a crash cut short goes on where it was, once") {
  TemporaryFolder folder;
  std::string bytes = report(0, 200);
  {
    auto node = *Node::open({.home = home(folder)});
    // What a crash leaves: a report begun and its first events committed, its bytes in the spool.
    std::string spooled = node->intake().spool_path();
    std::ofstream(spooled, std::ios::binary) << bytes;
    store::ReportRow row{.feed = "sinkhole",
                         .name = "2026-03-01-event4_sinkhole.csv",
                         .spool = spooled,
                         .format = "shadowserver"};
    row.sha256 = hex(sha256(bytes));
    row.size_bytes = bytes.size();
    row.received = node->now();
    auto begun = node->journal().begin_report(row);
    auto batch = std::make_shared<EventBatch>();
    ingest::Sink sink(
        node->words(),
        {.feed = node->words().id("sinkhole"), .report = begun->id, .received = row.received},
        [&](EventBatch& b) -> Result<void> { return std::swap(*batch, b), Result<void>{}; }, {});
    REQUIRE(
        (*ingest::find_format("shadowserver"))({.bytes = report(0, 80), .name = row.name}, sink));
    REQUIRE(sink.finish());
    store::fill_hashes(*batch);
    std::shared_ptr<EventBatch> read[] = {batch};
    REQUIRE(node->journal().commit(read, {.report = begun->id, .events_read = 80}));
  }
  auto node = *Node::open({.home = home(folder)});
  CHECK(events(*node) == 200);
  auto rows = node->journal().reports({});
  REQUIRE(rows);
  CHECK(rows->front().state == store::ReportState::done);
  CHECK(rows->front().events == 200);
  CHECK(std::filesystem::is_empty(folder.file("home/spool")));
}

TEST_CASE("a rejected record is kept, and read again after a replay") {
  TemporaryFolder folder;
  auto node = *Node::open({.home = home(folder)});
  auto receipt = node->intake().deliver(
      sinkhole(),
      delivery(
          report(0, 3, "not-a-time,tcp,198.51.100.77,1,64496,BR,203.0.113.9,80,mirai,high\n")));
  REQUIRE(receipt);
  CHECK(receipt->rejected == 1);
  auto groups = node->journal().reject_groups();
  REQUIRE(groups->size() == 1);
  auto again = node->intake().replay(sinkhole(), "", {});
  REQUIRE(again);
  CHECK(again->rejected == 1);  // the format has not become better
  CHECK(events(*node) == 3);
}

TEST_CASE("a replay reads as the report was read, of its day, and settles only what was read") {
  TemporaryFolder folder;
  auto clock =
      std::make_shared<std::atomic<TimeUs>>(times::start_of(*times::parse_day("2026-03-02")));
  auto node = *Node::open({.home = home(folder), .now = [clock] { return clock->load(); }});
  ingest::Feed list{.name = "by-hand", .format = "ip_list"};
  REQUIRE(node->intake().deliver(list, delivery("192.0.2.7\nnot-an-address\n", "list.txt")));
  *clock += 3 * us_per_day;
  ingest::Feed by_name{.name = "by-hand"};  // as a node knows a feed that was only handed reports
  auto again = node->intake().replay(by_name, "", {});
  REQUIRE(again);
  CHECK(again->events == 0);
  CHECK(again->rejected == 1);
  CHECK(events(*node) == 1);  // the first line of a list is no header
  CHECK(node->journal().reject_groups()->at(0).count == 1);
  // A format that cannot read it at all leaves the records where they are.
  ingest::Feed wrong{.name = "by-hand", .format = "shadowserver"};
  CHECK(!node->intake().replay(wrong, "", {}));
  CHECK(node->journal().rejects("by-hand", "", 0, 10)->at(0).bytes == "not-an-address");
}

TEST_CASE("a report that no format fits stays in quarantine once, however often it is replayed") {
  TemporaryFolder folder;
  auto node = *Node::open({.home = home(folder)});
  ingest::Feed by_name{.name = "by-hand"};
  CHECK(!node->intake().deliver(by_name, delivery("neither\nnor\n", "unknown.bin")));
  for (int i = 0; i < 3; ++i) CHECK(!node->intake().replay(by_name, "", {}));
  CHECK(node->journal().rejects("by-hand", "", 0, 10)->size() == 1);
  ingest::Feed list{.name = "by-hand", .format = "domain_list"};
  REQUIRE(node->intake().replay(list, "", {}));
  CHECK(node->journal().rejects("by-hand", "no format fits", 0, 10)->empty());
}

TEST_CASE("a packed report keeps its name, and one that cannot be unpacked is kept whole") {
  TemporaryFolder folder;
  auto node = *Node::open({.home = home(folder)});
  auto packed = gzip::pack(report(0, 10));
  REQUIRE(
      node->intake().deliver(sinkhole(), delivery(packed, "2026-03-01-event4_sinkhole.csv.gz")));
  CHECK(events(*node) == 10);
  auto found = node->columns().events({});
  CHECK(found->events.type[0] == Type::infected_system);
  CHECK(node->journal().reports({})->front().name == "2026-03-01-event4_sinkhole.csv");
  std::string cut = gzip::pack(report(0, 100'000));
  cut.resize(cut.size() / 2);
  REQUIRE(cut.size() > 70'000);
  CHECK(!node->intake().deliver(sinkhole(), delivery(cut, "cut.csv.gz")));
  auto row = node->journal().reports({})->front();
  CHECK(row.state == store::ReportState::failed);
  CHECK(std::filesystem::file_size(folder.file("home/quarantine/" + std::to_string(row.id))) ==
        cut.size());
}

TEST_CASE("a node that is stopped while it reads goes on with the report at the next start") {
  TemporaryFolder folder;
  {
    auto node = *Node::open({.home = home(folder)});
    auto reading = std::async(std::launch::async, [&] {
      return node->intake().deliver(sinkhole(), delivery(report(0, 200'000)));
    });
    while (node->journal().last_seq() == 0) std::this_thread::yield();
    node->intake().stop();
    auto receipt = reading.get();
    if (!receipt) CHECK(receipt.error().fault == Fault::unavailable);
  }
  auto node = *Node::open({.home = home(folder)});
  CHECK(events(*node) == 200'000);
  CHECK(std::filesystem::is_empty(folder.file("home/spool")));
}

TEST_CASE("two reports at once over days that must be loaded do not wait for each other") {
  TemporaryFolder folder;
  {
    auto node = *Node::open({.home = home(folder)});
    std::string old = report(0, 0);
    for (int day = 0; day < 100; ++day) {
      old += fmt::format("{} 10:00:00,tcp,198.51.100.1,1,64496,BR,203.0.113.9,80,mirai,critical\n",
                         times::format_day(times::day_from({2025, 1, 1}) + day));
    }
    REQUIRE(node->intake().deliver(sinkhole(), delivery(old)));
  }
  auto node = *Node::open({.home = home(folder)});
  auto spread = [&](int salt) {
    std::string csv = report(0, 0);
    for (int i = 0; i < 60'000; ++i) {
      csv += fmt::format("{} 10:00:00,tcp,198.51.{}.{},{},64496,BR,203.0.113.9,80,mirai,critical\n",
                         times::format_day(times::day_from({2025, 1, 1}) + (i * 7 + salt) % 100),
                         i % 200, salt, 1024 + i % 60'000);
    }
    return csv;
  };
  auto take = [&](int salt) {
    return node->intake().deliver(sinkhole(),
                                  delivery(spread(salt), "2025-01-01-event4_sinkhole.csv"));
  };
  auto one = std::async(std::launch::async, take, 1), two = std::async(std::launch::async, take, 2);
  CHECK(one.get());
  CHECK(two.get());
  CHECK(events(*node) == 120'100);
}

TEST_CASE("an unreadable report fails with its reason, and the node goes on") {
  TemporaryFolder folder;
  auto node = *Node::open({.home = home(folder)});
  std::string truncated_gzip("\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\x4b", 11);
  auto failed = node->intake().deliver(
      sinkhole(), delivery(truncated_gzip, "2026-03-01-event4_sinkhole.csv.gz"));
  REQUIRE(!failed);
  auto rows = node->journal().reports({});
  REQUIRE(!rows->empty());
  CHECK(rows->front().state == store::ReportState::failed);
  CHECK(node->intake().deliver(sinkhole(), delivery(report(0, 5)))->events == 5);
}

TEST_CASE("a backup made while it runs opens elsewhere and is equal") {
  TemporaryFolder folder;
  auto node = *Node::open({.home = home(folder)});
  REQUIRE(node->intake().deliver(sinkhole(), delivery(report(0, 100))));
  REQUIRE(node->backup(folder.file("copy")));
  REQUIRE(node->intake().deliver(sinkhole(), delivery(report(100, 150))));
  auto copy = *Node::open({.home = folder.file("copy")});
  CHECK(events(*copy) == 100);
  CHECK(copy->findings().size() == 100);
  CHECK(counted(*copy) == 100);
  CHECK(copy->intake().deliver(sinkhole(), delivery(report(95, 105)))->duplicates == 5);
  CHECK(events(*copy) == 105);
}

TEST_CASE("a backup of a node that has taken in nothing opens elsewhere") {
  TemporaryFolder folder;
  auto node = *Node::open({.home = home(folder)});
  auto done = node->backup(folder.file("copy"));
  REQUIRE_MESSAGE(done, (done ? "" : done.error().what));
  auto copy = *Node::open({.home = folder.file("copy")});
  CHECK(events(*copy) == 0);
}

TEST_CASE("a backup has the reports that quarantine keeps whole, and the schema; a cut one goes") {
  TemporaryFolder folder;
  auto node = *Node::open({.home = home(folder)});
  std::filesystem::create_directories(folder.file("home/quarantine"));
  std::ofstream(folder.file("home/quarantine/7")) << "a report";
  std::ofstream(folder.file("home/shadowserver-schema.json")) << "{}";
  REQUIRE(node->intake().deliver(sinkhole(), delivery(report(0, 10))));
  REQUIRE(node->backup(folder.file("copy")));
  CHECK(std::filesystem::file_size(folder.file("copy/quarantine/7")) == 8);
  CHECK(std::filesystem::file_size(folder.file("copy/shadowserver-schema.json")) == 2);
  CHECK(!node->backup(folder.file("copy")));  // is there already, and stays
  CHECK(std::filesystem::exists(folder.file("copy/journal.db")));
  std::filesystem::remove_all(folder.file("home/counts"));  // below the running node
  REQUIRE(node->intake().deliver(sinkhole(), delivery(report(10, 20))));
  CHECK(!node->backup(folder.file("cut")));
  CHECK(!std::filesystem::exists(folder.file("cut")));
}

TEST_CASE("a backup made while two months of arrival fill has each event once, in every store") {
  TemporaryFolder folder;
  std::atomic<TimeUs> now = times::start_of(*times::parse_day("2026-03-31"));
  auto node = *Node::open({.home = home(folder), .now = [&] { return now.load(); }});
  std::jthread intake([&](const std::stop_token& stop) {
    for (int n = 0; !stop.stop_requested() && n < 3000; n += 5) {
      now = times::start_of(*times::parse_day(n % 2 == 0 ? "2026-03-31" : "2026-04-01"));
      if (!node->intake().deliver(sinkhole(), delivery(report(n, n + 5)))) return;
    }
  });
  for (int copy = 0; copy < 3; ++copy) {
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
    REQUIRE(node->backup(folder.file("copy" + std::to_string(copy))));
  }
  intake.request_stop();
  intake.join();
  for (int i = 0; i < 3; ++i) {
    auto copy = *Node::open({.home = folder.file("copy" + std::to_string(i))});
    std::uint64_t in_reports = 0;
    auto rows = copy->journal().reports({.limit = 5000});
    for (const auto& row : *rows) in_reports += row.events;
    CHECK(in_reports > 0);
    CHECK(events(*copy) == in_reports);
    CHECK(counted(*copy) == in_reports);
  }
}

TEST_CASE("what its feed no longer reports is closed when the report is in, also after a restart") {
  TemporaryFolder folder;
  auto states = [](Node& node, const char* filter) {
    REQUIRE(node.wait_visible(std::chrono::minutes(2)));
    return node.findings().count(*store::parse_filter(filter, node.now()));
  };
  std::string later =
      "timestamp,protocol,src_ip,src_port,src_asn,src_geo,dst_ip,dst_port,infection,severity\n"
      "2026-08-01 10:00:00,tcp,198.51.100.1,1,64496,BR,203.0.113.9,80,mirai,critical\n";
  {
    auto node = *Node::open({.home = home(folder)});
    REQUIRE(node->intake().deliver(sinkhole(), delivery(report(0, 3))));
    CHECK(states(*node, "state:open") == 3);
    REQUIRE(node->intake().deliver(sinkhole(), delivery(later)));
    node->stop();  // the last snapshot comes with it
    CHECK(node->findings().count(*store::parse_filter("state:closed", node->now())) == 2);
    CHECK(node->findings().count(*store::parse_filter("state:open", node->now())) == 1);
  }
  auto node = *Node::open({.home = home(folder)});
  CHECK(states(*node, "state:closed") == 2);
  REQUIRE(node->intake().deliver(sinkhole(), delivery(report(100, 101))));
  CHECK(states(*node, "state:closed") == 3);  // a late row: its feed has gone on without it
}

TEST_CASE("counts and findings that are absent or damaged are made anew from the events") {
  TemporaryFolder folder;
  auto open = [&] { return *Node::open({.home = home(folder)}); };
  {
    auto node = open();
    for (int n = 0; n < 100; n += 10) {
      REQUIRE(node->intake().deliver(sinkhole(), delivery(report(n, n + 10))));
    }
    CHECK(events(*node) == 100);
    auto snapshot = [&] { return node->findings().snapshot(); };
    REQUIRE(node->followers().paused(snapshot));  // they write it too
    REQUIRE(node->journal().prune(node->journal().last_seq()));
  }
  auto whole = [&] {
    auto node = open();
    CHECK(counted(*node) == 100);
    CHECK(node->findings().size() == 100);
    CHECK(node->findings().watermark() == 10);
    auto page = node->findings().find({.filter = *store::parse_filter("198.51.100.7", 0)});
    REQUIRE(page);
    REQUIRE(page->items.size() == 1);
    CHECK(seq_of(page->items[0].last_event) == 1);
    CHECK(node->counts().damaged().empty());
    // It goes on from the journal.
    CHECK(node->wait_visible(std::chrono::seconds(5)));
  };
  auto files = [&](const char* ending) {
    std::vector<std::filesystem::path> found;
    for (const auto& entry : std::filesystem::directory_iterator(folder.file("home/counts"))) {
      if (entry.path().string().ends_with(ending)) found.push_back(entry.path());
    }
    REQUIRE(!found.empty());
    return found;
  };
  SUBCASE("nothing") {
    whole();
  }
  SUBCASE("the files of days") {
    for (const auto& path : files(".day")) std::filesystem::remove(path);
    whole();
  }
  SUBCASE("the folder of counts") {
    std::filesystem::remove_all(folder.file("home/counts"));
    whole();
    REQUIRE(!files(".day").empty());  // not again at the next start
    whole();
  }
  SUBCASE("the folder of findings") {
    std::filesystem::remove_all(folder.file("home/findings"));
    whole();
  }
  SUBCASE("the snapshot of findings is damaged") {
    std::fstream file(folder.file("home/findings/findings.snapshot"), std::ios::in | std::ios::out);
    file.seekp(200);
    file.put('?');
    file.close();
    whole();
    CHECK(std::filesystem::exists(folder.file("home/findings/findings.snapshot.damaged")));
  }
  SUBCASE("a file of a day is damaged below the running node") {
    auto node = open();
    std::fstream file(files(".day")[0], std::ios::in | std::ios::out);
    file.seekp(70);
    file.put('?');
    file.close();
    for (int i = 0; i < 200 && counted(*node) != 100; ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
    CHECK(counted(*node) == 100);
  }
  SUBCASE("the columns") {
    std::filesystem::remove_all(folder.file("home/columns"));
    auto refused = Node::open({.home = home(folder)});
    REQUIRE(!refused);
    CHECK(refused.error().what.contains("backup"));
  }
}

TEST_CASE("retention drops months of events, and the counts stay as frozen") {
  TemporaryFolder folder;
  auto clock =
      std::make_shared<std::atomic<TimeUs>>(times::start_of(*times::parse_day("2026-03-02")));
  NodeOptions options{.home = home(folder), .now = [clock] { return clock->load(); }};
  {
    auto node = *Node::open(options);
    REQUIRE(node->intake().deliver(sinkhole(), delivery(report(0, 100))));
    CHECK(events(*node) == 100);
  }
  *clock = times::start_of(*times::parse_day("2027-05-31"));  // 14 months later all of it stays
  {
    auto node = *Node::open(options);
    REQUIRE(node->intake().deliver(sinkhole(), delivery(report(100, 110))));  // late by a year
    CHECK(events(*node) == 110);
  }
  *clock = times::start_of(*times::parse_day("2027-06-01"));
  {
    auto node = *Node::open(options);
    for (int i = 0; i < 200 && *node->columns().count({}) != 10; ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
    CHECK(*node->columns().count({}) == 10);  // what arrived in May 2027
    CHECK(counted(*node) == 110);             // March's sets live as long as its last arrival
  }
  *clock = times::start_of(*times::parse_day("2028-08-01"));
  auto node = *Node::open(options);
  for (int i = 0; i < 200 && node->counts().frozen_until() == 0; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  store::StatsQuery march{.cut = store::Cut::country,
                          .period = {times::day_from({2026, 3, 1}), times::day_from({2026, 4, 1})}};
  auto answer = node->counts().query(march);
  REQUIRE(answer);
  CHECK(answer->frozen);
  REQUIRE(answer->rows.size() == 1);
  CHECK(answer->rows[0].now.events == 110);
  CHECK(answer->rows[0].now.distinct->total() == 110);
  CHECK(node->columns().count({}) == 10);  // the newest month stays
}

TEST_CASE("a report that is put into the node's drop folder is taken in") {
  TemporaryFolder folder;
  auto node = *Node::open({.home = home(folder)});
  node->feeds().start(node->intake());
  std::ofstream(folder.file("home/drop/2026-03-01-event4_sinkhole.csv")) << report(0, 10);
  for (int i = 0; i < 400 && *node->columns().count({}) == 0; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  CHECK(events(*node) == 10);
  CHECK(node->feeds().row("drop")->health.last_success != time_none);
  node->feeds().stop();
}

TEST_CASE("a home belongs to one process, and its configuration's errors name file, line and key") {
  TemporaryFolder folder;
  auto node = Node::open({.home = home(folder)});
  auto second = Node::open({.home = home(folder)});
  REQUIRE(!second);
  CHECK(second.error().what.contains("another process"));
  auto wrong =
      parse_config("[node]\ncountry = \"Brazil\"\ncolour = 1\n[sever]\n", "tocsin.toml", "/h");
  REQUIRE(!wrong);
  CHECK(wrong.error().what.contains("tocsin.toml:2: node.country: must be a country code"));
  CHECK(wrong.error().what.contains("tocsin.toml:3: node.colour: unknown key"));
  CHECK(wrong.error().what.contains("tocsin.toml:4: sever: unknown table"));
  wrong = parse_config("[alert]\nlanguage = \"pt BR\"\n", "tocsin.toml", "/h");
  REQUIRE(!wrong);
  CHECK(
      wrong.error().what.contains("tocsin.toml:2: alert.language: must be the tag of a language"));
  CHECK(parse_config("[alert]\nlanguage = \"pt-BR\"\n", "tocsin.toml", "/h")->alert.language ==
        "pt-BR");
}

TEST_CASE("a feed has the node's keys, proxy and contact, unless it names others") {
  TemporaryFolder folder;
  std::filesystem::create_directory(folder.file("home"));
  std::ofstream(folder.file("home/tocsin.toml")) << R"([node]
contact = "cert@example.org"
proxy = "http://proxy.example.org:3128"
[feed.list]
collector = "http"
format = "ip_list"
url = "https://lists.example.org/bad.txt"
proxy = "http://other.example.org:3128"
[feed.ours]
collector = "imap"
format = "auto"
url = "imaps://mail.example.org"
username = "us"
password_secret = "mail"
[feed.theirs]
collector = "imap"
format = "auto"
url = "imaps://mail.example.org"
username = "us"
password_secret = "mail"
gnupg_home = "/keys"
)";
  auto node = Node::open({.home = home(folder)});
  REQUIRE_MESSAGE(node, node.error().what);
  CHECK((*node)->feeds().named("ours").option("gnupg_home") == (*node)->home() + "/gnupg");
  CHECK((*node)->feeds().named("theirs").option("gnupg_home") == "/keys");
  CHECK((*node)->feeds().named("ours").option("proxy") == "http://proxy.example.org:3128");
  CHECK((*node)->feeds().named("list").option("proxy") == "http://other.example.org:3128");
  CHECK((*node)->feeds().named("list").option("contact") == "cert@example.org");
}

}  // namespace tocsin::node
