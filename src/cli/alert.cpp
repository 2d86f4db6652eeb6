// tocsin constituents, alert: who is looked after, and who is told of what.
#include <fmt/core.h>
#include <simdjson.h>

#include <filesystem>

#include "alert/wording.h"
#include "base/json.h"
#include "base/text.h"
#include "cli/call.h"
#include "cli/printing.h"
#include "cli/table.h"
#include "cli/verbs.h"

namespace tocsin::cli {
namespace {

namespace dom = simdjson::dom;

struct AlertOptions {
  std::string home, name, file, query, state, format = "csv";
  std::vector<std::string> ids;
  bool as_json = false, dry = false, replace = false, skip_wrong = false, all = false, raw = false;
};

AlertOptions& options() {
  static AlertOptions all;
  if (all.home.empty()) all.home = default_home();
  return all;
}

using Work = std::function<Result<int>()>;

CLI::App* part(CLI::App& parent, const char* name, const char* what, const char* example,
               Chosen& chosen, Work work) {
  auto* verb = parent.add_subcommand(name, what);
  verb->footer("Example: " + std::string(example));
  verb->add_option("--home", options().home, "the data folder");
  verb->add_flag("--json", options().as_json, "as JSON");
  verb->callback([&chosen, work = std::move(work)] {
    chosen = [work] {
      auto worked = work();
      return worked ? *worked : fail(worked.error());
    };
  });
  return verb;
}

// One call; its answer read, and printed as it is where --json says so.
struct Answered {
  dom::parser parser;
  dom::element root;
  bool printed = false;
};

Result<std::unique_ptr<Answered>> ask(const Caller::Ask& what) {
  auto caller = TRY(Caller::open(options().home, what.method != "GET"));
  std::string body = TRY(caller.call(what));
  auto answered = std::make_unique<Answered>();
  if (options().as_json) {
    if (!body.empty()) fmt::print("{}\n", body);
    answered->printed = true;
  } else if (!body.empty() && answered->parser.parse(body).get(answered->root)) {
    return unavailable("the node's answer is no JSON");
  }
  return answered;
}

std::uint64_t number_of(const dom::element& item, const char* key) {
  std::uint64_t number = 0;
  return item[key].get(number) ? 0 : number;
}

void print_rows(const dom::element& answer, const std::vector<std::string>& columns) {
  std::vector<std::string> members;
  for (const auto& column : columns)
    members.push_back(column.starts_with('>') ? column.substr(1) : column);
  TextTable table(columns);
  dom::array items;
  if (answer["items"].get(items)) return;
  for (dom::element item : items) {
    std::vector<std::string> cells;
    for (const auto& member : members) cells.push_back(text_of(item, member.c_str()));
    table.row(std::move(cells));
  }
  fmt::print("{}", table.text());
}

void print_members(const dom::element& item, std::initializer_list<const char*> keys) {
  TextTable table({"", ""});
  for (const char* key : keys) {
    if (std::string text = text_of(item, key); !text.empty()) table.row({key, text});
  }
  fmt::print("{}", table.text());
}

// A text of others, line by line, that cannot command the terminal.
void print_lines(std::string_view text) {
  for (auto [number, line] : text::numbered_lines(text)) fmt::print("{}\n", text::printable(line));
}

Result<int> print_list(Caller::Ask what, const std::vector<std::string>& columns) {
  std::size_t shown = 0;
  for (;;) {
    auto answered = TRY(ask(what));
    if (answered->printed) return done;
    if (shown++ == 0 || number_of(answered->root, "total") > 0) print_rows(answered->root, columns);
    std::string next = text_of(answered->root, "next");
    if (next.empty()) return done;
    what.query.erase("cursor");
    what.query.emplace("cursor", next);
  }
}

// What is wrong, or is to be known, one line each.
void tell_each(const dom::element& answer, const char* key, std::string_view before) {
  dom::array items;
  if (answer[key].get(items)) return;
  for (dom::element item : items) {
    std::string_view text;
    if (!item.get(text)) fmt::print(stderr, "{}: {}\n", before, text::printable(text));
  }
}

constexpr std::string_view without_letters = "no letters in this language, so they come in English";

// Constituents.

Result<int> import_file() {
  const auto& o = options();
  std::error_code failed;
  if (!std::filesystem::is_regular_file(o.file, failed))
    return missing("no file " + text::quote(o.file));
  auto yes = [](bool flag) { return std::string(flag ? "yes" : "no"); };
  auto answered = TRY(ask({.method = "POST",
                           .path = "/constituents/import",
                           .query = {{"dry", yes(o.dry)},
                                     {"replace", yes(o.replace)},
                                     {"skip_wrong", yes(o.skip_wrong)}},
                           .body_path = std::filesystem::absolute(o.file).string()}));
  if (answered->printed) return done;
  const dom::element& plan = answered->root;
  dom::array changes, errors;
  if (!plan["changes"].get(changes)) {
    for (dom::element change : changes)
      fmt::print("{} {}  {}\n", text_of(change, "what"), text::printable(text_of(change, "name")),
                 text::printable(text_of(change, "detail")));
  }
  tell_each(plan, "disputed", "claimed by several");
  tell_each(plan, "without_letters", without_letters);
  bool wrong = false;
  if (!plan["errors"].get(errors)) {
    for (dom::element error : errors) {
      wrong = true;
      fmt::print(stderr, "line {}: {}\n", number_of(error, "line"),
                 text::printable(text_of(error, "text")));
    }
  }
  bool is_in = text_of(plan, "done") == "true";
  fmt::print(stderr, "{} added, {} changed, {} removed, {} as they were: {}\n",
             number_of(plan, "added"), number_of(plan, "changed"), number_of(plan, "removed"),
             number_of(plan, "unchanged"),
             is_in   ? "taken in"
             : o.dry ? "nothing was changed (--dry-run)"
                     : "nothing was changed; mend the lines above, or say --skip-wrong");
  return is_in || (o.dry && !wrong) ? done : bad_input;
}

Result<int> export_file() {
  auto caller = TRY(Caller::open(options().home));
  std::string body =
      TRY(caller.call({.path = "/constituents/export", .query = {{"format", options().format}}}));
  fmt::print("{}", body);
  return done;
}

// Alerts.

void print_dry_run(const dom::element& run) {
  print_rows(run, {"constituent", "constituent_name", "contact", "channel", ">findings", "at_once",
                   "subject"});
  tell_each(run, "problems", "not ready");
  fmt::print(stderr,
             "{} messages about {} findings to {} constituents would be sent; {} findings wait "
             "and may not be told. Nothing was sent.\n",
             number_of(run, "total"), number_of(run, "findings"), number_of(run, "constituents"),
             number_of(run, "not_told"));
}

Result<int> dry_run() {
  auto answered = TRY(ask({.method = "POST", .path = "/alerts/dry-run", .body = "{}"}));
  if (!answered->printed) print_dry_run(answered->root);
  return done;
}

Result<int> preview() {
  const std::string& name = options().name;
  if (name.empty()) return dry_run();
  std::string path =
      name.starts_with("a_") ? "/alerts/" + name : "/constituents/" + name + "/preview";
  auto answered = TRY(ask({.path = path}));
  if (answered->printed) return done;
  if (options().raw) {
    fmt::print("{}", text_of(answered->root, "raw"));
    return done;
  }
  print_members(answered->root, {"contact", "channel", "subject", "findings", "withheld"});
  fmt::print("\n");
  print_lines(text_of(answered->root, "text"));
  fmt::print("\n--- findings.csv\n");
  print_lines(text_of(answered->root, "csv"));
  return done;
}

Result<int> explain() {
  auto answered = TRY(ask({.path = "/findings/" + options().name + "/alert"}));
  if (answered->printed) return done;
  const dom::element& e = answered->root;
  print_members(e, {"sentence", "next", "constituent", "constituent_name", "asset", "asset_kind",
                    "relation", "contacts", "facts", "withheld_facts"});
  dom::array items, alerts;
  if (!e["items"].get(items)) {
    for (dom::element item : items)
      fmt::print("{} {} {}{}\n", text_of(item, "at"), text_of(item, "why"),
                 text_of(item, "severity"), text_of(item, "waits") == "true" ? ", waits" : "");
  }
  if (!e["alerts"].get(alerts)) {
    for (dom::element row : alerts)
      fmt::print("{} {} {} {}\n", text_of(row, "made"), text_of(row, "id"), text_of(row, "state"),
                 text::printable(text_of(row, "contact")));
  }
  if (std::string text = text_of(e, "preview"); !text.empty()) {
    fmt::print("\n");
    print_lines(text);
  }
  return done;
}

Result<int> run_now() {
  auto answered = TRY(ask({.method = "POST",
                           .path = "/alerts/run",
                           .query = {{"all", options().all ? "yes" : "no"}},
                           .body = "{}"}));
  if (answered->printed) return done;
  const dom::element& run = answered->root;
  fmt::print("{} messages made; {} sent, {} to be tried again, {} given up, {} withheld\n",
             number_of(run, "made"), number_of(run, "sent"), number_of(run, "later"),
             number_of(run, "dead"), number_of(run, "withheld"));
  std::string problem = text_of(run, "problem");
  if (problem.empty()) return done;
  return fail({Fault::unavailable, problem});
}

Result<int> show_state() {
  auto answered = TRY(ask({.path = "/alerts/state"}));
  if (!answered->printed) {
    print_members(answered->root,
                  {"on", "on_since", "on_by", "dry_run_at", "dry_run_by", "unready", "next_digest",
                   "waiting", "queued", "sent", "dead", "withheld", "bounced", "languages"});
    tell_each(answered->root, "letters", "letters");
    tell_each(answered->root, "without_letters", without_letters);
  }
  return done;
}

Result<int> turn(bool on) {
  auto answered = TRY(ask({.method = "POST",
                           .path = "/alerts/switch",
                           .body = on ? R"({"on":true})" : R"({"on":false})"}));
  if (!answered->printed) fmt::print("alerts are {}\n", on ? "on" : "off");
  return done;
}

Result<int> replay() {
  json::Writer w;
  w.object();
  if (options().all) w.member("all", true);
  if (!options().ids.empty()) {
    w.key("ids").list();
    for (const auto& id : options().ids) w.value(id);
    w.end();
  }
  w.end();
  auto answered = TRY(ask({.method = "POST", .path = "/alerts/replay", .body = w.take()}));
  if (!answered->printed)
    fmt::print("{} messages queued again\n", number_of(answered->root, "queued"));
  return done;
}

Result<int> bounce() {
  std::error_code failed;
  if (!std::filesystem::is_regular_file(options().file, failed))
    return missing("no file " + text::quote(options().file));
  auto answered = TRY(ask({.method = "POST",
                           .path = "/alerts/bounce",
                           .body_path = std::filesystem::absolute(options().file).string()}));
  if (!answered->printed)
    print_rows(answered->root, {"id", "state", "constituent_name", "contact", "error"});
  return done;
}

// A file of letters that comes with the program, to be copied and changed.
Result<int> letters() {
  std::string valid;
  for (const auto& [language, text] : alert::shipped_letters()) {
    if (text::equal_fold(language, options().name)) {
      fmt::print("{}", text);
      return done;
    }
    valid += (valid.empty() ? "" : ", ") + std::string(language);
  }
  return missing(fmt::format("no letters in {} come with the program; there are: {}",
                             text::quote(options().name), valid));
}

Result<int> morning() {
  auto answered = TRY(ask({.path = "/alerts/morning"}));
  dom::array lines;
  if (answered->printed || answered->root["lines"].get(lines)) return done;
  for (dom::element line : lines) {
    std::string_view text;
    if (!line.get(text)) fmt::print("{}\n", text::printable(text));
  }
  return done;
}

const std::vector<std::string> alert_columns = {
    "id",      "made",      "state",  "at_once", "constituent_name",
    "contact", ">findings", ">tries", "next",    "error"};

Result<int> outbox(const std::string& state) {
  Caller::Ask what{.path = "/alerts", .query = {{"limit", "1000"}}};
  if (!state.empty()) what.query.emplace("state", state);
  return print_list(what, alert_columns);
}

}  // namespace

void add_constituents(CLI::App& app, Chosen& chosen) {
  auto* verb = app.add_subcommand("constituents", "the organisations that this node looks after");
  verb->footer("Example: tocsin constituents import constituents.csv --dry-run");
  verb->require_subcommand(1);
  auto* import = part(*verb, "import", "take in a CSV or JSON file (docs/alerts.md)",
                      "tocsin constituents import constituents.csv", chosen, import_file);
  import->add_option("FILE", options().file, "CSV or JSON")->required();
  import->add_flag("--dry-run", options().dry, "say what would change, and change nothing");
  import->add_flag("--replace", options().replace, "those that are not in the file go");
  import->add_flag("--skip-wrong", options().skip_wrong,
                   "take the good ones although some are not");
  part(*verb, "list", "all of them, or whose an address or name is",
       "tocsin constituents list 192.0.2.7", chosen,
       [] {
         return print_list(
             {.path = "/constituents", .query = {{"q", options().query}, {"limit", "1000"}}},
             {"id", "name", "sector", "country", ">sure", "contacts", "prefixes", "asns", "names"});
       })
      ->add_option("WHAT", options().query,
                   "a part of a name, sector or contact; an address, AS number or host name");
  part(*verb, "show", "one of them", "tocsin constituents show c_12", chosen,
       []() -> Result<int> {
         auto answered = TRY(ask({.path = "/constituents/" + options().name}));
         if (!answered->printed)
           print_members(answered->root,
                         {"id", "name", "sector", "language", "country", "provider",
                          "whole_country", "sure", "prefixes", "asns", "names", "contacts"});
         return done;
       })
      ->add_option("ID", options().name, "its id")
      ->required();
  part(*verb, "remove", "forget one", "tocsin constituents remove c_12", chosen,
       []() -> Result<int> {
         TRY(ask({.method = "DELETE", .path = "/constituents/" + options().name}));
         return done;
       })
      ->add_option("ID", options().name, "its id")
      ->required();
  part(*verb, "export", "all of them, as a file that can be imported",
       "tocsin constituents export > constituents.csv", chosen, export_file)
      ->add_option("--format", options().format, "csv or json")
      ->check(CLI::IsMember({"csv", "json"}));
}

namespace {

void add_looking(CLI::App& verb, Chosen& chosen) {
  part(verb, "explain", "who is told of a finding, which fields, and why or why not",
       "tocsin alert explain f_0123456789abcdef0123456789abcdef", chosen, explain)
      ->add_option("FINDING", options().name, "its id")
      ->required();
  auto* show = part(verb, "preview", "what would be sent: all of it, or one message",
                    "tocsin alert preview c_12", chosen, preview);
  show->add_option("WHOM", options().name, "a constituent's id, or a message's");
  show->add_flag("--raw", options().raw, "the message's bytes");
  part(verb, "dry-run", "what would be sent; needed before alerts are switched on",
       "tocsin alert dry-run", chosen, dry_run);
  part(verb, "state", "whether alerts are on, and what waits", "tocsin alert state", chosen,
       show_state);
  part(verb, "outbox", "messages that were or are to be sent, newest first",
       "tocsin alert outbox --state queued", chosen, [] { return outbox(options().state); })
      ->add_option("--state", options().state, "only in this state")
      ->check(CLI::IsMember({"queued", "sent", "dead", "withheld", "bounced"}));
  part(verb, "dead", "messages that were given up", "tocsin alert dead", chosen,
       [] { return outbox("dead"); });
  part(verb, "letters", "the sentences of letters in a language, to copy and change",
       "tocsin alert letters en > /var/lib/tocsin/letters/de.toml", chosen, letters)
      ->add_option("LANG", options().name, "a language that comes with the program: en, es, fr, pt")
      ->required();
  part(verb, "morning", "the team's morning mail as it would be now", "tocsin alert morning",
       chosen, morning);
}

}  // namespace

void add_alert(CLI::App& app, Chosen& chosen) {
  auto* verb = app.add_subcommand("alert", "who is told of what concerns them");
  verb->footer("Example: tocsin alert dry-run");
  verb->require_subcommand(1);
  add_looking(*verb, chosen);
  part(*verb, "on", "from now on, send", "tocsin alert on", chosen, [] { return turn(true); });
  part(*verb, "off", "send nothing more", "tocsin alert off", chosen, [] { return turn(false); });
  part(*verb, "run", "send what is due now instead of waiting", "tocsin alert run --all", chosen,
       run_now)
      ->add_flag("--all", options().all, "today's digests too, whatever the hour");
  auto* again = part(*verb, "replay", "queue dead, withheld and bounced messages again",
                     "tocsin alert replay a_7", chosen, replay);
  again->add_option("ID", options().ids, "their ids");
  again->add_flag("--all", options().all, "all of them");
  part(*verb, "bounce", "take in a delivery report that a mail server sent back",
       "tocsin alert bounce report.eml", chosen, bounce)
      ->add_option("FILE", options().file, "the mail")
      ->required();
}

}  // namespace tocsin::cli
