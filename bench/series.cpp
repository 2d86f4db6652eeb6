// The series at scale: events a second and core from batches into cells, memory a series, and what
// a tick of all series costs. usage: bench_series FOLDER [MILLIONS_OF_EVENTS=20]
// Three worlds: a report of one family with its rows in the order of time; live events of many
// families, ports and networks; the same with 10 M keys that come once (a scanner gone mad).
#include <fmt/format.h>

#include <chrono>
#include <cmath>
#include <ctime>
#include <filesystem>
#include <random>
#include <string>
#include <vector>

#include "base/text.h"
#include "warn/judging.h"
#include "warn/series.h"

namespace {

using namespace tocsin;
using namespace tocsin::warn;

constexpr Day day0 = 20'000;

double cpu_s() {
  timespec t{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) * 1e-9;
}

struct Shape {
  std::string name;
  unsigned families, networks, ports;
  bool in_order, mad;
};

class World {
 public:
  explicit World(const Shape& shape) : shape_(shape) {}

  EventBatch batch(std::uint64_t seq, TimeUs from, TimeUs length) {
    EventBatch b;
    b.seq = seq;
    b.feed = 1;
    b.received = from + length;
    for (std::size_t i = 0; i < batch_events_max; ++i) {
      b.add_row();
      auto place = static_cast<TimeUs>(shape_.in_order ? i : random_() % batch_events_max);
      b.time[i] = from + place * length / static_cast<TimeUs>(batch_events_max);
      b.type[i] = shape_.families > 1 && random_() % 3 == 0 ? Type::brute_force : Type::scanner;
      b.family[i] = shape_.mad && i % 8 != 0 ? ++mad_ : 1 + zipf(shape_.families);
      b.transport[i] = Transport::tcp;
      b.source.ip[i] = Ip::from_v4(static_cast<std::uint32_t>(random_() % 200'000));
      b.source.asn[i] = 1 + zipf(shape_.networks);
      b.source.country[i] = Country{static_cast<std::uint16_t>('A' * 256 + 'A' + zipf(26))};
      b.destination.port[i] = static_cast<std::uint16_t>(1 + zipf(shape_.ports));
    }
    return b;
  }

 private:
  // Small numbers often.
  unsigned zipf(unsigned n) {
    double u = static_cast<double>(random_() % 1'000'000 + 1) * 1e-6;
    return std::min(n - 1, static_cast<unsigned>(std::pow(static_cast<double>(n), u)) - 1);
  }
  Shape shape_;
  std::mt19937_64 random_{1};
  std::uint32_t mad_ = 1000;
};

Result<void> measure(const std::string& folder, const Shape& shape, std::size_t batches) {
  std::filesystem::remove_all(folder);
  auto series = TRY(Series::open(folder, {.memory_bytes = std::size_t{1} << 30}));
  World world(shape);
  double spent = 0;
  std::uint64_t events = 0;
  TimeUs length = 2 * us_per_day / static_cast<TimeUs>(batches);
  for (std::size_t i = 0; i < batches; ++i) {
    EventBatch b =
        world.batch(i + 1, times::start_of(day0) + static_cast<TimeUs>(i) * length, length);
    double begin = cpu_s();
    TRY(series->apply(b));
    spent += cpu_s() - begin;
    events += b.size();
  }
  std::size_t rows = 0, bytes = 0;
  for (Day day : series->days(day0, day0 + 3)) {
    TRY(series->look(day, [&](const DaySeries& all) {
      rows += all.rows().size();
      bytes += all.size_bytes();
    }));
  }
  double begin = cpu_s();
  TRY(series->snapshot());
  double wrote = cpu_s() - begin;
  Judging judging;
  std::size_t ticks = 0, judged = 0;
  begin = cpu_s();
  TimeUs now = times::start_of(day0 + 2) + us_per_hour;
  for (int look = 0; look < 200; ++look) {
    bool more = TRY(judging.run(*series, now, [&](const JudgedTick& tick) {
      ++ticks;
      judged += tick.series.size();
    }));
    if (!more && look > 0) break;
  }
  double judging_s = cpu_s() - begin;
  fmt::print(
      "{:<10} {:6.1f} M events/s and core ({:.0f} ns each), {} rows of {} B, snapshot {:.2f} s\n",
      shape.name, static_cast<double>(events) / spent * 1e-6,
      spent / static_cast<double>(events) * 1e9, text::count(rows, "", ""),
      bytes / std::max<std::size_t>(1, rows), wrote);
  fmt::print("{:<10} {} ticks, {} judgements, {:.0f} ns each; {} series in {} B\n", "", ticks,
             judged, judging_s / static_cast<double>(std::max<std::size_t>(1, judged)) * 1e9,
             judging.series_count(), judging.memory_bytes());
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    fmt::print(stderr, "usage: bench_series FOLDER [MILLIONS_OF_EVENTS]\n");
    return 2;
  }
  std::string folder = argv[1];
  auto millions = argc > 2 ? text::number(argv[2]).value_or(20) : 20;
  std::size_t batches = millions * 1'000'000 / batch_events_max;
  for (const Shape& shape :
       {Shape{"report", 1, 2000, 1, true, false}, Shape{"live", 200, 5000, 1000, true, false},
        Shape{"shuffled", 200, 5000, 1000, false, false},
        Shape{"mad", 200, 5000, 1000, true, true}}) {
    if (auto done = measure(folder + "/series", shape, batches); !done) {
      fmt::print(stderr, "bench_series: {}\n", done.error().what);
      return 1;
    }
  }
  return 0;
}
