// tocsin triage, mute, view: what people decide about findings, and the filters that they keep.
#include <fmt/core.h>
#include <simdjson.h>

#include "base/json.h"
#include "base/text.h"
#include "cli/call.h"
#include "cli/printing.h"
#include "cli/table.h"
#include "cli/verbs.h"

namespace tocsin::cli {
namespace {

struct TriageOptions {
  std::vector<std::string> findings, tags, untags;
  std::string home, filter, without, verdict, duplicate_of, assign, note, until, reason, user;
  std::string subject, type, feed, name, query;
  std::uint64_t into_case = 0, out_of_case = 0, act = 0;
  std::int64_t version = -1;
  std::size_t limit = 50;
  bool as_json = false, unmute = false, follow = false, unfollow = false, unassign = false,
       ended = false, shared = false;
};

TriageOptions& options() {
  static TriageOptions all;
  if (all.home.empty()) all.home = default_home();
  return all;
}

void texts(json::Writer& w, const char* key, const std::vector<std::string>& values) {
  if (values.empty()) return;
  w.key(key).list();
  for (const auto& value : values) w.value(value);
  w.end();
}

std::string change_body(const TriageOptions& o, bool many) {
  json::Writer w;
  auto text = [&](const char* key, const std::string& value) {
    if (!value.empty()) w.member(key, value);
  };
  w.object();
  if (o.unassign || !o.assign.empty()) w.member("assign", o.assign);
  if (o.into_case != 0) w.member("case", o.into_case);
  text("duplicate_of", o.duplicate_of);
  if (many) texts(w, "findings", o.findings);
  if (o.follow || o.unfollow) w.member("follow", o.follow);
  text("mute_reason", o.reason);
  text("mute_until", o.until);
  text("note", o.note);
  if (many) text("q", o.filter);
  texts(w, "tag", o.tags);
  if (o.out_of_case != 0) w.member("uncase", o.out_of_case);
  if (o.unmute) w.member("unmute", true);
  texts(w, "untag", o.untags);
  text("verdict", o.verdict);
  if (o.version >= 0) w.member("version", o.version);
  if (many) text("without", o.without);
  w.end();
  return w.take();
}

Result<std::string> member_of(const std::string& body, const char* key) {
  simdjson::dom::parser parser;
  simdjson::dom::element answer;
  if (parser.parse(body).get(answer)) return unavailable("the node's answer is no JSON");
  return text_of(answer, key);
}

Result<void> triage() {
  const TriageOptions& o = options();
  if (o.findings.empty() == o.filter.empty()) {
    return invalid("name findings, or a filter: --filter");
  }
  auto caller = TRY(Caller::open(o.home));
  bool many = o.findings.size() != 1;
  Caller::Ask ask{.method = "POST", .path = "/triage", .body = change_body(o, many)};
  if (!many) ask.path = "/findings/" + o.findings[0] + "/triage";
  std::string body = TRY(caller.call(ask));
  if (o.as_json) return fmt::print("{}\n", body), Result<void>{};
  std::string act = TRY(member_of(body, "act")), findings = TRY(member_of(body, "findings"));
  fmt::print(stderr, "{} {}; take it back with: tocsin triage undo {}\n", findings,
             findings == "1" ? "finding" : "findings", act);
  return {};
}

Result<void> undo() {
  auto caller = TRY(Caller::open(options().home));
  std::string body = TRY(caller.call({.method = "POST",
                                      .path = fmt::format("/triage/acts/{}/undo", options().act),
                                      .body = "{}"}));
  if (options().as_json) return fmt::print("{}\n", body), Result<void>{};
  std::string findings = TRY(member_of(body, "findings")), kept = TRY(member_of(body, "kept"));
  fmt::print(stderr, "{} as before; {} were changed by somebody since and stay\n", findings, kept);
  return {};
}

Result<void> log() {
  const TriageOptions& o = options();
  auto caller = TRY(Caller::open(o.home));
  std::string body = TRY(caller.call(
      {.path = "/triage/acts", .query = {{"user", o.user}, {"limit", std::to_string(o.limit)}}}));
  simdjson::dom::parser parser;
  simdjson::dom::element answer;
  simdjson::dom::array items, clauses;
  if (parser.parse(body).get(answer) || answer["items"].get(items)) {
    return unavailable("the node's answer is no list");
  }
  TextTable table({">act", "at", "user", ">findings", "what", "undone by"});
  for (simdjson::dom::element item : items) {
    if (o.as_json) {
      fmt::print("{}\n", simdjson::minify(item));
      continue;
    }
    std::string what;
    if (!item["what"].get(clauses)) {
      for (simdjson::dom::element clause : clauses) {
        std::string_view text;
        if (!clause.get(text)) (what += what.empty() ? "" : "; ") += text;
      }
    }
    table.row({text_of(item, "id"), text_of(item, "at"), text_of(item, "user"),
               text_of(item, "findings"), what, text_of(item, "undone_by")});
  }
  if (!o.as_json) fmt::print("{}", table.text());
  return {};
}

Result<void> call_and_print(Caller::Ask ask) {
  auto caller = TRY(Caller::open(options().home));
  std::string body = TRY(caller.call(ask));
  if (!body.empty()) fmt::print("{}\n", body);
  return {};
}

Result<void> list(const char* path, std::multimap<std::string, std::string> query,
                  const std::vector<std::string>& columns) {
  auto caller = TRY(Caller::open(options().home));
  return print_list(caller, {.path = path, .query = std::move(query)}, columns, options().as_json);
}

Result<void> add_mute() {
  const TriageOptions& o = options();
  json::Writer w;
  w.object().member("subject", o.subject).member("type", o.type).member("feed", o.feed);
  w.member("until", o.until).member("reason", o.reason).end();
  return call_and_print({.method = "POST", .path = "/mutes", .body = w.take()});
}

Result<void> keep_view() {
  const TriageOptions& o = options();
  json::Writer w;
  w.object().member("name", o.name).member("query", "q=" + http::percent_encode(o.query));
  w.member("shared", o.shared).end();
  return call_and_print({.method = "POST", .path = "/views", .body = w.take()});
}

CLI::App* part(CLI::App& parent, const char* name, const char* what, const std::string& example,
               Chosen& chosen, Result<void> (*work)()) {
  auto* verb = parent.add_subcommand(name, what);
  verb->footer("Example: " + example);
  verb->add_option("--home", options().home, "the data folder");
  verb->add_flag("--json", options().as_json, "as JSON");
  verb->callback([&chosen, work] {
    if (chosen) return;  // the part was named; its callback came first
    chosen = [work] {
      auto worked = work();
      return worked ? done : fail(worked.error());
    };
  });
  return verb;
}

}  // namespace

void add_triage(CLI::App& app, Chosen& chosen) {
  TriageOptions& o = options();
  auto* verb = part(app, "triage", "decide about findings: verdict, who works on it, tags, mutes",
                    "tocsin triage --filter 'feed:noisy asn:64496' --verdict false-positive "
                    "--note 'our own scanner'",
                    chosen, triage);
  verb->require_subcommand(0, 1);
  verb->add_option("FINDING", o.findings, "their ids; see: tocsin findings");
  verb->add_option("--filter", o.filter, "all that it selects, instead of ids");
  verb->add_option("--without", o.without, "not what is muted, false-positive, ...");
  verb->add_option("--verdict", o.verdict,
                   "true, false-positive, accepted-risk, not-ours, duplicate; none takes it back");
  verb->add_option("--duplicate-of", o.duplicate_of, "with the verdict duplicate: of which");
  verb->add_option("--assign", o.assign, "who works on it; me: you");
  verb->add_flag("--unassign", o.unassign, "nobody does");
  verb->add_option("--tag", o.tags, "adds a tag")->allow_extra_args(false);
  verb->add_option("--untag", o.untags, "takes a tag off")->allow_extra_args(false);
  verb->add_option("--note", o.note, "a note for its history");
  verb->add_option("--mute-until", o.until, "hide it until 2026-12-24, or for 14d, 12h, 2w");
  verb->add_option("--reason", o.reason, "why it is muted");
  verb->add_flag("--unmute", o.unmute, "no longer");
  verb->add_flag("--follow", o.follow, "keep an eye on it");
  verb->add_flag("--unfollow", o.unfollow, "no longer");
  verb->add_option("--case", o.into_case, "puts it into this case");
  verb->add_option("--uncase", o.out_of_case, "takes it out of this case");
  verb->add_option("--version", o.version,
                   "as you saw it; refused if somebody has changed it since");
  part(*verb, "undo", "take an act back", "tocsin triage undo 12", chosen, undo)
      ->add_option("ACT", o.act, "its number")
      ->required();
  auto* acts =
      part(*verb, "log", "who did what, newest first", "tocsin triage log --user ann", chosen, log);
  acts->add_option("--user", o.user, "of this person; me: yourself");
  acts->add_option("--limit", o.limit, "at most so many")->capture_default_str();
}

void add_mute(CLI::App& app, Chosen& chosen) {
  TriageOptions& o = options();
  auto* verb = app.add_subcommand("mute", "hide findings of a subject, a type, a feed for a while");
  verb->footer(
      "Example: tocsin mute add --subject 192.0.2.0/24 --until 14d --reason 'being fixed'");
  verb->require_subcommand(1);
  auto* mutes = part(*verb, "list", "those that hold", "tocsin mute list", chosen, [] {
    return list("/mutes", {{"ended", options().ended ? "yes" : ""}},
                {">id", "subject", "type", "feed", "until", "user", "reason"});
  });
  mutes->add_flag("--ended", o.ended, "also those that are over");
  auto* add = part(*verb, "add", "a new one",
                   "tocsin mute add --type scanner --feed honeypots --until 2026-12-24 "
                   "--reason 'a study'",
                   chosen, add_mute);
  add->add_option("--subject", o.subject, "an address, a prefix, a name, a URL");
  add->add_option("--type", o.type, "a type, as infected-system");
  add->add_option("--feed", o.feed, "a feed; what others report too stays");
  add->add_option("--until", o.until, "2026-12-24, or 14d, 12h, 2w from now")->required();
  add->add_option("--reason", o.reason, "why")->required();
  part(*verb, "end", "end one now", "tocsin mute end 3", chosen,
       [] {
         return call_and_print(
             {.method = "DELETE", .path = fmt::format("/mutes/{}", options().act)});
       })
      ->add_option("MUTE", o.act, "its number")
      ->required();
}

void add_view(CLI::App& app, Chosen& chosen) {
  TriageOptions& o = options();
  auto* verb = app.add_subcommand("view", "filters kept under a name");
  verb->footer("Example: tocsin view keep 'banks, open' 'sector:bank state:open' --shared");
  verb->require_subcommand(1);
  part(*verb, "list", "yours, and those that others share", "tocsin view list", chosen,
       [] { return list("/views", {}, {">id", "name", "owner", "shared", "query"}); });
  auto* keep =
      part(*verb, "keep", "keep a filter", "tocsin view keep mine 'asn:64496'", chosen, keep_view);
  keep->add_option("NAME", o.name, "its name")->required();
  keep->add_option("FILTER", o.query, "as for: tocsin findings")->required();
  keep->add_flag("--shared", o.shared, "all may use it");
  part(*verb, "forget", "forget one of yours", "tocsin view forget 3", chosen,
       [] {
         return call_and_print(
             {.method = "DELETE", .path = fmt::format("/views/{}", options().act)});
       })
      ->add_option("VIEW", o.act, "its number")
      ->required();
}

}  // namespace tocsin::cli
