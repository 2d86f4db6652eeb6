// SQLite: one connection and its statements, as values. Source:
// https://www.sqlite.org/c3ref/intro.html
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

struct sqlite3;
struct sqlite3_stmt;

namespace tocsin::store {

// A prepared statement; bind() counts from 1, columns from 0. Texts are copied; blobs must outlive
// run() or the last step().
class Statement {
 public:
  Statement() = default;
  Statement& bind(int at, std::int64_t value);
  Statement& bind(int at, std::uint64_t value) {
    return bind(at, static_cast<std::int64_t>(value));
  }
  Statement& bind(int at, std::uint32_t value) {
    return bind(at, static_cast<std::int64_t>(value));
  }
  Statement& bind(int at, int value) { return bind(at, static_cast<std::int64_t>(value)); }
  Statement& bind(int at, std::string_view text);
  Statement& bind_blob(int at, std::string_view bytes);
  // True while there is a row. Errors: unavailable (disk full, I/O), invalid (constraint).
  Result<bool> step();
  // Steps to the end and resets, for statements without rows.
  Result<void> run();
  void reset();

  std::int64_t number(int column) const;
  std::string_view text(int column) const;  // valid until the next step()
  std::string_view blob(int column) const;
  bool is_null(int column) const;

 private:
  friend class Sqlite;
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const;
  };
  std::unique_ptr<sqlite3_stmt, Finalize> handle_;
};

class Sqlite {
 public:
  // Opens or makes a database in WAL mode with synchronous=FULL and 32 KiB pages. Errors:
  // unavailable, invalid (not a database).
  static Result<Sqlite> open(const std::string& path, bool read_only = false);

  Result<Statement> prepare(std::string_view sql) const;
  Result<void> run(std::string_view sql) const;  // one or several statements without rows
  // A function of one text that statements of this connection may call by `name`.
  Result<void> add_function(const char* name, std::string (*function)(std::string_view)) const;
  std::int64_t last_rowid() const;
  std::int64_t changes() const;
  Result<void> backup_to(const std::string& path) const;  // a consistent copy while others write

 private:
  struct Close {
    void operator()(sqlite3* handle) const;
  };
  Error error() const;
  std::unique_ptr<sqlite3, Close> handle_;
};

// Rolls back unless commit() was called.
class Transaction {
 public:
  static Result<Transaction> begin(const Sqlite& db);  // BEGIN IMMEDIATE
  Transaction(Transaction&& other) noexcept : db_(std::exchange(other.db_, nullptr)) {}
  Transaction& operator=(Transaction&&) = delete;
  ~Transaction();
  Result<void> commit();

 private:
  explicit Transaction(const Sqlite& db) : db_(&db) {}
  const Sqlite* db_;
};

}  // namespace tocsin::store
