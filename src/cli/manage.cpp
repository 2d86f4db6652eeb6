// tocsin reports, feeds, quarantine, token, backup, restore, config: what keeps a node in order.
#include <fmt/core.h>
#include <simdjson.h>

#include <cstdio>
#include <filesystem>
#include <fstream>

#include "base/json.h"
#include "base/text.h"
#include "cli/call.h"
#include "cli/table.h"
#include "cli/verbs.h"
#include "node/config.h"
#include "node/home.h"

namespace tocsin::cli {
namespace {

namespace fs = std::filesystem;

struct ManageOptions {
  std::string home, name, feed, reason, folder, role = "viewer", file;
  bool as_json = false, accept = false;
};

ManageOptions& options() {
  static ManageOptions all;
  if (all.home.empty()) all.home = default_home();
  return all;
}

std::string text_of(const simdjson::dom::element& item, const char* key) {
  simdjson::dom::element value;
  if (*key == '/' ? item.at_pointer(key).get(value) : item[key].get(value)) return "";
  if (std::string_view text; !value.get(text)) return std::string(text);
  return simdjson::minify(value);
}

// Prints a list answer: the named members of each item under their names; "head=/pointer" is a
// member further in, ">" before a name sets it to the right.
Result<void> print_list(const Caller::Ask& ask, const std::vector<std::string>& columns) {
  auto caller = TRY(Caller::open(options().home));
  std::string body = TRY(caller.call(ask));
  simdjson::dom::parser parser;
  simdjson::dom::element answer;
  simdjson::dom::array items;
  if (parser.parse(body).get(answer) || answer["items"].get(items))
    return unavailable("the node's answer is no list");
  std::vector<std::string> heads, members;
  for (const auto& column : columns) {
    std::size_t at = column.find('=');
    heads.push_back(column.substr(0, at));
    bool right = at == column.npos && column.starts_with('>');
    members.push_back(column.substr(at == column.npos ? (right ? 1 : 0) : at + 1));
  }
  TextTable table(heads);
  for (simdjson::dom::element item : items) {
    if (options().as_json) {
      fmt::print("{}\n", simdjson::minify(item));
      continue;
    }
    std::vector<std::string> cells;
    for (const auto& member : members) cells.push_back(text_of(item, member.c_str()));
    table.row(std::move(cells));
  }
  if (!options().as_json) fmt::print("{}", table.text());
  return {};
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
  std::error_code failed;
  const std::string& home = options().home;
  if (fs::exists(home, failed) && !fs::is_empty(home, failed))
    return invalid("there is something in " + text::quote(home) + " already");
  if (!fs::exists(options().folder + "/journal.db", failed))
    return invalid("no backup in " + text::quote(options().folder));
  fs::create_directories(home, failed);
  fs::permissions(home, fs::perms::owner_all, failed);
  fs::copy(options().folder, home, fs::copy_options::recursive, failed);
  if (failed) return unavailable("cannot copy: " + failed.message());
  fmt::print(stderr, "restored into {}\n", home);
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
           print_members(report,
                         {"id", "feed", "name", "received", "state", "format", "type", "events",
                          "duplicates", "rejected", "error", "size_bytes", "sha256"});
         });
       })
      ->add_option("REPORT", options().name, "its id")
      ->required();
}

void add_feeds(CLI::App& app, Chosen& chosen) {
  auto* verb = app.add_subcommand("feeds", "feeds, their health, and the catalogue");
  verb->footer("Example: tocsin feeds list");
  verb->require_subcommand(0, 1);
  auto show = [] {
    return print_list(
        {.path = "/feeds"},
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
    return print_list({.path = "/catalogue"},
                      {"name", "provider", "format", "enabled", "key_name", "state"});
  });
  add_feeds_update(*verb, chosen);
  auto* enable =
      part(*verb, "enable", "tick a feed of the catalogue, or switch one on",
           "tocsin feeds enable openphish --accept-terms", chosen, [] {
             std::string body =
                 options().accept ? R"({"accept_terms":true})" : R"({"accept_terms":false})";
             return print_answer(
                 {.method = "POST", .path = "/feeds/" + options().name + "/enable", .body = body},
                 [](const auto& feed) { tell_feed(feed, "switched on"); });
           });
  enable->add_option("FEED", options().name, "its name")->required();
  enable->add_flag("--accept-terms", options().accept, "you have read its terms and accept them");
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
  part(*verb, "list", "all of them", "", chosen, [] {
    return print_list({.path = "/tokens"}, {"id", "name", "role", "created", "last_used"});
  });
  auto* fresh = part(*verb, "new", "make one; it alone is printed on stdout, this once",
                     "TOKEN=$(tocsin token new dashboard)", chosen, [] {
                       return print_answer(
                           {.method = "POST",
                            .path = "/tokens",
                            .body = object({{"name", options().name}, {"role", options().role}})},
                           [](const auto& answer) {
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
  part(app, "restore", "make a home from a backup",
       "tocsin restore /srv/backup/2026-11-22 --home /var/lib/tocsin", chosen, restore)
      ->add_option("FOLDER", options().folder, "the backup")
      ->required();
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
