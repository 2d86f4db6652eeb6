#include "sim/sim.h"

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>

#include "sim/places.h"
#include "sim/population.h"
#include "sim/rows.h"
#include "test.h"

namespace tocsin::sim {
namespace {

namespace fs = std::filesystem;

// A folder that goes with the test.
class Folder {
 public:
  Folder() {
    std::string name = (fs::temp_directory_path() / "tocsin-sim-XXXXXX").string();
    path_ = mkdtemp(name.data());
  }
  ~Folder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  std::string path() const { return path_.string(); }

 private:
  fs::path path_;
};

std::map<std::string, std::string> content(const std::string& folder) {
  std::map<std::string, std::string> files;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (!entry.is_regular_file()) continue;
    std::ifstream in(entry.path(), std::ios::binary);
    std::string name = fs::relative(entry.path(), folder).string();
    if (name == "feeds.toml") continue;  // says where the folder is
    files[name] = {std::istreambuf_iterator<char>(in), {}};
  }
  return files;
}

Options tiny(const std::string& out) {
  Options options;
  options.scenario = "small";
  options.out = out;
  options.days = 4;
  options.members = 2;
  return options;
}

bool has_database() {
  if (!usual_database().empty()) return true;
  MESSAGE("skipped: no location database (package libloc-database)");
  return false;
}

TEST_CASE("the same seed gives the same bytes, another seed others") {
  if (!has_database()) return;
  Folder a, b, c;
  Options other = tiny(c.path());
  other.seed = 2;
  auto first = run(tiny(a.path()));
  REQUIRE(first);
  REQUIRE(run(tiny(b.path())));
  REQUIRE(run(other));
  CHECK(first->events > 500);
  auto one = content(a.path());
  CHECK(one.size() == first->files + 1);  // truth.json
  CHECK(one == content(b.path()));
  CHECK(one != content(c.path()));
}

TEST_CASE("a world is not written over what is there") {
  Folder folder;
  std::ofstream(folder.path() + "/report.csv") << "kept";
  auto world = run(tiny(folder.path()));
  REQUIRE(!world);
  CHECK(world.error().fault == Fault::invalid);
  CHECK(content(folder.path()).size() == 1);
}

TEST_CASE("impossible worlds are refused by name") {
  Folder folder;
  auto refused = [&](auto change) {
    Options options = tiny(folder.path() + "/new");
    change(options);
    auto world = run(options);
    return !world && world.error().fault == Fault::invalid;
  };
  CHECK(refused([](Options& o) { o.scenario = "nowhere"; }));
  CHECK(refused([](Options& o) { o.scale = 0; }));
  CHECK(refused([](Options& o) { o.scale = 1e9; }));
  CHECK(refused([](Options& o) { o.members = 0; }));
  CHECK(refused([](Options& o) { o.days = 0; }));
  CHECK(refused([](Options& o) { o.repeats = 1.0; }));
  CHECK(refused([](Options& o) { o.country = "Brazil"; }));
  CHECK(refused([](Options& o) {
    o.from = 20'000;
    o.to = 19'000;
  }));
  CHECK(!fs::exists(folder.path() + "/new"));
}

TEST_CASE("a database that is none is an error, not a crash") {
  Folder folder;
  std::ofstream(folder.path() + "/db") << "not a database";
  Options options = tiny(folder.path() + "/world");
  options.database = folder.path() + "/db";
  CHECK(!run(options));
  options.database = folder.path() + "/none";
  auto world = run(options);
  REQUIRE(!world);
  CHECK(world.error().fault == Fault::unavailable);
}

TEST_CASE("places hold addresses of their country alone") {
  if (!has_database()) return;
  Wanted wanted[] = {{*Country::parse("KE"), 20'000}, {*Country::parse("PT"), 5'000}};
  auto places = read_places(wanted, usual_database());
  REQUIRE(places);
  REQUIRE(places->places.size() == 2);
  CHECK(places->places[0].country.text() == "KE");
  CHECK(places->places[0].slots() > 15'000);
  CHECK(places->places[0].slots() <= 20'000);
  for (std::uint64_t i = 0; i < 1000; ++i) {
    Address4 a = places->places[1].address4(mix(i));
    CHECK((a.value & 255) >= 1);
    CHECK((a.value & 255) <= 254);
    CHECK(a.asn != 0);
  }
}

TEST_CASE("a population shows about as many addresses as were expected") {
  Habits habits{
      .stay_days = 24, .seen = 0.3, .weekend = 0.75, .fixed = 0.2, .weekly = 0.5, .rows_max = 1};
  Window window{20'089, 20'189};
  Window silent[] = {{20'120, 20'130}};
  double expected = 50 * leases_expected(habits, window, silent);
  Population population(habits, window, 50, 1, 1);
  std::map<std::uint64_t, int> shown;
  for (Day day = window.first - stay_days_max; day < window.last; ++day) {
    population.begin(day, [](Day, double) { return std::uint16_t{0}; });
    if (day < window.first || silent[0].contains(day)) continue;
    for (const Host& host : population.hosts()) {
      CHECK(is_there(host, day));
      if (is_seen(habits, host, day)) ++shown[lease(host, day)];
    }
  }
  CHECK(static_cast<double>(shown.size()) == doctest::Approx(expected).epsilon(0.03));
}

TEST_CASE("rows have as many columns as their header") {
  Sight s{};
  s.day = "2026-01-02";
  s.second = 11'045;
  s.host = {0xc0000207, 64'496};
  s.host6 = {0x20010db800000000, 64'496};
  s.country = *Country::parse("BR");
  s.family = "virut";
  s.far = {0xc6336401, 64'500};
  s.far_country = *Country::parse("NL");
  s.far_port = 80;
  for (Way way : {Way::sinkhole, Way::sinkhole_http, Way::sinkhole6, Way::brute_force,
                  Way::ics_attack, Way::ics, Way::rdp, Way::telnet, Way::website}) {
    for (std::uint64_t key = 0; key < 12; ++key) {
      s.key = key;
      std::string row;
      append_row(row, way, s);
      int columns = 1;
      bool quoted = false;
      for (char c : row) {
        if (c == '"') quoted = !quoted;
        columns += c == ',' && !quoted;
      }
      CHECK(columns == 1 + std::ranges::count(header(way), ','));
      CHECK(row.starts_with("\"2026-01-02 03:04:05\","));
    }
  }
}

TEST_CASE("an address is written without leading zeros") {
  std::string text;
  append_address(text, 0xc0000207);
  CHECK(text == "192.0.2.7");
}

TEST_CASE("the demo ends at its hour, and nothing is counted later") {
  if (!has_database()) return;
  Folder folder;
  Options options;
  options.scenario = "demo";
  options.out = folder.path();
  options.scale = 0.001;
  options.members = 2;
  options.now = *times::parse("2026-03-05T06:00:00Z");
  REQUIRE(run(options));
  for (const auto& [path, text] : content(folder.path())) {
    if (!path.contains("/flowwatch/2026-03-05")) continue;
    for (int hour = 6; hour < 24; ++hour) {
      CHECK(!text.contains("2026-03-05T" + std::string(hour < 10 ? "0" : "") +
                           std::to_string(hour) + ":"));
    }
  }
}

}  // namespace
}  // namespace tocsin::sim
