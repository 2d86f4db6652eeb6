// One row of the column store: its columns, to and from batches, and filters as SQL over them.
#pragma once

#include <string>
#include <vector>

#include "store/columns.h"

namespace tocsin::store::columns_row {

std::string month_of(TimeUs received);  // "2026_11"
Day first_of(std::string month);        // its first day

std::string create_table(const std::string& name);
// What brings a table of an older schema up to date, in this order.
std::vector<std::string> migrate_table(const std::string& name, int schema);
std::string select_list();  // what read() expects
std::string create_echoes(const std::string& name);
// select_list() for events of the rows `gone` as the echoes `echo` tell them.
std::string echoed_list();
std::size_t size();  // columns of it
void read(const DuckChunk& chunk, std::size_t row, Columns::Found& found);

// A filter as an SQL condition over the view `events`; "TRUE" for an empty one. Of what only
// findings have, `state` and `times` hold for every event, `first` and `last` are its time.
std::string where(const Filter& filter, const Dictionary& words);

// Appends batches within the transaction that the connection has open.
class Appender {
 public:
  Appender() = default;
  Appender(const Appender&) = delete;
  Appender& operator=(const Appender&) = delete;
  ~Appender();
  Result<void> open(const DuckConnection& connection, const std::string& catalog);
  Result<void> append(const EventBatch& batch);
  Result<void> close();

 private:
  static Result<void> fail(duckdb_appender appender);
  Result<void> append_echoes(const EventBatch& batch);
  duckdb_appender appender_ = nullptr, echoes_ = nullptr;
  duckdb_data_chunk chunk_ = nullptr, echoes_chunk_ = nullptr;
  std::string extra_;
};

}  // namespace tocsin::store::columns_row
