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

#include "alert/alerts.h"
#include "base/metrics.h"
#include "base/result.h"
#include "enrich/enrichment.h"
#include "enrich/known_controllers.h"
#include "hunt/look_back.h"
#include "ingest/collector.h"
#include "node/claims.h"
#include "node/config.h"
#include "node/corrections.h"
#include "node/feeds.h"
#include "node/followers.h"
#include "node/home.h"
#include "node/ingress.h"
#include "node/intake.h"
#include "node/law.h"
#include "node/live.h"
#include "node/offering.h"
#include "node/others.h"
#include "node/relay.h"
#include "node/sharing.h"
#include "share/inbox.h"
#include "share/ledger.h"
#include "store/audit.h"
#include "store/cases.h"
#include "store/columns.h"
#include "store/counts.h"
#include "store/duplicates.h"
#include "store/findings.h"
#include "store/foreign.h"
#include "store/issues.h"
#include "store/journal.h"
#include "store/raw.h"
#include "store/triage.h"
#include "store/views.h"
#include "warn/series.h"

namespace tocsin::node {

class Outlook;

struct NodeOptions {
  std::string home;
  std::string config;      // a file; "": HOME/tocsin.toml if it is there, else defaults
  int port = -1;           // instead of server.port; -1: that
  std::string feeds_file;  // a file with more [feed.NAME] tables; "": none
  bool simulated = false;  // everything in it is made up
  bool skip_copy = false;  // of an earlier program's home, before it is brought up to date
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
  const warn::Series& series() const { return *series_; }
  const Outlook& outlook() const { return *outlook_; }
  store::Triage& triage() { return *triage_; }
  store::Cases& cases() { return *cases_; }
  store::Views& views() { return *views_; }
  const enrich::Enrichment& enrichment() const { return *enrichment_; }
  Feeds& feeds() { return *feeds_; }
  store::Issues& issues() { return *issues_; }
  Intake& intake() { return *intake_; }
  Followers& followers() { return *followers_; }
  Live& live() { return *live_; }
  Corrections& corrections() { return *corrections_; }
  store::Raw& raw() { return *raw_; }
  Law& law() { return *law_; }
  alert::Alerts& alerts() { return *alerts_; }
  store::Offers& offers() { return *offers_; }  // of a member of a network
  hunt::Indicators& indicators() { return *indicators_; }
  // Null, while the node is no member of a network.
  Sharing* sharing() { return sharing_.get(); }
  Ingress& ingress() { return *ingress_; }  // of what partners send
  store::Foreign& foreign() { return *foreign_; }
  share::Ledger* ledger() { return ledger_.get(); }
  // For the member that this node is, and its key. Before anything is sent or served. Errors: those
  // of share::Ledger::open().
  Result<void> open_ledger(const std::string& member, const SigningKey& key);
  // The member's new key signs from here on. Errors: missing; unavailable.
  Result<void> change_ledger_key(const SigningKey& fresh);
  Result<void> member_key_changed();  // the same with what sharing() has now
  Metrics& metrics() { return metrics_; }

  // A restored home sends nothing (alerts, shares) and runs no feeds until a person says so: what
  // it was made of may be running elsewhere.
  struct Paused {
    TimeUs since = time_none;
    std::string why;
  };
  std::optional<Paused> paused() const;  // nullopt: it works; any thread
  Result<void> resume();                 // errors: unavailable
  void start_feeds();                    // now, or when it is resumed

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
  Node(NodeOptions options, Home home, Config config);
  Result<void> open_stores();
  Result<void> open_alerts();
  Result<void> open_offers();
  policy::FeedSays says_of(const std::string& feed) const;
  std::map<std::string, policy::FeedTerms> terms_of_feeds() const;
  Result<void> open_sharing();
  Result<void> join_network();
  Result<Sharing::Parts::Counts> count_day(Day day);
  void start_sharing();
  ingest::Sink::Judge judge_of(const std::string& feed);
  std::function<void(std::string_view)> recalls_of(const ingest::Feed& feed);
  Result<void> open_indicators();
  void look_back(const std::stop_token& stop);
  Result<void> open_others();
  std::unique_ptr<Others::Report> others_of(const std::string& feed, std::uint64_t report,
                                            Others::Report::Reject refuse);
  Result<void> take_posted(const std::string& member, std::string envelope,
                           const share::Inbox::Refused& refused);
  void offer(const std::stop_token& stop);
  Result<bool> is_told_by_others(const Law::Parts::IsTold& is_told) const;
  Result<void> take_out_told(const store::ReportRow& report);
  Result<void> forget_told_before();
  Result<std::size_t> forget_told(const std::function<bool(std::string_view)>& names);
  Result<share::Requests::About> about_finding(std::string_view id) const;
  Result<void> learn_controllers();
  Result<std::size_t> mask_acts(const store::Journal::Rewrite& rewrite);  // what people wrote
  Result<std::vector<Told>> told_of(
      const std::unordered_set<Hash128, Hash128::Hasher>& findings) const;
  Result<std::vector<std::string>> subjects_of_case(const std::string& id) const;
  bool is_news(const EventBatch& batch) const;
  bool is_played(std::string_view feed) const;
  Result<void> mend_stores();
  Result<void> open_series(std::uint64_t secret);
  std::vector<WordId> constituents_of(const EventBatch& batch) const;
  Result<store::Counts::Key> secret_key();
  Result<void> copy_to(const std::string& folder, const std::string& copies);
  void prune(const std::stop_token& stop);
  Result<void> forget_reports(const std::stop_token& stop);
  void keep_raw(const ingest::Feed& feed, const store::ReportRow& row);
  void pack_raw(const std::stop_token& stop);
  Result<void> prune_raw();
  Result<std::size_t> drop_events();

  NodeOptions options_;
  Home home_;
  Config config_;
  Metrics metrics_;
  Dictionary words_;
  std::unique_ptr<store::Journal> journal_;
  std::unique_ptr<store::Audit> audit_;
  std::unique_ptr<store::Columns> columns_;
  std::unique_ptr<store::Triage> triage_;
  std::unique_ptr<store::Cases> cases_;
  std::unique_ptr<store::Views> views_;
  std::unique_ptr<store::Findings> findings_;
  std::unique_ptr<store::Counts> counts_;
  std::unique_ptr<warn::Series> series_;
  std::unique_ptr<Outlook> outlook_;  // what is made of them
  std::unique_ptr<store::Duplicates> duplicates_;
  std::unique_ptr<store::Offers> offers_;  // null: no member of a network
  std::optional<enrich::Enrichment> enrichment_;
  enrich::KnownControllers controllers_{words_};
  std::unique_ptr<Live> live_;
  std::unique_ptr<Corrections> corrections_;
  std::unique_ptr<store::Raw> raw_;
  std::unique_ptr<Law> law_;
  std::unique_ptr<alert::Alerts> alerts_;
  std::unique_ptr<Followers> followers_;
  std::optional<store::Issues> issues_;
  std::unique_ptr<Feeds> feeds_;
  std::unique_ptr<Intake> intake_;
  std::mutex keep_journal_;  // held while a backup needs the journal's rows
  std::jthread pruner_, packer_;
  std::atomic<std::uint64_t> scratches_ = 0;
  mutable std::mutex paused_mutex_;
  std::optional<Paused> paused_;
  bool wants_feeds_ = false;
  bool stopped_ = false;
  std::unique_ptr<Sharing> sharing_;
  std::unique_ptr<Ingress> ingress_;
  std::unique_ptr<SigningKey> ledger_key_;
  std::unique_ptr<share::Ledger> ledger_;
  std::unique_ptr<hunt::Indicators> indicators_;
  std::unique_ptr<Offering> offering_;       // null: no member of a network
  std::unique_ptr<store::Foreign> foreign_;  // what partners sent that is no event
  std::unique_ptr<Claims> claims_;
  std::unique_ptr<Others> others_;       // ...
  std::unique_ptr<Relay> relay_;         // ...
  std::unique_ptr<share::Inbox> inbox_;  // ...
  std::jthread hunter_, offerer_;
};

}  // namespace tocsin::node
