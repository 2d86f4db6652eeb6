#include "store/sqlite.h"

#include <sqlite3.h>

#include "base/text.h"

namespace tocsin::store {
namespace {

Error error_of(sqlite3* handle) {
  int code = sqlite3_errcode(handle);
  Fault fault = Fault::unavailable;
  if (code == SQLITE_CONSTRAINT || code == SQLITE_ERROR || code == SQLITE_NOTADB ||
      code == SQLITE_CORRUPT)
    fault = Fault::invalid;
  const char* hint = code == SQLITE_FULL ? " (the disk is full)" : "";
  return {fault, std::string("sqlite: ") + sqlite3_errmsg(handle) + hint};
}

}  // namespace

void Statement::Finalize::operator()(sqlite3_stmt* statement) const {
  sqlite3_finalize(statement);
}
void Sqlite::Close::operator()(sqlite3* handle) const {
  sqlite3_close_v2(handle);
}

Statement& Statement::bind(int at, std::int64_t value) {
  sqlite3_bind_int64(handle_.get(), at, value);
  return *this;
}

// A copy: texts are often made in the call.
Statement& Statement::bind(int at, std::string_view text) {
  sqlite3_bind_text64(handle_.get(), at, text.data() != nullptr ? text.data() : "", text.size(),
                      SQLITE_TRANSIENT, SQLITE_UTF8);
  return *this;
}

Statement& Statement::bind_blob(int at, std::string_view bytes) {
  sqlite3_bind_blob64(handle_.get(), at, bytes.data() != nullptr ? bytes.data() : "", bytes.size(),
                      SQLITE_STATIC);
  return *this;
}

Result<bool> Statement::step() {
  int code = sqlite3_step(handle_.get());
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  Error error = error_of(sqlite3_db_handle(handle_.get()));
  sqlite3_reset(handle_.get());
  return std::unexpected(std::move(error));
}

Result<void> Statement::run() {
  while (TRY(step())) {
  }
  reset();
  return {};
}

void Statement::reset() {
  sqlite3_reset(handle_.get());
  sqlite3_clear_bindings(handle_.get());
}

std::int64_t Statement::number(int column) const {
  return sqlite3_column_int64(handle_.get(), column);
}

std::string_view Statement::text(int column) const {
  const auto* bytes = reinterpret_cast<const char*>(sqlite3_column_text(handle_.get(), column));
  if (bytes == nullptr) return {};
  return {bytes, static_cast<std::size_t>(sqlite3_column_bytes(handle_.get(), column))};
}

std::string_view Statement::blob(int column) const {
  const auto* bytes = static_cast<const char*>(sqlite3_column_blob(handle_.get(), column));
  if (bytes == nullptr) return {};
  return {bytes, static_cast<std::size_t>(sqlite3_column_bytes(handle_.get(), column))};
}

bool Statement::is_null(int column) const {
  return sqlite3_column_type(handle_.get(), column) == SQLITE_NULL;
}

Error Sqlite::error() const {
  return error_of(handle_.get());
}

Result<Sqlite> Sqlite::open(const std::string& path, bool read_only) {
  Sqlite db;
  sqlite3* handle = nullptr;
  int flags = read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
  int code = sqlite3_open_v2(path.c_str(), &handle, flags | SQLITE_OPEN_NOMUTEX, nullptr);
  db.handle_.reset(handle);
  if (code != SQLITE_OK)
    return unavailable("cannot open " + text::quote(path) + ": " + sqlite3_errmsg(handle));
  sqlite3_busy_timeout(handle, 10'000);
  if (!read_only) {
    TRY(
        db.run("PRAGMA page_size=32768; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA "
               "foreign_keys=ON;"
               "PRAGMA wal_autocheckpoint=512; PRAGMA journal_size_limit=67108864;"
               // Debian's library zeroes what is deleted, which writes the journal twice more.
               "PRAGMA secure_delete=FAST;"));
  }
  return db;
}

Result<Statement> Sqlite::prepare(std::string_view sql) const {
  Statement statement;
  sqlite3_stmt* handle = nullptr;
  if (sqlite3_prepare_v2(handle_.get(), sql.data(), static_cast<int>(sql.size()), &handle,
                         nullptr) != SQLITE_OK) {
    return std::unexpected(error());
  }
  statement.handle_.reset(handle);
  return statement;
}

Result<void> Sqlite::run(std::string_view sql) const {
  std::string copy(sql);
  if (sqlite3_exec(handle_.get(), copy.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK)
    return std::unexpected(error());
  return {};
}

Result<void> Sqlite::add_function(const char* name,
                                  std::string (*function)(std::string_view)) const {
  using Function = std::string (*)(std::string_view);
  auto call = [](sqlite3_context* context, int, sqlite3_value** values) {
    auto of = reinterpret_cast<Function>(sqlite3_user_data(context));
    const auto* text = reinterpret_cast<const char*>(sqlite3_value_text(values[0]));
    std::string out = of(
        text == nullptr ? std::string_view()
                        : std::string_view(text, static_cast<std::size_t>(
                                                     sqlite3_value_bytes(values[0]))));
    sqlite3_result_text64(context, out.data(), out.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
  };
  int done = sqlite3_create_function_v2(handle_.get(), name, 1, SQLITE_UTF8 | SQLITE_DETERMINISTIC,
                                        reinterpret_cast<void*>(function), call, nullptr, nullptr,
                                        nullptr);
  return done == SQLITE_OK ? Result<void>{} : std::unexpected(error());
}

std::int64_t Sqlite::last_rowid() const {
  return sqlite3_last_insert_rowid(handle_.get());
}
std::int64_t Sqlite::changes() const {
  return sqlite3_changes64(handle_.get());
}

Result<void> Sqlite::backup_to(const std::string& path) const {
  sqlite3* target = nullptr;
  int code = sqlite3_open(path.c_str(), &target);
  if (code == SQLITE_OK) {
    sqlite3_backup* copy = sqlite3_backup_init(target, "main", handle_.get(), "main");
    if (copy != nullptr) {
      sqlite3_backup_step(copy, -1);
      sqlite3_backup_finish(copy);
    }
    code = sqlite3_errcode(target);
  }
  std::string what = sqlite3_errmsg(target);
  sqlite3_close(target);
  if (code != SQLITE_OK) return unavailable("cannot back up to " + text::quote(path) + ": " + what);
  return {};
}

Result<Transaction> Transaction::begin(const Sqlite& db) {
  TRY(db.run("BEGIN IMMEDIATE"));
  return Transaction(db);
}

Transaction::~Transaction() {
  if (db_ != nullptr) (void)db_->run("ROLLBACK");
}

Result<void> Transaction::commit() {
  TRY(db_->run("COMMIT"));
  db_ = nullptr;
  return {};
}

}  // namespace tocsin::store
