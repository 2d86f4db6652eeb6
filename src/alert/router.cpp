#include "alert/router.h"

#include <iterator>

namespace tocsin::alert {
namespace {

constexpr std::size_t waiting_max = 4096;

}  // namespace

Result<std::unique_ptr<Router>> Router::open(const RouterParts& parts, std::uint64_t last_seq) {
  auto router = std::unique_ptr<Router>(new Router(parts));
  std::string kept = TRY(parts.outbox.value("watermark"));
  if (kept.empty()) {  // what came before there was routing is no news
    TRY(parts.outbox.add({}, last_seq));
    router->applied_ = router->durable_ = last_seq;
    return router;
  }
  router->applied_ = router->durable_ = TRY(parts.outbox.watermark());
  TRY(parts.outbox.each_item(
      [&](const Item& item) { router->told_.keep({item.finding, item.episode, item.severity}); }));
  return router;
}

Result<void> Router::route(std::uint64_t seq, std::span<const Hash128> findings) {
  if (seq <= applied_) return {};
  TRY(forget_dropped());
  auto directory = parts_.book.directory();
  if (!directory->empty() && !findings.empty()) {
    TimeUs now = parts_.now();
    std::vector<Hash128> again;
    std::vector<std::uint32_t> unknown;
    parts_.findings.glance(findings, [&](std::size_t i, const store::FindingGlance& glance) {
      if (look(findings[i], glance, *directory, now)) return;
      again.push_back(findings[i]);
      unknown.push_back(glance.feeds);
    });
    for (std::uint32_t feeds : unknown) {  // named outside the findings' lock
      if (!consents_.contains(feeds))
        consents_[feeds] = policy::consent_of(parts_.findings.feeds_of(feeds), parts_.rules);
    }
    // What has other feeds again by now was touched by a later batch, which has it.
    parts_.findings.glance(again, [&](std::size_t i, const store::FindingGlance& glance) {
      look(again[i], glance, *directory, now);
    });
  }
  applied_ = seq;
  return waiting_.size() >= waiting_max ? flush() : Result<void>{};
}

bool Router::look(const Hash128& key, const store::FindingGlance& glance,
                  const Directory& directory, TimeUs now) {
  const Told::Entry* told = told_.find(key);
  Sight sight{.kind = glance.kind,
              .ip = glance.ip,
              .subject = glance.subject,
              .asn = glance.asn,
              .country = glance.country,
              .type = glance.type,
              .severity = glance.severity,
              .state = glance.state,
              .tlp = glance.tlp,
              .last = TimeUs{glance.last_s} * us_per_s};
  Severity severity = severity_of(sight);
  if (told != nullptr && told->episode >= glance.reopened_s &&
      (told->episode > glance.reopened_s || told->severity >= severity)) {
    return true;
  }
  auto consent = consents_.find(glance.feeds);
  if (consent == consents_.end()) return false;
  sight.consent = &consent->second;
  Judgement judgement = judge(sight, directory, parts_.settings, now);
  if (judgement.verdict != Verdict::tell) return true;
  Item item{.finding = key, .episode = glance.reopened_s, .severity = severity};
  if (told != nullptr) item.why = told->episode < glance.reopened_s ? Why::reopened : Why::raised;
  item.constituent = directory.of(judgement.decision)->id;
  item.at = now;
  told_.keep({key, item.episode, severity});
  waiting_.push_back(item);
  return true;
}

void Router::forget(std::span<const Item> dropped) {
  std::lock_guard lock(dropping_);
  for (const Item& item : dropped) dropped_.push_back(item.finding);
}

// Those that were dropped leave the list only when all is done: an error loses none of them.
Result<void> Router::forget_dropped() {
  std::vector<Hash128> dropped;
  {
    std::lock_guard lock(dropping_);
    dropped = dropped_;
  }
  if (dropped.empty()) return {};
  for (const Hash128& key : dropped) {
    auto left = TRY(parts_.outbox.items_of(key));
    told_.forget(key);
    for (const Item& item : left) told_.keep({item.finding, item.episode, item.severity});
  }
  for (const Item& item : waiting_) told_.keep({item.finding, item.episode, item.severity});
  std::lock_guard lock(dropping_);
  dropped_.erase(dropped_.begin(), dropped_.begin() + std::ssize(dropped));
  return {};
}

Result<void> Router::pass(std::uint64_t seq) {
  if (seq > applied_) applied_ = seq;
  return {};
}

Result<void> Router::flush() {
  if (applied_ == durable_) return {};
  std::uint64_t seq = applied_;
  TRY(parts_.outbox.add(waiting_, seq));
  waiting_.clear();
  durable_ = seq;
  return {};
}

}  // namespace tocsin::alert
