// tocsin audit: who did what on a node, and whether the rows about it are as they were written.
#include <fmt/core.h>
#include <simdjson.h>

#include "base/text.h"
#include "cli/call.h"
#include "cli/printing.h"
#include "cli/table.h"
#include "cli/verbs.h"

namespace tocsin::cli {
namespace {

struct AuditOptions {
  std::string home = default_home(), who, what, outcome, since, until, limit = "50", head;
  bool as_json = false, as_csv = false;
};

Result<void> list(const AuditOptions& options) {
  auto caller = TRY(Caller::open(options.home));
  Caller::Ask ask{.path = options.as_csv ? "/audit.csv" : "/audit",
                  .query = {{"who", options.who},
                            {"what", options.what},
                            {"outcome", options.outcome},
                            {"since", options.since},
                            {"until", options.until}}};
  if (options.as_csv) {
    ask.sink = [](std::string_view piece) {
      fmt::print("{}", piece);
      return Result<void>();
    };
    TRY(caller.call(ask));
    return {};
  }
  ask.query.emplace("limit", options.limit);
  std::string body = TRY(caller.call(ask));
  simdjson::dom::parser parser;
  simdjson::dom::element answer;
  simdjson::dom::array items;
  if (parser.parse(body).get(answer) || answer["items"].get(items)) {
    return unavailable("the node's answer is no list");
  }
  TextTable table({"at", "who", "by", "address", "call", "object", "outcome"});
  for (simdjson::dom::element item : items) {
    if (options.as_json) {
      fmt::print("{}\n", simdjson::minify(item));
      continue;
    }
    table.row({text_of(item, "at"), text_of(item, "who"), text_of(item, "by"),
               text_of(item, "address"), text_of(item, "call"), text_of(item, "object"),
               text_of(item, "outcome")});
  }
  if (!options.as_json) fmt::print("{}", table.text());
  return {};
}

Result<void> verify(const AuditOptions& options) {
  Caller::Ask ask{.path = "/audit/verify"};
  if (!options.head.empty()) {
    std::string_view hash = options.head;
    ask.query.emplace("id", text::cut(hash, ':'));
    ask.query.emplace("hash", hash);
    if (hash.empty()) return invalid("a head is ID:HASH, as `tocsin audit verify` prints it");
  }
  auto caller = TRY(Caller::open(options.home));
  std::string body = TRY(caller.call(ask));
  simdjson::dom::parser parser;
  simdjson::dom::element answer;
  if (parser.parse(body).get(answer)) return unavailable("the node's answer is no JSON");
  if (options.as_json) fmt::print("{}\n", body);
  if (std::string wrong = text_of(answer, "wrong"); !wrong.empty()) {
    return invalid("the audit was tampered with: " + wrong);
  }
  if (!options.as_json) {
    fmt::print("{} rows, as they were written; head {}:{}\n", text_of(answer, "rows"),
               text_of(answer, "last"), text_of(answer, "head"));
  }
  return {};
}

}  // namespace

void add_audit(CLI::App& app, Chosen& chosen) {
  static AuditOptions options;
  auto* verb = app.add_subcommand("audit", "who did what");
  verb->footer("Example: tocsin audit list --who ana --since 2026-11-01");
  verb->require_subcommand(1);
  auto part = [&](const char* name, const char* what, const char* example,
                  Result<void> (*work)(const AuditOptions&)) {
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
  auto* rows =
      part("list", "what was done, newest first", "tocsin audit list --outcome denied", list);
  rows->add_option("--who", options.who, "by this user alone");
  rows->add_option("--what", options.what, "with this in the call or its object");
  rows->add_option("--outcome", options.outcome, "done, denied, refused or failed");
  rows->add_option("--since", options.since, "from this time on");
  rows->add_option("--until", options.until, "before this time");
  rows->add_option("--limit", options.limit, "at most so many")->capture_default_str();
  rows->add_flag("--csv", options.as_csv, "all of them as CSV");
  part("verify", "read all rows: was one changed, taken out, or cut off?", "tocsin audit verify",
       verify)
      ->add_option("--head", options.head, "ID:HASH, as it was printed before and noted elsewhere");
}

}  // namespace tocsin::cli
