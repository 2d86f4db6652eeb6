// The journal: the one place that decides what was taken in. SQLite, one file, one writer at a
// time.
//
// A batch is in when its transaction is: batch, report progress, rejects, new words, cursor and
// hash go together. Followers then read it by seq; prune() drops what every durable follower has
// passed. Source: DESIGN D3.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/hash.h"
#include "base/time.h"
#include "model/batch.h"
#include "store/sqlite.h"

namespace tocsin::store {

inline constexpr int journal_schema = 2;  // 2: batches are packed

enum class ReportState : std::uint8_t { reading, done, repeat, failed };
std::string_view name(ReportState state);

struct ReportRow {
  std::uint64_t id = 0;
  std::string feed, name, url, type, error, spool, format, sha256;
  TimeUs received = 0;
  std::uint64_t size_bytes = 0, events = 0, duplicates = 0, rejected = 0;
  ReportState state = ReportState::reading;
  bool live = false;
};

struct RejectRow {
  std::uint64_t id = 0, report = 0;
  std::string feed, reason, bytes, state;
  std::uint64_t line = 0;
  TimeUs at = 0;
};

// A reason without the values in it, so that the same fault in many records is one:
// "not a time: …", "not JSON: a value that does not end in line …".
std::string reason_kind(std::string_view reason);

// Kept records of one feed and one reason_kind().
struct RejectGroup {
  std::string feed, reason;
  std::uint64_t count = 0;
  TimeUs first = 0, last = 0;
};

// Live work goes before bulk work that has not begun.
class LaneMutex {
 public:
  void lock(bool live);
  void unlock();

 private:
  std::mutex mutex_;
  std::condition_variable freed_;
  bool held_ = false;
  int live_waiting_ = 0;
};

class Journal {
 public:
  // Opens HOME/journal.db, loads its words into `words`. Errors: unavailable; invalid, if its
  // schema is newer than this program's.
  static Result<std::unique_ptr<Journal>> open(const std::string& path, Dictionary& words);

  // Reports. begin_report gives its id; a report known by the same feed and SHA-256 answers
  // `repeat`, unless it is to be read `again`.
  struct Begun {
    std::uint64_t id = 0;
    bool repeat = false;
  };
  Result<Begun> begin_report(const ReportRow& row, bool again = false);
  Result<std::vector<ReportRow>> unfinished();  // in state reading: to be resumed

  // One transaction, which waits for the disk once. The batches get their seqs, one after the
  // other; none of them is empty, without any only the report moves. `cursor` is stored for the
  // report's feed if it has a value. Errors: unavailable (disk full …): nothing of it is in.
  struct Step {
    std::uint64_t report = 0;
    std::uint64_t events_read = 0;   // of the report up to here: kept and duplicate
    std::uint64_t duplicates = 0;    // of them
    std::uint64_t rejected = 0;      // of the report up to here
    std::vector<RejectRow> rejects;  // new ones
    std::optional<ReportState> finished;
    std::string error, type, format;  // type, format: "": as they were
    std::optional<std::string> cursor;
    bool live = false;
  };
  Result<void> commit(std::span<const std::shared_ptr<EventBatch>> batches, const Step& step);

  // Reading, each from its own connection, any thread. nullopt: pruned or not there yet.
  Result<std::optional<EventBatch>> batch(std::uint64_t seq) const;
  std::uint64_t last_seq() const;
  Result<void> prune(std::uint64_t below_or_equal);
  Result<std::uint64_t> rows() const;

  Result<std::string> cursor(std::string_view feed) const;
  Result<void> keep_cursor(std::string_view feed, std::string_view cursor);

  struct ReportFilter {
    std::string feed;
    std::uint64_t before = 0;  // ids below; 0: from the newest
    std::size_t limit = 50;
  };
  Result<std::vector<ReportRow>> reports(const ReportFilter& filter) const;
  Result<std::optional<ReportRow>> report(std::uint64_t id) const;

  // Kept ones; `feed` and `reason` (whole, or its kind) may be empty for all.
  Result<std::vector<RejectRow>> rejects(std::string_view feed, std::string_view reason,
                                         std::uint64_t after, std::size_t limit) const;
  Result<std::vector<RejectGroup>> reject_groups() const;
  // kept -> replayed or dropped.
  Result<void> settle_rejects(const std::vector<std::uint64_t>& ids, std::string_view state);

  // Retention: forgets finished reports that came before `before`, with their rejects and headers;
  // and of live ones, which may be many a second, those before `live_before` that rejected nothing.
  // At most 5,000 in one call; gives how many went.
  Result<std::size_t> forget_reports(TimeUs before, TimeUs live_before);

  // Small state by key: tokens, feeds, settings. Values are JSON.
  Result<std::string> value(std::string_view key) const;  // "" if there is none
  Result<std::vector<std::pair<std::string, std::string>>> values(std::string_view prefix) const;
  Result<void> keep_value(std::string_view key, std::string_view json);
  Result<void> forget_value(std::string_view key);

  Result<void> backup_to(const std::string& path) const;

 private:
  friend class Tables;  // other rooms' state, in the same file by the same writer
  explicit Journal(Dictionary& words) : words_(words) {}
  Result<void> migrate();
  Result<void> load_words();
  Result<void> keep_words(WordId last);
  Result<void> write(const std::function<Result<void>()>& body, bool live = false,
                     const std::function<void()>& committed = {});

  Dictionary& words_;
  std::string path_;
  mutable LaneMutex lane_;
  Sqlite db_;
  mutable std::mutex reader_mutex_;
  Sqlite reader_;
  Statement insert_batch_, insert_reject_, insert_word_, update_report_, upsert_cursor_;
  mutable Statement select_batch_;
  WordId words_kept_ = 0;
  std::atomic<std::uint64_t> seq_ = 0;
};

}  // namespace tocsin::store
