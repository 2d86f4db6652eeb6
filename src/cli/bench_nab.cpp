// tocsin bench nab: gauges on the series of the Numenta Anomaly Benchmark by its rule, and the
// filter on weekly disease counts with marked outbreaks, each with one set of constants.
// Source: A. Lavin, S. Ahmad, "Evaluating Real-time Anomaly Detection Algorithms: the Numenta
// Anomaly Benchmark", ICMLA 2015 (score); R package surveillance (counts).
#include <fmt/core.h>
#include <simdjson.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <filesystem>

#include "base/csv.h"
#include "base/mapped_file.h"
#include "base/text.h"
#include "base/time.h"
#include "cli/verbs.h"
#include "warn/filter.h"
#include "warn/gauge.h"

namespace tocsin::cli {
namespace {

namespace fs = std::filesystem;

struct NabOptions {
  std::string data = "../shared/data/timeseries";
};

Result<double> number(std::string_view field) {
  double value = 0;
  auto [end, error] = std::from_chars(field.data(), field.data() + field.size(), value);
  if (error != std::errc() || end != field.data() + field.size())
    return invalid("not a number: " + text::quote(field));
  return value;
}

struct Window {
  std::size_t first = 0, last = 0;  // rows, both inside
  double width() const { return static_cast<double>(last - first + 1); }
};

struct NabSeries {
  std::string name;
  std::vector<TimeUs> times;
  std::vector<double> scores;
  std::vector<Window> windows;
  std::size_t learning = 0;  // rows at the start that are not scored
};

struct Profile {
  std::string_view name;
  double false_positive, missed;
};

constexpr std::array<Profile, 3> profiles = {
    {{"standard", 0.11, 1}, {"low FP", 0.22, 1}, {"low FN", 0.11, 2}}};

double sigmoid(double position) {
  return 2 / (1 + std::exp(5 * position)) - 1;
}

// What the detections of a series at `threshold` are worth.
double worth(const NabSeries& series, double threshold, const Profile& profile) {
  double sum = 0;
  std::vector<bool> found(series.windows.size());
  std::size_t passed = 0;  // windows that ended before the row
  for (std::size_t row = series.learning; row < series.scores.size(); ++row) {
    while (passed < series.windows.size() && series.windows[passed].last < row) ++passed;
    if (series.scores[row] < threshold) continue;
    if (passed < series.windows.size() && row >= series.windows[passed].first) {
      if (found[passed]) continue;  // the first of a window is its best
      const Window& window = series.windows[passed];
      double position = -static_cast<double>(window.last - row + 1) / window.width();
      sum += sigmoid(position) / sigmoid(-1);
      found[passed] = true;
    } else if (passed == 0) {
      sum -= profile.false_positive;
    } else {
      const Window& window = series.windows[passed - 1];
      double position = static_cast<double>(row - window.last) / (window.width() - 1);
      sum += profile.false_positive * (position > 3 ? -1 : sigmoid(position));
    }
  }
  for (bool f : found) sum -= f ? 0 : profile.missed;
  return sum;
}

// 0: nothing found, 100: every window at once and nothing else.
double nab_score(std::span<const NabSeries* const> all, double threshold, const Profile& profile) {
  double raw = 0, windows = 0;
  for (const NabSeries* series : all) {
    raw += worth(*series, threshold, profile);
    windows += static_cast<double>(series->windows.size());
  }
  return 100 * (raw + windows * profile.missed) / (windows * (1 + profile.missed));
}

double best_threshold(std::span<const NabSeries* const> all, const Profile& profile) {
  std::vector<double> scores;
  for (const NabSeries* series : all)
    scores.insert(scores.end(), series->scores.begin(), series->scores.end());
  std::ranges::sort(scores, std::greater{});
  double best = scores.front(), highest = -1e9;
  // Finely where few rows are flagged, more coarsely behind.
  for (std::size_t i = 0; i < scores.size() / 50; i += 1 + i / 40) {
    double score = nab_score(all, scores[i], profile);
    if (score > highest) highest = score, best = scores[i];
  }
  return best;
}

Result<NabSeries> read_series(const std::string& folder, const std::string& name,
                              simdjson::dom::array windows) {
  auto file = TRY(MappedFile::open(folder + "/data/" + name));
  NabSeries series{.name = name};
  std::vector<double> values;
  csv::Reader reader(file.bytes());
  bool head = true;
  for (auto step = reader.next(); step != csv::Step::end; step = reader.next()) {
    if (step == csv::Step::wrong) return std::unexpected(reader.error());
    if (std::exchange(head, false)) continue;
    series.times.push_back(TRY(times::parse(reader.fields()[0])));
    values.push_back(TRY(number(reader.fields()[1])));
  }
  for (simdjson::dom::element window : windows) {
    std::string_view first, last;
    if (window.at(0).get(first) || window.at(1).get(last)) return invalid("labels.json: a window");
    TimeUs from = TRY(times::parse(first)), to = TRY(times::parse(last));
    auto begin = std::ranges::lower_bound(series.times, from);
    auto end = std::ranges::upper_bound(series.times, to);
    if (end == begin) return invalid("labels.json: a window without rows in " + name);
    series.windows.push_back({static_cast<std::size_t>(begin - series.times.begin()),
                              static_cast<std::size_t>(end - series.times.begin()) - 1});
  }
  series.learning =
      static_cast<std::size_t>(std::min(0.15 * static_cast<double>(values.size()), 750.0));
  warn::Gauge gauge(series.learning);
  for (std::size_t i = 0; i < values.size(); ++i) {
    auto second = static_cast<std::uint32_t>(series.times[i] % us_per_day / us_per_s);
    series.scores.push_back(gauge.judge(values[i], second));
  }
  return series;
}

Result<void> bench_gauges(const std::string& folder) {
  simdjson::dom::parser parser;
  simdjson::dom::object labels;
  if (parser.load(folder + "/labels.json").get(labels))
    return missing("no labels.json in " + text::quote(folder) + ": skipped");
  std::vector<NabSeries> all;
  for (auto [name, label] : labels) {
    simdjson::dom::array windows;
    if (label["windows"].get(windows)) return invalid("labels.json: no windows");
    all.push_back(TRY(read_series(folder, std::string(name), windows)));
  }
  std::ranges::sort(all, {}, &NabSeries::name);
  std::vector<const NabSeries*> whole, halves[2];
  std::size_t rows = 0, windows = 0;
  for (std::size_t i = 0; i < all.size(); ++i) {
    whole.push_back(&all[i]);
    halves[i % 2].push_back(&all[i]);
    rows += all[i].times.size();
    windows += all[i].windows.size();
  }
  fmt::print("NAB: {} series, {} rows, {} windows\n", all.size(), rows, windows);
  fmt::print("{:<10} {:>34} {:>34}\n", "profile", "one threshold, best on all (NAB)",
             "threshold of the other half");
  for (const Profile& profile : profiles) {
    double threshold = best_threshold(whole, profile);
    double held_out = 0;
    for (int half : {0, 1})
      held_out += nab_score(halves[half], best_threshold(halves[1 - half], profile), profile) / 2;
    fmt::print("{:<10} {:>26.1f} (>= {:.1f}) {:>34.1f}\n", profile.name,
               nab_score(whole, threshold, profile), threshold, held_out);
  }
  return {};
}

struct Weekly {
  std::vector<double> counts;
  std::vector<bool> outbreak;
};

Result<Weekly> read_weekly(const std::string& path) {
  auto file = TRY(MappedFile::open(path));
  csv::Reader reader(file.bytes());
  Weekly weekly;
  std::vector<bool> counted;
  std::size_t mark = 0;
  for (auto step = reader.next(); step != csv::Step::end; step = reader.next()) {
    if (step == csv::Step::wrong) return std::unexpected(reader.error());
    auto fields = reader.fields();
    if (counted.empty()) {
      constexpr std::array<std::string_view, 6> others = {"t",     "freq",     "start_year",
                                                          "epoch", "outbreak", "start_period"};
      for (std::size_t i = 0; i < fields.size(); ++i) {
        counted.push_back(std::ranges::find(others, fields[i]) == others.end());
        if (fields[i] == "outbreak") mark = i;
      }
      continue;
    }
    double sum = 0;
    for (std::size_t i = 0; i < fields.size() && i < counted.size(); ++i)
      sum += counted[i] ? TRY(number(fields[i])) : 0;
    weekly.counts.push_back(sum);
    weekly.outbreak.push_back(fields[mark] == "1");
  }
  return weekly;
}

// The first half year is learned from.
void print_weekly(std::string_view name, const Weekly& weekly, double level) {
  constexpr std::size_t from = 26;
  warn::Filter filter;
  std::size_t outbreaks = 0, found = 0, delays = 0, false_alarms = 0, quiet = 0, begin = 0;
  bool open = false, seen = false, flagged_before = false;
  for (std::size_t week = 0; week < weekly.counts.size(); ++week) {
    auto judged =
        filter.update(warn::place({.ticks_per_day = 1.0 / 7, .rhythm = warn::Rhythm::year},
                                  static_cast<std::int64_t>(week)),
                      weekly.counts[week]);
    bool flagged = week >= from && judged.upper <= level;
    bool outbreak = week >= from && weekly.outbreak[week];
    if (outbreak && !open) ++outbreaks, begin = week, seen = false;
    open = outbreak;
    if (outbreak && flagged && !seen) ++found, delays += week - begin, seen = true;
    // Weeks in a row are one alarm; what an outbreak began is none.
    if (week >= from && !outbreak) {
      ++quiet;
      if (flagged && !flagged_before) ++false_alarms;
    }
    flagged_before = flagged;
  }
  fmt::print("{:<8} {:>3} of {:>2} found, {} weeks late, {:.2f} false alarms a year\n", name, found,
             outbreaks,
             found > 0
                 ? fmt::format("{:.1f}", static_cast<double>(delays) / static_cast<double>(found))
                 : "-",
             static_cast<double>(false_alarms) * 52 / static_cast<double>(quiet));
}

Result<void> bench_nab(const NabOptions& options) {
  TRY(bench_gauges(options.data + "/nab"));
  for (double level : {0.01, 0.001}) {
    fmt::print("\nmarked weekly counts, p <= {}\n", level);
    for (std::string_view name : {"ha", "k1", "m1", "m2", "m3", "n1", "n2", "q2"}) {
      print_weekly(name,
                   TRY(read_weekly(options.data + "/surveillance/" + std::string(name) + ".csv")),
                   level);
    }
  }
  return {};
}

}  // namespace

void add_bench_nab(CLI::App& bench, Chosen& chosen) {
  auto* verb = bench.add_subcommand(
      "nab", "gauges by the rule of the Numenta Anomaly Benchmark; marked weekly counts");
  verb->footer("Example: tocsin bench nab --data ../shared/data/timeseries");
  static NabOptions options;
  verb->add_option("--data", options.data, "the folder with nab/ and surveillance/")
      ->capture_default_str();
  verb->callback([&chosen] {
    chosen = [] {
      auto measured = bench_nab(options);
      return measured ? done : fail(measured.error());
    };
  });
}

}  // namespace tocsin::cli
