// tocsin simulate: a made-up world as real report files, with the truth beside them.
#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>

#include "base/json.h"
#include "base/text.h"
#include "cli/verbs.h"
#include "sim/sim.h"

namespace tocsin::cli {
namespace {

struct SimulateOptions {
  sim::Options world;
  std::string from, to, now;
  bool as_json = false;
};

Result<sim::Options> read_dates(const SimulateOptions& given) {
  sim::Options world = given.world;
  if (!given.from.empty()) world.from = TRY(times::parse_day(given.from));
  if (!given.to.empty()) world.to = TRY(times::parse_day(given.to));
  if (!given.now.empty()) world.now = TRY(times::parse(given.now));
  return world;
}

void print(const sim::Summary& s, bool as_json) {
  if (as_json) {
    json::Writer w;
    w.object().member("abroad", s.abroad).member("abroad_before", s.abroad_before);
    w.member("abroad_named", s.abroad_named);
    w.member("abroad_named_before", s.abroad_named_before);
    w.member("bytes", s.bytes).member("duplicates", s.duplicates).member("events", s.events);
    w.member("files", s.files).member("rejected", s.rejected).member("rows", s.rows);
    w.member("sites", s.sites).member("sites_before", s.sites_before).end();
    std::printf("%s\n", w.text().c_str());
    return;
  }
  fmt::print("{} files, {} rows: {} events, {} duplicates, {} to be rejected\n", s.files, s.rows,
             s.events, s.duplicates, s.rejected);
  if (s.abroad + s.abroad_before > 0) {
    fmt::print(
        "steered from abroad: {} addresses, {} a year before; as feeds name controllers {}, {}\n"
        "sites defaced: {}, {}\n",
        s.abroad, s.abroad_before, s.abroad_named, s.abroad_named_before, s.sites, s.sites_before);
  }
  fmt::print("networks of {} (libloc)\n", times::format_day(s.database_day));
}

int simulate(const SimulateOptions& given) {
  auto world = read_dates(given);
  if (!world) return fail(world.error());
  bool terminal = isatty(STDERR_FILENO) == 1;
  auto show = [&](Day day, std::uint64_t rows) {
    if (terminal) fmt::print(stderr, "\r{}  {} rows", times::format_day(day), rows);
  };
  auto summary = sim::run(*world, show);
  if (terminal) fmt::print(stderr, "\r\x1b[K");
  if (!summary) return fail(summary.error());
  print(*summary, given.as_json);
  return done;
}

}  // namespace

void add_simulate(CLI::App& app, Chosen& chosen) {
  auto* verb = app.add_subcommand(
      "simulate", "write a made-up world as real report files, and truth.json beside them");
  std::string footer = "Scenarios:\n";
  for (const sim::Scenario& s : sim::scenarios()) {
    footer += fmt::format("  {:<14} {}\n", s.name, s.summary);
  }
  verb->footer(footer + "Example: tocsin simulate year-on-year --out world --scale 0.001");
  static SimulateOptions options;
  sim::Options& w = options.world;
  verb->add_option("SCENARIO", w.scenario, "which world; see below")->capture_default_str();
  verb->add_option("--out", w.out, "an empty folder, or one to be made")->required();
  verb->add_option("--seed", w.seed, "the same seed gives the same bytes")->capture_default_str();
  verb->add_option("--scale", w.scale, "size; 1 is that of the published national figure");
  verb->add_option("--country", w.country, "the main member's")->capture_default_str();
  verb->add_option("--members", w.members, "number of countries");
  verb->add_option("--days", w.days, "length of the period");
  verb->add_option("--from", options.from, "first day of the period, YYYY-MM-DD");
  verb->add_option("--to", options.to, "day after the period, YYYY-MM-DD");
  verb->add_option("--repeats", w.repeats, "share of rows that repeat others, 0 to 0.9");
  verb->add_option("--rows", w.rows, "how many (bench)");
  verb->add_option("--now", options.now, "when the world ends (demo); else the clock's time");
  verb->add_option("--database", w.database, "libloc's database; else where it usually is");
  verb->add_flag("--json", options.as_json, "print the summary as JSON");
  verb->callback([&chosen] { chosen = [] { return simulate(options); }; });
}

}  // namespace tocsin::cli
