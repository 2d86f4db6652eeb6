// The node as a member: its sharing and its ledger, opened when it is known which member it is.
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>

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

Result<void> Node::open_sharing() {
  if (config_.member.empty()) return {};
  auto refused = [this](std::string_view member, std::string_view what) {
    return audit_->note({.at = now(),
                         .by = std::string(member),
                         .call = "statement of a member",
                         .object = std::string(member)},
                        fmt::format("denied: {}", what));
  };
  sharing_ = TRY(Sharing::open({.journal = *journal_,
                                .config = config_,
                                .home = home_.path(),
                                .now = options_.now,
                                .paused = [this] { return paused().has_value(); },
                                .mail = {.findings = *findings_,
                                         .settings = config_.alert,
                                         .rules = alerts_->rules(),
                                         .node = config_.name,
                                         .home = home_.path(),
                                         .simulated = is_simulated(),
                                         .now = options_.now},
                                .about = [this](auto id) { return about_finding(id); },
                                .refused = refused}));
  if (!sharing_->mute().empty()) return {};
  return sharing_->partners().with_key(
      [this](const SigningKey& key) { return open_ledger(config_.member, key); });
}

// What a finding may tell is what all of its feeds allow; whether they may be passed on to members
// none of them says yet.
Result<share::Requests::About> Node::about_finding(std::string_view id) const {
  auto finding = TRY(findings_->one(finding_key_of(id)));
  bool is_game = std::ranges::any_of(finding.feeds, [&](const auto& f) { return is_played(f); });
  if (finding.exercise || is_game) return denied("an exercise: nobody else is asked about it");
  auto consent = policy::consent_of(finding.feeds, alerts_->rules());
  share::Requests::About about{.sort = std::string(name(finding.subject_kind)),
                               .subject = finding.subject,
                               .sector = finding.sector,
                               .type = finding.type,
                               .country = finding.country,
                               .tlp = finding.tlp};
  about.feed.tell_affected = consent.tell_affected;
  about.feed.facts = consent.facts;
  return about;
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
