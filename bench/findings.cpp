// bench_findings [N]: memory, restart and questions of N findings (default 10,000,000), against a
// plain scan over rows.
#include <fmt/core.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>

#include "base/text.h"
#include "store/findings.h"

using namespace tocsin;

namespace {

double ms(const auto& work) {
  auto begin = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin)
      .count();
}

double median(std::vector<double> values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

std::size_t resident_mb() {
  std::ifstream statm("/proc/self/statm");
  std::size_t pages = 0;
  statm >> pages >> pages;
  return pages * 4096 >> 20;
}

EventBatch batch(std::uint64_t seq, std::mt19937_64& random, const std::vector<WordId>& families,
                 std::size_t& left) {
  EventBatch b;
  b.seq = seq;
  b.feed = 1;
  for (std::size_t i = 0; i < batch_events_max && left > 0; ++i, --left) {
    b.add_row();
    b.type.back() = Type::infected_system;
    b.source.ip.back() =
        Ip::from_v4(static_cast<std::uint32_t>(0x01000000 + random() % 0xd0000000));
    b.source.country.back() = Country{static_cast<std::uint16_t>('A' << 8 | ('A' + random() % 26))};
    b.source.asn.back() = static_cast<std::uint32_t>(1 + random() % 60000);
    b.family.back() = families[random() % families.size()];
    b.time.back() = (1'760'000'000 + static_cast<TimeUs>(random() % 8'000'000)) * us_per_s;
    b.severity.back() = Severity::critical;
    if (random() % 20 == 0) {
      b.type.back() = Type::unauthorised_information_modification;
      b.source.name.back() =
          b.keep(fmt::format("www{}.example{}.org", random() % 100000000, random() % 1000));
    }
  }
  return b;
}

}  // namespace

int main(int argc, char** argv) {
  std::size_t count = argc > 1 ? text::number(argv[1]).value_or(0) : 10'000'000;
  std::string folder = std::filesystem::temp_directory_path() / "tocsin_bench_findings";
  std::filesystem::remove_all(folder);
  Dictionary words;
  words.id("feed");
  std::vector<WordId> families;
  for (int i = 0; i < 60; ++i) families.push_back(words.id(fmt::format("family{}", i)));
  std::mt19937_64 random(1);
  double applied_ms = 0;
  {
    auto findings = *store::Findings::open(folder, words);
    std::size_t left = count;
    for (std::uint64_t seq = 1; left > 0; ++seq) {
      EventBatch b = batch(seq, random, families, left);
      applied_ms += ms([&] { findings->apply(b); });
    }
    fmt::print(
        "{} events, {} findings, {:.0f} ns an event, {} MB resident, {} MB by its own count\n",
        count, findings->size(), applied_ms * 1e6 / static_cast<double>(count), resident_mb(),
        findings->memory_bytes() >> 20);
    fmt::print("settle {:.0f} ms, snapshot {:.0f} ms\n", ms([&] { findings->settle(); }),
               ms([&] { (void)findings->snapshot(); }));
  }
  std::unique_ptr<store::Findings> findings;
  fmt::print("restart {:.0f} ms\n", ms([&] { findings = *store::Findings::open(folder, words); }));
  for (const char* text : {"", "1.2.3.4", "10.20.0.0/16", "AS1234", "family:family7 country:AB",
                           "name:www1.example1.org", "name:*.example7.org",
                           "severity>=high state:open", "type:c2-server"}) {
    store::FindingQuery query{.filter = *store::parse_filter(text, times::now())};
    std::vector<double> took;
    std::size_t found = 0;
    for (int i = 0; i < 7; ++i)
      took.push_back(ms([&] { found = findings->find(query)->items.size(); }));
    fmt::print("find '{}': {:.1f} ms median of 7, {} on the page\n", text, median(took), found);
  }
  std::vector<double> took;
  for (int i = 0; i < 5; ++i)
    took.push_back(ms([&] { (void)findings->summary({}, 0, 20000, 90); }));
  fmt::print("summary of all: {:.1f} ms\n", median(took));
  std::filesystem::remove_all(folder);
}
