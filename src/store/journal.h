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

// 2: batches are packed. 3: reports have flags, and what they replace; echoes and corrections in
// batches.
inline constexpr int journal_schema = 3;

enum class ReportState : std::uint8_t { reading, done, repeat, failed, withdrawn };
std::string_view name(ReportState state);

struct ReportRow {
  std::uint64_t id = 0;
  std::string feed, name, url, type, error, spool, format, sha256;
  TimeUs received = 0;
  std::uint64_t size_bytes = 0, events = 0, duplicates = 0, rejected = 0;
  std::uint64_t replaces = 0;  // this report, which goes when this one is in
  Tlp tlp = Tlp::unmarked;     // of its events, where they say none
  ReportState state = ReportState::reading;
  bool live = false;
  std::uint8_t flags = 0;  // flag_exercise, flag_history: of all its events
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
    std::uint64_t of = 0;    // the first that had these bytes, where it is a repeat
    bool withdrawn = false;  // that one was withdrawn
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

  // Puts an act between the batches, and what else is to be changed with it, in one transaction.
  // `act` gets its seq. Errors: those of `also`; unavailable: nothing of it is in.
  Result<void> correct(EventBatch& act, const std::function<Result<void>(Sqlite& db)>& also);
  // Reports whose replacement is in while they are still there: what a stop cut short.
  Result<std::vector<ReportRow>> half_replaced();

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
  // The first report that came since then; 0: none.
  Result<std::uint64_t> first_report_since(TimeUs time) const;
  // The feeds of reports of exercises that came since then.
  Result<std::vector<std::string>> exercises_since(TimeUs time) const;
  Result<std::vector<ReportRow>> reports_of(std::string_view sha256) const;

  // Kept ones; `feed` and `reason` (whole, or its kind) may be empty for all.
  Result<std::vector<RejectRow>> rejects(std::string_view feed, std::string_view reason,
                                         std::uint64_t after, std::size_t limit) const;
  Result<std::vector<RejectGroup>> reject_groups() const;
  // kept -> replayed or dropped.
  Result<void> settle_rejects(const std::vector<std::uint64_t>& ids, std::string_view state);

  // Retention: forgets finished reports that came before `before`, with their rejects and headers;
  // and of live ones, which may be many a second, those before `live_before` that rejected nothing.
  // None of `held`. At most 5,000 in one call; gives how many went.
  Result<std::size_t> forget_reports(TimeUs before, TimeUs live_before,
                                     std::span<const std::uint64_t> held = {});

  // Small state by key: tokens, feeds, settings. Values are JSON.
  Result<std::string> value(std::string_view key) const;  // "" if there is none
  Result<std::vector<std::pair<std::string, std::string>>> values(std::string_view prefix) const;
  Result<void> keep_value(std::string_view key, std::string_view json);
  Result<void> forget_value(std::string_view key);

  Result<void> backup_to(const std::string& path) const;

  // Erasing. What new words become before they are kept, if anything; set before the intake begins.
  using Rewrite = std::function<std::optional<std::string>(std::string_view text)>;
  void rewrite_words(Rewrite rewrite);
  // Gives words another text, in the file and in `words`.
  Result<void> rename_words(const std::vector<std::pair<WordId, std::string>>& fresh);
  // A column that may name a subject in what reports or people said. `only`: a condition on its
  // rows; `members`: of the column's JSON object, where the rest of it is to stay.
  struct TextColumn {
    std::string_view table, name, only{};
    std::vector<std::string_view> members{};
  };
  // Text that `rewrite` knows becomes what it gives, in those columns whose table there is. Gives
  Result<std::size_t> rewrite_texts(const Rewrite& rewrite, std::span<const TextColumn> columns);
  // Calls for every text but the journal's rows and words that is `found`, with its table.
  Result<void> each_text(const std::function<bool(std::string_view text)>& found,
                         const std::function<Result<void>(const std::string& table,
                                                          std::string_view text)>& take) const;
  // The same counted: table and values.
  Result<std::vector<std::pair<std::string, std::size_t>>> count_texts(
      const std::function<bool(std::string_view text)>& found) const;
  // Writes the file anew, without what was deleted, and empties its log. Writers and readers wait.
  Result<void> compact();

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
  Rewrite rewrite_word_;  // under the lane
  std::atomic<std::uint64_t> seq_ = 0;
};

}  // namespace tocsin::store
