#include "ingest/shadowserver_reading.h"

#include <algorithm>
#include <optional>

#include "base/text.h"
#include "base/time.h"
#include "ingest/shadowserver_schema.h"

namespace tocsin::shadowserver {
namespace {

// What a file name says: "2026-01-02-scan_ftp-example-asn.csv", "scan_ftp.json".
struct FileName {
  std::optional<Day> day;
  std::string type;  // "" if it has none
};

FileName file_name_of(std::string_view path) {
  FileName name;
  path = path.substr(path.find_last_of("/\\") + 1);
  if (path.size() > 11 && path[10] == '-') {
    if (auto day = times::parse_day(path.substr(0, 10))) {
      name.day = *day;
      path.remove_prefix(11);
    }
  }
  name.type = text::lower(path.substr(0, path.find_first_of("-.")));
  return name;
}

// A report type that nobody has looked at names no controller.
Roles careful_roles(std::string_view type_name, Type type) {
  if (type_name.contains("sinkhole")) return {Role::affected, Role::sinkhole};
  if (type_name.contains("honeypot") || type_name.contains("darknet"))
    return {Role::attacker, Role::sensor};
  Roles roles = usual_roles(type);
  for (Role* role : {&roles.source, &roles.destination}) {
    if (*role == Role::controller) *role = Role::unknown;
  }
  return roles;
}

void take(const ReportType& type, Reading& reading) {
  reading.type_name = type.name;
  reading.feed_name = type.feed_name;
  reading.type = type.type;
  reading.severity = type.severity;
  reading.roles = type.roles;
  auto constant = [&](Field field, std::string_view text) {
    if (!text.empty()) reading.constants.emplace_back(field, text);
  };
  constant(Field::classification_identifier, type.identifier);
  constant(Field::protocol_application, type.application);
  constant(Field::protocol_transport, name(type.transport));
}

}  // namespace

Result<Reading> reading_of(const Report& report, std::span<const std::string_view> header,
                           bool v6) {
  FileName file = file_name_of(report.name);
  const ReportType* known = report_type(file.type);
  Reading reading;
  reading.type_name = file.type;
  if (known != nullptr) take(*known, reading);
  bool in_schema = false, unsure = false;
  if (!report.schema.empty()) in_schema = TRY(read_schema(report.schema, reading));
  if (known == nullptr && !in_schema) {
    reading.guessed = true;
    Guess guessed = guess(header, v6);
    known = guessed.sure ? guessed.type : nullptr;
    if (known != nullptr) take(*known, reading);
    if (known != nullptr && !report.schema.empty()) TRY(read_schema(report.schema, reading));
    if (guessed.type != nullptr && !guessed.sure) {
      reading.type = guessed.type->type;
      reading.roles = guessed.type->roles;
      unsure = true;
    }
  }
  // Any file may be called report.csv; Shadowserver's names have a date or a family before them.
  bool named = file.day || file.type.contains('_') || known != nullptr || in_schema;
  if (!named) reading.type_name.clear();
  if (known == nullptr && !unsure) reading.roles = careful_roles(reading.type_name, reading.type);
  bool changed = false;
  if (known != nullptr && file.day && reading.type == known->type) {
    reading.type = type_on(*file.day, known->name, known->type);
    changed = reading.type != known->type;
  }
  // Nobody vouches for what was told from the columns alone: at most medium, where a row says none.
  if (reading.guessed) {
    Severity usual =
        reading.severity == Severity::none ? usual_severity(reading.type) : reading.severity;
    reading.severity = std::min(usual, Severity::medium);
  }
  // The class follows from the type, unless the schema says otherwise of a report of its own day.
  std::erase_if(reading.constants, [&](const auto& constant) {
    return constant.first == Field::classification_taxonomy &&
           (changed || class_named(constant.second) == class_of(reading.type));
  });
  return reading;
}

}  // namespace tocsin::shadowserver
