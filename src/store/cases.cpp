#include "store/cases.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "base/durable_file.h"
#include "base/hash.h"
#include "base/text.h"
#include "store/handling.h"

namespace tocsin::store {
namespace {

namespace fs = std::filesystem;

constexpr const char* schema[] = {
    "CREATE TABLE cases(id INTEGER PRIMARY KEY AUTOINCREMENT, title TEXT NOT NULL,"
    " text TEXT NOT NULL, opened_by TEXT NOT NULL, opened_at INTEGER NOT NULL,"
    " closed_by TEXT NOT NULL DEFAULT '', closed_at INTEGER NOT NULL DEFAULT 0,"
    " changed_by TEXT NOT NULL, changed_at INTEGER NOT NULL, version INTEGER NOT NULL DEFAULT 1);"
    "CREATE TABLE case_notes(id INTEGER PRIMARY KEY AUTOINCREMENT, in_case INTEGER NOT NULL,"
    " at INTEGER NOT NULL, user TEXT NOT NULL, text TEXT NOT NULL);"
    "CREATE INDEX case_notes_case ON case_notes(in_case, id);"
    "CREATE TABLE case_files(in_case INTEGER NOT NULL, sha256 TEXT NOT NULL, name TEXT NOT NULL,"
    " size INTEGER NOT NULL, at INTEGER NOT NULL, user TEXT NOT NULL,"
    " PRIMARY KEY(in_case, sha256));"
    "CREATE INDEX case_files_sha256 ON case_files(sha256);"};

constexpr std::string_view case_columns =
    "id, title, text, opened_by, opened_at, closed_by, closed_at, changed_by, changed_at, version";

Case case_of(const Statement& row) {
  return {.id = static_cast<std::uint64_t>(row.number(0)),
          .title = std::string(row.text(1)),
          .text = std::string(row.text(2)),
          .opened_by = std::string(row.text(3)),
          .closed_by = std::string(row.text(5)),
          .changed_by = std::string(row.text(7)),
          .opened_at = row.number(4),
          .closed_at = row.number(6),
          .changed_at = row.number(8),
          .version = static_cast<std::uint32_t>(row.number(9))};
}

Result<std::string> title_of(std::string_view text) {
  std::string title = TRY(one_line(text, case_title_bytes_max, "the title"));
  if (title.empty()) return invalid("a case needs a title");
  return title;
}

// The last part of what may be a path, as browsers and shells give it.
Result<std::string> file_name_of(std::string_view name) {
  name = name.substr(name.find_last_of("/\\") + 1);
  std::string clean = TRY(one_line(name, case_file_name_bytes_max, "the file's name"));
  if (clean.empty() || clean == "." || clean == "..") return invalid("the file needs a name");
  return clean;
}

bool is_sha256(std::string_view text) {
  return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == text.npos;
}

}  // namespace

Result<std::unique_ptr<Cases>> Cases::open(Journal& journal, std::string folder,
                                           std::function<TimeUs()> now) {
  auto tables = TRY(Tables::open(journal, "cases", schema));
  return std::unique_ptr<Cases>(new Cases(tables, std::move(folder), std::move(now)));
}

Result<Case> Cases::start(std::string_view title, std::string_view text, const std::string& user) {
  TimeUs now = now_() / us_per_s * us_per_s;
  Case made{.title = TRY(title_of(title)),
            .text = TRY(many_lines(text, case_text_bytes_max, "the text")),
            .opened_by = user,
            .changed_by = user,
            .opened_at = now,
            .changed_at = now};
  auto body = [&](Sqlite& db) -> Result<void> {
    auto insert = TRY(
        db.prepare("INSERT INTO cases(title, text, opened_by, opened_at, changed_by, changed_at) "
                   "VALUES(?,?,?,?,?,?)"));
    insert.bind(1, made.title).bind(2, made.text).bind(3, user).bind(4, now).bind(5, user);
    TRY(insert.bind(6, now).run());
    made.id = static_cast<std::uint64_t>(db.last_rowid());
    return {};
  };
  TRY(tables_.write(body));
  return made;
}

Result<std::vector<Case>> Cases::list(bool also_closed, std::size_t limit) const {
  std::vector<Case> cases;
  auto look = [&](Sqlite& db) -> Result<void> {
    auto select =
        TRY(db.prepare(fmt::format("SELECT {} FROM cases {} ORDER BY id DESC LIMIT ?", case_columns,
                                   also_closed ? "" : "WHERE closed_at = 0")));
    select.bind(1, static_cast<std::uint64_t>(limit));
    while (TRY(select.step())) cases.push_back(case_of(select));
    return {};
  };
  TRY(tables_.read(look));
  return cases;
}

Result<Case> Cases::one(std::uint64_t id) const {
  std::optional<Case> found;
  auto look = [&](Sqlite& db) -> Result<void> {
    auto select = TRY(db.prepare(fmt::format("SELECT {} FROM cases WHERE id = ?", case_columns)));
    select.bind(1, id);
    if (TRY(select.step())) found = case_of(select);
    return {};
  };
  TRY(tables_.read(look));
  if (!found) return missing(fmt::format("no case {}", id));
  return *std::move(found);
}

Result<Case> Cases::open_one(std::uint64_t id) const {
  Case found = TRY(one(id));
  if (found.closed_at != 0) return invalid(fmt::format("case {} is closed; open it again", id));
  return found;
}

Result<Cases::Changed> Cases::change(std::uint64_t id, const Wish& wish, const std::string& user) {
  std::lock_guard guard(writer_);
  Case stands = TRY(one(id));
  if (wish.version && *wish.version != stands.version) return Changed{stands, true};
  TimeUs now = now_() / us_per_s * us_per_s;
  if (wish.title) stands.title = TRY(title_of(*wish.title));
  if (wish.text) stands.text = TRY(many_lines(*wish.text, case_text_bytes_max, "the text"));
  if (wish.closed && *wish.closed == (stands.closed_at != 0)) {
    return invalid(fmt::format("case {} is {} already", id, *wish.closed ? "closed" : "open"));
  }
  if (wish.closed) {
    stands.closed_at = *wish.closed ? now : 0;
    stands.closed_by = *wish.closed ? user : "";
  }
  stands.changed_by = user;
  stands.changed_at = now;
  ++stands.version;
  auto body = [&](Sqlite& db) -> Result<void> {
    auto update =
        TRY(db.prepare("UPDATE cases SET title = ?, text = ?, closed_by = ?, closed_at = ?, "
                       "changed_by = ?, changed_at = ?, version = ? WHERE id = ?"));
    update.bind(1, stands.title).bind(2, stands.text).bind(3, stands.closed_by);
    update.bind(4, stands.closed_at).bind(5, user).bind(6, now).bind(7, stands.version);
    return update.bind(8, id).run();
  };
  TRY(tables_.write(body));
  return Changed{stands, false};
}

Result<std::uint64_t> Cases::count(std::string_view sql, std::uint64_t id) const {
  std::uint64_t found = 0;
  auto look = [&](Sqlite& db) -> Result<void> {
    auto select = TRY(db.prepare(sql));
    select.bind(1, id);
    if (TRY(select.step())) found = static_cast<std::uint64_t>(select.number(0));
    return {};
  };
  TRY(tables_.read(look));
  return found;
}

Result<CaseNote> Cases::note(std::uint64_t id, std::string_view text, const std::string& user) {
  CaseNote note{.at = now_() / us_per_s * us_per_s,
                .user = user,
                .text = TRY(many_lines(text, note_bytes_max, "the note"))};
  if (note.text.empty()) return invalid("the note is empty");
  TRY(one(id));
  if (TRY(count("SELECT count(*) FROM case_notes WHERE in_case = ?", id)) >= case_notes_max) {
    return invalid(fmt::format("a case has {} notes at most", case_notes_max));
  }
  auto body = [&](Sqlite& db) -> Result<void> {
    auto insert =
        TRY(db.prepare("INSERT INTO case_notes(in_case, at, user, text) VALUES(?, ?, ?, ?)"));
    TRY(insert.bind(1, id).bind(2, note.at).bind(3, user).bind(4, note.text).run());
    note.id = static_cast<std::uint64_t>(db.last_rowid());
    return {};
  };
  TRY(tables_.write(body));
  return note;
}

Result<std::vector<CaseNote>> Cases::notes(std::uint64_t id) const {
  std::vector<CaseNote> notes;
  auto look = [&](Sqlite& db) -> Result<void> {
    auto select =
        TRY(db.prepare("SELECT id, at, user, text FROM case_notes WHERE in_case = ? ORDER BY id"));
    select.bind(1, id);
    while (TRY(select.step())) {
      notes.push_back({.id = static_cast<std::uint64_t>(select.number(0)),
                       .at = select.number(1),
                       .user = std::string(select.text(2)),
                       .text = std::string(select.text(3))});
    }
    return {};
  };
  TRY(tables_.read(look));
  return notes;
}

std::string Cases::path_of(std::string_view sha256) const {
  return fmt::format("{}/{}/{}", folder_, sha256.substr(0, 2), sha256);
}

Result<CaseFile> Cases::attach(std::uint64_t id, std::string_view name, std::string_view bytes,
                               const std::string& user) {
  if (bytes.empty()) return invalid("the file is empty");
  if (bytes.size() > case_file_bytes_max) {
    return invalid(
        fmt::format("the file has {} bytes; the most is {}", bytes.size(), case_file_bytes_max));
  }
  std::string shown = TRY(file_name_of(name));
  CaseFile file{.sha256 = hex(sha256(bytes)),
                .name = std::move(shown),
                .user = user,
                .size_bytes = bytes.size(),
                .at = now_() / us_per_s * us_per_s};
  std::lock_guard guard(writer_);
  TRY(open_one(id));
  if (TRY(count("SELECT count(*) FROM case_files WHERE in_case = ?", id)) >= case_files_max) {
    return invalid(fmt::format("a case has {} files at most", case_files_max));
  }
  std::string path = path_of(file.sha256);
  std::error_code failed;
  if (!fs::exists(path, failed)) {
    fs::create_directories(fs::path(path).parent_path(), failed);
    if (failed) return unavailable("cannot make " + text::quote(path) + ": " + failed.message());
    TRY(DurableFile::replace(path, bytes));
  }
  auto body = [&](Sqlite& db) -> Result<void> {
    auto insert = TRY(db.prepare(
        "INSERT OR REPLACE INTO case_files(in_case, sha256, name, size, at, user) VALUES(?, ?, ?, "
        "?, ?, ?)"));
    insert.bind(1, id).bind(2, file.sha256).bind(3, file.name).bind(4, file.size_bytes);
    return insert.bind(5, file.at).bind(6, user).run();
  };
  TRY(tables_.write(body));
  return file;
}

Result<std::vector<CaseFile>> Cases::files(std::uint64_t id) const {
  std::vector<CaseFile> files;
  auto look = [&](Sqlite& db) -> Result<void> {
    auto select = TRY(db.prepare(
        "SELECT sha256, name, size, at, user FROM case_files WHERE in_case = ? ORDER BY at, name"));
    select.bind(1, id);
    while (TRY(select.step())) {
      files.push_back({.sha256 = std::string(select.text(0)),
                       .name = std::string(select.text(1)),
                       .user = std::string(select.text(4)),
                       .size_bytes = static_cast<std::uint64_t>(select.number(2)),
                       .at = select.number(3)});
    }
    return {};
  };
  TRY(tables_.read(look));
  return files;
}

Result<std::pair<CaseFile, std::string>> Cases::file(std::uint64_t id,
                                                     std::string_view sha256) const {
  auto all = TRY(files(id));
  auto at = std::ranges::find(all, sha256, &CaseFile::sha256);
  if (!is_sha256(sha256) || at == all.end()) {
    return missing(fmt::format("no file {} in case {}", text::quote(sha256), id));
  }
  return std::pair{*at, path_of(sha256)};
}

Result<void> Cases::detach(std::uint64_t id, std::string_view sha256, const std::string&) {
  std::lock_guard guard(writer_);
  TRY(open_one(id));
  TRY(file(id, sha256));
  std::uint64_t left = 0;
  auto body = [&](Sqlite& db) -> Result<void> {
    auto remove = TRY(db.prepare("DELETE FROM case_files WHERE in_case = ? AND sha256 = ?"));
    TRY(remove.bind(1, id).bind(2, sha256).run());
    auto others = TRY(db.prepare("SELECT count(*) FROM case_files WHERE sha256 = ?"));
    others.bind(1, sha256);
    if (TRY(others.step())) left = static_cast<std::uint64_t>(others.number(0));
    return {};
  };
  TRY(tables_.write(body));
  std::error_code failed;
  if (left == 0) fs::remove(path_of(sha256), failed);  // its rows are gone: nobody asks for it
  return {};
}

}  // namespace tocsin::store
