#include "node/node.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <malloc.h>
#include <pthread.h>
#include <sodium.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <condition_variable>
#include <filesystem>

#include "base/text.h"
#include "node/bundle.h"
#include "node/morning.h"
#include "node/outlook.h"
#include "node/pause.h"
#include "node/pipeline.h"
#include "node/upgrade.h"
#include "store/replay.h"

namespace tocsin::node {

namespace fs = std::filesystem;

namespace {

// What a bundle brought counts where the configuration says nothing of its own.
Result<void> add_bundled(Config& config, const Home& home) {
  const std::string& path = home.path();
  if (auto file = in_bundle(path, bundle_location); !file.empty())
    config.enrich.try_emplace("location_database", file);
  if (auto folder = in_bundle(path, bundle_lists); !folder.empty())
    config.enrich.try_emplace("warninglists", folder);
  auto feeds = in_bundle(path, bundle_feeds);
  if (feeds.empty()) return {};
  Config more = TRY(read_config(feeds, path));
  for (auto& feed : more.feeds) {
    auto same = [&](const ingest::Feed& own) { return own.name == feed.name; };
    if (std::ranges::none_of(config.feeds, same)) config.feeds.push_back(std::move(feed));
  }
  return {};
}

}  // namespace

Result<std::unique_ptr<Node>> Node::open(NodeOptions options) {
  Home home = TRY(Home::open(options.home));
  Config config;
  std::string path = options.config.empty() ? home.file("tocsin.toml") : options.config;
  if (!options.config.empty() || fs::exists(path)) config = TRY(read_config(path, home.path()));
  if (options.port >= 0) config.port = static_cast<std::uint16_t>(options.port);
  if (!options.feeds_file.empty()) {
    Config more = TRY(read_config(options.feeds_file, home.path()));
    config.feeds.insert(config.feeds.end(), more.feeds.begin(), more.feeds.end());
  }
  std::string part = fmt::format("{}/{}", home.path(), restoring);
  if (std::error_code failed; std::filesystem::exists(part, failed)) {
    if (!std::filesystem::exists(home.path() + "/journal.db", failed)) {
      return unavailable("a restore into " + text::quote(home.path()) +
                         " was not finished: run it again");
    }
    std::filesystem::remove(part, failed);
  }
  TRY(prepare_upgrade(home.path(), options.skip_copy));
  TRY(add_bundled(config, home));
  if (options.simulated && config.country.empty())
    config.country = *Country::parse("BR");  // the made-up world's
  auto node =
      std::unique_ptr<Node>(new Node(std::move(options), std::move(home), std::move(config)));
  TRY(node->open_stores());
  TRY(finish_upgrade(node->home()));
  return node;
}

Result<void> Node::open_stores() {
  std::error_code ignored;
  fs::remove_all(home_.file("scratch"), ignored);  // what a crash left
  if (auto pause = pause_of(home_.path())) paused_ = {pause->since, pause->why};
  journal_ = TRY(store::Journal::open(home_.file("journal.db"), words_));
  audit_ = TRY(store::Audit::open(*journal_));
  issues_ = TRY(store::Issues::open(*journal_, home_.file("situation")));
  columns_ = TRY(store::Columns::open(
      home_.file("columns"),
      {.memory_mb = config_.columns_memory_mb, .threads = config_.columns_threads}, words_));
  triage_ = TRY(store::Triage::open(*journal_, options_.now));
  cases_ = TRY(store::Cases::open(*journal_, home_.file("files"), options_.now));
  views_ = TRY(store::Views::open(*journal_, options_.now));
  findings_ = TRY(store::Findings::open(home_.file("findings"), words_));
  findings_->judge_by(*triage_);
  if (!findings_->damage().empty()) {
    spdlog::error("findings: {}: put aside as findings.snapshot.damaged", findings_->damage());
  }
  store::Counts::Key key = TRY(secret_key());
  counts_ = TRY(store::Counts::open(home_.file("counts"), key,
                                    {.memory_bytes = std::size_t{config_.counts_memory_mb} << 20,
                                     .threads = config_.counts_threads}));
  TRY(mend_stores());
  TRY(open_series(hash64({reinterpret_cast<const char*>(key.data()), key.size()})));
  enrichment_ = TRY(enrich::Enrichment::open(config_.enrich));
  live_ = std::make_unique<Live>(words_, options_.now);
  live_->open_findings(findings_->open_count());
  corrections_ = TRY(Corrections::open({.journal = *journal_,
                                        .columns = *columns_,
                                        .findings = *findings_,
                                        .counts = *counts_,
                                        .series = *series_,
                                        .controllers = controllers_,
                                        .words = words_,
                                        .home = home_.path(),
                                        .now = options_.now}));
  foreign_ = TRY(store::Foreign::open(*journal_));
  raw_ = TRY(store::Raw::open(*journal_, home_.file("raw")));
  law_ = TRY(Law::open(
      {.journal = *journal_,
       .columns = *columns_,
       .findings = *findings_,
       .counts = *counts_,
       .raw = *raw_,
       .corrections = *corrections_,
       .words = words_,
       .home = home_.path(),
       .key = key,
       .mask = config_.mask_erased,
       .now = options_.now,
       .rested = [this](const auto& work) { return followers_->paused(work); },
       .prune = [this](std::uint64_t seq) -> Result<void> {
         std::lock_guard keep(keep_journal_);
         std::error_code none;  // what a stop left of a backup, which holds this
         fs::remove_all(home_.file("columns") + "/backup", none);
         return journal_->prune(seq);
       },
       .reworded = [this](const auto& work) -> Result<void> {
         auto done = triage_->reload_after(work);
         feeds_->reword();
         return done;
       },
       .audited = [this](const auto& rewrite) { return mask_acts(rewrite); },
       .forget_indicators = [this](const auto& names) { return forget_told(names); },
       .told_by_others = [this](const auto& is_told) { return is_told_by_others(is_told); }}));
  journal_->rewrite_words([this](std::string_view word) {
    return law_->names_erased(word) ? std::optional<std::string>("(erased)") : std::nullopt;
  });
  audit_->mask_by([this](std::string_view text) { return law_->masked_for_audit(text); });
  corrections_->held = [this](const store::ReportRow& row) -> Result<std::optional<std::string>> {
    auto hold = TRY(law_->hold_of(row));
    if (!hold) return std::optional<std::string>();
    return std::optional(hold->id == 0 ? hold->reason
                                       : fmt::format("hold h_{}: {}", hold->id, hold->reason));
  };
  if (!config_.member.empty()) TRY(open_offers());
  TRY(open_indicators());
  TRY(open_alerts());
  TRY(open_sharing());  // before anything asks what partners allow
  corrections_->take_out = [this](const auto& report) { return take_out_told(report); };
  corrections_->told = [this](const auto& findings) { return told_of(findings); };
  law_->case_subjects = [this](const std::string& id) { return subjects_of_case(id); };
  followers_ = std::make_unique<Followers>(
      *journal_,
      node::followers(
          {.columns = *columns_,
           .findings = *findings_,
           .counts = *counts_,
           .live = *live_,
           .corrections = *corrections_,
           .router = alerts_->router(),
           .is_news = [this](const EventBatch& batch) { return is_news(batch); },
           .last_seq = journal_->last_seq(),
           .drop_events = [this] { return drop_events(); },
           .first_counts = [this] { return first_kept(config_.exact_counts_months); },
           .series = *series_,
           .outlook = *outlook_,
           .constituents = [this](const EventBatch& batch) { return constituents_of(batch); },
           .offers = offers_.get(),
           .offered_days = config_.offered_days}));
  followers_->start();
  std::uint64_t stored = columns_->watermark();  // before the days are asked for: it moves
  auto days = TRY(columns_->days());
  TRY(learn_controllers());
  // Events of the journal that are not in the columns yet belong to days that must be loaded too,
  // and their controllers are known.
  for (std::uint64_t seq = stored + 1; seq <= journal_->last_seq(); ++seq) {
    auto batch = TRY(journal_->batch(seq));
    if (batch) controllers_.learn(*batch);
    for (std::size_t i = 0; batch && i < batch->size(); ++i) {
      if (days.empty() || days.back() != store::duplicate_day(*batch, i))
        days.push_back(store::duplicate_day(*batch, i));
    }
  }
  auto load = [this](Day day) -> Result<std::vector<Hash128>> {
    if (!followers_->wait_visible(journal_->last_seq(), std::chrono::minutes(5), "columns")) {
      return unavailable("the columns do not catch up");
    }
    return columns_->hashes(day);
  };
  duplicates_ = std::make_unique<store::Duplicates>(std::size_t{config_.duplicates_memory_mb} << 20,
                                                    std::move(days), load);
  feeds_ = TRY(Feeds::open(config_, *journal_, home_.path(), options_.now));
  feeds_->may_take = [this](const ingest::Feed& feed) { return ingress_->may_take(feed.name); };
  feeds_->hidden = [this](std::string_view error) { return law_->without_erased(error); };
  intake_ = std::make_unique<Intake>(Intake::Parts{
      .journal = *journal_,
      .words = words_,
      .duplicates = *duplicates_,
      .followers = *followers_,
      .enrichment = *enrichment_,
      .controllers = controllers_,
      .law = *law_,
      .home = home_.path(),
      .now = options_.now,
      .committed = [this](const ingest::Feed& feed,
                          const EventBatch& batch) { feeds_->committed(feed, batch); },
      .ended =
          [this](const store::ReportRow& row) {
            feeds_->ended(row);
            ingress_->ended(row);
          },
      .judge = [this](const ingest::Feed& feed) { return judge_of(feed.name); },
      .recalls = [this](const ingest::Feed& feed) { return recalls_of(feed); },
      .keep_raw = [this](const ingest::Feed& feed,
                         const store::ReportRow& row) { keep_raw(feed, row); },
      .others = [this](const ingest::Feed& feed, std::uint64_t report,
                       auto refuse) { return others_of(feed.name, report, std::move(refuse)); }});
  TRY(corrections_->start(*followers_, *duplicates_));
  TRY(intake_->resume([this](const std::string& name) { return feeds_->named(name); }));
  TRY(corrections_->end_replacements());
  if (auto done = law_->resume(); !done)
    spdlog::error("an erasure goes on at the next start: {}", done.error().what);
  pruner_ = std::jthread([this](const std::stop_token& stop) { prune(stop); });
  packer_ = std::jthread([this](const std::stop_token& stop) { pack_raw(stop); });
  hunter_ = std::jthread([this](const std::stop_token& stop) { look_back(stop); });
  if (offering_) offerer_ = std::jthread([this](const std::stop_token& stop) { offer(stop); });
  malloc_trim(0);  // what reading the tables took
  return {};
}

// What is absent or damaged is made anew from the columns, which keep the events that the journal
// has dropped.
Result<void> Node::mend_stores() {
  auto is_gone = [this](std::uint64_t seq) -> Result<bool> {
    if (seq > journal_->last_seq()) return false;
    return !TRY(journal_->batch(seq));
  };
  std::uint64_t stored = columns_->watermark();
  if (TRY(is_gone(stored + 1))) {
    return unavailable(
        fmt::format("the columns end at batch {}, the journal begins later: files are missing in "
                    "{}; put them back from a backup",
                    stored, text::quote(home_.file("columns"))));
  }
  auto catch_up = [&](std::string_view name, auto& store, std::uint64_t watermark,
                      auto take) -> Result<void> {
    if (!TRY(is_gone(watermark + 1))) return {};
    spdlog::warn("{}: what came after batch {} is made anew from the events", name, watermark);
    bool has_base = false;  // with what retention dropped
    if (name == "findings" && findings_->size() == 0) {
      TRY(findings_->begin_from_base());
      has_base = findings_->size() > 0;
    }
    std::uint64_t first = 0;
    TRY(store::replay(*columns_, {.after = watermark, .up_to = stored},
                      [&](EventBatch& batch) -> Result<void> {
                        if (first == 0) first = batch.seq;
                        return take(batch);
                      }));
    TRY(store.snapshot());
    if (first == watermark + 1 || has_base) return {};
    Day whole_from = TRY(columns_->whole_from());
    std::string from = times::format_day(whole_from);
    spdlog::error("{}: events before {} were dropped by retention and are not in it", name, from);
    return journal_->keep_value(fmt::format("begins.{}", name), from);
  };
  TRY(catch_up("findings", *findings_, findings_->watermark(), [&](EventBatch& batch) {
    findings_->apply(batch);
    return Result<void>{};
  }));
  findings_->settle();  // a snapshot may be older than what its last events settle
  TRY(catch_up("counts", *counts_, counts_->applied(),
               [&](EventBatch& batch) { return counts_->apply(batch); }));
  return mend_counts(*counts_, *columns_);
}

namespace {

// Kept by feed, "1 991": what the provider says of telling (-1: nothing), and the facts.
constexpr std::string_view consent_key = "consent.";

std::string consent_text(const policy::Consent& consent) {
  int tell = consent.tell_affected ? static_cast<int>(*consent.tell_affected) : -1;
  return fmt::format("{} {}", tell, consent.facts.bits());
}

policy::Consent consent_of_text(std::string_view kept) {
  policy::Consent consent{.tell_affected = false, .facts = {}};
  std::size_t blank = kept.find(' ');
  auto facts = blank == kept.npos ? std::nullopt : text::number(kept.substr(blank + 1));
  if (!facts) return consent;
  std::string_view tell = kept.substr(0, blank);
  if (tell == "-1") consent.tell_affected.reset();
  if (tell == "1") consent.tell_affected = true;
  for (std::size_t i = 0; i < policy::facts_count; ++i) {
    if ((*facts >> i & 1) != 0) consent.facts.add(static_cast<policy::Fact>(i));
  }
  return consent;
}

}  // namespace

// Of a feed that is configured no more stands what its provider said last; one that never was, such
// as of reports handed in by name, goes by its TLP label.
Result<void> Node::open_alerts() {
  auto consents = std::make_shared<std::map<std::string, policy::Consent, std::less<>>>();
  std::string all;
  auto kept = TRY(journal_->values(consent_key));
  for (const auto& [key, text] : kept)
    consents->emplace(key.substr(consent_key.size()), consent_of_text(text));
  for (const ingest::Feed& feed : config_.feeds) {
    auto known = consents->find(feed.name);
    std::string now = consent_text(feed.consent);
    if (known == consents->end() || consent_text(known->second) != now)
      TRY(journal_->keep_value(fmt::format("{}{}", consent_key, feed.name), now));
    (*consents)[feed.name] = feed.consent;
    all += fmt::format("{} {}\n", feed.name, static_cast<int>(feed.tlp));
  }
  for (const auto& [name, consent] : *consents)
    all += fmt::format("{} {}\n", name, consent_text(consent));
  for (const Network& network : config_.sensors) all += ip::format(network) + "\n";
  policy::Rules rules{.consent =
                          [this, consents](std::string_view feed) {
                            if (Feeds::is_partners(feed)) return ingress_->consent(feed);
                            auto at = consents->find(feed);
                            return at == consents->end() ? policy::Consent{} : at->second;
                          },
                      .sensors = config_.sensors,
                      .epoch = hash64(all)};
  alerts_ = TRY(alert::Alerts::open({.journal = *journal_,
                                     .findings = *findings_,
                                     .triage = triage_.get(),
                                     .settings = config_.alert,
                                     .rules = std::move(rules),
                                     .node = config_.name,
                                     .home = home_.path(),
                                     .simulated = is_simulated(),
                                     .is_played = [this](auto feed) { return is_played(feed); },
                                     .now = options_.now,
                                     .morning = [this] { return morning_lines(*this); }}));
  return {};
}

Result<std::vector<Told>> Node::told_of(
    const std::unordered_set<Hash128, Hash128::Hasher>& findings) const {
  std::vector<Told> told;
  auto directory = alerts_->book().directory();
  for (auto& sent : TRY(alerts_->outbox().sent(findings))) {
    auto whose = std::ranges::find(directory->all(), sent.constituent, &alert::Constituent::id);
    told.push_back({.what = "alert",
                    .whom = whose == directory->all().end()
                                ? alert::constituent_id(sent.constituent)
                                : whose->name,
                    .where = std::move(sent.contact),
                    .at = sent.at});
  }
  return told;
}

Result<std::vector<std::string>> Node::subjects_of_case(const std::string& id) const {
  auto number = text::number(id);
  if (!number) return invalid("no case " + text::quote(id));
  TRY(cases_->one(*number));
  auto filter = TRY(store::parse_filter("case:" + id, now()));
  std::vector<std::string> subjects;
  auto page = TRY(findings_->find({.filter = filter, .limit = findings_->size()}));
  for (const Finding& finding : page.items) {
    subjects.push_back(finding.subject_kind == SubjectKind::address ? ip::format(finding.ip)
                                                                    : finding.subject);
  }
  return subjects;
}

// Reports of exercises and of made-up worlds alert nobody. A node where all is made up may show how
// it would be: Alerts sends nothing there.
bool Node::is_news(const EventBatch& batch) const {
  return !is_played(words_.word(batch.feed));
}

bool Node::is_played(std::string_view feed) const {
  return std::ranges::any_of(config_.feeds, [&](const ingest::Feed& f) {
    return f.name == feed && (f.exercise || (f.simulated && !is_simulated()));
  });
}

// What the columns know of controllers, and which addresses are none.
Result<void> Node::learn_controllers() {
  auto sinks = TRY(journal_->values(enrich::sinks_key));
  for (const auto& [key, lines] : sinks) controllers_.know_sinks(lines);
  auto seen = TRY(columns_->seen_controllers(enrich::KnownControllers::controllers_max));
  for (const auto& c : seen) {
    controllers_.learn({.family = c.family,
                        .ip = c.ip,
                        .name = c.name,
                        .country = c.country,
                        .first = c.first,
                        .last = c.last});
  }
  return {};
}

// The node's secret, under which names become hashes in the counts: made once, kept in the journal.
Result<store::Counts::Key> Node::secret_key() {
  store::Counts::Key key{};
  std::string kept = TRY(journal_->value("node.key"));
  if (kept.size() != key.size() * 2) {
    randombytes_buf(key.data(), key.size());
    TRY(journal_->keep_value("node.key",
                             hex({reinterpret_cast<const char*>(key.data()), key.size()})));
    return key;
  }
  std::size_t used = 0;
  if (sodium_hex2bin(key.data(), key.size(), kept.data(), kept.size(), nullptr, &used, nullptr) !=
          0 ||
      used != key.size()) {
    return invalid("damaged journal: node.key");
  }
  return key;
}

// Drops journal rows that every follower can do without, and memory that nobody has used lately.
void Node::prune(const std::stop_token& stop) {
  pthread_setname_np(pthread_self(), "prune");
  std::mutex mutex;
  std::condition_variable_any wake;
  std::uint64_t pruned = 0;
  std::optional<std::chrono::steady_clock::time_point> forgot;
  auto rested = std::chrono::steady_clock::now();
  while (!stop.stop_requested()) {
    std::unique_lock lock(mutex);
    wake.wait_for(lock, stop, std::chrono::seconds(2), [] { return false; });
    if (auto tick = std::chrono::steady_clock::now();
        !forgot || tick > *forgot + std::chrono::hours(1)) {
      forgot = tick;
      if (auto done = forget_reports(stop); !done) spdlog::warn("journal: {}", done.error().what);
    }
    if (auto tick = std::chrono::steady_clock::now(); tick > rested + std::chrono::minutes(10)) {
      rested = tick;
      duplicates_->relax();
      malloc_trim(0);
    }
    std::unique_lock keep(keep_journal_, std::try_to_lock);
    std::uint64_t durable = followers_->durable();
    if (!keep || durable == UINT64_MAX || durable <= pruned) continue;
    if (auto done = journal_->prune(durable); !done) {
      spdlog::warn("journal: {}", done.error().what);
    } else {
      pruned = durable;
    }
  }
}

// Retention of what came in: reports, rejects, and the reports that quarantine keeps whole.
Result<void> Node::forget_reports(const std::stop_token& stop) {
  TimeUs before = times::start_of(first_kept(config_.events_months));
  TimeUs live_before = std::max(before, now() - us_per_hour);
  auto held = TRY(law_->held_reports());
  while (!stop.stop_requested() && TRY(journal_->forget_reports(before, live_before, held)) > 0) {
  }
  TRY(alerts_->outbox().forget_before(before));
  TRY(audit_->forget(times::start_of(first_kept(config_.audit_months)), now()));
  if (ledger_) TRY(ledger_->forget_items(before));
  if (sharing_) TRY(sharing_->shelves().prune());
  TRY(ingress_->forget_proofs(before));
  if (relay_) TRY(forget_told_before());
  std::error_code failed;
  for (const auto& entry : fs::directory_iterator(home_.file("quarantine"), failed)) {
    auto id = text::number(entry.path().filename().string());
    if (id && TRY(journal_->report(*id))) continue;
    std::error_code ignored;
    fs::remove(entry.path(), ignored);
  }
  return {};
}

// ---- reports as they came

void Node::keep_raw(const ingest::Feed& feed, const store::ReportRow& row) {
  std::uint64_t most = std::uint64_t{feed.raw_size_max_mb.value_or(config_.raw_size_max_mb)} << 20;
  if (feed.raw_days.value_or(config_.raw_days) == 0 || row.size_bytes > most) return;
  if (auto kept = raw_->keep(row.spool, row.sha256, row.size_bytes); !kept)
    spdlog::warn("report r_{}: {}", row.id, kept.error().what);
}

// Packs what came in, only while nobody else wants the processor.
void Node::pack_raw(const std::stop_token& stop) {
  pthread_setname_np(pthread_self(), "raw");
  sched_param none{};
  pthread_setschedparam(pthread_self(), SCHED_IDLE, &none);
  std::mutex mutex;
  std::condition_variable_any wake;
  auto pruned = std::chrono::steady_clock::time_point();
  while (!stop.stop_requested()) {
    auto packed = raw_->pack_next();
    if (!packed) spdlog::warn("raw reports: {}", packed.error().what);
    if (auto tick = std::chrono::steady_clock::now();
        tick > pruned + std::chrono::minutes(10) || pruned == decltype(pruned)()) {
      pruned = tick;
      if (auto done = prune_raw(); !done) spdlog::warn("raw reports: {}", done.error().what);
    }
    if (packed && *packed) continue;
    std::unique_lock lock(mutex);
    wake.wait_for(lock, stop, std::chrono::seconds(packed ? 2 : 30), [] { return false; });
  }
}

// ---- retention of events

// Months that are over go as files, what has a rule of its own as rows of them. Findings keep what
// went: it is folded into their base first.
Result<std::size_t> Node::drop_events() {
  auto fold = [this](const std::string& where) -> Result<void> {
    std::uint64_t once = 0;
    auto take = [&](const store::DuckChunk& chunk) {
      once = hash64(fmt::format("{} {} {}", where, chunk.column<std::int64_t>(0)[0],
                                chunk.column<std::uint64_t>(1)[0]));
    };
    TRY(columns_->select(
        "SELECT count(*)::BIGINT, coalesce(max(id), 0)::UBIGINT FROM events WHERE " + where, take,
        600'000));
    return findings_->fold_base(
        once, [&](const auto& batch) { return store::replay(*columns_, {.where = where}, batch); });
  };
  auto held = [this](const std::string& month) { return law_->holds_month(month); };
  std::size_t months = TRY(columns_->drop_before(first_kept(config_.events_months), fold, held));
  std::vector<store::Columns::Rule> rules;
  for (const auto& rule : config_.retention_rules) {
    std::vector<unsigned> types, tlps;
    for (Type type : rule.types) types.push_back(static_cast<unsigned>(type));
    for (Tlp tlp : rule.tlps) tlps.push_back(static_cast<unsigned>(tlp));
    std::string where = "TRUE";
    if (!types.empty()) where += fmt::format(" AND type IN ({})", fmt::join(types, ","));
    if (!tlps.empty()) where += fmt::format(" AND tlp IN ({})", fmt::join(tlps, ","));
    rules.push_back({where, first_kept(rule.months)});
  }
  // Of partners: whole months of arrival, as everything else.
  auto agreed = ingress_->retention_days();
  for (const auto& [feed, days] : agreed) {
    Day last = times::day_of(now()) - static_cast<Day>(days);
    rules.push_back({fmt::format("feed = {}", words_.id(feed)), times::month_start(last)});
  }
  std::size_t events = TRY(columns_->thin(rules, fold, held));
  if (events > 0)
    spdlog::info("retention: {} events dropped by type, marking or agreement", events);
  return months;
}

Result<void> Node::prune_raw() {
  auto agreed = ingress_->retention_days();
  auto wanted = [&](const store::ReportRow& row) {
    std::uint32_t days = feeds_->named(row.feed).raw_days.value_or(config_.raw_days);
    if (auto at = agreed.find(row.feed); at != agreed.end()) days = std::min(days, at->second);
    return row.received + TimeUs{days} * us_per_day > now();
  };
  auto held = [this](const store::ReportRow& row) {
    auto hold = law_->hold_of(row);
    return !hold || hold->has_value();  // in doubt it stays
  };
  std::size_t gone = TRY(raw_->prune({std::uint64_t{config_.raw_disk_max_mb} << 20, wanted, held}));
  if (gone > 0) spdlog::info("raw reports: {} removed", gone);
  return {};
}

Node::Node(NodeOptions options, Home home, Config config)
    : options_(std::move(options)), home_(std::move(home)), config_(std::move(config)) {}

Node::~Node() {
  stop();
}

void Node::stop() {
  if (std::exchange(stopped_, true)) return;
  if (intake_) intake_->stop();
  if (feeds_) feeds_->stop();
  if (alerts_) alerts_->stop();
  if (sharing_) sharing_->stop();
  if (ingress_) ingress_->stop();
  for (std::jthread* thread : {&pruner_, &packer_, &hunter_, &offerer_}) {
    if (!thread->joinable()) continue;
    thread->request_stop();
    thread->join();
  }
  if (followers_) followers_->stop();
  if (journal_) journal_->rewrite_words({});  // the law goes before the journal does
  if (audit_) audit_->mask_by({});
}

bool Node::wait_visible(std::chrono::milliseconds timeout, std::string_view follower) {
  return followers_->wait_visible(journal_->last_seq(), timeout, follower);
}

Result<void> Node::backup(const std::string& folder) {
  std::lock_guard keep(keep_journal_);
  std::error_code failed;
  if (fs::exists(folder, failed)) return invalid("there is a " + text::quote(folder) + " already");
  // DuckDB may write below its own folder only.
  std::string copies = home_.file("columns") + "/backup";
  fs::remove_all(copies, failed);
  auto done = copy_to(folder, copies);
  fs::remove_all(copies, failed);
  if (!done) fs::remove_all(folder, failed);  // a part of a state is none
  return done;
}

// Snapshots, then DuckDB as of one seq, then SQLite, the journal kept: whatever is older in the
// copy is replayed from its journal.
Result<void> Node::copy_to(const std::string& folder, const std::string& copies) {
  std::error_code failed;
  for (const auto& path : {folder, folder + "/findings", folder + "/columns", folder + "/counts",
                           folder + "/quarantine", copies}) {
    fs::create_directories(path, failed);
    if (failed) return unavailable("cannot make " + text::quote(path) + ": " + failed.message());
    fs::permissions(path, fs::perms::owner_all, failed);  // it holds the node's secrets
  }
  auto copy = [&](const std::string& from, const std::string& to) -> Result<void> {
    std::error_code why;
    fs::copy(from, to, fs::copy_options::recursive, why);
    if (why) return unavailable("cannot copy " + text::quote(from) + ": " + why.message());
    return {};
  };
  store::Counts::Files counted;
  std::uint64_t in_columns = 0;
  auto freeze = [&]() -> Result<void> {
    TRY(findings_->snapshot());
    TRY(counts_->snapshot());
    TRY(series_->snapshot(outlook_->save()));
    TRY(copy(home_.file("series"), folder + "/series"));
    counted = counts_->files();
    in_columns = columns_->watermark();
    return {};
  };
  TRY(followers_->paused(freeze));
  auto copy_below = [&](const std::string& from, const std::string& to) -> Result<void> {
    std::error_code why;
    for (const auto& entry : fs::directory_iterator(from, why)) {
      TRY(copy(entry.path().string(), to + "/" + entry.path().filename().string()));
    }
    if (why) return unavailable("cannot read " + text::quote(from) + ": " + why.message());
    return {};
  };
  TRY(copy(home_.file("findings") + "/findings.snapshot", folder + "/findings/findings.snapshot"));
  for (const auto& path : counted.paths)
    TRY(copy(path, folder + "/counts/" + fs::path(path).filename().string()));
  for (const char* name : {"tocsin.toml", "shadowserver-schema.json", "version"}) {
    if (fs::exists(home_.file(name))) TRY(copy(home_.file(name), folder + "/" + name));
  }
  TRY(columns_->backup_to(copies, in_columns));
  TRY(copy_below(copies, folder + "/columns"));
  if (offers_) TRY(offers_->backup_to(folder + "/offers.db"));
  TRY(journal_->backup_to(folder + "/journal.db"));
  // Situation reports that were issued, files of cases, what a bundle brought, letters in other
  // languages, and reports that are kept whole: those that the copied journal names are there by
  // now.
  for (const char* name : {"situation", "files", "bundle", "letters"}) {
    if (fs::exists(home_.file(name))) TRY(copy(home_.file(name), folder + "/" + name));
  }
  if (!fs::exists(home_.file("quarantine"))) return {};
  return copy_below(home_.file("quarantine"), folder + "/quarantine");
}

std::optional<Node::Paused> Node::paused() const {
  std::lock_guard guard(paused_mutex_);
  return paused_;
}

Result<void> Node::resume() {
  std::lock_guard guard(paused_mutex_);
  if (!paused_) return {};
  TRY(end_pause(home_.path()));
  paused_.reset();
  spdlog::info("resumed: feeds run and alerts go out again");
  if (!wants_feeds_) return {};
  feeds_->start(*intake_);
  alerts_->start();
  start_sharing();
  return {};
}

void Node::start_feeds() {
  std::lock_guard guard(paused_mutex_);
  wants_feeds_ = true;
  if (paused_) {
    spdlog::warn("paused: {}; no feed runs and nothing is sent until `tocsin resume`",
                 paused_->why);
    return;
  }
  feeds_->start(*intake_);
  alerts_->start();
  start_sharing();
}

std::string Node::scratch() {
  return fmt::format("{}/scratch/{}", home_.path(), ++scratches_);
}

Day Node::first_kept(unsigned months) const {
  Day first = times::month_start(times::day_of(now()));
  for (unsigned i = 0; i < months; ++i) first = times::month_start(first - 1);
  return first;
}

}  // namespace tocsin::node
