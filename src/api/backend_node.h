// NodeBackend: the API's questions answered by a running node. One file for each group of calls:
// backend_findings, backend_stats, backend_overview, backend_intake, backend_alert.
#pragma once

#include <string>
#include <vector>

#include "api/backend.h"
#include "api/situation.h"
#include "node/node.h"
#include "store/columns.h"

namespace tocsin::api {

class NodeBackend final : public Backend {
 public:
  explicit NodeBackend(node::Node& node) : node_(node) {}

  NodeInfo info() override;

  // What of events a constituent may be told.
  struct Telling {
    // Keeps of a row what may be told; false: nothing may.
    std::function<bool(EventBatch& batch, std::size_t row)> tell;
    std::function<bool(WordId feed)> names;  // may it be told that this feed reported it?
  };

  Result<FindingsPage> findings(const FindingsAsk& ask, const Patience& patience) override;
  Result<FindingsSummary> summary(const store::Filter& filter, const Patience&) override;
  Result<FindingDetail> finding(const Hash128& key, const Patience& patience) override;
  Result<EventsPage> finding_events(const Hash128& key, const EventsAsk& ask,
                                    const Patience& patience) override;
  Result<FindingWhy> why(const Hash128& key, const Patience& patience) override;
  Result<EventsPage> events(const EventsAsk& ask, const Patience& patience) override;

  Result<StatsAnswer> stats(const StatsAsk& ask, const Patience& patience) override;
  Result<SeriesAnswer> series(const SeriesAsk& ask) override;
  Result<std::vector<std::string>> warnings(const WarningsAsk& ask) override;
  Result<Overview> overview(const OverviewAsk& ask, const Patience& patience) override;
  Result<std::vector<CountryRow>> countries() override;

  Result<std::vector<FeedRow>> feeds() override;
  Result<FeedRow> feed(const std::string& name) override;
  Result<void> enable_feed(const std::string& name, const FeedTick& tick) override;
  Result<void> disable_feed(const std::string& name, const std::string& user) override;
  Result<void> run_feed(const std::string& name) override;
  Result<std::vector<CatalogueRow>> catalogue() override;

  Result<ReportRow> take_report(Upload upload) override;
  Result<ReportsPage> reports(const ListAsk& ask) override;
  Result<ReportRow> report(const std::string& id) override;
  Result<QuarantinePage> quarantine(const ListAsk& ask) override;
  Result<std::vector<QuarantineGroup>> quarantine_groups() override;
  Result<ReplayOutcome> replay(const QuarantinePick& pick) override;
  Result<Count> drop(const QuarantinePick& pick) override;

  Result<WithdrawalRow> withdraw(const std::string& report, const std::string& reason,
                                 const std::string& user) override;
  Result<std::optional<WithdrawalRow>> withdrawal(const std::string& report) override;
  Result<Replacement> replace(ReplaceAsk ask) override;
  Result<RawBytes> raw(const std::string& report) override;

  Result<TracesRow> traces(const std::string& value) override;
  Result<void> export_subject(
      const std::string& value,
      const std::function<Result<void>(std::string_view json)>& line) override;
  Result<ErasureRow> erase_subject(const std::string& value, const std::string& reason,
                                   const std::string& user) override;
  Result<std::vector<ErasureRow>> erasures() override;
  Result<std::vector<HoldRow>> holds() override;
  Result<HoldRow> hold(HoldRow hold) override;
  Result<HoldRow> lift_hold(const std::string& id, const std::string& user) override;

  std::shared_ptr<const alert::Directory> constituents() override;
  Result<alert::ImportPlan> import_constituents(std::string_view bytes,
                                                const alert::ImportWish& wish) override;
  Result<void> remove_constituent(std::uint64_t id) override;
  Result<alert::AlertsState> alerts_state() override;
  Result<std::vector<alert::AlertRow>> alerts(const alert::Outbox::Ask& ask) override;
  Result<alert::Preview> preview_alert(std::uint64_t id) override;
  Result<alert::Preview> preview_constituent(std::uint64_t id) override;
  Result<alert::Explained> explain_alert(const Hash128& finding) override;
  std::vector<std::string> morning() override;
  Result<alert::DryRun> dry_run_alerts(const std::string& user) override;
  Result<void> switch_alerts(bool on, const std::string& user) override;
  Result<alert::RunOutcome> run_alerts(bool all) override;
  Result<std::uint64_t> replay_alerts(const std::vector<std::uint64_t>& ids) override;
  Result<std::vector<alert::AlertRow>> bounce_alert(std::string_view mail) override;

  store::Triage& triage() override { return node_.triage(); }
  store::Cases& cases() override { return node_.cases(); }
  store::Views& views() override { return node_.views(); }
  hunt::Indicators& indicators() override { return node_.indicators(); }
  share::Ledger* ledger() override { return node_.ledger(); }
  share::Partners* partners() override {
    return node_.sharing() == nullptr ? nullptr : &node_.sharing()->partners();
  }
  share::Agreements* agreements() override {
    return node_.sharing() == nullptr ? nullptr : &node_.sharing()->agreements();
  }
  share::MispFeeds* misp() override {
    return node_.sharing() == nullptr ? nullptr : &node_.sharing()->misp();
  }
  share::Shelves* shelves() override {
    return node_.sharing() == nullptr ? nullptr : &node_.sharing()->shelves();
  }
  share::Requests* requests() override {
    return node_.sharing() == nullptr ? nullptr : &node_.sharing()->requests();
  }
  share::Opinions* opinions() override {
    return node_.sharing() == nullptr ? nullptr : &node_.sharing()->opinions();
  }
  share::Statistics* statistics() override {
    return node_.sharing() == nullptr ? nullptr : &node_.sharing()->statistics();
  }
  share::Emergencies* emergencies() override {
    return node_.sharing() == nullptr ? nullptr : &node_.sharing()->emergencies();
  }
  Result<std::vector<share::PushState>> pushes() override;
  Result<PartnerView> partner_view(const std::string& member, const EventsAsk& ask,
                                   const Patience& patience) override;
  Result<std::shared_ptr<EventStream>> hint_members(const std::string& member) override {
    return node_.sharing()->hints().subscribe(member);
  }
  void tell_partners() override {
    if (node_.sharing() != nullptr) node_.sharing()->hurry();
  }
  Result<void> member_key_changed() override { return node_.member_key_changed(); }
  Result<FindingRow> finding_row(const Hash128& key) override;
  Result<std::vector<Hash128>> finding_keys(const store::Filter& filter, std::size_t most) override;
  Count count(const store::Filter& filter) override { return node_.findings().count(filter); }
  std::vector<FeedScore> feed_scores() override;
  Result<Preview> preview(const Upload& upload, std::size_t rows_most) override;
  std::vector<FormatRow> formats() override;

  Result<void> backup(const std::string& folder) override { return node_.backup(folder); }
  Health health() override;
  NodeState state() override;
  Result<void> resume() override { return node_.resume(); }
  Result<std::vector<ExerciseRow>> exercises(const Patience& patience) override;
  Result<SituationRow> issue_situation(const SituationAsk& ask, const Patience& patience) override;
  Result<std::vector<SituationRow>> situations() override;
  Result<SituationPage> situation_html(const std::string& id) override {
    auto issue = TRY(node_.issues().one(id));
    return SituationPage{TRY(node_.issues().page(id)), marking_of(issue.audience)};
  }
  Result<std::vector<SearchHit>> search(const std::string& text, const Patience&) override;
  Result<std::vector<LineHit>> search_lines(const std::vector<std::string>& lines,
                                            const Patience& patience) override;
  LiveCounters counters() override;
  News news(std::size_t samples_most, std::size_t changed_most) override;

 private:
  // The events of one finding, newest first: those of its subject and type whose key is the
  // finding's.
  struct Events {
    store::Columns::Found found;
    std::vector<std::size_t> rows;
    std::string next;
  };
  Result<Events> events_of(const Finding& finding, const EventsAsk& ask,
                           const Patience& patience) const;
  FindingRow judged_row(Finding finding) const;
  // What people did to a finding, as steps of its life.
  Result<std::vector<HistoryEntry>> acts_on(const Finding& finding) const;
  std::string native(const store::Columns::Found& found, std::size_t row) const;
  void name_networks(EventBatch& events, const EndColumns& end, std::string_view name,
                     std::size_t row) const;
  std::string as_name(std::uint32_t asn) const {
    return std::string(node_.enrichment().as_name(asn));
  }
  Result<Situation> situation_figures(const SituationAsk& ask, unsigned timeout_ms);
  Result<void> came_since(const Situation& situation, const store::Issue& before,
                          unsigned timeout_ms, std::map<WordId, Count>& came);
  Result<std::vector<std::string>> why_changed(const Situation& situation,
                                               const store::Issue& before, unsigned timeout_ms);
  Result<Telling> told_to_constituent(const std::string& name);
  Country home_country() const { return node_.config().country; }

  node::Node& node_;
};

// Reports as the API says them, for all files of the backend.
ReportRow report_row(const store::ReportRow& row);
Result<std::uint64_t> report_id(std::string_view id);  // "r_7"; errors: missing

// Milliseconds until a deadline, at least 1 and at most 10 minutes.
unsigned left_ms(const Patience& patience);

}  // namespace tocsin::api
