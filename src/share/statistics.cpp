#include "share/statistics.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "policy/decision.h"

namespace tocsin::share {
namespace {

constexpr const char* steps[] = {
    "CREATE TABLE statistics_days(day INTEGER PRIMARY KEY, made INTEGER NOT NULL,"
    " date INTEGER NOT NULL) STRICT;"
    // member "": what this node published.
    "CREATE TABLE statistics_figures(member TEXT NOT NULL, day INTEGER NOT NULL, cut TEXT NOT NULL,"
    " grp TEXT NOT NULL, part TEXT NOT NULL, subjects INTEGER NOT NULL,"
    " PRIMARY KEY(member, day, cut, grp, part)) STRICT, WITHOUT ROWID"};

Result<void> insert(store::Sqlite& db, const SharedFigure& f) {
  auto add = TRY(db.prepare("INSERT INTO statistics_figures VALUES(?, ?, ?, ?, ?, ?)"));
  add.bind(1, f.member).bind(2, std::int64_t{f.day}).bind(3, f.cut).bind(4, f.group);
  return add.bind(5, f.part).bind(6, f.subjects).run();
}

bool is_cut(std::string_view cut) {
  return cut == "country.type" || cut == "sector.type";
}

}  // namespace

Result<std::unique_ptr<Statistics>> Statistics::open(Parts parts) {
  auto tables = TRY(store::Tables::open(parts.journal, "statistics", steps));
  return std::unique_ptr<Statistics>(new Statistics(std::move(parts), std::move(tables)));
}

Result<bool> Statistics::is_published(Day day) const {
  bool found = false;
  auto look = [&](store::Sqlite& db) -> Result<void> {
    auto select = TRY(db.prepare("SELECT 1 FROM statistics_days WHERE day = ?"));
    select.bind(1, std::int64_t{day});
    found = TRY(select.step());
    return {};
  };
  TRY(tables_.read(look));
  return found;
}

Result<void> Statistics::publish(
    Day day, const std::map<std::string, std::vector<policy::CountOf>>& counts) {
  if (TRY(is_published(day))) return {};
  auto write = [&](store::Sqlite& db) -> Result<void> {
    auto select = TRY(db.prepare("SELECT coalesce(max(date), 0) FROM statistics_days"));
    TRY(select.step());
    TimeUs least =
        std::max({parts_.now(), parts_.offers.last() + 1, select.number(0) + store::Offers::room});
    TimeUs date = (least + store::Offers::room - 1) / store::Offers::room * store::Offers::room;
    auto made = TRY(db.prepare("INSERT INTO statistics_days VALUES(?, ?, ?)"));
    TRY(made.bind(1, std::int64_t{day}).bind(2, parts_.now()).bind(3, date).run());
    for (const auto& [cut, all] : counts) {
      auto told = policy::publishable(all);
      for (const policy::CountOf& one : told) {
        TRY(insert(db, {.day = day,
                        .cut = cut,
                        .group = one.group,
                        .part = one.part,
                        .subjects = one.subjects}));
      }
    }
    return {};
  };
  return tables_.write(write);
}

bool Statistics::may_go(const SharedFigure& figure, const policy::Agreement& agreement,
                        policy::Context context) const {
  policy::Item item{.kind = policy::ItemKind::statistics,
                    .type = type_named(figure.part),
                    .tlp = marking,
                    .pap = Pap::clear,
                    .confidence = std::uint8_t{100}};
  item.feed.may_pass_on = true;  // what a feed forbids is not counted
  if (figure.cut == "country.type") {
    if (auto country = Country::parse(figure.group)) item.country = *country;
  } else {
    item.sector = figure.group;
  }
  context.standing = policy::Standing::active;
  context.purpose = policy::Purpose::statistics;
  context.quota_left = UINT64_MAX;  // a day's figures are one item
  return policy::judge(item, agreement, context).released();
}

Result<std::vector<Statistics::Due>> Statistics::due(const std::string& member,
                                                     TimeUs after) const {
  std::vector<Due> out;
  auto us = TRY(parts_.partners.self()).profile.member;
  auto under = parts_.agreements.in_force(member, parts_.now());
  if (under.agreements.empty()) return out;
  policy::Context context{.now = parts_.now(), .from = us, .to = member};
  auto look = [&](store::Sqlite& db) -> Result<void> {
    auto days = TRY(
        db.prepare("SELECT day, made, date FROM statistics_days WHERE date + ? > ? ORDER BY date"));
    days.bind(1, store::Offers::room).bind(2, after + 1);
    auto select =
        TRY(db.prepare("SELECT cut, grp, part, subjects FROM statistics_figures WHERE member = ''"
                       " AND day = ? ORDER BY cut, grp, part"));
    while (TRY(days.step())) {
      Due due{.date = days.number(2), .made = days.number(1)};
      select.bind(1, days.number(0));
      while (TRY(select.step())) {
        SharedFigure f{.day = static_cast<Day>(days.number(0)),
                       .cut = std::string(select.text(0)),
                       .group = std::string(select.text(1)),
                       .part = std::string(select.text(2)),
                       .subjects = static_cast<std::uint64_t>(select.number(3))};
        auto lets = std::ranges::find_if(under.agreements, [&](const AgreementState* state) {
          return may_go(f, state->agreement, context);
        });
        if (lets == under.agreements.end()) continue;
        due.agreement = (*lets)->address;
        if (due.tables.empty() || due.tables.back().cut != f.cut)
          due.tables.push_back({.day = f.day, .cut = f.cut, .k = policy::publication_k});
        due.tables.back().figures.push_back(
            {.group = f.group, .part = f.part, .subjects = f.subjects});
      }
      select.reset();
      if (!due.tables.empty()) out.push_back(std::move(due));
    }
    return {};
  };
  TRY(tables_.read(look));
  return out;
}

Result<std::size_t> Statistics::take(const std::string& member, const wire::StixStatistics& given) {
  if (!is_cut(given.cut)) return invalid("no cut " + text::quote(given.cut));
  TimeUs now = parts_.now();
  if (given.day > times::day_of(now)) return invalid("statistics of a day that is to come");
  auto us = TRY(parts_.partners.self()).profile.member;
  auto under = parts_.agreements.in_force(member, now);
  policy::Context context{
      .now = now, .from = member, .to = us, .direction = policy::Direction::ingress};
  std::vector<SharedFigure> taken;
  for (const auto& figure : given.figures) {
    SharedFigure f{.member = member, .day = given.day, .cut = given.cut};
    f.group = figure.group;
    f.part = figure.part;
    f.subjects = figure.subjects;
    bool is_known = f.part.empty() || type_named(f.part).has_value();
    bool may = std::ranges::any_of(under.agreements, [&](const AgreementState* state) {
      return may_go(f, state->agreement, context);
    });
    if (is_known && may) taken.push_back(std::move(f));
  }
  std::size_t count = 0;
  auto write = [&](store::Sqlite& db) -> Result<void> {
    auto had = TRY(db.prepare(
        "SELECT 1 FROM statistics_figures WHERE member = ? AND day = ? AND cut = ? LIMIT 1"));
    had.bind(1, member).bind(2, std::int64_t{given.day}).bind(3, given.cut);
    if (TRY(had.step())) return {};
    had.reset();
    auto add = TRY(db.prepare("INSERT OR IGNORE INTO statistics_figures VALUES(?, ?, ?, ?, ?, ?)"));
    for (const SharedFigure& f : taken) {
      add.bind(1, f.member).bind(2, std::int64_t{f.day}).bind(3, f.cut).bind(4, f.group);
      TRY(add.bind(5, f.part).bind(6, f.subjects).run());
      ++count;
    }
    return {};
  };
  TRY(tables_.write(write));
  return count;
}

Result<std::vector<SharedFigure>> Statistics::list(const Ask& ask) const {
  std::vector<SharedFigure> out;
  auto look = [&](store::Sqlite& db) -> Result<void> {
    auto select = TRY(db.prepare(
        "SELECT member, day, cut, grp, part, subjects FROM statistics_figures WHERE (?1 = '' OR"
        " member = ?1) AND (?2 = '' OR cut = ?2) AND day >= ?3 AND day < ?4 ORDER BY day DESC,"
        " member, cut, grp, part LIMIT ?5"));
    select.bind(1, ask.partner).bind(2, ask.cut);
    select.bind(3, std::int64_t{ask.since.value_or(INT32_MIN)});
    select.bind(4, std::int64_t{ask.until.value_or(INT32_MAX)});
    select.bind(5, std::uint64_t{list_max});
    while (TRY(select.step())) {
      out.push_back({.member = std::string(select.text(0)),
                     .day = static_cast<Day>(select.number(1)),
                     .cut = std::string(select.text(2)),
                     .group = std::string(select.text(3)),
                     .part = std::string(select.text(4)),
                     .subjects = static_cast<std::uint64_t>(select.number(5))});
    }
    return {};
  };
  TRY(tables_.read(look));
  return out;
}

}  // namespace tocsin::share
