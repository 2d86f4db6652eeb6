// Node: one running Tocsin: its parts, made and joined here and nowhere else.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/metrics.h"
#include "base/result.h"
#include "enrich/enrichment.h"
#include "enrich/known_controllers.h"
#include "ingest/collector.h"
#include "node/config.h"
#include "node/feeds.h"
#include "node/followers.h"
#include "node/home.h"
#include "node/intake.h"
#include "node/live.h"
#include "store/audit.h"
#include "store/columns.h"
#include "store/counts.h"
#include "store/duplicates.h"
#include "store/findings.h"
#include "store/journal.h"

namespace tocsin::node {

struct NodeOptions {
  std::string home;
  std::string config;      // a file; "": HOME/tocsin.toml if it is there, else defaults
  int port = -1;           // instead of server.port; -1: that
  std::string feeds_file;  // a file with more [feed.NAME] tables; "": none
  bool simulated = false;  // everything in it is made up
  std::function<TimeUs()> now = times::now;
};

class Node {
 public:
  // Takes the home's lock, opens the stores, replays, reads on what was cut short. No listeners, no
  // feeds. Errors: those of Home, Config and the stores.
  static Result<std::unique_ptr<Node>> open(NodeOptions options);
  ~Node();  // stop()

  // Ends intake, lets the followers write what they have, closes. Feeds and listeners must be
  // stopped before.
  void stop();

  const Config& config() const { return config_; }
  const std::string& home() const { return home_.path(); }
  TimeUs now() const { return options_.now(); }
  bool is_simulated() const { return options_.simulated || config_.simulated; }

  Dictionary& words() { return words_; }
  store::Journal& journal() { return *journal_; }
  store::Audit& audit() { return *audit_; }
  store::Columns& columns() { return *columns_; }
  store::Findings& findings() { return *findings_; }
  store::Counts& counts() { return *counts_; }
  const enrich::Enrichment& enrichment() const { return *enrichment_; }
  Feeds& feeds() { return *feeds_; }
  Intake& intake() { return *intake_; }
  Followers& followers() { return *followers_; }
  Live& live() { return *live_; }
  Metrics& metrics() { return metrics_; }

  // Read your own writes: until everything that was committed by now is seen by the named follower
  // ("": by all).
  bool wait_visible(std::chrono::milliseconds timeout, std::string_view follower = {});

  // The first day that a retention of so many months keeps: this month and so many before it.
  Day first_kept(unsigned months) const;
  std::string scratch();  // the path of a new folder for work that may be large; does not exist

  // Copies the whole state into a new folder, consistent, while the node goes on. Errors:
  // unavailable, and nothing of it stays; invalid (the folder exists).
  Result<void> backup(const std::string& folder);

 private:
  Node(NodeOptions options, Home home, Config config)
      : options_(std::move(options)), home_(std::move(home)), config_(std::move(config)) {}
  Result<void> open_stores();
  Result<void> learn_controllers();
  Result<void> mend_stores();
  Result<store::Counts::Key> secret_key();
  Result<void> copy_to(const std::string& folder, const std::string& copies);
  void prune(const std::stop_token& stop);
  Result<void> forget_reports(const std::stop_token& stop);

  NodeOptions options_;
  Home home_;
  Config config_;
  Metrics metrics_;
  Dictionary words_;
  std::unique_ptr<store::Journal> journal_;
  std::unique_ptr<store::Audit> audit_;
  std::unique_ptr<store::Columns> columns_;
  std::unique_ptr<store::Findings> findings_;
  std::unique_ptr<store::Counts> counts_;
  std::unique_ptr<store::Duplicates> duplicates_;
  std::optional<enrich::Enrichment> enrichment_;
  enrich::KnownControllers controllers_{words_};
  std::unique_ptr<Live> live_;
  std::unique_ptr<Followers> followers_;
  std::unique_ptr<Feeds> feeds_;
  std::unique_ptr<Intake> intake_;
  std::mutex keep_journal_;  // held while a backup needs the journal's rows
  std::jthread pruner_;
  std::atomic<std::uint64_t> scratches_ = 0;
  bool stopped_ = false;
};

}  // namespace tocsin::node
