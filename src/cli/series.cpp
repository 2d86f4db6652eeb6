// tocsin series: counts over time by type, family or port at a place, with what was to be expected.
#include <fmt/core.h>
#include <simdjson.h>

#include "cli/call.h"
#include "cli/printing.h"
#include "cli/table.h"
#include "cli/verbs.h"

namespace tocsin::cli {
namespace {

struct SeriesOptions {
  std::string home, what, where, resolution = "1h", type, klass, family, port, country, asn, sector,
                                 constituent, feed, since, until;
  std::size_t top = 0;
  bool expected = false, as_json = false, as_csv = false;
};

// "scanner 23/tcp BR".
std::string key_of(const simdjson::dom::element& row) {
  std::string out;
  for (const char* part : {"/key/type", "/key/family", "/key/port", "/key/country", "/key/asn",
                           "/key/sector", "/key/constituent"}) {
    std::string text = text_of(row, part);
    if (!text.empty()) out += (out.empty() ? "" : " ") + text;
  }
  return out;
}

std::string number_of(const simdjson::dom::element& tick, const char* pointer) {
  double value = 0;
  return tick.at_pointer(pointer).get(value) ? std::string() : fmt::format("{:.1f}", value);
}

std::vector<simdjson::dom::element> items_of(const simdjson::dom::element& item, const char* key) {
  simdjson::dom::array items;
  if (item[key].get(items)) return {};
  return {items.begin(), items.end()};
}

void print(const simdjson::dom::element& answer, const SeriesOptions& options) {
  std::vector<std::string> head = {"start", "series", ">events", ">subjects", "state"};
  if (options.expected) head.insert(head.end(), {">expected", ">from", ">to"});
  TextTable table(head);
  for (simdjson::dom::element row : items_of(answer, "rows")) {
    for (simdjson::dom::element tick : items_of(row, "ticks")) {
      bool partial = text_of(tick, "/partial") == "true";
      std::string state = !partial ? "" : "partial";
      if (std::string most = number_of(tick, "/total/high"); !most.empty())
        state += ", up to " + most.substr(0, most.find('.'));
      std::vector<std::string> cells = {text_of(tick, "/start"), key_of(row),
                                        text_of(tick, "/events"), text_of(tick, "/subjects"),
                                        std::move(state)};
      if (options.expected)
        cells.insert(cells.end(), {number_of(tick, "/expected"), number_of(tick, "/interval/low"),
                                   number_of(tick, "/interval/high")});
      table.row(std::move(cells));
    }
  }
  fmt::print("{}", options.as_csv ? table.csv() : table.text());
  if (options.as_csv) return;
  fmt::print("\n{} series, {} shown, ticks of {}. As of {}.\n", text_of(answer, "/groups"),
             items_of(answer, "rows").size(), text_of(answer, "/resolution"),
             text_of(answer, "/as_of"));
  for (simdjson::dom::element note : items_of(answer, "notes"))
    fmt::print("Note: {}.\n", text_of(note, "/text"));
}

Result<void> show(SeriesOptions options) {
  if (options.home.empty()) options.home = default_home();
  auto caller = TRY(Caller::open(options.home));
  if (options.top == 0) options.top = options.as_json || options.as_csv ? 20 : 1;
  Caller::Ask ask{.path = "/series"};
  ask.query = {{"what", options.what},
               {"where", options.where},
               {"resolution", options.resolution},
               {"type", options.type},
               {"class", options.klass},
               {"family", options.family},
               {"port", options.port},
               {"country", options.country},
               {"asn", options.asn},
               {"sector", options.sector},
               {"constituent", options.constituent},
               {"feed", options.feed},
               {"since", options.since},
               {"until", options.until},
               {"top", std::to_string(options.top)},
               {"expected", options.expected ? "yes" : ""}};
  std::string body = TRY(caller.call(ask));
  if (options.as_json) {
    fmt::print("{}\n", body);
    return {};
  }
  simdjson::dom::parser parser;
  simdjson::dom::element answer;
  if (parser.parse(body).get(answer)) return unavailable("the node's answer is no JSON");
  print(answer, options);
  return {};
}

}  // namespace

void add_series(CLI::App& app, Chosen& chosen) {
  auto* verb = app.add_subcommand("series", "counts over time, with what was to be expected");
  verb->footer(
      "Example: tocsin series --family mirai --country BR --resolution 1d --since -30d --expected");
  static SeriesOptions options;
  verb->add_option("--what", options.what, "by what besides the type: type, family, port")
      ->check(CLI::IsMember({"type", "family", "port"}));
  verb->add_option("--where", options.where,
                   "by which place: all, country, asn, sector, constituent")
      ->check(CLI::IsMember({"all", "country", "asn", "sector", "constituent"}));
  verb->add_option("--resolution", options.resolution, "how long a tick is: 15m, 1h, 1d, 1w")
      ->check(CLI::IsMember({"15m", "1h", "1d", "1w"}))
      ->capture_default_str();
  verb->add_option("--type", options.type, "of this type alone");
  verb->add_option("--class", options.klass, "of this class alone");
  verb->add_option("--family", options.family, "of this malware family alone");
  verb->add_option("--port", options.port, "of this service alone: 445/tcp");
  verb->add_option("--country", options.country, "of this country alone");
  verb->add_option("--asn", options.asn, "of this AS alone");
  verb->add_option("--sector", options.sector, "of this sector alone");
  verb->add_option("--constituent", options.constituent, "of this constituent alone: c_12");
  verb->add_option("--feed", options.feed, "as this feed tells them alone");
  verb->add_option("--since", options.since, "from this time on; 7 days back if not said");
  verb->add_option("--until", options.until, "before this time; now if not said");
  verb->add_option(
      "--top", options.top,
      "so many series at most, those with the most events; 1, or 20 with --json, --csv");
  verb->add_flag("--expected", options.expected, "also what the past makes expect");
  verb->add_option("--home", options.home, "the data folder");
  verb->add_flag("--json", options.as_json, "as JSON");
  verb->add_flag("--csv", options.as_csv, "as CSV");
  verb->callback([&chosen] {
    chosen = [] {
      auto shown = show(options);
      return shown ? done : fail(shown.error());
    };
  });
}

}  // namespace tocsin::cli
