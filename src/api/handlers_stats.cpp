// Statistics and the overview.
#include "api/answers.h"
#include "api/handlers.h"
#include "base/text.h"
#include "model/country.h"
#include "model/family.h"

namespace tocsin::api {
namespace {

constexpr std::uint64_t top_max = 100'000, series_rows_max = 1000;

Result<Span> span_of(const Call& call) {
  Span span{.since = call.params.time("since"), .until = call.params.time("until")};
  if (span.since != time_none && span.until != time_none && span.since >= span.until) {
    return invalid("'since' must be before 'until'");
  }
  return span;
}

Result<StatsAsk> stats_ask(const Call& call) {
  const Params& params = call.params;
  StatsAsk ask{.cut = params.text("cut"), .span = TRY(span_of(call))};
  if (const std::string& type = params.text("type"); !type.empty()) {
    auto known = type_named(type);
    if (!known) return invalid("no type " + text::quote(type));
    ask.type = name(*known);
  }
  if (const std::string& klass = params.text("class"); !klass.empty()) {
    auto known = class_named(klass);
    if (!known) return invalid("no class " + text::quote(klass));
    ask.klass = name(*known);
  }
  if (auto country = Country::parse(params.text("country"))) ask.country = country->text();
  if (params.has("family")) ask.family = canonical_family(params.text("family"));
  if (params.has("asn")) {
    std::uint64_t asn = params.number("asn", 0);
    if (asn > UINT32_MAX) return invalid("parameter 'asn' is no AS number");
    ask.asn = static_cast<std::uint32_t>(asn);
  }
  ask.zone = params.text("tz");
  const std::string& compare = params.text("compare");
  ask.compare = compare == "year"       ? CompareWith::year
                : compare == "previous" ? CompareWith::previous
                                        : CompareWith::nothing;
  const std::string& per = params.text("per");
  ask.per = per == "month"  ? Per::month
            : per == "week" ? Per::week
            : per == "day"  ? Per::day
                            : Per::period;
  const std::string& order = params.text("order");
  ask.order = order == "events"   ? StatsOrder::events
              : order == "change" ? StatsOrder::change
                                  : StatsOrder::distinct;
  std::uint64_t top = params.number("top", 0);
  if (top > top_max) return invalid("parameter 'top' is at most 100000");
  ask.top = static_cast<std::size_t>(top);
  std::uint64_t series_rows = params.number("series_rows", 0);
  if (series_rows > series_rows_max) return invalid("parameter 'series_rows' is at most 1000");
  ask.series_rows = static_cast<std::size_t>(series_rows);
  ask.of_findings = TRY(filter_of(call, "", params.text("without")));
  ask.left_out = told_aside(params.text("without"));
  return ask;
}

}  // namespace

Answer show_stats(Context& context, const Call& call) {
  StatsAsk ask = TRY(stats_ask(call));
  auto answer = TRY(context.backend.stats(ask, call.patience()));
  return answered(call,
                  object_of(answer, ask.per).add("database_date", context.backend.info().geo_date));
}

Answer show_overview(Context& context, const Call& call) {
  OverviewAsk ask{.span = TRY(span_of(call)), .looked = call.params.time("looked")};
  if (call.params.has("period")) ask.period = call.params.text("period");
  if (auto country = Country::parse(call.params.text("country"))) ask.country = country->text();
  return answered(call, object_of(TRY(context.backend.overview(ask, call.patience()))));
}

Answer list_countries(Context& context, const Call&) {
  auto rows = TRY(context.backend.countries());
  return http::json(list_of(objects_of(rows), "", rows.size()).text());
}

}  // namespace tocsin::api
