// tocsin user: who may sign in at a node.
#include <fmt/core.h>
#include <simdjson.h>
#include <termios.h>
#include <unistd.h>

#include <iostream>

#include "base/http.h"
#include "base/json.h"
#include "base/password.h"
#include "cli/call.h"
#include "cli/printing.h"
#include "cli/table.h"
#include "cli/verbs.h"

namespace tocsin::cli {
namespace {

struct UserOptions {
  std::string home = default_home(), name, role;
  bool as_json = false, password_stdin = false;
};

std::string path_of(const UserOptions& options, std::string_view action = {}) {
  std::string path = "/users/" + http::percent_encode(options.name);
  return action.empty() ? path : path + '/' + std::string(action);
}

// One line of standard input; a terminal does not show it.
Result<std::string> read_password() {
  termios shown{};
  bool is_terminal = ::isatty(STDIN_FILENO) != 0 && ::tcgetattr(STDIN_FILENO, &shown) == 0;
  if (is_terminal) {
    termios hidden = shown;
    hidden.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden);
    fmt::print(stderr, "Password: ");
  }
  std::string line;
  std::getline(std::cin, line);
  if (is_terminal) {
    ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &shown);
    fmt::print(stderr, "\n");
  }
  if (line.size() > password::most) return invalid("a password has at most 1024 bytes");
  if (line.empty()) return invalid("no password on standard input");
  return line;
}

// An answer that may hold a start password, which is data: it goes to stdout.
Result<void> show_start(const UserOptions& options, const std::string& body) {
  simdjson::dom::parser parser;
  simdjson::dom::element answer;
  if (parser.parse(body).get(answer)) return unavailable("the node's answer is no JSON");
  if (options.as_json) {
    fmt::print("{}\n", body);
    return {};
  }
  std::string start = text_of(answer, "start_password");
  if (start.empty()) return {};
  fmt::print(stderr,
             "The password to begin with, shown this once; it must be changed at sign-in:\n");
  fmt::print("{}\n", start);
  return {};
}

Result<void> add(const UserOptions& options) {
  json::Writer w;
  w.object().member("name", options.name).member("role", options.role);
  if (options.password_stdin) w.member("password", TRY(read_password()));
  w.end();
  auto caller = TRY(Caller::open(options.home, true));
  return show_start(options,
                    TRY(caller.call({.method = "POST", .path = "/users", .body = w.text()})));
}

Result<void> list(const UserOptions& options) {
  auto caller = TRY(Caller::open(options.home));
  std::string body = TRY(caller.call({.path = "/users"}));
  simdjson::dom::parser parser;
  simdjson::dom::element answer;
  simdjson::dom::array items;
  if (parser.parse(body).get(answer) || answer["items"].get(items)) {
    return unavailable("the node's answer is no list");
  }
  TextTable table(
      {"name", "role", "state", "from", "second factor", "sessions", "tokens", "signed_in"});
  for (simdjson::dom::element item : items) {
    if (options.as_json) {
      fmt::print("{}\n", simdjson::minify(item));
      continue;
    }
    table.row({text_of(item, "name"), text_of(item, "role"),
               text_of(item, "disabled") == "true" ? "disabled" : "enabled",
               text_of(item, "origin"), text_of(item, "totp") == "true" ? "yes" : "no",
               text_of(item, "sessions"), text_of(item, "tokens"), text_of(item, "signed_in")});
  }
  if (!options.as_json) fmt::print("{}", table.text());
  return {};
}

Result<void> set_role(const UserOptions& options) {
  json::Writer w;
  w.object().member("role", options.role).end();
  auto caller = TRY(Caller::open(options.home));
  TRY(caller.call({.method = "POST", .path = path_of(options, "role"), .body = w.text()}));
  return {};
}

Result<void> new_password(const UserOptions& options) {
  auto caller = TRY(Caller::open(options.home));
  return show_start(options,
                    TRY(caller.call({.method = "POST", .path = path_of(options, "password")})));
}

Result<void> remove(const UserOptions& options) {
  auto caller = TRY(Caller::open(options.home));
  TRY(caller.call({.method = "DELETE", .path = path_of(options)}));
  return {};
}

template <const char* action>
Result<void> act(const UserOptions& options) {
  auto caller = TRY(Caller::open(options.home));
  TRY(caller.call({.method = "POST", .path = path_of(options, action)}));
  return {};
}

constexpr char disable[] = "disable", enable[] = "enable", totp_reset[] = "totp-reset",
               sign_out[] = "sign-out";
constexpr const char* roles = "viewer, analyst, agreement-editor, administrator or auditor";

}  // namespace

void add_user(CLI::App& app, Chosen& chosen) {
  static UserOptions options;
  auto* verb = app.add_subcommand("user", "who may sign in");
  verb->footer("Example: tocsin user add ana --role administrator");
  verb->require_subcommand(1);
  auto part = [&](const char* name, const char* what, const char* example,
                  Result<void> (*work)(const UserOptions&)) {
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
  auto named = [&](CLI::App* made) {
    made->add_option("NAME", options.name, "the user's name")->required();
    return made;
  };
  auto* fresh = named(part("add", "a new user, with a password to begin with, shown this once",
                           "tocsin user add ana --role administrator", add));
  fresh->add_option("--role", options.role, roles)->required();
  fresh->add_flag("--password-stdin", options.password_stdin,
                  "take the password from standard input instead");
  part("list", "all users", "tocsin user list", list);
  named(part("role", "give another role, which holds at once", "tocsin user role ana analyst",
             set_role))
      ->add_option("ROLE", options.role, roles)
      ->required();
  named(part("disable", "keep out; sessions end, tokens sleep", "tocsin user disable ana",
             act<disable>));
  named(part("enable", "let in again", "tocsin user enable ana", act<enable>));
  named(part("password", "a new password to begin with, shown this once; sessions end",
             "tocsin user password ana", new_password));
  named(part("totp-reset", "take the second factor away, for who lost it",
             "tocsin user totp-reset ana", act<totp_reset>));
  named(part("sign-out", "end all sessions", "tocsin user sign-out ana", act<sign_out>));
  named(part("remove", "remove with sessions and tokens; the last administrator stays",
             "tocsin user remove ana", remove));
}

}  // namespace tocsin::cli
