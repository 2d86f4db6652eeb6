#include "warn/series.h"

#include <filesystem>
#include <fstream>
#include <random>
#include <set>

#include "temporary_folder.h"
#include "test.h"
#include "warn/gate.h"
#include "warn/subject_sketch.h"

namespace tocsin::warn {
namespace {

constexpr Day day0 = 20'000;

// Made-up batches, and what they say as plain words.
class World {
 public:
  struct Plain {
    std::uint64_t seq;
    Day day;
    unsigned quarter;
    Type type;
    std::uint32_t family, port, country, asn, sector, constituent, feed, subject;
  };
  explicit World(unsigned seed) : random_(seed) {}

  EventBatch batch(std::size_t rows, Day first, Day days) {
    EventBatch b;
    b.seq = ++seq_;
    b.report = seq_;
    b.feed = 1 + pick(2);
    b.received = times::start_of(first + days) + us_per_hour;
    for (std::size_t i = 0; i < rows; ++i) add(b, first, days);
    return b;
  }
  static std::vector<WordId> whose(const EventBatch& b) {
    std::vector<WordId> ids;
    for (std::size_t i = 0; i < b.size(); ++i) ids.push_back(b.line[i] % 3);
    return ids;
  }
  std::vector<Plain> events;

 private:
  unsigned pick(unsigned n) { return static_cast<unsigned>(random_() % n); }

  void add(EventBatch& b, Day first, Day days) {
    std::size_t i = b.size();
    b.add_row();
    Plain p{};
    p.seq = b.seq;
    p.day = first + static_cast<Day>(pick(static_cast<unsigned>(days)));
    p.quarter = pick(96);
    p.type = pick(2) == 0 ? Type::scanner : Type::vulnerable_system;
    p.family = pick(3);
    p.country = pick(3) == 0   ? 0
                : pick(2) == 0 ? Country::parse("BR")->code
                               : Country::parse("PT")->code;
    p.asn = pick(4) == 0 ? 0 : 64496 + pick(4);
    p.sector = pick(3);
    p.constituent = pick(3);
    p.port = pick(3) == 0 ? 0 : 440 + pick(4);
    p.feed = b.feed;
    p.subject = pick(40);
    b.time[i] = times::start_of(p.day) + p.quarter * us_per_hour / 4 + pick(900) * us_per_s;
    b.type[i] = p.type;
    b.family[i] = p.family;
    b.sector[i] = p.sector;
    b.transport[i] = Transport::tcp;
    b.line[i] = p.constituent;
    b.source.ip[i] = Ip::from_v4(0xc0000200 + p.subject);
    b.source.country[i] = Country{static_cast<std::uint16_t>(p.country)};
    b.source.asn[i] = p.asn;
    // A scanner's target has the port; a client's port is never told.
    b.source.port[i] = static_cast<std::uint16_t>(p.type == Type::scanner ? 50'000 : p.port);
    b.destination.port[i] = static_cast<std::uint16_t>(p.type == Type::scanner ? p.port : 50'000);
    if (pick(20) == 0) {
      b.flags[i] |= flag_exercise;
      return;
    }
    events.push_back(p);
  }

  std::mt19937 random_;
  std::uint64_t seq_ = 0;
};

// Counts the slow way, and compares every row and quarter.
void check_all(const Series& series, const World& world) {
  std::map<std::tuple<Day, SeriesKey, unsigned>, std::uint64_t> counts;
  std::map<std::tuple<Day, SeriesKey, unsigned>, std::set<std::uint32_t>> subjects;
  for (const auto& p : world.events) {
    std::uint32_t service = p.port == 0 ? 0 : 1U << 16 | p.port;
    std::array<std::uint32_t, 3> details = {0, p.family, service};
    std::array<std::uint32_t, 5> places = {0, p.country, p.asn, p.sector, p.constituent};
    for (unsigned what = 0; what < 3; ++what) {
      for (unsigned where = 0; where < 5; ++where) {
        if ((what > 0 && details[what] == 0) || (where > 0 && places[where] == 0)) continue;
        SeriesKey key = series_key(static_cast<What>(what), details[what],
                                   static_cast<Where>(where), places[where], p.type, p.feed);
        ++counts[{p.day, key, p.quarter}];
        if (has_subjects(key)) subjects[{p.day, key, p.quarter / 4}].insert(p.subject);
      }
    }
  }
  std::size_t seen = 0, seen_hours = 0;
  for (Day day : series.days(INT32_MIN, INT32_MAX)) {
    REQUIRE(series.look(day, [&](const DaySeries& rows) {
      for (const auto& row : rows.rows()) {
        for (unsigned quarter = 0; quarter < quarters_of_day; ++quarter) {
          std::uint64_t got = row.events.at(quarter);
          if (got == 0) continue;
          ++seen;
          auto wanted = counts.find({day, row.key, quarter});
          REQUIRE(wanted != counts.end());
          REQUIRE(got == wanted->second);
        }
        REQUIRE(has_subjects(row.key) == (row.subjects != nullptr));
        for (unsigned hour = 0; hour < 24 && row.subjects; ++hour) {
          std::uint64_t got = DaySeries::subjects_of_hour(row, hour).value();
          if (got == 0) continue;
          ++seen_hours;
          REQUIRE(got == subjects.at({day, row.key, hour}).size());
        }
      }
    }));
  }
  CHECK(seen == counts.size());
  CHECK(seen_hours == subjects.size());
}

std::unique_ptr<Series> opened(const std::string& folder, const Series::Options& options = {}) {
  auto series = Series::open(folder, options);
  REQUIRE(series);
  return std::move(*series);
}

}  // namespace

TEST_CASE("series hold what a plain count of the events gives, also late ones and over restarts") {
  for (unsigned seed = 1; seed <= 3; ++seed) {
    TemporaryFolder folder;
    World world(seed);
    std::vector<EventBatch> journal;
    for (int i = 0; i < 12; ++i) {
      Day first = i % 4 == 3 ? day0 - 7 : day0 + i / 2;  // one in four comes a week late
      journal.push_back(world.batch(300, first, 2));
    }
    auto series = opened(folder.path());
    std::size_t at = 0;
    for (std::size_t stop : {3, 5, 9}) {
      for (; at < stop; ++at) REQUIRE(series->apply(journal[at], World::whose(journal[at])));
      if (stop != 5) {
        REQUIRE(series->snapshot("kept " + std::to_string(stop)));
        REQUIRE(series->apply(journal[at], World::whose(journal[at])));  // and is lost
      }
      series = opened(folder.path());
      at = series->watermark();
      CHECK(series->kept() == "kept " + std::string(stop == 9 ? "9" : "3"));
    }
    for (; at < journal.size(); ++at)
      REQUIRE(series->apply(journal[at], World::whose(journal[at])));
    REQUIRE(series->apply(journal[4], World::whose(journal[4])));  // an old one changes nothing
    check_all(*series, world);
    REQUIRE(series->snapshot());
    series = opened(folder.path());
    check_all(*series, world);
  }
}

TEST_CASE("what memory cannot hold lies in files, and the counts stay the same") {
  TemporaryFolder folder;
  World world(7);
  auto series = opened(folder.path(), {.memory_bytes = 100'000});
  for (int i = 0; i < 10; ++i) {
    EventBatch b = world.batch(400, day0, 10);
    REQUIRE(series->apply(b, World::whose(b)));
  }
  check_all(*series, world);
}

TEST_CASE("a withdrawn report takes its counts back, and the act done twice does no more") {
  TemporaryFolder folder;
  World world(9);
  std::vector<EventBatch> journal;
  for (int i = 0; i < 6; ++i) journal.push_back(world.batch(200, day0 + i / 2, 2));
  auto series = opened(folder.path());
  for (const auto& b : journal) REQUIRE(series->apply(b, World::whose(b)));
  REQUIRE(series->snapshot());

  EventBatch act;
  act.seq = 7;
  act.received = times::start_of(day0 + 10);
  act.correction = {.kind = Correction::Kind::withdraw, .report = 3};
  for (const auto& p : world.events) {
    if (p.seq == 3) act.correction.days.push_back(p.day);
  }
  std::erase_if(world.events, [](const auto& p) { return p.seq == 3; });
  auto left = [&](Day since, Day until, const Series::Take& take) -> Result<void> {
    for (const auto& b : journal) {
      std::vector<bool> keep;
      for (std::size_t i = 0; i < b.size(); ++i) {
        Day day = times::day_of(b.time[i]);
        keep.push_back(b.seq != 3 && day >= since && day < until);
      }
      EventBatch some = b;
      some.keep_rows(keep);
      TRY(take(some));
    }
    return {};
  };
  REQUIRE(series->correct(act, left, World::whose));
  check_all(*series, world);
  REQUIRE(series->correct(act, left, World::whose));
  check_all(*series, world);
  series = opened(folder.path());  // before it was durable: it comes again
  CHECK(series->watermark() == 6);
  REQUIRE(series->correct(act, left, World::whose));
  check_all(*series, world);
}

TEST_CASE("ten million keys of one scanner stay out, and what comes three times gets in") {
  TemporaryFolder folder;
  auto series =
      opened(folder.path(), {.free_rows = 1000, .rows_max = 5000, .memory_bytes = 32u << 20});
  std::uint32_t families = 0;
  for (std::uint64_t seq = 1; seq <= 200; ++seq) {
    EventBatch b;
    b.seq = seq;
    b.feed = 1;
    b.received = times::start_of(day0 + 1);
    for (std::size_t i = 0; i < 1000; ++i) {
      b.add_row();
      b.time[i] = times::start_of(day0);
      b.type[i] = Type::scanner;
      b.family[i] = i % 50 == 0 ? 4'000'000 : ++families;
    }
    REQUIRE(series->apply(b));
  }
  std::size_t rows = 0;
  std::uint64_t all = 0, often = 0;
  REQUIRE(series->look(day0, [&](const DaySeries& day) {
    rows = day.rows().size();
    const auto* type = day.row(series_key(What::type, 0, Where::all, 0, Type::scanner, 1));
    const auto* family =
        day.row(series_key(What::family, 4'000'000, Where::all, 0, Type::scanner, 1));
    REQUIRE(type != nullptr);
    REQUIRE(family != nullptr);
    all = type->events.sum(0, 96);
    often = family->events.sum(0, 96);
  }));
  CHECK(rows <= 5000);
  CHECK(rows < 3000);  // the gate lets few of 196,000 through by mistake
  CHECK(all == 200'000);
  CHECK(often == 4000);
  CHECK(series->refused().at(day0).keys > 190'000);
  CHECK(series->memory_bytes() < (40u << 20));
}

TEST_CASE("the gate passes a key at its third time, at the latest") {
  KeyGate gate;
  std::mt19937_64 random(5);
  std::size_t early = 0;
  for (int i = 0; i < 100'000; ++i) {
    std::uint64_t key = random();
    bool first = gate.pass(key), second = gate.pass(key);
    early += first || second ? 1 : 0;
    REQUIRE(gate.pass(key));
  }
  CHECK(early < 100);
}

TEST_CASE("a sketch is exact for 128 subjects and near for many; its words give it back") {
  std::mt19937 random(3);
  SubjectSketch sketch, half, other;
  for (std::uint32_t i = 0; i < 128; ++i) sketch.add(i * 2654435761U), sketch.add(i * 2654435761U);
  CHECK(sketch.is_exact());
  CHECK(sketch.count() == 128);
  double worst = 0;
  for (int round = 0; round < 20; ++round) {
    SubjectSketch one;
    for (int i = 0; i < 20'000; ++i) one.add(static_cast<std::uint32_t>(random()));
    worst = std::max(worst, std::abs(static_cast<double>(one.count()) / 20'000 - 1));
    SubjectSketch copy;
    REQUIRE(copy.load(!one.is_exact(), one.held(), one.words()));
    CHECK(copy.count() == one.count());
  }
  CHECK(worst < 0.2);
  for (std::uint32_t i = 1; i <= 2000; ++i) {
    auto hash = static_cast<std::uint32_t>(random());
    half.add(hash);
    if (i % 2 == 0) other.add(hash);
  }
  std::uint64_t before = half.count();
  half.unite(other);
  CHECK(half.count() == before);
  std::vector<std::uint32_t> wrong(5, 1);
  CHECK_FALSE(sketch.load(false, 5, wrong));
}

TEST_CASE("a damaged day or snapshot is told and does not end the node") {
  TemporaryFolder folder;
  World world(11);
  auto series = opened(folder.path());
  EventBatch b = world.batch(200, day0, 1);
  REQUIRE(series->apply(b));
  REQUIRE(series->snapshot());
  series.reset();
  for (const auto& entry : std::filesystem::directory_iterator(folder.path())) {
    std::fstream file(entry.path(), std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(40);
    file.put('\x55').put('\x56');
  }
  auto again = Series::open(folder.path(), {});
  REQUIRE_FALSE(again);
  CHECK(again.error().fault == Fault::invalid);
}

}  // namespace tocsin::warn
