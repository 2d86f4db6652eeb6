// tocsin run: starts a node and stays until it is told to stop.
#include <fmt/core.h>
#include <signal.h>
#include <spdlog/spdlog.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <filesystem>

#include "api/served.h"
#include "base/text.h"
#include "cli/call.h"
#include "cli/demo.h"
#include "cli/verbs.h"
#include "node/upgrade.h"

namespace tocsin::cli {
namespace {

struct RunOptions {
  std::string home, config;
  int port = -1;
  bool demo = false, alone = false, demo_member = false, skip_copy = false;
};

// The demo's other members, each in a process of its own that ends with this one.
Result<std::vector<DemoMember>> start_demo(RunOptions& options, std::string& feeds) {
  std::error_code failed;
  bool is_older = std::filesystem::exists(options.home + "/journal.db", failed) &&
                  !std::filesystem::exists(options.home + "/members", failed);
  if (options.alone || is_older) {
    feeds = TRY(demo_world({.country = "BR", .home = options.home}));
    return std::vector<DemoMember>();
  }
  auto members = TRY(demo_network(options.home, options.port));
  for (const DemoMember& member : members) TRY(demo_world(member));
  feeds = TRY(demo_world(members.front()));
  options.port = members.front().port;
  return members;
}

Result<void> run(RunOptions options) {
  umask(077);
  if (options.home.empty()) options.home = default_home();
  if (options.demo) options.home += "-demo";
  // Signals are taken by this thread alone, after the node has made its own.
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  signal(SIGPIPE, SIG_IGN);

  std::string demo_feeds;
  std::vector<DemoMember> members;
  if (options.demo) members = TRY(start_demo(options, demo_feeds));
  if (options.demo_member) demo_feeds = options.home + "/demo/feeds.toml";
  auto served = TRY(api::Served::open({.home = options.home,
                                       .config = options.config,
                                       .port = options.port,
                                       .feeds_file = demo_feeds,
                                       .simulated = options.demo || options.demo_member,
                                       .skip_copy = options.skip_copy}));
  TRY(served->start());
  fmt::print("{}\n", served->sign_in_url());
  std::fflush(stdout);
  fmt::print(stderr,
             "Open the link above to sign in; it serves once, for 15 minutes. Data: {}\nStop with "
             "Ctrl+C.\n",
             options.home);
  std::vector<DemoNode> others;
  for (const DemoMember& member : members) {
    if (&member == &members.front()) continue;
    others.push_back(TRY(start_demo_node(member)));
    fmt::print(stderr, "{}, a member of the same network: {}\n", member.name, others.back().link);
  }
  if (options.home != default_home()) {
    fmt::print(stderr, "On the command line: tocsin findings --home {}\n", options.home);
  }
  if (auto print = served->certificate_fingerprint(); !print.empty()) {
    fmt::print(stderr, "Certificate (SHA-256): {}\n", print);
  }
  int signal = 0;
  sigwait(&signals, &signal);
  spdlog::info("stopping");
  for (const DemoNode& other : others) kill(other.pid, SIGTERM);
  served->stop();
  for (const DemoNode& other : others) waitpid(other.pid, nullptr, 0);
  return {};
}

// Opens the home as `run` does, and closes it again.
Result<void> upgrade(RunOptions options) {
  if (options.home.empty()) options.home = default_home();
  auto before = TRY(node::written_by(options.home));
  if (!before) return missing("no node's data in " + text::quote(options.home));
  auto served = TRY(api::Served::open(
      {.home = options.home, .config = options.config, .skip_copy = options.skip_copy}));
  served->stop();
  auto now = node::this_program();
  if (*before == now) {
    fmt::print(stderr, "{} is up to date: tocsin {}\n", options.home, now.version);
  } else {
    fmt::print(stderr, "{} was of tocsin {}, and is of {} now\n", options.home, before->version,
               now.version);
  }
  return {};
}

}  // namespace

void add_upgrade(CLI::App& app, Chosen& chosen) {
  auto* verb = app.add_subcommand("upgrade", "bring an earlier program's data folder up to date");
  verb->footer("Example: tocsin upgrade --home /var/lib/tocsin");
  static RunOptions options;
  verb->add_option("--home", options.home, "the data folder");
  verb->add_flag("--without-backup", options.skip_copy, "make no copy of it first");
  verb->callback([&chosen] {
    chosen = [] {
      auto done_so = upgrade(options);
      return done_so ? done : fail(done_so.error());
    };
  });
}

void add_run(CLI::App& app, Chosen& chosen) {
  auto* verb = app.add_subcommand("run", "start a node: console, API, feeds");
  verb->footer("Example: tocsin run --demo");
  static RunOptions options;
  verb->add_option("--home", options.home,
                   "the data folder; $TOCSIN_HOME or ~/.local/share/tocsin if not said");
  verb->add_option("--config", options.config, "the configuration; HOME/tocsin.toml if not said");
  verb->add_option("--port", options.port, "instead of server.port; 0: any free one")
      ->check(CLI::Range(0, 65535));
  verb->add_flag(
      "--without-backup", options.skip_copy,
      "no copy of the data folder of an earlier program before it is brought up to date");
  verb->add_flag("--demo", options.demo,
                 "three members of a network of their own, filled with a simulated world");
  verb->add_flag("--alone", options.alone, "with --demo: one node, a member of no network");
  verb->add_flag("--demo-member", options.demo_member, "")->group("");  // one of the others
  verb->callback([&chosen] {
    chosen = [] {
      auto ran = run(options);
      return ran ? done : fail(ran.error());
    };
  });
}

}  // namespace tocsin::cli
