// Indicator rows: indicators, their claims and sightings as rows of SQLite.
#pragma once

#include <string_view>

#include "hunt/indicators.h"
#include "store/sqlite.h"

namespace tocsin::hunt::rows {

extern const std::span<const char* const> schema;

// In SQLite no end is the largest number, so that ends compare.
inline constexpr std::int64_t never = INT64_MAX;
inline std::int64_t end_of(TimeUs until) {
  return until == time_none ? never : until;
}
inline TimeUs until_of(std::int64_t end) {
  return end == never ? time_none : end;
}

inline constexpr std::string_view indicator_columns =
    "i.id, i.kind, i.value, i.known_good, i.added, i.since, i.until, i.expired, i.expired_by, "
    "i.expired_why, i.sightings, i.false_positives";
Indicator indicator_of(const store::Statement& row, int at = 0);  // without claims

inline constexpr std::string_view claim_columns =
    "c.number, c.object, c.type, c.family, c.techniques, c.confidence, c.severity, c.tlp, c.pap, "
    "c.since, c.until, c.revoked, c.text, c.told, s.kind, s.name";
inline constexpr std::string_view claims_from =
    "indicator_claims c JOIN indicator_sources s ON s.id = c.source";
Claim claim_of(const store::Statement& row, int at = 0);  // column `at` is the number

inline constexpr std::string_view sighting_columns =
    "g.id, g.false_positive, g.first, g.last, g.count, g.types, g.text, g.told, s.kind, s.name";
inline constexpr std::string_view sightings_from =
    "indicator_sightings g JOIN indicator_sources s ON s.id = g.source";
Sighting sighting_of(const store::Statement& row, int at = 0);

std::string joined(const std::vector<std::string>& techniques);
std::vector<std::string> parted(std::string_view techniques);

// The number of a source, made if need be.
Result<std::int64_t> source_number(store::Sqlite& db, const Source& source);

}  // namespace tocsin::hunt::rows
