#include "alert/outbox.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <iterator>
#include <map>

#include "base/text.h"

namespace tocsin::alert {
namespace {

using store::Sqlite;
using store::Statement;

constexpr const char* steps[] = {R"(
CREATE TABLE constituents(
  id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE COLLATE NOCASE,
  body TEXT NOT NULL, changed INTEGER NOT NULL);
CREATE TABLE alert_items(
  id INTEGER PRIMARY KEY, finding BLOB NOT NULL, episode INTEGER NOT NULL,
  severity INTEGER NOT NULL, why INTEGER NOT NULL, constituent INTEGER NOT NULL,
  at INTEGER NOT NULL, bundle INTEGER, UNIQUE(finding, episode, severity));
CREATE INDEX alert_items_waiting ON alert_items(constituent) WHERE bundle IS NULL;
CREATE INDEX alert_items_bundle ON alert_items(bundle) WHERE bundle IS NOT NULL;
CREATE TABLE alert_bundles(
  id INTEGER PRIMARY KEY AUTOINCREMENT, constituent INTEGER NOT NULL, at_once INTEGER NOT NULL,
  day INTEGER NOT NULL, made INTEGER NOT NULL);
CREATE INDEX alert_bundles_constituent ON alert_bundles(constituent);
CREATE UNIQUE INDEX alert_one_a_day ON alert_bundles(constituent, day) WHERE at_once = 0;
CREATE TABLE alerts(
  id INTEGER PRIMARY KEY AUTOINCREMENT, bundle INTEGER NOT NULL, constituent INTEGER NOT NULL,
  channel TEXT NOT NULL, contact TEXT NOT NULL, message_id TEXT NOT NULL UNIQUE,
  state INTEGER NOT NULL, tries INTEGER NOT NULL, next INTEGER NOT NULL, made INTEGER NOT NULL,
  done INTEGER NOT NULL, error TEXT NOT NULL);
CREATE INDEX alerts_due ON alerts(next) WHERE state = 0;
CREATE INDEX alerts_state ON alerts(state, id);
CREATE INDEX alerts_bundle ON alerts(bundle);
CREATE TABLE alert_values(key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
)",
                                 R"(
ALTER TABLE alerts ADD COLUMN failing_since INTEGER NOT NULL DEFAULT 0;
)",
                                 R"(
DROP INDEX alert_items_waiting;
CREATE INDEX alert_items_waiting ON alert_items(constituent, severity DESC, id, at, bundle)
  WHERE bundle IS NULL;
)"};

std::string blob_of(const Hash128& key) {
  std::string bytes(16, '\0');
  std::memcpy(bytes.data(), &key.high, 8);
  std::memcpy(bytes.data() + 8, &key.low, 8);
  return bytes;
}

Hash128 key_of(std::string_view blob) {
  Hash128 key;
  if (blob.size() != 16) return key;
  std::memcpy(&key.high, blob.data(), 8);
  std::memcpy(&key.low, blob.data() + 8, 8);
  return key;
}

constexpr std::string_view item_columns =
    "id, finding, episode, severity, why, constituent, at, bundle";

Item item_of(const Statement& row) {
  return {.id = static_cast<std::uint64_t>(row.number(0)),
          .finding = key_of(row.blob(1)),
          .episode = static_cast<std::uint32_t>(row.number(2)),
          .severity = static_cast<Severity>(row.number(3)),
          .why = static_cast<Why>(row.number(4)),
          .constituent = static_cast<std::uint64_t>(row.number(5)),
          .at = row.number(6),
          .bundle = static_cast<std::uint64_t>(row.number(7))};
}

Outbox::Waits waits_of(const Statement& row) {
  return {static_cast<std::uint64_t>(row.number(0)), static_cast<std::uint64_t>(row.number(1))};
}

Result<void> keep(Sqlite& db, std::string_view key, std::string_view value) {
  auto upsert = TRY(db.prepare("INSERT OR REPLACE INTO alert_values VALUES(?, ?)"));
  return upsert.bind(1, key).bind(2, value).run();
}

Result<std::uint64_t> insert_alerts(Sqlite& db, const AlertRow& like, const std::vector<To>& to,
                                    TimeUs now) {
  std::uint64_t made = 0;
  auto alert = TRY(db.prepare(
      "INSERT INTO alerts(bundle, constituent, channel, contact, message_id, state, tries, next, "
      "made, done, error) SELECT ?1, ?2, ?3, ?4, ?5, 0, 0, ?6, ?6, 0, '' WHERE NOT EXISTS "
      "(SELECT 1 FROM alerts WHERE bundle = ?1 AND contact = ?4) AND EXISTS "
      "(SELECT 1 FROM alert_items WHERE bundle = ?1)"));
  for (const To& one : to) {
    alert.bind(1, like.bundle).bind(2, like.constituent).bind(3, one.channel);
    alert.bind(4, one.contact).bind(5, one.message_id).bind(6, now);
    TRY(alert.run());
    made += static_cast<std::uint64_t>(db.changes());
  }
  return made;
}

Result<void> release(Sqlite& db, const AlertRow& alert, const Outcome& outcome) {
  const char* others = outcome.state == AlertState::sent ? "state = ?4" : "state != ?4";
  auto update = TRY(db.prepare(
      fmt::format("UPDATE alert_items SET bundle = NULL WHERE id = ?1 AND bundle = ?2 AND NOT "
                  "EXISTS (SELECT 1 FROM alerts WHERE bundle = ?2 AND id != ?3 AND {})",
                  others)));
  for (const Item& item : outcome.left_out) {
    update.bind(1, item.id).bind(2, alert.bundle).bind(3, alert.id);
    TRY(update.bind(4, static_cast<int>(outcome.state)).run());
  }
  return {};
}

}  // namespace

std::string_view name(Why why) {
  constexpr std::array<std::string_view, 3> names = {"new", "reopened", "raised"};
  return names.at(static_cast<std::size_t>(why));
}

std::string_view name(AlertState state) {
  constexpr std::array<std::string_view, alert_states_count> names = {"queued", "sent", "dead",
                                                                      "withheld", "bounced"};
  return names.at(static_cast<std::size_t>(state));
}

std::optional<AlertState> alert_state_named(std::string_view text) {
  for (std::size_t i = 0; i < alert_states_count; ++i) {
    if (name(static_cast<AlertState>(i)) == text) return static_cast<AlertState>(i);
  }
  return std::nullopt;
}

std::span<const char* const> Outbox::schema() {
  return steps;
}

Result<std::string> Outbox::value(std::string_view key) const {
  std::string found;
  auto look = [&](Sqlite& db) -> Result<void> {
    auto select = TRY(db.prepare("SELECT value FROM alert_values WHERE key = ?"));
    select.bind(1, key);
    if (TRY(select.step())) found = select.text(0);
    return {};
  };
  TRY(tables_.read(look));
  return found;
}

Result<void> Outbox::keep_value(std::string_view key, std::string_view value) {
  return tables_.write([&](Sqlite& db) { return keep(db, key, value); });
}

Result<void> Outbox::add(const std::vector<Item>& items, std::uint64_t seq) {
  auto write = [&](Sqlite& db) -> Result<void> {
    auto insert =
        TRY(db.prepare("INSERT OR IGNORE INTO alert_items(finding, episode, severity, why, "
                       "constituent, at) VALUES(?, ?, ?, ?, ?, ?)"));
    for (const Item& item : items) {
      std::string key = blob_of(item.finding);
      insert.bind_blob(1, key)
          .bind(2, item.episode)
          .bind(3, static_cast<int>(item.severity))
          .bind(4, static_cast<int>(item.why))
          .bind(5, item.constituent)
          .bind(6, item.at);
      TRY(insert.run());
    }
    return keep(db, "watermark", std::to_string(seq));
  };
  return tables_.write(write, false);
}

Result<std::uint64_t> Outbox::watermark() const {
  return text::number(TRY(value("watermark"))).value_or(0);
}

Result<void> Outbox::each_item(const std::function<void(const Item&)>& take) const {
  return tables_.read([&](Sqlite& db) -> Result<void> {
    auto select = TRY(db.prepare(fmt::format("SELECT {} FROM alert_items", item_columns)));
    while (TRY(select.step())) take(item_of(select));
    return {};
  });
}

Result<std::vector<Item>> Outbox::items_of(const Hash128& finding) const {
  std::vector<Item> items;
  auto look = [&](Sqlite& db) -> Result<void> {
    auto select = TRY(db.prepare(
        fmt::format("SELECT {} FROM alert_items WHERE finding = ? ORDER BY id", item_columns)));
    std::string key = blob_of(finding);
    select.bind_blob(1, key);
    while (TRY(select.step())) items.push_back(item_of(select));
    return {};
  };
  TRY(tables_.read(look));
  return items;
}

Result<std::vector<Outbox::Waits>> Outbox::urgent(Severity least) const {
  std::vector<Waits> all;
  auto look = [&](Sqlite& db) -> Result<void> {
    auto select =
        TRY(db.prepare("SELECT constituent, max(id) FROM alert_items WHERE bundle IS NULL AND "
                       "severity >= ? GROUP BY constituent ORDER BY constituent"));
    select.bind(1, static_cast<int>(least));
    while (TRY(select.step())) all.push_back(waits_of(select));
    return {};
  };
  TRY(tables_.read(look));
  return all;
}

Result<std::vector<Outbox::Waits>> Outbox::without_digest(Day day, TimeUs before) const {
  std::vector<Waits> all;
  auto look = [&](Sqlite& db) -> Result<void> {
    auto select = TRY(db.prepare(
        "SELECT i.constituent, max(i.id) FROM alert_items i WHERE i.bundle IS NULL AND i.at < ? "
        "AND NOT EXISTS (SELECT 1 FROM alert_bundles b WHERE b.constituent = i.constituent AND "
        "b.at_once = 0 AND b.day >= ?) GROUP BY i.constituent ORDER BY i.constituent"));
    select.bind(1, before).bind(2, day);
    while (TRY(select.step())) all.push_back(waits_of(select));
    return {};
  };
  TRY(tables_.read(look));
  return all;
}

// In two parts, each a range of the index, so that no page looks at what stood before it.
Result<std::vector<Item>> Outbox::waiting_of(std::uint64_t constituent, std::size_t most,
                                             const Item* after) const {
  std::vector<Item> items;
  auto look = [&](Sqlite& db) -> Result<void> {
    auto select = TRY(db.prepare(
        fmt::format("SELECT {0} FROM alert_items WHERE constituent = ?1 AND bundle IS NULL AND "
                    "severity = ?3 AND id > ?4 UNION ALL SELECT {0} FROM alert_items WHERE "
                    "constituent = ?1 AND bundle IS NULL AND severity < ?3 "
                    "ORDER BY severity DESC, id LIMIT ?2",
                    item_columns)));
    select.bind(1, constituent).bind(2, static_cast<std::uint64_t>(most));
    select.bind(3, after == nullptr ? INT32_MAX : static_cast<int>(after->severity));
    select.bind(4, after == nullptr ? std::uint64_t{0} : after->id);
    while (TRY(select.step())) items.push_back(item_of(select));
    return {};
  };
  TRY(tables_.read(look));
  return items;
}

Result<void> Outbox::reroute(const std::vector<Item>& items) {
  if (items.empty()) return {};
  return tables_.write([&](Sqlite& db) -> Result<void> {
    auto update =
        TRY(db.prepare("UPDATE alert_items SET constituent = ? WHERE id = ? AND bundle IS NULL"));
    for (const Item& item : items) {
      TRY(update.bind(1, item.constituent).bind(2, item.id).run());
    }
    return {};
  });
}

Result<void> Outbox::drop(const std::vector<Item>& items) {
  if (items.empty()) return {};
  return tables_.write([&](Sqlite& db) -> Result<void> {
    auto forget = TRY(db.prepare("DELETE FROM alert_items WHERE id = ? AND bundle IS NULL"));
    for (const Item& item : items) {
      TRY(forget.bind(1, item.id).run());
    }
    return {};
  });
}

Result<void> Outbox::bundle(const std::vector<Bundle>& bundles, TimeUs now) {
  if (bundles.empty()) return {};
  return tables_.write([&](Sqlite& db) -> Result<void> {
    auto bundle = TRY(db.prepare(
        "INSERT INTO alert_bundles(constituent, at_once, day, made) VALUES(?, ?, ?, ?)"));
    auto item = TRY(db.prepare("UPDATE alert_items SET bundle = ? WHERE id = ?"));
    auto alert = TRY(db.prepare(
        "INSERT INTO alerts(bundle, constituent, channel, contact, message_id, state, tries, next, "
        "made, done, error) VALUES(?, ?, ?, ?, ?, 0, 0, ?, ?, 0, '')"));
    for (const Bundle& b : bundles) {
      bundle.bind(1, b.constituent).bind(2, b.at_once ? 1 : 0).bind(3, b.day).bind(4, now);
      TRY(bundle.run());
      std::int64_t id = db.last_rowid();
      for (std::uint64_t one : b.items) {
        TRY(item.bind(1, id).bind(2, one).run());
      }
      for (const auto& to : b.to) {
        alert.bind(1, id).bind(2, b.constituent).bind(3, to.channel).bind(4, to.contact);
        alert.bind(5, to.message_id).bind(6, now).bind(7, now);
        TRY(alert.run());
      }
    }
    return {};
  });
}

Result<std::uint64_t> Outbox::add_alerts(const AlertRow& like, const std::vector<To>& to,
                                         TimeUs now) {
  std::uint64_t made = 0;
  auto write = [&](Sqlite& db) -> Result<void> {
    made = TRY(insert_alerts(db, like, to, now));
    return {};
  };
  TRY(tables_.write(write));
  return made;
}

Result<TimeUs> Outbox::last_at_once(std::uint64_t constituent) const {
  TimeUs last = time_none;
  auto look = [&](Sqlite& db) -> Result<void> {
    auto select = TRY(
        db.prepare("SELECT max(made) FROM alert_bundles WHERE constituent = ? AND at_once = 1"));
    select.bind(1, constituent);
    if (TRY(select.step()) && !select.is_null(0)) last = select.number(0);
    return {};
  };
  TRY(tables_.read(look));
  return last;
}

Result<std::vector<Item>> Outbox::items_in(std::uint64_t bundle) const {
  std::vector<Item> items;
  auto look = [&](Sqlite& db) -> Result<void> {
    auto select = TRY(db.prepare(fmt::format(
        "SELECT {} FROM alert_items WHERE bundle = ? ORDER BY severity DESC, id", item_columns)));
    select.bind(1, bundle);
    while (TRY(select.step())) items.push_back(item_of(select));
    return {};
  };
  TRY(tables_.read(look));
  return items;
}

Result<std::vector<AlertRow>> Outbox::rows(std::string_view where,
                                           const std::function<void(Statement&)>& bind) const {
  std::vector<AlertRow> rows;
  auto look = [&](Sqlite& db) -> Result<void> {
    auto select = TRY(db.prepare(fmt::format(
        "SELECT a.id, a.bundle, a.constituent, a.channel, a.contact, a.message_id, a.state, "
        "a.tries, a.next, a.made, a.done, a.error, b.at_once, b.day, "
        "(SELECT count(*) FROM alert_items i WHERE i.bundle = a.bundle), a.failing_since "
        "FROM alerts a JOIN alert_bundles b ON b.id = a.bundle {}",
        where)));
    bind(select);
    while (TRY(select.step())) {
      AlertRow row;
      row.id = static_cast<std::uint64_t>(select.number(0));
      row.bundle = static_cast<std::uint64_t>(select.number(1));
      row.constituent = static_cast<std::uint64_t>(select.number(2));
      row.channel = select.text(3);
      row.contact = select.text(4);
      row.message_id = select.text(5);
      row.state = static_cast<AlertState>(select.number(6));
      row.tries = static_cast<unsigned>(select.number(7));
      row.next = select.number(8);
      row.made = select.number(9);
      row.done = select.number(10);
      row.error = select.text(11);
      row.at_once = select.number(12) != 0;
      row.day = static_cast<Day>(select.number(13));
      row.items = static_cast<std::uint64_t>(select.number(14));
      row.failing_since = select.number(15);
      rows.push_back(std::move(row));
    }
    return {};
  };
  TRY(tables_.read(look));
  return rows;
}

Result<std::vector<AlertRow>> Outbox::due(std::string_view channel, TimeUs now,
                                          std::size_t most) const {
  return rows(
      "WHERE a.state = 0 AND a.next <= ? AND a.channel = ? "
      "ORDER BY (b.at_once AND a.tries < 3) DESC, a.next, a.tries, a.id LIMIT ?",
      [&](Statement& s) {
        s.bind(1, now).bind(2, channel).bind(3, static_cast<std::uint64_t>(most));
      });
}

Result<std::vector<Outbox::Sent>> Outbox::sent(
    const std::unordered_set<Hash128, Hash128::Hasher>& findings) const {
  std::vector<Sent> all;
  if (findings.empty()) return all;
  std::map<std::pair<std::uint64_t, std::string>, TimeUs> last;
  auto look = [&](Sqlite& db) -> Result<void> {
    auto select = TRY(
        db.prepare("SELECT i.finding, a.constituent, a.contact, a.done FROM alert_items AS i JOIN "
                   "alerts AS a ON a.bundle = i.bundle WHERE a.state IN (?, ?)"));
    select.bind(1, static_cast<int>(AlertState::sent));
    select.bind(2, static_cast<int>(AlertState::bounced));
    while (TRY(select.step())) {
      if (!findings.contains(key_of(select.text(0)))) continue;
      TimeUs& at =
          last[{static_cast<std::uint64_t>(select.number(1)), std::string(select.text(2))}];
      at = std::max(at, select.number(3));
    }
    return {};
  };
  TRY(tables_.read(look));
  for (auto& [whom, at] : last) all.push_back({whom.first, whom.second, at});
  return all;
}

Result<void> Outbox::hasten(TimeUs now) {
  return tables_.write([&](Sqlite& db) -> Result<void> {
    return TRY(db.prepare("UPDATE alerts SET next = ?1 WHERE state = 0 AND next > ?1"))
        .bind(1, now)
        .run();
  });
}

Result<void> Outbox::postpone(const AlertRow& alert, TimeUs until) {
  return tables_.write([&](Sqlite& db) -> Result<void> {
    auto update =
        TRY(db.prepare("UPDATE alerts SET next = ?1 WHERE state = 0 AND next < ?1 AND channel = ?2 "
                       "AND contact = ?3 AND id != ?4"));
    update.bind(1, until - 1).bind(2, alert.channel).bind(3, alert.contact).bind(4, alert.id);
    return update.run();
  });
}

Result<void> Outbox::settle(const AlertRow& alert, const Outcome& outcome, TimeUs now) {
  return tables_.write([&](Sqlite& db) -> Result<void> {
    auto update = TRY(db.prepare(
        "UPDATE alerts SET state = ?1, tries = tries + ?2, next = ?3, done = ?4, error = ?5, "
        "failing_since = CASE failing_since WHEN 0 THEN ?6 ELSE failing_since END WHERE id = ?7"));
    bool done = outcome.state != AlertState::queued;
    update.bind(1, static_cast<int>(outcome.state)).bind(2, outcome.tried ? 1 : 0);
    update.bind(3, outcome.next).bind(4, done ? now : 0).bind(5, outcome.error);
    update.bind(6, done ? 0 : now).bind(7, alert.id);
    TRY(update.run());
    TRY(insert_alerts(db, alert, outcome.instead, now));
    return release(db, alert, outcome);
  });
}

Result<std::vector<AlertRow>> Outbox::list(const Ask& ask) const {
  return rows(
      "WHERE (?1 < 0 OR a.state = ?1) AND (?2 = 0 OR a.constituent = ?2) AND (?3 = 0 OR a.id < ?3) "
      "AND (?5 = 0 OR a.bundle = ?5) ORDER BY a.id DESC LIMIT ?4",
      [&](Statement& s) {
        s.bind(1, ask.state ? static_cast<int>(*ask.state) : -1).bind(2, ask.constituent);
        s.bind(3, ask.before).bind(4, static_cast<std::uint64_t>(ask.limit)).bind(5, ask.bundle);
      });
}

Result<AlertRow> Outbox::one(std::uint64_t id) const {
  auto found = TRY(rows("WHERE a.id = ?", [&](Statement& s) { s.bind(1, id); }));
  if (found.empty()) return missing(fmt::format("no alert a_{}", id));
  return std::move(found[0]);
}

Result<AlertRow> Outbox::by_message(std::string_view message_id) const {
  auto found = TRY(rows("WHERE a.message_id = ?", [&](Statement& s) { s.bind(1, message_id); }));
  if (found.empty()) return missing("no alert has the Message-ID " + text::quote(message_id));
  return std::move(found[0]);
}

Result<Outbox::Counts> Outbox::counts() const {
  Counts counts;
  auto look = [&](Sqlite& db) -> Result<void> {
    auto items = TRY(db.prepare("SELECT count(*) FROM alert_items WHERE bundle IS NULL"));
    if (TRY(items.step())) counts.waiting = static_cast<std::uint64_t>(items.number(0));
    auto states = TRY(db.prepare("SELECT state, count(*) FROM alerts GROUP BY state"));
    while (TRY(states.step())) {
      auto state = static_cast<std::size_t>(states.number(0));
      if (state < alert_states_count)
        counts.states[state] = static_cast<std::uint64_t>(states.number(1));
    }
    return {};
  };
  TRY(tables_.read(look));
  return counts;
}

Result<std::vector<AlertRow>> Outbox::failed(const std::vector<std::uint64_t>& ids) const {
  std::vector<AlertRow> all;
  for (std::uint64_t id : ids.empty() ? std::vector<std::uint64_t>{0} : ids) {
    auto found = TRY(rows("WHERE a.state IN (2, 3, 4) AND (?1 = 0 OR a.id = ?1) ORDER BY a.id",
                          [&](Statement& s) { s.bind(1, id); }));
    std::ranges::move(found, std::back_inserter(all));
  }
  return all;
}

Result<std::uint64_t> Outbox::replay(const std::vector<std::uint64_t>& ids, TimeUs now) {
  std::uint64_t changed = 0;
  auto write = [&](Sqlite& db) -> Result<void> {
    auto update = TRY(db.prepare(
        "UPDATE alerts SET state = 0, tries = 0, next = ?1, done = 0, error = '', made = ?1, "
        "failing_since = 0 WHERE state IN (2, 3, 4) AND id = ?2"));
    for (std::uint64_t id : ids) {
      TRY(update.bind(1, now).bind(2, id).run());
      changed += static_cast<std::uint64_t>(db.changes());
    }
    return {};
  };
  TRY(tables_.write(write));
  return changed;
}

Result<void> Outbox::forget_before(TimeUs before) {
  return tables_.write(
      [&](Sqlite& db) -> Result<void> {
        auto alerts = TRY(db.prepare("DELETE FROM alerts WHERE state != 0 AND done < ?"));
        TRY(alerts.bind(1, before).run());
        auto bundles =
            TRY(db.prepare("DELETE FROM alert_bundles WHERE made < ? AND NOT EXISTS (SELECT 1 FROM "
                           "alerts a WHERE a.bundle = alert_bundles.id)"));
        return bundles.bind(1, before).run();
      },
      false);
}

}  // namespace tocsin::alert
