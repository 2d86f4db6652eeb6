// The verbs of the command line: one file each. Each adds its subcommand; when that is chosen,
// `chosen` runs it.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>

#include "base/result.h"

namespace tocsin::cli {

// Exit codes. Source: DESIGN chapter 4.
inline constexpr int done = 0, bad_input = 1, bad_usage = 2, world_failed = 3;

using Chosen = std::function<int()>;

// Prints "tocsin: WHAT" on stderr and gives the exit code of the fault.
int fail(const Error& error);

void add_read(CLI::App& app, Chosen& chosen);
void add_formats(CLI::App& app, Chosen& chosen);
void add_version(CLI::App& app, Chosen& chosen);
void add_run(CLI::App& app, Chosen& chosen);
void add_ingest(CLI::App& app, Chosen& chosen);
void add_events(CLI::App& app, Chosen& chosen);
void add_findings(CLI::App& app, Chosen& chosen);
void add_why(CLI::App& app, Chosen& chosen);
void add_stats(CLI::App& app, Chosen& chosen);
void add_series(CLI::App& app, Chosen& chosen);
void add_warnings(CLI::App& app, Chosen& chosen);
void add_reports(CLI::App& app, Chosen& chosen);
void add_corrections(CLI::App& reports, Chosen& chosen);  // parts of it
void add_feeds(CLI::App& app, Chosen& chosen);
void add_feeds_update(CLI::App& feeds, Chosen& chosen);  // a part of it
void add_quarantine(CLI::App& app, Chosen& chosen);
void add_subject(CLI::App& app, Chosen& chosen);
void add_hold(CLI::App& app, Chosen& chosen);
void add_triage(CLI::App& app, Chosen& chosen);
void add_mute(CLI::App& app, Chosen& chosen);
void add_view(CLI::App& app, Chosen& chosen);
void add_case(CLI::App& app, Chosen& chosen);
void add_token(CLI::App& app, Chosen& chosen);
void add_user(CLI::App& app, Chosen& chosen);
void add_audit(CLI::App& app, Chosen& chosen);
void add_partner(CLI::App& app, Chosen& chosen);
void add_request(CLI::App& app, Chosen& chosen);
void add_opinion(CLI::App& app, Chosen& chosen);
void add_ledger(CLI::App& app, Chosen& chosen);
void add_indicators(CLI::App& app, Chosen& chosen);
void add_backup(CLI::App& app, Chosen& chosen);
void add_config(CLI::App& app, Chosen& chosen);
void add_exercises(CLI::App& app, Chosen& chosen);
void add_upgrade(CLI::App& app, Chosen& chosen);
void add_bundle(CLI::App& app, Chosen& chosen);
void add_migrate(CLI::App& app, Chosen& chosen);
void add_compare(CLI::App& app, Chosen& chosen);
void add_report(CLI::App& app, Chosen& chosen);
void add_constituents(CLI::App& app, Chosen& chosen);
void add_alert(CLI::App& app, Chosen& chosen);
void add_agreement(CLI::App& app, Chosen& chosen);
void add_agreement_life(CLI::App& agreement, Chosen& chosen);  // parts of it
// Of an agreement that the node has. `home`: "" is the usual one.
Result<void> sign_by_node(const std::string& named, const std::string& home);
Result<void> show_of_node(const std::string& named, const std::string& home, bool as_json);
void add_bench(CLI::App& app, Chosen& chosen);
void add_bench_share(CLI::App& bench, Chosen& chosen);
void add_bench_inbox(CLI::App& bench, Chosen& chosen);
void add_bench_pool(CLI::App& bench, Chosen& chosen);
void add_bench_outbreak(CLI::App& bench, Chosen& chosen);
void add_bench_nab(CLI::App& bench, Chosen& chosen);
void add_bench_tick(CLI::App& bench, Chosen& chosen);
void add_simulate(CLI::App& app, Chosen& chosen);

}  // namespace tocsin::cli
