// Law: what the node knows of one subject: shown, exported, erased; and holds, which keep it.
//
// An erased subject leaves a tombstone, a keyed hash: whoever tells of the subject again is not
// heard. docs/law.md says what is kept where, and what erasing does. Source: DESIGN D4, D7.
#pragma once

#include <array>
#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <shared_mutex>
#include <string>
#include <vector>

#include "base/result.h"
#include "node/corrections.h"
#include "store/raw.h"

namespace tocsin::node {

// In the place of bytes of a report that nobody can read.
inline constexpr std::string_view unseen_record =
    "(not kept: it cannot be read, and may name an erased subject)";

enum class ValueKind : std::uint8_t { address, name, url, account };
std::string_view name(ValueKind kind);

// Calls with what stands in a text as base64, as a record in the `raw` of an event: where, and its
// bytes. Runs of 24 characters at least.
void each_decoded(
    std::string_view text,
    const std::function<void(std::size_t at, std::size_t size, std::string_view decoded)>& take);

// Is the text, in any case, ".csv" or another ending of a file's name?
bool is_file_ending(std::string_view text);

// A subject as a person names it.
struct SubjectValue {
  ValueKind kind = ValueKind::name;
  std::string text;  // canonical; of an account as it is stored
  Ip ip;
  std::vector<std::string> spellings;  // lower case; what is looked for in texts

  // Errors: invalid: no address, name, URL or account.
  static Result<SubjectValue> parse(std::string_view given, const store::Counts::Key& key);
  // Does a text hold it, not as a part of another name or number? Also as base64.
  bool is_in(std::string_view whole) const;
  // The same with it masked out; nullopt: it is not in it.
  std::optional<std::string> masked(std::string_view whole) const;
};

struct Traces {
  SubjectValue value;
  std::uint64_t events = 0, findings = 0, quarantine = 0;
  TimeUs first = time_none, last = time_none;              // of the events
  std::vector<std::uint64_t> reports;                      // that told of it, the first 1,000
  std::uint64_t days = 0;                                  // in whose exact sets it is
  std::uint64_t waiting = 0;                               // findings of it that wait to be told
  std::vector<Told> told;                                  // who was told of its findings
  std::vector<std::string> raw;                            // SHA-256 of kept reports that name it
  std::vector<std::pair<std::string, std::size_t>> texts;  // table of the journal's file, values
  bool erased = false;                                     // there is a tombstone
  std::vector<std::uint64_t> holds;                        // that keep it
};

struct Erasure {
  std::uint64_t id = 0, events = 0, days = 0, texts = 0, raw = 0, files = 0;
  std::uint64_t copies = 0;  // of the whole home as it was before an upgrade; they go unread
  // Below HOME, what nobody could look into and what therefore stays: locked archives of cases,
  // backups. At most 100.
  std::vector<std::string> left;
  TimeUs at = time_none;
  std::string by, reason, state;
};

struct Hold {
  std::uint64_t id = 0;
  std::string kind, what, reason, by;  // kind: report, subject or case
  TimeUs at = time_none, lifted = time_none;
  std::string lifted_by;
};

class Law {
 public:
  struct Parts {
    store::Journal& journal;
    store::Columns& columns;
    store::Findings& findings;
    store::Counts& counts;
    store::Raw& raw;
    Corrections& corrections;
    Dictionary& words;
    std::string home;
    store::Counts::Key key;
    bool mask = false;  // an erased subject at intake: mask it, else drop the event
    std::function<TimeUs()> now;
    std::function<Result<void>(const std::function<Result<void>()>&)> rested;  // followers stopped
    std::function<Result<void>(std::uint64_t seq)> prune;  // journal rows up to here
    // Runs work that changes texts of the journal's file, and makes those who keep them in memory
    // read them again.
    std::function<Result<void>(const std::function<Result<void>()>& work)> reworded;
    // Masks texts of the audit.
    std::function<Result<std::size_t>(const store::Journal::Rewrite& rewrite)> audited;
    // Removes indicators that name a subject; gives how many.
    std::function<Result<std::size_t>(const std::function<bool(std::string_view)>& names)>
        forget_indicators;
    // Is there an object of others for which this is true? Of what is kept byte for byte.
    using IsTold = std::function<bool(std::uint64_t report, std::string_view text)>;
    std::function<Result<bool>(const IsTold&)> told_by_others{};
  };
  // A larger report has too much in it to be guessed from its hash.
  static constexpr std::size_t guessable_bytes_max = 64 << 10;
  static Result<std::unique_ptr<Law>> open(Parts parts);

  // At intake, before anything is kept: accounts masked, erased subjects out. Any thread.
  void apply(EventBatch& batch) const;
  // Does an erased subject stand anywhere in a text? Any thread, as the next three.
  bool names_erased(std::string_view text) const;
  // The same of a report as it came, whose parts may be encoded, as a mail's are.
  bool report_names_erased(std::string_view bytes) const;
  // The text with erased subjects masked out; nullopt: none is in it.
  std::optional<std::string> without_erased(std::string_view text) const;
  bool has_erased() const;  // anybody
  // The same, and without ids of findings that there are no more.
  std::optional<std::string> masked_for_audit(std::string_view text) const;
  // Changes when a subject joins the erased ones: what was found clean before may not be so now.
  std::uint64_t version() const { return version_; }
  // A report that came in while the version changed: what is kept of it is looked through again.
  // `named`: its bytes name an erased subject.
  Result<void> look_again(const store::ReportRow& report, bool named);
  // In the place of the SHA-256 of a small report that named an erased subject, which could be
  // guessed: a keyed hash. The same for the same.
  std::string disguised(std::string_view sha256) const;
  // Carries on an erasure that a stop cut short, and erases from a restored home who was erased
  // after the backup was made.
  Result<void> resume();

  Result<Traces> show(std::string_view value) const;
  // Every event, as it is stored, one after the other; then who was told of it, and every other
  // text that names it, with "kept_in".
  Result<void> export_to(std::string_view value,
                         const std::function<Result<void>(std::string_view json)>& line) const;
  // Errors: invalid; denied: a hold keeps it; unavailable: it goes on at the next start.
  Result<Erasure> erase(std::string_view value, std::string_view reason, std::string_view by);
  Result<std::vector<Erasure>> erasures() const;

  Result<Hold> hold(Hold hold);
  Result<Hold> lift(std::uint64_t id, std::string_view by);
  Result<std::vector<Hold>> holds() const;
  // The hold that keeps a report, or an event of it; nullopt: none.
  Result<std::optional<Hold>> hold_of(const store::ReportRow& report) const;
  // Must what came in a report and says this stay? As of now.
  Result<std::function<bool(std::uint64_t report, std::string_view text)>> kept_by_holds() const;
  // The reports that holds name.
  Result<std::vector<std::uint64_t>> held_reports() const;
  // Does a hold keep events that arrived in this month ("2026_11")?
  Result<bool> holds_month(const std::string& month) const;
  // The subjects of a case; set by whoever keeps cases.
  std::function<Result<std::vector<std::string>>(const std::string& id)> case_subjects;

 private:
  using Key = std::array<unsigned char, 16>;
  using Names = std::function<bool(std::string_view text)>;
  struct Piece {
    std::size_t at, size;
    std::string value;
  };
  enum class Look : std::uint8_t { clean, named, unreadable };

  Law(Parts parts, store::Tables tables);
  Result<void> load();
  Hash128 tombstone(std::string_view canonical_in_lower_case) const;
  // Until `found` says false. Under the lock. `depth`: how often it was decoded.
  void each_erased(std::string_view text, const std::function<bool(const Piece&)>& found,
                   unsigned depth = 0) const;
  bool is_erased(const EventBatch& batch, std::size_t row,
                 const std::function<void(int column)>& found) const;
  Result<std::vector<EventId>> events_of(const SubjectValue& value, EventId after) const;
  std::string where(const SubjectValue& value) const;
  std::string may_name(const SubjectValue& value) const;  // also those that must be decoded first
  std::vector<WordId> words_of(const SubjectValue& value) const;
  Result<std::vector<Told>> told_of(std::span<const Hash128> findings) const;
  Result<std::uint64_t> waiting_of(std::span<const Hash128> findings) const;
  Result<std::vector<std::string>> raw_of(const SubjectValue& value) const;
  Result<bool> keeps_bytes_of(const Hold& hold, const SubjectValue& value) const;
  Result<bool> is_held(std::uint64_t report) const;
  Result<std::vector<SubjectValue>> subjects_of(const Hold& hold) const;  // none if it is lifted
  Result<std::vector<SubjectValue>> held_subjects() const;
  // The hold that keeps the value, or an event that names it; nullopt: none.
  Result<std::optional<Hold>> hold_against(const SubjectValue& value) const;
  // A file, and what is packed or encoded in it.
  Result<Look> look_into(const std::string& path, const Names& names, unsigned depth = 4) const;
  Result<void> each_file(
      const std::function<Result<void>(const std::string& path, bool is_leftover)>& take) const;
  Result<void> remove_files(Erasure& erasure, const SubjectValue& value);
  Result<void> remove_copies(Erasure& erasure) const;
  Result<std::set<std::string>> still_there() const;
  Result<void> erase_restored();
  Result<void> disguise(const std::set<std::uint64_t>& reports);
  Result<void> forget_sinks(const SubjectValue& value);
  Result<std::size_t> forget_views(const SubjectValue& value);
  Result<void> unlink_findings();
  std::string unlinked(std::string_view text) const;
  Result<bool> deleted_since_rewrite();
  Result<void> carry_out(Erasure& erasure, const SubjectValue& value, bool resumed);
  Result<void> compact(Erasure& erasure);

  Parts parts_;
  store::Tables tables_;
  mutable std::shared_mutex mutex_;
  std::set<Hash128> tombstones_;
  std::atomic<std::uint64_t> version_ = 0;
  std::vector<Hash128> missed_;  // erased after the backup was made that this home is of
  Key stone_key_, report_key_;
  std::mutex one_;  // erasure at a time
};

}  // namespace tocsin::node
