// tocsin stats: counts of events and distinct subjects by a cut, compared with the same period last
// year, and as a series.
#include <fmt/core.h>
#include <simdjson.h>

#include <algorithm>
#include <tuple>

#include "base/text.h"
#include "cli/call.h"
#include "cli/printing.h"
#include "cli/table.h"
#include "cli/verbs.h"

namespace tocsin::cli {
namespace {

struct StatsOptions {
  std::vector<std::string> cuts;
  std::string home, type, klass, country, family, since, until, compare, per, order, asn, zone,
      without;
  std::size_t top = 50;
  bool as_json = false, as_csv = false;
};

std::string percent(const simdjson::dom::element& row, const char* pointer) {
  double value = 0;
  if (row.at_pointer(pointer).get(value)) return "";
  return fmt::format("{:+.1f} %", value);
}

std::string list(const simdjson::dom::element& row, const char* key) {
  simdjson::dom::array items;
  std::string out;
  if (row[key].get(items)) return out;
  for (simdjson::dom::element item : items) {
    std::string_view text;
    if (!item.get(text)) out += (out.empty() ? "" : " ") + std::string(text);
  }
  return out;
}

constexpr std::size_t series_columns = 6;  // of the table for a terminal

bool has_series(const StatsOptions& options) {
  return !options.per.empty() && options.per != "period";
}

std::vector<std::string> keys_of(const simdjson::dom::element& answer) {
  std::vector<std::string> keys;
  std::string cut = text_of(answer, "/cut");
  std::string_view rest = cut;
  while (!rest.empty()) keys.emplace_back(text::cut(rest, '.'));
  return keys;
}

std::vector<simdjson::dom::element> items_of(const simdjson::dom::element& item, const char* key) {
  simdjson::dom::array items;
  if (item[key].get(items)) return {};
  return {items.begin(), items.end()};
}

// A line for each day, week or month of each row: period, key, figures.
void print_long(const simdjson::dom::element& answer, const StatsOptions& options) {
  std::vector<std::string> keys = keys_of(answer), head = {"period"};
  head.insert(head.end(), keys.begin(), keys.end());
  head.insert(head.end(), {"distinct", "events"});
  bool compared = !options.compare.empty();
  if (compared) head.insert(head.end(), {"distinct before", "events before"});
  TextTable table(head);
  for (simdjson::dom::element row : items_of(answer, "rows")) {
    for (simdjson::dom::element bucket : items_of(row, "series")) {
      std::vector<std::string> cells = {text_of(bucket, "/start")};
      for (const auto& key : keys) cells.push_back(text_of(row, ("/key/" + key).c_str()));
      cells.insert(cells.end(), {text_of(bucket, "/distinct"), text_of(bucket, "/events")});
      if (compared) {
        cells.push_back(text_of(bucket, "/before/distinct"));
        cells.push_back(text_of(bucket, "/before/events"));
      }
      table.row(std::move(cells));
    }
  }
  fmt::print("{}", table.csv());
}

// A line for each day, week or month: all rows together, then the distinct subjects of the first.
void print_series(const simdjson::dom::element& answer, const StatsOptions& options) {
  std::vector<std::string> head = {options.per == "week" ? "week from" : options.per};
  head.insert(head.end(), {">all distinct", ">all events"});
  bool compared = !options.compare.empty();
  if (compared) head.insert(head.end(), {">distinct before", ">events before"});
  std::vector<std::vector<simdjson::dom::element>> of_rows;
  for (simdjson::dom::element row : items_of(answer, "rows")) {
    auto series = items_of(row, "series");
    if (series.empty()) continue;
    std::string name;
    for (const auto& key : keys_of(answer))
      name += (name.empty() ? "" : " ") + text_of(row, ("/key/" + key).c_str());
    head.push_back(">" + name);
    of_rows.push_back(std::move(series));
  }
  TextTable table(head);
  std::size_t line = 0;
  for (simdjson::dom::element bucket : items_of(answer, "series")) {
    std::vector<std::string> cells = {text_of(bucket, "/start"), text_of(bucket, "/distinct"),
                                      text_of(bucket, "/events")};
    if (compared) {
      cells.push_back(text_of(bucket, "/before/distinct"));
      cells.push_back(text_of(bucket, "/before/events"));
    }
    for (const auto& series : of_rows)
      cells.push_back(line < series.size() ? text_of(series[line], "/distinct") : "");
    table.row(std::move(cells));
    ++line;
  }
  if (line == 0) {
    fmt::print("\nNo series: of a part of the period only finished figures are left (frozen).\n");
    return;
  }
  fmt::print("\n{}", table.text());
}

// The columns of a cut's key, then the figures that the answer has.
void print(const simdjson::dom::element& answer, const StatsOptions& options) {
  simdjson::dom::array rows;
  if (answer["rows"].get(rows)) return;
  if (options.as_csv && has_series(options)) return print_long(answer, options);
  std::vector<std::string> keys = keys_of(answer);
  std::string cut = text_of(answer, "/cut");
  bool compared = !options.compare.empty(), daily = options.per == "day";
  bool controllers = cut == "country" || cut == "country.type" || cut == "type";
  std::vector<std::string> head = keys;
  for (const char* name : {">distinct", ">events"}) head.emplace_back(name);
  if (daily) head.emplace_back(">mean of daily distinct");
  if (compared) {
    for (const char* name : {">distinct before", ">events before", ">change",
                             ">of it feeds new or gone", "feeds new", "feeds gone"})
      head.emplace_back(name);
  }
  if (controllers) {
    for (const char* name : {">controller abroad", ">at home", ">unknown"}) head.emplace_back(name);
  }
  if (controllers && compared) {
    for (const char* name : {">abroad before", ">at home before", ">unknown before"})
      head.emplace_back(name);
  }
  TextTable table(head);
  for (simdjson::dom::element row : rows) {
    std::vector<std::string> cells;
    for (const auto& key : keys) cells.push_back(text_of(row, ("/key/" + key).c_str()));
    cells.push_back(text_of(row, "/distinct"));
    cells.push_back(text_of(row, "/events"));
    if (daily) {
      double mean = 0;
      std::ignore = row["distinct_daily_mean"].get(mean);
      cells.push_back(fmt::format("{:.1f}", mean));
    }
    if (compared) {
      cells.push_back(text_of(row, "/before/distinct"));
      cells.push_back(text_of(row, "/before/events"));
      cells.push_back(percent(row, "/change_percent"));
      cells.push_back(percent(row, "/feeds_changed_points"));
      cells.push_back(list(row, "feeds_new"));
      cells.push_back(list(row, "feeds_gone"));
    }
    if (controllers) {
      for (const char* pointer :
           {"/controllers/abroad", "/controllers/home", "/controllers/unknown"})
        cells.push_back(text_of(row, pointer));
    }
    if (controllers && compared) {
      for (const char* pointer : {"/controllers_before/abroad", "/controllers_before/home",
                                  "/controllers_before/unknown"})
        cells.push_back(text_of(row, pointer));
    }
    table.row(std::move(cells));
  }
  fmt::print("{}", options.as_csv ? table.csv() : table.text());
  if (options.as_csv) return;
  if (has_series(options)) print_series(answer, options);
  std::string dated = text_of(answer, "/database_date");
  fmt::print("\n{}. As of {}, feeds: {}{}{}\n", text_of(answer, "/definition"),
             text_of(answer, "/as_of"), list(answer, "feeds"),
             text_of(answer, "/frozen") == "true" ? "; partly frozen" : "",
             dated.empty() ? "" : "; countries and networks from the database of " + dated);
  if (text_of(answer, "/from_events") == "true")
    fmt::print("Counted from the events in {} ms.\n", text_of(answer, "/took_ms"));
}

Result<void> count(StatsOptions options) {
  if (options.home.empty()) options.home = default_home();
  auto caller = TRY(Caller::open(options.home));
  constexpr std::size_t series_rows_max = 1000;  // the node gives no more
  std::size_t series_rows = 0;
  if (has_series(options) && !options.as_json)
    series_rows = options.as_csv ? std::min(options.top, series_rows_max) : series_columns;
  if (series_rows == series_rows_max && options.top > series_rows) {
    fmt::print(stderr, "tocsin: the series of the first {} rows\n", series_rows_max);
  }
  for (const auto& cut : options.cuts) {
    if (cut == "partners") {
      TRY(print_list(caller,
                     {.path = "/stats/partners",
                      .query = {{"since", options.since}, {"until", options.until}}},
                     {"day", "member", "cut", "group", "part", ">subjects"}, options.as_json));
      continue;
    }
    Caller::Ask ask{.path = "/stats"};
    ask.query = {{"cut", cut},
                 {"type", options.type},
                 {"class", options.klass},
                 {"country", options.country},
                 {"family", options.family},
                 {"asn", options.asn},
                 {"tz", options.zone},
                 {"since", options.since},
                 {"until", options.until},
                 {"compare", options.compare},
                 {"per", options.per},
                 {"order", options.order},
                 {"series_rows", series_rows > 0 ? std::to_string(series_rows) : ""},
                 {"without", options.without},
                 {"top", std::to_string(options.top)}};
    std::string body = TRY(caller.call(ask));
    if (options.as_json) {
      fmt::print("{}\n", body);
      continue;
    }
    simdjson::dom::parser parser;
    simdjson::dom::element answer;
    if (parser.parse(body).get(answer)) return unavailable("the node's answer is no JSON");
    print(answer, options);
  }
  return {};
}

}  // namespace

void add_stats(CLI::App& app, Chosen& chosen) {
  auto* verb = app.add_subcommand("stats", "counts of events and distinct subjects by a cut");
  verb->footer(
      "Example: tocsin stats country --type infected-system --since 2025-01-01 --until 2025-09-01 "
      "--compare year");
  static StatsOptions options;
  verb->add_option("CUT", options.cuts,
                   "country, country.class, country.type, country.type.family, "
                   "country.type.controller, asn.type, sector.type, family, asn, controller, type, "
                   "class; or "
                   "partners: what they and this node published of each day, without addresses")
      ->required();
  verb->add_option("--type", options.type, "of this type alone");
  verb->add_option("--class", options.klass, "of this class alone");
  verb->add_option("--country", options.country, "of this country alone");
  verb->add_option("--family", options.family, "of this malware family alone");
  verb->add_option("--asn", options.asn, "of this AS alone");
  verb->add_option("--tz", options.zone,
                   "days of this time zone, counted from the events; UTC if not said");
  verb->add_option("--since", options.since, "first day; the year's first if not said");
  verb->add_option("--until", options.until, "the day after the last; tomorrow if not said");
  verb->add_option("--compare", options.compare,
                   "with the same days a year before, or as many days right before")
      ->check(CLI::IsMember({"year", "previous"}));
  verb->add_option("--per", options.per,
                   "a second table of figures by month, week or day; with --csv a line for each")
      ->check(CLI::IsMember({"period", "month", "week", "day"}));
  verb->add_option("--order", options.order, "rows by distinct, events or change")
      ->check(CLI::IsMember({"distinct", "events", "change"}));
  verb->add_option("--without", options.without,
                   "not of findings that are now muted, false-positive, accepted-risk, not-ours, "
                   "duplicate; counted from the events");
  verb->add_option("--top", options.top, "rows at most")->capture_default_str();
  verb->add_option("--home", options.home, "the data folder");
  verb->add_flag("--json", options.as_json, "as JSON");
  verb->add_flag("--csv", options.as_csv, "as CSV");
  verb->callback([&chosen] {
    chosen = [] {
      auto counted = count(options);
      return counted ? done : fail(counted.error());
    };
  });
}

}  // namespace tocsin::cli
