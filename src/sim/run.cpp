// The walk through a world, day by day: who is seen, what the reports say of it, what truth counts.
#include <fmt/format.h>

#include "base/hash.h"
#include "base/text.h"
#include "sim/bench.h"
#include "sim/deliveries.h"
#include "sim/rows.h"
#include "sim/sim.h"
#include "sim/truth.h"
#include "sim/world.h"

namespace tocsin::sim {
namespace {

constexpr std::array<Scenario, 4> scenario_rows = {{
    {"year-on-year", "January to August 2025 and 2024 at the scale of a published national figure"},
    {"demo", "a small lively world of 60 days up to now, and the same days a year before"},
    {"small", "three weeks of two members, for quick tests"},
    {"bench", "rows of event4_sinkhole alone, 30 % of them repeats"},
}};

constexpr double sites_now = 20'000, sites_before = 17'500;  // defaced, in 243 days at scale 1
constexpr double full_days = 243;

// Noon is four times as busy as midnight.
std::uint32_t second_of_day(std::uint64_t drawn) {
  double u = (unit(drawn) + unit(mix(drawn))) / 2;
  double busy = drawn % 5 < 3 ? u : unit(mix(drawn ^ 1));
  return static_cast<std::uint32_t>(busy * 86399);
}

class Walk {
 public:
  Walk(const World& world, Deliveries deliveries)
      : world_(world), deliveries_(std::move(deliveries)), truth_(world) {}

  Result<Summary> run(const Options& options, const Progress& progress);

 private:
  struct Band {  // one stream's hosts in one country
    const Stream* stream;
    std::size_t member;
    Population population;
  };
  // The defaced sites of one country: so many until today.
  struct Wave {
    double owed = 0.5;
    std::uint64_t sites = 0;
  };

  void begin_period(const Period& period);
  Result<void> day(const Period& period, Day day);
  Result<void> stream_day(const Stream& stream, Day day, bool last);
  void host_day(const Band& band, const Host& host, Day day);
  Result<void> defacements(const Period& period, Day day);
  void deface(std::size_t member, Day day, std::uint64_t site, std::uint64_t page);
  void list_controllers(Day day);
  Result<void> blocklist(Day day);
  bool in_future(Day day, std::uint32_t second) const {
    return times::start_of(day) + second * us_per_s > world_.now;
  }

  const World& world_;
  Deliveries deliveries_;
  Truth truth_;
  std::vector<Band> bands_;
  std::vector<Wave> waves_;  // of the members
  std::uint32_t next_host_ = 1;
  std::uint64_t first_site_ = 1;  // of the running period
  std::string day_text_, row_;
};

void Walk::begin_period(const Period& period) {
  bands_.clear();
  first_site_ += 1'000'000'000;
  waves_.assign(world_.members(), {});
  for (const Stream& stream : streams()) {
    double leases = leases_expected(stream.habits, period.window, world_.outages_of(stream.feed));
    for (std::size_t m = 0; m < world_.members(); ++m) {
      double rate = world_.rate(stream, period, m, leases);
      std::uint64_t seed =
          draw(world_.seed, static_cast<std::uint64_t>(stream.way), world_.places[m].country.code);
      Population hosts(stream.habits, period.window, rate, seed, next_host_);
      auto family = [&](Day d, double u) { return world_.family(stream, period, d, u); };
      // Those who are there when the period begins have come before.
      Day first = period.window.first - stay_days_max;
      for (Day d = first; d < period.window.first; ++d) hosts.begin(d, family);
      double to_come = rate * 1.1 * period.window.days() + 16;
      next_host_ = hosts.next_id() + static_cast<std::uint32_t>(to_come);
      bands_.push_back({&stream, m, std::move(hosts)});
    }
  }
}

void Walk::host_day(const Band& band, const Host& host, Day day) {
  const Stream& stream = *band.stream;
  const Place& place = world_.places[band.member];
  std::uint64_t today = draw(host.key, 7, static_cast<std::uint64_t>(day));
  auto rows = 1 + below(mix(today), static_cast<std::uint64_t>(stream.habits.rows_max));
  Sight s{};
  s.day = day_text_;
  s.country = place.country;
  s.key = host.key;
  s.family = families()[host.family].name;
  Counted event{.country = place.country,
                .kind = stream.kind,
                .family = host.family,
                .feed = stream.feed,
                .host = host.id};
  if (stream.way == Way::sinkhole6) {
    s.host6 = place.address6(lease(host, day));
    event.network6 = s.host6.high;
  } else {
    s.host = place.address4(lease(host, day));
    event.address4 = s.host.value;
  }
  if (stream.way == Way::website) event.name = hash64(site_name(host.key));
  if (stream.way == Way::flow || stream.way == Way::probe) {
    Controller c = world_.controller(host.family, host, place.country, day);
    s.far = c.address, s.far_country = c.country, s.far_port = c.port;
    event.controller = event.joined = c.country;
  } else {
    s.far = world_.sinkhole(host.key);
    s.far_country = world_.sinkhole_country(host.key);
    s.far_port = stream.way == Way::brute_force  ? (host.key % 3 == 0 ? 23 : 22)
                 : stream.way == Way::ics_attack ? 502
                                                 : 80;
    event.joined = Country::parse(families()[host.family].listed_in).value_or(Country{});
  }
  for (std::uint64_t k = 0; k < rows; ++k) {
    s.chance = draw(today, k);
    s.second = second_of_day(s.chance);
    if (in_future(day, s.second)) continue;
    row_.clear();
    append_row(row_, stream.way, s);
    deliveries_.row(row_);
    truth_.count(event);
  }
}

// The reports of one stream: one for each member, or one for all.
Result<void> Walk::stream_day(const Stream& stream, Day day, bool last) {
  bool is_out = world_.is_out(stream.feed, day);
  bool together = stream.feed != FeedId::shadowserver;
  bool holds_back = !together && !last;
  if (!is_out && together) {
    deliveries_.open({stream.way, stream.feed, stream.report, {}}, day, holds_back);
    if (stream.feed == FeedId::n6) list_controllers(day);
  }
  for (Band& band : bands_) {
    if (band.stream != &stream) continue;
    if (is_out) continue;
    if (!together) {
      Country country = world_.places[band.member].country;
      deliveries_.open({stream.way, stream.feed, stream.report, country}, day, holds_back);
    }
    for (const Host& host : band.population.hosts()) {
      if (is_seen(stream.habits, host, day)) host_day(band, host, day);
    }
    if (!together) {
      if (auto closed = deliveries_.close(); !closed) return closed;
    }
  }
  return deliveries_.close();
}

// The n6 feed says at midnight which controllers are known.
void Walk::list_controllers(Day day) {
  for (std::uint16_t f = 0; f < families().size(); ++f) {
    if (families()[f].listed_in.empty()) continue;
    Controller c = world_.listed(f, day);
    Sight s{};
    s.day = day_text_;
    s.second = f;
    s.host = c.address, s.country = c.country, s.far_port = c.port;
    s.family = families()[f].name;
    s.chance = draw(world_.seed, f, static_cast<std::uint64_t>(day));
    if (in_future(day, s.second)) continue;
    row_.clear();
    append_row(row_, Way::n6_cnc, s);
    deliveries_.row(row_);
    truth_.count({.country = c.country,
                  .kind = Kind::c2,
                  .family = f,
                  .feed = FeedId::n6,
                  .address4 = c.address.value});
  }
}

void Walk::deface(std::size_t member, Day day, std::uint64_t site, std::uint64_t page) {
  const Place& place = world_.places[member];
  Sight s{};
  s.day = day_text_;
  s.key = draw(world_.seed, 0xdeface, first_site_ + member * 10'000'000 + site);
  s.chance = draw(s.key, static_cast<std::uint64_t>(day), page);
  s.second = second_of_day(s.chance);
  if (in_future(day, s.second)) return;
  s.host = place.address4(s.key >> 3);  // many sites on one host would be a wave of their own
  s.country = place.country;
  std::string name = site_name(s.key);
  row_.clear();
  append_defacement(row_, s, name, page);
  deliveries_.row(row_);
  truth_.count({.country = place.country,
                .kind = Kind::defacement,
                .feed = FeedId::defacements,
                .name = hash64(name)});
}

// Waves: every fifth week a few days have eight times as many.
Result<void> Walk::defacements(const Period& period, Day day) {
  if (world_.is_out(FeedId::defacements, day)) return {};
  bool now = &period == &world_.periods.back();
  auto weight = [&](Day d) {
    if (world_.is_out(FeedId::defacements, d)) return 0.0;
    return (period.window.last - 1 - d) % 37 < 3 ? 8.0 : 1.0;
  };
  double sum = 0;
  for (Day d = period.window.first; d < period.window.last; ++d) sum += weight(d);
  deliveries_.open({Way::defacement, FeedId::defacements, "defacements", {}}, day, false);
  for (std::size_t m = 0; m < world_.members(); ++m) {
    Wave& wave = waves_[m];
    double wanted = (now ? sites_now : sites_before) * world_.scale * world_.shares[m] *
                    period.window.days() / full_days;
    for (wave.owed += wanted * weight(day) / sum; wave.owed >= 1; wave.owed -= 1) {
      deface(m, day, wave.sites++, 0);
      std::uint64_t chance = draw(world_.seed, wave.sites, static_cast<std::uint64_t>(day) + m);
      if (chance % 6 == 0) deface(m, day, below(chance, wave.sites), 1 + mix(chance) % 99);
    }
  }
  return deliveries_.close();
}

// Without times, so it has no place in the figures.
Result<void> Walk::blocklist(Day day) {
  deliveries_.open({Way::blocklist, FeedId::blocklist, "blocklist", {}}, day, false);
  for (std::uint16_t f = 1; f < families().size(); ++f) {
    Host host{.key = draw(world_.seed, 0xb10c, f),
              .id = 0,
              .start = 0,
              .stay_days = 0,
              .lease_days = 0,
              .family = f};
    for (int k = 0; k < 2; ++k, host.key = mix(host.key)) {
      Sight s{};
      s.host = world_.controller(f, host, world_.places[0].country, day).address;
      row_.clear();
      append_row(row_, Way::blocklist, s);
      deliveries_.row(row_);
    }
  }
  return deliveries_.close();
}

Result<void> Walk::day(const Period& period, Day day) {
  day_text_ = times::format_day(day);
  for (Band& band : bands_) {
    band.population.begin(
        day, [&](Day d, double u) { return world_.family(*band.stream, period, d, u); });
  }
  bool last = day + 1 == period.window.last;
  for (const Stream& stream : streams()) {
    if (auto done = stream_day(stream, day, last); !done) return done;
  }
  if (auto done = defacements(period, day); !done) return done;
  if (auto done = blocklist(day); !done) return done;
  truth_.end_day();
  if (last || times::next_month(day) == day + 1) truth_.end_month(day);
  return {};
}

Result<Summary> Walk::run(const Options& options, const Progress& progress) {
  for (std::size_t i = 0; i < world_.periods.size(); ++i) {
    const Period& period = world_.periods[i];
    begin_period(period);
    for (Day d = period.window.first; d < period.window.last; ++d) {
      if (auto done = day(period, d); !done) return std::unexpected(done.error());
      if (progress) progress(d, deliveries_.rows());
    }
    truth_.end_period(i);
  }
  return write_summary(options, world_, deliveries_, truth_);
}

}  // namespace

std::span<const Scenario> scenarios() {
  return scenario_rows;
}

Result<Summary> run(const Options& options, const Progress& progress) {
  if (options.scenario == "bench") return run_bench(options, progress);
  World world = TRY(make_world(options));
  Walk walk(world, TRY(Deliveries::into(options.out, world.faults, world.seed, world.now)));
  return walk.run(options, progress);
}

}  // namespace tocsin::sim
