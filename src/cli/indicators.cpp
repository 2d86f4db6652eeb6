// tocsin indicators: what to look for, who says so, and where it was seen.
#include <fmt/core.h>
#include <simdjson.h>

#include <filesystem>

#include "base/json.h"
#include "base/text.h"
#include "cli/call.h"
#include "cli/printing.h"
#include "cli/table.h"
#include "cli/verbs.h"

namespace tocsin::cli {
namespace {

struct IndicatorOptions {
  std::string home, file, value, q, kind, type, source, state, format, family, techniques, severity,
      tlp, pap, from, until, text, first, last, confidence, cursor;
  std::uint64_t limit = 50, count = 1;
  bool as_json = false;
};

IndicatorOptions& options() {
  static IndicatorOptions all;
  if (all.home.empty()) all.home = default_home();
  return all;
}

using Element = simdjson::dom::element;

Result<Element> parsed(simdjson::dom::parser& parser, const std::string& body) {
  Element answer;
  if (parser.parse(body).get(answer)) return unavailable("the node's answer is no JSON");
  return answer;
}

// A cell of a table: patterns may be long.
std::string cell_of(Element item, const std::string& column) {
  constexpr std::size_t most = 120;
  std::string text = text_of(item, column.c_str() + (column.starts_with('>') ? 1 : 0));
  return text.size() <= most ? text : text.substr(0, most) + "...";
}

// The id of what a person names: an id, or a value in any spelling.
Result<std::string> id_of(Caller& caller, const std::string& value) {
  if (value.starts_with("i_") && text::number(value.substr(2))) return value;
  std::string body = TRY(caller.call(
      {.path = "/indicators", .query = {{"q", value}, {"exact", "yes"}, {"limit", "20"}}}));
  simdjson::dom::parser parser;
  Element answer = TRY(parsed(parser, body));
  simdjson::dom::array items;
  if (answer["items"].get(items)) return unavailable("the node's answer is no list");
  if (items.size() == 0) return missing("no indicator " + text::quote(value));
  if (items.size() == 1) return text_of(items.at(0).value_unsafe(), "id");
  std::string ids;
  for (Element item : items)
    ids += fmt::format(" {} ({})", text_of(item, "id"), text_of(item, "kind"));
  return invalid(
      fmt::format("{} is several indicators; name one by its id:{}", text::quote(value), ids));
}

// The members of an answer that are single values, a line each.
void print_members(Element answer) {
  TextTable table({"", ""});
  for (auto [key, value] : simdjson::dom::object(answer)) {
    if (key == "as_of" || key == "took_ms" || key == "claims" || key == "seen" || key == "rejects")
      continue;
    table.row({std::string(key), text::printable(text_of(answer, std::string(key).c_str()))});
  }
  fmt::print("{}", table.text());
}

void print_rows(Element answer, const char* key, const std::vector<std::string>& columns) {
  simdjson::dom::array list;
  if (answer[key].get(list) || list.size() == 0) return;
  TextTable table(columns);
  for (Element item : list) {
    std::vector<std::string> cells;
    for (const std::string& column : columns) cells.push_back(cell_of(item, column));
    table.row(std::move(cells));
  }
  fmt::print("\n{}", table.text());
}

Result<void> print_one(const std::string& body) {
  if (options().as_json) return fmt::print("{}\n", body), Result<void>{};
  simdjson::dom::parser parser;
  Element answer = TRY(parsed(parser, body));
  print_members(answer);
  print_rows(answer, "claims",
             {"source", "type", "family", "techniques", ">confidence", "severity", "tlp", "pap",
              "valid_from", "valid_until", "revoked", "object", "text"});
  print_rows(answer, "seen",
             {"source", "false_positive", ">count", "first", "last", "types", "text"});
  return {};
}

Result<void> import_file() {
  const IndicatorOptions& o = options();
  std::error_code failed;
  if (!std::filesystem::is_regular_file(o.file, failed))
    return missing("no file " + text::quote(o.file));
  auto caller = TRY(Caller::open(o.home, true));
  Caller::Ask ask{.method = "POST",
                  .path = "/indicators",
                  .query = {{"format", o.format},
                            {"source", o.source},
                            {"type", o.type},
                            {"family", o.family},
                            {"techniques", o.techniques},
                            {"confidence", o.confidence},
                            {"severity", o.severity},
                            {"tlp", o.tlp},
                            {"pap", o.pap},
                            {"valid_from", o.from},
                            {"valid_until", o.until},
                            {"text", o.text}},
                  .body_path = o.file};
  std::string body = TRY(caller.call(ask));
  simdjson::dom::parser parser;
  Element answer = TRY(parsed(parser, body));
  auto number = [&](const char* key) { return text_of(answer, key); };
  bool none = number("rejected") != "0" && number("rejected") == number("read");
  auto nothing = [&] { return invalid("nothing in " + text::quote(o.file) + " is an indicator"); };
  if (o.as_json) {
    fmt::print("{}\n", body);
    return none ? nothing() : Result<void>{};
  }
  fmt::print("{}: {} entries, {} new indicators, {} claims new or changed, {} as before\n",
             number("format"), number("read"), number("added"), number("claims"),
             number("unchanged"));
  if (number("known_good") != "0")
    fmt::print("{} are on lists of what is almost never hostile: kept, and marked\n",
               number("known_good"));
  if (number("skipped") != "0")
    fmt::print("{} are not meant for detection: not kept\n", number("skipped"));
  if (number("erased") != "0")
    fmt::print("{} name an erased subject: not kept\n", number("erased"));
  if (number("beyond_limit") != "0")
    fmt::print("{} claims beyond the most that an indicator has: not kept\n",
               number("beyond_limit"));
  if (auto columns = number("unknown_columns"); !columns.empty())
    fmt::print("columns that were not read: {}\n", text::printable(columns));
  if (number("due") != "0")
    fmt::print("{} are still to be looked up in stored events\n", number("due"));
  simdjson::dom::array rejects;
  if (answer["rejects"].get(rejects)) return {};
  fmt::print(stderr, "{} rejected\n", number("rejected"));
  for (Element reject : rejects)
    fmt::print(stderr, "rejected line {}: {}\n", text_of(reject, "line"),
               text::printable(text_of(reject, "reason")));
  return none ? nothing() : Result<void>{};
}

Result<void> list() {
  const IndicatorOptions& o = options();
  auto caller = TRY(Caller::open(o.home));
  std::string body = TRY(caller.call({.path = "/indicators",
                                      .query = {{"q", o.q},
                                                {"kind", o.kind},
                                                {"type", o.type},
                                                {"source", o.source},
                                                {"state", o.state},
                                                {"cursor", o.cursor},
                                                {"limit", std::to_string(o.limit)}}}));
  simdjson::dom::parser parser;
  Element answer = TRY(parsed(parser, body));
  simdjson::dom::array items;
  if (answer["items"].get(items)) return unavailable("the node's answer is no list");
  if (o.as_json) {
    for (Element item : items) fmt::print("{}\n", simdjson::minify(item));
  } else {
    const std::vector<std::string> columns = {
        "id",       "kind",    "value", "state",      ">corroboration",   "types",
        "families", "sources", "tlp",   ">sightings", ">false_positives", "known_good"};
    TextTable table(columns);
    for (Element item : items) {
      std::vector<std::string> cells;
      for (const std::string& column : columns) cells.push_back(cell_of(item, column));
      table.row(std::move(cells));
    }
    fmt::print("{}", table.text());
  }
  if (auto next = text_of(answer, "next"); !next.empty())
    fmt::print(stderr, "there may be more: --after {}\n", next);
  if (auto due = text_of(answer, "due"); due != "0")
    fmt::print(stderr, "{} are still to be looked up in stored events\n", due);
  return {};
}

Result<void> show() {
  auto caller = TRY(Caller::open(options().home));
  std::string id = TRY(id_of(caller, options().value));
  return print_one(TRY(caller.call({.path = "/indicators/" + id})));
}

Result<void> act(const char* what, std::string body) {
  auto caller = TRY(Caller::open(options().home));
  std::string id = TRY(id_of(caller, options().value));
  std::string path = fmt::format("/indicators/{}/{}", id, what);
  return print_one(TRY(caller.call({.method = "POST", .path = path, .body = std::move(body)})));
}

Result<void> expire() {
  json::Writer w;
  w.object().member("why", options().text).end();
  return act("expire", w.take());
}

Result<void> sighting() {
  const IndicatorOptions& o = options();
  json::Writer w;
  w.object().member("count", o.count).member("first", o.first).member("last", o.last);
  w.member("text", o.text).end();
  return act("sightings", w.take());
}

Result<void> false_positive() {
  json::Writer w;
  w.object().member("text", options().text).end();
  return act("false-positives", w.take());
}

CLI::App* part(CLI::App& parent, const char* name, const char* what, const std::string& example,
               Chosen& chosen, Result<void> (*work)()) {
  auto* verb = parent.add_subcommand(name, what);
  verb->footer("Example: " + example);
  verb->add_option("--home", options().home, "the data folder");
  verb->add_flag("--json", options().as_json, "as JSON");
  verb->callback([&chosen, work] {
    chosen = [work] {
      auto worked = work();
      return worked ? done : fail(worked.error());
    };
  });
  return verb;
}

void add_import(CLI::App& parent, Chosen& chosen) {
  IndicatorOptions& o = options();
  auto* verb =
      part(parent, "import", "take a file of indicators: a list, CSV, STIX, MISP",
           "tocsin indicators import list.txt --source urlhaus --tlp green", chosen, import_file);
  verb->add_option("FILE", o.file, "the file")->required();
  verb->add_option("--format", o.format, "list, csv, stix or misp; found if not said");
  verb->add_option("--source", o.source, "the feed that says so; you if not said");
  verb->add_option("--type", o.type, "of RSIT: c2-server, phishing ...");
  verb->add_option("--family", o.family, "a malware family");
  verb->add_option("--techniques", o.techniques, "of ATT&CK, parted by commas: T1566.001");
  verb->add_option("--confidence", o.confidence, "0 to 100");
  verb->add_option("--severity", o.severity, "info, low, medium, high, critical");
  verb->add_option("--tlp", o.tlp, "clear, green, amber, amber+strict, red; unmarked is red");
  verb->add_option("--pap", o.pap, "clear, green, amber, red; unmarked is red");
  verb->add_option("--valid-from", o.from, "from this time on");
  verb->add_option("--valid-until", o.until, "before this time");
  verb->add_option("--text", o.text, "more about it");
}

void add_list(CLI::App& parent, Chosen& chosen) {
  IndicatorOptions& o = options();
  auto* verb = part(parent, "list", "indicators, newest first; by value with --q",
                    "tocsin indicators list --q 192.0.2. --state active", chosen, list);
  verb->add_option("--q", o.q, "a value, or how it begins");
  verb->add_option("--kind", o.kind, "ip, network, domain, url, mail, asn, sha256 ..., pattern");
  verb->add_option("--type", o.type, "of RSIT: c2-server, phishing ...");
  verb->add_option("--source", o.source, "feed:NAME, member:ID, person:NAME");
  verb->add_option("--state", o.state, "upcoming, active or expired");
  verb->add_option("--limit", o.limit, "at most so many, 1000 at most");
  verb->add_option("--after", o.cursor, "where the list before ended");
}

}  // namespace

void add_indicators(CLI::App& app, Chosen& chosen) {
  IndicatorOptions& o = options();
  auto* verb = app.add_subcommand("indicators", "what to look for, who says so, where it was seen");
  verb->footer("Example: tocsin indicators import list.txt --source urlhaus --tlp green");
  verb->require_subcommand(1);
  add_import(*verb, chosen);
  add_list(*verb, chosen);
  auto of_one = [&](CLI::App* one) {
    one->add_option("VALUE", o.value, "its value in any spelling, or its id")->required();
    return one;
  };
  of_one(part(*verb, "show", "one with each claim, and where it was seen",
              "tocsin indicators show evil.example.org", chosen, show));
  of_one(part(*verb, "expire", "it is over: what was claimed until now holds no more",
              "tocsin indicators expire 192.0.2.7 --why 'cleaned up'", chosen, expire))
      ->add_option("--why", o.text, "why");
  auto* seen = of_one(part(*verb, "sighting", "it was seen",
                           "tocsin indicators sighting 192.0.2.7 --count 3", chosen, sighting));
  seen->add_option("--count", o.count, "how often");
  seen->add_option("--first", o.first, "the first time; the last if not said");
  seen->add_option("--last", o.last, "the last time; now if not said");
  seen->add_option("--text", o.text, "more about it");
  of_one(part(*verb, "false-positive", "it is none",
              "tocsin indicators false-positive 192.0.2.7 --text 'our own scanner'", chosen,
              false_positive))
      ->add_option("--text", o.text, "why it is one")
      ->required();
}

}  // namespace tocsin::cli
