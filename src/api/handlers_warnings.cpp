// Series over time, and warnings.
#include "api/answers.h"
#include "api/handlers.h"
#include "base/text.h"
#include "model/country.h"
#include "model/family.h"

namespace tocsin::api {
namespace {

constexpr std::uint64_t rows_max = 1000, expected_rows_max = 20;

Result<SeriesAsk> series_ask(const Call& call) {
  const Params& params = call.params;
  SeriesAsk ask{.what = params.text("what"), .where = params.text("where")};
  if (params.has("resolution")) ask.step = params.text("resolution");
  ask.type = params.text("type");
  ask.klass = params.text("class");
  if (params.has("family")) ask.family = canonical_family(params.text("family"));
  std::string_view port = params.text("port");
  ask.port = text::cut(port, '/');
  ask.transport = port;
  if (auto country = Country::parse(params.text("country"))) ask.country = country->text();
  if (params.has("asn")) {
    std::uint64_t asn = params.number("asn", 0);
    if (asn == 0 || asn > UINT32_MAX) return invalid("parameter 'asn' is no AS number");
    ask.asn = static_cast<std::uint32_t>(asn);
  }
  ask.sector = text::lower(params.text("sector"));
  ask.constituent = params.text("constituent");
  ask.feed = params.text("feed");
  ask.span = {.since = params.time("since"), .until = params.time("until")};
  ask.expected = params.text("expected") == "yes";
  ask.top = static_cast<std::size_t>(params.number("top", 20));
  std::uint64_t most = ask.expected ? expected_rows_max : rows_max;
  if (ask.top == 0 || ask.top > most)
    return invalid("parameter 'top' is from 1 to " + std::to_string(most));
  return ask;
}

Object object_of(const Range& range) {
  return Object().add("low", range.low).add("high", range.high);
}

Object object_of(const SeriesTick& tick) {
  Object out;
  out.add("start", times::format(tick.start)).add("events", tick.events);
  out.add("subjects", tick.subjects).flag("partial", tick.partial).add("expected", tick.expected);
  if (tick.total) out.add("total", object_of(*tick.total));
  if (tick.interval) out.add("interval", object_of(*tick.interval));
  return out;
}

std::string json_of(const SeriesRow& row) {
  std::vector<Object> ticks;
  for (const SeriesTick& tick : row.ticks) ticks.push_back(object_of(tick));
  Object out;
  out.raw("key", row.key).add("events", row.events).raw("feeds", to_json(row.feeds));
  if (row.watermark != time_none) out.add("watermark", times::format(row.watermark));
  return out.raw("ticks", to_json(ticks)).text();
}

}  // namespace

Answer list_warnings(Context& context, const Call& call) {
  WarningsAsk ask{.closed = call.params.text("state") == "all"};
  std::uint64_t limit = call.params.number("limit", 50);
  if (limit == 0 || limit > limit_max) return invalid("parameter 'limit' is from 1 to 1000");
  ask.limit = static_cast<std::size_t>(limit);
  auto rows = TRY(context.backend.warnings(ask));
  std::string items;
  for (const std::string& row : rows) items += (items.empty() ? "" : ",") + row;
  return answered(call, Object().raw("items", "[" + items + "]"));
}

Answer show_warning(Context& context, const Call& call) {
  WarningsAsk ask{.id = call.path.at("id"), .closed = true};
  auto rows = TRY(context.backend.warnings(ask));
  return http::json(rows.at(0));
}

Answer list_series(Context& context, const Call& call) {
  SeriesAsk ask = TRY(series_ask(call));
  auto answer = TRY(context.backend.series(ask));
  std::string rows;
  for (const SeriesRow& row : answer.rows) rows += (rows.empty() ? "" : ",") + json_of(row);
  Object out;
  out.add("what", answer.what).add("where", answer.where).add("resolution", answer.step);
  out.add("since", times::format(answer.span.since)).add("until", times::format(answer.span.until));
  out.add("groups", answer.groups).raw("rows", "[" + rows + "]");
  std::vector<Object> notes;
  for (const Note& note : answer.notes)
    notes.push_back(Object().add("kind", note.kind).add("feed", note.feed).add("text", note.text));
  out.add("notes", notes);
  return answered(call, std::move(out));
}

}  // namespace tocsin::api
