// tocsin reports, feeds, quarantine, token, backup, restore, config: what keeps a node in order.
#include <fmt/core.h>
#include <simdjson.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>

#include "base/durable_file.h"
#include "base/json.h"
#include "base/text.h"
#include "cli/call.h"
#include "cli/printing.h"
#include "cli/table.h"
#include "cli/verbs.h"
#include "node/config.h"
#include "node/home.h"
#include "node/pause.h"

namespace tocsin::cli {
namespace {

namespace fs = std::filesystem;

struct ManageOptions {
  std::string home, name, feed, reason, folder, role = "viewer", file, user, username, expires,
                                                tombstones;
  std::vector<std::string> rights;
  bool as_json = false, accept = false;
};

ManageOptions& options() {
  static ManageOptions all;
  if (all.home.empty()) all.home = default_home();
  return all;
}

Result<void> print_list(const Caller::Ask& ask, const std::vector<std::string>& columns) {
  auto caller = TRY(Caller::open(options().home));
  return print_list(caller, ask, columns, options().as_json);
}

// The answer as it is with --json, else what `tell` makes of it; an empty one is {}.
Result<void> print_answer(const Caller::Ask& ask,
                          const std::function<void(const simdjson::dom::element&)>& tell) {
  auto caller = TRY(Caller::open(options().home));
  std::string body = TRY(caller.call(ask));
  if (options().as_json) {
    if (!body.empty()) fmt::print("{}\n", body);
    return {};
  }
  simdjson::dom::parser parser;
  simdjson::dom::element answer;
  if (parser.parse(body.empty() ? "{}" : body).get(answer))
    return unavailable("the node's answer is no JSON");
  tell(answer);
  return {};
}

std::uint64_t number_of(const simdjson::dom::element& item, const char* key) {
  return text::number(text_of(item, key)).value_or(0);
}

// The members that are there, a line each.
void print_members(const simdjson::dom::element& item, std::initializer_list<const char*> keys) {
  TextTable table({"", ""});
  for (const char* key : keys) {
    if (std::string text = text_of(item, key); !text.empty())
      table.row({*key == '/' ? key + 1 : key, text});
  }
  std::string lines = table.text();
  fmt::print("{}", lines.substr(lines.find('\n') + 1));  // without the empty head
}

void tell_feed(const simdjson::dom::element& feed, std::string_view what) {
  std::string next = text_of(feed, "next"), schedule = text_of(feed, "schedule");
  std::string line = fmt::format("{}: {}", text_of(feed, "name"), what);
  if (text_of(feed, "enabled") == "true" && !schedule.empty())
    line += fmt::format("; collects {}", schedule);
  if (!next.empty()) line += fmt::format(", next at {}", next);
  fmt::print(stderr, "{}\n", text::printable(line));
}

std::string object(std::initializer_list<std::pair<const char*, std::string>> members) {
  json::Writer w;
  w.object();
  for (const auto& [key, value] : members) {
    if (!value.empty()) w.member(key, value);
  }
  w.end();
  return w.take();
}

// A verb or one of its parts, with the options that all have.
CLI::App* part(CLI::App& parent, const char* name, const char* what, const std::string& example,
               Chosen& chosen, std::function<Result<void>()> work) {
  auto* verb = parent.add_subcommand(name, what);
  if (!example.empty()) verb->footer("Example: " + example);
  verb->add_option("--home", options().home, "the data folder");
  verb->add_flag("--json", options().as_json, "as JSON");
  verb->callback([&chosen, work = std::move(work)] {
    chosen = [work] {
      auto worked = work();
      return worked ? done : fail(worked.error());
    };
  });
  return verb;
}

Result<void> restore() {
  const std::string& home = options().home;
  std::error_code failed;
  auto expect_done = [&](std::string_view what) -> Result<void> {
    if (!failed) return {};
    return unavailable(fmt::format("cannot {} {}: {}", what, text::quote(home), failed.message()));
  };
  if (!fs::exists(options().folder + "/journal.db", failed))
    return invalid("no backup in " + text::quote(options().folder));
  // Whole and paused it takes its place: until the journal is there, no node opens it.
  fs::path to = fs::weakly_canonical(home, failed), part = to / node::restoring;
  fs::create_directories(to, failed);
  TRY(expect_done("make"));
  // Only what an earlier try of this restore put there may be there.
  bool unfinished = fs::exists(part, failed) && !fs::exists(to / "journal.db", failed);
  std::vector<fs::path> old(fs::directory_iterator(to, failed), fs::directory_iterator());
  for (const fs::path& path : old) {
    std::string name = path.filename();
    bool of_it = name == node::restoring || name == "paused" || name == "tombstones" ||
                 fs::exists(fs::path(options().folder) / name, failed);
    if (!unfinished || !of_it)
      return invalid(fmt::format("there is something in {} already: {}", text::quote(home),
                                 text::quote(name)));
  }
  for (const std::string& given : {options().folder, options().tombstones}) {
    fs::path source = fs::weakly_canonical(given, failed);
    auto [below, _] = std::ranges::mismatch(to, source);
    if (!given.empty() && below == to.end())
      return invalid(text::quote(given) + " lies below " + text::quote(home));
  }
  for (const fs::path& path : old) fs::remove_all(path, failed);
  fs::create_directory(part, failed);
  TRY(expect_done("write to"));
  fs::permissions(to, fs::perms::owner_all, failed);
  TRY(expect_done("keep others from"));
  fs::copy(options().folder, part, fs::copy_options::recursive, failed);
  if (!failed && !options().tombstones.empty()) {
    fs::copy_file(options().tombstones, part / "tombstones", fs::copy_options::overwrite_existing,
                  failed);
  }
  TRY(expect_done("copy to"));
  TRY(node::begin_pause(part, times::now(),
                        "restored from the backup " + text::quote(options().folder)));
  TRY(sync(part, Sync::file_system));
  std::vector<fs::path> whole(fs::directory_iterator(part, failed), fs::directory_iterator());
  std::ranges::partition(whole, [](const fs::path& p) { return p.filename() != "journal.db"; });
  for (const fs::path& path : whole) {
    if (!failed) fs::rename(path, to / path.filename(), failed);
  }
  TRY(expect_done("fill"));
  TRY(sync(to, Sync::entry));
  fs::remove(part, failed);
  fmt::print(stderr,
             "restored into {}\nIt is paused: no feed runs and nothing is sent until `tocsin "
             "resume`, in case the node it was copied from still runs.\n",
             home);
  if (options().tombstones.empty()) {
    fmt::print(
        stderr,
        "Whoever was erased after the backup was made is in it again; --tombstones FILE, the file "
        "`tombstones` of the lost home, erases them once more.\n");
  }
  return {};
}

Result<void> config_init() {
  std::string path = options().file.empty() ? options().home + "/tocsin.toml" : options().file;
  std::error_code failed;
  if (fs::exists(path, failed)) return invalid("there is a " + text::quote(path) + " already");
  fs::create_directories(fs::path(path).parent_path(), failed);
  std::ofstream out(path);
  out << node::config_template();
  if (!out.flush()) return unavailable("cannot write " + text::quote(path));
  fmt::print(stderr, "wrote {}\n", path);
  return {};
}

Result<void> config_check() {
  std::string path = options().file.empty() ? options().home + "/tocsin.toml" : options().file;
  auto config = TRY(node::read_config(path, options().home));
  fmt::print(stderr, "{}: good, {}\n", path, text::count(config.feeds.size(), "feed", "feeds"));
  return {};
}

// A feed's members a line each, and its delay curve as bars.
Result<void> show_feed() {
  auto caller = TRY(Caller::open(options().home));
  std::string body = TRY(caller.call({.path = "/feeds/" + options().name}));
  if (options().as_json) return fmt::print("{}\n", body), Result<void>{};
  simdjson::dom::parser parser;
  simdjson::dom::element feed;
  if (parser.parse(body).get(feed)) return unavailable("the node's answer is no JSON");
  print_members(
      feed,
      {"name", "title", "collector", "format", "state", "schedule", "tlp", "last_success", "next",
       "lag_s", "events_24h", "events_total", "rejected_24h", "/last_error/at", "/last_error/text",
       "/last_error/recovered", "/terms/text", "/terms/redistribution", "/terms/commercial"});
  simdjson::dom::array curve;
  if (feed.at_pointer("/delay/curve").get(curve)) return {};
  fmt::print("\nof its events have come after so many seconds at most:\n");
  for (simdjson::dom::element point : curve) {
    double s = 0, share = 0;
    std::ignore = point["s"].get(s), std::ignore = point["share"].get(share);
    constexpr double width = 40;
    fmt::print("{:>10.0f} s {:>5.1f} % {}\n", s, share * 100,
               std::string(static_cast<std::size_t>(share * width), '#'));
  }
  return {};
}

}  // namespace

void add_reports(CLI::App& app, Chosen& chosen) {
  auto* verb = app.add_subcommand("reports", "what came in");
  verb->footer("Example: tocsin reports list --feed morning-reports");
  verb->require_subcommand(1);
  auto* list = part(*verb, "list", "the newest reports", "tocsin reports list", chosen, [] {
    return print_list({.path = "/reports", .query = {{"feed", options().feed}}},
                      {"id", "received", "feed", "name", "type", "state", ">events", ">duplicates",
                       ">rejected", "error"});
  });
  list->add_option("--feed", options().feed, "of this feed alone");
  part(*verb, "show", "one report", "tocsin reports show r_7", chosen,
       [] {
         return print_answer({.path = "/reports/" + options().name}, [](const auto& report) {
           print_members(
               report, {"id", "feed", "name", "received", "state", "format", "type", "events",
                        "duplicates", "rejected", "error", "size_bytes", "sha256", "/withdrawal/at",
                        "/withdrawal/by", "/withdrawal/reason", "/withdrawal/events",
                        "/withdrawal/days", "/withdrawal/replaced_by"});
           simdjson::dom::element withdrawal;
           if (!report["withdrawal"].get(withdrawal)) print_told(withdrawal);
         });
       })
      ->add_option("REPORT", options().name, "its id")
      ->required();
  add_corrections(*verb, chosen);
}

void add_feeds(CLI::App& app, Chosen& chosen) {
  auto* verb = app.add_subcommand("feeds", "feeds, their health, and the catalogue");
  verb->footer("Example: tocsin feeds list");
  verb->require_subcommand(0, 1);
  auto show = [] {
    return print_list(
        {.path = "/feeds", .query = {{"limit", "1000"}}},
        {"name", "state", "collector", "format", "schedule", "last_success", ">lag_s",
         ">delay_p50_at_most_s=/delay/p50_s", ">p90_at_most_s=/delay/p90_s",
         ">p99_at_most_s=/delay/p99_s", ">events_24h", ">events_total", ">rejected_24h",
         "last_error=/last_error/text", "recovered=/last_error/recovered"});
  };
  verb->add_option("--home", options().home, "the data folder");
  verb->add_flag("--json", options().as_json, "as JSON");
  verb->callback([&chosen, show] {
    if (!chosen) {
      chosen = [show] {
        auto shown = show();
        return shown ? done : fail(shown.error());
      };
    }
  });
  part(*verb, "list", "the node's feeds", "tocsin feeds list", chosen, show);
  part(*verb, "show", "one feed, with how late its events come", "tocsin feeds show drop", chosen,
       show_feed)
      ->add_option("FEED", options().name, "its name")
      ->required();
  part(*verb, "catalogue", "public feeds that can be ticked", "tocsin feeds catalogue", chosen, [] {
    return print_list({.path = "/catalogue", .query = {{"limit", "1000"}}},
                      {"name", "provider", "format", "enabled", "key_name", "state", "state_date"});
  });
  part(*verb, "score", "what each feed is worth: what would be missed least stands first",
       "tocsin feeds score", chosen, [] {
         return print_list({.path = "/feeds/score"},
                           {"feed", ">findings", ">open", ">unique", ">unique_%=/unique_percent",
                            "most_shared_with=/overlaps/0/feed", ">shared_%=/overlaps/0/percent",
                            ">delay_p50_s", ">judged", ">false_%=/false_percent", "advice"});
       });
  add_feeds_update(*verb, chosen);
  auto* enable =
      part(*verb, "enable", "tick a feed of the catalogue, or switch one on",
           "tocsin feeds enable openphish --accept-terms", chosen, [] {
             json::Writer body;
             body.object().member("accept_terms", options().accept);
             if (!options().username.empty()) body.member("username", options().username);
             return print_answer({.method = "POST",
                                  .path = "/feeds/" + options().name + "/enable",
                                  .body = body.end().take()},
                                 [](const auto& feed) { tell_feed(feed, "switched on"); });
           });
  enable->add_option("FEED", options().name, "its name")->required();
  enable->add_flag("--accept-terms", options().accept, "you have read its terms and accept them");
  enable->add_option("--username", options().username,
                     "yours at its provider, where that asks for one; the password is a secret");
  for (const char* what : {"disable", "run"}) {
    std::string action = what;
    part(*verb, what, action == "run" ? "collect now" : "switch a feed off",
         "tocsin feeds " + action + " openphish", chosen,
         [action] {
           return print_answer(
               {.method = "POST", .path = "/feeds/" + options().name + "/" + action, .body = "{}"},
               [&](const auto& feed) {
                 tell_feed(feed, action == "run" ? "collects now" : "switched off");
               });
         })
        ->add_option("FEED", options().name, "its name")
        ->required();
  }
}

namespace {
void tell_settled(const std::string& action, const simdjson::dom::element& answer) {
  auto records = [&](const char* key) {
    return text::count(number_of(answer, key), "record", "records");
  };
  if (action == "drop") {
    fmt::print(stderr, "{} given up\n", records("dropped"));
  } else {
    fmt::print(stderr, "read again: {}, {} rejected\n",
               text::count(number_of(answer, "events"), "new event", "new events"),
               records("rejected"));
  }
}
}  // namespace

void add_exercises(CLI::App& app, Chosen& chosen) {
  part(app, "exercises", "what exercises brought, apart from all other figures", "tocsin exercises",
       chosen, [] {
         return print_list({.path = "/exercises"}, {"report", "feed", "name", "type", ">events",
                                                    ">subjects", "first", "last"});
       });
}

void add_quarantine(CLI::App& app, Chosen& chosen) {
  auto* verb = app.add_subcommand("quarantine", "records that could not be read");
  verb->footer("Example: tocsin quarantine replay --feed morning-reports");
  verb->require_subcommand(1);
  part(*verb, "groups", "by feed and reason", "tocsin quarantine groups", chosen, [] {
    return print_list({.path = "/quarantine/groups"},
                      {"feed", "reason", ">count", "first", "last"});
  });
  auto* list = part(*verb, "list", "one by one", "tocsin quarantine list --feed x", chosen, [] {
    return print_list({.path = "/quarantine", .query = {{"feed", options().feed}}},
                      {"id", "feed", "report", ">line", "reason", "bytes"});
  });
  list->add_option("--feed", options().feed, "of this feed alone");
  for (const char* what : {"replay", "drop"}) {
    std::string action = what;
    auto* verb_part = part(
        *verb, what,
        action == "replay" ? "read them again, with the feed's format of today" : "give them up",
        "tocsin quarantine " + action + " --feed morning-reports", chosen, [action] {
          return print_answer(
              {.method = "POST",
               .path = "/quarantine/" + action,
               .body = object({{"feed", options().feed}, {"reason", options().reason}})},
              [&](const auto& answer) { tell_settled(action, answer); });
        });
    verb_part->add_option("--feed", options().feed, "of this feed")->required();
    verb_part->add_option("--reason", options().reason, "with this reason alone");
  }
}

void add_token(CLI::App& app, Chosen& chosen) {
  auto* verb = app.add_subcommand("token", "tokens that programs call the API with");
  verb->footer("Example: tocsin token new dashboard --role viewer");
  verb->require_subcommand(1);
  part(*verb, "list", "all of them", "tocsin token list", chosen, [] {
    return print_list({.path = "/tokens", .query = {{"all", "true"}}},
                      {"id", "name", "owner", "role", "rights", "created", "expires", "last_used"});
  });
  auto* fresh =
      part(*verb, "new", "make one; it alone is printed on stdout, this once",
           "TOKEN=$(tocsin token new dashboard --user ana --right read)", chosen, [] {
             json::Writer w;
             w.object().member("name", options().name).member("role", options().role);
             if (!options().user.empty()) w.member("user", options().user);
             if (!options().expires.empty()) w.member("expires", options().expires);
             if (!options().rights.empty()) {
               w.key("rights").list();
               for (const std::string& right : options().rights) w.value(right);
               w.end();
             }
             w.end();
             return print_answer(
                 {.method = "POST", .path = "/tokens", .body = w.take()}, [](const auto& answer) {
                   fmt::print("{}\n", text_of(answer, "token"));
                   std::fflush(stdout);
                   fmt::print(stderr,
                              "The token of {} ({}); it is not shown again. Programs "
                              "send it as: Authorization: Bearer TOKEN\n",
                              text::quote(options().name), options().role);
                 });
           });
  fresh->add_option("NAME", options().name, "what it is for")->required();
  fresh
      ->add_option("--role", options().role,
                   "viewer, analyst, agreement-editor, administrator or auditor")
      ->capture_default_str();
  fresh->add_option("--user", options().user, "whose it is; the node's own if not said");
  fresh->add_option("--right", options().rights,
                    "only these rights of the role: read, work, agree, administer, audit");
  fresh->add_option("--expires", options().expires, "when it ends");
  part(*verb, "remove", "take one back", "", chosen,
       [] {
         return print_answer(
             {.method = "DELETE", .path = "/tokens/" + options().name}, [](const auto&) {
               fmt::print(stderr, "token {} is taken back\n", text::quote(options().name));
             });
       })
      ->add_option("ID", options().name, "its id")
      ->required();
}

void add_backup(CLI::App& app, Chosen& chosen) {
  part(app, "backup", "copy the whole state into a new folder, also while the node runs",
       "tocsin backup /srv/backup/2026-11-22", chosen,
       [] {
         return print_answer(
             {.method = "POST",
              .path = "/backup",
              .body = object({{"folder", fs::absolute(options().folder).string()}})},
             [](const auto&) {
               fmt::print(stderr, "backed up into {}\n", fs::absolute(options().folder).string());
             });
       })
      ->add_option("FOLDER", options().folder, "it must not exist yet")
      ->required();
  auto* back =
      part(app, "restore", "make a home from a backup",
           "tocsin restore /srv/backup/2026-11-22 --home /var/lib/tocsin", chosen, restore);
  back->add_option("FOLDER", options().folder, "the backup")->required();
  back->add_option("--tombstones", options().tombstones,
                   "the file `tombstones` of the lost home: who was erased since is erased again")
      ->check(CLI::ExistingFile);
  part(app, "resume", "let a restored node run feeds and send again", "tocsin resume", chosen, [] {
    return print_answer({.method = "POST", .path = "/resume", .body = "{}"},
                        [](const auto&) { fmt::print(stderr, "the node is not paused\n"); });
  });
}

void add_config(CLI::App& app, Chosen& chosen) {
  auto* verb = app.add_subcommand("config", "the node's configuration");
  verb->footer("Example: tocsin config check /etc/tocsin/tocsin.toml");
  verb->require_subcommand(1);
  part(*verb, "init", "write one to start from", "tocsin config init", chosen, config_init)
      ->add_option("FILE", options().file, "HOME/tocsin.toml if not said");
  part(*verb, "check", "say what is wrong in it", "tocsin config check", chosen, config_check)
      ->add_option("FILE", options().file, "HOME/tocsin.toml if not said");
}

}  // namespace tocsin::cli
