// Feeds: the node's feeds while it runs: those of the configuration, those ticked in the catalogue,
// those that only ever had a report handed in; their health, and the scheduler that runs them.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "ingest/feed.h"
#include "ingest/feed_health.h"
#include "ingest/scheduler.h"
#include "node/config.h"
#include "node/intake.h"
#include "store/journal.h"

namespace tocsin::node {

class Feeds {
 public:
  struct Row {
    ingest::Feed feed;
    ingest::FeedHealth health;
    ingest::FeedState state;
    TimeUs next;  // the next run, wall clock; time_none: none is planned
  };

  // Reads health and ticked feeds from the journal. Errors: invalid, unavailable.
  static Result<std::unique_ptr<Feeds>> open(const Config& config, store::Journal& journal,
                                             std::string home, std::function<TimeUs()> now);

  // Runs what is due from now on, into `intake`.
  void start(Intake& intake);
  void stop();

  std::vector<Row> list() const;  // by name
  std::optional<Row> row(const std::string& name) const;
  // The feed of that name; a new one without a collector if there is none. One that is configured
  // no more keeps what was said last of its redistribution.
  ingest::Feed named(const std::string& name) const;

  struct Tick {
    bool terms_accepted = false;
    std::string_view username{};  // at the provider, which some of the catalogue ask for
    std::string_view user{};      // who ticks it
  };
  // Feeds of the catalogue and of the configuration. Errors: missing, denied (terms not accepted),
  // invalid (cannot be run; no user name, or one where none is asked for).
  Result<void> enable(const std::string& name, const Tick& tick);
  Result<void> disable(const std::string& name, std::string_view user);
  Result<void> run_now(const std::string& name);

  // Those of partners, named "partner.MEMBER": here nobody ticks or turns off one. Those that are
  // there no more stop: returns when their runs have ended. Any thread, one call at a time.
  void set_partners(std::vector<ingest::Feed> feeds);
  static bool is_partners(std::string_view name) { return name.starts_with("partner."); }
  void hurry(std::string_view name);  // runs it now, or once more after the run that is under way

  // By the intake; any thread.
  void committed(const ingest::Feed& feed, const EventBatch& batch);
  void ended(const store::ReportRow& row);
  // Called after each change of a feed's health.
  std::function<void(const std::string& name)> changed;
  // May a delivery of this feed be taken in now? Set before the start; else all may.
  std::function<Result<void>(const ingest::Feed& feed)> may_take;
  // What an error becomes before it is kept, if anything; set before the intake begins.
  std::function<std::optional<std::string>(std::string_view error)> hidden;
  void reword();  // `hidden` gives other answers by now

 private:
  Feeds(store::Journal& journal, std::string home, std::function<TimeUs()> now)
      : journal_(journal), home_(std::move(home)), now_(std::move(now)) {}
  Row row_of(const ingest::Feed& feed) const;
  Result<void> remember_terms(ingest::Feed& feed);
  Result<void> plan(const ingest::Feed& feed);
  void attempted(const ingest::Feed& feed);
  void hide(ingest::FeedHealth& health) const;
  void keep(const std::string& name, ingest::FeedHealth health);

  store::Journal& journal_;
  std::string home_;
  std::function<TimeUs()> now_;
  mutable std::mutex mutex_;
  std::map<std::string, ingest::Feed, std::less<>> feeds_;
  std::map<std::string, ingest::FeedHealth, std::less<>> health_;
  Intake* intake_ = nullptr;
  std::unique_ptr<ingest::Scheduler> scheduler_;
};

// Has it a password and no user name to go with it?
bool needs_username(const ingest::Feed& feed);

}  // namespace tocsin::node
