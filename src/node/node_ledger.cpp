// The node among others: its ledger, opened when it is known which member it is, and its partners.
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

// A node that has just become a member offers what comes from now on.
Result<void> Node::open_offers() {
  offers_ = TRY(store::Offers::open(home_.file("offers.db"), options_.now));
  std::uint64_t next = offers_->watermark() + 1;
  if (next > journal_->last_seq() || TRY(journal_->batch(next))) return {};
  if (next > 1)
    spdlog::warn("what came in between is offered to no member: offers.db ends at batch {}",
                 next - 1);
  offers_->skip_to(journal_->last_seq());
  return {};
}

Result<void> Node::open_sharing() {
  if (!config_.member.empty()) TRY(join_network());
  ingress_ = TRY(Ingress::open({.journal = *journal_,
                                .words = words_,
                                .sharing = sharing_.get(),
                                .member = config_.member,
                                .enrichment = *enrichment_,
                                .columns = *columns_,
                                .corrections = *corrections_,
                                .audit = *audit_,
                                .metrics = metrics_,
                                .now = options_.now,
                                .ledger = [this] { return ledger_.get(); }}));
  return sharing_ ? open_others() : Result<void>();
}

// What a provider did not allow is not allowed; what partners did stands in their agreements.
policy::FeedSays Node::says_of(const std::string& feed) const {
  if (Feeds::is_partners(feed)) return ingress_->says(feed);
  ingest::Feed known = feeds_->named(feed);
  policy::FeedSays out{
      .terms = {.tell_affected = known.consent.tell_affected, .facts = known.consent.facts}};
  using ingest::Permission;
  if (known.terms.redistribution != Permission::unknown)
    out.terms.may_pass_on = known.terms.redistribution == Permission::yes;
  if (known.terms.commercial == Permission::no) {
    using enum policy::Purpose;
    out.terms.purposes = {defence, warning, statistics, research, training, law_enforcement};
  }
  return out;
}

// Of those that are our own.
std::map<std::string, policy::FeedTerms> Node::terms_of_feeds() const {
  std::map<std::string, policy::FeedTerms> out;
  if (!feeds_) return out;  // at the start
  auto rows = feeds_->list();
  for (const Feeds::Row& row : rows) {
    if (!Feeds::is_partners(row.feed.name)) out[row.feed.name] = says_of(row.feed.name).terms;
  }
  return out;
}

// What partners send goes through the door; nobody else's does.
ingest::Sink::Judge Node::judge_of(const std::string& feed) {
  if (!Feeds::is_partners(feed)) return {};
  return [this, feed](const EventBatch& batch, std::size_t row) {
    return ingress_->judge(feed, batch, row);
  };
}

// A partner takes back what it sent; a MISP server, attributes and events.
std::function<void(std::string_view)> Node::recalls_of(const ingest::Feed& feed) {
  if (!Feeds::is_partners(feed.name) && feed.format != "misp") return {};
  return [this, feed = feed.name](std::string_view id) { ingress_->recall(feed, id); };
}

void Node::start_sharing() {
  if (sharing_) sharing_->start();
  ingress_->start([this](const std::string& feed, const std::string& reason) -> Result<void> {
    TRY(intake_->replay(feeds_->named(feed), reason, {}));
    return {};
  });
}

Result<void> Node::join_network() {
  auto refused = [this](std::string_view member, std::string_view what) {
    return audit_->note({.at = now(),
                         .by = std::string(member),
                         .call = "statement of a member",
                         .object = std::string(member)},
                        fmt::format("denied: {}", what));
  };
  auto noted = [this](const store::AuditAct& act, std::string_view outcome) {
    if (auto kept = audit_->note(act, outcome); !kept)
      spdlog::error("audit: {}", kept.error().what);
  };
  sharing_ = TRY(
      Sharing::open({.journal = *journal_,
                     .config = config_,
                     .home = home_.path(),
                     .now = options_.now,
                     .paused = [this] { return paused().has_value(); },
                     .offers = *offers_,
                     .words = words_,
                     .ledger = [this] { return ledger_.get(); },
                     .says = [this](auto feed) { return says_of(std::string(feed)); },
                     .pull_from = [this](auto feeds) { feeds_->set_partners(std::move(feeds)); },
                     .pull = [this](const auto& feed) { feeds_->hurry(feed); },
                     .mail = {.findings = *findings_,
                              .settings = config_.alert,
                              .rules = alerts_->rules(),
                              .node = config_.name,
                              .home = home_.path(),
                              .simulated = is_simulated(),
                              .now = options_.now},
                     .about = [this](auto id) { return about_finding(id); },
                     .refused = refused,
                     .count = [this](Day day) { return count_day(day); },
                     .terms = [this] { return terms_of_feeds(); },
                     .noted = noted}));
  // What a partner signed for what it got.
  auto receipt = [this](const share::Partner& from, const share::Statement& said) -> Result<void> {
    if (!ledger_) return missing("this node has no ledger");
    auto answer = TRY(ledger::read_acknowledged(said["acknowledged"]));
    share::Peer peer{.id = from.profile.member, .keys = {}};
    for (const share::KeySpan& span : from.keys.spans) {
      if (span.revoked == time_none) peer.keys.push_back(span.key);
    }
    auto tables = TRY(store::Tables::open(*journal_, "receipts", {}));
    return tables.write([&](store::Sqlite& db) { return ledger_->acknowledge(db, answer, peer); });
  };
  sharing_->partners().hears("receipt", std::move(receipt));
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
