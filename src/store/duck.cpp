#include "store/duck.h"

#include <fmt/format.h>

namespace tocsin::store {
namespace {

std::unexpected<Error> failed(duckdb_result& result) {
  const char* what = duckdb_result_error(&result);
  duckdb_error_type type = duckdb_result_error_type(&result);
  bool ours =
      type == DUCKDB_ERROR_PARSER || type == DUCKDB_ERROR_BINDER || type == DUCKDB_ERROR_CATALOG;
  Error error{ours ? Fault::invalid : Fault::unavailable,
              std::string("duckdb: ") + (what != nullptr ? what : "failed")};
  duckdb_destroy_result(&result);
  return std::unexpected(std::move(error));
}

}  // namespace

std::string_view DuckChunk::text(std::size_t at, std::size_t row) const {
  auto vector = duckdb_data_chunk_get_vector(chunk_, at);
  auto* strings = static_cast<duckdb_string_t*>(duckdb_vector_get_data(vector));
  return {duckdb_string_t_data(&strings[row]), duckdb_string_t_length(strings[row])};
}

bool DuckChunk::is_null(std::size_t at, std::size_t row) const {
  auto* validity = duckdb_vector_get_validity(duckdb_data_chunk_get_vector(chunk_, at));
  return validity != nullptr && !duckdb_validity_row_is_valid(validity, row);
}

DuckConnection::~DuckConnection() {
  if (handle_ != nullptr) duckdb_disconnect(&handle_);
}

Result<void> DuckConnection::run(const std::string& sql) const {
  return query(sql, [](const DuckChunk&) {});
}

Result<void> DuckConnection::query(const std::string& sql,
                                   const std::function<void(const DuckChunk&)>& chunk) const {
  duckdb_result result;
  if (duckdb_query(handle_, sql.c_str(), &result) != DuckDBSuccess) return failed(result);
  DuckChunk view;
  while ((view.chunk_ = duckdb_fetch_chunk(result)) != nullptr) {
    view.rows_ = duckdb_data_chunk_get_size(view.chunk_);
    if (view.rows_ > 0) chunk(view);
    duckdb_destroy_data_chunk(&view.chunk_);
  }
  duckdb_destroy_result(&result);
  return {};
}

Result<std::int64_t> DuckConnection::number(const std::string& sql) const {
  std::int64_t value = 0;
  bool first = true;
  TRY(query(sql, [&](const DuckChunk& chunk) {
    if (std::exchange(first, false) && !chunk.is_null(0, 0)) {
      value = chunk.column<std::int64_t>(0)[0];
    }
  }));
  return value;
}

void DuckConnection::interrupt() const {
  duckdb_interrupt(handle_);
}

Result<Duck> Duck::open(const Options& options) {
  duckdb_config config = nullptr;
  duckdb_create_config(&config);
  auto set = [&](const char* name, const std::string& value) {
    duckdb_set_config(config, name, value.c_str());
  };
  set("memory_limit", fmt::format("{}MB", options.memory_mb));
  set("threads", std::to_string(options.threads));
  set("autoinstall_known_extensions", "false");
  set("autoload_known_extensions", "false");
  set("preserve_insertion_order", "false");
  // A checkpoint looks at the whole file: the default of 16 MB slows a large month down.
  set("checkpoint_threshold", "256MB");
  // Nor does it pack again what stands well, only to join a chunk's last, short row group to the
  // next chunk.
  set("max_vacuum_tasks", "0");
  if (!options.temporary_folder.empty()) set("temp_directory", options.temporary_folder);
  Duck duck;
  char* why = nullptr;
  bool opened = duckdb_open_ext(nullptr, &duck.handle_, config, &why) == DuckDBSuccess;
  duckdb_destroy_config(&config);
  if (!opened) {
    std::string what = why != nullptr ? why : "cannot open";
    duckdb_free(why);
    return unavailable("duckdb: " + what);
  }
  auto connection = TRY(duck.connect());
  if (!options.allowed_folder.empty()) {
    TRY(connection.run(
        fmt::format("SET allowed_directories=[{}]", sql_quote(options.allowed_folder))));
  }
  TRY(connection.run("SET enable_external_access=false"));
  return duck;
}

Duck::~Duck() {
  if (handle_ != nullptr) duckdb_close(&handle_);
}

Result<DuckConnection> Duck::connect() const {
  DuckConnection connection;
  if (duckdb_connect(handle_, &connection.handle_) != DuckDBSuccess) {
    return unavailable("duckdb: cannot connect");
  }
  return connection;
}

std::string sql_quote(std::string_view text) {
  std::string out = "'";
  for (char c : text) {
    if (c == '\0') continue;  // no text of ours holds one
    out += c;
    if (c == '\'') out += '\'';
  }
  return out + "'";
}

}  // namespace tocsin::store
