// Collector: how the bytes of a feed arrive. One file in ingest/collectors/ each.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>

#include "base/entry.h"
#include "base/result.h"
#include "base/time.h"
#include "ingest/feed.h"
#include "ingest/options.h"

namespace tocsin::ingest {

// One report on its way in.
struct Delivery {
  std::string name;  // file name or subject
  std::string url;   // where from, without secrets; may be ""
  std::string
      path;  // a file that holds the bytes (the spool, or the original, which stays untouched) ...
  std::string bytes;  // ... or the bytes themselves, where path is ""
  std::string
      cursor;  // the collector's state after this delivery: kept with the report's last commit
  std::uint8_t flags = 0;  // flag_exercise, flag_history: of every event
  bool live = false;       // the live lane: small, at once
  // Read also if its bytes were here before; where nothing can be read, they are in quarantine
  // already.
  bool again = false;
  std::uint64_t replaces = 0;   // the report that goes once this one is in
  TimeUs received = time_none;  // when it arrived; now, if not said
};

struct Receipt {
  std::uint64_t report = 0;
  bool repeat = false;  // its SHA-256 was known already: nothing was taken in
  std::uint64_t events = 0, duplicates = 0, rejected = 0;
  // What it was read as; of a packed one each of its members' divided by ", ". `type`: the
  // provider's name of this kind of report, "" where there is none.
  std::string format, type;
  bool format_guessed = false, type_guessed = false;  // by name and content; by the columns
};

// What a collector may use. All calls block; any thread.
class CollectorContext {
 public:
  virtual ~CollectorContext() = default;
  // Returns when the report is committed. Errors: unavailable (disk full, stopping: do not move the
  // cursor), invalid (unreadable: it is kept in quarantine as a whole and the cursor moves).
  virtual Result<Receipt> deliver(Delivery delivery) = 0;
  virtual std::string cursor() = 0;  // what the last delivery stored; "" at first
  virtual Result<void> keep_cursor(std::string cursor) = 0;  // without a delivery (e.g. a new ETag)
  virtual Result<std::string> secret(
      std::string_view name) = 0;  // from a file or the credential store; errors: missing
  virtual std::string
  spool_path() = 0;  // a fresh file name in the spool folder, on the disk of HOME
  virtual std::stop_token stop() = 0;
};

struct Collector {
  std::string_view summary;
  // Collects once; called by the feed's schedule. For a listener (`endless`): runs until stopped.
  // Errors: unavailable (retried with backoff), denied, invalid (configuration: not retried until
  // it changes).
  Result<void> (*collect)(const Feed& feed, CollectorContext& context);
  bool endless = false;
  std::span<const Option> options = {};  // what it understands in a feed's table
  std::uint32_t interval_s = 3600;       // where the feed's table names none
};

std::span<const Entry<Collector>> collectors();

}  // namespace tocsin::ingest
