// DuckDB by its C API: databases, connections and results as values.
// Source: https://duckdb.org/docs/stable/clients/c/overview
#pragma once

#include <duckdb.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"

namespace tocsin::store {

// A chunk of a result: up to 2,048 rows. Columns must be read as the type they have.
class DuckChunk {
 public:
  std::size_t rows() const { return rows_; }
  template <class T>
  const T* column(std::size_t at) const {
    return static_cast<const T*>(duckdb_vector_get_data(duckdb_data_chunk_get_vector(chunk_, at)));
  }
  std::string_view text(std::size_t at, std::size_t row) const;
  bool is_null(std::size_t at, std::size_t row) const;

 private:
  friend class DuckConnection;
  duckdb_data_chunk chunk_ = nullptr;
  std::size_t rows_ = 0;
};

// Not for several threads at once, but for interrupt().
class DuckConnection {
 public:
  DuckConnection() = default;
  DuckConnection(DuckConnection&& other) noexcept
      : handle_(std::exchange(other.handle_, nullptr)) {}
  DuckConnection& operator=(DuckConnection&& other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
  }
  ~DuckConnection();

  // Errors: unavailable (I/O, memory, interrupted), invalid (SQL).
  Result<void> run(const std::string& sql) const;
  Result<void> query(const std::string& sql,
                     const std::function<void(const DuckChunk&)>& chunk) const;
  // The first value of the first row, which must be a BIGINT; 0 if there is none.
  Result<std::int64_t> number(const std::string& sql) const;
  void interrupt() const;  // any thread: ends the running query
  duckdb_connection handle() const { return handle_; }

 private:
  friend class Duck;
  duckdb_connection handle_ = nullptr;
};

class Duck {
 public:
  struct Options {
    unsigned memory_mb = 512, threads = 1;
    std::string temporary_folder, allowed_folder;  // files outside the second cannot be touched
  };
  // A database in memory, to which files are attached. Errors: unavailable.
  static Result<Duck> open(const Options& options);
  Duck(Duck&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  Duck& operator=(Duck&&) = delete;
  ~Duck();
  Result<DuckConnection> connect() const;

 private:
  Duck() = default;
  duckdb_database handle_ = nullptr;
};

// 'text' as an SQL literal.
std::string sql_quote(std::string_view text);

}  // namespace tocsin::store
