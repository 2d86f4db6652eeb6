// How fast the shadowserver format reads a sinkhole report of 33 columns, beside a reader of
// std::getline and split that only finds the fields. usage: bench_shadowserver_read [ROWS]
#include <fmt/format.h>

#include <charconv>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <sstream>
#include <string>
#include <vector>

#include "base/csv.h"
#include "ingest/format.h"

namespace tocsin {
namespace {

// Rows of about 300 bytes as Shadowserver writes them: text quoted, numbers not.
std::string made_up_report(std::size_t rows) {
  std::string out =
      R"("timestamp","protocol","src_ip","src_port","src_asn","src_geo","src_region","src_city",)"
      R"("src_hostname","src_naics","src_sector","device_vendor","device_type","device_model",)"
      R"("dst_ip","dst_port","dst_asn","dst_geo","dst_region","dst_city","dst_hostname",)"
      R"("dst_naics",)"
      R"("dst_sector","public_source","infection","family","tag","application","version",)"
      R"("event_id",)"
      R"("severity","ssl_cipher","ssl_servername")"
      "\n";
  std::uint64_t state = 1;
  auto random = [&](std::uint64_t below) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (state >> 33) % below;
  };
  constexpr const char* families[] = {"andromeda", "mirai", "qsnatch", "avalanche", "m0yv"};
  constexpr const char* countries[] = {"BR", "NL", "GB", "IN", "ZA"};
  for (std::size_t i = 0; i < rows; ++i) {
    auto a = random(256), b = random(256), c = 1 + random(254);
    const char* family = families[random(5)];
    fmt::format_to(
        std::back_inserter(out),
        R"("2026-01-{:02} {:02}:{:02}:{:02}","tcp","10.{}.{}.{}",{},{},"{}","REGION {}",)"
        R"("CITY {}","host-{}-{}-{}.example.net",517311,"Communications, Service Provider, )"
        R"(and Hosting Service",,,,"198.51.100.{}",{},64500,"NL","NOORD-HOLLAND",)"
        R"("AMSTERDAM",,518210,,,"{}","{}","{}",,,,"critical",,)"
        "\n",
        1 + random(28), random(24), random(60), random(60), a, b, c, 1024 + random(60000),
        64496 + random(16), countries[random(5)], random(40), random(400), a, b, c, 1 + random(20),
        random(2) ? 80 : 443, family, family, family);
  }
  return out;
}

// CPU time of this process, so that other work on the machine counts less.
double seconds_of(auto&& work) {
  std::clock_t start = std::clock();
  work();
  return static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
}

std::size_t getline_and_split(const std::string& report) {
  std::istringstream in(report);
  std::size_t fields = 0;
  std::vector<std::string> row;
  for (std::string line; std::getline(in, line);) {
    row.clear();
    std::string field;
    bool quoted = false;
    for (char c : line) {
      if (c == '"') {
        quoted = !quoted;
      } else if (c == ',' && !quoted) {
        row.push_back(field);
        field.clear();
      } else {
        field += c;
      }
    }
    row.push_back(field);
    fields += row.size();
  }
  return fields;
}

std::size_t csv_only(const std::string& report) {
  csv::Reader reader(report);
  std::size_t fields = 0;
  while (reader.next() != csv::Step::end) fields += reader.fields().size();
  return fields;
}

std::uint64_t whole_format(const std::string& report) {
  Dictionary words;
  std::uint64_t events = 0;
  auto take = [&](EventBatch& batch) -> Result<void> {
    events += batch.size();
    return {};
  };
  ingest::Sink sink(words, {.feed = words.id("bench")}, take, {});
  for (const auto& format : ingest::formats()) {
    if (format.name != "shadowserver") continue;
    auto read = format.plugin.read({.bytes = report,
                                    .name = "2026-01-31-event4_sinkhole-bench.csv",
                                    .feed = "bench",
                                    .url = {},
                                    .mapping = {},
                                    .schema = {}},
                                   sink);
    if (!read) std::fprintf(stderr, "%s\n", read.error().what.c_str());
  }
  if (auto done = sink.finish(); !done) std::fprintf(stderr, "%s\n", done.error().what.c_str());
  return events;
}

void print(const char* what, std::size_t rows, std::size_t bytes, double seconds) {
  fmt::print("{:<28} {:>10.0f} rows/s {:>8.1f} MB/s {:>8.3f} us/row\n", what,
             static_cast<double>(rows) / seconds, static_cast<double>(bytes) / seconds / 1e6,
             seconds / static_cast<double>(rows) * 1e6);
}

int run(std::size_t rows) {
  std::string report = made_up_report(rows);
  fmt::print("{} rows of 33 columns, {} bytes a row\n", rows, report.size() / rows);
  for (int round = 0; round < 3; ++round) {
    std::size_t fields = 0, split = 0;
    std::uint64_t events = 0;
    print("getline and split", rows, report.size(),
          seconds_of([&] { split = getline_and_split(report); }));
    print("csv::Reader, fields only", rows, report.size(),
          seconds_of([&] { fields = csv_only(report); }));
    print("shadowserver, whole events", rows, report.size(),
          seconds_of([&] { events = whole_format(report); }));
    if (events != rows || fields != split) {
      fmt::print("wrong: {} events of {} rows, {} fields and {}\n", events, rows, fields, split);
      return 1;
    }
  }
  return 0;
}

}  // namespace
}  // namespace tocsin

int main(int argc, char** argv) {
  std::size_t rows = 500'000;
  if (argc > 1 &&
      std::from_chars(argv[1], argv[1] + std::strlen(argv[1]), rows).ec != std::errc{}) {
    std::fprintf(stderr, "usage: bench_shadowserver_read [ROWS]\n");
    return 2;
  }
  return tocsin::run(rows == 0 ? 1 : rows);
}
