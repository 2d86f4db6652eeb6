// Reading: what is known of one Shadowserver report before its rows are read.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "ingest/format.h"
#include "ingest/shadowserver_tables.h"
#include "model/field.h"

namespace tocsin::shadowserver {

using ingest::Report;

// What becomes of one column: as a Rule, but from the published schema.
struct Mapping {
  std::string column;
  std::string target;  // a flat field name, or "extra.NAME"
  Convert convert = Convert::some;
};

struct Reading {
  std::string type_name;  // "" if unknown
  std::string feed_name;  // Shadowserver's title; "" if unknown
  Type type = Type::undetermined;
  Severity severity = Severity::none;  // where a row says none
  Roles roles;
  std::vector<std::pair<Field, std::string>> constants;  // all but type and severity
  std::vector<Mapping> mappings;  // those of the published schema; else empty
  bool guessed = false;           // the type is from the columns, or unknown
};

// Decides the report's type: by its file name, else by its columns; `v6`: its rows hold IPv6
// addresses. Errors: invalid, if report.schema is not what Shadowserver publishes.
Result<Reading> reading_of(const Report& report, std::span<const std::string_view> header, bool v6);

}  // namespace tocsin::shadowserver
