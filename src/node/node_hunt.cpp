// The node's indicators: what is known as good of them, and the thread that looks back for new
// ones.
#include <pthread.h>
#include <spdlog/spdlog.h>

#include <condition_variable>

#include "model/members.h"
#include "node/accounts.h"
#include "node/node.h"

namespace tocsin::node {
namespace {

// The titles of the warning lists that each is on, as the enrichers find them for events; a network
// by its first address.
std::vector<std::string> known_good(const enrich::Enrichment& enrichment,
                                    std::span<const hunt::Told> told) {
  EventBatch batch;
  for (const hunt::Told& one : told) {
    const std::string& value = one.observable.value;
    batch.add_row();
    if (one.observable.kind == hunt::Kind::ip || one.observable.kind == hunt::Kind::network) {
      if (auto network = ip::parse_network(value)) batch.source.ip.back() = network->base;
    } else if (one.observable.kind == hunt::Kind::domain) {
      batch.source.name.back() = batch.keep(value);
    } else if (one.observable.kind == hunt::Kind::url) {
      batch.source.url.back() = batch.keep(value);
    }
  }
  enrichment.apply(batch);
  std::vector<std::string> lists;
  for (std::size_t i = 0; i < told.size(); ++i)
    lists.push_back(json_text(member(batch.text(batch.extra[i]), "node.source.known_good")));
  return lists;
}

}  // namespace

Result<void> Node::open_indicators() {
  bool has_lists = config_.enrich.contains("warninglists");
  indicators_ = TRY(hunt::Indicators::open(
      {.journal = *journal_,
       .now = options_.now,
       .known_good =
           [this, has_lists](std::span<const hunt::Told> told) {
             return has_lists ? known_good(*enrichment_, told)
                              : std::vector<std::string>(told.size());
           },
       .without_erased = [this](std::string_view text) { return law_->without_erased(text); }}));
  if (offers_) {
    offering_ = std::make_unique<Offering>(Offering::Parts{
        .indicators = *indicators_,
        .offers = *offers_,
        .now = options_.now,
        .country_of = [this](const Ip& ip) { return enrichment_->locate(ip).country; }});
  }
  return {};
}

// What indicators say reaches partners within a second.
void Node::offer(const std::stop_token& stop) {
  pthread_setname_np(pthread_self(), "offer");
  std::mutex mutex;
  std::condition_variable_any wake;
  while (!stop.stop_requested()) {
    auto more = offering_->step();
    if (!more) spdlog::warn("indicators are not offered: {}", more.error().what);
    auto passed_on = relay_->step();
    if (!passed_on) spdlog::warn("objects of others are not offered: {}", passed_on.error().what);
    if (more && passed_on) *more |= *passed_on;
    auto rest = more && *more ? std::chrono::milliseconds(1) : std::chrono::seconds(more ? 1 : 30);
    std::unique_lock lock(mutex);
    wake.wait_for(lock, stop, rest, [] { return false; });
  }
}

// At most half of the time of one processor. Not at idle priority: it holds the journal's locks.
void Node::look_back(const std::stop_token& stop) {
  pthread_setname_np(pthread_self(), "look-back");
  auto key = secret_key();
  if (!key) return spdlog::error("indicators are not looked up: {}", key.error().what);
  hunt::LookBack back(
      {.indicators = *indicators_,
       .columns = *columns_,
       .last_seq = [this] { return journal_->last_seq(); },
       .account = [&](std::string_view account) { return masked_account(account, *key); }});
  std::mutex mutex;
  std::condition_variable_any wake;
  while (!stop.stop_requested()) {
    auto began = std::chrono::steady_clock::now();
    auto more = back.step();
    std::chrono::nanoseconds rest = std::chrono::steady_clock::now() - began;
    if (!more) spdlog::warn("indicators are not looked up: {}", more.error().what);
    if (!more || !*more) rest = std::chrono::seconds(more ? 1 : 30);
    std::unique_lock lock(mutex);
    wake.wait_for(lock, stop, rest, [] { return false; });
  }
}

}  // namespace tocsin::node
