// tocsin ingest: takes reports in, with a progress bar on a terminal and a summary line at the end.
#include <fmt/core.h>
#include <simdjson.h>
#include <unistd.h>
#include <tuple>

#include <chrono>
#include <filesystem>

#include "cli/call.h"
#include "cli/verbs.h"

namespace tocsin::cli {
namespace {

struct IngestOptions {
  std::vector<std::string> files;
  std::string format, feed, home, tlp;
  bool as_json = false;
};

struct Total {
  std::uint64_t events = 0, duplicates = 0, rejected = 0, reports = 0, repeats = 0;
};

void show_progress(const std::string& name, std::uint64_t sent, std::uint64_t of) {
  constexpr std::size_t width = 30;
  std::size_t full = of == 0 ? width : static_cast<std::size_t>(sent * width / of);
  fmt::print(stderr, "\r{:<40.40} [{}{}] {:3}%", name, std::string(full, '#'),
             std::string(width - full, ' '), of == 0 ? 100 : sent * 100 / of);
}

std::uint64_t number(const simdjson::dom::element& answer, const char* key) {
  std::uint64_t value = 0;
  std::ignore = answer[key].get(value);
  return value;
}

Result<void> take(Caller& caller, const IngestOptions& options, const std::string& file,
                  bool is_last, Total& total) {
  bool terminal = isatty(STDERR_FILENO) == 1;
  std::string name = std::filesystem::path(file).filename().string();
  Caller::Ask ask{.method = "POST", .path = "/reports", .body_path = file};
  ask.query = {
      {"feed", options.feed}, {"format", options.format}, {"name", name}, {"tlp", options.tlp}};
  if (!is_last) ask.query.emplace("visible", "no");
  if (terminal)
    ask.progress = [&](std::uint64_t sent, std::uint64_t of) { show_progress(name, sent, of); };
  auto answered = caller.call(ask);
  if (terminal) fmt::print(stderr, "\r\x1b[K");
  std::string body = TRY(std::move(answered));
  simdjson::dom::parser parser;
  simdjson::dom::element answer;
  if (parser.parse(body).get(answer)) return unavailable("the node's answer is no JSON");
  std::string_view state;
  std::ignore = answer["state"].get(state);
  total.reports += 1;
  total.repeats += state == "repeat";
  total.events += number(answer, "events");
  total.duplicates += number(answer, "duplicates");
  total.rejected += number(answer, "rejected");
  if (options.as_json) fmt::print("{}\n", body);
  return {};
}

int ingest(IngestOptions options) {
  if (options.home.empty()) options.home = default_home();
  auto caller = Caller::open(options.home, true);
  if (!caller) return fail(caller.error());
  auto begin = std::chrono::steady_clock::now();
  Total total;
  int code = done;
  for (const auto& file : options.files) {
    if (auto taken = take(*caller, options, file, &file == &options.files.back(), total); !taken) {
      fmt::print(stderr, "tocsin: {}: {}\n", file, taken.error().what);
      int this_code = taken.error().fault == Fault::unavailable ? world_failed : bad_input;
      code = std::max(code, this_code);
    }
  }
  double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  std::string again = total.repeats > 0 ? fmt::format(" ({} known already)", total.repeats) : "";
  fmt::print(
      stderr,
      "{} reports{}: {} events, {} of them exact duplicates, {} records rejected, in {:.1f} s\n",
      total.reports, again, total.events, total.duplicates, total.rejected, seconds);
  return code;
}

}  // namespace

void add_ingest(CLI::App& app, Chosen& chosen) {
  auto* verb = app.add_subcommand("ingest", "take reports in");
  verb->footer("Example: tocsin ingest --feed shadowserver --format shadowserver 2026-01-02-*.csv");
  static IngestOptions options;
  verb->add_option("FILE", options.files, "reports; packed ones too")->required();
  verb->add_option("--format", options.format, "a format; by name and content if not said");
  verb->add_option("--feed", options.feed, "the feed they are counted for; by-hand if not said");
  verb->add_option("--tlp", options.tlp, "their marking: clear, green, amber, amber+strict, red");
  verb->add_option("--home", options.home, "the data folder");
  verb->add_flag("--json", options.as_json, "each report's outcome as JSON on stdout");
  verb->callback([&chosen] { chosen = [] { return ingest(options); }; });
}

}  // namespace tocsin::cli
