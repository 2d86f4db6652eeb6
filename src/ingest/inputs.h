// Inputs: what each kind of report makes records of, for mapped.h.
#pragma once

#include "ingest/mapped.h"

namespace tocsin::ingest {

Result<void> read_csv(const Mapping& mapping, const Report& report, Mapper& mapper);
Result<void> read_json(const Mapping& mapping, const Report& report, Mapper& mapper);
Result<void> read_lines(const Mapping& mapping, const Report& report, Mapper& mapper);
Result<void> read_key_value(const Mapping& mapping, const Report& report, Mapper& mapper);
Result<void> read_html_table(const Mapping& mapping, const Report& report, Mapper& mapper);
Result<void> read_xml(const Mapping& mapping, const Report& report, Mapper& mapper);

// Which column stands where, by the header's names or the mapping's own list.
class Columns {
 public:
  explicit Columns(const Mapping& mapping) : mapping_(mapping) {}

  void by_header(const std::vector<std::string_view>& names);
  void by_mapping();
  // Errors: invalid, if a required field can come from none of the columns.
  Result<void> check_required() const;
  std::size_t size() const { return ids_.size(); }
  const std::vector<std::string>& names() const { return names_; }
  void fill(Mapper& mapper, const std::vector<std::string_view>& values) const;

 private:
  const Mapping& mapping_;
  std::vector<std::optional<ColumnId>> ids_;
  std::vector<std::string> names_;
};

}  // namespace tocsin::ingest
