// Backend: what the API asks of a node: one call each of the contract, plain structs in and out.
// backend_node.cpp answers over a running node; tests answer with made-up ones.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "alert/alerts.h"
#include "base/event_stream.h"
#include "base/result.h"
#include "base/time.h"
#include "hunt/indicators.h"
#include "ingest/feed.h"
#include "model/finding.h"
#include "share/agreements.h"
#include "share/ledger.h"
#include "share/opinions.h"
#include "share/partners.h"
#include "share/requests.h"
#include "share/sight.h"
#include "store/cases.h"
#include "store/filter.h"
#include "store/triage.h"
#include "store/views.h"

namespace tocsin::share {
class MispFeeds;
class Shelves;
class Emergencies;
struct PushState;
class Statistics;
}  // namespace tocsin::share

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
  std::optional<store::Judged> judged{};  // what people said of it
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
  std::string user{};     // who did it, where a person did
  std::uint64_t act = 0;  // of triage
};

struct FindingDetail {
  FindingRow row{};
  std::vector<HistoryEntry> history{};
  std::vector<std::pair<Day, Count>> days{};
  std::optional<Count> same_network{}, same_controller{};
  std::string database_date{}, prefix{}, registered_domain{}, controller_told{};
};

struct FindingWhy {
  Tlp tlp = Tlp::unmarked;           // of the finding
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

// Events as one partner would get them: of those that were looked at, the first few.
struct PartnerView {
  struct Item {
    std::string event{};  // as it is here: native JSON with "id"
    Tlp tlp = Tlp::unmarked;
    share::Sight sight{};
  };
  std::vector<Item> items{};
  std::size_t looked_at = 0, goes = 0, hindered = 0;  // hindered: by no agreement
  std::map<policy::Clause, Count> withheld{};         // by the first agreement's
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
  store::Filter of_findings{};  // only events of findings that fit; counted from the events
  std::string left_out{};       // for the definition: "muted or judged false-positive"
  CompareWith compare = CompareWith::nothing;
  Per per = Per::period;
  StatsOrder order = StatsOrder::distinct;
  std::size_t top = 0;          // 0: all
  std::size_t series_rows = 0;  // of the first so many rows a series of their own
};

struct Note {
  std::string kind{}, feed{}, text{}, href{};
  TimeUs since = time_none;
};

struct SeriesAsk {
  std::string what{}, where{}, step = "1h";  // "": by what else is said
  std::string type{}, klass{}, family{}, port{}, transport{}, country{}, sector{}, constituent{};
  std::string feed{};
  std::optional<std::uint32_t> asn{};
  Span span{};
  std::size_t top = 20;
  bool expected = false;
};

struct WarningsAsk {
  std::string id{};     // this one alone
  bool closed = false;  // also those
  std::size_t limit = 50;
};

struct Range {
  double low = 0, high = 0;
};

struct SeriesTick {
  TimeUs start = 0;
  Count events = 0;
  std::optional<Count> subjects{};
  bool partial = false;
  std::optional<Range> total{};  // of a partial one: what it may become
  std::optional<double> expected{};
  std::optional<Range> interval{};  // 95 % of the counts to expect
};

struct SeriesRow {
  std::string key{};  // a JSON object
  Count events = 0;
  std::vector<std::string> feeds{};
  TimeUs watermark = time_none;
  std::vector<SeriesTick> ticks{};
};

struct SeriesAnswer {
  std::string what{}, where{}, step{};
  Span span{};
  Count groups = 0;
  std::vector<SeriesRow> rows{};
  std::vector<Note> notes{};
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
  std::optional<double> change_percent{}, same_feeds_points{}, feeds_changed_points{};
  std::optional<double> distinct_daily_mean{};
  std::vector<std::string> feeds_new{}, feeds_gone{};
  std::optional<Steering> controllers{}, controllers_before{};
  std::vector<StatsBucket> series{};
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
  std::vector<Note> notices{};  // what its counts show: new, silent, doubled, of the future
  ingest::Terms terms{};
};

struct CatalogueRow {
  std::string name{}, title{}, provider{}, url{}, format{}, key_name{}, state{}, state_date{};
  bool key_needed = false, username_needed = false, enabled = false;
  ingest::Terms terms{};
};

// A feed is switched on by `user`.
struct FeedTick {
  bool accept_terms = false;
  std::string username{}, user{};  // at its provider, "": none; ours
};

struct Upload {
  std::string feed{}, format{}, name{}, tlp{};
  bool exercise = false, history = false;
  bool visible = true;          // wait until questions see it
  std::string bytes{}, path{};  // one of them; the file may be moved away
  bool again = false;           // also bytes that were here before
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
  bool exercise = false, history = false;
  std::string replaces{};  // the report in whose place it is
  bool raw = false;        // its bytes are kept
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

// --- corrections

struct ToldRow {
  std::string what{}, whom{}, where{};
  TimeUs at = time_none;
};

struct WithdrawalRow {
  std::string report{}, by{}, reason{}, replaced_by{};
  TimeUs at = time_none;
  Count events = 0, days = 0, seq = 0;
  std::vector<std::string> others{};  // reports that had told some of its events too
  std::vector<ToldRow> told{};
  bool already = false, visible = true;
};

struct ReplaceAsk {
  std::string report{}, reason{}, user{}, format{}, tlp{};
  std::string name{}, bytes{}, path{};  // of what takes its place; none: its own bytes, read anew
  bool may_widen = false;               // may the marking be laxer than it was
};

struct Replacement {
  ReportRow report{};
  WithdrawalRow withdrawal{};
};

struct TracesRow {
  std::string value{}, kind{};
  Count events = 0, findings = 0, quarantine = 0;
  Count days = 0, waiting = 0;  // whose exact sets have it; findings of it that wait to be told
  TimeUs first = time_none, last = time_none;
  std::vector<ToldRow> told{};
  std::vector<std::string> reports{}, raw{}, holds{};
  std::vector<std::pair<std::string, Count>> texts{};
  bool erased = false;
};

struct ErasureRow {
  std::string id{}, by{}, reason{}, state{};
  Count events = 0, days = 0, texts = 0, raw = 0, files = 0, copies = 0;
  std::vector<std::string> left{};  // below HOME; could not be looked into
  TimeUs at = time_none;
};

struct HoldRow {
  std::string id{}, kind{}, what{}, reason{}, by{}, lifted_by{};
  TimeUs at = time_none, lifted = time_none;
};

struct RawBytes {
  std::string name{}, path{};  // of a file that is removed with `keep`
  std::shared_ptr<void> keep{};
};

// --- triage

struct FeedOverlap {
  std::string feed{};
  Count findings = 0;  // that both report
};

// What a feed is worth: what would be lost without it.
struct FeedScore {
  std::string feed{}, title{}, advice{};
  Count findings = 0, open = 0, unique = 0;  // unique: that no other feed reports
  Count judged = 0, false_positive = 0, unique_false = 0;
  std::vector<FeedOverlap> overlaps{};  // most first, at most 5
  std::optional<double> delay_p50_s{};
};

// What a report would become, without taking it in.
struct Preview {
  std::string format{}, error{};
  bool detected = false;              // the format was found by name and content
  std::vector<std::string> events{};  // the first rows in native JSON
  Count events_total = 0, rejected = 0;
  std::vector<std::pair<Count, std::string>> rejects{};  // line and why, of the first
};

struct FormatRow {
  std::string name{}, summary{};
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

// --- operations: the pause after a restore, exercises

struct NodeState {
  TimeUs paused_since = time_none;
  std::string paused_why{};  // "": it is not paused
  // Feeds that are marked as exercises and run, and reports of exercises of the last day.
  std::vector<std::string> exercises{};
};

// What exercises brought, apart from all other figures.
struct ExerciseRow {
  std::string feed{}, report{}, name{}, type{};
  Count events = 0, subjects = 0;
  TimeUs first = time_none, last = time_none;
};

struct SituationAsk {
  std::string period{}, country{}, constituent{}, audience{};  // audience: "" or "public"
  Count k = 10;
};

// A situation report that was issued.
struct SituationRow {
  std::string id{}, period{}, country{}, constituent{}, audience{}, sha256{}, supersedes{};
  TimeUs as_of = time_none;
  bool unchanged = false;  // asked again: the figures are those that were issued
  std::vector<std::string> changes{}, reasons{};  // against the one it supersedes
};

struct SituationPage {
  std::string html{};
  Tlp tlp = Tlp::amber_strict;
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
  virtual Result<SeriesAnswer> series(const SeriesAsk& ask) = 0;
  // As JSON objects, the newest first.
  virtual Result<std::vector<std::string>> warnings(const WarningsAsk& ask) = 0;
  virtual Result<Overview> overview(const OverviewAsk& ask, const Patience& patience) = 0;
  virtual Result<std::vector<CountryRow>> countries() = 0;

  virtual Result<std::vector<FeedRow>> feeds() = 0;
  virtual Result<FeedRow> feed(const std::string& name) = 0;
  // `user`: who asks, kept with the terms that were accepted.
  virtual Result<void> enable_feed(const std::string& name, const FeedTick& tick) = 0;
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

  // Corrections.
  virtual Result<WithdrawalRow> withdraw(const std::string& report, const std::string& reason,
                                         const std::string& user) = 0;
  virtual Result<std::optional<WithdrawalRow>> withdrawal(const std::string& report) = 0;
  virtual Result<Replacement> replace(ReplaceAsk ask) = 0;
  virtual Result<RawBytes> raw(const std::string& report) = 0;

  // The law: what is known of one subject, and what must be kept.
  virtual Result<TracesRow> traces(const std::string& value) = 0;
  virtual Result<void> export_subject(
      const std::string& value, const std::function<Result<void>(std::string_view json)>& line) = 0;
  virtual Result<ErasureRow> erase_subject(const std::string& value, const std::string& reason,
                                           const std::string& user) = 0;
  virtual Result<std::vector<ErasureRow>> erasures() = 0;
  virtual Result<std::vector<HoldRow>> holds() = 0;
  virtual Result<HoldRow> hold(HoldRow hold) = 0;
  virtual Result<HoldRow> lift_hold(const std::string& id, const std::string& user) = 0;

  // Alerts: alert/alerts.h, alert/book.h.
  virtual std::shared_ptr<const alert::Directory> constituents() = 0;
  virtual Result<alert::ImportPlan> import_constituents(std::string_view bytes,
                                                        const alert::ImportWish& wish) = 0;
  virtual Result<void> remove_constituent(std::uint64_t id) = 0;
  virtual Result<alert::AlertsState> alerts_state() = 0;
  virtual Result<std::vector<alert::AlertRow>> alerts(const alert::Outbox::Ask& ask) = 0;
  virtual Result<alert::Preview> preview_alert(std::uint64_t id) = 0;
  virtual Result<alert::Preview> preview_constituent(std::uint64_t id) = 0;
  virtual Result<alert::Explained> explain_alert(const Hash128& finding) = 0;
  virtual std::vector<std::string> morning() = 0;
  virtual Result<alert::DryRun> dry_run_alerts(const std::string& user) = 0;
  virtual Result<void> switch_alerts(bool on, const std::string& user) = 0;
  virtual Result<alert::RunOutcome> run_alerts(bool all) = 0;
  virtual Result<std::uint64_t> replay_alerts(const std::vector<std::uint64_t>& ids) = 0;
  virtual Result<std::vector<alert::AlertRow>> bounce_alert(std::string_view mail) = 0;

  // Triage: backend_triage.cpp.
  virtual store::Triage& triage() = 0;
  virtual store::Cases& cases() = 0;
  virtual store::Views& views() = 0;
  virtual Result<FindingRow> finding_row(const Hash128& key) = 0;
  virtual Result<std::vector<Hash128>> finding_keys(const store::Filter& filter,
                                                    std::size_t most) = 0;
  virtual Count count(const store::Filter& filter) = 0;
  virtual std::vector<FeedScore> feed_scores() = 0;
  // Of `upload`'s bytes; nothing is stored. Errors: unavailable.
  virtual Result<Preview> preview(const Upload& upload, std::size_t rows_most) = 0;
  virtual std::vector<FormatRow> formats() = 0;

  // Copies the whole state into a new folder of the node's machine.
  virtual Result<void> backup(const std::string& folder) = 0;
  virtual Health health() = 0;

  // Operations.
  virtual NodeState state() = 0;
  virtual Result<void> resume() = 0;
  virtual Result<std::vector<ExerciseRow>> exercises(const Patience& patience) = 0;
  virtual Result<SituationRow> issue_situation(const SituationAsk& ask,
                                               const Patience& patience) = 0;
  virtual Result<std::vector<SituationRow>> situations() = 0;
  virtual Result<SituationPage> situation_html(const std::string& id) = 0;

  virtual Result<std::vector<SearchHit>> search(const std::string& text, const Patience&) = 0;
  virtual Result<std::vector<LineHit>> search_lines(const std::vector<std::string>& lines,
                                                    const Patience& patience) = 0;
  virtual LiveCounters counters() = 0;
  virtual News news(std::size_t samples_most, std::size_t changed_most) = 0;

  // Null: the node is no member of a network.
  virtual share::Ledger* ledger() = 0;
  virtual share::Partners* partners() = 0;
  virtual share::Agreements* agreements() = 0;
  virtual share::Shelves* shelves() = 0;
  // A stream that tells a member when there is something new for it.
  virtual Result<std::shared_ptr<EventStream>> hint_members(const std::string& member) = 0;
  virtual void tell_partners() = 0;               // what is due, now
  virtual Result<void> member_key_changed() = 0;  // the ledger signs with it from here on

  virtual hunt::Indicators& indicators() = 0;
  virtual share::Requests* requests() = 0;
  virtual share::Opinions* opinions() = 0;
  virtual share::MispFeeds* misp() = 0;  // nullptr: this node shares with nobody
  virtual share::Emergencies* emergencies() = 0;
  virtual Result<PartnerView> partner_view(const std::string& member, const EventsAsk& ask,
                                           const Patience& patience) = 0;
  virtual share::Statistics* statistics() = 0;
  virtual Result<std::vector<share::PushState>> pushes() = 0;  // how each stands
};

}  // namespace tocsin::api
