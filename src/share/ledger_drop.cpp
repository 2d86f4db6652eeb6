// What does not stay in the ledger: words that name an erased subject, hashes of old items. The
// leaves stay as they are; another one tells.
#include <map>

#include "share/ledger.h"
#include "share/ledger_rows.h"

namespace tocsin::share {

using namespace ledger;  // NOLINT: see ledger.cpp

namespace {

constexpr std::size_t masked_in_a_leaf = 400;

struct Log {
  std::int64_t number = 0;
  Sha256 id{};
};

Result<std::vector<Log>> logs_in(store::Sqlite& db) {
  std::vector<Log> out;
  auto select = TRY(db.prepare("SELECT number, log FROM ledger_logs ORDER BY number"));
  while (TRY(select.step())) out.push_back({select.number(0), stored_hash(select.blob(1))});
  return out;
}

// Details that `rewrite` changes, by their index.
Result<std::map<std::uint64_t, std::string>> changed_in(store::Sqlite& db, std::int64_t log,
                                                        const store::Journal::Rewrite& rewrite) {
  std::map<std::uint64_t, std::string> out;
  auto select =
      TRY(db.prepare("SELECT at, text FROM ledger_beside WHERE log = ? AND text IS NOT NULL"));
  select.bind(1, log);
  while (TRY(select.step())) {
    if (auto fresh = rewrite(select.text(1)))
      out.emplace(static_cast<std::uint64_t>(select.number(0)), *std::move(fresh));
  }
  return out;
}

}  // namespace

Result<std::size_t> Ledger::erase(const store::Journal::Rewrite& rewrite) {
  std::size_t masked = 0;
  auto one_log = [&](store::Sqlite& db, const Log& log) -> Result<void> {
    auto changed = TRY(changed_in(db, log.number, rewrite));
    auto update =
        TRY(db.prepare("UPDATE ledger_beside SET salt = ?, text = ? WHERE log = ? AND at = ?"));
    Dropped dropped;
    if (log.number != number_) dropped.log = log.id;
    auto tell = [&]() -> Result<void> {
      if (!dropped.details.empty()) TRY(add(db, Body(dropped)));
      dropped.details.clear();
      return {};
    };
    for (const auto& [at, text] : changed) {
      Salt bytes = parts_.salt();
      std::string salt(reinterpret_cast<const char*>(bytes.data()), bytes.size());
      TRY(update.bind_blob(1, salt).bind(2, text).bind(3, log.number).bind(4, at).run());
      dropped.details.push_back({at, commitment(salt, text)});
      if (dropped.details.size() == masked_in_a_leaf) TRY(tell());
    }
    masked += changed.size();
    return tell();
  };
  auto work = [&](store::Sqlite& db) -> Result<void> {
    auto logs = TRY(logs_in(db));
    for (const Log& log : logs) TRY(one_log(db, log));
    return {};
  };
  TRY(tables_.write(work, false));
  return masked;
}

Result<std::uint64_t> Ledger::forget_items(TimeUs before) {
  std::uint64_t gone = 0;
  auto one_log = [&](store::Sqlite& db, const Log& log) -> Result<void> {
    auto select = TRY(
        db.prepare("SELECT max(b.at) FROM ledger_beside b JOIN ledger_leaves l ON l.log = b.log AND"
                   " l.at = b.at WHERE b.log = ? AND b.items IS NOT NULL AND l.time < ?"));
    select.bind(1, log.number).bind(2, before);
    if (!TRY(select.step()) || select.is_null(0)) return {};
    std::uint64_t below = static_cast<std::uint64_t>(select.number(0)) + 1;
    select.reset();
    auto update = TRY(db.prepare(
        "UPDATE ledger_beside SET items = NULL WHERE log = ? AND at < ? AND items IS NOT NULL"));
    TRY(update.bind(1, log.number).bind(2, below).run());
    gone += static_cast<std::uint64_t>(db.changes());
    Dropped dropped{.items_below = below};
    if (log.number != number_) dropped.log = log.id;
    TRY(add(db, Body(dropped)));
    return {};
  };
  auto work = [&](store::Sqlite& db) -> Result<void> {
    auto logs = TRY(logs_in(db));
    for (const Log& log : logs) TRY(one_log(db, log));
    return {};
  };
  TRY(tables_.write(work, false));
  return gone;
}

Result<std::map<std::string, std::uint64_t>> Ledger::items_from() const {
  std::map<std::string, std::uint64_t> out;
  auto look = [&](store::Sqlite& db) -> Result<void> {
    auto select = TRY(
        db.prepare("SELECT g.log, coalesce((SELECT min(at) FROM ledger_beside b WHERE b.log ="
                   " g.number AND b.items IS NOT NULL), (SELECT max(at) + 1 FROM ledger_leaves l"
                   " WHERE l.log = g.number), 0) FROM ledger_logs g"));
    while (TRY(select.step()))
      out.emplace(hex(select.blob(0)), static_cast<std::uint64_t>(select.number(1)));
    return {};
  };
  TRY(tables_.read(look));
  return out;
}

}  // namespace tocsin::share
