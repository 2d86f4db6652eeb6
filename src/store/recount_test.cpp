#include "store/recount.h"

#include <fmt/format.h>

#include <filesystem>
#include <map>
#include <random>
#include <set>

#include "model/subject.h"
#include "store/counts.h"
#include "temporary_folder.h"
#include "test.h"

namespace tocsin::store {
namespace {

const Day march = *times::parse_day("2026-03-01");

// Events spread over 40 days, of two feeds, with subjects of every kind.
EventBatch random_batch(std::uint64_t seq, std::mt19937_64& random, Dictionary& words) {
  auto pick = [&](unsigned n) { return static_cast<unsigned>(random() % n); };
  EventBatch b;
  b.seq = seq;
  b.feed = words.id(pick(2) == 0 ? "north" : "south");
  b.received = times::start_of(march + 50);
  for (std::size_t i = 0; i < 700; ++i) {
    b.add_row();
    b.time[i] = times::start_of(march) + static_cast<TimeUs>(random() % (40 * us_per_day));
    b.observed[i] = b.received;
    constexpr std::array types = {Type::infected_system, Type::vulnerable_system,
                                  Type::unauthorised_information_modification,
                                  Type::privileged_account_compromise};
    b.type[i] = types[pick(4)];
    b.roles[i] = usual_roles(b.type[i]);
    b.family[i] = pick(3) == 0 ? 0 : words.id(fmt::format("family{}", pick(3)));
    b.sector[i] = pick(2) == 0 ? 0 : words.id("energy");
    b.source.ip[i] = Ip::from_v4(0xc6336400 + pick(200));
    b.source.country[i] = *Country::parse(pick(3) == 0 ? "PT" : "BR");
    b.source.asn[i] = 64496 + pick(4);
    if (b.type[i] == Type::unauthorised_information_modification)
      b.source.name[i] = b.keep(fmt::format("site{}.example.org", pick(50)));
    if (b.type[i] == Type::privileged_account_compromise)
      b.account[i] = b.keep(fmt::format("user\"{}@example.org", pick(50)));
    if (b.type[i] == Type::infected_system) {
      b.destination.ip[i] = Ip::from_v4(0xcb007100 + pick(5));
      b.destination.country[i] = *Country::parse(pick(2) == 0 ? "BR" : "NL");
      if (pick(2) == 0) b.controller_reason[i] = ControllerReason::feed;
    }
    b.hash[i] = {random(), random()};
  }
  return b;
}

struct World {
  TemporaryFolder folder;
  Dictionary words;
  std::vector<EventBatch> batches;
  std::unique_ptr<Columns> columns = *Columns::open(folder.file("columns"), {}, words);
  std::unique_ptr<Counts> counts = *Counts::open(folder.file("counts"), {}, {});

  World() {
    std::mt19937_64 random(5);
    for (std::uint64_t seq = 1; seq <= 6; ++seq) {
      batches.push_back(random_batch(seq, random, words));
      REQUIRE(columns->apply(std::make_shared<EventBatch>(batches.back())));
      REQUIRE(counts->apply(batches.back()));
    }
    REQUIRE(columns->flush());
  }
  Result<StatsAnswer> recounted(const StatsQuery& query, const char* zone) {
    return recount(*columns,
                   {.query = query, .zone = *Zone::named(zone), .folder = folder.file("scratch")});
  }
};

}  // namespace

TEST_CASE("counted from the events, days of UTC give what the counts give, for every cut") {
  World world;
  for (std::size_t i = 0; i < cuts_count; ++i) {
    StatsQuery query{.cut = static_cast<Cut>(i),
                     .period = {march + 20, march + 40},
                     .compare = Against::previous,
                     .per = Per::day,
                     .top = 1000};
    CAPTURE(name(query.cut));
    auto kept = world.counts->query(query);
    auto counted = world.recounted(query, "UTC");
    REQUIRE(kept);
    REQUIRE_MESSAGE(counted.has_value(), counted.error().what);
    REQUIRE(counted->rows.size() == kept->rows.size());
    REQUIRE(!kept->rows.empty());
    for (std::size_t row = 0; row < kept->rows.size(); ++row) {
      const StatsRow &a = counted->rows[row], &b = kept->rows[row];
      CHECK(a.key == b.key);
      CHECK(a.now.events == b.now.events);
      CHECK(a.now.distinct == b.now.distinct);
      CHECK(a.before->events == b.before->events);
      CHECK(a.before->distinct == b.before->distinct);
      CHECK(a.daily_mean == b.daily_mean);
    }
  }
  CHECK(!std::filesystem::exists(world.folder.file("scratch")));
}

TEST_CASE("days of another zone begin there, and a filter may be what no cut keeps") {
  World world;
  StatsQuery query{.cut = Cut::asn,
                   .filter = {.country = *Country::parse("BR"),
                              .family = world.words.id("family1"),
                              .asn = 64497},
                   .period = {march + 3, march + 9},
                   .per = Per::day};
  CHECK(!Counts::keeps(query));
  auto counted = world.recounted(query, "America/Sao_Paulo");
  REQUIRE_MESSAGE(counted.has_value(), counted.error().what);
  std::map<Day, std::pair<std::uint64_t, std::set<std::string>>> days;
  std::uint64_t events = 0;
  for (const EventBatch& b : world.batches) {
    for (std::size_t i = 0; i < b.size(); ++i) {
      Day day = times::day_of(b.time[i] - 3 * us_per_hour);  // no summer time there
      if (day < march + 3 || day >= march + 9 || b.source.asn[i] != 64497 ||
          b.family[i] != query.filter.family || b.source.country[i] != query.filter.country)
        continue;
      Subject subject = subject_of(b, i);
      ++events;
      ++days[day].first;
      days[day].second.insert(subject.kind == SubjectKind::address ? ip::format(subject.ip)
                                                                   : std::string(subject.text));
    }
  }
  REQUIRE(events > 0);
  REQUIRE(counted->rows.size() == 1);
  CHECK(counted->rows[0].now.events == events);
  for (const StatsBucket& bucket : counted->series) {
    CHECK(bucket.now.events == days[bucket.period.since].first);
    CHECK(bucket.now.distinct->total() == days[bucket.period.since].second.size());
  }
}

}  // namespace tocsin::store
