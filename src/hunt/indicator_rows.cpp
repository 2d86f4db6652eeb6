#include "hunt/indicator_rows.h"

#include "base/text.h"

namespace tocsin::hunt::rows {
namespace {

// No confidence is -1, no end the largest number, never ended by a person the smallest. A claim's
// number grows with each change of it: it is deleted and put in anew.
constexpr const char* steps[] = {
    R"(CREATE TABLE indicators(
         id INTEGER PRIMARY KEY AUTOINCREMENT, kind INTEGER NOT NULL, value TEXT NOT NULL,
         known_good TEXT NOT NULL, added INTEGER NOT NULL, since INTEGER NOT NULL,
         until INTEGER NOT NULL, expired INTEGER NOT NULL, expired_by TEXT NOT NULL DEFAULT '',
         expired_why TEXT NOT NULL DEFAULT '', sightings INTEGER NOT NULL DEFAULT 0,
         false_positives INTEGER NOT NULL DEFAULT 0);
       CREATE UNIQUE INDEX indicators_value ON indicators(value, kind);
       CREATE TABLE indicator_sources(
         id INTEGER PRIMARY KEY, kind INTEGER NOT NULL, name TEXT NOT NULL, UNIQUE(kind, name));
       CREATE TABLE indicator_claims(
         number INTEGER PRIMARY KEY AUTOINCREMENT, indicator INTEGER NOT NULL,
         source INTEGER NOT NULL, object TEXT NOT NULL, type INTEGER NOT NULL, family TEXT NOT NULL,
         techniques TEXT NOT NULL, confidence INTEGER NOT NULL, severity INTEGER NOT NULL,
         tlp INTEGER NOT NULL, pap INTEGER NOT NULL, since INTEGER NOT NULL, until INTEGER NOT NULL,
         revoked INTEGER NOT NULL, text TEXT NOT NULL, told INTEGER NOT NULL);
       CREATE INDEX indicator_claims_indicator ON indicator_claims(indicator);
       CREATE INDEX indicator_claims_source ON indicator_claims(source, indicator);
       CREATE TABLE indicator_sightings(
         id INTEGER PRIMARY KEY AUTOINCREMENT, indicator INTEGER NOT NULL, source INTEGER NOT NULL,
         false_positive INTEGER NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL,
         count INTEGER NOT NULL, types INTEGER NOT NULL, text TEXT NOT NULL,
         told INTEGER NOT NULL);
       CREATE INDEX indicator_sightings_indicator ON indicator_sightings(indicator, id);
       CREATE TABLE indicator_look_up(
         one INTEGER PRIMARY KEY CHECK(one = 1), done INTEGER NOT NULL, up_to INTEGER NOT NULL,
         seq INTEGER NOT NULL, last_seq INTEGER NOT NULL);
       INSERT INTO indicator_look_up VALUES(1, 0, 0, 0, 0))",
    "CREATE INDEX indicator_claims_object ON indicator_claims(object, source) WHERE object <> ''",
};

template <class Enum>
Enum enum_of(std::int64_t number) {
  return static_cast<Enum>(number);
}

Source source_of(const store::Statement& row, int at) {
  return {enum_of<SourceKind>(row.number(at)), std::string(row.text(at + 1))};
}

}  // namespace

const std::span<const char* const> schema = steps;

Indicator indicator_of(const store::Statement& row, int at) {
  Indicator out{.id = static_cast<std::uint64_t>(row.number(at))};
  out.observable = {enum_of<Kind>(row.number(at + 1)), std::string(row.text(at + 2))};
  out.known_good = row.text(at + 3);
  out.added = row.number(at + 4);
  out.since = row.number(at + 5);
  out.until = until_of(row.number(at + 6));
  out.expired = row.number(at + 7);
  out.expired_by = row.text(at + 8);
  out.expired_why = row.text(at + 9);
  out.sightings = static_cast<std::uint64_t>(row.number(at + 10));
  out.false_positives = static_cast<std::uint64_t>(row.number(at + 11));
  return out;
}

Claim claim_of(const store::Statement& row, int at) {
  Claim out{.source = source_of(row, at + 14), .object = std::string(row.text(at + 1))};
  out.type = enum_of<Type>(row.number(at + 2));
  out.family = row.text(at + 3);
  out.techniques = parted(row.text(at + 4));
  if (row.number(at + 5) >= 0) out.confidence = static_cast<std::uint8_t>(row.number(at + 5));
  out.severity = enum_of<Severity>(row.number(at + 6));
  out.tlp = enum_of<Tlp>(row.number(at + 7));
  out.pap = enum_of<Pap>(row.number(at + 8));
  out.from = row.number(at + 9);
  out.until = until_of(row.number(at + 10));
  out.revoked = row.number(at + 11) != 0;
  out.text = row.text(at + 12);
  out.told = row.number(at + 13);
  return out;
}

Sighting sighting_of(const store::Statement& row, int at) {
  Sighting out{.id = static_cast<std::uint64_t>(row.number(at)), .source = source_of(row, at + 8)};
  out.false_positive = row.number(at + 1) != 0;
  out.first = row.number(at + 2);
  out.last = row.number(at + 3);
  out.count = static_cast<std::uint64_t>(row.number(at + 4));
  auto types = static_cast<std::uint64_t>(row.number(at + 5));
  for (std::size_t i = 0; i < types_count; ++i) {
    if ((types >> i & 1) != 0) out.types.push_back(static_cast<Type>(i));
  }
  out.text = row.text(at + 6);
  out.told = row.number(at + 7);
  return out;
}

std::string joined(const std::vector<std::string>& techniques) {
  std::string out;
  for (const std::string& one : techniques) (out += out.empty() ? "" : " ") += one;
  return out;
}

std::vector<std::string> parted(std::string_view techniques) {
  std::vector<std::string> out;
  while (!techniques.empty()) out.emplace_back(text::cut(techniques, ' '));
  return out;
}

Result<std::int64_t> source_number(store::Sqlite& db, const Source& source) {
  auto select = TRY(db.prepare("SELECT id FROM indicator_sources WHERE kind = ? AND name = ?"));
  select.bind(1, static_cast<int>(source.kind)).bind(2, source.name);
  if (TRY(select.step())) return select.number(0);
  auto insert = TRY(db.prepare("INSERT INTO indicator_sources(kind, name) VALUES(?, ?)"));
  TRY(insert.bind(1, static_cast<int>(source.kind)).bind(2, source.name).run());
  return db.last_rowid();
}

}  // namespace tocsin::hunt::rows
