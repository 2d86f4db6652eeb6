#include "hunt/indicators.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "base/check.h"
#include "base/text.h"
#include "hunt/indicator_rows.h"
#include "store/handling.h"

namespace tocsin::hunt {

using store::Sqlite;
using store::Statement;

namespace {

constexpr std::string_view span_of_claims =
    "UPDATE indicators SET since = coalesce((SELECT min(since) FROM indicator_claims WHERE "
    "indicator = ?1 AND revoked = 0), since), until = coalesce((SELECT max(CASE WHEN told <= "
    "expired THEN min(until, expired) ELSE until END) FROM indicator_claims WHERE "
    "indicator = ?1 AND revoked = 0), ?2) WHERE id = ?1";

// Writes what is told: the statements of one transaction.
class Adding {
 public:
  static Result<Adding> begin(Sqlite& db, TimeUs now) {
    Adding out(db, now);
    out.find_ = TRY(
        db.prepare("SELECT id, known_good, expired FROM indicators WHERE value = ? AND kind = ?"));
    out.make_ = TRY(
        db.prepare("INSERT INTO indicators(kind, value, known_good, added, since, until, expired) "
                   "VALUES(?, ?, ?, ?, ?, ?, ?)"));
    out.mark_ = TRY(db.prepare("UPDATE indicators SET known_good = ? WHERE id = ?"));
    out.claim_ = TRY(db.prepare(
        fmt::format("SELECT {} FROM {} WHERE c.source = ? AND c.indicator = ? AND c.object = ?",
                    rows::claim_columns, rows::claims_from)));
    out.count_ = TRY(db.prepare("SELECT count(*) FROM indicator_claims WHERE indicator = ?"));
    out.drop_ = TRY(db.prepare("DELETE FROM indicator_claims WHERE number = ?"));
    out.again_ = TRY(db.prepare("UPDATE indicator_claims SET told = ? WHERE number = ?"));
    out.put_ = TRY(db.prepare(
        "INSERT INTO indicator_claims(indicator, source, object, type, family, techniques, "
        "confidence, severity, tlp, pap, since, until, revoked, text, told) "
        "VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"));
    out.span_ = TRY(db.prepare(span_of_claims));
    return out;
  }

  Result<void> take(const Told& told, std::string_view known_good) {
    const Claim& claim = told.claim;
    auto kind = static_cast<int>(told.observable.kind);
    find_.bind(1, told.observable.value).bind(2, kind);
    bool there = TRY(find_.step());
    std::int64_t id = there ? find_.number(0) : 0;
    bool marked_otherwise = there && find_.text(1) != known_good;
    TimeUs ended = there ? find_.number(2) : time_none;
    find_.reset();
    added.known_good += known_good.empty() ? 0 : 1;
    if (!there) {
      make_.bind(1, kind).bind(2, told.observable.value).bind(3, known_good).bind(4, now_);
      // What was taken back before we heard of it never held.
      make_.bind(5, claim.from).bind(6, claim.revoked ? now_ : rows::end_of(claim.until));
      TRY(make_.bind(7, time_none).run());
      ++added.fresh;
      ++added.claims;
      return put(db_->last_rowid(), claim);
    }
    if (marked_otherwise) TRY(mark_.bind(1, known_good).bind(2, id).run());
    if (TRY(keep(id, claim, ended))) TRY(span_.bind(1, id).bind(2, now_).run());
    return {};
  }

  Added added;

 private:
  Adding(Sqlite& db, TimeUs now) : db_(&db), now_(now) {}

  // `ended`: by a person; what is told again since is a change. False: there are too many.
  Result<bool> keep(std::int64_t id, const Claim& claim, TimeUs ended) {
    claim_.bind(1, TRY(number_of(claim.source))).bind(2, id).bind(3, claim.object);
    bool there = TRY(claim_.step());
    std::int64_t number = there ? claim_.number(0) : 0;
    bool same = false;
    if (there) {
      Claim before = rows::claim_of(claim_);
      same = before.says_the_same(claim) && (ended == time_none || before.told > ended);
    }
    claim_.reset();
    if (same) {
      ++added.same;
      TRY(again_.bind(1, now_).bind(2, number).run());
      return true;
    }
    if (there) {
      TRY(drop_.bind(1, number).run());
    } else {
      TRY(count_.bind(1, id).step());
      auto count = static_cast<std::size_t>(count_.number(0));
      count_.reset();
      if (count >= claims_max) return ++added.full, false;
    }
    ++added.claims;
    TRY(put(id, claim));
    return true;
  }

  Result<void> put(std::int64_t id, const Claim& claim) {
    std::string techniques = rows::joined(claim.techniques);
    put_.bind(1, id).bind(2, TRY(number_of(claim.source))).bind(3, claim.object);
    put_.bind(4, static_cast<int>(claim.type)).bind(5, claim.family).bind(6, techniques);
    put_.bind(7, claim.confidence ? int{*claim.confidence} : -1);
    put_.bind(8, static_cast<int>(claim.severity)).bind(9, static_cast<int>(claim.tlp));
    put_.bind(10, static_cast<int>(claim.pap)).bind(11, claim.from);
    put_.bind(12, rows::end_of(claim.until)).bind(13, claim.revoked ? 1 : 0);
    return put_.bind(14, claim.text).bind(15, now_).run();
  }

  Result<std::int64_t> number_of(const Source& source) {
    auto found = sources_.find(source);
    if (found != sources_.end()) return found->second;
    return sources_[source] = TRY(rows::source_number(*db_, source));
  }

  Sqlite* db_;
  TimeUs now_;
  std::map<Source, std::int64_t> sources_;
  Statement find_, make_, mark_, claim_, count_, drop_, again_, put_, span_;
};

constexpr std::string_view remove_by_id[] = {"DELETE FROM indicator_claims WHERE indicator = ?",
                                             "DELETE FROM indicator_sightings WHERE indicator = ?",
                                             "DELETE FROM indicators WHERE id = ?"};

// The claims as they are but for `revoked`, under new numbers.
Result<void> renumber(Sqlite& db, const std::vector<std::int64_t>& numbers,
                      std::string_view revoked) {
  auto again = TRY(db.prepare(fmt::format(
      "INSERT INTO indicator_claims(indicator, source, object, type, family, techniques, "
      "confidence, severity, tlp, pap, since, until, revoked, text, told) SELECT indicator, "
      "source, object, type, family, techniques, confidence, severity, tlp, pap, since, until, "
      "{}, text, told FROM indicator_claims WHERE number = ?",
      revoked)));
  auto drop = TRY(db.prepare("DELETE FROM indicator_claims WHERE number = ?"));
  for (std::int64_t number : numbers) {
    TRY(again.bind(1, number).run());
    TRY(drop.bind(1, number).run());
  }
  return {};
}

constexpr std::string_view claims_of_object =
    "SELECT number, indicator, revoked FROM indicator_claims WHERE object = ?1 AND object <> ''"
    " AND source = (SELECT id FROM indicator_sources WHERE kind = ?2 AND name = ?3)";

}  // namespace

Result<std::unique_ptr<Indicators>> Indicators::open(Parts parts) {
  auto tables = TRY(store::Tables::open(parts.journal, "indicators", rows::schema));
  return std::unique_ptr<Indicators>(new Indicators(std::move(parts), std::move(tables)));
}

Result<Added> Indicators::add(std::vector<Told>& told) {
  check(told.size() <= add_rows_max, "more is told than one transaction takes");
  // Near rows of the index are near in time: SQLite then reads each of its pages once.
  std::ranges::stable_sort(told, {},
                           [](const Told& one) { return std::string_view(one.observable.value); });
  std::vector<std::string> known_good(told.size());
  if (parts_.known_good) known_good = parts_.known_good(told);
  TimeUs now = parts_.now();
  Added added;
  auto body = [&](Sqlite& db) -> Result<void> {
    auto adding = TRY(Adding::begin(db, now));
    // Here, where nobody else writes: an erasure that begins later finds what is kept now.
    auto without = [&](std::string_view text) {
      return parts_.without_erased ? parts_.without_erased(text) : std::nullopt;
    };
    for (std::size_t i = 0; i < told.size(); ++i) {
      if (without(told[i].observable.value)) {
        ++adding.added.erased;
        continue;
      }
      if (auto masked = without(told[i].claim.text)) told[i].claim.text = *std::move(masked);
      TRY(adding.take(told[i], known_good[i]));
    }
    added = adding.added;
    return {};
  };
  if (!told.empty()) TRY(tables_.write(body, false));
  return added;
}

Result<Indicator> Indicators::expire(std::uint64_t id, std::string_view why, std::string_view by) {
  std::string reason = TRY(store::one_line(why, text_bytes_max, "the reason"));
  TimeUs now = parts_.now();
  auto body = [&](Sqlite& db) -> Result<void> {
    auto update =
        TRY(db.prepare("UPDATE indicators SET expired = ?1, expired_by = ?2, expired_why = ?3, "
                       "until = min(until, ?1) WHERE id = ?4"));
    TRY(update.bind(1, now).bind(2, by).bind(3, reason).bind(4, id).run());
    if (db.changes() == 0) return missing("no indicator " + indicator_id(id));
    // Its claims get new numbers: whoever reads the changes hears of the end.
    auto select = TRY(db.prepare("SELECT number FROM indicator_claims WHERE indicator = ?"));
    std::vector<std::int64_t> numbers;
    select.bind(1, id);
    while (TRY(select.step())) numbers.push_back(select.number(0));
    TRY(renumber(db, numbers, "revoked"));
    return {};
  };
  TRY(tables_.write(body));
  return one(id);
}

Result<std::optional<std::uint64_t>> Indicators::claimed_by(const Source& source,
                                                            std::string_view object) const {
  std::optional<std::uint64_t> found;
  auto look = [&](Sqlite& db) -> Result<void> {
    auto select = TRY(db.prepare(claims_of_object));
    select.bind(1, object).bind(2, static_cast<int>(source.kind)).bind(3, source.name);
    if (TRY(select.step())) found = static_cast<std::uint64_t>(select.number(1));
    return {};
  };
  TRY(tables_.read(look));
  return found;
}

Result<std::size_t> Indicators::revoke(const Source& source, std::string_view object) {
  std::vector<std::int64_t> numbers, indicators;
  TimeUs now = parts_.now();
  auto body = [&](Sqlite& db) -> Result<void> {
    auto select = TRY(db.prepare(claims_of_object));
    select.bind(1, object).bind(2, static_cast<int>(source.kind)).bind(3, source.name);
    while (TRY(select.step())) {
      if (select.number(2) != 0) continue;
      numbers.push_back(select.number(0));
      indicators.push_back(select.number(1));
    }
    select.reset();
    TRY(renumber(db, numbers, "1"));
    auto span = TRY(db.prepare(span_of_claims));
    for (std::int64_t id : indicators) TRY(span.bind(1, id).bind(2, now).run());
    return {};
  };
  TRY(tables_.write(body));
  return numbers.size();
}

Result<Indicator> Indicators::sight(std::uint64_t id, Sighting sighting) {
  if (sighting.count == 0) return invalid("seen no times is no sighting");
  if (sighting.last < sighting.first) return invalid("seen last before it was seen first");
  if (sighting.source.name.empty()) return invalid("a sighting needs a source");
  std::string text = TRY(store::many_lines(sighting.text, text_bytes_max, "the text"));
  TimeUs now = parts_.now();
  auto body = [&](Sqlite& db) -> Result<void> {
    auto grow = TRY(db.prepare(sighting.false_positive
                                   ? "UPDATE indicators SET false_positives = false_positives + 1 "
                                     "WHERE id = ?2 AND ?1 > 0"
                                   : "UPDATE indicators SET sightings = sightings + ?1 "
                                     "WHERE id = ?2"));
    TRY(grow.bind(1, sighting.count).bind(2, id).run());
    if (db.changes() == 0) return missing("no indicator " + indicator_id(id));
    auto count = TRY(db.prepare("SELECT count(*) FROM indicator_sightings WHERE indicator = ?"));
    TRY(count.bind(1, id).step());
    if (static_cast<std::size_t>(count.number(0)) >= sightings_max)
      return invalid(fmt::format("an indicator has {} sightings at most", sightings_max));
    std::int64_t source = TRY(rows::source_number(db, sighting.source));
    std::uint64_t types = 0;
    for (Type type : sighting.types) types |= std::uint64_t{1} << static_cast<unsigned>(type);
    auto insert =
        TRY(db.prepare("INSERT INTO indicator_sightings(indicator, source, false_positive, first, "
                       "last, count, types, text, told) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?)"));
    insert.bind(1, id).bind(2, source).bind(3, sighting.false_positive ? 1 : 0);
    insert.bind(4, sighting.first).bind(5, sighting.last).bind(6, sighting.count).bind(7, types);
    return insert.bind(8, text).bind(9, now).run();
  };
  TRY(tables_.write(body));
  return one(id);
}

Result<std::size_t> Indicators::forget(const std::function<bool(std::string_view)>& names) {
  constexpr std::size_t at_once = 20'000;
  std::size_t gone = 0;
  for (std::int64_t seen = 0;;) {
    std::vector<std::int64_t> ids;
    std::size_t read = 0;
    auto look = [&](Sqlite& db) -> Result<void> {
      auto select =
          TRY(db.prepare("SELECT id, value FROM indicators WHERE id > ? ORDER BY id LIMIT ?"));
      select.bind(1, seen).bind(2, std::uint64_t{at_once});
      while (TRY(select.step())) {
        ++read;
        seen = select.number(0);
        if (names(select.text(1))) ids.push_back(seen);
      }
      return {};
    };
    TRY(tables_.read(look));
    auto remove = [&](Sqlite& db) -> Result<void> {
      for (std::string_view sql : remove_by_id) {
        auto statement = TRY(db.prepare(sql));
        for (std::int64_t id : ids) TRY(statement.bind(1, id).run());
      }
      return {};
    };
    if (!ids.empty()) TRY(tables_.write(remove));
    gone += ids.size();
    if (read < at_once) return gone;
  }
}

}  // namespace tocsin::hunt
