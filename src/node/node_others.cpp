// What partners bring besides events: the node's door for it, and the inbox that they post into.
#include <fmt/format.h>

#include "base/json.h"
#include "node/node.h"

namespace tocsin::node {
namespace {

constexpr std::size_t at_once_bytes_max = 256 << 10;  // of a request that goes the live lane

}  // namespace

Result<void> Node::open_others() {
  claims_ = std::make_unique<Claims>(
      Claims::Parts{.indicators = *indicators_, .enrichment = *enrichment_, .now = options_.now});
  others_ = TRY(Others::open(
      {.ingress = *ingress_,
       .foreign = *foreign_,
       .sharing = *sharing_,
       .member = config_.member,
       .audit = *audit_,
       .metrics = metrics_,
       .now = options_.now,
       .names_erased = [this](std::string_view text) { return law_->names_erased(text); },
       .claims = claims_.get()}));
  relay_ = std::make_unique<Relay>(
      Relay::Parts{.foreign = *foreign_, .offers = *offers_, .others = *others_});
  auto noted = [this](const std::string& member, const share::TaxiiStatus& status) {
    json::Writer w;
    w.object().member("refused", static_cast<std::uint64_t>(status.failures.size()));
    w.member("taken", static_cast<std::uint64_t>(status.successes.size())).end();
    return audit_->note({.at = now(),
                         .by = member,
                         .call = "objects posted by a member",
                         .object = status.id,
                         .details = w.take()},
                        "done");
  };
  inbox_ = TRY(share::Inbox::open(
      {.journal = *journal_,
       .now = options_.now,
       .may_take =
           [this](const std::string& member) { return ingress_->may_take("partner." + member); },
       .take_in =
           [this](const auto& member, std::string envelope, const auto& refused) {
             return take_posted(member, std::move(envelope), refused);
           },
       .taken = noted}));
  sharing_->shelves().receive_by(*inbox_);
  return {};
}

// Of partners' feeds alone.
std::unique_ptr<Others::Report> Node::others_of(const std::string& feed, std::uint64_t report,
                                                Others::Report::Reject refuse) {
  if (!others_ || !Feeds::is_partners(feed)) return nullptr;
  return others_->report(feed, report, std::move(refuse));
}

Result<bool> Node::is_told_by_others(const Law::Parts::IsTold& is_told) const {
  for (std::uint64_t row = 0;;) {
    auto some = TRY(foreign_->after(row, store::Foreign::take_max));
    if (some.empty()) return false;
    row = some.back().row;
    for (const store::ForeignObject& one : some) {
      if (is_told(one.report, one.json)) return true;
    }
  }
}

// What others told of a subject, when it is erased.
Result<std::size_t> Node::forget_told(const std::function<bool(std::string_view)>& names) {
  auto goes = [&](const store::ForeignObject& object) { return names(object.json); };
  std::size_t foreign = TRY(relay_ ? relay_->forget(goes) : foreign_->forget(goes));
  std::size_t gone = foreign + TRY(indicators_->forget(names));
  if (offering_) TRY(offering_->forget(names));
  return gone;
}

// What a withdrawn report of a partner brought beside events, with the claims made of it.
Result<void> Node::take_out_told(const store::ReportRow& report) {
  if (!relay_ || !Feeds::is_partners(report.feed)) return {};
  auto kept = TRY(law_->kept_by_holds());
  bool is_held = false;
  auto look = [&](const store::ForeignObject& object) {
    is_held = is_held || (object.report == report.id && kept(object.report, object.json));
    return false;
  };
  std::string_view member = std::string_view(report.feed).substr(report.feed.find('.') + 1);
  TRY(foreign_->forget_since(member, report.received, look));
  if (is_held)
    return denied(fmt::format("r_{} must stay: a hold keeps an object of it", report.id));
  return relay_->forget(report, [this](const store::ForeignObject& object) -> Result<void> {
    if (!object.id.starts_with("indicator--")) return {};
    TRY(indicators_->revoke({hunt::SourceKind::member, object.member}, object.id));
    return {};
  });
}

// Retention, as agreed with each partner.
Result<void> Node::forget_told_before() {
  auto agreed = ingress_->retention_days();
  auto kept = TRY(law_->kept_by_holds());
  auto stays = [&](const store::ForeignObject& object) { return kept(object.report, object.json); };
  for (const auto& [feed, days] : agreed)
    TRY(relay_->forget_before(feed, now() - TimeUs{days} * us_per_day, stays));
  return {};
}

// As a report of the partner's feed, like a page that was asked for.
Result<void> Node::take_posted(const std::string& member, std::string envelope,
                               const share::Inbox::Refused& refused) {
  ingest::Feed feed{.name = "partner." + member, .format = "stix", .tlp = Tlp::red};
  ingest::Delivery delivery{.name = "inbox.json", .bytes = std::move(envelope), .again = true};
  delivery.live = delivery.bytes.size() <= at_once_bytes_max;
  auto tell = [&](const ingest::Reject& one) { refused(one.line, one.why.what); };
  TRY(intake_->deliver(feed, std::move(delivery), tell));
  return {};
}

}  // namespace tocsin::node
