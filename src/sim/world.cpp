#include "sim/world.h"

#include <fmt/core.h>

#include "base/text.h"

namespace tocsin::sim {
namespace {

constexpr double full_days = 243;        // January to August
constexpr double full_addresses = 50e6;  // of the main country, at scale 1
constexpr std::uint64_t least_addresses = 64 * Place::block_slots;
constexpr int members_max = 36;
constexpr double home_share = 0.04;  // controllers in the host's own country
constexpr Day controller_days = 45;  // until a controller moves
constexpr Day listed_days = 30;

constexpr std::array<FeedRow, 6> feed_rows = {{
    {"shadowserver", "shadowserver", "csv", "amber", "*-*_*-*.csv", "Shadowserver reports", true},
    {"flowwatch", "intelmq", "jsonl", "amber", "*-flowwatch*.jsonl",
     "traffic with known controllers", true},
    {"partner-probe", "intelmq", "jsonl", "green", "*-partner-probe*.jsonl",
     "a partner's probe, new this year", true},
    {"n6", "n6", "jsonl", "green", "*-n6*.jsonl", "n6 stream: bots and the controllers of families",
     true},
    {"zone-h", "zoneh", "csv", "green", "*-defacements*.csv", "defaced web sites", true},
    {"blocklist", "ip_list", "txt", "clear", "*-blocklist*.txt",
     "addresses of controllers, without times", false},
}};

constexpr std::array<std::string_view, 7> kind_names = {
    "infected-system",   "brute-force",       "scanner",
    "vulnerable-system", "system-compromise", "unauthorised-information-modification",
    "c2-server"};

constexpr std::array<Family, 15> family_rows = {{
    {"", ""},
    {"mirai", ""},  // 1 to 5: their controllers are seen by flowwatch
    {"emotet", ""},
    {"dridex", ""},
    {"nymaim", ""},
    {"mozi", ""},
    {"conficker", ""},  // 6 to 13: seen by sinkholes
    {"virut", ""},
    {"sality", ""},
    {"pykspa", ""},
    {"tinba", ""},
    {"necurs", "RU"},
    {"ramnit", "NL"},
    {"andromeda", "UA"},
    {"hajime", "US"},  // seen by n6
}};

// Where controllers stand, and how often.
struct Share {
  std::string_view country;
  int weight;
};
constexpr std::array<Share, 12> controller_countries = {{{"US", 28},
                                                         {"NL", 14},
                                                         {"RU", 12},
                                                         {"DE", 9},
                                                         {"SG", 7},
                                                         {"FR", 6},
                                                         {"RO", 5},
                                                         {"HK", 5},
                                                         {"BG", 4},
                                                         {"VN", 4},
                                                         {"UA", 4},
                                                         {"GB", 2}}};
constexpr int controller_weights = 100;
constexpr std::array<std::string_view, 3> sinkhole_countries = {"US", "DE", "PL"};

// Other members, in the order in which they join.
constexpr auto others = std::to_array<std::string_view>(
    {"IN", "DE", "JP", "MX", "PL", "KE", "FR", "AR", "ID", "US", "ZA", "ES",
     "VN", "IT", "TR", "NL", "CL", "SE", "AU", "EG", "UA", "PT", "TH", "CO",
     "RO", "CA", "MA", "GR", "PE", "CZ", "NZ", "FI", "GH", "AT", "BG", "CH"});

constexpr Habits home_line{
    .stay_days = 24, .seen = 0.3, .weekend = 0.75, .fixed = 0.2, .weekly = 0.5, .rows_max = 1};
constexpr Habits sinkholed{
    .stay_days = 24, .seen = 0.25, .weekend = 0.8, .fixed = 0.2, .weekly = 0.5, .rows_max = 3};
constexpr Habits exposed{
    .stay_days = 70, .seen = 0.14, .weekend = 1, .fixed = 0.9, .weekly = 0.1, .rows_max = 1};
constexpr Habits attacker{
    .stay_days = 8, .seen = 0.5, .weekend = 0.9, .fixed = 0.7, .weekly = 0.2, .rows_max = 4};
constexpr Habits site{
    .stay_days = 15, .seen = 0.3, .weekend = 1, .fixed = 1, .weekly = 0, .rows_max = 1};

std::vector<Stream> make_streams() {
  using enum Way;
  using F = FeedId;
  using K = Kind;
  // Addresses with a controller abroad: 7,000,000 by flowwatch and the probe, 96 % of whose
  // controllers are abroad, and 1,000,000 by the join of listed families, against 7,017,000 in all
  // a year before.
  return {
      {flow,
       F::flowwatch,
       K::infected,
       "flowwatch",
       home_line,
       7'113'000,
       6'146'000,
       {{1, 30, 26}, {2, 22, 14}, {3, 16, 16}, {4, 18, 12}, {5, 6, 30}}},
      {probe,
       F::probe,
       K::infected,
       "partner-probe",
       home_line,
       110'000,
       0,
       {{1, 50, 50}, {5, 50, 50}}},
      {sinkhole,
       F::shadowserver,
       K::infected,
       "event4_sinkhole",
       sinkholed,
       1'900'000,
       1'980'000,
       {{6, 20, 14}, {7, 25, 25}, {8, 15, 15}, {11, 20, 24}, {12, 20, 16}}},
      {sinkhole_http,
       F::shadowserver,
       K::infected,
       "event4_sinkhole_http",
       sinkholed,
       600'000,
       640'000,
       {{9, 20, 20}, {10, 30, 16}, {13, 50, 50}}},
      {sinkhole6,
       F::shadowserver,
       K::infected,
       "event6_sinkhole",
       sinkholed,
       90'000,
       60'000,
       {{7, 50, 50}, {11, 50, 50}}},
      {n6_bots, F::n6, K::infected, "n6", home_line, 60'000, 52'000, {{14, 1, 1}}},
      {brute_force,
       F::shadowserver,
       K::brute_force,
       "event4_honeypot_brute_force",
       attacker,
       40'000,
       31'000,
       {}},
      {ics_attack, F::shadowserver, K::scanner, "event4_honeypot_ics_scan", attacker, 900, 640, {}},
      {ics, F::shadowserver, K::vulnerable, "scan_ics", exposed, 9'000, 7'600, {}},
      {rdp, F::shadowserver, K::vulnerable, "scan_rdp", exposed, 140'000, 165'000, {}},
      {telnet, F::shadowserver, K::vulnerable, "scan_telnet", exposed, 190'000, 240'000, {}},
      {website, F::shadowserver, K::compromise, "compromised_website", site, 12'000, 10'500, {}},
  };
}

Country country_of(std::string_view code) {
  return Country::parse(code).value_or(Country{});
}

// What a scenario says where the options say nothing.
struct Defaults {
  std::string_view scenario;
  double scale;
  int members, days;
  double share;  // of the second member; the next ones have a half, a third ... of it
};
constexpr std::array<Defaults, 3> defaults = {{{"year-on-year", 1, 4, 243, 0.12},
                                               {"demo", 0.0074, 12, 60, 0.5},
                                               {"small", 0.002, 3, 21, 0.5}}};

Result<std::vector<Period>> periods_of(const Options& options, int usual_days) {
  int days = options.days.value_or(usual_days);
  if (days < 1 || days > 3660) return invalid(fmt::format("not a number of days: {}", days));
  Day to = 0, from = 0;
  if (options.to) {
    to = *options.to;
    from = options.from.value_or(to - days);
  } else if (options.from) {
    from = *options.from;
    to = from + days;
  } else if (options.scenario == "demo") {
    to = times::day_of(options.now) + 1;
    from = to - days;
  } else {
    from = times::day_from({2025, 1, 1});
    to = from + days;
  }
  if (to <= from) {
    return invalid(fmt::format("the period ends before it begins: {} to {}",
                               times::format_day(from), times::format_day(to)));
  }
  if (to - from > 365) return invalid("a period of more than 365 days: the year before overlaps");
  Window current{from, to};
  Window before{times::year_before(from), times::year_before(to)};
  return std::vector<Period>{{"before", before}, {"current", current}};
}

// Days of silence. `part` is where in the window they begin.
void add_outage(World& world, FeedId feed, const Window& window, double part, int days) {
  if (window.days() < 20) return;
  Day first = window.first + static_cast<Day>(part * window.days());
  world.outages.push_back({feed, {first, std::min(first + days, window.last)}});
}

void add_outages(World& world, bool demo) {
  const Window &before = world.periods[0].window, &current = world.periods[1].window;
  add_outage(world, FeedId::flowwatch, before, 0.4, 3);
  add_outage(world, FeedId::flowwatch, current, 0.6, 2);
  add_outage(world, FeedId::shadowserver, current, 0.7, 1);
  add_outage(world, FeedId::defacements, current, 0.3, 4);
  world.outages.push_back({FeedId::probe, before});
  Day start = current.first + static_cast<Day>(0.37 * current.days());  // April
  world.outages.push_back({FeedId::probe, {current.first, start}});
  if (demo) world.outages.push_back({FeedId::probe, {current.last - 2, current.last}});
}

}  // namespace

std::span<const FeedRow> feeds() {
  return feed_rows;
}
std::string_view name(Kind kind) {
  return kind_names[static_cast<std::size_t>(kind)];
}
std::span<const Family> families() {
  return family_rows;
}

std::span<const Stream> streams() {
  static const std::vector<Stream> all = make_streams();
  return all;
}

const Place* World::place(Country country) const {
  for (const Place& p : places) {
    if (p.country == country) return &p;
  }
  return nullptr;
}

bool World::is_out(FeedId feed, Day day) const {
  return std::ranges::any_of(
      outages, [&](const Outage& o) { return o.feed == feed && o.window.contains(day); });
}

std::vector<Window> World::outages_of(FeedId feed) const {
  std::vector<Window> out;
  for (const Outage& o : outages) {
    if (o.feed == feed) out.push_back(o.window);
  }
  return out;
}

double World::size(const Stream& stream, const Period& period, std::size_t member) const {
  bool is_current = period.window.first == periods.back().window.first;
  return (is_current ? stream.now : stream.before) * scale * shares[member] * period.window.days() /
         full_days;
}

double World::rate(const Stream& stream, const Period& period, std::size_t member,
                   double leases) const {
  double wanted = size(stream, period, member);
  if (wanted <= 0) return 0;
  // So many leases fall on fewer addresses: some hit one that another had.
  auto slots = static_cast<double>(places[member].slots());
  if (stream.way != Way::sinkhole6) {
    wanted = wanted < 0.9 * slots ? -slots * std::log(1 - wanted / slots) : 2.3 * slots;
  }
  return leases > 0 ? wanted / leases : 0;
}

std::uint16_t World::family(const Stream& stream, const Period& period, Day day, double u) const {
  if (stream.parts.empty()) return 0;
  double part =
      std::clamp(static_cast<double>(day - period.window.first) / period.window.days(), 0.0, 1.0);
  double sum = 0;
  for (const Part& p : stream.parts) sum += p.first + (p.last - p.first) * part;
  u *= sum;
  for (const Part& p : stream.parts) {
    u -= p.first + (p.last - p.first) * part;
    if (u < 0) return p.family;
  }
  return stream.parts.back().family;
}

Controller World::controller(std::uint16_t family, const Host& host, Country country,
                             Day day) const {
  std::uint64_t drawn = draw(host.key, 6);
  std::uint64_t slot = mix(drawn) % 3;  // each family has three controllers in each country
  std::size_t at = 0;
  bool home = unit(drawn) < home_share;
  if (!home) {
    auto weight = static_cast<int>(below(mix(drawn ^ 1), controller_weights));
    while ((weight -= controller_countries[at].weight) >= 0) ++at;
    if (country_of(controller_countries[at].country) == country) {
      at = (at + 1) % controller_countries.size();
    }
  }
  Country where = home ? country : country_of(controller_countries[at].country);
  const Place* p = place(where);
  std::uint64_t key = draw(seed ^ 0xc2, where.code * 64u + family * 4u + slot,
                           static_cast<std::uint64_t>((day + family * 7) / controller_days));
  auto port = std::array<std::uint16_t, 4>{443, 80, 8080, 4444}[key % 4];
  return {p->address4(key), where, port};
}

Controller World::listed(std::uint16_t family, Day day) const {
  Country where = country_of(families()[family].listed_in);
  std::uint64_t key =
      draw(seed ^ 0xc2c2, family, static_cast<std::uint64_t>((day + family * 5) / listed_days));
  return {place(where)->address4(key), where, 443};
}

Country World::sinkhole_country(std::uint64_t key) const {
  return country_of(sinkhole_countries[key % sinkhole_countries.size()]);
}

Address4 World::sinkhole(std::uint64_t key) const {
  return place(sinkhole_country(key))->address4(draw(seed ^ 0x51, key % 6));
}

Result<World> make_world(const Options& options) {
  const Defaults* usual = std::ranges::find(defaults, options.scenario, &Defaults::scenario);
  if (usual == defaults.end()) {
    return invalid("unknown scenario " + text::quote(options.scenario));
  }
  Options given = options;
  if (given.now == time_none) given.now = times::now();
  World world{.seed = mix(options.seed),
              .scale = options.scale.value_or(usual->scale),
              .now = options.scenario == "demo" ? given.now : INT64_MAX,
              .periods = {},
              .shares = {1.0},
              .places = {},
              .database_day = 0,
              .outages = {},
              .faults = {}};
  if (!(world.scale > 0) || world.scale > 4) {
    return invalid(fmt::format("not a scale above 0 and up to 4: {}", world.scale));
  }
  if (options.repeats) world.faults.repeats = *options.repeats;
  if (!(world.faults.repeats >= 0) || world.faults.repeats > 0.9) {
    return invalid(fmt::format("not a share of 0 to 0.9: {}", world.faults.repeats));
  }
  int members = options.members.value_or(usual->members);
  if (members < 1 || members > members_max) {
    return invalid(fmt::format("not a number of members, 1 to {}: {}", members_max, members));
  }
  world.periods = TRY(periods_of(given, usual->days));

  auto main = Country::parse(options.country);
  if (!main) return invalid("not a country code: " + text::quote(options.country));
  std::vector<Country> countries = {*main};
  for (std::string_view code : others) {
    if (static_cast<int>(countries.size()) == members) break;
    if (country_of(code) == *main) continue;
    countries.push_back(country_of(code));
    world.shares.push_back(usual->share / static_cast<double>(countries.size() - 1));
  }
  std::vector<Wanted> wanted;
  for (std::size_t i = 0; i < countries.size(); ++i) {
    double addresses = full_addresses * world.scale * world.shares[i];
    wanted.push_back(
        {countries[i], std::max(least_addresses, static_cast<std::uint64_t>(addresses))});
  }
  auto add = [&](std::string_view code) {
    Country c = country_of(code);
    if (std::ranges::find(wanted, c, &Wanted::country) == wanted.end()) {
      wanted.push_back({c, least_addresses});
    }
  };
  for (const Share& s : controller_countries) add(s.country);
  for (std::string_view code : sinkhole_countries) add(code);

  std::string path = options.database.empty() ? usual_database() : options.database;
  if (path.empty()) return unavailable("no location database: install libloc-database");
  Places places = TRY(read_places(wanted, path));
  world.places = std::move(places.places);
  world.database_day = places.database_day;
  add_outages(world, options.scenario == "demo");
  return world;
}

}  // namespace tocsin::sim
