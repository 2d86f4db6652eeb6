// NodeBackend: the API's questions answered by a running node. One file for each group of calls:
// backend_findings, backend_stats, backend_overview, backend_intake.
#pragma once

#include <string>
#include <vector>

#include "api/backend.h"
#include "node/node.h"
#include "store/columns.h"

namespace tocsin::api {

class NodeBackend final : public Backend {
 public:
  explicit NodeBackend(node::Node& node) : node_(node) {}

  NodeInfo info() override;

  Result<FindingsPage> findings(const FindingsAsk& ask, const Patience& patience) override;
  Result<FindingsSummary> summary(const store::Filter& filter, const Patience&) override;
  Result<FindingDetail> finding(const Hash128& key, const Patience& patience) override;
  Result<EventsPage> finding_events(const Hash128& key, const EventsAsk& ask,
                                    const Patience& patience) override;
  Result<FindingWhy> why(const Hash128& key, const Patience& patience) override;
  Result<EventsPage> events(const EventsAsk& ask, const Patience& patience) override;

  Result<StatsAnswer> stats(const StatsAsk& ask, const Patience& patience) override;
  Result<Overview> overview(const OverviewAsk& ask, const Patience& patience) override;
  Result<std::vector<CountryRow>> countries() override;

  Result<std::vector<FeedRow>> feeds() override;
  Result<FeedRow> feed(const std::string& name) override;
  Result<void> enable_feed(const std::string& name, bool accept_terms,
                           const std::string& user) override;
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

  Result<void> backup(const std::string& folder) override { return node_.backup(folder); }
  Health health() override;
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
  std::string native(const store::Columns::Found& found, std::size_t row) const;
  std::string as_name(std::uint32_t asn) const {
    return std::string(node_.enrichment().as_name(asn));
  }
  Country home_country() const { return node_.config().country; }

  node::Node& node_;
};

// Milliseconds until a deadline, at least 1 and at most 10 minutes.
unsigned left_ms(const Patience& patience);

}  // namespace tocsin::api
