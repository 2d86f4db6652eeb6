#include "base/metrics.h"

#include <thread>

#include "base/gzip.h"
#include "test.h"

namespace tocsin {

TEST_CASE("metrics print in the Prometheus text format, sorted by name") {
  Metrics metrics;
  metrics.counter("tocsin_events_total", "Events taken in.", {{"feed", "a\"b\\c\nd"}}).add(3);
  metrics.counter("tocsin_events_total", "Events taken in.", {{"feed", "a\"b\\c\nd"}}).add();
  metrics.gauge("tocsin_disk_free_bytes", "Free.", {}, [] { return 5e12; });
  Histogram& h = metrics.histogram("tocsin_query_seconds", "Time of queries.", {0.1, 1});
  h.observe(0.1);
  h.observe(0.5);
  h.observe(7);
  CHECK(metrics.text() ==
        "# HELP tocsin_disk_free_bytes Free.\n"
        "# TYPE tocsin_disk_free_bytes gauge\n"
        "tocsin_disk_free_bytes 5000000000000\n"
        "# HELP tocsin_events_total Events taken in.\n"
        "# TYPE tocsin_events_total counter\n"
        "tocsin_events_total{feed=\"a\\\"b\\\\c\\nd\"} 4\n"
        "# HELP tocsin_query_seconds Time of queries.\n"
        "# TYPE tocsin_query_seconds histogram\n"
        "tocsin_query_seconds_bucket{le=\"0.1\"} 1\n"
        "tocsin_query_seconds_bucket{le=\"1\"} 2\n"
        "tocsin_query_seconds_bucket{le=\"+Inf\"} 3\n"
        "tocsin_query_seconds_sum 7.6\n"
        "tocsin_query_seconds_count 3\n");
}

TEST_CASE("counting from many threads loses nothing") {
  Metrics metrics;
  Counter& counter = metrics.counter("tocsin_x_total", "X.");
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&] {
        for (int i = 0; i < 10'000; ++i) counter.add();
      });
    }
  }
  CHECK(counter.value() == 40'000);
}

TEST_CASE("a name with too many label sets stays bounded") {
  Metrics metrics;
  for (int i = 0; i < 1100; ++i) {
    metrics.counter("tocsin_y_total", "Y.", {{"name", std::to_string(i)}}).add();
  }
  std::string text = metrics.text();
  CHECK(text.contains("tocsin_y_total{series=\"other\"} 100\n"));
  CHECK(std::count(text.begin(), text.end(), '\n') == 2 + 1001);
}

TEST_CASE("gzip packs and unpacks, and refuses bombs and halves") {
  std::string text(100'000, 'a');
  std::string packed = gzip::pack(text);
  CHECK(packed.size() < 1000);
  CHECK(gzip::unpack(packed, 100'000) == text);
  CHECK(gzip::unpack(packed, 99'999).error().what == "larger than allowed when unpacked");
  CHECK(gzip::unpack(packed.substr(0, packed.size() - 9), 100'000).error().what ==
        "not a whole gzip file");
  CHECK(gzip::unpack("plain", 100).error().what == "not a whole gzip file");
  CHECK(gzip::unpack(gzip::pack(""), 100) == "");
}

}  // namespace tocsin
