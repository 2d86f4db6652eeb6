// Intake: one report from its bytes to the commit: spool, unpack, format, exact duplicates, enrich,
// join of known controllers, journal.
//
// deliver() returns when the report is in for good. A report that a crash cut short is read again
// from the spool at the next start and goes on after the last event that was committed.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>

#include "base/result.h"
#include "enrich/enrichment.h"
#include "enrich/known_controllers.h"
#include "ingest/collector.h"
#include "ingest/feed.h"
#include "ingest/formats.h"
#include "ingest/sink.h"
#include "node/followers.h"
#include "node/law.h"
#include "node/others.h"
#include "store/duplicates.h"
#include "store/journal.h"

namespace tocsin::node {

class Intake {
 public:
  struct Parts {
    store::Journal& journal;
    Dictionary& words;
    store::Duplicates& duplicates;
    Followers& followers;
    const enrich::Enrichment& enrichment;
    enrich::KnownControllers& controllers;
    // Before anything is kept: accounts are masked, erased subjects go, and what names one is kept
    // neither as a rejected record nor as a report.
    Law& law;
    std::string home;
    std::function<TimeUs()> now;
    // Events committed and reports ended, for health and metrics; any thread.
    std::function<void(const ingest::Feed&, const EventBatch&)> committed;
    std::function<void(const store::ReportRow&)> ended;
    // What judges the events of a feed before they come in; empty: nothing does.
    std::function<ingest::Sink::Judge(const ingest::Feed&)> judge{};
    // What takes back earlier events of a feed, by their senders' ids; empty: nobody may.
    std::function<std::function<void(std::string_view)>(const ingest::Feed&)> recalls{};
    // Of a report that is about to be in, while its spooled file is there.
    std::function<void(const ingest::Feed&, const store::ReportRow&)> keep_raw;
    // What keeps the objects of a report of the feed that are no events; empty: nobody does.
    using Refuse = std::function<void(std::size_t line, Error why, std::string_view bytes)>;
    std::function<std::unique_ptr<Others::Report>(const ingest::Feed&, std::uint64_t report,
                                                  Refuse)>
        others{};
  };
  // Rejects of one report that are kept with their bytes; beyond it the report is kept whole.
  static constexpr std::size_t rejects_kept_max = 10'000;
  static constexpr std::uint64_t rejects_bytes_max = 64 << 20;
  static constexpr std::uint64_t disk_free_min_bytes = 200 << 20;
  // Batches of a bulk report that one commit takes in: a disk under load takes 8 ms for a commit.
  static constexpr std::size_t group_batches = 4;

  explicit Intake(Parts parts) : parts_(std::move(parts)) {}
  void stop() { stop_.request_stop(); }

  // Errors: unavailable (stopping, disk full: nothing of the rest is in), invalid (unreadable as a
  // whole: kept as failed). Any thread; several at once.
  Result<ingest::Receipt> deliver(const ingest::Feed& feed, ingest::Delivery delivery);
  // The same of what was not asked for: the feed's cursor stays, and `rejected` gets each record
  // that is not taken in, also beyond those that are kept.
  using Rejected = std::function<void(const ingest::Reject&)>;
  Result<ingest::Receipt> deliver(const ingest::Feed& feed, ingest::Delivery delivery,
                                  const Rejected& rejected);
  // Reads on what a crash cut short.
  Result<void> resume(const std::function<ingest::Feed(const std::string&)>& feed_named);
  // Rejected records once more, as reports of their feed. The receipt counts them all; those of a
  // report that still cannot be read stay in quarantine. Errors: if nothing could be read, why.
  Result<ingest::Receipt> replay(const ingest::Feed& feed, std::string_view reason,
                                 const std::vector<std::uint64_t>& ids);
  std::string spool_path();
  // CPU time of the intake's stages since the start, all threads together.
  struct Stages {
    std::atomic<std::uint64_t> read_ns = 0, duplicates_ns = 0, enrich_ns = 0, commit_ns = 0,
                               events = 0;
  };
  const Stages& stages() const { return stages_; }
  // "" while it takes in; else what it waits for ("the disk is full").
  std::string waiting_for() const;

 private:
  struct Reading;
  struct Removed;
  Result<void> spool(ingest::Delivery& delivery, Removed& removed);
  Result<void> keep_whole(const std::string& path, std::uint64_t report);
  Result<void> keep_failed(const ingest::Feed& feed, const ingest::Delivery& delivery,
                           const Error& why);
  struct Asked {  // how a report is to be read
    bool live = false, again = false;
    std::optional<std::string> cursor{};
    const Rejected* rejected = nullptr;
  };
  Result<ingest::Receipt> take_bytes(const ingest::Feed& feed, const ingest::Delivery& delivery,
                                     const Rejected& rejected);
  Result<ingest::Receipt> take_file(const ingest::Feed& feed, const ingest::Delivery& delivery,
                                    const std::string& path, std::size_t skip,
                                    const std::string& name, Asked asked);
  Result<ingest::Receipt> read(const ingest::Feed& feed, store::ReportRow row,
                               std::string_view bytes, Asked asked);
  Result<store::Journal::Begun> begin(const store::ReportRow& row, std::string_view bytes,
                                      bool again);
  Result<void> take_batch(Reading& reading, EventBatch& batch);
  void hand_on(Reading& reading, bool committed);
  Result<void> commit(Reading& reading, store::Journal::Step step);
  Result<void> check_disk() const;
  Result<void> keep_sinks();
  void wait_for(std::string why);

  Parts parts_;
  std::stop_source stop_;
  std::atomic<std::uint64_t> spooled_ = 0;
  mutable std::mutex mutex_;
  std::string waiting_for_;
  Stages stages_;
};

}  // namespace tocsin::node
