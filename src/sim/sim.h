// Simulator: writes a deterministic made-up world as real report files, and truth.json, which says
// what a right count of them gives. It shares no code with the formats it is there to test.
// docs/simulate.md describes the files, the worlds and the definitions of the figures.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"

namespace tocsin::sim {

struct Options {
  std::string scenario = "year-on-year";
  std::string out;  // a folder; made if it is not there; must be empty
  std::uint64_t seed = 1;
  std::string country = "BR";  // of the member that the figures are scaled for

  // Absent: what the scenario says.
  std::optional<double> scale;  // 1: the size of the published national figure
  std::optional<int> members;   // countries
  std::optional<Day> from,
      to;                   // the period, `to` exclusive; the same days a year before come first
  std::optional<int> days;  // length of the period, in place of one of its ends
  std::optional<double> repeats;      // share of rows that repeat another row of their feed
  std::optional<std::uint64_t> rows;  // `bench` only
  TimeUs now = time_none;             // `demo` ends here; time_none: the system clock
  std::string database;               // libloc's; "": where it usually is
};

struct Scenario {
  std::string_view name, summary;
};
std::span<const Scenario> scenarios();

struct Summary {
  std::uint64_t files = 0, rows = 0, events = 0, duplicates = 0, rejected = 0, bytes = 0;
  // Distinct addresses of infected systems of the main country with a controller abroad, as a node
  // counts them: named by the feed, else joined; those that feeds name alone; and host names of
  // defaced sites. In the period and a year before.
  std::uint64_t abroad = 0, abroad_before = 0, abroad_named = 0, abroad_named_before = 0;
  std::uint64_t sites = 0, sites_before = 0;
  Day database_day = 0;
};

// Called after each made-up day.
using Progress = std::function<void(Day day, std::uint64_t rows)>;

// Errors: invalid (options), unavailable (disk, database).
Result<Summary> run(const Options& options, const Progress& progress = {});

}  // namespace tocsin::sim
