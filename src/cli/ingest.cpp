// tocsin ingest: takes reports in, says what each was read as, with a progress bar on a terminal
// and a summary line at the end.
#include <fmt/core.h>
#include <simdjson.h>
#include <unistd.h>
#include <tuple>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <map>

#include "base/text.h"
#include "cli/call.h"
#include "cli/printing.h"
#include "cli/verbs.h"
#include "ingest/formats.h"

namespace tocsin::cli {
namespace {

struct IngestOptions {
  std::vector<std::string> files;
  std::string format, feed, home, tlp;
  bool as_json = false, exercise = false, history = false, again = false, preview = false;
};

struct Total {
  std::uint64_t events = 0, duplicates = 0, rejected = 0, reports = 0, repeats = 0, failed = 0;
  std::map<std::string, std::uint64_t> read_as;  // reports by what they were read as
};

constexpr std::size_t told_one_by_one_max = 10;  // more files than that are told by format and type

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

std::string_view word(const simdjson::dom::element& answer, const char* key) {
  std::string_view text;
  std::ignore = answer[key].get(text);
  return text;
}

bool flag(const simdjson::dom::element& answer, const char* key) {
  bool value = false;
  std::ignore = answer[key].get(value);
  return value;
}

// "shadowserver (guessed), report type scan_rdp (guessed: read by its columns)".
std::string read_as(const simdjson::dom::element& answer) {
  std::string out(word(answer, "format"));
  if (flag(answer, "format_guessed")) out += " (guessed)";
  std::string_view type = word(answer, "type");
  if (!type.empty()) out += fmt::format(", report type {}", text::printable(type));
  if (flag(answer, "type_guessed"))
    out += type.empty() ? ", report type unknown (read by its columns)"
                        : " (guessed: read by its columns)";
  return out;
}

// What became of one report, for a person.
std::string outcome(const simdjson::dom::element& answer) {
  std::uint64_t events = number(answer, "events"), rejected = number(answer, "rejected");
  std::string out = "read as " + read_as(answer);
  if (events + rejected == 0) return out + ": no records in it";
  out += ": " + text::count(events, "event", "events");
  if (rejected > 0) out += fmt::format(", {} rejected", text::count(rejected, "record", "records"));
  return out;
}

void tell(const IngestOptions& options, const std::string& name,
          const simdjson::dom::element& answer, Total& total) {
  if (flag(answer, "feed_new")) {
    fmt::print(stderr, "tocsin: feed {} is not configured; counted under that name\n",
               text::quote(options.feed));
  }
  bool repeat = word(answer, "state") == "repeat";
  if (options.files.size() > told_one_by_one_max) {
    if (!repeat) ++total.read_as[read_as(answer)];
    return;
  }
  fmt::print(stderr, "{}: {}\n", text::printable(name),
             repeat ? "known already, nothing taken in" : outcome(answer));
}

Result<void> take(Caller& caller, const IngestOptions& options, const std::string& file,
                  bool is_last, Total& total) {
  bool terminal = isatty(STDERR_FILENO) == 1;
  std::string name = std::filesystem::path(file).filename().string();
  Caller::Ask ask{.method = "POST", .path = "/reports", .body_path = file};
  ask.query = {
      {"feed", options.feed}, {"format", options.format}, {"name", name}, {"tlp", options.tlp}};
  if (options.exercise) ask.query.emplace("exercise", "yes");
  if (options.history) ask.query.emplace("history", "yes");
  if (!is_last) ask.query.emplace("visible", "no");
  if (options.again) ask.query.emplace("again", "yes");
  if (terminal)
    ask.progress = [&](std::uint64_t sent, std::uint64_t of) { show_progress(name, sent, of); };
  auto answered = caller.call(ask);
  if (terminal) fmt::print(stderr, "\r\x1b[K");
  std::string body = TRY(std::move(answered));
  simdjson::dom::parser parser;
  simdjson::dom::element answer;
  if (parser.parse(body).get(answer)) return unavailable("the node's answer is no JSON");
  total.reports += 1;
  bool is_repeat = word(answer, "state") == "repeat";
  total.repeats += is_repeat;
  if (auto error = word(answer, "error"); is_repeat && !error.empty())
    fmt::print(stderr, "{}: {}\n", name, text::printable(error));
  total.events += number(answer, "events");
  total.duplicates += number(answer, "duplicates");
  total.rejected += number(answer, "rejected");
  tell(options, name, answer, total);
  if (options.as_json) fmt::print("{}\n", body);
  return {};
}

// What a report would become: its format, the first events, what cannot be read.
Result<void> look(Caller& caller, const IngestOptions& options, const std::string& file) {
  std::string name = std::filesystem::path(file).filename().string();
  Caller::Ask ask{.method = "POST", .path = "/preview", .body_path = file};
  ask.query = {
      {"feed", options.feed}, {"format", options.format}, {"name", name}, {"tlp", options.tlp}};
  std::string body = TRY(caller.call(ask));
  if (options.as_json) return fmt::print("{}\n", body), Result<void>{};
  simdjson::dom::parser parser;
  simdjson::dom::element answer;
  simdjson::dom::array list;
  if (parser.parse(body).get(answer)) return unavailable("the node's answer is no JSON");
  if (!answer["events"].get(list)) {
    for (simdjson::dom::element event : list) fmt::print("{}\n", simdjson::minify(event));
  }
  if (!answer["rejects"].get(list)) {
    for (simdjson::dom::element reject : list) {
      fmt::print(stderr, "rejected line {}: {}\n", text_of(reject, "line"),
                 text::printable(text_of(reject, "reason")));
    }
  }
  std::string format = text_of(answer, "format"), error = text_of(answer, "error");
  fmt::print(stderr, "{}: {}{}, {}, {} rejected; nothing is taken in\n", name,
             format.empty() ? "no format fits" : format,
             flag(answer, "detected") ? " by name and content" : "",
             text::count(number(answer, "events_total"), "event", "events"),
             text::count(number(answer, "rejected"), "record", "records"));
  if (!error.empty()) return invalid(error);
  return {};
}

int preview(const IngestOptions& options) {
  auto caller = Caller::open(options.home, true);
  if (!caller) return fail(caller.error());
  int code = done;
  for (const auto& file : options.files) {
    if (auto looked = look(*caller, options, file); !looked) code = fail(looked.error());
  }
  return code;
}

void print_total(const Total& total, double seconds) {
  for (const auto& [what, reports] : total.read_as)
    fmt::print(stderr, "{:>7} read as {}\n", reports, what);
  std::string failed = total.failed > 0
                           ? fmt::format("{} not read", text::count(total.failed, "file", "files"))
                           : "";
  if (total.reports == 0) {
    fmt::print(stderr, "nothing taken in: {}\n", failed);
    return;
  }
  fmt::print(stderr, "{}{}: {}, {} of them exact {}, {} rejected, in {:.1f} s{}\n",
             text::count(total.reports, "report", "reports"),
             total.repeats > 0 ? fmt::format(" ({} known already)", total.repeats) : "",
             text::count(total.events, "event", "events"), total.duplicates,
             total.duplicates == 1 ? "duplicate" : "duplicates",
             text::count(total.rejected, "record", "records"), seconds,
             failed.empty() ? "" : "; " + failed);
}

int run_ingest(IngestOptions options) {
  if (!options.format.empty()) {
    if (auto known = ingest::check_format(options.format); !known) return fail(known.error());
  }
  if (options.home.empty()) options.home = default_home();
  if (options.preview) return preview(options);
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
      ++total.failed;
    }
  }
  print_total(total,
              std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
  return code;
}

}  // namespace

void add_ingest(CLI::App& app, Chosen& chosen) {
  auto* verb = app.add_subcommand("ingest", "take reports in");
  verb->footer("Example: tocsin ingest --feed shadowserver --format shadowserver 2026-01-02-*.csv");
  static IngestOptions options;
  verb->add_option("FILE", options.files, "reports; packed ones too")->required();
  verb->add_option("--format", options.format, "a format; by name and content if not said");
  verb->add_option("--feed", options.feed,
                   "the feed they are counted for, configured or not; by-hand if not said");
  verb->add_option("--tlp", options.tlp, "their marking: clear, green, amber, amber+strict, red");
  verb->add_flag(
      "--exercise", options.exercise,
      "made up: never in figures, exports or alerts, hidden unless is:exercise is asked");
  verb->add_flag("--history", options.history,
                 "old events, with the times they have: no alerts, nothing of it is new today");
  verb->add_option("--home", options.home, "the data folder");
  verb->add_flag("--again", options.again, "also what was taken in before, or withdrawn");
  verb->add_flag("--json", options.as_json, "each report's outcome as JSON on stdout");
  verb->add_flag("--preview", options.preview,
                 "only show the format, the first 20 events and what cannot be read");
  verb->callback([&chosen] { chosen = [] { return run_ingest(options); }; });
}

}  // namespace tocsin::cli
