#include "api/situation.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <numeric>

#include "base/text.h"

namespace tocsin::api {
namespace {

constexpr std::array<std::string_view, 12> months = {
    "January", "February", "March",     "April",   "May",      "June",
    "July",    "August",   "September", "October", "November", "December"};

constexpr Count network_least = 1000;  // a public report names no network with fewer

// 0 is Monday. 1970-01-01 was a Thursday.
int weekday(Day day) {
  return ((day + 3) % 7 + 7) % 7;
}

// The Monday of ISO week 1: that of the week with 4 January. Source: ISO 8601.
Day first_monday(int year) {
  Day fourth = times::day_from({year, 1, 4});
  return fourth - weekday(fourth);
}

std::optional<unsigned> number_in(std::string_view text, std::size_t digits, unsigned least,
                                  unsigned most) {
  auto number = text::number(text);
  if (text.size() != digits || !number || *number < least || *number > most) return std::nullopt;
  return static_cast<unsigned>(*number);
}

void add(std::map<std::string, std::string>& out, const std::string& name, const Cell& cell) {
  if (cell.hidden) {
    out[name] = "fewer than shown";
    return;
  }
  if (cell.now) out[name] = std::to_string(*cell.now);
  if (cell.before) out[name + ".year-before"] = std::to_string(*cell.before);
}

void hide(Cell& cell) {
  cell = {.hidden = true};
}

void hide_before(Cell& cell) {
  cell.before.reset();
  cell.change_percent.reset();
}

// A figure alone, and what it was a year before.
void hide_if_small(Cell& cell, Count k) {
  if (cell.now && *cell.now > 0 && *cell.now < k) return hide(cell);
  if (cell.before && *cell.before > 0 && *cell.before < k) hide_before(cell);
}

template <class Rows>
void hide_parts(Rows& rows, Count k) {
  std::vector<Count> now, before;
  for (auto& row : rows) {
    now.push_back(row.cell.now.value_or(0));
    before.push_back(row.cell.before.value_or(0));
  }
  auto hidden = hidden_cells(now, k);
  auto hidden_before = hidden_cells(before, k, hidden);  // what is hidden now goes as a whole
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (hidden_before[i]) hide_before(rows[i].cell);
    if (hidden[i]) hide(rows[i].cell);
  }
}

// A total stands beside its points: one alone that is hidden could be told from it.
void hide_series(Situation::Line& line, Count k) {
  for (auto* series : {&line.series, &line.before}) {
    std::vector<Count> points;
    for (const auto& point : *series) points.push_back(point.value_or(0));
    auto hidden = hidden_cells(points, k);
    for (std::size_t i = 0; i < series->size(); ++i) {
      if (line.cell.hidden || hidden[i]) (*series)[i].reset();
    }
  }
}

}  // namespace

std::string_view name(Audience audience) {
  constexpr std::string_view names[] = {"team", "constituent", "public"};
  return names[static_cast<std::size_t>(audience)];
}

Tlp marking_of(std::string_view audience) {
  return audience == name(Audience::open) ? Tlp::clear : Tlp::amber_strict;
}

Result<SituationPeriod> situation_period(std::string_view text, Day today) {
  auto wrong = [&] {
    return invalid(
        fmt::format("no such period: {}; there are weeks as 2026-W40, months as 2026-10 "
                    "and years as 2026",
                    text::quote(text)));
  };
  auto year = number_in(text.substr(0, 4), 4, 1990, 9998);
  if (!year) return wrong();
  int y = static_cast<int>(*year);
  std::string_view rest = text.substr(4);
  SituationPeriod period{.name = std::string(text)};
  if (rest.empty()) {
    period.title = std::string(text);
    period.days = {times::day_from({y, 1, 1}), times::day_from({y + 1, 1, 1})};
    period.per = store::Per::week;
  } else if (rest.starts_with("-W")) {
    auto weeks = static_cast<unsigned>((first_monday(y + 1) - first_monday(y)) / 7);
    auto week = number_in(rest.substr(2), 2, 1, weeks);
    if (!week) return wrong();
    Day monday = first_monday(y) + static_cast<Day>(7 * (*week - 1));
    period.title = fmt::format("week {} of {}", *week, y);
    period.days = {monday, monday + 7};
  } else {
    auto month = rest.starts_with('-') ? number_in(rest.substr(1), 2, 1, 12) : std::nullopt;
    if (!month) return wrong();
    Day first = times::day_from({y, *month, 1});
    period.title = fmt::format("{} {}", months[*month - 1], y);
    period.days = {first, times::next_month(first)};
  }
  if (period.days.since > today) {
    return invalid(fmt::format("{} has not begun: it starts on {}", text::quote(text),
                               times::format_day(period.days.since)));
  }
  return period;
}

std::map<std::string, std::string> figures_of(const Situation& s) {
  std::map<std::string, std::string> out;
  add(out, "infected", s.infected.cell);
  add(out, "infected.controller-abroad", s.abroad);
  add(out, "infected.controller-at-home", s.home);
  add(out, "infected.controller-unknown", s.unknown);
  add(out, "sites-modified", s.sites.cell);
  add(out, "plants-exposed", s.plants.cell);
  for (const auto& line : s.types) add(out, "type." + line.id, line.cell);
  auto rows = [&](std::string_view prefix, const std::vector<Situation::Row>& from) {
    for (const auto& row : from) add(out, fmt::format("{}.{}", prefix, row.id), row.cell);
  };
  rows("country", s.countries);
  rows("controllers-in", s.controller_countries);
  rows("family", s.families);
  rows("controller", s.controllers);
  rows("network", s.networks);
  rows("exposed", s.exposed);
  rows("feed-events", s.feeds);
  return out;
}

std::vector<bool> hidden_cells(const std::vector<Count>& parts, Count k, std::vector<bool> hidden) {
  hidden.resize(parts.size());
  Count sum = 0;
  std::size_t count = 0;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    hidden[i] = hidden[i] || (parts[i] > 0 && parts[i] < k);
    if (hidden[i]) sum += parts[i], ++count;
  }
  if (count == 0) return hidden;
  std::vector<std::size_t> order(parts.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::sort(order, [&](std::size_t a, std::size_t b) { return parts[a] < parts[b]; });
  for (std::size_t i : order) {
    if (count > 1 && sum >= k) break;
    if (hidden[i] || parts[i] == 0) continue;
    hidden[i] = true;
    sum += parts[i];
    ++count;
  }
  return hidden;
}

void hide_small(Situation& s) {
  Count k = s.k;
  const Cell& told = s.abroad.now.value_or(0) > 0 ? s.abroad : s.infected.cell;
  bool compared = told.change_percent.has_value();
  // Nobody is named: neither an address nor a network that may be one organisation.
  s.controllers.clear();
  std::erase_if(s.networks,
                [](const auto& row) { return row.cell.now.value_or(0) < network_least; });
  for (Cell* cell : {&s.infected.cell, &s.sites.cell, &s.plants.cell}) hide_if_small(*cell, k);
  struct Part {
    Cell& cell;
  };
  std::vector<Part> steering = {{s.abroad}, {s.home}, {s.unknown}};
  hide_parts(steering, k);
  // Parts of a whole that the page shows, ...
  for (auto* rows : {&s.controller_countries, &s.families, &s.exposed}) hide_parts(*rows, k);
  // ... and figures that stand alone.
  for (auto& line : s.types) hide_if_small(line.cell, k);
  for (auto* rows : {&s.countries, &s.networks}) {
    for (auto& row : *rows) {
      hide_if_small(row.cell, k);
      if (row.cell.hidden) row.rate.reset();
    }
  }
  // A kind that has a line of its own must not be told by it.
  auto same = [&](Situation::Line& line, std::string_view type) {
    for (const auto& other : s.types) {
      if (other.id == type && other.cell.hidden) hide(line.cell);
    }
  };
  same(s.infected, "infected-system");
  same(s.sites, "unauthorised-information-modification");
  if (s.infected.cell.hidden) {
    hide(s.abroad), hide(s.home), hide(s.unknown);
    s.sentence = fmt::format("Fewer than {} distinct addresses were reported as infected.", k);
  } else if (told.hidden || (compared && !told.change_percent)) {
    s.sentence.clear();  // the page says it again from what is left
  }
  for (auto* line : {&s.infected, &s.sites, &s.plants}) hide_series(*line, k);
  for (auto& line : s.types) hide_series(line, k);
  s.feeds.clear();
}

std::vector<SituationChange> changes_between(const std::map<std::string, std::string>& before,
                                             const std::map<std::string, std::string>& now) {
  std::vector<SituationChange> changes;
  auto value = [](const auto& map, const std::string& key) {
    auto at = map.find(key);
    return at == map.end() ? std::string() : at->second;
  };
  for (const auto& [figure, was] : before) {
    if (std::string is = value(now, figure); is != was) changes.push_back({figure, was, is});
  }
  for (const auto& [figure, is] : now) {
    if (!before.contains(figure)) changes.push_back({figure, "", is});
  }
  return changes;
}

}  // namespace tocsin::api
