// tocsin reports withdraw, replay, replace, raw: what is wrong is taken back.
#include <fmt/core.h>
#include <simdjson.h>

#include <algorithm>
#include <filesystem>

#include "base/json.h"
#include "base/text.h"
#include "base/time.h"
#include "cli/call.h"
#include "cli/printing.h"
#include "cli/table.h"
#include "cli/verbs.h"

namespace tocsin::cli {
namespace {

struct CorrectionOptions {
  std::string home, report, feed, since, reason, format, tlp, file;
  bool as_json = false;
};

std::uint64_t number_of(const simdjson::dom::element& item, std::string_view key) {
  std::uint64_t number = 0;
  std::ignore = item[key].get(number);
  return number;
}

// What went, and who was told of it.
void print_withdrawal(const simdjson::dom::element& w) {
  bool already = false, visible = true;
  std::ignore = w["already"].get(already), std::ignore = w["visible"].get(visible);
  std::string report = text_of(w, "report");
  if (already) {
    fmt::print("{} was withdrawn already, {} by {}: {}\n", report, text_of(w, "at"),
               text::printable(text_of(w, "by")), text::printable(text_of(w, "reason")));
  } else {
    fmt::print("{} withdrawn: {} events, {} day(s) counted anew\n", report, number_of(w, "events"),
               number_of(w, "days"));
  }
  if (!visible) fmt::print("it is carried out within minutes; questions may still show it\n");
  print_told(w);
}

Result<void> withdraw(const CorrectionOptions& o) {
  auto caller = TRY(Caller::open(o.home));
  json::Writer body;
  body.object().member("reason", o.reason).end();
  std::string answer = TRY(caller.call(
      {.method = "POST", .path = "/reports/" + o.report + "/withdraw", .body = body.take()}));
  if (o.as_json) return fmt::print("{}\n", answer), Result<void>{};
  simdjson::dom::parser parser;
  simdjson::dom::element w;
  if (parser.parse(answer).get(w)) return unavailable("the node's answer is no JSON");
  print_withdrawal(w);
  return {};
}

Result<void> print_replacement(const CorrectionOptions& o, const std::string& answer) {
  if (o.as_json) return fmt::print("{}\n", answer), Result<void>{};
  simdjson::dom::parser parser;
  simdjson::dom::element whole, report, withdrawal;
  if (parser.parse(answer).get(whole) || whole["report"].get(report) ||
      whole["withdrawal"].get(withdrawal)) {
    return unavailable("the node's answer is no replacement");
  }
  fmt::print("{} in its place: {} events, {} records rejected\n", text_of(report, "id"),
             number_of(report, "events"), number_of(report, "rejected"));
  print_withdrawal(withdrawal);
  return {};
}

Result<void> replay_one(Caller& caller, const CorrectionOptions& o) {
  json::Writer body;
  body.object().member("reason", o.reason);
  if (!o.format.empty()) body.member("format", o.format);
  if (!o.tlp.empty()) body.member("tlp", o.tlp);
  body.end();
  return print_replacement(
      o, TRY(caller.call(
             {.method = "POST", .path = "/reports/" + o.report + "/replay", .body = body.take()})));
}

Result<void> replace(const CorrectionOptions& o) {
  auto caller = TRY(Caller::open(o.home));
  Caller::Ask ask{.method = "POST", .path = "/reports/" + o.report + "/replace"};
  ask.body_path = o.file;
  ask.query = {{"reason", o.reason},
               {"format", o.format},
               {"tlp", o.tlp},
               {"name", std::filesystem::path(o.file).filename().string()}};
  std::string answer = TRY(caller.call(ask));
  return print_replacement(o, answer);
}

// The ids of a feed's reports whose bytes are kept, oldest first: those received since, that stand.
Result<std::vector<std::string>> kept_reports(Caller& caller, const CorrectionOptions& o) {
  TimeUs since = time_none;
  if (!o.since.empty()) since = times::start_of(TRY(times::parse_day(o.since)));
  std::vector<std::string> ids;
  std::string cursor;
  bool more = true;
  while (more) {
    Caller::Ask ask{.path = "/reports"};
    ask.query = {{"feed", o.feed}, {"cursor", cursor}, {"limit", "200"}};
    std::string body = TRY(caller.call(ask));
    simdjson::dom::parser parser;
    simdjson::dom::element page;
    simdjson::dom::array items;
    if (parser.parse(body).get(page) || page["items"].get(items))
      return unavailable("the node's answer is no list");
    for (simdjson::dom::element item : items) {
      auto received = times::parse(text_of(item, "received"));
      bool stands = text_of(item, "raw") == "true" && text_of(item, "state") != "withdrawn";
      if (stands && received && *received >= since) ids.push_back(text_of(item, "id"));
    }
    cursor = text_of(page, "next");
    more = !cursor.empty();
  }
  std::ranges::reverse(ids);
  return ids;
}

// One that cannot be replayed leaves the others alone.
Result<void> replay_all(CorrectionOptions o) {
  auto caller = TRY(Caller::open(o.home));
  auto ids = TRY(kept_reports(caller, o));
  if (ids.empty()) return missing("no kept report of feed " + text::quote(o.feed));
  std::size_t failed = 0;
  for (const std::string& id : ids) {
    o.report = id;
    auto done = replay_one(caller, o);
    if (done) continue;
    ++failed;
    fmt::print(stderr, "{}: {}\n", id, done.error().what);
  }
  fmt::print(stderr, "{} replayed\n", text::count(ids.size() - failed, "report", "reports"));
  if (failed > 0)
    return invalid(text::count(failed, "report was", "reports were") + " not replayed");
  return {};
}

Result<void> replay(const CorrectionOptions& o) {
  if (o.report.empty() == o.feed.empty()) return invalid("name a report, or --feed for all of one");
  if (!o.feed.empty()) return replay_all(o);
  auto caller = TRY(Caller::open(o.home));
  return replay_one(caller, o);
}

Result<void> raw(const CorrectionOptions& o) {
  auto caller = TRY(Caller::open(o.home));
  Caller::Ask ask{.path = "/reports/" + o.report + "/raw"};
  ask.sink = [](std::string_view piece) -> Result<void> {
    if (std::fwrite(piece.data(), 1, piece.size(), stdout) == piece.size()) return {};
    return unavailable("cannot write to stdout");
  };
  TRY(caller.call(ask));
  return {};
}

}  // namespace

void add_corrections(CLI::App& reports, Chosen& chosen) {
  static CorrectionOptions options;
  auto part = [&](const char* name, const char* what, const std::string& example,
                  Result<void> (*work)(const CorrectionOptions&)) {
    auto* verb = reports.add_subcommand(name, what);
    verb->footer("Example: " + example);
    auto* report = verb->add_option("REPORT", options.report, "its id");
    report->required(std::string_view(name) != "replay");
    verb->add_option("--home", options.home, "the data folder");
    verb->add_flag("--json", options.as_json, "as JSON");
    verb->callback([&chosen, work] {
      chosen = [work] {
        if (options.home.empty()) options.home = default_home();
        auto worked = work(options);
        return worked ? done : fail(worked.error());
      };
    });
    return verb;
  };
  auto with_reason = [&](CLI::App* verb) {
    verb->add_option("--reason", options.reason, "why; kept with the correction")->required();
    return verb;
  };
  auto with_reading = [&](CLI::App* verb) {
    verb->add_option("--format", options.format, "a format; as its feed is read if not said");
    verb->add_option("--tlp", options.tlp, "marking; as before if not said");
  };
  with_reason(part("withdraw", "take a report back: its events leave events, findings and counts",
                   "tocsin reports withdraw r_7 --reason 'the provider took it back'", withdraw));
  auto* again =
      with_reason(part("replay", "read a report's kept bytes anew, as its feed is configured now",
                       "tocsin reports replay --feed bank --reason 'a better mapping'", replay));
  again->add_option("--feed", options.feed, "every kept report of this feed");
  again->add_option("--since", options.since, "with --feed: received from this day on");
  with_reading(again);
  auto* other =
      with_reason(part("replace", "take in a file in the place of a report",
                       "tocsin reports replace r_7 corrected.csv --reason 'sent again'", replace));
  other->add_option("FILE", options.file, "what takes its place")->required();
  with_reading(other);
  part("raw", "a report's bytes, on stdout", "tocsin reports raw r_7 > report.csv", raw);
}

}  // namespace tocsin::cli
