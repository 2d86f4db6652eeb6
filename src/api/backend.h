// Backend: what the API asks of a node: one call each of the contract, plain structs in and out.
// backend_node.cpp answers over a running node; tests answer with made-up ones.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "ingest/feed.h"
#include "model/finding.h"
#include "store/filter.h"

namespace tocsin::api {

using Count = std::uint64_t;

// How long an answer may take; queries give up at the deadline with unavailable.
struct Patience {
  std::chrono::steady_clock::time_point deadline = std::chrono::steady_clock::time_point::max();
  std::stop_token stop{};
};

struct NodeInfo {
  std::string name{}, host{}, country{};  // country: two letters
  bool simulated = false;
  std::string geo_date{};  // "2022-10-29"; "": no database
  std::int64_t geo_age_days = 0;
};

struct Span {
  TimeUs since = time_none, until = time_none;
};

// --- findings and events

struct FindingRow {
  Finding finding{};
  std::string as_name{};
};

enum class FindingOrder : std::uint8_t { last, first, times, severity, subject };

struct FindingsAsk {
  store::Filter filter{};
  FindingOrder sort = FindingOrder::last;
  bool ascending = false;
  std::size_t limit = 50, offset = 0;  // offset: rows to pass over; not together with a cursor
  std::string cursor{};
  bool walk = false;  // all of them page by page, each once; without sort and total
};

struct FindingsPage {
  std::vector<FindingRow> items{};
  std::string next{};
  std::optional<Count> total{};
};

struct FindingsSummary {
  Count total = 0, subjects = 0;
  std::map<std::string, Count> states{}, tabs{};
  std::vector<std::pair<std::string, Count>> types{};  // most first
  Day histogram_start = 0;
  std::vector<Count> histogram{};
};

struct HistoryEntry {
  TimeUs at = time_none;
  std::string what{}, detail{}, feed{};
};

struct FindingDetail {
  FindingRow row{};
  std::vector<HistoryEntry> history{};
  std::vector<std::pair<Day, Count>> days{};
  std::optional<Count> same_network{}, same_controller{};
  std::string database_date{}, prefix{}, registered_domain{}, controller_told{};
};

struct FindingWhy {
  std::vector<std::string> rows{};   // JSON objects
  std::vector<std::string> feeds{};  // JSON objects
  std::vector<std::string> rules{};  // sentences
};

struct EventsAsk {
  store::Filter filter{};
  Span span{};
  bool oldest_first = false;
  std::size_t limit = 50;
  std::string cursor{};
  std::uint64_t at_least = 0;  // a seq that must be visible first
};

struct EventsPage {
  std::vector<std::string> items{};  // native JSON, docs/event.md, each with "id"
  std::string next{};
};

// --- statistics

enum class CompareWith : std::uint8_t { nothing, year, previous };
enum class Per : std::uint8_t { period, month, week, day };
enum class StatsOrder : std::uint8_t { distinct, events, change };

struct StatsAsk {
  std::string cut = "country";
  std::string type{}, klass{}, country{}, family{};  // "": any
  std::optional<std::uint32_t> asn{};
  std::string zone{};  // of the days; "": UTC
  Span span{};
  CompareWith compare = CompareWith::nothing;
  Per per = Per::period;
  StatsOrder order = StatsOrder::distinct;
  std::size_t top = 0;          // 0: all
  std::size_t series_rows = 0;  // of the first so many rows a series of their own
};

struct Pair {
  Count distinct = 0, events = 0;
};

struct Steering {
  Count abroad = 0, home = 0, unknown = 0;
};

struct StatsBucket {
  Day start = 0;
  Pair now{};
  std::optional<Pair> before{};
};

struct StatsRow {
  std::string key{};  // a JSON object
  Pair now{};
  std::optional<Count> addresses4{}, addresses6{}, names{};
  std::optional<Pair> before{};
  std::optional<double> change_percent{}, feeds_changed_percent{}, distinct_daily_mean{};
  std::vector<std::string> feeds_new{}, feeds_gone{};
  std::optional<Steering> controllers{};
  std::vector<StatsBucket> series{};
};

struct Note {
  std::string kind{}, feed{}, text{}, href{};
  TimeUs since = time_none;
};

struct StatsAnswer {
  std::string definition{}, cut{};
  Span span{};
  std::optional<Span> before{};
  std::vector<std::string> feeds{};
  bool frozen = false;
  bool from_events = false;  // not from the counts: no cut knows what was asked
  std::vector<StatsRow> rows{};
  std::vector<StatsBucket> series{};
  std::vector<Note> notes{};
};

struct OverviewAsk {
  std::string period = "year";  // 24h (yesterday and today), 30d or year; unless `span` is set
  Span span{};
  std::string country{};
  TimeUs looked = time_none;  // when the reader was last here
};

struct Compared {
  Count distinct = 0;
  std::optional<Count> before{};
  std::optional<double> change_percent{};
  bool is_new = false;
};

struct Overview {
  Span period{}, before{};
  std::string country{};
  struct Headline {
    Compared count{};
    std::optional<double> same_feeds_points{}, feeds_changed_points{};
    std::vector<std::string> feeds_new{};
    Steering controllers{};
    std::string sentence{};
  };
  std::optional<Headline> headline{};
  struct Tile {
    std::string id{}, unit = "count", change_label{};
    double value = 0;
    std::optional<double> change_percent{};
    std::vector<double> spark{};
  };
  std::vector<Tile> tiles{};
  struct Week {
    Day start = 0;
    std::optional<Count> distinct{}, before{};  // none: a gap
    bool so_far = false;                        // today, which is not over
  };
  std::vector<Week> weekly{};
  struct Place {
    std::string country{};
    Count affected = 0, controllers = 0;
    std::optional<double> affected_per_100k{};
  };
  std::vector<Place> map{};
  struct ClassLine {
    std::string id{}, title{};
    Count value = 0;
    std::optional<double> change_percent{};
    std::vector<Count> series{}, before{};
  };
  std::vector<ClassLine> classes{};
  struct Family {
    std::string family{};
    Compared count{};
  };
  std::vector<Family> families{};
  struct Network {
    std::uint32_t asn = 0;
    std::string as_name{};
    Compared count{};
  };
  std::vector<Network> networks{};
  struct Controller {
    std::string controller{}, country{};
    Compared count{};
  };
  std::vector<Controller> controllers{};
  std::vector<Note> needs{}, changes{};
};

struct CountryRow {
  std::string code{}, name{};
  std::optional<Count> announced{};  // addresses in its announced IPv4 networks
};

// --- feeds, reports, quarantine

struct FeedDelay {
  double p50_s = 0, p90_s = 0, p99_s = 0;
  std::vector<std::pair<double, double>> curve{};  // seconds, share
};

struct FeedRow {
  std::string name{}, title{}, collector{}, format{}, state{}, schedule{}, tlp{};
  bool enabled = false, simulated = false;
  TimeUs last_success = time_none, next = time_none, error_at = time_none;
  TimeUs recovered_at = time_none;  // from the error; none: not yet
  std::string error{};
  std::optional<double> lag_s{}, usual_hour{};
  Count events_24h = 0, events_total = 0, rejected_24h = 0;
  std::vector<Count> hours{};  // the last 24
  std::optional<FeedDelay> delay{};
  ingest::Terms terms{};
};

struct CatalogueRow {
  std::string name{}, title{}, provider{}, url{}, format{}, key_name{}, state{};
  bool key_needed = false, enabled = false;
  ingest::Terms terms{};
};

struct Upload {
  std::string feed{}, format{}, name{}, tlp{};
  bool visible = true;          // wait until questions see it
  std::string bytes{}, path{};  // one of them; the file may be moved away
};

struct ReportRow {
  std::string id{}, feed{}, name{}, state{}, error{}, type{}, sha256{};
  TimeUs received = time_none;
  std::optional<Count> size_bytes{}, seq{};
  Count events = 0, duplicates = 0, rejected = 0;
  std::string format{};
  // Of one that was just taken in: found by name and content; by its columns; for a feed that
  // nobody has heard of.
  bool format_guessed = false, type_guessed = false, feed_new = false;
};

struct ListAsk {
  std::string feed{}, state{}, reason{}, cursor{};
  std::size_t limit = 50;
};

struct ReportsPage {
  std::vector<ReportRow> items{};
  std::string next{};
  std::optional<Count> total{};
};

struct QuarantineRow {
  std::string id{}, feed{}, report{}, reason{}, bytes{}, state{};
  Count line = 0;
  TimeUs at = time_none;
};

struct QuarantinePage {
  std::vector<QuarantineRow> items{};
  std::string next{};
  std::optional<Count> total{};
};

struct QuarantineGroup {
  std::string feed{}, reason{};
  Count count = 0;
  TimeUs first = time_none, last = time_none;
};

struct QuarantinePick {
  std::string feed{}, reason{};
  std::vector<std::string> ids{};
};

struct ReplayOutcome {
  Count events = 0, rejected = 0;
};

// --- the node itself

struct HealthCheck {
  std::string name{}, text{}, what_to_do{};
  bool ok = true;
};

struct FollowerRow {
  std::string name{};
  std::uint64_t seq = 0;
  std::optional<double> lag_s{};
};

struct Health {
  bool ready = true;                  // false while it starts or takes nothing in: /readyz
  std::vector<HealthCheck> checks{};  // ok when all are
  std::vector<FollowerRow> followers{};
  std::optional<Count> disk_free_bytes{}, memory_bytes{};
};

struct SearchHit {
  std::string kind{}, text{}, detail{}, href{};
};

struct LineHit {
  std::string line{}, kind{}, href{};
  Count findings = 0;
};

struct LiveCounters {
  double events_per_s = 0;
  Count events_today = 0, findings_open = 0;
  bool operator==(const LiveCounters&) const = default;
};

struct SampleItem {
  TimeUs at = time_none;
  std::string subject{}, text{};
};

// What happened since somebody last asked.
struct News {
  std::vector<SampleItem> samples{};
  Count one_of = 1;                   // of so many events a sample is one
  std::vector<FindingRow> changed{};  // new and reopened findings
  Count skipped = 0;                  // further ones
};

// Any thread, many at once. Errors: those of Fault; `missing` where the named thing is not there.
class Backend {
 public:
  virtual ~Backend() = default;

  virtual NodeInfo info() = 0;

  virtual Result<FindingsPage> findings(const FindingsAsk& ask, const Patience& patience) = 0;
  virtual Result<FindingsSummary> summary(const store::Filter& filter, const Patience&) = 0;
  virtual Result<FindingDetail> finding(const Hash128& key, const Patience& patience) = 0;
  virtual Result<EventsPage> finding_events(const Hash128& key, const EventsAsk& ask,
                                            const Patience& patience) = 0;
  virtual Result<FindingWhy> why(const Hash128& key, const Patience& patience) = 0;
  virtual Result<EventsPage> events(const EventsAsk& ask, const Patience& patience) = 0;

  virtual Result<StatsAnswer> stats(const StatsAsk& ask, const Patience& patience) = 0;
  virtual Result<Overview> overview(const OverviewAsk& ask, const Patience& patience) = 0;
  virtual Result<std::vector<CountryRow>> countries() = 0;

  virtual Result<std::vector<FeedRow>> feeds() = 0;
  virtual Result<FeedRow> feed(const std::string& name) = 0;
  // `user`: who asks, kept with the terms that were accepted.
  virtual Result<void> enable_feed(const std::string& name, bool accept_terms,
                                   const std::string& user) = 0;
  virtual Result<void> disable_feed(const std::string& name, const std::string& user) = 0;
  virtual Result<void> run_feed(const std::string& name) = 0;
  virtual Result<std::vector<CatalogueRow>> catalogue() = 0;

  virtual Result<ReportRow> take_report(Upload upload) = 0;  // returns when it is taken in
  virtual Result<ReportsPage> reports(const ListAsk& ask) = 0;
  virtual Result<ReportRow> report(const std::string& id) = 0;
  virtual Result<QuarantinePage> quarantine(const ListAsk& ask) = 0;
  virtual Result<std::vector<QuarantineGroup>> quarantine_groups() = 0;
  virtual Result<ReplayOutcome> replay(const QuarantinePick& pick) = 0;
  virtual Result<Count> drop(const QuarantinePick& pick) = 0;

  // Copies the whole state into a new folder of the node's machine.
  virtual Result<void> backup(const std::string& folder) = 0;
  virtual Health health() = 0;
  virtual Result<std::vector<SearchHit>> search(const std::string& text, const Patience&) = 0;
  virtual Result<std::vector<LineHit>> search_lines(const std::vector<std::string>& lines,
                                                    const Patience& patience) = 0;
  virtual LiveCounters counters() = 0;
  virtual News news(std::size_t samples_most, std::size_t changed_most) = 0;
};

}  // namespace tocsin::api
