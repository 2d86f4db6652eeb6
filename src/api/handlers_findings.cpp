// Findings, events and the search box.
#include <fmt/format.h>
#include <simdjson.h>

#include <tuple>

#include "api/answers.h"
#include "api/handlers.h"
#include "base/text.h"

namespace tocsin::api {
namespace {

constexpr std::size_t lines_max = 500, offset_max = 1'000'000;

Result<Hash128> key_of(const Call& call) {
  const std::string& id = call.path.at("id");
  Hash128 key = finding_key_of(id);
  if (key == Hash128{}) return missing("no finding " + text::quote(id));
  return key;
}

// The markings of events in native JSON.
void show_all(const Call& call, const std::vector<std::string>& events) {
  simdjson::dom::parser parser;
  for (const std::string& event : events) {
    simdjson::dom::element root;
    std::string_view tlp;
    if (parser.parse(event).get(root) == simdjson::SUCCESS) std::ignore = root["tlp"].get(tlp);
    call.show(tlp);
  }
}

// A hit tells that there are findings; how many of them are above AMBER is counted for the audit.
Result<void> show_found(Context& context, const Call& call, store::Filter filter) {
  if (call.shown == nullptr || filter.all.empty()) return {};
  store::Filter marked = TRY(store::parse_filter("-tlp:clear,green,amber", call.now));
  filter.all.insert(filter.all.end(), marked.all.begin(), marked.all.end());
  call.shown->add(context.backend.count(filter));
  return {};
}

Object events_object(Context& context, const EventsPage& page) {
  return Object()
      .raw("items", fmt::format("[{}]", fmt::join(page.items, ",")))
      .add("next", page.next)
      .add("database_date", context.backend.info().geo_date);
}

}  // namespace

Result<std::string> format_of(const Call& call, std::string name) {
  bool is_path = name.contains('/') || name.ends_with(".toml");
  if (is_path && call.caller.by != Caller::By::socket) {
    return denied(
        "a mapping file is named in a feed's configuration or on the command line; "
        "'format' takes the name of a format");
  }
  return name;
}

Result<std::size_t> limit_of(const Call& call) {
  std::uint64_t limit = call.params.number("limit", limit_usual);
  if (limit < 1 || limit > limit_max) return invalid("parameter 'limit' must be from 1 to 1000");
  return static_cast<std::size_t>(limit);
}

http::Response answered(const Call& call, Object object) {
  auto took =
      std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - call.started);
  object.add("as_of", times::format(call.now / us_per_s * us_per_s))
      .add("took_ms", std::round(took.count() * 10) / 10);
  return http::json(object.text());
}

Result<FindingsAsk> findings_ask(const Call& call) {
  FindingsAsk ask{.filter = TRY(findings_filter(call))};
  const std::string& sort = call.params.text("sort");
  ask.sort = sort == "first"      ? FindingOrder::first
             : sort == "times"    ? FindingOrder::times
             : sort == "severity" ? FindingOrder::severity
             : sort == "subject"  ? FindingOrder::subject
                                  : FindingOrder::last;
  ask.ascending = call.params.text("order") == "asc";
  ask.limit = TRY(limit_of(call));
  ask.cursor = call.params.text("cursor");
  std::uint64_t offset = call.params.number("offset", 0);
  if (offset > offset_max) return invalid("parameter 'offset' is at most 1000000; use a cursor");
  if (offset > 0 && !ask.cursor.empty()) return invalid("either a cursor or an offset");
  ask.offset = static_cast<std::size_t>(offset);
  return ask;
}

Answer list_findings(Context& context, const Call& call) {
  FindingsAsk ask = TRY(findings_ask(call));
  auto page = TRY(context.backend.findings(ask, call.patience()));
  for (const FindingRow& row : page.items) call.show(row.finding.tlp);
  Object object = list_of(objects_of(page.items), page.next, page.total);
  object.add("database_date", context.backend.info().geo_date);
  if (call.params.has("offset")) object.add("offset", call.params.number("offset", 0));
  return answered(call, std::move(object));
}

Answer summarise_findings(Context& context, const Call& call) {
  auto filter = TRY(findings_filter(call));
  Object object = object_of(TRY(context.backend.summary(filter, call.patience())));
  if (call.params.has("without")) {
    object.add("definition", "findings that fit, without those that are " +
                                 told_aside(call.params.text("without")));
  }
  return answered(call, std::move(object));
}

Answer show_finding(Context& context, const Call& call) {
  Hash128 key = TRY(key_of(call));
  auto detail = TRY(context.backend.finding(key, call.patience()));
  call.show(detail.row.finding.tlp);
  auto opinions = TRY(opinions_on(context, call, key));
  return answered(call, object_of(detail).add("opinions", opinions));
}

Result<EventsAsk> events_ask(const Call& call) {
  EventsAsk ask{.filter = call.params.filter("q", call.now),
                .span = {.since = call.params.time("since"), .until = call.params.time("until")},
                .oldest_first = call.params.text("order") == "asc",
                .limit = TRY(limit_of(call)),
                .cursor = call.params.text("cursor"),
                .at_least = call.params.number("at_least", 0)};
  TRY(store::fits_events(ask.filter));
  if (ask.span.since != time_none && ask.span.until != time_none &&
      ask.span.since >= ask.span.until) {
    return invalid("'since' must be before 'until'");
  }
  return ask;
}

Answer list_finding_events(Context& context, const Call& call) {
  Hash128 key = TRY(key_of(call));
  EventsAsk ask = TRY(events_ask(call));
  auto page = TRY(context.backend.finding_events(key, ask, call.patience()));
  show_all(call, page.items);
  return answered(call, events_object(context, page));
}

Answer show_why(Context& context, const Call& call) {
  Hash128 key = TRY(key_of(call));
  auto why = TRY(context.backend.why(key, call.patience()));
  call.show(why.tlp);
  return answered(call, object_of(why));
}

Answer list_events(Context& context, const Call& call) {
  EventsAsk ask = TRY(events_ask(call));
  auto page = TRY(context.backend.events(ask, call.patience()));
  show_all(call, page.items);
  return answered(call, events_object(context, page));
}

Answer search(Context& context, const Call& call) {
  const std::string& asked = call.params.text("q");
  auto hits = TRY(context.backend.search(asked, call.patience()));
  auto filter = store::parse_filter(text::trim(asked), call.now);
  if (filter && !hits.empty()) TRY(show_found(context, call, *std::move(filter)));
  return answered(call, list_of(objects_of(hits)));
}

Answer search_lines(Context& context, const Call& call) {
  auto body = TRY(JsonBody::read(call.request, "lines"));
  auto lines = TRY(body.texts("lines", lines_max));
  auto hits = TRY(context.backend.search_lines(lines, call.patience()));
  Object object = list_of(objects_of(hits));
  store::Condition all{.field = store::FilterField::ip};
  for (const std::string& line : lines) {
    auto one = store::parse_filter(text::trim(line), call.now);
    if (!one || one->all.size() != 1 || one->all[0].field != all.field) continue;
    all.any.insert(all.any.end(), one->all[0].any.begin(), one->all[0].any.end());
  }
  if (!all.any.empty()) {
    std::string filter = store::format({.all = {all}});
    TRY(show_found(context, call, {.all = {all}}));
    object.add("href", "/findings?q=" + http::percent_encode(filter));
  }
  return answered(call, std::move(object));
}

}  // namespace tocsin::api
