#include "node/outlook.h"

#include <random>

#include "temporary_folder.h"
#include "test.h"

namespace tocsin::node {
namespace {

constexpr Day day0 = 20'000;

// Series and an outlook of one daily feed, which tells at eight of the day before.
struct World {
  TemporaryFolder folder;
  Dictionary words;
  WordId feed = words.id("sinkhole"), family = words.id("mirai");
  TimeUs now = times::start_of(day0);
  std::uint64_t seq = 0;
  std::mt19937 random{11};
  std::unique_ptr<warn::Series> series;
  std::unique_ptr<Outlook> outlook;

  World() { open(); }
  void open() {
    outlook.reset();
    series.reset();
    auto opened = warn::Series::open(folder.path(), {});
    REQUIRE(opened);
    series = std::move(*opened);
    outlook = Outlook::open({.series = *series, .words = words, .now = [this] { return now; }});
  }
  void snapshot() { REQUIRE(series->snapshot(outlook->save())); }

  EventBatch day(double rate) {
    EventBatch b;
    b.seq = ++seq;
    b.feed = feed;
    b.received = now;
    TimeUs midnight = times::start_of(times::day_of(now)) - us_per_day;
    auto count = std::poisson_distribution<unsigned>(rate)(random);
    for (unsigned i = 0; i < count; ++i) {
      b.add_row();
      b.time[i] = midnight + static_cast<TimeUs>(random() % 86'400) * us_per_s;
      b.type[i] = Type::infected_system;
      b.family[i] = family;
      b.source.ip[i] = Ip::from_v4(static_cast<std::uint32_t>(random()));
      b.source.country[i] = *Country::parse(i % 4 == 0 ? "PT" : "BR");
      b.source.asn[i] = 64496 + i % 5;
    }
    return b;
  }
  void look() {
    for (bool more = true; more;) {
      auto done = outlook->look(std::chrono::seconds(10));
      REQUIRE(done);
      more = *done;
    }
  }
  // Days of so many events each, on the average.
  void days(int count, double rate) {
    for (int i = 0; i < count; ++i) {
      now = times::start_of(times::day_of(now) + 1) + 8 * us_per_hour;
      REQUIRE(series->apply(day(rate)));
      look();
      now += 3 * us_per_hour;
      look();
    }
  }
};

}  // namespace

TEST_CASE("a surge becomes a few warnings that go on over a restart, and calm days none") {
  World w;
  w.days(40, 100);
  CHECK(w.outlook->warnings().empty());
  CHECK(w.outlook->judged_series() > 10);
  w.days(1, 320);
  auto rows = w.outlook->warnings();
  REQUIRE(!rows.empty());
  CHECK(rows.size() <= 2);  // of the one development, over all, the family, countries and networks
  CHECK(!rows[0].warning.contributors.empty());
  CHECK(rows[0].observed > 40);
  CHECK(rows[0].expected.mean < rows[0].observed / 2);
  CHECK(rows[0].warning.keys.front().ends_with("feed=sinkhole"));

  w.snapshot();
  w.open();
  auto again = w.outlook->warnings();
  REQUIRE(again.size() == rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    auto same = [&](const Outlook::Row& row) { return row.warning == rows[i].warning; };
    CHECK(std::ranges::any_of(again, same));
  }
  w.days(1, 320);
  for (const auto& row : w.outlook->warnings()) CHECK(row.warning.seen > rows[0].warning.seen);
}

TEST_CASE("what came after the last snapshot is judged again alike") {
  World w;
  w.days(40, 100);
  w.snapshot();
  TimeUs before = w.now;
  std::uint64_t seq = w.seq;
  std::mt19937 random = w.random;
  w.days(2, 300);
  auto first = w.outlook->warnings();
  w.open();  // as after a crash
  w.now = before;
  w.seq = seq;
  w.random = random;
  w.days(2, 300);
  auto second = w.outlook->warnings();
  REQUIRE(!first.empty());
  REQUIRE(first.size() == second.size());
  for (std::size_t i = 0; i < first.size(); ++i) CHECK(first[i].warning == second[i].warning);
}

TEST_CASE("a damaged state begins anew, and the counts stay") {
  World w;
  w.days(5, 100);
  REQUIRE(w.series->snapshot("nonsense"));
  w.open();
  CHECK(w.outlook->warnings().empty());
  CHECK(w.series->days(INT32_MIN, INT32_MAX).size() == 5);
  w.days(1, 100);
  CHECK(w.outlook->judged_series() > 0);
}

}  // namespace tocsin::node
