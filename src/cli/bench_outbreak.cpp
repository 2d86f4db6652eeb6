// tocsin bench outbreak: the detectors on the simulated outbreaks of public health, beside EARS
// and, where R has judged the same series (bench/outbreak.R), Farrington flexible.
// Source: L. Hutwagner et al., "The bioterrorism preparedness and response Early Aberration
// Reporting System (EARS)", J. Urban Health 80 (2003) i89 (C1 to C3).
#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <filesystem>
#include <fstream>

#include "base/csv.h"
#include "base/durable_file.h"
#include "base/mapped_file.h"
#include "base/text.h"
#include "cli/outbreak_score.h"
#include "cli/verbs.h"
#include "warn/detector.h"
#include "warn/filter.h"

namespace tocsin::cli {
namespace {

namespace fs = std::filesystem;

constexpr double area_most = 0.05, nominal = 0.01;
constexpr std::size_t tested_weeks = outbreak_weeks - outbreak_tested;
constexpr std::uint64_t other_seeds = 20'000;  // thresholds come from these, and nothing else does
constexpr unsigned draws = 2000;

struct OutbreakOptions {
  std::size_t replicates = 100;
  std::string folder;
};

using World = std::vector<OutbreakSeries>;

World world(std::size_t replicates, std::uint64_t first_seed, bool with_outbreaks) {
  World all;
  for (std::size_t scenario = 1; scenario <= outbreak_scenarios; ++scenario) {
    for (std::size_t r = 0; r < replicates; ++r)
      all.push_back(outbreak_series(scenario, first_seed + r, with_outbreaks));
  }
  return all;
}

// The shares of alpha of the detectors that look for more.
constexpr std::array<std::pair<std::string_view, double>, 3> shares = {
    {{"surge", 0.8}, {"scan", 0.1}, {"cusum", 0.1}}};

// -log10 p of each, and of all with their shares.
std::vector<OutbreakJudgement> judge(const World& all, std::vector<double>* covered) {
  std::vector<OutbreakJudgement> result;
  for (const auto& [name, share] : shares) result.push_back({"Tocsin " + std::string(name), {}});
  result.push_back({"Tocsin, all three", {}});
  std::vector<warn::Place> places;
  for (std::size_t week = 0; week < outbreak_weeks; ++week) {
    places.push_back(warn::place({.ticks_per_day = 1.0 / 7, .rhythm = warn::Rhythm::year},
                                 static_cast<std::int64_t>(week)));
  }
  for (const OutbreakSeries& series : all) {
    warn::Filter filter;
    std::array<std::vector<float>, shares.size()> states;
    for (std::size_t d = 0; d < shares.size(); ++d)
      states[d].resize(warn::find_detector(shares[d].first)->floats);
    for (auto& judgement : result) judgement.scores.emplace_back();
    for (std::size_t week = 0; week < outbreak_weeks; ++week) {
      double count = series.cases[week], least = 1;
      warn::Judged judged = filter.learn(places[week], count);
      if (week < outbreak_tested - 104) continue;  // sums need a past, not ten years of it
      for (std::size_t d = 0; d < shares.size(); ++d) {
        double p = warn::find_detector(shares[d].first)
                       ->judge({count, judged.expected, judged.uncertainty, {}}, states[d]);
        least = std::min(least, p / shares[d].second);
        if (week >= outbreak_tested) result[d].scores.back().push_back(-std::log10(p));
      }
      if (week < outbreak_tested) continue;
      result.back().scores.back().push_back(-std::log10(std::min(1.0, least)));
      if (!covered) continue;
      auto [low, high] = warn::interval(0.95, judged.expected);
      covered->push_back(count >= low && count <= high ? 1 : 0);
    }
  }
  return result;
}

struct Moments {
  double mean = 0, deviation = 0;
};

// Of the 7 weeks that end `lag` weeks before `week`.
Moments baseline(const OutbreakSeries& series, std::size_t week, std::size_t lag) {
  Moments m;
  for (std::size_t i = 0; i < 7; ++i) m.mean += series.cases[week - lag - i] / 7.0;
  for (std::size_t i = 0; i < 7; ++i)
    m.deviation += std::pow(series.cases[week - lag - i] - m.mean, 2) / 6;
  m.deviation = std::sqrt(m.deviation);
  return m;
}

constexpr double without_bound = 1e9;

// Weeks like one another have no deviation: anything more is then beyond every threshold.
double standardised(const OutbreakSeries& series, std::size_t week, std::size_t lag) {
  Moments m = baseline(series, week, lag);
  double excess = series.cases[week] - m.mean;
  if (m.deviation > 1e-9) return excess / m.deviation;
  return excess > 1e-9 ? without_bound : excess < -1e-9 ? -without_bound : 0;
}

// C3 adds what C2 was above 1 in three weeks; R's package adds the two before only, and
// asks for a case and a deviation now.
std::vector<OutbreakJudgement> ears(const World& all) {
  std::vector<OutbreakJudgement> result = {
      {"EARS C1", {}}, {"EARS C2", {}}, {"EARS C3", {}}, {"EARS C3 as in R", {}}};
  for (const OutbreakSeries& series : all) {
    for (auto& judgement : result) judgement.scores.emplace_back();
    for (std::size_t week = outbreak_tested; week < outbreak_weeks; ++week) {
      auto above = [&](std::size_t back) {
        return std::max(0.0, standardised(series, week - back, 3) - 1);
      };
      result[0].scores.back().push_back(standardised(series, week, 1));
      result[1].scores.back().push_back(standardised(series, week, 3));
      result[2].scores.back().push_back(above(0) + above(1) + above(2));
      bool silent = series.cases[week] == 0 || baseline(series, week, 3).deviation < 1e-9;
      result[3].scores.back().push_back(silent ? 0 : above(1) + above(2));
    }
  }
  return result;
}

// What R said of one series; `there` false: it was not asked yet.
struct RSeries {
  bool there = false;
  std::vector<double> p;
  std::vector<bool> enough;
  std::array<std::vector<int>, 6> flags;  // C1, C2, C3, each at 0.001 and 0.01
};

Result<double> number(std::string_view field) {
  double value = 0;
  auto [end, error] = std::from_chars(field.data(), field.data() + field.size(), value);
  if (error != std::errc() || end != field.data() + field.size())
    return invalid("not a number: " + text::quote(field));
  return value;
}

std::string path_of(const std::string& folder, std::size_t scenario, std::string_view end) {
  return fmt::format("{}/scenario-{:02}{}", folder, scenario, end);
}

Result<void> read_block(const std::string& path, std::size_t first, std::vector<RSeries>& all) {
  auto file = TRY(MappedFile::open(path));
  csv::Reader reader(file.bytes());
  bool head = true;
  for (auto step = reader.next(); step != csv::Step::end; step = reader.next()) {
    if (step == csv::Step::wrong) return std::unexpected(reader.error());
    if (std::exchange(head, false)) continue;
    auto fields = reader.fields();
    if (fields.size() != 10) return invalid("not a row of bench/outbreak.R in " + path);
    auto replicate = static_cast<std::size_t>(TRY(number(fields[0])));
    if (replicate < 1 || first + replicate > all.size()) continue;
    RSeries& series = all[first + replicate - 1];
    series.p.push_back(TRY(number(fields[2])));
    series.enough.push_back(fields[3] == "1");
    for (std::size_t i = 0; i < 6; ++i) series.flags[i].push_back(fields[4 + i] == "1");
    series.there = series.p.size() == tested_weeks;
  }
  return {};
}

Result<std::vector<RSeries>> read_r(const OutbreakOptions& options) {
  std::vector<RSeries> all(outbreak_scenarios * options.replicates);
  for (std::size_t scenario = 1; scenario <= outbreak_scenarios; ++scenario) {
    for (int block = 1; block <= 10; ++block) {
      std::string path = path_of(options.folder, scenario, fmt::format(".r-{:02}.csv", block));
      if (fs::exists(path)) TRY(read_block(path, (scenario - 1) * options.replicates, all));
    }
  }
  return all;
}

Result<void> write_series(const OutbreakOptions& options, const World& all) {
  std::error_code failed;
  fs::create_directories(options.folder, failed);
  for (std::size_t scenario = 1; scenario <= outbreak_scenarios; ++scenario) {
    std::string out;
    for (std::size_t r = 1; r <= options.replicates; ++r)
      out += fmt::format("{}r{}", r > 1 ? "," : "", r);
    out += '\n';
    for (std::size_t week = 0; week < outbreak_weeks; ++week) {
      for (std::size_t r = 0; r < options.replicates; ++r) {
        out += fmt::format("{}{}", r > 0 ? "," : "",
                           all[(scenario - 1) * options.replicates + r].cases[week]);
      }
      out += '\n';
    }
    TRY(DurableFile::replace(path_of(options.folder, scenario, ".csv"), out));
  }
  return {};
}

void print_curves(const std::vector<OutbreakJudgement>& judgements, const World& all) {
  fmt::print("\n{:<26} {:>7} {:>7} {:>7} {:>7}   {}\n", "found at a rate of", "0.5 %", "1 %", "2 %",
             "5 %", "area below 5 %");
  for (const auto& judgement : judgements) {
    OutbreakCurve curve(judgement, all);
    fmt::print("{:<26} {:>7.3f} {:>7.3f} {:>7.3f} {:>7.3f}   {:.4f}\n", judgement.name,
               curve.found_at(0.005), curve.found_at(0.01), curve.found_at(0.02),
               curve.found_at(0.05), curve.area(area_most));
  }
}

// The first `ours` judgements against the others.
void print_differences(const std::vector<OutbreakJudgement>& judgements, std::size_t ours,
                       const World& all) {
  fmt::print("\narea less area, paired by series, 95 % of {} bootstrap draws\n", draws);
  for (std::size_t a = 0; a < judgements.size(); ++a) {
    if (a != 0 && a + 1 != ours) continue;
    OutbreakCurve mine(judgements[a], all);
    for (std::size_t b = ours; b < judgements.size(); ++b) {
      OutbreakCurve other(judgements[b], all);
      auto d = paired_difference(mine, other, all.size(), area_most, draws, 1);
      fmt::print("{:<18} - {:<26} {:+.4f} [{:+.4f}, {:+.4f}]{}\n", judgements[a].name,
                 judgements[b].name, d.mean, d.low, d.high, d.low > 0 ? "  above 0" : "");
    }
  }
}

void print_rates(const OutbreakOptions& options, const World& scored,
                 const std::vector<OutbreakJudgement>& judged, std::size_t ours) {
  World nothing = world(options.replicates, other_seeds, false);
  World other = world(options.replicates, other_seeds, true);
  std::vector<double> covered;
  auto on_nothing = judge(nothing, &covered), on_other = judge(other, nullptr);
  fmt::print("\n{:<20} {:>26} {:>26} {:>40}\n", "realised at 1 %", "p <= 1 %, no outbreak ever",
             "p <= 1 %, scored weeks", "threshold of other seeds, scored weeks");
  for (std::size_t i = 0; i < ours; ++i) {
    OutbreakCurve curve(judged[i], scored);
    double threshold = OutbreakCurve(on_other[i], other).threshold_for(nominal);
    fmt::print("{:<20} {:>24.2f} % {:>24.2f} % {:>22.2f} % (p <= {:.4f}, found {:.3f})\n",
               judged[i].name, OutbreakCurve(on_nothing[i], nothing).rate_from(2) * 100,
               curve.rate_from(2) * 100, curve.rate_from(threshold) * 100, std::pow(10, -threshold),
               curve.found_from(threshold));
  }
  double inside = 0;
  for (double c : covered) inside += c;
  fmt::print("the 95 % interval one week ahead covers {:.1f} % (no outbreak ever)\n",
             inside / static_cast<double>(covered.size()) * 100);
}

// Ours against R's own flags: the same arithmetic must give the same.
void print_ears_check(const std::vector<OutbreakJudgement>& judged, const std::vector<RSeries>& r) {
  constexpr std::array<double, 2> limits = {3.090232306167813, 2.326347874040841};
  constexpr std::array<std::size_t, 3> which = {0, 1, 3};
  for (std::size_t c = 0; c < 3; ++c) {
    std::size_t same = 0, compared = 0;
    for (std::size_t s = 0; s < r.size(); ++s) {
      for (std::size_t level = 0; level < 2; ++level) {
        for (std::size_t week = 0; week < tested_weeks; ++week) {
          bool mine = judged[which[c]].scores[s][week] > limits[level];
          same += mine == (r[s].flags[2 * c + level][week] == 1);
          ++compared;
        }
      }
    }
    fmt::print("EARS C{}: {} of {} flags are R's\n", c + 1, same, compared);
  }
}

// Its rule of 5 cases in 4 weeks withholds alarms; without the rule its p alone is the score.
std::vector<OutbreakJudgement> farrington(const std::vector<RSeries>& r) {
  std::vector<OutbreakJudgement> result = {{"Farrington flexible", {}},
                                           {"Farrington, p alone", {}}};
  for (const RSeries& series : r) {
    for (auto& judgement : result) judgement.scores.emplace_back();
    for (std::size_t week = 0; week < tested_weeks; ++week) {
      double score = -std::log10(std::max(series.p[week], 1e-300));
      result[0].scores.back().push_back(series.enough[week] ? score : 0);
      result[1].scores.back().push_back(score);
    }
  }
  return result;
}

template <class T>
void keep(std::vector<T>& of, const std::vector<bool>& kept) {
  std::size_t at = 0;
  std::erase_if(of, [&](const T&) { return !kept[at++]; });
}

Result<void> bench_outbreak(const OutbreakOptions& options) {
  if (options.replicates < 1 || options.replicates > 1000)
    return invalid("--replicates is 1 to 1000");
  World all = world(options.replicates, 1, true);
  auto judged = judge(all, nullptr);
  std::size_t ours = judged.size();
  auto by_ears = ears(all);
  std::ranges::copy(by_ears, std::back_inserter(judged));
  fmt::print("{} series: {} scenarios, {} replicates, seeds 1 to {}; weeks 576 to 624\n",
             all.size(), outbreak_scenarios, options.replicates, options.replicates);
  print_curves(judged, all);
  print_rates(options, all, judged, ours);
  if (options.folder.empty()) {
    print_differences(judged, ours, all);
    fmt::print("\nnot compared with Farrington: no --folder for R to judge the series in\n");
    return {};
  }
  TRY(write_series(options, all));
  auto r = TRY(read_r(options));
  std::vector<bool> there;
  for (const RSeries& series : r) there.push_back(series.there);
  auto compared = std::ranges::count(there, true);
  if (compared == 0) {
    print_differences(judged, ours, all);
    fmt::print(
        "\nnot compared with Farrington: R has not judged the series; run\n"
        "  Rscript bench/outbreak.R {}    (Debian: r-cran-surveillance)\nand this again\n",
        options.folder);
    return {};
  }
  fmt::print("\nR has judged {} of {} series; on these:\n", compared, all.size());
  keep(all, there);
  keep(r, there);
  for (auto& judgement : judged) keep(judgement.scores, there);
  for (auto& judgement : by_ears) keep(judgement.scores, there);
  print_ears_check(by_ears, r);
  std::ranges::copy(farrington(r), std::back_inserter(judged));
  print_curves(judged, all);
  print_differences(judged, ours, all);
  return {};
}

}  // namespace

void add_bench_outbreak(CLI::App& bench, Chosen& chosen) {
  auto* verb = bench.add_subcommand(
      "outbreak", "detectors on simulated outbreaks, beside EARS and R's Farrington");
  verb->footer("Example: tocsin bench outbreak --replicates 100 --folder series");
  static OutbreakOptions options;
  verb->add_option("--replicates", options.replicates, "series of each of the 42 scenarios")
      ->capture_default_str();
  verb->add_option("--folder", options.folder,
                   "where series are written and what R says of them is read");
  verb->callback([&chosen] {
    chosen = [] {
      auto measured = bench_outbreak(options);
      return measured ? done : fail(measured.error());
    };
  });
}

}  // namespace tocsin::cli
