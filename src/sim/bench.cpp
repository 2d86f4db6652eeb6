#include "sim/bench.h"

#include "sim/deliveries.h"
#include "sim/rows.h"
#include "sim/truth.h"
#include "sim/world.h"

namespace tocsin::sim {
namespace {

constexpr std::uint64_t rows_usual = 2'000'000;
constexpr std::uint64_t rows_max = 1'000'000'000;
constexpr double repeats_usual = 0.3;
constexpr int files = 4;                  // one a day
constexpr std::uint64_t rows_a_host = 3;  // sightings that one host has on average

class Bench {
 public:
  Bench(const World& world, std::uint64_t rows, double repeats)
      : world_(world), rows_(rows), repeats_(repeats) {}

  std::uint64_t rows() const { return rows_; }
  std::uint64_t first_of(int file) const { return rows_ * static_cast<unsigned>(file) / files; }

  // The row that row `i` repeats, through all repeats of repeats; `i` itself if it is new.
  std::uint64_t origin(std::uint64_t i) const {
    for (;;) {
      std::uint64_t chance = draw(world_.seed, i);
      if (i == 0 || unit(chance) >= repeats_) return i;
      i = below(mix(chance), i);
    }
  }

  // A row that repeats none.
  Counted write(std::string& out, std::uint64_t i) const {
    int file = 0;
    while (i >= first_of(file + 1)) ++file;
    std::string day = times::format_day(world_.periods[0].window.first + file);
    std::uint64_t host =
        draw(world_.seed ^ 0xbe, below(draw(world_.seed, 21, i), rows_ / rows_a_host + 1));
    const Place& place = world_.places[host % world_.members()];
    constexpr std::array<std::uint16_t, 5> seen = {6, 7, 8, 11, 12};
    std::uint16_t family = seen[mix(host) % seen.size()];
    Sight s{};
    s.day = day;
    s.chance = draw(world_.seed, 22, i);
    s.second = static_cast<std::uint32_t>(below(s.chance, 86400));
    s.host = place.address4(mix(host ^ 1));
    s.country = place.country;
    s.key = host;
    s.family = families()[family].name;
    s.far = world_.sinkhole(host);
    s.far_country = world_.sinkhole_country(host);
    s.far_port = 80;
    append_row(out, Way::sinkhole, s);
    return {.country = place.country,
            .kind = Kind::infected,
            .family = family,
            .feed = FeedId::shadowserver,
            .address4 = s.host.value};
  }

 private:
  const World& world_;
  std::uint64_t rows_;
  double repeats_;
};

}  // namespace

Result<Summary> run_bench(const Options& options, const Progress& progress) {
  Options whole = options;
  whole.scenario = "small";
  whole.members = options.members.value_or(24);
  whole.days = files;
  whole.scale = options.scale.value_or(0.2);
  whole.repeats = options.repeats.value_or(repeats_usual);
  World world = TRY(make_world(whole));
  world.periods.erase(world.periods.begin());
  world.outages.clear();
  std::uint64_t rows = options.rows.value_or(rows_usual);
  if (rows < files || rows > rows_max) {
    return invalid("not a number of rows, 4 to 1000000000: " + std::to_string(rows));
  }
  Faults none{.repeats = 0, .dirty = 0, .late_rows = 0, .late_reports = 0, .redelivered = 0};
  Deliveries deliveries = TRY(Deliveries::into(options.out, none, world.seed));
  Truth truth(world);
  Bench bench(world, rows, *whole.repeats);
  std::string text;
  for (int file = 0; file < files; ++file) {
    Day day = world.periods[0].window.first + file;
    deliveries.open({Way::sinkhole, FeedId::shadowserver, "event4_sinkhole", {}}, day, false);
    for (std::uint64_t i = bench.first_of(file); i < bench.first_of(file + 1); ++i) {
      text.clear();
      std::uint64_t origin = bench.origin(i);
      Counted event = bench.write(text, origin);
      if (origin == i) {
        deliveries.row(text);
        truth.count(event);
      } else {
        deliveries.repeat(text);
      }
    }
    if (auto closed = deliveries.close(); !closed) return std::unexpected(closed.error());
    truth.end_day();
    if (progress) progress(day, deliveries.rows());
  }
  truth.end_month(world.periods[0].window.first);
  truth.end_period(0);
  Options named = whole;
  named.scenario = "bench";
  return write_summary(named, world, deliveries, truth);
}

}  // namespace tocsin::sim
