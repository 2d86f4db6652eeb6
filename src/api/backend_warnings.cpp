// Series and warnings of a node, for the API.
#include <fmt/format.h>

#include <algorithm>

#include "alert/constituent.h"
#include "api/backend_node.h"
#include "api/object.h"
#include "base/text.h"
#include "node/outlook.h"
#include "warn/series_query.h"

namespace tocsin::api {
namespace {

// Nobody has it, so nothing is found: a word that was never seen.
constexpr std::uint32_t nothing = UINT32_MAX;

Result<std::uint32_t> service_of(const SeriesAsk& ask) {
  auto port = text::number(ask.port);
  if (!port || *port == 0 || *port > 65'535) return invalid("no port " + text::quote(ask.port));
  auto transport = ask.transport.empty() ? Transport::tcp : transport_named(ask.transport);
  if (!transport) return invalid("no transport " + text::quote(ask.transport));
  return std::uint32_t{static_cast<std::uint8_t>(*transport)} << 16 |
         static_cast<std::uint32_t>(*port);
}

// Which series are asked for, by what is said of them.
Result<void> choose(const SeriesAsk& ask, const Dictionary& words, warn::SeriesQuery& query) {
  auto word = [&](const std::string& text) { return words.find(text).value_or(nothing); };
  query.what = !ask.family.empty() ? warn::What::family
               : !ask.port.empty() ? warn::What::port
                                   : warn::What::type;
  if (!ask.what.empty()) query.what = *warn::what_named(ask.what);
  if (!ask.family.empty()) query.detail = word(ask.family);
  if (!ask.port.empty()) query.detail = TRY(service_of(ask));
  bool fits = (ask.family.empty() || query.what == warn::What::family) &&
              (ask.port.empty() || query.what == warn::What::port);
  if (!fits) return invalid("a series is by type, by family or by port: one of them");
  std::array<bool, 5> said = {false, !ask.country.empty(), ask.asn.has_value(), !ask.sector.empty(),
                              !ask.constituent.empty()};
  if (std::ranges::count(said, true) > 1)
    return invalid("a series is of a country, an AS, a sector or a constituent: one of them");
  auto at = std::ranges::find(said, true);
  query.where = at == said.end() ? warn::Where::all : static_cast<warn::Where>(at - said.begin());
  if (!ask.where.empty()) {
    auto where = *warn::where_named(ask.where);
    if (at != said.end() && where != query.where)
      return invalid("'where' is " + ask.where + ", and another place is named");
    query.where = where;
  }
  if (!ask.country.empty()) query.place = Country::parse(ask.country)->code;
  if (ask.asn) query.place = *ask.asn;
  if (!ask.sector.empty()) query.place = word(ask.sector);
  if (!ask.constituent.empty()) {
    auto id = alert::constituent_id_of(ask.constituent);
    if (id == 0 || id > UINT32_MAX)
      return invalid("no constituent " + text::quote(ask.constituent));
    query.place = static_cast<std::uint32_t>(id);
  }
  return {};
}

Object key_of(const warn::SeriesKey& key, const Dictionary& words) {
  Object out;
  out.add("type", name(key.type()));
  if (key.what() == warn::What::family) out.add("family", words.word(key.detail()));
  if (key.what() == warn::What::port)
    out.add("port", fmt::format("{}/{}", key.detail() & 0xffff,
                                name(static_cast<Transport>(key.detail() >> 16 & 15))));
  std::uint32_t place = key.place();
  if (key.where() == warn::Where::country)
    out.add("country", Country{static_cast<std::uint16_t>(place)}.text());
  if (key.where() == warn::Where::network) out.add("asn", place);
  if (key.where() == warn::Where::sector) out.add("sector", words.word(place));
  if (key.where() == warn::Where::constituent) out.add("constituent", alert::constituent_id(place));
  return out;
}

SeriesTick tick_of(const warn::SeriesTick& tick) {
  SeriesTick out{.start = tick.start,
                 .events = tick.events,
                 .subjects = tick.subjects,
                 .partial = tick.partial};
  if (tick.total) out.total = Range{tick.total->low, tick.total->high};
  if (!tick.expected) return out;
  out.expected = tick.expected->mean;
  auto range = warn::interval(0.95, *tick.expected);
  out.interval = Range{range.low, range.high};
  return out;
}

std::string warning_id(std::uint64_t id) {
  return fmt::format("w_{:016x}", id);
}

// What rises, by how much, in words.
std::string sentence(const node::Outlook::Row& row, const std::string& start) {
  const warn::Warning& w = row.warning;
  auto range = warn::interval(0.95, row.expected);
  std::string_view tick = row.step == warn::Step::quarter ? "quarter of an hour" : "day";
  std::string out =
      fmt::format("{}: {} since {}", w.keys.front(),
                  w.is_open() ? "more than is usual" : "was more than is usual", start);
  if (row.observed > 0)
    out += fmt::format(
        "; {:.0f} events in the last {}, where {:.1f} were to be expected ({:.0f} to "
        "{:.0f})",
        row.observed, tick, row.expected.mean, range.low, range.high);
  return out;
}

Object warning_object(const node::Outlook::Row& row, const Dictionary& words) {
  const warn::Warning& w = row.warning;
  auto time = [&](std::int64_t tick) {
    return tick == 0 ? std::string() : times::format(warn::start_of_tick(row.step, tick));
  };
  std::vector<Object> notices;
  for (const auto& notice : row.notices)
    notices.push_back(Object()
                          .add("kind", name(notice.kind))
                          .add("feed", words.word(notice.feed))
                          .add("text", warn::text_of(notice))
                          .add("since", times::format(notice.since)));
  Object out;
  out.add("id", warning_id(w.id)).add("keys", w.keys).add("state", name_of(w.life));
  out.add("severity", name_of(w.severity)).add("score", w.score);
  out.add("feed", words.word(row.feed)).add("resolution", name(row.step));
  out.add("opened", time(w.opened)).add("updated", time(w.updated)).add("peaked", time(w.peaked));
  out.add("closed", time(w.closed)).add("seen", time(w.seen));
  out.add("p", w.lowest_p).add("false_a_week", w.lowest_false_a_week);
  out.add("events", w.count).add("expected_events", w.expected);
  out.add("ratio", w.ratio).add("highest_ratio", w.highest_ratio);
  out.add("contributors", w.contributors).flag("doubtful", w.doubtful).add("notices", notices);
  if (w.merged_into != 0) out.add("merged_into", warning_id(w.merged_into));
  if (row.observed > 0) {
    auto range = warn::interval(0.95, row.expected);
    out.add("observed", row.observed).add("expected", row.expected.mean);
    out.add("interval", Object().add("low", range.low).add("high", range.high));
  }
  return out.add("text", sentence(row, time(w.opened)));
}

}  // namespace

Result<std::vector<std::string>> NodeBackend::warnings(const WarningsAsk& ask) {
  std::vector<std::string> out;
  for (const auto& row : node_.outlook().warnings()) {
    bool wanted =
        ask.id.empty() ? ask.closed || row.warning.is_open() : warning_id(row.warning.id) == ask.id;
    if (wanted && out.size() < ask.limit) out.push_back(warning_object(row, node_.words()).text());
  }
  if (!ask.id.empty() && out.empty()) return missing("no warning " + text::quote(ask.id));
  return out;
}

Result<SeriesAnswer> NodeBackend::series(const SeriesAsk& ask) {
  const Dictionary& words = node_.words();
  warn::SeriesQuery query{.top = ask.top, .expected = ask.expected};
  TRY(choose(ask, words, query));
  if (!ask.type.empty()) {
    query.type = type_named(ask.type);
    if (!query.type) return invalid("no type " + text::quote(ask.type));
  }
  if (!ask.klass.empty()) {
    query.klass = class_named(ask.klass);
    if (!query.klass) return invalid("no class " + text::quote(ask.klass));
  }
  if (!ask.feed.empty()) query.feed = words.find(ask.feed).value_or(nothing);
  query.step = *warn::step_named(ask.step);
  query.until = ask.span.until == time_none ? node_.now() : ask.span.until;
  query.since = ask.span.since == time_none ? query.until - 7 * us_per_day : ask.span.since;
  auto found = TRY(warn::ask(node_.series(), query, node_.now()));
  SeriesAnswer answer{.what = std::string(name(query.what)),
                      .where = std::string(name(query.where)),
                      .step = ask.step,
                      .span = {query.since, query.until},
                      .groups = found.groups};
  for (const auto& row : found.rows) {
    SeriesRow out{
        .key = key_of(row.key, words).text(), .events = row.events, .watermark = row.watermark};
    for (WordId feed : row.feeds) out.feeds.emplace_back(words.word(feed));
    for (const auto& tick : row.ticks) out.ticks.push_back(tick_of(tick));
    answer.rows.push_back(std::move(out));
  }
  for (Day day : found.refused)
    answer.notes.push_back({.kind = "keys",
                            .text = times::format_day(day) +
                                    " had more different keys than are counted; what came less "
                                    "than three times is missing"});
  return answer;
}

}  // namespace tocsin::api
