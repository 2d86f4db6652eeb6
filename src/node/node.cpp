#include "node/node.h"

#include <fmt/format.h>
#include <malloc.h>
#include <pthread.h>
#include <sodium.h>
#include <spdlog/spdlog.h>

#include <condition_variable>
#include <filesystem>

#include "base/text.h"
#include "node/pipeline.h"
#include "store/replay.h"

namespace tocsin::node {

namespace fs = std::filesystem;

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
  if (options.simulated && config.country.empty())
    config.country = *Country::parse("BR");  // the made-up world's
  auto node =
      std::unique_ptr<Node>(new Node(std::move(options), std::move(home), std::move(config)));
  TRY(node->open_stores());
  return node;
}

Result<void> Node::open_stores() {
  std::error_code ignored;
  fs::remove_all(home_.file("scratch"), ignored);  // what a crash left
  journal_ = TRY(store::Journal::open(home_.file("journal.db"), words_));
  audit_ = TRY(store::Audit::open(*journal_));
  columns_ = TRY(store::Columns::open(
      home_.file("columns"),
      {.memory_mb = config_.columns_memory_mb, .threads = config_.columns_threads}, words_));
  findings_ = TRY(store::Findings::open(home_.file("findings"), words_));
  if (!findings_->damage().empty()) {
    spdlog::error("findings: {}: put aside as findings.snapshot.damaged", findings_->damage());
  }
  store::Counts::Key key = TRY(secret_key());
  counts_ = TRY(store::Counts::open(home_.file("counts"), key,
                                    {.memory_bytes = std::size_t{config_.counts_memory_mb} << 20,
                                     .threads = config_.counts_threads}));
  TRY(mend_stores());
  enrichment_ = TRY(enrich::Enrichment::open(config_.enrich));
  live_ = std::make_unique<Live>(words_, options_.now);
  live_->open_findings(findings_->open_count());
  followers_ = std::make_unique<Followers>(
      *journal_, node::followers(
                     {.columns = *columns_,
                      .findings = *findings_,
                      .counts = *counts_,
                      .live = *live_,
                      .last_seq = journal_->last_seq(),
                      .first_events = [this] { return first_kept(config_.events_months); },
                      .first_counts = [this] { return first_kept(config_.exact_counts_months); }}));
  followers_->start();
  auto days = TRY(columns_->days());
  TRY(learn_controllers());
  // Events of the journal that are not in the columns yet belong to days that must be loaded too,
  // and their controllers are known.
  for (std::uint64_t seq = columns_->watermark() + 1; seq <= journal_->last_seq(); ++seq) {
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
  intake_ = std::make_unique<Intake>(Intake::Parts{
      .journal = *journal_,
      .words = words_,
      .duplicates = *duplicates_,
      .followers = *followers_,
      .enrichment = *enrichment_,
      .controllers = controllers_,
      .home = home_.path(),
      .now = options_.now,
      .committed = [this](const ingest::Feed& feed,
                          const EventBatch& batch) { feeds_->committed(feed, batch); },
      .ended = [this](const store::ReportRow& row) { feeds_->ended(row); }});
  TRY(intake_->resume([this](const std::string& name) { return feeds_->named(name); }));
  pruner_ = std::jthread([this](const std::stop_token& stop) { prune(stop); });
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
    std::uint64_t first = 0;
    TRY(store::replay(*columns_, {.after = watermark, .up_to = stored},
                      [&](EventBatch& batch) -> Result<void> {
                        if (first == 0) first = batch.seq;
                        return take(batch);
                      }));
    TRY(store.snapshot());
    if (first == watermark + 1) return {};
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
  while (!stop.stop_requested() && TRY(journal_->forget_reports(before, live_before)) > 0) {
  }
  TRY(audit_->forget(times::start_of(first_kept(config_.audit_months)), now()));
  std::error_code failed;
  for (const auto& entry : fs::directory_iterator(home_.file("quarantine"), failed)) {
    auto id = text::number(entry.path().filename().string());
    if (id && TRY(journal_->report(*id))) continue;
    std::error_code ignored;
    fs::remove(entry.path(), ignored);
  }
  return {};
}

Node::~Node() {
  stop();
}

void Node::stop() {
  if (std::exchange(stopped_, true)) return;
  if (intake_) intake_->stop();
  if (feeds_) feeds_->stop();
  if (pruner_.joinable()) {
    pruner_.request_stop();
    pruner_.join();
  }
  if (followers_) followers_->stop();
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
  }
  store::Counts::Files counted;
  std::uint64_t in_columns = 0;
  auto freeze = [&]() -> Result<void> {
    TRY(findings_->snapshot());
    TRY(counts_->snapshot());
    counted = counts_->files();
    in_columns = columns_->watermark();
    return {};
  };
  TRY(followers_->paused(freeze));
  auto copy = [&](const std::string& from, const std::string& to) -> Result<void> {
    std::error_code why;
    fs::copy(from, to, fs::copy_options::recursive, why);
    if (why) return unavailable("cannot copy " + text::quote(from) + ": " + why.message());
    return {};
  };
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
  for (const char* name : {"tocsin.toml", "shadowserver-schema.json"}) {
    if (fs::exists(home_.file(name))) TRY(copy(home_.file(name), folder + "/" + name));
  }
  TRY(columns_->backup_to(copies, in_columns));
  TRY(copy_below(copies, folder + "/columns"));
  TRY(journal_->backup_to(folder + "/journal.db"));
  // Reports that are kept whole: those that the copied journal names are there by now.
  if (!fs::exists(home_.file("quarantine"))) return {};
  return copy_below(home_.file("quarantine"), folder + "/quarantine");
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
