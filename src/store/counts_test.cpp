#include "store/counts.h"

#include <filesystem>
#include <fstream>
#include <random>
#include <set>

#include "temporary_folder.h"
#include "test.h"

namespace tocsin::store {
namespace {

const Counts::Key key{1, 2, 3};

// An event as the plain counting sees it.
struct Plain {
  Day day;
  int hour;
  StatsKey what;  // all of it
  WordId feed;
  bool steered;
  int kind;  // 0 address4, 1 address6, 2 name, 3 nothing
  std::uint64_t subject;
};

// Makes batches of made-up events and keeps what they say.
class World {
 public:
  explicit World(unsigned seed) : random_(seed) {}

  EventBatch batch(std::size_t rows, Day first, Day days) {
    EventBatch b;
    b.seq = ++seq_;
    b.feed = 1 + pick(3);
    b.received = times::start_of(first + days);
    for (std::size_t i = 0; i < rows; ++i) {
      b.add_row();
      add(b, i, first + static_cast<Day>(pick(static_cast<unsigned>(days))));
    }
    return b;
  }
  const std::vector<Plain>& events() const { return events_; }
  void no_feed_before(WordId feed, Day day) { late_feed_ = feed, late_day_ = day; }

 private:
  unsigned pick(unsigned n) { return static_cast<unsigned>(random_() % n); }

  void add(EventBatch& b, std::size_t i, Day day) {
    constexpr std::array<Type, 4> types = {Type::infected_system, Type::vulnerable_system,
                                           Type::unauthorised_information_modification, Type::ddos};
    constexpr std::array<const char*, 4> countries = {"BR", "PT", "NL", ""};
    if (b.feed == late_feed_ && day < late_day_) day = late_day_;
    Plain p{};
    p.day = day;
    p.hour = static_cast<int>(pick(24));
    p.feed = b.feed;
    p.what.type = types[pick(4)];
    p.what.klass = class_of(*p.what.type);
    p.what.country = Country::parse(countries[pick(4)]).value_or(Country{});
    p.what.family = pick(4);
    p.what.asn = pick(3) == 0 ? 0 : 64496 + pick(5);
    p.what.sector = pick(4);
    b.time[i] = times::start_of(day) + p.hour * us_per_hour + pick(3600) * us_per_s;
    b.type[i] = *p.what.type;
    b.family[i] = p.what.family;
    b.sector[i] = p.what.sector;
    b.roles[i] = usual_roles(*p.what.type);
    bool at_destination = *p.what.type == Type::ddos && pick(2) == 0;
    if (at_destination) b.roles[i] = {Role::attacker, Role::affected};
    EndColumns &end = at_destination ? b.destination : b.source,
               &other = at_destination ? b.source : b.destination;
    end.country[i] = p.what.country;
    end.asn[i] = p.what.asn;
    p.steered = *p.what.type == Type::infected_system;
    if (p.steered && pick(3) == 0) {
      b.controller_reason[i] = ControllerReason::join;
      p.what.controller = b.joined_country[i] = *Country::parse(pick(2) == 0 ? "NL" : "BR");
      other.country[i] = *Country::parse("US");
    } else if (p.steered && pick(2) == 0) {
      b.controller_reason[i] = ControllerReason::feed;
      p.what.controller = *Country::parse(pick(2) == 0 ? "NL" : "BR");
      other.country[i] = p.what.controller;
    } else {
      other.country[i] = *Country::parse("US");
    }
    p.kind = *p.what.type == Type::unauthorised_information_modification ? 2
             : pick(20) == 0                                             ? 3
                             : static_cast<int>(pick(4) == 0);
    p.subject = pick(pick(2) == 0 ? 300 : 100'000);
    if (p.kind == 0) end.ip[i] = Ip::from_v4(0xc0000200 + static_cast<std::uint32_t>(p.subject));
    if (p.kind == 1) end.ip[i] = Ip::from_halves(0x20010db8'00000000 + p.subject, pick(1000));
    if (p.kind == 2) {
      end.name[i] = b.keep("www" + std::to_string(p.subject) + ".example.org");
      end.ip[i] = Ip::from_v4(1 + pick(1000));  // not the subject
    }
    events_.push_back(p);
  }

  std::mt19937 random_;
  std::uint64_t seq_ = 0;
  std::vector<Plain> events_;
  WordId late_feed_ = 0;
  Day late_day_ = 0;
};

bool in_filter(const Plain& p, const StatsFilter& f) {
  return (f.country.empty() || p.what.country == f.country) && (!f.type || p.what.type == f.type) &&
         (!f.klass || p.what.klass == f.klass) && (f.family == 0 || p.what.family == f.family) &&
         (f.asn == 0 || p.what.asn == f.asn) && (f.feed == 0 || p.feed == f.feed) &&
         (!f.controller || (p.steered && p.what.controller == *f.controller)) &&
         (!f.abroad ||
          (p.steered && !p.what.controller.empty() && p.what.controller != p.what.country));
}

StatsKey plain_row(const Plain& p, Cut cut) {
  StatsKey k;
  std::string_view what = name(cut);
  if (what.contains("country")) k.country = p.what.country;
  if (what.contains("type")) k.type = p.what.type;
  if (what.contains("class")) k.klass = p.what.klass;
  if (what.contains("family")) k.family = p.what.family;
  if (what.contains("asn")) k.asn = p.what.asn;
  if (what.contains("sector")) k.sector = p.what.sector;
  if (what.contains("controller")) k.controller = p.what.controller;
  return k;
}

struct PlainFigure {
  std::uint64_t events = 0;
  std::array<std::set<std::uint64_t>, 3> sets;
  void add(const Plain& p) {
    ++events;
    if (p.kind < 3) sets[static_cast<std::size_t>(p.kind)].insert(p.subject);
  }
  Distinct distinct() const { return {sets[0].size(), sets[1].size(), sets[2].size()}; }
};

template <class F>
void each_event(const World& world, Period period, const StatsQuery& q, F f) {
  for (const Plain& p : world.events()) {
    if (p.day < period.since || p.day >= period.until || !in_filter(p, q.filter)) continue;
    bool by_controller = std::string_view(name(q.cut)).contains("controller") ||
                         q.filter.controller || q.filter.abroad;
    if (by_controller && !p.steered) continue;
    bool by_asn = std::string_view(name(q.cut)).contains("asn");
    if (by_asn && p.what.asn == 0) continue;
    if (q.cut == Cut::sector_type && p.what.sector == 0) continue;
    f(p);
  }
}

std::map<StatsKey, PlainFigure> plain_rows(const World& world, Period period, const StatsQuery& q) {
  std::map<StatsKey, PlainFigure> out;
  each_event(world, period, q, [&](const Plain& p) { out[plain_row(p, q.cut)].add(p); });
  return out;
}

std::set<WordId> plain_feeds(const World& world, Period period, const StatsQuery& q,
                             const StatsKey& row) {
  std::set<WordId> out;
  each_event(world, period, q, [&](const Plain& p) {
    if (plain_row(p, q.cut) == row) out.insert(p.feed);
  });
  return out;
}

std::uint64_t plain_of_feeds(const World& world, Period period, const StatsQuery& q,
                             const StatsKey& row, const std::set<WordId>& feeds) {
  PlainFigure out;
  each_event(world, period, q, [&](const Plain& p) {
    if (plain_row(p, q.cut) == row && feeds.contains(p.feed)) out.add(p);
  });
  return out.distinct().total();
}

void compare_feeds(const World& world, const StatsAnswer& answer, const StatsRow& row) {
  const StatsQuery& q = answer.query;
  if (std::string_view(name(q.cut)).contains("asn") || q.filter.asn != 0) return;
  auto now = plain_feeds(world, q.period, q, row.key);
  auto before = plain_feeds(world, *answer.before, q, row.key);
  std::set<WordId> both, fresh, gone;
  std::ranges::set_intersection(now, before, std::inserter(both, both.end()));
  std::ranges::set_difference(now, before, std::inserter(fresh, fresh.end()));
  std::ranges::set_difference(before, now, std::inserter(gone, gone.end()));
  CHECK(std::ranges::equal(row.feeds_new, fresh));
  CHECK(std::ranges::equal(row.feeds_gone, gone));
  CHECK(row.same_feeds->total() == plain_of_feeds(world, q.period, q, row.key, both));
  CHECK(row.same_feeds_before->total() == plain_of_feeds(world, *answer.before, q, row.key, both));
}

void compare_reach(const World& world, const StatsQuery& q, const StatsRow& row) {
  std::array<PlainFigure, 3> reach;
  each_event(world, q.period, q, [&](const Plain& p) {
    if (!p.steered || plain_row(p, q.cut) != row.key) return;
    bool home = p.what.controller == p.what.country;
    reach[p.what.controller.empty() ? 2 : home ? 1 : 0].add(p);
  });
  if (!row.controllers) {
    CHECK(reach[0].events + reach[1].events + reach[2].events == 0);
    return;
  }
  CHECK(row.controllers->abroad == reach[0].distinct().total());
  CHECK(row.controllers->home == reach[1].distinct().total());
  CHECK(row.controllers->unknown == reach[2].distinct().total());
}

void compare(const World& world, const Counts& counts, const StatsQuery& q) {
  auto answer = counts.query(q);
  REQUIRE_MESSAGE(answer.has_value(), answer.error().what);
  auto wanted = plain_rows(world, q.period, q);
  std::map<StatsKey, PlainFigure> wanted_before;
  if (answer->before) wanted_before = plain_rows(world, *answer->before, q);
  std::size_t rows = 0;
  for (const auto& [row, figure] : wanted_before) rows += !wanted.contains(row);
  CHECK(answer->groups == wanted.size() + rows);
  if (q.top >= wanted.size() + rows) REQUIRE(answer->rows.size() == wanted.size() + rows);
  CAPTURE(name(q.cut));
  std::uint64_t last = UINT64_MAX, left = 0;
  for (const StatsRow& row : answer->rows) {
    const PlainFigure& plain = wanted[row.key];
    REQUIRE(row.now.events == plain.events);
    REQUIRE(*row.now.distinct == plain.distinct());
    if (q.order == Order::distinct) CHECK(row.now.distinct->total() <= last);
    if (q.order == Order::events) CHECK(row.now.events <= last);
    last = q.order == Order::events ? row.now.events : row.now.distinct->total();
    if (answer->before) {
      const PlainFigure& before = wanted_before[row.key];
      REQUIRE(row.before->events == before.events);
      REQUIRE(*row.before->distinct == before.distinct());
      compare_feeds(world, *answer, row);
    }
    if (q.cut == Cut::country && q.filter.family == 0 && q.filter.asn == 0 &&
        !q.filter.controller && !q.filter.abroad) {
      compare_reach(world, q, row);
    }
    wanted.erase(row.key);
  }
  for (const auto& [row, plain] : wanted) left = std::max(left, plain.distinct().total());
  if (q.order == Order::distinct && q.top >= 3) CHECK(left <= last);
}

// Every cut, with and without filters, over whole months, edges and the year before.
void compare_all(const World& world, const Counts& counts, Day first, std::mt19937& random) {
  for (std::size_t i = 0; i < cuts_count; ++i) {
    auto cut = static_cast<Cut>(i);
    StatsQuery q{.cut = cut, .compare = Against::year, .top = random() % 3 == 0 ? 3u : 1000u};
    q.period.since = first + 366 + static_cast<Day>(random() % 70);
    q.period.until = q.period.since + 1 + static_cast<Day>(random() % 150);
    q.order = static_cast<Order>(random() % 2);
    if (random() % 2 == 0) q.filter.country = *Country::parse("BR");
    if (random() % 3 == 0) q.filter.type = Type::infected_system;
    if (random() % 4 == 0) q.filter.klass = Class::malicious_code;
    if (random() % 4 == 0 && kind_for(cut, q.filter) == CellKind::family) q.filter.family = 2;
    if (random() % 4 == 0 && kind_for(cut, q.filter) != CellKind::network) q.filter.feed = 2;
    bool alone = std::string_view(name(cut)).contains("family") || q.filter.family != 0 ||
                 cut == Cut::sector_type;
    if (random() % 4 == 0 && !alone && kind_for(cut, q.filter) != CellKind::network) {
      q.filter.controller = Country::parse(random() % 2 == 0 ? "NL" : "").value_or(Country{});
    } else if (random() % 4 == 0 && !alone && kind_for(cut, q.filter) != CellKind::network) {
      q.filter.abroad = true;
    }
    compare(world, counts, q);
  }
}

std::unique_ptr<Counts> opened(const std::string& folder, std::size_t memory = 1 << 20) {
  auto counts = Counts::open(folder, key, {.memory_bytes = memory});
  REQUIRE_MESSAGE(counts.has_value(), counts.error().what);
  return std::move(*counts);
}

constexpr Day start = 20089;  // 2025-01-01

}  // namespace

TEST_CASE("every cut counts what plain sets count, through memory, day files and merged months") {
  TemporaryFolder folder;
  World world(1);
  world.no_feed_before(3, start + 400);
  std::mt19937 random(2);
  auto counts = opened(folder.path());
  for (int i = 0; i < 60; ++i) {
    REQUIRE(counts->apply(world.batch(400, start + (i % 30) * 20, 30)));
    if (i % 9 == 3) REQUIRE(counts->snapshot());
    if (i % 15 == 14) REQUIRE(counts->tidy());
    if (i % 20 == 19) compare_all(world, *counts, start, random);
  }
  while (*counts->tidy()) {
  }
  REQUIRE(counts->snapshot());
  compare_all(world, *counts, start, random);
  counts.reset();
  counts = opened(folder.path());
  compare_all(world, *counts, start, random);
  CHECK(counts->verify().empty());
}

TEST_CASE("a crash at any moment is healed by a replay from the watermark") {
  for (unsigned seed = 0; seed < 6; ++seed) {
    TemporaryFolder folder;
    World world(seed);
    std::mt19937 random(seed);
    std::vector<EventBatch> journal;
    auto counts = opened(folder.path(), 64 << 10);  // so little that days are written out of turn
    for (int i = 0; i < 40; ++i) {
      journal.push_back(world.batch(200, start + (i % 10) * 40, 60));
      REQUIRE(counts->apply(journal.back()));
      if (random() % 6 == 0) REQUIRE(counts->snapshot());
      if (random() % 8 == 0) REQUIRE(counts->tidy());
      if (random() % 5 == 0) {
        counts.reset();
        counts = opened(folder.path(), 64 << 10);
        for (const EventBatch& batch : journal) {
          if (batch.seq > counts->watermark()) REQUIRE(counts->apply(batch));
        }
      }
    }
    REQUIRE(counts->apply(journal[3]));  // taken already: nothing happens
    compare_all(world, *counts, start, random);
  }
}

TEST_CASE("files that no manifest names are removed at the start") {
  TemporaryFolder folder;
  World world(5);
  auto counts = opened(folder.path());
  REQUIRE(counts->apply(world.batch(100, start, 3)));
  REQUIRE(counts->snapshot());
  std::ofstream(folder.file("2025-01-01.99.day")) << "half";
  std::ofstream(folder.file("keep.txt")) << "not ours";
  counts.reset();
  counts = opened(folder.path());
  CHECK(!std::filesystem::exists(folder.file("2025-01-01.99.day")));
  CHECK(std::filesystem::exists(folder.file("keep.txt")));
}

TEST_CASE("a damaged file is refused by name and its day counted anew from the events") {
  TemporaryFolder folder;
  World world(6);
  std::vector<EventBatch> journal;
  auto counts = opened(folder.path());
  for (int i = 0; i < 10; ++i) {
    journal.push_back(world.batch(300, start, 3));
    REQUIRE(counts->apply(journal.back()));
  }
  REQUIRE(counts->snapshot());
  std::string path = counts->files().paths.at(2);
  counts.reset();
  StatsQuery all{.cut = Cut::type, .period = {start, start + 40}};

  auto sound = [&] {
    std::ifstream in(path, std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(in), {});
  }();
  for (std::size_t at = 0; at < sound.size(); at += 97) {
    std::string bytes = sound;
    bytes[at] = static_cast<char>(bytes[at] ^ 0x40);
    std::ofstream(path, std::ios::binary) << bytes;
    auto reopened = opened(folder.path());
    auto damage = reopened->verify();
    // Octets between cells are padding: everything else is found.
    if (!damage.empty()) CHECK(damage[0].what.contains(path));
    auto answer = reopened->query(all);
    if (!answer) CHECK(answer.error().what.contains(path));
  }
  std::ofstream(path, std::ios::binary) << sound.substr(0, sound.size() / 2);
  counts = opened(folder.path());
  REQUIRE(counts->damaged().size() == 1);
  CHECK(counts->is_damaged());
  CHECK(counts->query(all)->damaged.size() == 1);
  auto events = [&](Period, const auto& take) -> Result<void> {
    for (const EventBatch& batch : journal) TRY(take(batch));
    return {};
  };
  auto half = [&](Period, const auto& take) -> Result<void> {
    TRY(take(journal[0]));
    return unavailable("half");
  };
  CHECK(!counts->mend(start, half));
  CHECK(counts->is_damaged());  // until it works
  REQUIRE(counts->snapshot());
  counts = opened(folder.path());
  CHECK(counts->query(all)->damaged.size() == 1);
  CHECK(counts->mend(start, events) == 1u);
  CHECK(counts->damaged().empty());
  compare(world, *counts, all);
  CHECK(counts->damaged().empty());
  counts.reset();
  counts = opened(folder.path());
  CHECK(counts->damaged().empty());
  compare(world, *counts, all);
}

TEST_CASE("damage that a question meets is told, then mended") {
  TemporaryFolder folder;
  World world(16);
  std::vector<EventBatch> journal;
  auto counts = opened(folder.path());
  for (Day day : {start, start + 1, start + 35}) {
    journal.push_back(world.batch(500, day, 1));
    REQUIRE(counts->apply(journal.back()));
  }
  REQUIRE(counts->snapshot());
  REQUIRE(*counts->tidy());
  REQUIRE(counts->snapshot());
  auto events = [&](Period, const auto& take) -> Result<void> {
    for (const EventBatch& batch : journal) TRY(take(batch));
    return {};
  };
  for (bool month : {false, true}) {
    StatsQuery asked{.cut = Cut::type, .period = {start, start + (month ? 40 : 2)}};
    auto paths = counts->files().paths;
    std::string path = month ? paths.back() : paths.at(1);
    CHECK(path.ends_with(month ? ".month" : ".day"));
    counts.reset();
    {
      std::fstream file(path, std::ios::in | std::ios::out);
      auto cells = static_cast<std::streamoff>(std::filesystem::file_size(path) / 2);
      for (std::streamoff at = 66; at < cells; at += 32) file.seekp(at).put('?');
    }
    counts = opened(folder.path());
    CHECK(!counts->is_damaged());
    auto refused = counts->query(asked);
    REQUIRE(!refused);
    CHECK(refused.error().fault == Fault::unavailable);
    CHECK(refused.error().what.contains(path));
    CHECK(counts->is_damaged());
    CHECK(counts->mend(start, events) == (month ? 0u : 1u));
    CHECK(!counts->is_damaged());
    compare(world, *counts, asked);
    CHECK(!std::filesystem::exists(path));
    if (!month) REQUIRE(*counts->tidy());
    REQUIRE(counts->snapshot());
  }
}

TEST_CASE("of a day whose events are gone, what its other files hold stays, and it is said") {
  TemporaryFolder folder;
  World world(17);
  auto counts = opened(folder.path());
  std::vector<EventBatch> journal;
  for (int i = 0; i < 3; ++i) {
    journal.push_back(world.batch(100, start + i / 2, 1));  // two files of a day, one of the next
    REQUIRE(counts->apply(journal.back()));
    REQUIRE(counts->snapshot());
  }
  auto paths = counts->files().paths;
  counts.reset();
  std::filesystem::remove(paths.at(1));
  std::filesystem::remove(paths.at(3));
  counts = opened(folder.path());
  auto left = [&](Period, const auto& take) -> Result<void> {
    EventBatch some = journal[2];
    std::vector<bool> kept(some.size());
    for (std::size_t i = 0; i < 30; ++i) kept[i] = true;
    some.keep_rows(kept);
    return take(some);
  };
  REQUIRE(counts->mend(start + 10, left));
  for (int again = 0; again < 2; ++again) {
    CHECK(!counts->is_damaged());
    auto answer = counts->query({.cut = Cut::type, .period = {start, start + 5}});
    REQUIRE(answer);
    CHECK(answer->damaged.empty());
    CHECK(answer->lost == std::vector<Day>{start, start + 1});
    std::uint64_t events = 0;
    for (const StatsRow& row : answer->rows) events += row.now.events;
    CHECK(events == 130);
    counts.reset();
    counts = opened(folder.path());
  }
}

TEST_CASE("a damaged manifest is refused") {
  TemporaryFolder folder;
  World world(7);
  auto counts = opened(folder.path());
  REQUIRE(counts->apply(world.batch(100, start, 3)));
  REQUIRE(counts->snapshot());
  counts.reset();
  std::ofstream(folder.file("manifest"), std::ios::app) << "x";
  auto again = Counts::open(folder.path(), key, {});
  REQUIRE(!again.has_value());
  CHECK(again.error().fault == Fault::invalid);
  std::ofstream(folder.file("manifest")) << "tocsin-counts 2\n";
  CHECK(Counts::open(folder.path(), key, {}).error().what.contains("newer"));
}

TEST_CASE("daily means, buckets and hours are those of plain sets") {
  TemporaryFolder folder;
  World world(8);
  auto counts = opened(folder.path());
  for (int i = 0; i < 30; ++i) {
    REQUIRE(counts->apply(world.batch(300, start + 330, 90)));
    REQUIRE(counts->apply(world.batch(300, start + 695, 90)));
    if (i == 20) REQUIRE(counts->snapshot());
  }
  while (*counts->tidy()) {
  }
  for (Per per : {Per::day, Per::week, Per::month}) {
    StatsQuery q{.cut = Cut::country, .period = {start + 700, start + 765}};
    q.compare = Against::year, q.per = per;
    auto answer = counts->query(q);
    REQUIRE_MESSAGE(answer.has_value(), answer.error().what);
    for (const StatsBucket& bucket : answer->series) {
      PlainFigure plain;
      each_event(world, bucket.period, q, [&](const Plain& p) { plain.add(p); });
      CHECK(bucket.now.events == plain.events);
      CHECK(*bucket.now.distinct == plain.distinct());
      PlainFigure before;
      Period then{times::year_before(bucket.period.since), times::year_before(bucket.period.until)};
      each_event(world, then, q, [&](const Plain& p) { before.add(p); });
      CHECK(*bucket.before->distinct == before.distinct());
    }
    CHECK(answer->series.front().period.since == q.period.since);
    CHECK(answer->series.back().period.until == q.period.until);
    StatsQuery alone = q;
    alone.series_only = true;
    auto series = counts->query(alone);
    REQUIRE_MESSAGE(series.has_value(), series.error().what);
    CHECK(series->rows.empty());
    REQUIRE(series->series.size() == answer->series.size());
    for (std::size_t i = 0; i < series->series.size(); ++i)
      CHECK(*series->series[i].now.distinct == *answer->series[i].now.distinct);
    StatsQuery of_rows = q;
    of_rows.series_rows = 2;
    auto two = counts->query(of_rows);
    REQUIRE_MESSAGE(two.has_value(), two.error().what);
    REQUIRE(two->rows.size() > 2);
    CHECK(two->rows[2].series.empty());
    for (std::size_t i = 0; i < 2; ++i) {
      const StatsRow& row = two->rows[i];
      REQUIRE(row.series.size() == answer->series.size());
      for (const StatsBucket& bucket : row.series) {
        auto figure = [&](Period period) {
          PlainFigure plain;
          each_event(world, period, q, [&](const Plain& p) {
            if (plain_row(p, q.cut) == row.key) plain.add(p);
          });
          return plain;
        };
        CHECK(bucket.now.events == figure(bucket.period).events);
        CHECK(*bucket.now.distinct == figure(bucket.period).distinct());
        PlainFigure before = figure(
            {times::year_before(bucket.period.since), times::year_before(bucket.period.until)});
        CHECK(bucket.before->events == before.events);
        CHECK(*bucket.before->distinct == before.distinct());
      }
    }
    if (per != Per::day) continue;
    CHECK(answer->series.size() == 65);
    for (const StatsRow& row : answer->rows) {
      std::map<Day, PlainFigure> days;
      each_event(world, q.period, q, [&](const Plain& p) {
        if (plain_row(p, q.cut) == row.key) days[p.day].add(p);
      });
      double sum = 0;
      for (const auto& [day, plain] : days) sum += static_cast<double>(plain.distinct().total());
      CHECK(*row.daily_mean == doctest::Approx(sum / 65));
    }
  }
  Period days{start + 700, start + 703};
  auto hours = counts->hourly(days, {.country = *Country::parse("BR")});
  REQUIRE(hours.has_value());
  std::vector<std::uint64_t> plain(72);
  for (const Plain& p : world.events()) {
    if (p.day < days.since || p.day >= days.until || p.what.country.text() != "BR") continue;
    ++plain[static_cast<std::size_t>((p.day - days.since) * 24 + p.hour)];
  }
  CHECK(*hours == plain);
}

TEST_CASE("retention drops sets and keeps the finished figures, marked frozen") {
  TemporaryFolder folder;
  World world(9);
  auto counts = opened(folder.path());
  for (int i = 0; i < 40; ++i) REQUIRE(counts->apply(world.batch(300, start + (i % 4) * 30, 30)));
  while (*counts->tidy()) {
  }
  StatsQuery january{.cut = Cut::country_type, .period = {start, start + 31}, .top = 100};
  StatsQuery quarter{.cut = Cut::country, .period = {start, start + 90}, .top = 100};
  StatsQuery from_february{.cut = Cut::country, .period = {start + 31, start + 90}, .top = 100};
  StatsQuery part{.cut = Cut::country, .period = {start + 5, start + 60}, .top = 100};
  REQUIRE(*counts->drop_before(start + 65) == 2);  // January and February are over by then
  for (int again = 0; again < 2; ++again) {
    for (const StatsQuery& q : {january, quarter}) {
      auto answer = counts->query(q);
      REQUIRE_MESSAGE(answer.has_value(), answer.error().what);
      CHECK(answer->frozen);
      auto wanted = plain_rows(world, q.period, q);
      REQUIRE(answer->rows.size() == wanted.size());
      for (const StatsRow& row : answer->rows) {
        CHECK(row.now.events == wanted[row.key].events);
        CHECK(*row.now.distinct == wanted[row.key].distinct());
      }
    }
    // Nobody finished this one: the events are known, the distinct subjects are not.
    auto open = counts->query(from_february);
    REQUIRE_MESSAGE(open.has_value(), open.error().what);
    auto wanted = plain_rows(world, from_february.period, from_february);
    for (const StatsRow& row : open->rows) {
      CHECK(row.now.events == wanted[row.key].events);
      CHECK(!row.now.distinct);
    }
    CHECK(counts->query(part).error().fault == Fault::missing);
    CHECK(counts->frozen_until() == start + 59);
    // What comes late changes it no more; what retention has dropped, it does not drop again.
    World late(10 + static_cast<unsigned>(again));
    EventBatch more = late.batch(50, start, 31);
    more.seq = counts->applied() + 1;
    REQUIRE(counts->apply(more));
    CHECK(*counts->drop_before(start + 65) == 0);
    if (again == 0) counts.reset(), counts = opened(folder.path());
  }
}

TEST_CASE("what no cut knows is said, not guessed") {
  TemporaryFolder folder;
  auto counts = opened(folder.path());
  StatsQuery q{.cut = Cut::asn, .filter = {.family = 3}, .period = {start, start + 1}};
  CHECK(counts->query(q).error().what.contains("ask the events"));
  q.period.until = start;
  CHECK(counts->query(q).error().fault == Fault::invalid);
  q = {.cut = Cut::sector_type, .filter = {.asn = 64496}, .period = {start, start + 1}};
  CHECK(counts->query(q).error().what.contains("ask the events"));
  q = {.cut = Cut::country, .period = {start, start + 1}};
  CHECK(counts->query(q)->rows.empty());
}

TEST_CASE("cut names read back") {
  for (std::size_t i = 0; i < cuts_count; ++i) {
    CHECK(cut_named(name(static_cast<Cut>(i))) == static_cast<Cut>(i));
  }
  CHECK(!cut_named("continent"));
}

}  // namespace tocsin::store
