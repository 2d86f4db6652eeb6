// Router: what a batch changed becomes items in the outbox. A follower's work: effect and watermark
// go into one transaction; doing a batch twice changes nothing.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <unordered_map>
#include <vector>

#include "alert/book.h"
#include "alert/judge.h"
#include "alert/outbox.h"
#include "alert/told.h"
#include "store/findings.h"

namespace tocsin::alert {

struct RouterParts {
  const store::Findings& findings;
  const Book& book;
  Outbox& outbox;
  const Settings& settings;
  const policy::Rules& rules;
  std::function<TimeUs()> now;
};

// One thread, but for the watermarks and forget().
class Router {
 public:
  // `last_seq`: of the journal; a router that has never run begins there. Errors: unavailable.
  static Result<std::unique_ptr<Router>> open(const RouterParts& parts, std::uint64_t last_seq);

  // The findings that the batch `seq` touched; they show its effect already.
  Result<void> route(std::uint64_t seq, std::span<const Hash128> findings);
  Result<void> pass(std::uint64_t seq);  // a batch that nobody is told of
  Result<void> flush();                  // writes what waits
  // Some items of theirs were dropped: what they would say is news again. Any thread.
  void forget(std::span<const Item> dropped);
  bool has_constituents() const { return !parts_.book.directory()->empty(); }
  std::uint64_t applied() const { return applied_; }
  std::uint64_t durable() const { return durable_; }

 private:
  explicit Router(const RouterParts& parts) : parts_(parts) {}
  Result<void> forget_dropped();
  // False: what its feeds allow is not known here yet.
  bool look(const Hash128& key, const store::FindingGlance& glance, const Directory& directory,
            TimeUs now);

  RouterParts parts_;
  Told told_;
  std::vector<Item> waiting_;
  std::unordered_map<std::uint32_t, policy::Consent> consents_;  // by the findings' set of feeds
  std::mutex dropping_;
  std::vector<Hash128> dropped_;  // under dropping_
  std::atomic<std::uint64_t> applied_ = 0, durable_ = 0;
};

}  // namespace tocsin::alert
