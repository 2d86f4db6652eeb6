// Statistics of a node, for the API: cuts with their comparison, and what must be said beside a
// figure.
#include <fmt/format.h>

#include <algorithm>

#include "api/backend_node.h"
#include "api/object.h"
#include "api/stats_words.h"
#include "base/text.h"
#include "store/counts.h"
#include "store/recount.h"

namespace tocsin::api {
namespace {

using store::StatsQuery;

std::string definition(const StatsQuery& query, const StatsAsk& ask, bool from_events) {
  std::string what =
      "distinct addresses (IPv6 by /64; for sites distinct host names), of events without exact "
      "duplicates";
  if (!ask.left_out.empty()) what += " and without findings that are now " + ask.left_out;
  const std::string& zone = ask.zone;
  return fmt::format("{}, from {} until before {}, {} days{}", what,
                     times::format_day(query.period.since), times::format_day(query.period.until),
                     zone.empty() ? "UTC" : zone, from_events ? ", counted from the events" : "");
}

std::optional<Pair> pair_of(const std::optional<store::Figure>& figure) {
  if (!figure) return std::nullopt;
  return Pair{figure->distinct ? figure->distinct->total() : 0, figure->events};
}

std::optional<Steering> steering_of(const std::optional<store::Reach>& reach) {
  if (!reach) return std::nullopt;
  return Steering{reach->abroad, reach->home, reach->unknown};
}

std::vector<StatsBucket> series_of(const std::vector<store::StatsBucket>& buckets) {
  std::vector<StatsBucket> series;
  for (const auto& bucket : buckets)
    series.push_back({bucket.period.since, *pair_of(bucket.now), pair_of(bucket.before)});
  return series;
}

std::vector<std::string> names_of(const std::vector<WordId>& ids, const Dictionary& words) {
  std::vector<std::string> names;
  for (WordId id : ids) names.emplace_back(words.word(id));
  std::ranges::sort(names);
  return names;
}

}  // namespace

Result<StatsQuery> stats_query(const StatsAsk& ask, const Dictionary& words, TimeUs now) {
  StatsQuery query;
  auto cut = store::cut_named(ask.cut);
  if (!cut) {
    std::string known;
    for (std::size_t i = 0; i < store::cuts_count; ++i)
      known += fmt::format("{}{}", i > 0 ? ", " : "", name(static_cast<store::Cut>(i)));
    return invalid(fmt::format("no cut {}; there is {}", text::quote(ask.cut), known));
  }
  query.cut = *cut;
  if (!ask.country.empty()) {
    auto country = Country::parse(ask.country);
    if (!country) return invalid("not a country code: " + text::quote(ask.country));
    query.filter.country = *country;
  }
  if (!ask.type.empty()) {
    query.filter.type = type_named(ask.type);
    if (!query.filter.type) return invalid("not an event type: " + text::quote(ask.type));
  }
  if (!ask.klass.empty()) {
    query.filter.klass = class_named(ask.klass);
    if (!query.filter.klass) return invalid("not an event class: " + text::quote(ask.klass));
  }
  if (!ask.family.empty()) {
    // A family nobody has reported has no id; no event has the last one.
    query.filter.family = words.find(text::lower(ask.family)).value_or(UINT32_MAX);
  }
  query.filter.asn = ask.asn.value_or(0);
  Day today = times::day_of(now);
  query.period.since = ask.span.since == time_none
                           ? times::day_from({times::civil(today).year, 1, 1})
                           : times::day_of(ask.span.since);
  query.period.until =
      ask.span.until == time_none ? today + 1 : times::day_of(ask.span.until + us_per_day - 1);
  query.compare = static_cast<store::Against>(ask.compare);
  query.per = static_cast<store::Per>(ask.per);
  query.order = static_cast<store::Order>(ask.order);
  constexpr std::size_t rows_max = 10'000;
  query.top = ask.top == 0 ? rows_max : ask.top;
  query.series_rows = ask.series_rows;
  return query;
}

Result<StatsAnswer> NodeBackend::stats(const StatsAsk& ask, const Patience&) {
  StatsQuery query = TRY(stats_query(ask, node_.words(), node_.now()));
  Zone zone = TRY(Zone::named(ask.zone.empty() ? "UTC" : ask.zone));
  std::optional<store::Findings::Chosen> chosen;
  if (!ask.of_findings.empty()) chosen = node_.findings().choose(ask.of_findings);
  bool from_events = !ask.zone.empty() || chosen || !store::Counts::keeps(query);
  auto counted = TRY(
      from_events ? store::recount(node_.columns(), {.query = query,
                                                     .zone = zone,
                                                     .folder = node_.scratch(),
                                                     .of_findings = chosen ? &*chosen : nullptr})
                  : node_.counts().query(query));
  const Dictionary& words = node_.words();
  StatsAnswer answer{.definition = definition(query, ask, from_events),
                     .cut = std::string(name(query.cut)),
                     .from_events = from_events};
  Day kept = node_.first_kept(node_.config().events_months);
  if (from_events && counted.before.value_or(query.period).since < kept) {
    answer.notes.push_back(
        {.kind = "retention",
         .text = fmt::format("events that arrived before {} are dropped by retention",
                             times::format_day(kept))});
  }
  auto tell_days = [&](const std::vector<Day>& days, std::string_view what) {
    if (days.empty()) return;
    auto [first, last] = std::ranges::minmax(days);
    answer.notes.push_back(
        {.kind = "damaged",
         .text = fmt::format("{} between {} and {} {}", text::count(days.size(), "day", "days"),
                             times::format_day(first), times::format_day(last), what)});
  };
  tell_days(counted.damaged,
            "missing: their count files were damaged, and they are being "
            "counted anew from the events; ask again soon");
  tell_days(counted.lost,
            "not whole: their count files were damaged, and events of them had "
            "been dropped by retention");
  std::string begins = TRY(node_.journal().value("begins.counts"));
  if (auto day = times::parse_day(begins);
      !from_events && day && counted.before.value_or(query.period).since < *day) {
    answer.notes.push_back({.kind = "retention",
                            .text = "the counts were lost and made anew from the events; those "
                                    "that arrived before " +
                                    begins + " had been dropped"});
  }
  answer.span = {times::start_of(query.period.since), times::start_of(query.period.until)};
  if (counted.before)
    answer.before =
        Span{times::start_of(counted.before->since), times::start_of(counted.before->until)};
  answer.feeds = names_of(counted.feeds, words);
  answer.frozen = counted.frozen;
  for (const auto& row : counted.rows) {
    Object key;
    if (!row.key.country.empty()) key.add("country", row.key.country.text());
    if (row.key.type) key.add("type", name(*row.key.type));
    if (row.key.klass) key.add("class", name(*row.key.klass));
    if (row.key.family != 0) key.add("family", words.word(row.key.family));
    if (row.key.sector != 0) key.add("sector", words.word(row.key.sector));
    if (row.key.asn != 0) key.add("asn", row.key.asn).add("as_name", as_name(row.key.asn));
    bool by_controller =
        query.cut == store::Cut::controller || query.cut == store::Cut::country_type_controller;
    if (by_controller)
      key.add("controller", row.key.controller.empty() ? "unknown" : row.key.controller.text());
    StatsRow out{.key = key.text()};
    out.now = {row.now.distinct ? row.now.distinct->total() : 0, row.now.events};
    if (row.now.distinct) {
      out.addresses4 = row.now.distinct->addresses4;
      out.addresses6 = row.now.distinct->addresses6;
      out.names = row.now.distinct->names;
    }
    out.before = pair_of(row.before);
    out.change_percent = row.change_percent;
    out.same_feeds_points = row.same_feeds_points;
    out.feeds_changed_points = row.feeds_changed_points;
    out.distinct_daily_mean = row.daily_mean;
    out.series = series_of(row.series);
    out.feeds_new = names_of(row.feeds_new, words);
    out.feeds_gone = names_of(row.feeds_gone, words);
    out.controllers = steering_of(row.controllers);
    out.controllers_before = steering_of(row.controllers_before);
    for (const auto& feed : out.feeds_new) {
      bool told =
          std::ranges::any_of(answer.notes, [&](const Note& note) { return note.feed == feed; });
      if (!told)
        answer.notes.push_back(
            {.kind = "feed-new", .feed = feed, .text = feed + " has events in this period only"});
    }
    for (const auto& feed : out.feeds_gone) {
      bool told =
          std::ranges::any_of(answer.notes, [&](const Note& note) { return note.feed == feed; });
      if (!told)
        answer.notes.push_back({.kind = "feed-gone",
                                .feed = feed,
                                .text = feed + " has events in the period before only"});
    }
    answer.rows.push_back(std::move(out));
  }
  answer.series = series_of(counted.series);
  return answer;
}

Result<std::vector<CountryRow>> NodeBackend::countries() {
  std::vector<CountryRow> rows;
  for (const auto& [code, english] : country_names()) {
    CountryRow row{.code = std::string(code), .name = std::string(english)};
    if (auto announced = node_.enrichment().announced_v4(*Country::parse(code)); announced > 0)
      row.announced = announced;
    rows.push_back(std::move(row));
  }
  return rows;
}

}  // namespace tocsin::api
