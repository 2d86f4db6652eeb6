// tocsin ledger: what went, came and was refused, and its proofs.
#include <fmt/core.h>
#include <simdjson.h>

#include "base/json.h"
#include "base/mapped_file.h"
#include "base/text.h"
#include "cli/call.h"
#include "cli/printing.h"
#include "cli/table.h"
#include "cli/verbs.h"
#include "ledger/comparison.h"

namespace tocsin::cli {
namespace {

struct LedgerOptions {
  std::string home = default_home(), partner, kind, limit = "50", index, since, until, first;
  std::string file, other;
  std::vector<std::string> known;
  bool as_json = false;
};

Result<simdjson::dom::element> parsed(simdjson::dom::parser& parser, const std::string& body) {
  simdjson::dom::element answer;
  if (parser.parse(body).get(answer)) return unavailable("the node's answer is no JSON");
  return answer;
}

Result<void> list(const LedgerOptions& options) {
  auto caller = TRY(Caller::open(options.home));
  Caller::Ask ask{
      .path = "/ledger",
      .query = {{"partner", options.partner}, {"kind", options.kind}, {"limit", options.limit}}};
  return print_list(caller, ask,
                    {">index", "at", "kind", "partner", ">count=/leaf/count", "what=/leaf/what",
                     "outcome=/leaf/outcome", "clause=/leaf/clause", "acknowledged"},
                    options.as_json);
}

Result<void> show(const LedgerOptions& options) {
  auto caller = TRY(Caller::open(options.home));
  std::string of = options.index.empty() ? "head" : options.index;
  std::string body = TRY(caller.call({.path = "/ledger/" + of}));
  simdjson::dom::parser parser;
  auto answer = TRY(parsed(parser, body));
  if (options.as_json) return fmt::print("{}\n", body), Result<void>{};
  simdjson::dom::element head;
  if (answer["head"].get(head)) return unavailable("the node's answer has no head");
  if (!options.index.empty()) {
    fmt::print("{} {} {} {}\n", text_of(answer, "index"), text_of(answer, "at"),
               text_of(answer, "kind"), text::printable(text_of(answer, "partner")));
    fmt::print("{}\n", text_of(answer, "leaf"));
    if (auto details = text_of(answer, "details"); !details.empty())
      fmt::print("details: {}\n", text::printable(details));
    if (auto receipt = text_of(answer, "receipt"); !receipt.empty())
      fmt::print("receipt: {}\n", receipt);
  }
  fmt::print("head: {}:{} of {}, signed at {} by {}\n", text_of(head, "size"),
             text_of(head, "root"), text::printable(text_of(head, "node")), text_of(head, "at"),
             text_of(head, "key"));
  return {};
}

Result<void> verify(const LedgerOptions& options) {
  json::Writer ask;
  ask.object().key("known").list();
  for (const std::string& one : options.known) ask.value(one);
  ask.end().end();
  auto caller = TRY(Caller::open(options.home));
  std::string body =
      TRY(caller.call({.method = "POST", .path = "/ledger/verify", .body = ask.take()}));
  simdjson::dom::parser parser;
  auto answer = TRY(parsed(parser, body));
  if (options.as_json) fmt::print("{}\n", body);
  if (std::string wrong = text_of(answer, "wrong"); !wrong.empty())
    return invalid("the ledger is not as it was written: " + wrong);
  if (options.as_json) return {};
  simdjson::dom::array logs;
  if (answer["logs"].get(logs)) return unavailable("the node's answer has no logs");
  for (simdjson::dom::element log : logs) {
    fmt::print("{} entries, as they were written; {} releases, {} acknowledged; head {}:{}\n",
               text_of(log, "size"), text_of(log, "releases"), text_of(log, "acknowledged"),
               text_of(log, "size"), text_of(log, "root"));
  }
  return {};
}

Result<void> print_pieces(const LedgerOptions& options, Caller::Ask ask) {
  auto caller = TRY(Caller::open(options.home));
  bool came = false;
  ask.sink = [&came](std::string_view piece) -> Result<void> {
    came = true;
    if (std::fwrite(piece.data(), 1, piece.size(), stdout) == piece.size()) return {};
    return unavailable("cannot write to stdout");
  };
  std::string rest = TRY(caller.call(ask));
  if (!came) fmt::print("{}", rest);
  return {};
}

Result<void> write_log(const LedgerOptions& options) {
  return print_pieces(options, {.path = "/ledger/export"});
}

Result<void> account(const LedgerOptions& options) {
  Caller::Ask ask{.path = "/ledger/account", .query = {{"partner", options.partner}}};
  if (!options.first.empty()) ask.query.emplace("first", options.first);
  return print_pieces(options, ask);
}

Result<void> report(const LedgerOptions& options) {
  auto caller = TRY(Caller::open(options.home));
  Caller::Ask ask{
      .path = "/ledger/reciprocity",
      .query = {{"partner", options.partner}, {"since", options.since}, {"until", options.until}}};
  std::string body = TRY(caller.call(ask));
  simdjson::dom::parser parser;
  auto answer = TRY(parsed(parser, body));
  if (options.as_json) return fmt::print("{}\n", body), Result<void>{};
  TextTable table({"partner", "side", ">acts", ">items", ">taken", ">sightings", ">confirmed",
                   ">refuted", ">answers", ">answer s", "of what", "refused by clause"});
  simdjson::dom::array items;
  if (answer["items"].get(items)) return unavailable("the node's answer is no list");
  for (simdjson::dom::element item : items) {
    for (const char* side : {"given", "received"}) {
      simdjson::dom::element of;
      if (item[side].get(of)) return unavailable("the node's answer has no sides");
      table.row({text_of(item, "partner"), side, text_of(of, "acts"), text_of(of, "items"),
                 text_of(of, "taken"), text_of(of, "sightings"), text_of(of, "confirmed"),
                 text_of(of, "refuted"), text_of(of, "answers"), text_of(of, "answer_p50_s"),
                 text_of(of, "counts"), text_of(of, "refused")});
    }
  }
  fmt::print("{}", table.text());
  for (simdjson::dom::element item : items) {
    fmt::print("{}: {} without a receipt", text::printable(text_of(item, "partner")),
               text_of(item, "open"));
    if (auto percent = text_of(item, "percent"); !percent.empty())
      fmt::print("; {} items given for 100 received", percent);
    fmt::print("\n");
  }
  return {};
}

Result<void> told(std::span<const std::string> differences, std::span<const std::string> notes,
                  std::string_view agreed, std::string_view open) {
  for (const std::string& note : notes) fmt::print(stderr, "{}\n", text::printable(note));
  for (const std::string& one : differences) fmt::print("{}\n", text::printable(one));
  if (!differences.empty())
    return invalid(text::count(differences.size(), "entry differs", "entries differ"));
  fmt::print("{} releases agree, {} wait for their receipt\n", agreed, open);
  return {};
}

Result<void> compare_files(const LedgerOptions& options) {
  auto read = [](const std::string& path) -> Result<ledger::Account> {
    auto file = TRY(MappedFile::open(path));
    auto account = ledger::read_account(file.bytes());
    if (!account) return invalid(path + ": " + account.error().what);
    return account;
  };
  auto one = TRY(read(options.file)), other = TRY(read(options.other));
  auto found = TRY(ledger::compare(one, other));
  std::vector<std::string> differences;
  for (const auto& difference : found.differences) differences.push_back(difference.text());
  return told(differences, found.notes, std::to_string(found.agreed), std::to_string(found.open));
}

Result<void> compare(const LedgerOptions& options) {
  if (!options.other.empty()) return compare_files(options);
  auto caller = TRY(Caller::open(options.home));
  std::string body =
      TRY(caller.call({.method = "POST", .path = "/ledger/compare", .body_path = options.file}));
  simdjson::dom::parser parser;
  auto answer = TRY(parsed(parser, body));
  if (options.as_json) fmt::print("{}\n", body);
  std::vector<std::string> differences, notes;
  simdjson::dom::array items;
  if (!answer["differences"].get(items)) {
    for (simdjson::dom::element one : items) {
      differences.push_back(fmt::format("entry {} of {}: {}", text_of(one, "index"),
                                        text_of(one, "member"), text_of(one, "what")));
    }
  }
  if (!answer["notes"].get(items)) {
    std::string_view text;
    for (simdjson::dom::element note : items) {
      if (!note.get(text)) notes.emplace_back(text);
    }
  }
  if (options.as_json) {
    return differences.empty() ? Result<void>() : invalid("the ledgers differ");
  }
  return told(differences, notes, text_of(answer, "agreed"), text_of(answer, "open"));
}

}  // namespace

void add_ledger(CLI::App& app, Chosen& chosen) {
  static LedgerOptions options;
  auto* verb = app.add_subcommand("ledger", "what went, came and was refused, and its proofs");
  verb->footer("Example: tocsin ledger list --partner cert.example.org");
  verb->require_subcommand(1);
  auto part = [&](const char* name, const char* what, const char* example,
                  Result<void> (*work)(const LedgerOptions&)) {
    auto* made = verb->add_subcommand(name, what);
    made->footer(std::string("Example: ") + example);
    made->add_option("--home", options.home, "the data folder");
    made->add_flag("--json", options.as_json, "as JSON");
    made->callback([&chosen, work] {
      chosen = [work] {
        auto worked = work(options);
        return worked ? done : fail(worked.error());
      };
    });
    return made;
  };
  auto* rows = part("list", "acts, newest first", "tocsin ledger list --kind release", list);
  rows->add_option("--partner", options.partner, "with this member alone");
  rows->add_option("--kind", options.kind,
                   "opening, release, denial, outcome, receipt, policy, key or dropped");
  rows->add_option("--limit", options.limit, "at most so many")->capture_default_str();
  part("show", "one act with what was signed for it; without a number the newest head",
       "tocsin ledger show 17", show)
      ->add_option("ENTRY", options.index, "its number");
  part("verify", "read all of it: is every row as it was when it was signed?",
       "tocsin ledger verify --known 17:HASH", verify)
      ->add_option("--known", options.known, "SIZE:ROOT, heads that were noted elsewhere");
  part("export", "the whole log as a file, for tools/verify_ledger.py",
       "tocsin ledger export > log.jsonl", write_log);
  auto* figures = part("report", "what partners gave and got, from what both signed",
                       "tocsin ledger report cert.example.org --since 2026-01-01", report);
  figures->add_option("PARTNER", options.partner, "a member's id; all if not said");
  figures->add_option("--since", options.since, "from this time on");
  figures->add_option("--until", options.until, "before this time");
  auto* said = part("account", "what the log says of the exchange with one partner, as a file",
                    "tocsin ledger account cert.example.org > ours.jsonl", account);
  said->add_option("PARTNER", options.partner, "a member's id")->required();
  said->add_option("--first", options.first, "with a proof from our head of so many entries");
  auto* both = part("compare", "a partner's account with ours, or two accounts as files",
                    "tocsin ledger compare theirs.jsonl", compare);
  both->add_option("FILE", options.file, "the partner's account")->required();
  both->add_option("OTHER", options.other, "an account to compare it with; no node is asked");
}

}  // namespace tocsin::cli
