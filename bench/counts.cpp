// The counts at scale: what taking in an event costs, memory, and how long each cut takes, this
// year against last, cold (files out of the page cache, store reopened) and warm. usage:
// bench_counts FOLDER [MILLIONS_OF_EVENTS=100]     up to 2 million are compared with plain counting
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
#include "store/counts.h"

namespace {

using namespace tocsin;
using namespace tocsin::store;
using Clock = std::chrono::steady_clock;

constexpr Day first_day = 20089;  // 2025-01-01
constexpr Day days = 608;         // to 2026-08-31
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

std::uint64_t mix(std::uint64_t x) {
  x += 0x9e3779b97f4a7c15;
  x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
  x = (x ^ x >> 27) * 0x94d049bb133111eb;
  return x ^ x >> 31;
}

// What plain counting needs of an event.
struct Plain {
  Day day;
  std::uint64_t row;  // country and type
  std::uint32_t address;
};

// A country that reports much, sixty others; bots, exposed services, defacements. The country's
// bots come from 1.2 M addresses a month, of which a part returns: some 8 M in eight months.
class World {
 public:
  void fill(EventBatch& b, std::uint64_t from, std::uint64_t total, std::vector<Plain>* plain) {
    b.clear();
    b.seq = ++seq_;
    b.feed = 1 + static_cast<WordId>(seq_ % 6);
    if (b.feed == 6 && at(from, total) < this_year.since)
      b.feed = 1;  // a feed that is new this year
    for (std::uint64_t k = 0; k < batch_events_max && from + k < total; ++k) {
      std::uint64_t r = mix(state_++), s = mix(r);
      Day day = at(from + k, total);
      auto i = static_cast<std::size_t>(k);
      b.add_row();
      b.time[i] = times::start_of(day) + static_cast<TimeUs>(r % 86'400) * us_per_s;
      bool main = r % 10 != 0;
      std::uint64_t other = s % 60;
      Country country =
          main ? Country{'B' << 8 | 'R'}
               : Country{static_cast<std::uint16_t>(('A' + other / 8) << 8 | ('A' + other % 8))};
      b.source.country[i] = country;
      auto month = static_cast<std::uint64_t>(day / 30);
      std::uint64_t host =
          mix((s >> 8) % (main ? 1'200'000 : 60'000) + (month << 24) + (main ? 0 : other << 44));
      // 420 upper halves for the country, 40 for each other.
      std::uint64_t block = main ? 0x0b00 + host % 420 : 0x2000 + other * 40 + host % 40;
      auto address = static_cast<std::uint32_t>(block << 16 | (host >> 32 & 0xffff));
      b.source.asn[i] = static_cast<std::uint32_t>(
          1000 + (main ? (address >> 14) % 1600 : 2000 + other * 20 + address % 20));
      std::uint64_t what = (r >> 32) % 1000;
      b.type[i] = what < 700   ? Type::infected_system
                  : what < 900 ? Type::vulnerable_system
                  : what < 998 ? Type::potentially_unwanted_accessible
                               : Type::unauthorised_information_modification;
      b.roles[i] = usual_roles(b.type[i]);
      b.family[i] = b.type[i] == Type::infected_system
                        ? 10 + static_cast<WordId>(std::min((s >> 40) % 30, (s >> 50) % 30))
                        : 0;
      if (b.type[i] == Type::infected_system && s >> 60 > 4) {
        b.controller_reason[i] = ControllerReason::feed;
        std::uint64_t c = (s >> 55) % 30;
        b.destination.country[i] = {static_cast<std::uint16_t>(('N' << 8) + 'A' + c % 26)};
      }
      b.source.ip[i] = Ip::from_v4(address);
      if (b.type[i] == Type::unauthorised_information_modification) {
        b.source.name[i] = b.keep("www" + std::to_string(r % 40'000) + ".example.org");
      } else if (plain != nullptr) {
        plain->push_back({day,
                          std::uint64_t{country.code} << 8 | static_cast<std::uint64_t>(b.type[i]),
                          address});
      }
    }
  }

 private:
  static Day at(std::uint64_t event, std::uint64_t total) {
    return first_day + static_cast<Day>(event * days / total);
  }
  std::uint64_t state_ = 1, seq_ = 0;
};

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
    if (cut == Cut::sector_type) continue;
    out.push_back({.cut = cut, .period = this_year, .compare = Against::year});
  }
  for (std::uint64_t i = 0; i < 20; ++i) {
    std::uint64_t r = mix(i + 77);
    StatsQuery q = out[r % (cuts_count - 1)];
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

bool same_as_plain(const Counts& counts, std::vector<Plain> plain) {
  auto answer = counts.query({.cut = Cut::country_type, .period = this_year, .top = 10'000});
  if (!answer) return false;
  std::erase_if(plain,
                [](const Plain& p) { return p.day < this_year.since || p.day >= this_year.until; });
  for (const StatsRow& row : answer->rows) {
    if (row.key.type == Type::unauthorised_information_modification) continue;
    std::uint64_t id =
        std::uint64_t{row.key.country.code} << 8 | static_cast<std::uint64_t>(*row.key.type);
    std::vector<std::uint32_t> set;
    std::uint64_t events = 0;
    for (const Plain& p : plain) {
      if (p.row == id) set.push_back(p.address), ++events;
    }
    std::ranges::sort(set);
    set.erase(std::unique(set.begin(), set.end()), set.end());
    if (row.now.distinct->addresses4 != set.size() || row.now.events != events) return false;
  }
  return true;
}

Result<void> run(const std::string& folder, std::uint64_t total) {
  Counts::Key key{1, 2, 3};
  auto counts = TRY(Counts::open(folder, key, {}));
  std::vector<Plain> plain;
  bool small = total <= 2'000'000;
  if (counts->applied() == 0) {
    World world;
    EventBatch batch;
    double apply_cpu = 0, snapshot_cpu = 0, merge_cpu = 0;
    auto begin = Clock::now();
    std::uint64_t next_snapshot = 2'000'000;
    for (std::uint64_t n = 0; n < total; n += batch_events_max) {
      world.fill(batch, n, total, small ? &plain : nullptr);
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
    if (small)
      fmt::print("plain counting agrees: {}\n", same_as_plain(*counts, plain) ? "yes" : "NO");
  }
  double worst_cold = 0, worst_warm = 0;
  for (const StatsQuery& q : questions()) {
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
    fmt::print("\n");
  }
  fmt::print("worst: cold {:.0f} ms, warm {:.0f} ms; resident {} MB\n", worst_cold * 1e3,
             worst_warm * 1e3, resident_mb());
  return {};
}

}  // namespace

int main(int count, char** arguments) {
  auto millions = count > 2 ? text::decimal(arguments[2]) : std::optional(100.0);
  if (count < 2 || !millions || *millions <= 0) {
    fmt::print(stderr, "usage: bench_counts FOLDER [MILLIONS_OF_EVENTS]\n");
    return 2;
  }
  auto done = run(arguments[1], static_cast<std::uint64_t>(*millions * 1e6));
  if (!done) fmt::print(stderr, "{}\n", done.error().what);
  return done ? 0 : 1;
}
