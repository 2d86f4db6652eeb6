// World: what a scenario is made of: members, feeds, streams of affected hosts, families, their
// controllers, outages, sizes. Figures at scale 1 are those of the main country in 243 days.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "sim/places.h"
#include "sim/population.h"
#include "sim/sim.h"

namespace tocsin::sim {

enum class FeedId : std::uint8_t { shadowserver, flowwatch, probe, n6, defacements, blocklist };

struct FeedRow {
  std::string_view name;    // also its folder below OUT/YYYY-MM/
  std::string_view format;  // of ingest
  std::string_view extension;
  std::string_view tlp;
  std::string_view pattern;  // of its files' names, and of no other feed's
  std::string_view title;
  bool counted;  // its rows say when: they have a place in truth.json
};
std::span<const FeedRow> feeds();
inline const FeedRow& row(FeedId id) {
  return feeds()[static_cast<std::size_t>(id)];
}

// RSIT types that occur.
enum class Kind : std::uint8_t {
  infected,
  brute_force,
  scanner,
  vulnerable,
  compromise,
  defacement,
  c2
};
std::string_view name(Kind kind);

// How a stream is reported: each its own kind of row.
enum class Way : std::uint8_t {
  flow,
  probe,
  sinkhole,
  sinkhole_http,
  sinkhole6,
  n6_bots,
  brute_force,
  ics_attack,
  ics,
  rdp,
  telnet,
  website,
  defacement,
  n6_cnc,
  blocklist
};

struct Family {
  std::string_view name;
  std::string_view listed_in;  // country of its one listed controller; "": none is listed
};
std::span<const Family> families();  // 0 is no family

// A family's part in a stream: its weight at the start and at the end of the period.
struct Part {
  std::uint16_t family;
  double first, last;
};

struct Stream {
  Way way;
  FeedId feed;
  Kind kind;
  std::string_view report;  // in the file's name
  Habits habits;
  double now, before;       // distinct addresses in the period and a year before, scale 1
  std::vector<Part> parts;  // empty: no family
};
std::span<const Stream> streams();

struct Outage {
  FeedId feed;
  Window window;
};

struct Controller {
  Address4 address;
  Country country;
  std::uint16_t port;
};

struct Period {
  std::string name;  // "current", "before"
  Window window;
};

struct Faults {
  double repeats = 0.03;       // rows that repeat one of their feed
  double dirty = 0.001;        // broken rows, beside the good ones
  double late_rows = 0.003;    // rows that stand in the next day's report
  double late_reports = 0.01;  // reports that come days later
  double redelivered = 0.01;   // reports that come twice
};

struct World {
  std::uint64_t seed;
  double scale;
  TimeUs now;                   // nothing happens later
  std::vector<Period> periods;  // in order of time
  std::vector<double> shares;   // of the members, the main country first: 1
  std::vector<Place> places;    // the members, then those with controllers alone
  Day database_day;
  std::vector<Outage> outages;
  Faults faults;

  std::size_t members() const { return shares.size(); }
  const Place* place(Country country) const;
  bool is_out(FeedId feed, Day day) const;
  std::vector<Window> outages_of(FeedId feed) const;

  // Hosts a day at trend 1, so that about the stream's figure of distinct addresses is seen, if a
  // rate of one a day shows `leases`.
  double rate(const Stream& stream, const Period& period, std::size_t member, double leases) const;
  double size(const Stream& stream, const Period& period, std::size_t member) const;
  std::uint16_t family(const Stream& stream, const Period& period, Day day, double u) const;

  // What a host of the family answers to: abroad or, for one in 25, at home.
  Controller controller(std::uint16_t family, const Host& host, Country country, Day day) const;
  // The one controller of a listed family on that day, always in the same country.
  Controller listed(std::uint16_t family, Day day) const;
  Address4 sinkhole(std::uint64_t key) const;  // one of six, in three countries
  Country sinkhole_country(std::uint64_t key) const;
};

// Errors: invalid (options), unavailable (database).
Result<World> make_world(const Options& options);

}  // namespace tocsin::sim
