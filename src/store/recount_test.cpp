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
      b.controller_reason[i] = static_cast<ControllerReason>(pick(3));
      if (b.controller_reason[i] == ControllerReason::join)
        b.joined_country[i] = *Country::parse(pick(2) == 0 ? "BR" : "DE");
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

// ---- the counts against plain SQL over the events

namespace {

// What a cut is cut by, as SQL over the view `events`.
std::string sql_key(Cut cut) {
  std::string country = "CASE subject WHEN 0 THEN source_country ELSE destination_country END";
  std::string asn = "CASE subject WHEN 0 THEN source_asn ELSE destination_asn END";
  std::string controller =
      "CASE controller WHEN 2 THEN destination_country WHEN 3 THEN joined_country ELSE 0 END";
  switch (cut) {
    case Cut::country:
      return country;
    case Cut::country_class:
    case Cut::country_type:
      return country + ", type";  // each of these types is alone in its class
    case Cut::country_type_family:
      return country + ", type, family";
    case Cut::country_type_controller:
      return country + ", type, " + controller;
    case Cut::asn_type:
      return asn + ", type";
    case Cut::sector_type:
      return "sector, type";
    case Cut::family:
      return "family";
    case Cut::asn:
      return asn;
    case Cut::controller:
      return controller;
    case Cut::type:
    case Cut::klass:
      return "type";
  }
  return "";
}

// Events and distinct subjects of every row, smallest first; keys with nothing in them left out as
// the counts do.
std::vector<std::pair<std::uint64_t, std::uint64_t>> by_sql(World& world, const StatsQuery& q) {
  std::string where = fmt::format("time >= {} AND time < {}", times::start_of(q.period.since),
                                  times::start_of(q.period.until));
  if (q.filter.type) where += fmt::format(" AND type = {}", static_cast<int>(*q.filter.type));
  if (q.filter.family != 0) where += fmt::format(" AND family = {}", q.filter.family);
  if (!q.filter.country.empty())
    where += fmt::format(" AND ({}) = {}", sql_key(Cut::country), q.filter.country.code);
  if (q.cut == Cut::controller || q.cut == Cut::country_type_controller)
    where += fmt::format(" AND type = {}", static_cast<int>(Type::infected_system));
  if (q.cut == Cut::sector_type) where += " AND sector <> 0";
  std::vector<std::pair<std::uint64_t, std::uint64_t>> rows;
  auto take = [&](const DuckChunk& chunk) {
    for (std::size_t i = 0; i < chunk.rows(); ++i) {
      rows.emplace_back(chunk.column<std::int64_t>(0)[i], chunk.column<std::int64_t>(1)[i]);
    }
  };
  // Here an account stands in `extra` alone, a site in `name`, an address in the source.
  auto done = world.columns->select(
      fmt::format("SELECT count(*)::BIGINT, count(DISTINCT source_low::VARCHAR || "
                  "CASE WHEN name <> '' OR extra <> '' THEN '' ELSE 'a' END)::BIGINT FROM "
                  "(SELECT * REPLACE (CASE WHEN name <> '' OR extra <> '' THEN hash(name || extra) "
                  "ELSE source_low END AS source_low) FROM events WHERE {}) GROUP BY {}",
                  where, sql_key(q.cut)),
      take, 10'000);
  REQUIRE_MESSAGE(done.has_value(), done.error().what);
  std::ranges::sort(rows);
  return rows;
}

}  // namespace

TEST_CASE("sixty seeded cuts, filters and periods give what plain SQL gives") {
  World world;
  std::mt19937 random(20);
  int with_rows = 0;
  for (int i = 0; i < 60; ++i) {
    StatsQuery q{.cut = static_cast<Cut>(i % static_cast<int>(cuts_count)), .top = 10'000};
    q.period.since = march + static_cast<Day>(random() % 20);
    q.period.until = q.period.since + 1 + static_cast<Day>(random() % 20);
    if (random() % 2 == 0) q.filter.country = *Country::parse("BR");
    if (random() % 2 == 0) q.filter.type = Type::infected_system;
    if (random() % 3 == 0) q.filter.family = world.words.id("family1");
    if (!Counts::keeps(q)) q.filter = {};
    auto answer = world.counts->query(q);
    CAPTURE(name(q.cut));
    REQUIRE_MESSAGE(answer.has_value(), answer.error().what);
    std::vector<std::pair<std::uint64_t, std::uint64_t>> rows;
    for (const StatsRow& row : answer->rows)
      rows.emplace_back(row.now.events, row.now.distinct->total());
    std::ranges::sort(rows);
    CHECK(rows == by_sql(world, q));
    with_rows += rows.empty() ? 0 : 1;
  }
  CHECK(with_rows == 60);
}

}  // namespace tocsin::store
