// Erasing in the journal's file: texts of its tables, words, and what deleted rows leave behind.
#include <fmt/format.h>

#include <algorithm>

#include "store/journal.h"

namespace tocsin::store {
namespace {

// SQLite calls a plain function; what it rewrites by stands here for the thread that asks.
thread_local const Journal::Rewrite* rewriting = nullptr;

std::string rewritten(std::string_view text) {
  auto fresh = rewriting == nullptr ? std::nullopt : (*rewriting)(text);
  return fresh ? *fresh : std::string(text);
}

struct Rewriting {
  explicit Rewriting(const Journal::Rewrite& by) { rewriting = &by; }
  Rewriting(const Rewriting&) = delete;
  Rewriting& operator=(const Rewriting&) = delete;
  ~Rewriting() { rewriting = nullptr; }
};

struct Column {
  std::string table, name;
};

// Columns that may hold texts: of all tables but the journal's rows and the words, which have ways
// of their own, and SQLite's.
Result<std::vector<Column>> text_columns(const Sqlite& db) {
  std::vector<Column> columns;
  auto select = TRY(
      db.prepare("SELECT t.name, c.name FROM sqlite_master AS t, pragma_table_info(t.name) AS c "
                 "WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite_%' AND t.name NOT IN "
                 "('journal', 'words', 'meta') AND upper(c.type) NOT LIKE 'INT%' ORDER BY 1, 2"));
  while (TRY(select.step())) {
    columns.push_back({std::string(select.text(0)), std::string(select.text(1))});
  }
  return columns;
}

std::string quoted(std::string_view name) {
  std::string out = "\"";
  for (char c : name) out += c == '"' ? std::string("\"\"") : std::string(1, c);
  return out + '"';
}

}  // namespace

void Journal::rewrite_words(Rewrite rewrite) {
  lane_.lock(true);
  rewrite_word_ = std::move(rewrite);
  lane_.unlock();
}

Result<void> Journal::rename_words(const std::vector<std::pair<WordId, std::string>>& fresh) {
  auto rename = [&]() -> Result<void> {
    auto update = TRY(db_.prepare("UPDATE words SET word = ? WHERE id = ?"));
    for (const auto& [id, word] : fresh) TRY(update.bind_blob(1, word).bind(2, id).run());
    return {};
  };
  TRY(write(rename));
  for (const auto& [id, word] : fresh) words_.rename(id, word);
  return {};
}

Result<std::size_t> Journal::rewrite_texts(const Rewrite& rewrite,
                                           std::span<const TextColumn> columns) {
  std::size_t changed = 0;
  auto update = [&](const TextColumn& c, std::string_view value, std::string_view fresh,
                    std::string_view when) -> Result<void> {
    TRY(db_.run(fmt::format(
        "UPDATE {0} SET {1} = {3} WHERE {5} AND ({4}) AND rewritten({2}) <> CAST(({2}) AS TEXT)",
        quoted(c.table), quoted(c.name), value, fresh, c.only.empty() ? "TRUE" : c.only, when)));
    changed += static_cast<std::size_t>(db_.changes());
    return {};
  };
  auto all = [&]() -> Result<void> {
    Rewriting by(rewrite);
    TRY(db_.add_function("rewritten", rewritten));
    auto there = TRY(text_columns(db_));
    for (const TextColumn& c : columns) {
      bool is_there = std::ranges::any_of(
          there, [&](const Column& one) { return one.table == c.table && one.name == c.name; });
      if (!is_there) continue;
      std::string column = quoted(c.name);
      if (c.members.empty()) {
        TRY(update(c, column, fmt::format("rewritten({})", column),
                   fmt::format("typeof({}) IN ('text', 'blob')", column)));
      }
      for (std::string_view member : c.members) {
        std::string value =
            fmt::format("CASE WHEN json_valid({0}) THEN {0} -> '$.{1}' END", column, member);
        TRY(update(c, value,
                   fmt::format("json_set({}, '$.{}', json(rewritten({})))", column, member, value),
                   fmt::format("({}) IS NOT NULL", value)));
      }
    }
    return {};
  };
  TRY(write(all));
  return changed;
}

Result<void> Journal::each_text(
    const std::function<bool(std::string_view text)>& found,
    const std::function<Result<void>(const std::string& table, std::string_view text)>& take)
    const {
  std::vector<std::pair<std::string, std::string>> texts;
  {
    std::lock_guard guard(reader_mutex_);
    auto columns = TRY(text_columns(reader_));
    for (const auto& [table, name] : columns) {
      auto select = TRY(
          reader_.prepare(fmt::format("SELECT {1} FROM {0} WHERE typeof({1}) IN ('text', 'blob')",
                                      quoted(table), quoted(name))));
      while (TRY(select.step())) {
        if (found(select.text(0))) texts.emplace_back(table, select.text(0));
      }
    }
  }
  for (const auto& [table, text] : texts) TRY(take(table, text));
  return {};
}

Result<std::vector<std::pair<std::string, std::size_t>>> Journal::count_texts(
    const std::function<bool(std::string_view text)>& found) const {
  std::vector<std::pair<std::string, std::size_t>> counts;
  Rewrite mark = [&](std::string_view text) {
    return found(text) ? std::optional<std::string>("1") : std::optional<std::string>("");
  };
  std::lock_guard guard(reader_mutex_);
  Rewriting by(mark);
  TRY(reader_.add_function("rewritten", rewritten));
  auto columns = TRY(text_columns(reader_));
  for (const auto& [table, name] : columns) {
    auto count = TRY(reader_.prepare(
        fmt::format("SELECT count(*) FROM {0} WHERE typeof({1}) IN ('text', 'blob') AND "
                    "rewritten({1}) = '1'",
                    quoted(table), quoted(name))));
    TRY(count.step());
    auto values = static_cast<std::size_t>(count.number(0));
    if (values == 0) continue;
    if (!counts.empty() && counts.back().first == table) {
      counts.back().second += values;
    } else {
      counts.emplace_back(table, values);
    }
  }
  return counts;
}

// secure_delete: what VACUUM moves leaves no copy behind either.
Result<void> Journal::compact() {
  lane_.lock(true);
  auto all = [&]() -> Result<void> {
    std::lock_guard guard(reader_mutex_);
    TRY(db_.run("PRAGMA secure_delete = ON"));
    TRY(db_.run("PRAGMA temp_store = MEMORY"));
    TRY(db_.run("VACUUM"));
    auto checkpoint = TRY(db_.prepare("PRAGMA wal_checkpoint(TRUNCATE)"));
    TRY(checkpoint.step());
    bool busy = checkpoint.number(0) != 0;
    checkpoint.reset();
    if (busy) return unavailable("somebody reads the journal: its log is not emptied");
    return db_.run("PRAGMA secure_delete = FAST");
  };
  auto done = all();
  lane_.unlock();
  return done;
}

}  // namespace tocsin::store
