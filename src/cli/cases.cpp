// tocsin case: work that people do together on findings.
#include <fmt/core.h>
#include <simdjson.h>

#include <filesystem>
#include <fstream>

#include "base/json.h"
#include "base/text.h"
#include "cli/call.h"
#include "cli/printing.h"
#include "cli/table.h"
#include "cli/verbs.h"

namespace tocsin::cli {
namespace {

struct CaseOptions {
  std::string home, title, text, file, sha256, out;
  std::vector<std::string> findings;
  std::uint64_t id = 0;
  bool as_json = false, closed = false;
};

CaseOptions& options() {
  static CaseOptions all;
  if (all.home.empty()) all.home = default_home();
  return all;
}

std::string path(const char* rest = "") {
  return fmt::format("/cases/{}{}", options().id, rest);
}

Result<void> show_answer(const std::string& body) {
  if (options().as_json) return fmt::print("{}\n", body), Result<void>{};
  simdjson::dom::parser parser;
  simdjson::dom::element one;
  simdjson::dom::array list;
  if (parser.parse(body).get(one)) return unavailable("the node's answer is no JSON");
  fmt::print("case {}, {}: {}\n", text_of(one, "id"), text_of(one, "state"),
             text::printable(text_of(one, "title")));
  std::string closed = text_of(one, "closed_at");
  std::string findings = text_of(one, "findings");
  fmt::print("opened {} by {}{}; {} {}\n", text_of(one, "opened_at"),
             text::printable(text_of(one, "opened_by")),
             closed.empty() ? ""
                            : fmt::format(", closed {} by {}", closed,
                                          text::printable(text_of(one, "closed_by"))),
             findings, findings == "1" ? "finding" : "findings");
  auto lines = [](const std::string& text) {
    for (auto [number, line] : text::numbered_lines(text)) {
      fmt::print("  {}\n", text::printable(line));
    }
  };
  lines(text_of(one, "text"));
  if (!one["notes"].get(list)) {
    for (simdjson::dom::element note : list) {
      fmt::print("\n{} {}\n", text_of(note, "at"), text::printable(text_of(note, "user")));
      lines(text_of(note, "text"));
    }
  }
  TextTable files({"file", ">bytes", "at", "user", "sha256"});
  if (!one["files"].get(list)) {
    fmt::print("\n");
    for (simdjson::dom::element file : list) {
      files.row({text_of(file, "name"), text_of(file, "size_bytes"), text_of(file, "at"),
                 text_of(file, "user"), text_of(file, "sha256")});
    }
    fmt::print("{}", files.text());
  }
  return {};
}

Result<void> ask_and_show(const Caller::Ask& ask) {
  auto caller = TRY(Caller::open(options().home));
  return show_answer(TRY(caller.call(ask)));
}

Result<void> list() {
  auto caller = TRY(Caller::open(options().home));
  return print_list(
      caller, {.path = "/cases", .query = {{"closed", options().closed ? "yes" : ""}}},
      {">id", "state", "title", ">findings", "opened_by", "opened_at"}, options().as_json);
}

Result<void> open_case() {
  json::Writer w;
  w.object().member("title", options().title).member("text", options().text).end();
  return ask_and_show({.method = "POST", .path = "/cases", .body = w.take()});
}

Result<void> show() {
  return ask_and_show({.path = path()});
}

Result<void> put_findings(const char* how) {
  json::Writer w;
  w.object().member(how, options().id).key("findings").list();
  for (const auto& finding : options().findings) w.value(finding);
  w.end().end();
  auto caller = TRY(Caller::open(options().home));
  TRY(caller.call({.method = "POST", .path = "/triage", .body = w.take()}));
  return show_answer(TRY(caller.call({.path = path()})));
}

Result<void> note() {
  json::Writer w;
  w.object().member("text", options().text).end();
  auto caller = TRY(Caller::open(options().home));
  TRY(caller.call({.method = "POST", .path = path("/notes"), .body = w.take()}));
  return show_answer(TRY(caller.call({.path = path()})));
}

Result<void> attach() {
  auto caller = TRY(Caller::open(options().home));
  std::string name = std::filesystem::path(options().file).filename().string();
  TRY(caller.call({.method = "POST",
                   .path = path("/files"),
                   .query = {{"name", name}},
                   .body_path = options().file}));
  return show_answer(TRY(caller.call({.path = path()})));
}

Result<void> fetch() {
  std::error_code failed;
  if (std::filesystem::exists(options().out, failed)) {
    return invalid("there is a " + text::quote(options().out) + " already");
  }
  auto caller = TRY(Caller::open(options().home));
  std::string bytes = TRY(caller.call({.path = path("/files/") + options().sha256}));
  std::ofstream out(options().out, std::ios::binary);
  out << bytes;
  if (!out.flush()) return unavailable("cannot write " + text::quote(options().out));
  fmt::print(stderr, "wrote {} bytes to {}\n", bytes.size(), options().out);
  return {};
}

Result<void> close_case(bool closed) {
  json::Writer w;
  w.object().member("closed", closed).end();
  return ask_and_show({.method = "PUT", .path = path(), .body = w.take()});
}

CLI::App* part(CLI::App& parent, const char* name, const char* what, const std::string& example,
               Chosen& chosen, Result<void> (*work)(), bool of_one = true) {
  auto* verb = parent.add_subcommand(name, what);
  verb->footer("Example: " + example);
  if (of_one) verb->add_option("CASE", options().id, "its number")->required();
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

}  // namespace

void add_case(CLI::App& app, Chosen& chosen) {
  CaseOptions& o = options();
  auto* verb = app.add_subcommand("case", "work that people do together on findings");
  verb->footer("Example: tocsin case open 'Mirai at the bank'");
  verb->require_subcommand(1);
  part(*verb, "list", "open cases, newest first", "tocsin case list", chosen, list, false)
      ->add_flag("--closed", o.closed, "also closed ones");
  auto* open = part(*verb, "open", "a new one", "tocsin case open 'Mirai at the bank'", chosen,
                    open_case, false);
  open->add_option("TITLE", o.title, "what it is about")->required();
  open->add_option("--text", o.text, "more about it");
  part(*verb, "show", "one with its notes and files", "tocsin case show 3", chosen, show);
  part(*verb, "add", "put findings into it", "tocsin case add 3 f_...", chosen,
       [] { return put_findings("case"); })
      ->add_option("FINDING", o.findings, "their ids")
      ->required();
  part(*verb, "remove", "take findings out of it", "tocsin case remove 3 f_...", chosen,
       [] { return put_findings("uncase"); })
      ->add_option("FINDING", o.findings, "their ids")
      ->required();
  part(*verb, "note", "write a note", "tocsin case note 3 'called them'", chosen, note)
      ->add_option("TEXT", o.text, "the note")
      ->required();
  part(*verb, "attach", "keep a file with it", "tocsin case attach 3 mail.eml", chosen, attach)
      ->add_option("FILE", o.file, "of at most 32 MiB")
      ->required();
  auto* get = part(*verb, "fetch", "write a file of it", "tocsin case fetch 3 SHA256 mail.eml",
                   chosen, fetch);
  get->add_option("SHA256", o.sha256, "which; see: tocsin case show")->required();
  get->add_option("FILE", o.out, "where; must not exist yet")->required();
  part(*verb, "close", "it is done", "tocsin case close 3", chosen,
       [] { return close_case(true); });
  part(*verb, "reopen", "it is not", "tocsin case reopen 3", chosen,
       [] { return close_case(false); });
}

}  // namespace tocsin::cli
