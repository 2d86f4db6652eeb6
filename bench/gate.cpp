// bench_gate [AGREEMENTS]: what it costs an event to be judged under agreements with as many
// members (default 20) and to be made ready for one of them.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <random>

#include "base/text.h"
#include "policy/gate.h"
#include "wire/row.h"

namespace {

using namespace tocsin;
using Clock = std::chrono::steady_clock;

constexpr TimeUs now = 20'000 * us_per_day;

EventBatch batch_of(Dictionary& words) {
  std::mt19937 random(1);
  EventBatch batch;
  batch.seq = 1;
  batch.feed = words.id("sinkhole");
  const std::array<const char*, 4> countries = {"BR", "PT", "ES", "FR"};
  for (std::size_t i = 0; i < batch_events_max; ++i) {
    batch.add_row();
    batch.source.ip[i] = Ip::from_v4(static_cast<std::uint32_t>(random()));
    batch.source.asn[i] = 64496 + static_cast<std::uint32_t>(random() % 15);
    batch.source.country[i] = *Country::parse(countries.at(random() % 4));
    batch.source.port[i] = static_cast<std::uint16_t>(random());
    batch.destination.ip[i] = Ip::from_v4(0xc6336401);
    batch.destination.port[i] = 443;
    batch.type[i] = random() % 3 == 0 ? Type::vulnerable_system : Type::infected_system;
    batch.family[i] = words.id("andromeda");
    batch.tlp[i] = random() % 4 == 0 ? Tlp::amber : Tlp::green;
    batch.sector[i] = words.id(random() % 2 == 0 ? "energy" : "");
    batch.time[i] = batch.observed[i] = now;
    batch.add_members(i, R"("extra.tag":"b68","source.registry":"LACNIC")");
  }
  return batch;
}

// What a CERT would have: infected systems of one country up to amber, of the others up to green.
policy::Agreement agreement_with(std::string_view member, std::size_t i) {
  using namespace policy;
  const std::array<const char*, 4> countries = {"BR", "PT", "ES", "FR"};
  Agreement a;
  a.id = fmt::format("here.{}", member);
  a.parties = {{.id = "here", .name = "Here", .as = "left"},
               {.id = std::string(member), .name = "There", .as = "right"}};
  a.from = now - us_per_day, a.until = now + us_per_day;
  a.purposes = {Purpose::defence};
  a.allow = {
      {.kinds = {ItemKind::event},
       .types = {Type::infected_system},
       .countries = {*Country::parse(countries.at(i % 4))},
       .max_tlp = Tlp::amber,
       .max_pap = Pap::red},
      {.kinds = {ItemKind::event, ItemKind::finding}, .max_tlp = Tlp::green, .max_pap = Pap::red}};
  a.transforms = {{.field = "address", .action = Action::pseudonymise}};
  return a;
}

}  // namespace

int main(int count, char** arguments) {
  std::size_t agreements = count > 1 ? text::number(arguments[1]).value_or(20) : 20;
  Dictionary words;
  EventBatch batch = batch_of(words);
  std::vector<policy::Gate> gates;
  for (std::size_t i = 0; i < agreements; ++i) {
    std::string member = fmt::format("member{}", i);
    policy::Gate::Parts parts{
        .words = words, .from = "here", .to = member, .passes = {}, .feed = [](std::string_view) {
          return policy::FeedSays{.terms = {.may_pass_on = true}};
        }};
    parts.passes.push_back(
        {.agreement = agreement_with(member, i),
         .standing = policy::Standing::active,
         .key = policy::pseudonym_key("a secret of the bench, 32 octets.", "x")});
    gates.emplace_back(std::move(parts));
  }
  double judged = 1e9, treated = 1e9;
  std::size_t rows = 0;
  for (int round = 0; round < 7; ++round) {
    auto begin = Clock::now();
    rows = 0;
    auto traits = policy::traits_of(batch);
    for (const auto& gate : gates) rows += gate.select(batch, traits, now).rows.size();
    double ns = std::chrono::duration<double, std::nano>(Clock::now() - begin).count();
    judged = std::min(judged, ns / static_cast<double>(batch.size()));
    auto selected = gates[0].select(batch, traits, now);
    begin = Clock::now();
    for (policy::Gate::Row row : selected.rows) {
      wire::Row of(batch, row.row, words, wire::Spelling::native);
      if (!gates[0].clear(batch, row, of.members())) return 1;
    }
    ns = std::chrono::duration<double, std::nano>(Clock::now() - begin).count();
    treated = std::min(treated, ns / static_cast<double>(selected.rows.size()));
  }
  fmt::print("{} agreements: {:.0f} ns an event, {:.1f} ns each; {:.0f} % released\n", agreements,
             judged, judged / static_cast<double>(agreements),
             100.0 * static_cast<double>(rows) / static_cast<double>(batch.size() * agreements));
  fmt::print("an event made ready, its addresses as pseudonyms: {:.1f} us\n", treated / 1000);
  return 0;
}
