// The counts at scale: what taking in an event costs, memory, and how long each cut takes, this
// year against last, cold (files out of the page cache, store reopened) and warm. usage:
// bench_counts FOLDER [MILLIONS_OF_EVENTS=100] [--check]
// --check: each answer, all its rows of both periods, is compared with that of plain SQL over the
// same events in a DuckDB table beside FOLDER.
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "base/text.h"
#include "counts_sql.h"
#include "counts_world.h"
#include "store/counts.h"

namespace {

using namespace tocsin;
using namespace tocsin::store;
using Clock = std::chrono::steady_clock;

constexpr Period this_year{first_day + 365, first_day + 608};

double seconds_since(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

double cpu_s() {
  timespec t{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) * 1e-9;
}

std::size_t resident_mb() {
  std::ifstream in("/proc/self/statm");
  std::size_t all = 0, resident = 0;
  in >> all >> resident;
  return resident * 4096 >> 20;
}

void out_of_the_cache(const Counts& counts) {
  for (const std::string& path : counts.files().paths) {
    int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) continue;
    posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
    close(fd);
  }
}

// Every cut, then twenty seeded combinations of filter and period.
std::vector<StatsQuery> questions() {
  std::vector<StatsQuery> out;
  for (std::size_t i = 0; i < cuts_count; ++i) {
    auto cut = static_cast<Cut>(i);
    out.push_back({.cut = cut, .period = this_year, .compare = Against::year});
  }
  for (std::uint64_t i = 0; i < 20; ++i) {
    std::uint64_t r = mix(i + 77);
    StatsQuery q = out[r % cuts_count];
    q.period.since += static_cast<Day>(r >> 8 & 63);
    q.period.until -= static_cast<Day>(r >> 16 & 127);
    if (r >> 24 & 1) q.filter.country = Country{'B' << 8 | 'R'};
    if (r >> 25 & 1) q.filter.type = Type::infected_system;
    if (kind_for(q.cut, q.filter) == CellKind::family && (r >> 26 & 1))
      q.filter.family = 10 + (r >> 27 & 7);
    out.push_back(q);
  }
  return out;
}

std::string tell(const StatsQuery& q) {
  return fmt::format("{:<24} {} to {}{}{}{}", name(q.cut), times::format_day(q.period.since),
                     times::format_day(q.period.until), q.filter.country.empty() ? "" : " country",
                     q.filter.type ? " type" : "", q.filter.family ? " family" : "");
}

Result<void> run(const std::string& folder, std::uint64_t total, bool check) {
  Counts::Key key{1, 2, 3};
  auto counts = TRY(Counts::open(folder, key, {}));
  std::optional<PlainSql> plain;
  if (check) plain.emplace(TRY(PlainSql::open(folder + ".plain", total)));
  if (counts->applied() == 0) {
    World world;
    EventBatch batch;
    double apply_cpu = 0, snapshot_cpu = 0, merge_cpu = 0;
    auto begin = Clock::now();
    std::uint64_t next_snapshot = 2'000'000;
    for (std::uint64_t n = 0; n < total; n += batch_events_max) {
      world.fill(batch, n, total, nullptr);
      double t = cpu_s();
      TRY(counts->apply(batch));
      apply_cpu += cpu_s() - t;
      if (n < next_snapshot) continue;
      next_snapshot += 2'000'000;
      t = cpu_s();
      TRY(counts->snapshot());
      snapshot_cpu += cpu_s() - t;
      t = cpu_s();
      while (TRY(counts->tidy())) {
      }
      merge_cpu += cpu_s() - t;
    }
    double t = cpu_s();
    TRY(counts->snapshot());
    while (TRY(counts->tidy())) {
    }
    TRY(counts->snapshot());
    merge_cpu += cpu_s() - t;
    auto ns = [&](double s) { return s * 1e9 / static_cast<double>(total); };
    fmt::print(
        "{} events in {:.0f} s; ns of CPU an event: apply {:.0f}, snapshots {:.0f}, months "
        "{:.0f}\n",
        total, seconds_since(begin), ns(apply_cpu), ns(snapshot_cpu), ns(merge_cpu));
    fmt::print("resident {} MB\n", resident_mb());
    std::uint64_t bytes = 0;
    auto files = counts->files();
    for (const std::string& path : files.paths) bytes += std::filesystem::file_size(path);
    fmt::print("{} files, {} MB, {:.2f} octets an event\n", files.paths.size(), bytes >> 20,
               static_cast<double>(bytes) / static_cast<double>(total));
  }
  double worst_cold = 0, worst_warm = 0;
  std::size_t differ = 0;
  for (StatsQuery q : questions()) {
    counts.reset();
    counts = TRY(Counts::open(folder, key, {}));
    out_of_the_cache(*counts);
    std::array<double, 2> wall{}, cpu{};
    StatsAnswer answer;
    for (int warm = 0; warm < 2; ++warm) {
      auto begin = Clock::now();
      double t = cpu_s();
      answer = TRY(counts->query(q));
      wall[warm] = seconds_since(begin), cpu[warm] = cpu_s() - t;
    }
    worst_cold = std::max(worst_cold, wall[0]), worst_warm = std::max(worst_warm, wall[1]);
    fmt::print("{:<72} cold {:5.0f} ms  warm {:5.0f} ms (CPU {:5.0f})  {} of {} rows", tell(q),
               wall[0] * 1e3, wall[1] * 1e3, cpu[1] * 1e3, answer.rows.size(), answer.groups);
    if (!answer.rows.empty()) {
      const StatsRow& row = answer.rows[0];
      fmt::print("; first {} distinct, {} events, {:+.1f} %", row.now.distinct->total(),
                 row.now.events, row.change_percent.value_or(0));
    }
    if (plain) {
      q.top = SIZE_MAX;
      auto whole = TRY(counts->query(q));
      std::size_t wrong = TRY(plain->differences(whole));
      fmt::print("; plain SQL: {}", wrong == 0 ? "equal" : fmt::format("{} ROWS DIFFER", wrong));
      differ += wrong > 0;
    }
    fmt::print("\n");
  }
  fmt::print("worst: cold {:.0f} ms, warm {:.0f} ms; resident {} MB\n", worst_cold * 1e3,
             worst_warm * 1e3, resident_mb());
  if (differ > 0) return invalid(fmt::format("{} questions differ from plain SQL", differ));
  return {};
}

}  // namespace

int main(int count, char** arguments) {
  bool check = count > 2 && arguments[count - 1] == std::string_view("--check");
  if (check) --count;
  auto millions = count > 2 ? text::decimal(arguments[2]) : std::optional(100.0);
  if (count < 2 || !millions || *millions <= 0) {
    fmt::print(stderr, "usage: bench_counts FOLDER [MILLIONS_OF_EVENTS] [--check]\n");
    return 2;
  }
  auto done = run(arguments[1], static_cast<std::uint64_t>(*millions * 1e6), check);
  if (!done) fmt::print(stderr, "{}\n", done.error().what);
  return done ? 0 : 1;
}
