// A backend with one made-up answer for each call, every member filled. For tests.
#pragma once

#include "api/backend.h"
#include "model/country.h"

namespace tocsin::api {

class FakeBackend final : public Backend {
 public:
  static constexpr TimeUs day_one = 1'767'225'600 * us_per_s;  // 2026-01-01
  static FindingRow row() {
    FindingRow row{.as_name = "Example Net"};
    Finding& f = row.finding;
    f.key = {.high = 1, .low = 2};
    f.severity = Severity::critical;
    f.type = Type::infected_system;
    f.subject_kind = SubjectKind::address;
    f.ip = Ip::from_v4(0xc0000229);
    f.subject = "192.0.2.41";
    f.family = "mirai";
    f.identifier = "sinkhole";
    f.port = 502;
    f.transport = Transport::tcp;
    f.asn = 64496;
    f.country = *Country::parse("BR");
    f.controller_country = *Country::parse("NL");
    f.controller = "198.51.100.23";
    f.controller_reason = ControllerReason::feed;
    f.first = day_one;
    f.last = day_one + us_per_day;
    f.times = 214;
    f.feeds = {"shadowserver", "n6"};
    f.tlp = Tlp::amber;
    return row;
  }

  std::string last_cursor{}, enabled{};
  FindingsAsk last_findings{};
  bool ready = true;

  NodeInfo info() override {
    return {.name = "CERT Alfa",
            .host = "node-1.example.org",
            .country = "BR",
            .geo_date = "2022-10-29",
            .geo_age_days = 1485};
  }
  Result<FindingsPage> findings(const FindingsAsk& ask, const Patience&) override {
    last_findings = ask;
    if (ask.cursor == "two") return FindingsPage{.items = {row()}};
    return FindingsPage{.items = {row(), row()}, .next = "two", .total = 3};
  }
  Result<FindingsSummary> summary(const store::Filter&, const Patience&) override {
    return FindingsSummary{.total = 3,
                           .subjects = 2,
                           .states = {{"open", 3}},
                           .tabs = {{"all", 3}},
                           .types = {{"infected-system", 3}},
                           .histogram_start = 20454,
                           .histogram = {1, 2}};
  }
  Result<FindingDetail> finding(const Hash128& key, const Patience&) override {
    if (key != row().finding.key) return missing("no such finding");
    return FindingDetail{
        .row = row(),
        .history = {{.at = day_one, .what = "first seen", .detail = "d", .feed = "n6"}},
        .days = {{20454, 7}},
        .same_network = 4,
        .same_controller = 11,
        .database_date = "2022-10-29",
        .prefix = "192.0.2.0/24",
        .registered_domain = "example.org"};
  }
  Result<EventsPage> finding_events(const Hash128&, const EventsAsk&, const Patience&) override {
    return event_page();
  }
  Result<FindingWhy> why(const Hash128&, const Patience&) override {
    return FindingWhy{.rows = {"{\"a\":1}"}, .feeds = {"{\"name\":\"n6\"}"}, .rules = {"a rule"}};
  }
  Result<EventsPage> events(const EventsAsk& ask, const Patience&) override {
    last_cursor = ask.cursor;
    return event_page();
  }
  static EventsPage event_page() {
    return {.items = {R"({"id":"e_1","source":{"ip":"192.0.2.41"},"malware":{"name":"=cmd"}})"}};
  }
  Result<StatsAnswer> stats(const StatsAsk& ask, const Patience&) override {
    Span span{.since = day_one, .until = day_one + 31 * us_per_day};
    return StatsAnswer{.definition = "distinct addresses",
                       .cut = ask.cut,
                       .span = span,
                       .before = span,
                       .feeds = {"n6"},
                       .rows = {{.key = R"({"country":"BR"})",
                                 .now = {10, 20},
                                 .addresses4 = 8,
                                 .addresses6 = 1,
                                 .names = 1,
                                 .before = Pair{5, 6},
                                 .change_percent = 100.0,
                                 .feeds_changed_percent = 1.5,
                                 .distinct_daily_mean = 3.5,
                                 .feeds_new = {"a"},
                                 .feeds_gone = {"b"},
                                 .controllers = Steering{1, 2, 3}}},
                       .series = {{.start = 20454, .now = {1, 2}, .before = Pair{3, 4}}},
                       .notes = {note()}};
  }
  static Note note() {
    return {.kind = "feed-new", .feed = "n6", .text = "new", .href = "/feeds/n6", .since = day_one};
  }
  Result<Overview> overview(const OverviewAsk&, const Patience&) override {
    Compared count{.distinct = 10, .before = 5, .change_percent = 100.0, .is_new = true};
    Span span{.since = day_one, .until = day_one + us_per_day};
    return Overview{
        .period = span,
        .before = span,
        .country = "BR",
        .headline = Overview::Headline{.count = count,
                                       .same_feeds_points = 1.0,
                                       .feeds_changed_points = 2.0,
                                       .feeds_new = {"n6"},
                                       .controllers = {1, 2, 3},
                                       .sentence = "more"},
        .tiles = {{.id = "findings-open",
                   .change_label = "in 30 days",
                   .value = 3,
                   .change_percent = -2.1,
                   .spark = {1, 2}}},
        .weekly = {{.start = 20454, .distinct = 1, .before = 2}},
        .map = {{.country = "BR", .affected = 1, .controllers = 2, .affected_per_100k = 0.5}},
        .classes = {{.id = "infected",
                     .title = "Infected",
                     .value = 1,
                     .change_percent = 2.0,
                     .series = {1},
                     .before = {2}}},
        .families = {{.family = "mirai", .count = count}},
        .networks = {{.asn = 64496, .as_name = "Example Net", .count = count}},
        .controllers = {{.controller = "198.51.100.23", .country = "NL", .count = count}},
        .needs = {note()},
        .changes = {note()}};
  }
  Result<std::vector<CountryRow>> countries() override {
    return std::vector<CountryRow>{{.code = "BR", .name = "Brazil", .announced = 87654321}};
  }
  static FeedRow feed_row() {
    return {.name = "n6",
            .title = "n6",
            .collector = "http",
            .format = "n6",
            .state = "on time",
            .schedule = "hourly",
            .tlp = "amber",
            .enabled = true,
            .last_success = day_one,
            .next = day_one,
            .error_at = day_one,
            .error = "refused",
            .lag_s = 1.5,
            .usual_hour = 7.0,
            .events_24h = 1,
            .events_total = 2,
            .rejected_24h = 3,
            .hours = {1, 2},
            .delay = FeedDelay{1, 2, 3, {{60, 0.5}}},
            .terms = {.text = "free",
                      .url = "https://example.org",
                      .redistribution = ingest::Permission::ask,
                      .interval_least_s = 3600}};
  }
  Result<std::vector<FeedRow>> feeds() override { return std::vector{feed_row()}; }
  Result<FeedRow> feed(const std::string& name) override {
    if (name != "n6") return missing("no feed '" + name + "'");
    return feed_row();
  }
  Result<void> enable_feed(const std::string& name, bool accept_terms,
                           const std::string& user) override {
    if (!accept_terms) return invalid("its terms must be accepted");
    enabled = name + " by " + user;
    return {};
  }
  Result<void> disable_feed(const std::string&, const std::string& user) override {
    enabled = "off by " + user;
    return {};
  }
  Result<void> backup(const std::string&) override { return {}; }
  Result<void> run_feed(const std::string&) override { return {}; }
  Result<std::vector<CatalogueRow>> catalogue() override {
    return std::vector<CatalogueRow>{{.name = "n6",
                                      .title = "n6",
                                      .provider = "example",
                                      .url = "https://example.org",
                                      .format = "n6",
                                      .key_name = "n6.key",
                                      .state = "live",
                                      .key_needed = true,
                                      .terms = {.text = "free"}}};
  }
  static ReportRow report_row() {
    return {.id = "r_1",
            .feed = "n6",
            .name = "a.csv",
            .state = "done",
            .error = "e",
            .type = "t",
            .sha256 = "00",
            .received = day_one,
            .size_bytes = 10,
            .seq = 7,
            .events = 1,
            .duplicates = 2,
            .rejected = 3};
  }
  Result<ReportRow> take_report(Upload) override { return report_row(); }
  Result<ReportsPage> reports(const ListAsk&) override {
    return ReportsPage{.items = {report_row()}, .next = "2", .total = 9};
  }
  Result<ReportRow> report(const std::string&) override { return report_row(); }
  Result<QuarantinePage> quarantine(const ListAsk&) override {
    return QuarantinePage{.items = {{.id = "q_1",
                                     .feed = "n6",
                                     .report = "r_1",
                                     .reason = "bad",
                                     .bytes = "x",
                                     .state = "kept",
                                     .line = 3,
                                     .at = day_one}},
                          .next = "2",
                          .total = 1};
  }
  Result<std::vector<QuarantineGroup>> quarantine_groups() override {
    return std::vector<QuarantineGroup>{
        {.feed = "n6", .reason = "bad", .count = 2, .first = day_one, .last = day_one}};
  }
  Result<ReplayOutcome> replay(const QuarantinePick&) override { return ReplayOutcome{1, 2}; }
  Result<Count> drop(const QuarantinePick&) override { return Count{2}; }
  Health health() override {
    return {.ready = ready,
            .checks = {{.name = "disk", .text = "full", .what_to_do = "free space", .ok = false}},
            .followers = {{.name = "columns", .seq = 7, .lag_s = 0.1}},
            .disk_free_bytes = 1,
            .memory_bytes = 2};
  }
  Result<std::vector<SearchHit>> search(const std::string&, const Patience&) override {
    return std::vector<SearchHit>{
        {.kind = "address", .text = "192.0.2.41", .detail = "1 finding", .href = "/findings"}};
  }
  Result<std::vector<LineHit>> search_lines(const std::vector<std::string>& lines,
                                            const Patience&) override {
    std::vector<LineHit> hits;
    for (const auto& line : lines) hits.push_back({.line = line, .kind = "address", .href = "/f"});
    return hits;
  }
  LiveCounters counters() override { return {.events_per_s = 1, .events_today = 2}; }
  News news(std::size_t, std::size_t) override { return {}; }
};

}  // namespace tocsin::api
