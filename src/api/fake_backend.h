// A backend with one made-up answer for each call, every member filled. For tests.
#pragma once

#include "api/backend.h"
#include "model/country.h"
#include "share/pushes.h"
#include "temporary_folder.h"

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

  std::size_t feeds_count = 1;  // of feeds, and of the catalogue
  FindingsAsk last_findings{};
  bool ready = true;
  Tlp tlp = Tlp::amber;  // of the findings that are shown

  FindingRow shown() const {
    FindingRow one = row();
    one.finding.tlp = tlp;
    return one;
  }

  NodeInfo info() override {
    return {.name = "CERT Alfa",
            .host = "node-1.example.org",
            .country = "BR",
            .geo_date = "2022-10-29",
            .geo_age_days = 1485};
  }
  Result<FindingsPage> findings(const FindingsAsk& ask, const Patience&) override {
    last_findings = ask;
    if (ask.cursor == "two") return FindingsPage{.items = {shown()}};
    return FindingsPage{.items = {shown(), shown()}, .next = "two", .total = 3};
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
        .row = shown(),
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
    return FindingWhy{
        .tlp = tlp, .rows = {"{\"a\":1}"}, .feeds = {"{\"name\":\"n6\"}"}, .rules = {"a rule"}};
  }
  Result<EventsPage> events(const EventsAsk& ask, const Patience&) override {
    last_cursor = ask.cursor;
    return event_page();
  }
  static EventsPage event_page() {
    return {.items = {R"({"id":"e_1","source":{"ip":"192.0.2.41"},"malware":{"name":"=cmd"}})"}};
  }
  Result<SeriesAnswer> series(const SeriesAsk& ask) override {
    return SeriesAnswer{.what = "family",
                        .where = "country",
                        .step = ask.step,
                        .span = {.since = day_one, .until = day_one + us_per_hour},
                        .groups = 1,
                        .rows = {{.key = R"({"country":"BR","family":"mirai"})",
                                  .events = 7,
                                  .feeds = {"n6"},
                                  .watermark = day_one,
                                  .ticks = {{.start = day_one,
                                             .events = 7,
                                             .subjects = 3,
                                             .partial = true,
                                             .total = Range{7, 12},
                                             .expected = 4.5,
                                             .interval = Range{1, 9}}}}},
                        .notes = {{.kind = "keys", .text = "too many"}}};
  }
  Result<std::vector<std::string>> warnings(const WarningsAsk&) override {
    return std::vector<std::string>{
        R"({"id":"w_0000000000000001","keys":["scanner 22/tcp country=BR feed=n6"],)"
        R"("state":"opened","severity":"high","score":61.5,"resolution":"15m",)"
        R"("opened":"2026-01-01T00:00:00Z","p":1e-9,"false_a_week":0.001,"events":90,)"
        R"("expected_events":30.5,"ratio":3,"highest_ratio":3,"text":"rising"})"};
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
                                 .same_feeds_points = 98.5,
                                 .feeds_changed_points = 1.5,
                                 .distinct_daily_mean = 3.5,
                                 .feeds_new = {"a"},
                                 .feeds_gone = {"b"},
                                 .controllers = Steering{1, 2, 3},
                                 .controllers_before = Steering{1, 1, 3}}},
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
  Result<std::vector<FeedRow>> feeds() override {
    std::vector<FeedRow> rows(feeds_count, feed_row());
    for (std::size_t i = 1; i < rows.size(); ++i) rows[i].name += std::to_string(i);
    return rows;
  }
  Result<FeedRow> feed(const std::string& name) override {
    if (name != "n6") return missing("no feed '" + name + "'");
    return feed_row();
  }
  Result<void> enable_feed(const std::string& name, const FeedTick& tick) override {
    if (!tick.accept_terms) return invalid("its terms must be accepted");
    enabled = name + " by " + tick.user;
    if (!tick.username.empty()) enabled += " as " + tick.username;
    return {};
  }
  Result<void> disable_feed(const std::string&, const std::string& user) override {
    enabled = "off by " + user;
    return {};
  }
  static alert::Constituent constituent() {
    alert::Constituent c{.id = 12, .name = "Example Bank"};
    c.sector = "finance";
    c.language = "pt";
    c.country = *Country::parse("BR");
    c.provider = true;
    c.whole_country = true;
    c.prefixes = {*ip::parse_network("192.0.2.0/24")};
    c.asns = {64496};
    c.names = {"bank.example.org"};
    c.contacts = {"soc@bank.example.org"};
    return c;
  }
  static alert::AlertRow alert_row() {
    return {.id = 7,
            .bundle = 3,
            .constituent = 12,
            .channel = "mail",
            .contact = "soc@bank.example.org",
            .at_once = true,
            .day = times::day_of(day_one),
            .message_id = "tocsin.7@example.org",
            .tries = 1,
            .next = day_one,
            .made = day_one,
            .done = day_one,
            .error = "later",
            .items = 2};
  }
  static alert::Preview letter() {
    return {.constituent = "Example Bank",
            .contact = "soc@bank.example.org",
            .channel = "mail",
            .subject = "TLP:AMBER 1 problem",
            .text = "TLP:AMBER",
            .csv = "subject",
            .xarf = "{}",
            .bytes = "Subject: TLP:AMBER 1 problem",
            .findings = 1,
            .withheld = 1};
  }
  std::shared_ptr<const alert::Directory> constituents() override {
    return std::make_shared<alert::Directory>(std::vector{constituent()});
  }
  Result<alert::ImportPlan> import_constituents(std::string_view,
                                                const alert::ImportWish&) override {
    alert::ImportPlan plan;
    plan.read = plan.added = 1;
    plan.changes = {{"Example Bank", "added", "prefixes +192.0.2.0/24"}};
    plan.errors = {{3, "name is missing"}};
    plan.disputed = {"192.0.2.0/24: A, B"};
    plan.without_letters = {"de: 1 constituent"};
    return plan;
  }
  Result<void> remove_constituent(std::uint64_t) override { return {}; }
  Result<alert::AlertsState> alerts_state() override {
    return alert::AlertsState{.on = true,
                              .on_by = "ana",
                              .dry_run_by = "ana",
                              .unready = "no mail server",
                              .on_since = day_one,
                              .dry_run_at = day_one,
                              .next_digest = day_one,
                              .waiting = 4,
                              .languages = {"en", "pt"},
                              .letters = {"pt: 1 sentence is in English"},
                              .without_letters = {"de: 1 constituent"}};
  }
  Result<std::vector<alert::AlertRow>> alerts(const alert::Outbox::Ask&) override {
    return std::vector{alert_row()};
  }
  Result<alert::Preview> preview_alert(std::uint64_t) override { return letter(); }
  Result<alert::Preview> preview_constituent(std::uint64_t) override { return letter(); }
  Result<alert::Explained> explain_alert(const Hash128&) override {
    alert::Explained e{.judgement = {.verdict = alert::Verdict::tell,
                                     .decision = {1, alert::AssetKind::prefix, 1}}};
    e.constituent = "Example Bank";
    e.asset = "192.0.2.0/24";
    e.sentence = "Example Bank is told";
    e.constituent_id = 12;
    e.contacts = {"soc@bank.example.org"};
    e.facts = {"seen"};
    e.withheld_facts = {"feeds"};
    e.items = {{.id = 1, .severity = Severity::high, .constituent = 12, .at = day_one}};
    e.alerts = {alert_row()};
    e.next = "it goes out at once";
    e.preview = "TLP:AMBER";
    return e;
  }
  std::vector<std::string> morning() override { return {"New findings: 3."}; }
  Result<alert::DryRun> dry_run_alerts(const std::string&) override {
    alert::DryRun run;
    run.messages = {{.constituent = 12,
                     .name = "Example Bank",
                     .contact = "soc@bank.example.org",
                     .channel = "mail",
                     .subject = "TLP:AMBER 1 problem",
                     .findings = 1,
                     .at_once = true}};
    run.count = run.constituents = run.findings = run.not_told = 1;
    run.problems = {"no mail server"};
    return run;
  }
  Result<void> switch_alerts(bool, const std::string&) override { return {}; }
  Result<alert::RunOutcome> run_alerts(bool) override {
    return alert::RunOutcome{.made = 1, .sent = 1, .problem = "no answer"};
  }
  Result<std::uint64_t> replay_alerts(const std::vector<std::uint64_t>&) override { return 1; }
  Result<std::vector<alert::AlertRow>> bounce_alert(std::string_view) override {
    return std::vector{alert_row()};
  }

  Result<void> backup(const std::string&) override { return {}; }
  Result<void> run_feed(const std::string&) override { return {}; }
  Result<std::vector<CatalogueRow>> catalogue() override {
    std::vector<CatalogueRow> rows(feeds_count, {.name = "n6",
                                                 .title = "n6",
                                                 .provider = "example",
                                                 .url = "https://example.org",
                                                 .format = "n6",
                                                 .key_name = "n6.key",
                                                 .state = "live",
                                                 .state_date = "2026-03-24",
                                                 .key_needed = true,
                                                 .username_needed = true,
                                                 .terms = {.text = "free"}});
    for (std::size_t i = 1; i < rows.size(); ++i) rows[i].name += std::to_string(i);
    return rows;
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
  static WithdrawalRow withdrawal_row() {
    return {.report = "r_1",
            .by = "analyst",
            .reason = "the provider took it back",
            .at = 1'700'000'000'000'000,
            .events = 3,
            .days = 1,
            .seq = 7,
            .others = {"r_2"},
            .told = {{"alert", "example", "cert@example.org", 1'700'000'000'000'000}}};
  }
  Result<WithdrawalRow> withdraw(const std::string&, const std::string&,
                                 const std::string&) override {
    return withdrawal_row();
  }
  Result<std::optional<WithdrawalRow>> withdrawal(const std::string&) override {
    return std::optional(withdrawal_row());
  }
  Result<Replacement> replace(ReplaceAsk) override {
    return Replacement{report_row(), withdrawal_row()};
  }
  Result<RawBytes> raw(const std::string&) override { return missing("its bytes are not kept"); }
  Result<TracesRow> traces(const std::string& value) override {
    return TracesRow{.value = value, .kind = "name", .events = 2, .reports = {"r_1"}};
  }
  Result<void> export_subject(
      const std::string&, const std::function<Result<void>(std::string_view json)>& line) override {
    return line("{\"event\":{\"source.ip\":\"192.0.2.7\"}}");
  }
  Result<ErasureRow> erase_subject(const std::string&, const std::string& reason,
                                   const std::string& user) override {
    return ErasureRow{.id = "e_1", .by = user, .reason = reason, .state = "done", .at = 1};
  }
  Result<std::vector<ErasureRow>> erasures() override {
    return std::vector<ErasureRow>{
        {.id = "e_1", .by = "x", .reason = "request", .state = "done", .at = 1}};
  }
  static HoldRow hold_row() {
    return {.id = "h_1", .kind = "report", .what = "r_1", .reason = "a court", .by = "x", .at = 1};
  }
  Result<std::vector<HoldRow>> holds() override { return std::vector<HoldRow>{hold_row()}; }
  Result<HoldRow> hold(HoldRow) override { return hold_row(); }
  Result<HoldRow> lift_hold(const std::string&, const std::string&) override { return hold_row(); }
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
  NodeState state() override { return {}; }
  Result<void> resume() override { return {}; }
  Result<std::vector<ExerciseRow>> exercises(const Patience&) override {
    return std::vector<ExerciseRow>{{.feed = "drill", .type = "infected-system", .events = 1}};
  }
  Result<SituationRow> issue_situation(const SituationAsk& ask, const Patience&) override {
    if (ask.period != "2026-10") return invalid("no such period");
    return SituationRow{.id = "S-2026-10-team-1", .period = ask.period, .audience = "team"};
  }
  Result<std::vector<SituationRow>> situations() override { return std::vector<SituationRow>{}; }
  Result<SituationPage> situation_html(const std::string&) override {
    return SituationPage{.html = "<!doctype html><title>x</title>", .tlp = tlp};
  }

  store::Triage& triage() override { return *stores().triage; }
  store::Cases& cases() override { return *stores().cases; }
  store::Views& views() override { return *stores().views; }
  hunt::Indicators& indicators() override { return *stores().indicators; }
  share::Ledger* ledger() override { return stores().ledger.get(); }
  share::Partners* known_partners = nullptr;  // set by tests that have some
  share::Agreements* known_agreements = nullptr;
  share::Shelves* known_shelves = nullptr;
  share::MispFeeds* known_misp = nullptr;
  share::Requests* known_requests = nullptr;
  share::Opinions* known_opinions = nullptr;
  share::Requests* requests() override { return known_requests; }
  share::Opinions* opinions() override { return known_opinions; }
  share::Partners* partners() override { return known_partners; }
  share::Agreements* agreements() override { return known_agreements; }
  share::MispFeeds* misp() override { return known_misp; }
  share::Shelves* shelves() override { return known_shelves; }
  share::Statistics* known_statistics = nullptr;
  share::Statistics* statistics() override { return known_statistics; }
  share::Emergencies* known_emergencies = nullptr;
  share::Emergencies* emergencies() override { return known_emergencies; }
  Result<std::vector<share::PushState>> pushes() override { return known_pushes; }
  std::vector<share::PushState> known_pushes;
  Result<PartnerView> partner_view(const std::string&, const EventsAsk& ask,
                                   const Patience&) override {
    last_view = ask;
    PartnerView view{.looked_at = 2, .goes = 1};
    policy::Decision goes{.released = true, .sentence = "released"};
    policy::Decision stays{.reason = policy::Reason::tlp_red, .clause = policy::Clause::marking};
    stays.sentence = "withheld by clause 4 (marking): it is TLP:RED";
    std::string id(64, 'a');
    view.items.push_back(
        {.event = "{\"id\":\"e_1\"}",
         .tlp = Tlp::green,
         .sight = {.under = {{id, goes}}, .goes = 0, .told = "{\"tlp\":\"green\"}"}});
    view.items.push_back(
        {.event = "{\"id\":\"e_2\"}", .tlp = Tlp::red, .sight = {.under = {{id, stays}}}});
    view.withheld[policy::Clause::marking] = 1;
    return view;
  }
  EventsAsk last_view;
  Result<std::shared_ptr<EventStream>> hint_members(const std::string&) override {
    return missing("no network");
  }
  void tell_partners() override {}
  Result<void> member_key_changed() override { return {}; }
  Result<FindingRow> finding_row(const Hash128& key) override {
    if (key != row().finding.key) return missing("no such finding");
    FindingRow found = row();
    found.judged = triage().judged(found.finding);
    return found;
  }
  Result<std::vector<Hash128>> finding_keys(const store::Filter&, std::size_t) override {
    return std::vector<Hash128>{row().finding.key};
  }
  Count count(const store::Filter& filter) override {
    bool of_marking = !filter.all.empty() && filter.all.back().field == store::FilterField::tlp;
    return of_marking && tlp <= Tlp::amber ? 0 : 1;
  }
  std::vector<FeedScore> feed_scores() override {
    return {{.feed = "n6",
             .title = "n6",
             .advice = "drop it",
             .findings = 9,
             .open = 4,
             .unique = 1,
             .judged = 3,
             .false_positive = 1,
             .unique_false = 1,
             .overlaps = {{"shadowserver", 8}},
             .delay_p50_s = 60}};
  }
  Result<Preview> preview(const Upload& upload, std::size_t) override {
    return Preview{.format = upload.format,
                   .error = "half",
                   .events = {"{}"},
                   .events_total = 1,
                   .rejected = 1,
                   .rejects = {{2, "bad"}}};
  }
  std::vector<FormatRow> formats() override { return {{"csv", "a table"}}; }
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

 private:
  // The real stores, in a folder of their own; opened when a test first asks.
  struct Stores {
    TemporaryFolder folder;
    Dictionary words;
    std::unique_ptr<store::Journal> journal;
    std::unique_ptr<store::Triage> triage;
    std::unique_ptr<store::Cases> cases;
    std::unique_ptr<store::Views> views;
    std::unique_ptr<hunt::Indicators> indicators;
    SigningKey key = *SigningKey::from_seed(std::string(32, 'k'));
    std::unique_ptr<share::Ledger> ledger;
  };
  Stores& stores() {
    if (stores_) return *stores_;
    auto now = [] { return day_one; };
    stores_ = std::make_unique<Stores>();
    stores_->journal = *store::Journal::open(stores_->folder.file("journal.db"), stores_->words);
    stores_->triage = *store::Triage::open(*stores_->journal, now);
    stores_->cases = *store::Cases::open(*stores_->journal, stores_->folder.file("files"), now);
    stores_->views = *store::Views::open(*stores_->journal, now);
    stores_->indicators = *hunt::Indicators::open({.journal = *stores_->journal, .now = now});
    hunt::Claim claim{.source = {hunt::SourceKind::feed, "n6"},
                      .object = "indicator--1",
                      .type = Type::c2_server,
                      .family = "mirai",
                      .techniques = {"T1071"},
                      .confidence = 80};
    claim.severity = Severity::high;
    claim.tlp = tlp;
    claim.pap = Pap::green;
    claim.from = day_one;
    claim.until = day_one + 400 * us_per_day;
    claim.text = "seen";
    std::vector<hunt::Told> told{{{hunt::Kind::ip, "192.0.2.41"}, claim}};
    std::ignore = stores_->indicators->add(told);
    stores_->ledger = *share::Ledger::open({.journal = *stores_->journal,
                                            .node = "a.example.org",
                                            .key = stores_->key,
                                            .restored = {},
                                            .now = now});
    std::ignore = stores_->ledger->add(
        ledger::Release{.to = "b.example.org", .via = "taxii", .counts = {{"event", 0}}});
    std::ignore = stores_->ledger->add(ledger::Outcome{.of = 1, .outcome = "sent"});
    constexpr const char* none[] = {"CREATE TABLE fake_backend(x INTEGER)"};
    auto tables = *store::Tables::open(*stores_->journal, "fake_backend", none);
    std::ignore = tables.write([&](store::Sqlite& db) -> Result<void> {
      TRY(stores_->ledger->act(db, {.what = "signed", .with = "b.example.org"}, "Ana Silva"));
      return {};
    });
    return *stores_;
  }
  std::unique_ptr<Stores> stores_;
};

}  // namespace tocsin::api
