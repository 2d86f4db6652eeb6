#include "store/audit.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <simdjson.h>
#include <sodium.h>

#include <algorithm>
#include <charconv>
#include <limits>
#include <map>
#include <set>

#include "base/json.h"
#include "base/text.h"

namespace tocsin::store {
namespace {

constexpr const char* steps[] = {
    "CREATE TABLE audit(id INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL,"
    " of INTEGER,"  // the act whose outcome this is; NULL: this is an act
    " who TEXT NOT NULL, user TEXT NOT NULL, role TEXT NOT NULL, by TEXT NOT NULL,"
    " address TEXT NOT NULL, call TEXT NOT NULL, object TEXT NOT NULL, details TEXT NOT NULL,"
    " outcome TEXT, hash BLOB NOT NULL);"
    "CREATE INDEX audit_of ON audit(of) WHERE of IS NOT NULL;"
    "CREATE INDEX audit_who ON audit(who, id);"
    "CREATE TRIGGER audit_stays BEFORE UPDATE ON audit"
    " BEGIN SELECT RAISE(ABORT, 'rows of the audit do not change'); END;",
    "ALTER TABLE audit ADD COLUMN salt BLOB;"
    "ALTER TABLE audit ADD COLUMN seal BLOB;"  // NULL: of before, the words are in the hash
    "ALTER TABLE audit ADD COLUMN masked INTEGER NOT NULL DEFAULT 0;"
    "DROP TRIGGER audit_stays;"
    "CREATE TRIGGER audit_stays BEFORE UPDATE ON audit"
    " WHEN NEW.masked <> 1 OR NEW.salt IS NOT NULL OR NEW.id <> OLD.id OR NEW.at <> OLD.at"
    " OR NEW.of IS NOT OLD.of OR NEW.who <> OLD.who OR NEW.user <> OLD.user OR NEW.role <> OLD.role"
    " OR NEW.by <> OLD.by OR NEW.address <> OLD.address OR NEW.call <> OLD.call"
    " OR NEW.seal IS NOT OLD.seal OR NEW.hash <> OLD.hash"
    " BEGIN SELECT RAISE(ABORT, 'rows of the audit do not change'); END;"};
constexpr std::string_view forgetting = "audit retention", masking = "audit masked";
constexpr std::size_t salt_bytes = 16, masked_in_a_row = 500;
constexpr std::size_t rows_at_once = 1000;

// A row as it is stored.
struct Stored {
  std::uint64_t id = 0, of = 0;  // of 0: an act
  AuditAct act{};
  std::string outcome{};
  bool has_outcome = false, masked = false;
  std::string salt{}, seal{};
  Sha256 hash{};
};

void add_words(json::Writer& w, const Stored& row) {
  w.value(row.act.object).value(row.act.details);
  row.has_outcome ? w.value(row.outcome) : w.null();
}

std::string sealed(const Stored& row) {
  json::Writer w;
  w.list();
  add_words(w, row);
  w.end();
  Sha256 hash = sha256(row.salt + w.text());
  return {reinterpret_cast<const char*>(hash.data()), hash.size()};
}

Sha256 chained(const Sha256& before, const Stored& row) {
  json::Writer w;
  w.list().value(row.id).value(row.of).value(row.act.at).value(row.act.who).value(row.act.user);
  w.value(row.act.role).value(row.act.by).value(row.act.address).value(row.act.call);
  row.seal.empty() ? add_words(w, row) : (void)w.value(hex(row.seal));
  w.end();
  return sha256(std::string(reinterpret_cast<const char*>(before.data()), before.size()) +
                w.text());
}

std::string_view bytes_of(const Sha256& hash) {
  return {reinterpret_cast<const char*>(hash.data()), hash.size()};
}

Sha256 hash_of(std::string_view blob) {
  Sha256 hash{};
  std::copy_n(blob.begin(), std::min(blob.size(), hash.size()), hash.begin());
  return hash;
}

// What cannot be spelled in UTF-8 would be changed by JSON; it is stored as it is hashed.
std::string clean(const std::string& text) {
  if (text::is_utf8(text)) return text;
  std::string out = text::printable(text);
  std::replace_if(
      out.begin(), out.end(), [](char c) { return static_cast<unsigned char>(c) >= 0x80; }, '?');
  return out;
}

constexpr std::string_view columns =
    "a.id, a.of, a.at, a.who, a.user, a.role, a.by, a.address, a.call, a.object, a.details,"
    " a.outcome, a.hash, a.salt, a.seal, a.masked";

Stored stored_of(const Statement& row) {
  auto text = [&](int at) { return std::string(row.text(at)); };
  return {.id = static_cast<std::uint64_t>(row.number(0)),
          .of = static_cast<std::uint64_t>(row.number(1)),
          .act = {.at = row.number(2),
                  .who = text(3),
                  .user = text(4),
                  .role = text(5),
                  .by = text(6),
                  .address = text(7),
                  .call = text(8),
                  .object = text(9),
                  .details = text(10)},
          .outcome = text(11),
          .has_outcome = !row.is_null(11),
          .masked = row.number(15) != 0,
          .salt = std::string(row.blob(13)),
          .seal = std::string(row.blob(14)),
          .hash = hash_of(row.blob(12))};
}

// Adds a row to the end of the chain; gives its id.
Result<std::uint64_t> add(Sqlite& db, Stored row) {
  auto last = TRY(db.prepare("SELECT id, hash FROM audit ORDER BY id DESC LIMIT 1"));
  Sha256 before{};
  if (TRY(last.step())) {
    row.id = static_cast<std::uint64_t>(last.number(0)) + 1;
    before = hash_of(last.blob(1));
  } else {
    row.id = 1;
  }
  for (std::string* text :
       {&row.act.who, &row.act.user, &row.act.role, &row.act.by, &row.act.address, &row.act.call,
        &row.act.object, &row.act.details, &row.outcome}) {
    *text = clean(*text);
  }
  row.salt.resize(salt_bytes);
  randombytes_buf(row.salt.data(), row.salt.size());
  row.seal = sealed(row);
  row.hash = chained(before, row);
  // NULL where nothing is bound.
  auto insert =
      TRY(db.prepare("INSERT INTO audit(id, of, at, who, user, role, by, address, call,"
                     " object, details, outcome, hash, salt, seal)"
                     " VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)"));
  insert.bind(1, row.id).bind(3, row.act.at).bind(4, row.act.who).bind(5, row.act.user);
  insert.bind(6, row.act.role).bind(7, row.act.by).bind(8, row.act.address);
  insert.bind(9, row.act.call).bind(10, row.act.object).bind(11, row.act.details);
  if (row.of > 0) insert.bind(2, row.of);
  if (row.has_outcome) insert.bind(12, row.outcome);
  insert.bind_blob(13, bytes_of(row.hash)).bind_blob(14, row.salt).bind_blob(15, row.seal);
  TRY(insert.run());
  return row.id;
}

Error told(Error error) {
  return {Fault::unavailable, "the audit cannot be written: " + error.what};
}

// What the last forgetting took out: up to which row, and that row's hash.
struct Forgotten {
  std::uint64_t up_to = 0;
  Sha256 hash{};
};

Result<Forgotten> forgotten_of(std::string_view details) {
  simdjson::dom::parser parser;
  simdjson::dom::element root;
  std::string_view hash;
  Forgotten last;
  if (parser.parse(details.data(), details.size()).get(root) || root["up_to"].get(last.up_to) ||
      root["hash"].get(hash) || hash.size() != 64) {
    return invalid("a row about the audit's retention is damaged");
  }
  for (std::size_t i = 0; i < last.hash.size(); ++i) {
    std::string_view digits = hash.substr(2 * i, 2);
    auto [end, error] = std::from_chars(digits.begin(), digits.end(), last.hash[i], 16);
    if (error != std::errc{}) return invalid("a row about the audit's retention is damaged");
  }
  return last;
}

// A masked row of before seals had its words in its hash: of it only the place can be told.
bool is_as_written(const Sha256& before, const Stored& row) {
  if (row.masked && row.seal.empty()) return true;
  if (!row.masked && !row.seal.empty() && sealed(row) != row.seal) return false;
  return chained(before, row) == row.hash;
}

// The rows that a row about masking names.
std::vector<std::uint64_t> masked_of(std::string_view details) {
  simdjson::dom::parser parser;
  simdjson::dom::element root;
  simdjson::dom::array all;
  std::vector<std::uint64_t> ids;
  if (parser.parse(details.data(), details.size()).get(root) || root["rows"].get(all)) return ids;
  for (auto item : all) {
    std::uint64_t id = 0;
    if (!item.get(id)) ids.push_back(id);
  }
  return ids;
}

}  // namespace

Result<std::unique_ptr<Audit>> Audit::open(Journal& journal) {
  return std::make_unique<Audit>(TRY(Tables::open(journal, "audit", steps)));
}

void Audit::mask_by(Journal::Rewrite rewrite) {
  std::lock_guard lock(mutex_);
  mask_ = std::move(rewrite);
}

void Audit::mask(AuditAct& act, std::string& outcome) {
  std::lock_guard lock(mutex_);
  if (!mask_) return;
  for (std::string* text : {&act.object, &act.details, &outcome}) {
    if (auto fresh = mask_(*text)) *text = *fresh;
  }
}

Result<std::uint64_t> Audit::begin(const AuditAct& act) {
  std::uint64_t id = 0;
  auto written = tables_.write([&](Sqlite& db) -> Result<void> {
    Stored row{.act = act};
    mask(row.act, row.outcome);
    id = TRY(add(db, std::move(row)));
    return {};
  });
  if (!written) return std::unexpected(told(std::move(written).error()));
  return id;
}

Result<void> Audit::end(std::uint64_t id, std::string_view outcome, TimeUs at) {
  auto written = tables_.write([&](Sqlite& db) -> Result<void> {
    Stored row{.of = id, .act = {.at = at}, .outcome = std::string(outcome), .has_outcome = true};
    mask(row.act, row.outcome);
    TRY(add(db, std::move(row)));
    return {};
  });
  if (!written) return std::unexpected(told(std::move(written).error()));
  return {};
}

Result<void> Audit::note(const std::vector<Done>& all) {
  auto written = tables_.write([&](Sqlite& db) -> Result<void> {
    for (const Done& done : all) {
      Stored row{.act = done.act, .outcome = done.outcome, .has_outcome = true};
      mask(row.act, row.outcome);
      TRY(add(db, std::move(row)));
    }
    return {};
  });
  if (!written) return std::unexpected(told(std::move(written).error()));
  return {};
}

Result<void> Audit::note(const AuditAct& act, std::string_view outcome) {
  return note({Done{act, std::string(outcome)}});
}

Result<std::vector<AuditRow>> Audit::list(const Filter& filter) const {
  std::vector<AuditRow> rows;
  auto look = [&](Sqlite& db) -> Result<void> {
    auto select = TRY(db.prepare(fmt::format(
        "SELECT {}, o.outcome, o.at FROM audit a LEFT JOIN audit o ON o.of = a.id"
        " WHERE a.of IS NULL AND (?1 = 0 OR a.id < ?1) AND (?2 = '' OR a.who = ?2)"
        " AND (?3 = '' OR instr(a.call, ?3) > 0 OR instr(a.object, ?3) > 0)"
        " AND a.at >= ?4 AND a.at < ?5"
        " AND (?6 = '' OR substr(coalesce(a.outcome, o.outcome, ''), 1, length(?6)) = ?6)"
        " ORDER BY a.id DESC LIMIT ?7",
        columns)));
    select.bind(1, filter.before).bind(2, filter.who).bind(3, filter.what);
    select.bind(4, filter.since == time_none ? std::numeric_limits<TimeUs>::min() : filter.since);
    select.bind(5, filter.until == time_none ? std::numeric_limits<TimeUs>::max() : filter.until);
    select.bind(6, filter.outcome).bind(7, std::uint64_t{filter.limit});
    while (TRY(select.step())) {
      Stored row = stored_of(select);
      AuditRow out{.id = row.id, .act = std::move(row.act), .hash = row.hash};
      out.masked = row.masked;
      out.outcome = row.has_outcome ? row.outcome : std::string(select.text(16));
      out.ended = row.has_outcome ? out.act.at : select.is_null(17) ? time_none : select.number(17);
      rows.push_back(std::move(out));
    }
    return {};
  };
  TRY(tables_.read(look));
  return rows;
}

Result<Audit::Verdict> Audit::verify(std::uint64_t known_id, std::string_view known_hash) const {
  Verdict verdict;
  Sha256 before{};
  std::uint64_t next = 1;
  std::set<std::uint64_t> untold;  // masked rows that no later row has told of yet
  bool seen = known_id == 0;
  auto begin = [&](Sqlite& db) -> Result<void> {
    auto select =
        TRY(db.prepare("SELECT details FROM audit WHERE call = ? ORDER BY id DESC LIMIT 1"));
    select.bind(1, forgetting);
    if (!TRY(select.step())) return {};
    auto last = TRY(forgotten_of(select.text(0)));
    next = last.up_to + 1;
    before = last.hash;
    return {};
  };
  if (auto begun = tables_.read(begin); !begun) {
    if (begun.error().fault != Fault::invalid) return std::unexpected(begun.error());
    verdict.wrong = begun.error().what;
    return verdict;
  }
  bool more = true;
  auto some = [&](Sqlite& db) -> Result<void> {
    auto select = TRY(db.prepare(
        fmt::format("SELECT {} FROM audit a WHERE a.id >= ? ORDER BY a.id LIMIT ?", columns)));
    // From the very first row: what stands before the chain's beginning is wrong too.
    select.bind(1, verdict.rows == 0 ? 0 : next).bind(2, std::uint64_t{rows_at_once});
    std::size_t got = 0;
    while (verdict.wrong.empty() && TRY(select.step())) {
      Stored row = stored_of(select);
      if (row.id != next) {
        verdict.wrong = fmt::format("row {} is missing", std::min(next, row.id));
      } else if (!is_as_written(before, row)) {
        verdict.wrong = fmt::format("row {} is not as it was written", row.id);
      } else if (row.id == known_id && hex(row.hash) != known_hash) {
        verdict.wrong = fmt::format("row {} is not the one whose hash was noted", row.id);
      }
      if (verdict.rows++ == 0) verdict.first = row.id;
      verdict.last = row.id;
      verdict.head = before = row.hash;
      seen |= row.id == known_id;
      if (row.masked) untold.insert(row.id);
      verdict.masked += row.masked;
      if (row.act.call == masking) {
        for (std::uint64_t id : masked_of(row.act.details)) untold.erase(id);
      }
      next = row.id + 1;
      ++got;
    }
    more = got == rows_at_once;
    return {};
  };
  while (more && verdict.wrong.empty()) TRY(tables_.read(some));
  if (verdict.wrong.empty() && !untold.empty()) {
    verdict.wrong = fmt::format("row {} was masked, and no row tells of it", *untold.begin());
  }
  if (verdict.wrong.empty() && !seen && known_id >= next) {
    verdict.wrong = fmt::format("row {} is missing: the end was cut off", known_id);
  }
  return verdict;
}

// Rows do not change but here, and are masked as they are added: so those that are there are looked
// at without holding up who writes.
Result<std::size_t> Audit::erase(const Journal::Rewrite& rewrite, TimeUs now) {
  std::map<std::uint64_t, Stored> changed;
  std::uint64_t after = 0;
  bool more = true;
  auto some = [&](Sqlite& db) -> Result<void> {
    auto select = TRY(db.prepare(
        fmt::format("SELECT {} FROM audit a WHERE a.id > ? ORDER BY a.id LIMIT ?", columns)));
    select.bind(1, after).bind(2, std::uint64_t{rows_at_once});
    std::size_t got = 0;
    while (TRY(select.step())) {
      Stored row = stored_of(select);
      after = row.id;
      ++got;
      if (row.act.call == masking || row.act.call == forgetting) continue;
      bool named = false;
      for (std::string* text : {&row.act.object, &row.act.details, &row.outcome}) {
        auto fresh = rewrite(*text);
        if (fresh) *text = *fresh, named = true;
      }
      if (named) changed.emplace(row.id, std::move(row));
    }
    more = got == rows_at_once;
    return {};
  };
  while (more) TRY(tables_.read(some));
  if (changed.empty()) return std::size_t{0};
  auto work = [&](Sqlite& db) -> Result<void> {
    auto update =
        TRY(db.prepare("UPDATE audit SET object = ?, details = ?, outcome = ?, salt = NULL,"
                       " masked = 1 WHERE id = ?"));
    auto bare = TRY(db.prepare(
        "UPDATE audit SET object = ?, details = ?, salt = NULL, masked = 1 WHERE id = ?"));
    std::vector<std::uint64_t> ids;
    auto tell = [&]() -> Result<void> {
      if (ids.empty()) return {};
      TRY(add(db, {.act = {.at = now,
                           .who = "node",
                           .by = "node",
                           .call = std::string(masking),
                           .object = text::count(ids.size(), "row", "rows"),
                           .details = fmt::format("{{\"rows\":[{}]}}", fmt::join(ids, ","))},
                   .outcome = "done",
                   .has_outcome = true}));
      ids.clear();
      return {};
    };
    for (const auto& [id, row] : changed) {
      Statement& set = row.has_outcome ? update : bare;
      set.bind(1, row.act.object).bind(2, row.act.details);
      if (row.has_outcome) set.bind(3, row.outcome).bind(4, id);
      if (!row.has_outcome) set.bind(3, id);
      TRY(set.run());
      ids.push_back(id);
      if (ids.size() == masked_in_a_row) TRY(tell());
    }
    return tell();
  };
  TRY(tables_.write(work));
  return changed.size();
}

Result<std::uint64_t> Audit::forget(TimeUs before, TimeUs now) {
  std::uint64_t gone = 0;
  auto work = [&](Sqlite& db) -> Result<void> {
    auto select =
        TRY(db.prepare("SELECT id, hash FROM audit WHERE id <"
                       " coalesce((SELECT min(id) FROM audit WHERE at >= ?), 1 << 62)"
                       " ORDER BY id DESC LIMIT 1"));
    select.bind(1, before);
    if (!TRY(select.step())) return {};
    auto up_to = static_cast<std::uint64_t>(select.number(0));
    std::string hash = hex(hash_of(select.blob(1)));
    select.reset();
    // The row about it first: the chain goes on from the last one that there was.
    json::Writer w;
    w.object().member("hash", hash).member("up_to", up_to).end();
    TRY(add(db, {.act = {.at = now,
                         .who = "node",
                         .by = "node",
                         .call = std::string(forgetting),
                         .object = fmt::format("rows up to {}", up_to),
                         .details = w.text()},
                 .outcome = "done",
                 .has_outcome = true}));
    auto remove = TRY(db.prepare("DELETE FROM audit WHERE id <= ?"));
    TRY(remove.bind(1, up_to).run());
    gone = static_cast<std::uint64_t>(db.changes());
    return {};
  };
  TRY(tables_.write(work, false));
  return gone;
}

}  // namespace tocsin::store
