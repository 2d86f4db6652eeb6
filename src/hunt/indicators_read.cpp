// Indicators, reading: pages, changes, and what is still to be looked up.
#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "hunt/indicator_rows.h"
#include "hunt/indicators.h"

namespace tocsin::hunt {

using store::Sqlite;
using store::Statement;

namespace {

Result<Statement> select_claims(Sqlite& db) {
  return db.prepare(fmt::format("SELECT {} FROM {} WHERE c.indicator = ? ORDER BY c.number",
                                rows::claim_columns, rows::claims_from));
}

Result<void> load_claims(Statement& select, Indicator& indicator) {
  select.bind(1, indicator.id);
  while (TRY(select.step())) indicator.claims.push_back(rows::claim_of(select));
  select.reset();
  return {};
}

Result<std::uint64_t> looked_up_to(Sqlite& db) {
  auto select = TRY(db.prepare("SELECT done FROM indicator_look_up"));
  return TRY(select.step()) ? static_cast<std::uint64_t>(select.number(0)) : 0;
}

// The one that `condition` with one or two parameters selects.
template <class Bind>
Result<std::optional<Indicator>> one_where(Sqlite& db, std::string_view condition, Bind bind) {
  auto select = TRY(db.prepare(
      fmt::format("SELECT {} FROM indicators i WHERE {}", rows::indicator_columns, condition)));
  bind(select);
  if (!TRY(select.step())) return std::optional<Indicator>();
  Indicator found = rows::indicator_of(select);
  auto claims = TRY(select_claims(db));
  TRY(load_claims(claims, found));
  found.looked_up = found.id <= TRY(looked_up_to(db));
  return std::optional(std::move(found));
}

bool fits(const Indicator& indicator, const IndicatorsAsk& ask, TimeUs now) {
  return (!ask.kind || indicator.observable.kind == *ask.kind) &&
         (!ask.state || indicator.state(now) == *ask.state);
}

bool claims_fit(const Indicator& indicator, const IndicatorsAsk& ask) {
  auto any = [&](auto member, const auto& wanted) {
    return !wanted ||
           std::ranges::find(indicator.claims, *wanted, member) != indicator.claims.end();
  };
  return any(&Claim::type, ask.type) && any(&Claim::source, ask.source);
}

// As it is kept, where it is a value; else as it is: the beginning of one.
std::string beginning_of(std::string_view q) {
  auto value = guess_observable(q);
  return value ? value->value : std::string(text::trim(q));
}

}  // namespace

Result<Indicator> Indicators::one(std::uint64_t id) const {
  std::optional<Indicator> found;
  auto look = [&](Sqlite& db) -> Result<void> {
    found = TRY(one_where(db, "i.id = ?", [&](Statement& s) { s.bind(1, id); }));
    return {};
  };
  TRY(tables_.read(look));
  if (!found) return missing("no indicator " + indicator_id(id));
  return *std::move(found);
}

Result<std::optional<Indicator>> Indicators::find(const Observable& observable) const {
  std::optional<Indicator> found;
  auto look = [&](Sqlite& db) -> Result<void> {
    found = TRY(one_where(db, "i.value = ? AND i.kind = ?", [&](Statement& s) {
      s.bind(1, observable.value).bind(2, static_cast<int>(observable.kind));
    }));
    return {};
  };
  TRY(tables_.read(look));
  return found;
}

Result<IndicatorsPage> Indicators::list(const IndicatorsAsk& ask) const {
  std::uint64_t before = INT64_MAX;
  std::string begin = beginning_of(ask.q), from = begin;
  int from_kind = -1;
  if (!ask.cursor.empty()) {
    before = indicator_id_of(ask.cursor);
    if (before == 0) return invalid("no cursor of indicators: " + text::quote(ask.cursor));
    if (!begin.empty()) {
      auto last = TRY(one(before));
      from = last.observable.value;
      from_kind = static_cast<int>(last.observable.kind);
    }
  }
  IndicatorsPage page;
  TimeUs now = parts_.now();
  auto look = [&](Sqlite& db) -> Result<void> {
    std::string source = "indicators i WHERE i.id < ?1 ORDER BY i.id DESC LIMIT ?2";
    if (!begin.empty()) {
      source =
          "indicators i WHERE i.value >= ?1 AND i.value < ?3 AND (i.value, i.kind) > (?1, ?4) "
          "ORDER BY i.value, i.kind LIMIT ?2";
    } else if (ask.source) {
      source =
          "(SELECT DISTINCT indicator FROM indicator_claims WHERE source = (SELECT id FROM "
          "indicator_sources WHERE kind = ?3 AND name = ?4) AND indicator < ?1 ORDER BY "
          "indicator DESC LIMIT ?2) c JOIN indicators i ON i.id = c.indicator ORDER BY "
          "i.id DESC";
    }
    auto select =
        TRY(db.prepare(fmt::format("SELECT {} FROM {}", rows::indicator_columns, source)));
    // Above every text that begins so, or above that one alone.
    std::string end = begin + (ask.exact ? '\0' : '\xff');
    select.bind(2, std::uint64_t{looked_rows_max});
    if (!begin.empty()) {
      select.bind(1, from).bind(3, end).bind(4, from_kind);
    } else {
      select.bind(1, before);
      if (ask.source) select.bind(3, static_cast<int>(ask.source->kind)).bind(4, ask.source->name);
    }
    auto claims = TRY(select_claims(db));
    std::uint64_t done = TRY(looked_up_to(db)), last = 0;
    std::size_t read = 0;
    for (; TRY(select.step()); ++read) {
      if (page.items.size() == ask.limit) {
        page.next = indicator_id(last);
        return {};
      }
      Indicator one = rows::indicator_of(select);
      last = one.id;
      if (!fits(one, ask, now)) continue;
      TRY(load_claims(claims, one));
      if (!claims_fit(one, ask)) continue;
      one.looked_up = one.id <= done;
      page.items.push_back(std::move(one));
    }
    if (read == looked_rows_max) page.next = indicator_id(last);
    return {};
  };
  TRY(tables_.read(look));
  return page;
}

Result<std::vector<Sighting>> Indicators::sightings(std::uint64_t id) const {
  std::vector<Sighting> found;
  auto look = [&](Sqlite& db) -> Result<void> {
    auto select =
        TRY(db.prepare(fmt::format("SELECT {} FROM {} WHERE g.indicator = ? "
                                   "ORDER BY g.id DESC",
                                   rows::sighting_columns, rows::sightings_from)));
    select.bind(1, id);
    while (TRY(select.step())) found.push_back(rows::sighting_of(select));
    return {};
  };
  TRY(tables_.read(look));
  return found;
}

Result<std::vector<ClaimChange>> Indicators::changes(std::uint64_t after, std::size_t limit) const {
  std::vector<ClaimChange> found;
  auto look = [&](Sqlite& db) -> Result<void> {
    auto select = TRY(db.prepare(
        fmt::format("SELECT i.id, i.kind, i.value, i.expired, {} FROM {} JOIN indicators i ON "
                    "i.id = c.indicator WHERE c.number > ? ORDER BY c.number LIMIT ?",
                    rows::claim_columns, rows::claims_from)));
    select.bind(1, after).bind(2, static_cast<std::uint64_t>(limit));
    while (TRY(select.step())) {
      ClaimChange change{.number = static_cast<std::uint64_t>(select.number(4)),
                         .indicator = static_cast<std::uint64_t>(select.number(0))};
      change.observable = {static_cast<Kind>(select.number(1)), std::string(select.text(2))};
      change.expired = select.number(3);
      change.claim = rows::claim_of(select, 4);
      found.push_back(std::move(change));
    }
    return {};
  };
  TRY(tables_.read(look));
  return found;
}

Result<std::vector<std::pair<std::uint64_t, Sighting>>> Indicators::sightings_after(
    std::uint64_t after, std::size_t limit) const {
  std::vector<std::pair<std::uint64_t, Sighting>> found;
  auto look = [&](Sqlite& db) -> Result<void> {
    auto select = TRY(db.prepare(
        fmt::format("SELECT g.indicator, {} FROM {} WHERE g.id > ? ORDER BY g.id LIMIT ?",
                    rows::sighting_columns, rows::sightings_from)));
    select.bind(1, after).bind(2, static_cast<std::uint64_t>(limit));
    while (TRY(select.step())) {
      found.emplace_back(static_cast<std::uint64_t>(select.number(0)),
                         rows::sighting_of(select, 1));
    }
    return {};
  };
  TRY(tables_.read(look));
  return found;
}

Result<LookedUp> Indicators::looked_up() const {
  LookedUp state;
  auto look = [&](Sqlite& db) -> Result<void> {
    auto select = TRY(db.prepare("SELECT done, up_to, seq, last_seq FROM indicator_look_up"));
    if (!TRY(select.step())) return {};
    auto number = [&](int at) { return static_cast<std::uint64_t>(select.number(at)); };
    state = {.done = number(0), .up_to = number(1), .seq = number(2), .last_seq = number(3)};
    return {};
  };
  TRY(tables_.read(look));
  return state;
}

// By ids, which have gaps only where subjects were erased: a count would read every row.
Result<std::uint64_t> Indicators::due() const {
  std::uint64_t due = 0;
  auto look = [&](Sqlite& db) -> Result<void> {
    auto select = TRY(db.prepare(
        "SELECT coalesce((SELECT max(id) FROM indicators), 0) - done FROM indicator_look_up"));
    if (TRY(select.step()))
      due = static_cast<std::uint64_t>(std::max<std::int64_t>(0, select.number(0)));
    return {};
  };
  TRY(tables_.read(look));
  return due;
}

Result<std::vector<std::pair<std::uint64_t, Observable>>> Indicators::after(
    std::uint64_t id, std::size_t limit) const {
  std::vector<std::pair<std::uint64_t, Observable>> found;
  auto look = [&](Sqlite& db) -> Result<void> {
    auto select =
        TRY(db.prepare("SELECT id, kind, value FROM indicators WHERE id > ? ORDER BY id LIMIT ?"));
    select.bind(1, id).bind(2, static_cast<std::uint64_t>(limit));
    while (TRY(select.step())) {
      Observable observable{static_cast<Kind>(select.number(1)), std::string(select.text(2))};
      found.emplace_back(static_cast<std::uint64_t>(select.number(0)), std::move(observable));
    }
    return {};
  };
  TRY(tables_.read(look));
  return found;
}

Result<void> Indicators::keep_looked_up(const LookedUp& state, std::span<const Seen> seen) {
  TimeUs now = parts_.now();
  auto body = [&](Sqlite& db) -> Result<void> {
    auto move =
        TRY(db.prepare("UPDATE indicator_look_up SET done = ?, up_to = ?, seq = ?, last_seq = ?"));
    TRY(move.bind(1, state.done)
            .bind(2, state.up_to)
            .bind(3, state.seq)
            .bind(4, state.last_seq)
            .run());
    if (seen.empty()) return {};
    std::int64_t node = TRY(rows::source_number(db, {SourceKind::node, ""}));
    auto grow = TRY(db.prepare("UPDATE indicators SET sightings = sightings + ? WHERE id = ?"));
    auto put = TRY(
        db.prepare("INSERT INTO indicator_sightings(indicator, source, false_positive, first, "
                   "last, count, types, text, told) SELECT ?1, ?2, 0, min(?3, coalesce(min(first), "
                   "?3)), max(?4, coalesce(max(last), ?4)), ?5 + coalesce(sum(count), 0), ?6 | "
                   "coalesce(max(types), 0), '', ?7 FROM indicator_sightings WHERE indicator = ?1 "
                   "AND source = ?2"));
    auto drop = TRY(db.prepare(
        "DELETE FROM indicator_sightings WHERE indicator = ? AND source = ? AND id < ?"));
    for (const Seen& one : seen) {
      TRY(grow.bind(1, one.count).bind(2, one.indicator).run());
      if (db.changes() == 0) continue;  // it is gone by now
      put.bind(1, one.indicator).bind(2, node).bind(3, one.first).bind(4, one.last);
      TRY(put.bind(5, one.count).bind(6, one.types).bind(7, now).run());
      std::int64_t id = db.last_rowid();
      TRY(drop.bind(1, one.indicator).bind(2, node).bind(3, id).run());
    }
    return {};
  };
  return tables_.write(body, false);
}

}  // namespace tocsin::hunt
