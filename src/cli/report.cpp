// tocsin report: the situation report of a period as one HTML page.
#include <fmt/core.h>
#include <simdjson.h>

#include "base/durable_file.h"
#include "base/json.h"
#include "base/text.h"
#include "cli/call.h"
#include "cli/printing.h"
#include "cli/table.h"
#include "cli/verbs.h"

namespace tocsin::cli {
namespace {

struct ReportOptions {
  std::string home, period, country, constituent, out, id;
  std::uint64_t k = 10;
  bool open = false, as_json = false;
};

void print_list_of(const simdjson::dom::element& answer, const char* key, const char* before) {
  simdjson::dom::array list;
  if (answer[key].get(list)) return;
  for (simdjson::dom::element item : list) {
    std::string_view text;
    if (!item.get(text)) fmt::print(stderr, "{}{}\n", before, text::printable(text));
  }
}

Result<void> write_page(Caller& caller, const std::string& id, const std::string& out) {
  std::string page = TRY(caller.call({.path = "/situations/" + id}));
  if (out.empty() || out == "-") {
    fmt::print("{}", page);
    return {};
  }
  return DurableFile::replace(out, page);
}

Result<void> issue(ReportOptions options) {
  if (options.period.empty()) return invalid("name a period: --period 2026-W40, 2026-10 or 2026");
  if (options.home.empty()) options.home = default_home();
  auto caller = TRY(Caller::open(options.home));
  json::Writer w;
  w.object();
  if (!options.constituent.empty()) w.member("constituent", options.constituent);
  if (!options.country.empty()) w.member("country", options.country);
  if (options.open) w.member("audience", "public").member("k", std::to_string(options.k));
  w.member("period", options.period).end();
  std::string body = TRY(caller.call({.method = "POST", .path = "/situations", .body = w.take()}));
  simdjson::dom::parser parser;
  simdjson::dom::element answer;
  if (parser.parse(body).get(answer)) return unavailable("the node's answer is no JSON");
  std::string id = text_of(answer, "id");
  if (!options.as_json || !options.out.empty()) TRY(write_page(caller, id, options.out));
  if (options.as_json) fmt::print("{}\n", body);
  bool unchanged = false;
  std::ignore = answer["unchanged"].get(unchanged);
  std::string before = text_of(answer, "supersedes");
  fmt::print(stderr, "{}{}\n", id,
             unchanged        ? ": issued before, no figure has changed since"
             : before.empty() ? ": issued"
                              : ": issued; it replaces " + before + ", because figures changed:");
  print_list_of(answer, "reasons", "  ");
  print_list_of(answer, "changes", "  ");
  return {};
}

Result<void> list(ReportOptions options) {
  if (options.home.empty()) options.home = default_home();
  auto caller = TRY(Caller::open(options.home));
  std::string body = TRY(caller.call({.path = "/situations"}));
  simdjson::dom::parser parser;
  simdjson::dom::element answer;
  simdjson::dom::array items;
  if (parser.parse(body).get(answer) || answer["items"].get(items))
    return unavailable("the node's answer is no list");
  TextTable table({"id", "as of", "period", "country", "constituent", "audience", "replaces"});
  for (simdjson::dom::element item : items) {
    if (options.as_json) fmt::print("{}\n", simdjson::minify(item));
    table.row({text_of(item, "id"), text_of(item, "as_of"), text_of(item, "period"),
               text_of(item, "country"), text_of(item, "constituent"), text_of(item, "audience"),
               text_of(item, "supersedes")});
  }
  if (!options.as_json) fmt::print("{}", table.text());
  return {};
}

Result<void> show(ReportOptions options) {
  if (options.home.empty()) options.home = default_home();
  auto caller = TRY(Caller::open(options.home));
  return write_page(caller, options.id, options.out);
}

}  // namespace

void add_report(CLI::App& app, Chosen& chosen) {
  auto* verb = app.add_subcommand("report", "the situation report of a week, month or year");
  verb->footer("Example: tocsin report --period 2026-W40 --out week.html");
  verb->require_subcommand(0, 1);
  static ReportOptions options;
  auto run = [&chosen](Result<void> (*work)(ReportOptions)) {
    chosen = [work] {
      auto worked = work(options);
      return worked ? done : fail(worked.error());
    };
  };
  verb->add_option("--period", options.period, "2026-W40, 2026-10 or 2026");
  verb->add_option("--country", options.country, "another than the node's, or all");
  verb->add_option("--constituent", options.constituent, "of its addresses and names alone");
  verb->add_flag("--public", options.open, "TLP:CLEAR: no addresses, nothing below k");
  verb->add_option("--k", options.k, "for the public: the least figure that is shown")
      ->capture_default_str();
  verb->add_option("--out", options.out, "the file to write; standard output if not said");
  verb->add_option("--home", options.home, "the data folder");
  verb->add_flag("--json", options.as_json, "what was issued as JSON on stdout");
  verb->callback([&chosen, run] {
    if (chosen) return;
    run(issue);
  });
  auto* listed = verb->add_subcommand("list", "what was issued");
  listed->footer("Example: tocsin report list");
  listed->add_option("--home", options.home, "the data folder");
  listed->add_flag("--json", options.as_json, "as JSON");
  listed->callback([run] { run(list); });
  auto* shown = verb->add_subcommand("show", "one of them, as it was issued");
  shown->footer("Example: tocsin report show S-2026-10-BR-public-1 --out october.html");
  shown->add_option("ID", options.id, "its id")->required();
  shown->add_option("--out", options.out, "the file to write; standard output if not said");
  shown->add_option("--home", options.home, "the data folder");
  shown->callback([run] { run(show); });
}

}  // namespace tocsin::cli
