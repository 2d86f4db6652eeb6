// tocsin bench: what docs/benchmarks.md claims, measured on this machine.
#include <fmt/core.h>
#include <malloc.h>

#include <chrono>
#include <filesystem>
#include <fstream>

#include "cli/bench_folder.h"
#include "cli/verbs.h"
#include "node/node.h"
#include "sim/sim.h"

namespace tocsin::cli {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

struct BenchOptions {
  std::uint64_t rows = 2'000'000;
  double repeats = 0.3;
  std::string folder;
  bool keep = false;
};

double seconds_since(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

// Of this process, in MB: what it alone holds (anonymous), and its highest ever with mapped files.
struct Memory {
  std::size_t anonymous_mb = 0, highest_mb = 0;
};

Memory memory() {
  Memory m;
  std::ifstream status("/proc/self/status");
  std::string word;
  while (status >> word) {
    if (word == "RssAnon:") status >> m.anonymous_mb;
    if (word == "VmHWM:") status >> m.highest_mb;
  }
  return {m.anonymous_mb / 1024, m.highest_mb / 1024};
}

Result<void> bench_ingest(const BenchOptions& options) {
  BenchFolder own = TRY(BenchFolder::make(options.folder, options.keep));
  const std::string& folder = own.path();
  fmt::print(stderr, "making {} rows, {:.0f} % repeats ...\n", options.rows, options.repeats * 100);
  auto made = TRY(sim::run({.scenario = "bench",
                            .out = folder + "/world",
                            .repeats = options.repeats,
                            .rows = options.rows}));
  malloc_trim(0);  // what the world took is not the node's memory
  auto node = TRY(node::Node::open({.home = folder + "/home"}));
  std::vector<std::string> files;
  for (const auto& entry : fs::recursive_directory_iterator(folder + "/world")) {
    if (entry.path().extension() == ".csv") files.push_back(entry.path().string());
  }
  std::ranges::sort(files);
  ingest::Feed feed{.name = "bench", .format = "shadowserver", .tlp = Tlp::green};
  // What is left to be done of making the world, and of the node's start, is not the intake's work.
  ::sync();
  std::ignore = node->enrichment().describe();
  auto begin = Clock::now();
  ingest::Receipt total;
  for (const auto& file : files) {
    auto report_begin = Clock::now();
    auto receipt = TRY(
        node->intake().deliver(feed, {.name = fs::path(file).filename().string(), .path = file}));
    total.events += receipt.events;
    total.duplicates += receipt.duplicates;
    total.rejected += receipt.rejected;
    fmt::print("report of {} rows: {:.0f} rows/s, {} findings by then\n", receipt.events,
               static_cast<double>(receipt.events) / seconds_since(report_begin),
               node->findings().size());
  }
  double committed_s = seconds_since(begin);
  if (!node->wait_visible(std::chrono::minutes(10)))
    return unavailable("the followers do not catch up");
  double visible_s = seconds_since(begin);
  auto rows = static_cast<double>(total.events);
  auto stored = TRY(node->columns().count({}));
  fmt::print(
      "{} rows ({:.1f} MB), {} exact duplicates, {} rejected, {} events stored, {} findings\n",
      total.events, static_cast<double>(made.bytes) / 1e6, total.duplicates, total.rejected, stored,
      node->findings().size());
  fmt::print(
      "durable after {:.2f} s: {:.0f} rows/s; seen by every follower after {:.2f} s: {:.0f} "
      "rows/s\n",
      committed_s, rows / committed_s, visible_s, rows / visible_s);
  const auto& stages = node->intake().stages();
  struct Share {
    std::string name;
    double us;
  };
  std::vector<Share> shares = {
      {"read", static_cast<double>(stages.read_ns) / 1e3 / rows},
      {"duplicates", static_cast<double>(stages.duplicates_ns) / 1e3 / rows},
      {"enrich", static_cast<double>(stages.enrich_ns) / 1e3 / rows},
      {"commit", static_cast<double>(stages.commit_ns) / 1e3 / rows}};
  for (const auto& state : node->followers().states())
    shares.push_back({state.name, static_cast<double>(state.cpu_ns) / 1e3 / rows});
  double sum = 0;
  for (const auto& share : shares) sum += share.us;
  for (const auto& share : shares)
    fmt::print("{:<12} {:.3f} us CPU a row, {:4.1f} %\n", share.name, share.us,
               share.us / sum * 100);
  fmt::print("{:<12} {:.3f} us CPU a row (columns' own threads not in it)\n", "all", sum);
  auto m = memory();
  fmt::print("memory: {} MB of its own, {} of them the findings; highest {} MB with mapped files\n",
             m.anonymous_mb, node->findings().memory_bytes() >> 20, m.highest_mb);
  if (stored + total.duplicates != total.events || made.events != stored) {
    return invalid(
        fmt::format("figures differ: the world has {} events, {} are stored", made.events, stored));
  }
  node->stop();
  return {};
}

}  // namespace

void add_bench(CLI::App& app, Chosen& chosen) {
  auto* verb = app.add_subcommand("bench", "measure this machine");
  verb->footer("Example: tocsin bench ingest --rows 2000000");
  verb->require_subcommand(1);
  auto* ingest = verb->add_subcommand(
      "ingest",
      "Shadowserver CSV to durable, deduplicated, enriched, with findings, counts and columns");
  ingest->footer("Example: tocsin bench ingest --rows 2000000 --repeats 0.3");
  static BenchOptions options;
  ingest->add_option("--rows", options.rows, "rows of the made-up report")->capture_default_str();
  ingest->add_option("--repeats", options.repeats, "share of exact repeats")->capture_default_str();
  ingest->add_option("--folder", options.folder,
                     "where to work: an empty folder; a temporary one if not said");
  ingest->add_flag("--keep", options.keep, "leave the folder");
  ingest->callback([&chosen] {
    chosen = [] {
      auto measured = bench_ingest(options);
      return measured ? done : fail(measured.error());
    };
  });
  add_bench_share(*verb, chosen);
  add_bench_inbox(*verb, chosen);
  add_bench_pool(*verb, chosen);
  add_bench_outbreak(*verb, chosen);
  add_bench_nab(*verb, chosen);
  add_bench_tick(*verb, chosen);
}

}  // namespace tocsin::cli
