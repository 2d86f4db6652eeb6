// bench_scaling: costs that must not grow with what a node knows, each small and large in the same
// run, the best of five. usage: bench_scaling
#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "enrich/known_controllers.h"
#include "ingest/sink.h"

namespace {

using namespace tocsin;
using Clock = std::chrono::steady_clock;

double ms_since(Clock::time_point begin) {
  return std::chrono::duration<double, std::milli>(Clock::now() - begin).count();
}

// 1,000 events at sinkholes that were listed as controllers, beside `families` others.
double sinkholes(std::uint32_t families) {
  Dictionary words;
  enrich::KnownControllers known(words);
  for (std::uint32_t i = 0; i < families; ++i) {
    known.learn({.family = 1 + i,
                 .ip = Ip::from_v4(0x0a000000u + i),
                 .country = *Country::parse("NL"),
                 .first = 20'000,
                 .last = 20'000});
  }
  EventBatch batch;
  for (std::uint32_t i = 0; i < 1000; ++i) {
    batch.add_row();
    batch.type.back() = Type::scanner;
    batch.roles.back() = {Role::attacker, Role::sensor};
    batch.destination.ip.back() = Ip::from_v4(0x0a000000u + i);
  }
  auto begin = Clock::now();
  known.apply(batch);
  return ms_since(begin);
}

// 200,000 fields of events that have `names` of them each.
double many_fields(int names) {
  Dictionary words;
  ingest::Sink sink(words, {}, [](EventBatch&) -> Result<void> { return {}; }, {});
  std::vector<std::string> all;
  for (int i = 0; i < names; ++i) all.push_back(fmt::format("name-{}", i));
  auto begin = Clock::now();
  for (int i = 0; i < 200'000 / names; ++i) {
    sink.event(1).source_ip(Ip::from_v4(0xc0000201));
    for (const auto& name : all) sink.extra(name, std::string_view("a value of some length"));
  }
  if (auto done = sink.finish(); !done) fmt::print(stderr, "{}\n", done.error().what);
  return ms_since(begin);
}

template <class Measure, class Size>
void compare(std::string_view what, Measure measure, Size small, Size large) {
  double a = 1e9, b = 1e9;
  for (int round = 0; round < 5; ++round) {
    a = std::min(a, measure(small));
    b = std::min(b, measure(large));
  }
  fmt::print("{}: {:.2f} ms with {}, {:.2f} ms with {}: {:.1f} times for {} times as many\n", what,
             a, small, b, large, b / a, large / small);
}

}  // namespace

int main() {
  compare("1,000 sinkholes among controllers", sinkholes, 1000u, 50'000u);
  compare("200,000 fields, of one event", many_fields, 10, 1000);
  return 0;
}
