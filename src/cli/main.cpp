// tocsin: the command line.
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>
#include <CLI/CLI.hpp>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <system_error>

#include "cli/verbs.h"

namespace tocsin::cli {

int fail(const Error& error) {
  std::fprintf(stderr, "tocsin: %s\n", error.what.c_str());
  return error.fault == Fault::unavailable ? world_failed : bad_input;
}

namespace {

// How a verb ends whose output could not be written. A reader that had enough (`| head -1`) and
// closed the pipe is no failure.
int unwritten(const std::error_code& why) {
  if (why == std::errc::broken_pipe) return done;
  return fail({Fault::unavailable, "cannot write the output: " + why.message()});
}

// What fmt prints throws std::system_error where it cannot be written; the rest shows when the last
// of it is.
int run_verb(const Chosen& chosen) {
  try {
    int code = chosen();
    if (std::ferror(stdout) == 0 && std::fflush(stdout) == 0) return code;
    return unwritten({errno, std::generic_category()});
  } catch (const std::system_error& error) {
    return unwritten(error.code());
  }
}

}  // namespace
}  // namespace tocsin::cli

int main(int argc, char** argv) {
  using namespace tocsin::cli;
  std::signal(SIGPIPE, SIG_IGN);  // a node that goes away is an error to tell
  setenv("TZ", "UTC", 1);         // strptime's %s, and nothing else, asks for it
  spdlog::set_default_logger(spdlog::stderr_logger_mt("tocsin"));  // stdout is for data
  CLI::App app{"An open early-warning network for cyber security: one node", "tocsin"};
  app.require_subcommand(1);
  Chosen chosen;
  for (auto* add :
       {add_run,      add_read,     add_ingest,       add_events,    add_findings,   add_why,
        add_triage,   add_mute,     add_view,         add_case,      add_stats,      add_series,
        add_warnings, add_reports,  add_report,       add_exercises, add_quarantine, add_feeds,
        add_formats,  add_simulate, add_constituents, add_alert,     add_user,       add_token,
        add_audit,    add_subject,  add_hold,         add_backup,    add_upgrade,    add_bundle,
        add_compare,  add_config,   add_migrate,      add_partner,   add_agreement,  add_request,
        add_opinion,  add_ledger,   add_indicators,   add_bench,     add_version})
    add(app, chosen);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    int code = app.exit(error);
    return code == 0 ? done : bad_usage;
  }
  return chosen ? run_verb(chosen) : bad_usage;
}
