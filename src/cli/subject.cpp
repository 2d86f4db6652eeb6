// tocsin subject, hold: what the law asks for: one subject shown, exported, erased; what must stay.
#include <fmt/core.h>
#include <simdjson.h>

#include "base/json.h"
#include "base/text.h"
#include "cli/call.h"
#include "cli/table.h"
#include "cli/verbs.h"

namespace tocsin::cli {
namespace {

struct LawOptions {
  std::string home, value, action, reason, report, subject, of_case, id;
  bool as_json = false;
};

LawOptions& options() {
  static LawOptions all;
  if (all.home.empty()) all.home = default_home();
  return all;
}

// An answer's members, a line each; lists by their length or items.
Result<void> print_members(const std::string& body) {
  if (options().as_json) return fmt::print("{}\n", body), Result<void>{};
  simdjson::dom::parser parser;
  simdjson::dom::object answer;
  if (parser.parse(body).get(answer)) return unavailable("the node's answer is no JSON");
  TextTable table({"", ""});
  for (auto [key, value] : answer) {
    if (key == "as_of" || key == "took_ms") continue;
    std::string_view text;
    std::string cell = value.get(text) ? simdjson::minify(value) : std::string(text);
    table.row({std::string(key), text::printable(cell)});
  }
  fmt::print("{}", table.text());
  return {};
}

Result<void> subject() {
  const LawOptions& o = options();
  if (o.action == "erase" && o.reason.empty())
    return invalid("say why with --reason: it is kept with the erasure");
  auto caller = TRY(Caller::open(o.home));
  json::Writer body;
  body.object().member("subject", o.value);
  if (o.action == "erase") body.member("reason", o.reason);
  body.end();
  Caller::Ask ask{.method = "POST", .path = "/subjects/" + o.action, .body = body.take()};
  std::string answer = TRY(caller.call(ask));
  if (o.action == "export") return fmt::print("{}", answer), Result<void>{};
  return print_members(answer);
}

Result<void> print_holds() {
  auto caller = TRY(Caller::open(options().home));
  std::string body = TRY(caller.call({.path = "/holds"}));
  simdjson::dom::parser parser;
  simdjson::dom::element answer;
  simdjson::dom::array items;
  if (parser.parse(body).get(answer) || answer["items"].get(items))
    return unavailable("the node's answer is no list");
  TextTable table({"id", "kind", "what", "reason", "by", "at", "lifted"});
  for (simdjson::dom::element item : items) {
    if (options().as_json) {
      fmt::print("{}\n", simdjson::minify(item));
      continue;
    }
    std::vector<std::string> cells;
    for (const char* key : {"id", "kind", "what", "reason", "by", "at", "lifted"}) {
      std::string_view text;
      cells.emplace_back(item[key].get(text) ? "" : text);
    }
    table.row(std::move(cells));
  }
  if (!options().as_json) fmt::print("{}", table.text());
  return {};
}

Result<void> add() {
  const LawOptions& o = options();
  int named = !o.report.empty() + !o.subject.empty() + !o.of_case.empty();
  if (named != 1) return invalid("name one of --report, --subject, --case");
  json::Writer body;
  const char* kind = !o.report.empty() ? "report" : !o.subject.empty() ? "subject" : "case";
  body.object().member(kind, o.report + o.subject + o.of_case).member("reason", o.reason).end();
  auto caller = TRY(Caller::open(o.home));
  std::string answer = TRY(caller.call({.method = "POST", .path = "/holds", .body = body.take()}));
  return print_members(answer);
}

Result<void> lift() {
  auto caller = TRY(Caller::open(options().home));
  std::string answer = TRY(caller.call({.method = "DELETE", .path = "/holds/" + options().id}));
  return print_members(answer);
}

void choose(CLI::App& verb, Chosen& chosen, Result<void> (*work)()) {
  verb.add_option("--home", options().home, "the data folder");
  verb.add_flag("--json", options().as_json, "as JSON");
  verb.callback([&chosen, work] {
    chosen = [work] {
      auto worked = work();
      return worked ? done : fail(worked.error());
    };
  });
}

}  // namespace

void add_subject(CLI::App& app, Chosen& chosen) {
  auto* verb = app.add_subcommand("subject", "what the node knows of one subject; erase it");
  verb->footer("Example: tocsin subject 192.0.2.7 show");
  verb->add_option("VALUE", options().value, "an address, a name, a URL or an account")->required();
  verb->add_option("ACTION", options().action, "show, export or erase")
      ->required()
      ->check(CLI::IsMember({"show", "export", "erase"}));
  verb->add_option("--reason", options().reason, "of an erasure; kept with it");
  choose(*verb, chosen, subject);
}

void add_hold(CLI::App& app, Chosen& chosen) {
  auto* verb = app.add_subcommand("hold", "what must be kept, whatever retention says");
  verb->footer("Example: tocsin hold add --report r_7 --reason 'court order 12/26'");
  verb->require_subcommand(1);
  auto* list = verb->add_subcommand("list", "all of them, also lifted ones");
  list->footer("Example: tocsin hold list");
  choose(*list, chosen, print_holds);
  auto* fresh = verb->add_subcommand("add", "keep a report, a subject or a case");
  fresh->footer("Example: tocsin hold add --subject 192.0.2.7 --reason 'court order 12/26'");
  fresh->add_option("--report", options().report, "a report's id");
  fresh->add_option("--subject", options().subject, "an address, a name, a URL or an account");
  fresh->add_option("--case", options().of_case, "a case's id: its findings' subjects");
  fresh->add_option("--reason", options().reason, "why")->required();
  choose(*fresh, chosen, add);
  auto* gone = verb->add_subcommand("lift", "lift one");
  gone->footer("Example: tocsin hold lift h_1");
  gone->add_option("ID", options().id, "its id")->required();
  choose(*gone, chosen, lift);
}

}  // namespace tocsin::cli
