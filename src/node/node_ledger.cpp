// The node's ledger: opened when it is known which member the node is.
#include <spdlog/spdlog.h>

#include "base/json.h"
#include "node/node.h"
#include "node/pause.h"

namespace tocsin::node {

namespace {

Result<std::unique_ptr<SigningKey>> copy_of(const SigningKey& key) {
  SigningKey copy = TRY(SigningKey::from_seed(key.seed()));
  return std::make_unique<SigningKey>(std::move(copy));
}

}  // namespace

// A node that has just become a member offers what comes from now on.
Result<void> Node::open_offers() {
  offers_ = TRY(share::Offers::open(home_.file("offers.db"), options_.now));
  std::uint64_t next = offers_->watermark() + 1;
  if (next > journal_->last_seq() || TRY(journal_->batch(next))) return {};
  if (next > 1)
    spdlog::warn("what came in between is offered to no member: offers.db ends at batch {}",
                 next - 1);
  offers_->skip_to(journal_->last_seq());
  return {};
}

Result<void> Node::open_sharing() {
  if (config_.member.empty()) return {};
  sharing_ = TRY(Sharing::open({.journal = *journal_,
                                .config = config_,
                                .home = home_.path(),
                                .now = options_.now,
                                .paused = [this] { return paused().has_value(); },
                                .offers = *offers_,
                                .words = words_,
                                .ledger = [this] { return ledger_.get(); },
                                .feed = [this](const auto& name) { return feeds_->named(name); }}));
  if (!sharing_->mute().empty()) return {};
  return sharing_->partners().with_key(
      [this](const SigningKey& key) { return open_ledger(config_.member, key); });
}

Result<void> Node::open_ledger(const std::string& member, const SigningKey& key) {
  auto pause = pause_of(home_.path());
  bool restored = pause && pause->since != time_none;
  ledger_.reset();
  ledger_key_ = TRY(copy_of(key));
  ledger_ = TRY(share::Ledger::open(
      {.journal = *journal_,
       .node = member,
       .key = *ledger_key_,
       .restored = restored ? times::format(pause->since) : std::string(),
       .now = options_.now,
       .mask = [this](std::string_view text) { return law_->masked_for_audit(text); }}));
  auto head = TRY(ledger_->head());
  if (ledger_->is_new()) {
    json::Writer details;
    details.object().member("fingerprint", key.public_key().fingerprint());
    details.member("member", member).end();
    TRY(audit_->note({.at = now(),
                      .by = "node",
                      .call = "ledger opened",
                      .object = hex(head.log),
                      .details = details.take()},
                     "done"));
  }
  if (std::size_t left = TRY(ledger_->end_pending()); left > 0)
    spdlog::warn("{} releases may or may not have gone: the node ended in between", left);
  return {};
}

Result<void> Node::change_ledger_key(const SigningKey& fresh) {
  if (!ledger_) return missing("this node is no member of a network: it has no ledger");
  auto copy = TRY(copy_of(fresh));
  TRY(ledger_->change_key(*copy));
  ledger_key_ = std::move(copy);
  return {};
}

// After a recovery there may have been no ledger: the key was missing at the start.
Result<void> Node::member_key_changed() {
  return sharing_->partners().with_key([this](const SigningKey& key) {
    return ledger_ ? change_ledger_key(key) : open_ledger(config_.member, key);
  });
}

Result<std::size_t> Node::mask_acts(const store::Journal::Rewrite& rewrite) {
  std::size_t masked = TRY(audit_->erase(rewrite, now()));
  if (ledger_) masked += TRY(ledger_->erase(rewrite));
  return masked;
}

}  // namespace tocsin::node
