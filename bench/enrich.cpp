// What enrichment costs an event, with this machine's location database and, if given, a folder of
// warning lists. usage: bench_enrich [WARNINGLISTS]
#include <fmt/format.h>

#include <chrono>
#include <random>

#include "enrich/enrichment.h"

namespace {

using Clock = std::chrono::steady_clock;

double ns_per_event(const tocsin::enrich::Enrichment& all, const tocsin::EventBatch& model) {
  double spent = 0;
  constexpr int rounds = 40;
  for (int i = 0; i < rounds; ++i) {
    tocsin::EventBatch batch = model;
    auto begin = Clock::now();
    all.apply(batch);
    spent += std::chrono::duration<double, std::nano>(Clock::now() - begin).count();
  }
  return spent / (rounds * static_cast<double>(model.size()));
}

}  // namespace

int main(int count, char** arguments) {
  using namespace tocsin;
  enrich::Settings settings{{"public_suffix_list", "off"}};
  if (count > 1) settings["warninglists"] = arguments[1];
  auto begin = Clock::now();
  auto all = enrich::Enrichment::open(settings);
  if (!all) return fmt::print(stderr, "{}\n", all.error().what), 1;
  fmt::print("open {:.2f} s\n", std::chrono::duration<double>(Clock::now() - begin).count());
  for (const std::string& line : all->describe()) fmt::print("{}\n", line);

  std::mt19937 random(1);
  EventBatch batch;
  for (std::size_t i = 0; i < batch_events_max; ++i) {
    batch.add_row();
    batch.source.ip[i] = Ip::from_v4(static_cast<std::uint32_t>(random()));
    batch.destination.ip[i] = Ip::from_v4(static_cast<std::uint32_t>(random()));
    batch.add_members(i, "\"extra.tag\":\"example\"");
  }
  fmt::print("both ends, report gives nothing: {:.0f} ns an event\n", ns_per_event(*all, batch));
  for (std::size_t i = 0; i < batch_events_max; ++i) {
    batch.source.asn[i] = 64496;
    batch.source.country[i] = *Country::parse("BR");
  }
  fmt::print("both ends, report says otherwise: {:.0f} ns an event\n", ns_per_event(*all, batch));
  return 0;
}
