#include "store/journal.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/text.h"
#include "base/zstd.h"

namespace tocsin::store {
namespace {

constexpr std::string_view tables = R"(
CREATE TABLE meta(key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE words(id INTEGER PRIMARY KEY, word BLOB NOT NULL);
CREATE TABLE reports(
  id INTEGER PRIMARY KEY AUTOINCREMENT, feed TEXT NOT NULL, name TEXT NOT NULL, url TEXT NOT NULL,
  format TEXT NOT NULL, type TEXT NOT NULL DEFAULT '', received INTEGER NOT NULL,
  size INTEGER NOT NULL, sha256 TEXT NOT NULL, spool TEXT NOT NULL, state INTEGER NOT NULL,
  live INTEGER NOT NULL, events INTEGER NOT NULL DEFAULT 0, duplicates INTEGER NOT NULL DEFAULT 0,
  rejected INTEGER NOT NULL DEFAULT 0, error TEXT NOT NULL DEFAULT '',
  flags INTEGER NOT NULL DEFAULT 0, replaces INTEGER NOT NULL DEFAULT 0,
  tlp INTEGER NOT NULL DEFAULT 5);
CREATE INDEX reports_hash ON reports(sha256, feed);
CREATE INDEX reports_open ON reports(state) WHERE state = 0;
CREATE TABLE journal(
  seq INTEGER PRIMARY KEY, report INTEGER NOT NULL, events INTEGER NOT NULL, batch BLOB NOT NULL);
CREATE TABLE rejects(
  id INTEGER PRIMARY KEY AUTOINCREMENT, report INTEGER NOT NULL, feed TEXT NOT NULL,
  line INTEGER NOT NULL, reason TEXT NOT NULL, bytes BLOB NOT NULL, at INTEGER NOT NULL,
  state TEXT NOT NULL DEFAULT 'kept');
CREATE INDEX rejects_group ON rejects(state, feed, reason);
CREATE TABLE cursors(feed TEXT PRIMARY KEY, cursor TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE state(key TEXT PRIMARY KEY, json TEXT NOT NULL) WITHOUT ROWID;
INSERT INTO meta VALUES('schema', '3'), ('seq', '0');
)";

constexpr std::size_t batch_bytes_max = std::size_t{1} << 30;  // far above any batch's

constexpr std::string_view report_columns =
    "id, feed, name, url, format, type, received, size, sha256, spool, state, live, events, "
    "duplicates, rejected, error, flags, replaces, tlp";

ReportRow report_row(const Statement& s) {
  ReportRow row;
  row.id = static_cast<std::uint64_t>(s.number(0));
  row.feed = s.text(1);
  row.name = s.text(2);
  row.url = s.text(3);
  row.format = s.text(4);
  row.type = s.text(5);
  row.received = s.number(6);
  row.size_bytes = static_cast<std::uint64_t>(s.number(7));
  row.sha256 = s.text(8);
  row.spool = s.text(9);
  row.state = static_cast<ReportState>(s.number(10));
  row.live = s.number(11) != 0;
  row.events = static_cast<std::uint64_t>(s.number(12));
  row.duplicates = static_cast<std::uint64_t>(s.number(13));
  row.rejected = static_cast<std::uint64_t>(s.number(14));
  row.error = s.text(15);
  row.flags = static_cast<std::uint8_t>(s.number(16));
  row.replaces = static_cast<std::uint64_t>(s.number(17));
  row.tlp = static_cast<Tlp>(s.number(18));
  return row;
}

RejectRow reject_row(const Statement& s) {
  RejectRow row;
  row.id = static_cast<std::uint64_t>(s.number(0));
  row.report = static_cast<std::uint64_t>(s.number(1));
  row.feed = s.text(2);
  row.line = static_cast<std::uint64_t>(s.number(3));
  row.reason = s.text(4);
  row.bytes = s.blob(5);
  row.at = s.number(6);
  row.state = s.text(7);
  return row;
}

}  // namespace

std::string_view name(ReportState state) {
  constexpr std::string_view names[] = {"reading", "done", "repeat", "failed", "withdrawn"};
  return names[std::min(static_cast<std::size_t>(state), std::size(names) - 1)];
}

void LaneMutex::lock(bool live) {
  std::unique_lock guard(mutex_);
  live_waiting_ += live ? 1 : 0;
  freed_.wait(guard, [&] { return !held_ && (live || live_waiting_ == 0); });
  live_waiting_ -= live ? 1 : 0;
  held_ = true;
}

void LaneMutex::unlock() {
  {
    std::lock_guard guard(mutex_);
    held_ = false;
  }
  freed_.notify_all();
}

Result<std::unique_ptr<Journal>> Journal::open(const std::string& path, Dictionary& words) {
  auto journal = std::unique_ptr<Journal>(new Journal(words));
  journal->path_ = path;
  journal->db_ = TRY(Sqlite::open(path));
  TRY(journal->migrate());
  journal->reader_ = TRY(Sqlite::open(path, true));
  TRY(journal->reader_.add_function("reason_kind", reason_kind));
  Sqlite& db = journal->db_;
  journal->insert_batch_ =
      TRY(db.prepare("INSERT INTO journal(seq, report, events, batch) VALUES(?, ?, ?, ?)"));
  journal->insert_reject_ = TRY(db.prepare(
      "INSERT INTO rejects(report, feed, line, reason, bytes, at) VALUES(?, ?, ?, ?, ?, ?)"));
  journal->insert_word_ = TRY(db.prepare("INSERT INTO words(id, word) VALUES(?, ?)"));
  journal->update_report_ =
      TRY(db.prepare("UPDATE reports SET events = ?2, duplicates = ?3, rejected = ?4, "
                     "state = coalesce(?5, state), error = ?6,"
                     " type = CASE WHEN ?7 = '' THEN type ELSE ?7 END,"
                     " format = CASE WHEN ?8 = '' THEN format ELSE ?8 END WHERE id = ?1"));
  journal->upsert_cursor_ =
      TRY(db.prepare("INSERT INTO cursors SELECT feed, ?2 FROM reports WHERE id = ?1 ON "
                     "CONFLICT(feed) DO UPDATE SET cursor = excluded.cursor"));
  journal->select_batch_ = TRY(journal->reader_.prepare("SELECT batch FROM journal WHERE seq = ?"));
  TRY(journal->load_words());
  return journal;
}

Result<void> Journal::migrate() {
  auto known = TRY(db_.prepare("SELECT count(*) FROM sqlite_master WHERE name = 'meta'"));
  TRY(known.step());
  if (known.number(0) == 0) {
    auto transaction = TRY(Transaction::begin(db_));
    TRY(db_.run(tables));
    TRY(transaction.commit());
  }
  int known_schema = 0;
  auto schema = TRY(db_.prepare("SELECT key, value FROM meta"));
  while (TRY(schema.step())) {
    auto number = text::number(schema.text(1)).value_or(0);
    if (schema.text(0) == "seq") seq_.store(number);
    if (schema.text(0) != "schema") continue;
    known_schema = static_cast<int>(number);
    if (number > journal_schema) {
      return invalid(
          fmt::format("{} has schema {}; this program knows up to {}: use the newer program",
                      text::quote(path_), number, journal_schema));
    }
  }
  if (known_schema < journal_schema) {
    auto transaction = TRY(Transaction::begin(db_));
    if (known_schema < 3) {
      TRY(
          db_.run("ALTER TABLE reports ADD COLUMN flags INTEGER NOT NULL DEFAULT 0; "
                  "ALTER TABLE reports ADD COLUMN replaces INTEGER NOT NULL DEFAULT 0; "
                  "ALTER TABLE reports ADD COLUMN tlp INTEGER NOT NULL DEFAULT 5"));
    }
    auto raise = TRY(db_.prepare("UPDATE meta SET value = ? WHERE key = 'schema'"));
    std::string ours = std::to_string(journal_schema);
    TRY(raise.bind(1, ours).run());
    TRY(transaction.commit());
  }
  auto newest = TRY(db_.prepare("SELECT coalesce(max(seq), 0) FROM journal"));
  TRY(newest.step());
  seq_.store(std::max(seq_.load(), static_cast<std::uint64_t>(newest.number(0))));
  return {};
}

Result<void> Journal::load_words() {
  auto rows = TRY(db_.prepare("SELECT id, word FROM words ORDER BY id"));
  while (TRY(rows.step())) {
    auto id = words_.id(rows.blob(1));
    if (id != static_cast<WordId>(rows.number(0)))
      return invalid("damaged journal: words out of order at " + std::to_string(rows.number(0)));
  }
  words_kept_ = words_.last();
  return {};
}

Result<void> Journal::keep_words(WordId last) {
  for (WordId id = words_kept_ + 1; id <= last; ++id) {
    auto fresh = rewrite_word_ ? rewrite_word_(words_.word(id)) : std::nullopt;
    if (fresh) words_.rename(id, fmt::format("{} {}", *fresh, id));
    insert_word_.bind(1, id).bind_blob(2, words_.word(id));
    TRY(insert_word_.run());
  }
  return {};
}

// Runs `body` in a transaction of the one writer, with the words that came up since.
Result<void> Journal::write(const std::function<Result<void>()>& body, bool live,
                            const std::function<void()>& committed) {
  lane_.lock(live);
  auto all = [&]() -> Result<void> {
    auto transaction = TRY(Transaction::begin(db_));
    WordId last = words_.last();
    TRY(keep_words(last));
    TRY(body());
    TRY(transaction.commit());
    words_kept_ = std::max(words_kept_, last);
    if (committed) committed();
    return {};
  };
  auto result = all();
  lane_.unlock();
  return result;
}

Result<Journal::Begun> Journal::begin_report(const ReportRow& row, bool again) {
  Begun begun;
  auto insert = [&]() -> Result<void> {
    // One that is still there says it, before one that was withdrawn.
    auto known = TRY(
        db_.prepare("SELECT id, state FROM reports WHERE sha256 = ? AND feed = ? AND state IN (1, "
                    "4) AND flags & 1 = ? ORDER BY state, id LIMIT 1"));
    known.bind(1, row.sha256).bind(2, row.feed).bind(3, row.flags & flag_exercise);
    begun.repeat = !again && !row.sha256.empty() && TRY(known.step());
    std::string error = row.error;
    if (begun.repeat) {
      begun.of = static_cast<std::uint64_t>(known.number(0));
      begun.withdrawn = known.number(1) == 4;
    }
    if (begun.withdrawn) {
      error = fmt::format(
          "these bytes were withdrawn as r_{}: say --again to take them in once more", begun.of);
    }
    known.reset();
    auto state = begun.repeat ? ReportState::repeat : ReportState::reading;
    auto add =
        TRY(db_.prepare("INSERT INTO reports(feed, name, url, format, type, received, size, "
                        "sha256, spool, state, live, flags, replaces, error, tlp)"
                        " VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)"));
    add.bind(1, row.feed).bind(2, row.name).bind(3, row.url).bind(4, row.format).bind(5, row.type);
    add.bind(6, row.received).bind(7, row.size_bytes).bind(8, row.sha256).bind(9, row.spool);
    add.bind(10, static_cast<int>(state)).bind(11, row.live ? 1 : 0).bind(12, int{row.flags});
    add.bind(13, row.replaces).bind(14, error).bind(15, static_cast<int>(row.tlp));
    TRY(add.run());
    begun.id = static_cast<std::uint64_t>(db_.last_rowid());
    return {};
  };
  TRY(write(insert, row.live));
  return begun;
}

Result<std::vector<ReportRow>> Journal::unfinished() {
  std::vector<ReportRow> rows;
  std::lock_guard guard(reader_mutex_);
  auto select = TRY(reader_.prepare(
      fmt::format("SELECT {} FROM reports WHERE state = 0 ORDER BY id", report_columns)));
  while (TRY(select.step())) rows.push_back(report_row(select));
  return rows;
}

Result<void> Journal::commit(std::span<const std::shared_ptr<EventBatch>> batches,
                             const Step& step) {
  // Encoded before the lock is taken: the row carries the seq, the bytes do not.
  std::vector<std::string> packed;
  for (const auto& batch : batches) packed.push_back(zstd::pack(encode(*batch)));
  std::uint64_t first = 0;
  auto put = [&]() -> Result<void> {
    first = last_seq() + 1;
    for (std::size_t i = 0; i < batches.size(); ++i) {
      insert_batch_.bind(1, first + i).bind(2, step.report);
      insert_batch_.bind(3, static_cast<std::uint64_t>(batches[i]->size()));
      insert_batch_.bind_blob(4, packed[i]);
      TRY(insert_batch_.run());
    }
    for (const RejectRow& r : step.rejects) {
      insert_reject_.bind(1, step.report).bind(2, r.feed).bind(3, r.line).bind(4, r.reason);
      insert_reject_.bind_blob(5, r.bytes).bind(6, r.at);
      TRY(insert_reject_.run());
    }
    update_report_.bind(1, step.report).bind(2, step.events_read).bind(3, step.duplicates);
    update_report_.bind(4, step.rejected)
        .bind(6, step.error)
        .bind(7, step.type)
        .bind(8, step.format);
    if (step.finished) update_report_.bind(5, static_cast<int>(*step.finished));
    TRY(update_report_.run());
    if (step.cursor) {
      upsert_cursor_.bind(1, step.report).bind(2, *step.cursor);
      TRY(upsert_cursor_.run());
    }
    return {};
  };
  TRY(write(put, step.live, [&] { seq_.store(first + batches.size() - 1); }));
  for (std::size_t i = 0; i < batches.size(); ++i) batches[i]->seq = first + i;
  return {};
}

Result<void> Journal::correct(EventBatch& act,
                              const std::function<Result<void>(Sqlite& db)>& also) {
  std::string bytes = zstd::pack(encode(act));
  std::uint64_t seq = 0;
  auto put = [&]() -> Result<void> {
    seq = last_seq() + 1;
    insert_batch_.bind(1, seq).bind(2, act.correction.report).bind(3, 0).bind_blob(4, bytes);
    TRY(insert_batch_.run());
    return also(db_);
  };
  TRY(write(put, true, [&] { seq_.store(seq); }));
  act.seq = seq;
  return {};
}

Result<std::vector<ReportRow>> Journal::half_replaced() {
  std::vector<ReportRow> rows;
  std::lock_guard guard(reader_mutex_);
  auto select = TRY(reader_.prepare(
      fmt::format("SELECT {} FROM reports WHERE state = 1 AND replaces IN (SELECT id FROM reports "
                  "WHERE state IN (1, 3)) ORDER BY id",
                  report_columns)));
  while (TRY(select.step())) rows.push_back(report_row(select));
  return rows;
}

std::uint64_t Journal::last_seq() const {
  return seq_.load();
}

Result<std::optional<EventBatch>> Journal::batch(std::uint64_t seq) const {
  std::lock_guard guard(reader_mutex_);
  select_batch_.bind(1, seq);
  if (!TRY(select_batch_.step())) {
    select_batch_.reset();
    return std::nullopt;
  }
  std::string_view stored = select_batch_.blob(0);
  auto bytes = zstd::is_packed(stored) ? zstd::unpack(stored, batch_bytes_max)
                                       : Result<std::string>(stored);  // schema 1
  select_batch_.reset();
  auto decoded = bytes ? decode(*bytes) : std::unexpected(bytes.error());
  if (!decoded)
    return std::unexpected(
        Error{Fault::invalid, fmt::format("journal row {}: {}", seq, decoded.error().what)});
  decoded->seq = seq;
  return std::optional(*std::move(decoded));
}

Result<void> Journal::prune(std::uint64_t below_or_equal) {
  std::int64_t erased = 0;
  auto step = [&]() -> Result<void> {
    auto erase = TRY(db_.prepare(
        "DELETE FROM journal WHERE seq <= min(?, (SELECT min(seq) FROM journal) + 99)"));
    erase.bind(1, below_or_equal);
    TRY(erase.run());
    erased = db_.changes();
    auto kept = TRY(db_.prepare("UPDATE meta SET value = ? WHERE key = 'seq'"));
    std::string seq = std::to_string(last_seq());
    kept.bind(1, seq);
    return kept.run();
  };
  // In small steps, between which intake has its turn.
  do TRY(write(step));
  while (erased > 0);
  return {};
}

Result<std::size_t> Journal::forget_reports(TimeUs before, TimeUs live_before,
                                            std::span<const std::uint64_t> held) {
  std::size_t forgotten = 0;
  auto forget = [&]() -> Result<void> {
    TRY(db_.run("CREATE TEMP TABLE IF NOT EXISTS old(id INTEGER PRIMARY KEY)"));
    TRY(db_.run("DELETE FROM temp.old"));
    auto find = TRY(db_.prepare(
        fmt::format("INSERT INTO temp.old SELECT id FROM reports WHERE state <> 0 "
                    "AND (received < ? OR (live = 1 AND rejected = 0 AND received < ?)) "
                    "AND id NOT IN ({}) LIMIT 5000",
                    fmt::join(held, ", "))));
    find.bind(1, before).bind(2, live_before);
    TRY(find.run());
    TRY(db_.run("DELETE FROM rejects WHERE report IN temp.old"));
    TRY(db_.run("DELETE FROM state WHERE key IN (SELECT 'head.' || id FROM temp.old)"));
    TRY(db_.run("DELETE FROM reports WHERE id IN temp.old"));
    forgotten = static_cast<std::size_t>(db_.changes());
    return {};
  };
  TRY(write(forget));
  return forgotten;
}

Result<std::uint64_t> Journal::rows() const {
  std::lock_guard guard(reader_mutex_);
  auto count = TRY(reader_.prepare("SELECT count(*) FROM journal"));
  TRY(count.step());
  return static_cast<std::uint64_t>(count.number(0));
}

Result<std::string> Journal::cursor(std::string_view feed) const {
  std::lock_guard guard(reader_mutex_);
  auto select = TRY(reader_.prepare("SELECT cursor FROM cursors WHERE feed = ?"));
  select.bind(1, feed);
  return TRY(select.step()) ? std::string(select.text(0)) : std::string();
}

Result<void> Journal::keep_cursor(std::string_view feed, std::string_view cursor) {
  return write([&]() -> Result<void> {
    auto upsert =
        TRY(db_.prepare("INSERT INTO cursors VALUES(?, ?) ON CONFLICT(feed) DO UPDATE SET cursor = "
                        "excluded.cursor"));
    upsert.bind(1, feed).bind(2, cursor);
    return upsert.run();
  });
}

Result<std::vector<ReportRow>> Journal::reports(const ReportFilter& filter) const {
  std::lock_guard guard(reader_mutex_);
  auto select =
      TRY(reader_.prepare(fmt::format("SELECT {} FROM reports WHERE (?1 = '' OR feed = ?1) AND (?2 "
                                      "= 0 OR id < ?2) ORDER BY id DESC LIMIT ?3",
                                      report_columns)));
  select.bind(1, filter.feed)
      .bind(2, filter.before)
      .bind(3, static_cast<std::uint64_t>(filter.limit));
  std::vector<ReportRow> rows;
  while (TRY(select.step())) rows.push_back(report_row(select));
  return rows;
}

Result<std::uint64_t> Journal::first_report_since(TimeUs time) const {
  std::lock_guard guard(reader_mutex_);
  auto select = TRY(reader_.prepare("SELECT min(id) FROM reports WHERE received >= ?"));
  select.bind(1, time);
  return TRY(select.step()) ? static_cast<std::uint64_t>(select.number(0)) : 0;
}

Result<std::vector<std::string>> Journal::exercises_since(TimeUs time) const {
  std::vector<std::string> feeds;
  std::lock_guard guard(reader_mutex_);
  auto select = TRY(
      reader_.prepare("SELECT DISTINCT feed FROM reports WHERE received >= ? AND flags & ? <> 0"));
  select.bind(1, time).bind(2, int{flag_exercise});
  while (TRY(select.step())) feeds.emplace_back(select.text(0));
  return feeds;
}

Result<std::optional<ReportRow>> Journal::report(std::uint64_t id) const {
  std::lock_guard guard(reader_mutex_);
  auto select =
      TRY(reader_.prepare(fmt::format("SELECT {} FROM reports WHERE id = ?", report_columns)));
  select.bind(1, id);
  if (!TRY(select.step())) return std::nullopt;
  return std::optional(report_row(select));
}

Result<std::vector<ReportRow>> Journal::reports_of(std::string_view sha256) const {
  std::lock_guard guard(reader_mutex_);
  auto select =
      TRY(reader_.prepare(fmt::format("SELECT {} FROM reports WHERE sha256 = ?", report_columns)));
  select.bind(1, sha256);
  std::vector<ReportRow> rows;
  while (TRY(select.step())) rows.push_back(report_row(select));
  return rows;
}

Result<std::vector<RejectRow>> Journal::rejects(std::string_view feed, std::string_view reason,
                                                std::uint64_t after, std::size_t limit) const {
  std::lock_guard guard(reader_mutex_);
  auto select =
      TRY(reader_.prepare("SELECT id, report, feed, line, reason, bytes, at, state FROM rejects "
                          "WHERE state = 'kept' AND (?1 = '' OR feed = ?1)"
                          " AND (?2 = '' OR reason = ?2 OR reason_kind(reason) = ?2) AND id > ?3 "
                          "ORDER BY id LIMIT ?4"));
  select.bind(1, feed).bind(2, reason).bind(3, after).bind(4, static_cast<std::uint64_t>(limit));
  std::vector<RejectRow> rows;
  while (TRY(select.step())) rows.push_back(reject_row(select));
  return rows;
}

std::string reason_kind(std::string_view reason) {
  std::string kind;
  for (std::size_t i = 0; i < reason.size();) {
    std::size_t end = i + 1;
    // A quoted value ends with the last quote, for it may hold some itself.
    std::size_t last = reason[i] == '\'' ? reason.rfind('\'') : std::string_view::npos;
    if (last != std::string_view::npos && last > i) {
      end = last + 1;
    } else if (reason[i] >= '0' && reason[i] <= '9') {
      while (end < reason.size() && reason[end] >= '0' && reason[end] <= '9') ++end;
    } else {
      kind += reason[i++];
      continue;
    }
    kind += "\xe2\x80\xa6";  // an ellipsis
    i = end;
  }
  return kind;
}

Result<std::vector<RejectGroup>> Journal::reject_groups() const {
  std::lock_guard guard(reader_mutex_);
  auto select =
      TRY(reader_.prepare("SELECT feed, reason_kind(reason), count(*), min(at), max(at) FROM "
                          "rejects WHERE state = 'kept' GROUP BY 1, 2 ORDER BY 3 DESC LIMIT 500"));
  std::vector<RejectGroup> groups;
  while (TRY(select.step())) {
    groups.push_back({std::string(select.text(0)), std::string(select.text(1)),
                      static_cast<std::uint64_t>(select.number(2)), select.number(3),
                      select.number(4)});
  }
  return groups;
}

Result<void> Journal::settle_rejects(const std::vector<std::uint64_t>& ids,
                                     std::string_view state) {
  return write([&]() -> Result<void> {
    auto update = TRY(db_.prepare("UPDATE rejects SET state = ? WHERE id = ? AND state = 'kept'"));
    for (auto id : ids) {
      update.bind(1, state).bind(2, id);
      TRY(update.run());
    }
    return {};
  });
}

Result<std::string> Journal::value(std::string_view key) const {
  std::lock_guard guard(reader_mutex_);
  auto select = TRY(reader_.prepare("SELECT json FROM state WHERE key = ?"));
  select.bind(1, key);
  return TRY(select.step()) ? std::string(select.text(0)) : std::string();
}

Result<std::vector<std::pair<std::string, std::string>>> Journal::values(
    std::string_view prefix) const {
  std::lock_guard guard(reader_mutex_);
  auto select = TRY(reader_.prepare(
      "SELECT key, json FROM state WHERE substr(key, 1, length(?1)) = ?1 ORDER BY key"));
  select.bind(1, prefix);
  std::vector<std::pair<std::string, std::string>> found;
  while (TRY(select.step())) found.emplace_back(select.text(0), select.text(1));
  return found;
}

Result<void> Journal::keep_value(std::string_view key, std::string_view json) {
  return write([&]() -> Result<void> {
    auto upsert = TRY(db_.prepare(
        "INSERT INTO state VALUES(?, ?) ON CONFLICT(key) DO UPDATE SET json = excluded.json"));
    upsert.bind(1, key).bind(2, json);
    return upsert.run();
  });
}

Result<void> Journal::forget_value(std::string_view key) {
  return write([&]() -> Result<void> {
    auto erase = TRY(db_.prepare("DELETE FROM state WHERE key = ?"));
    erase.bind(1, key);
    return erase.run();
  });
}

Result<void> Journal::backup_to(const std::string& path) const {
  std::lock_guard guard(reader_mutex_);
  return reader_.backup_to(path);
}

}  // namespace tocsin::store
