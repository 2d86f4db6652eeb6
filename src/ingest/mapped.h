// Mapped reading: a report read as a mapping file says.
#pragma once

#include "ingest/format.h"
#include "ingest/mapping.h"
#include "ingest/record.h"

namespace tocsin::ingest {

// Reads the report. Errors: invalid, if it is not of the mapping's input or lacks a column that a
// required field needs.
Result<void> read_mapped(const Mapping& mapping, const Report& report, Sink& sink);

// For the plug-ins csv, json, lines, key_value, html_table, xml: by report.mapping. Errors:
// invalid, also if there is no mapping or it is for another input.
Result<void> read_by_mapping(Input input, const Report& report, Sink& sink);

// Turns records into events: one Mapper a report.
class Mapper {
 public:
  Mapper(const Mapping& mapping, const Report& report, Sink& sink);

  // The record to fill; cleared.
  Record& fresh();
  Record& record() { return record_; }
  // Columns that hold something else than the mapping's names: all of them, for `rest`.
  void all_columns(std::vector<std::string> names) { all_columns_ = std::move(names); }
  void all_values(std::vector<std::string_view> values) { all_values_ = std::move(values); }

  // Makes events of the filled record. `bytes`: as found, for a reject.
  void take(std::size_t line, std::string_view bytes);
  // A line that tells something about all records after it: true if it was one.
  bool take_context(std::string_view line);
  void reject(std::size_t line, Error why, std::string_view bytes) {
    ++rejected_;
    sink_.reject(line, std::move(why), bytes);
  }
  std::size_t records() const { return records_; }
  std::size_t rejected() const { return rejected_; }
  bool stopped() const { return sink_.stopped(); }

 private:
  void expand_nested(std::size_t at);
  void expand_lists(std::size_t at);
  void expand_splits(std::size_t at);
  void make();
  bool holds(const Condition& condition);
  bool all_hold(const std::vector<Condition>& conditions);
  bool capture_if(const re2::RE2& pattern, std::string_view text, bool keep);
  Result<void> assign(const std::vector<Assignment>& assignments);
  Result<void> assign(const Assignment& assignment);
  Result<bool> assign_fields(const Assignment& assignment, const Value& value,
                             const Source& source);
  void assign_extra(const std::string& name, const Value& value, const Source& source);
  std::optional<Value> evaluate(const Source& source);
  std::optional<Value> origin(const Source& source);
  Result<TimeUs> time(std::string_view text, const Source& source);
  void rest();
  // Keeps what nothing names; `skip`: octets of the path that do not count for the name.
  void rest_of(simdjson::dom::element object, const std::string& path, std::size_t skip,
               const std::string& prefix);
  bool is_named(std::string_view name) const;  // it, a part of it, or what it is a part of
  bool is_exactly_named(std::string_view name) const;
  bool is_required(const Assignment& assignment) const;

  const Mapping& mapping_;
  const Report& report_;
  Sink& sink_;
  Record record_;
  std::vector<std::string> all_columns_;
  std::vector<std::string_view> all_values_;
  std::size_t line_ = 0, records_ = 0, rejected_ = 0;
  std::string_view bytes_;
  std::deque<std::string> scratch_;  // texts made while one event is
};

}  // namespace tocsin::ingest
