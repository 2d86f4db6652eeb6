// The pause after a restore, and exercises.
#include "api/answers.h"
#include "api/handlers.h"
#include "api/params.h"
#include "base/text.h"

namespace tocsin::api {
namespace {

Object object_of(const NodeState& state) {
  Object object;
  object.add("exercises", state.exercises);
  if (!state.paused_why.empty()) {
    Object paused;
    paused.add("why", state.paused_why);
    if (state.paused_since != time_none) paused.add("since", times::format(state.paused_since));
    object.add("paused", paused);
  }
  return object;
}

Object object_of(const ExerciseRow& row) {
  Object object;
  object.add("feed", row.feed)
      .add("report", row.report)
      .add("name", row.name)
      .add("type", row.type)
      .add("events", row.events)
      .add("subjects", row.subjects);
  if (row.first != time_none) object.add("first", times::format(row.first));
  if (row.last != time_none) object.add("last", times::format(row.last));
  return object;
}

Object object_of(const SituationRow& row) {
  Object object;
  object.add("id", row.id)
      .add("period", row.period)
      .add("country", row.country)
      .add("constituent", row.constituent)
      .add("audience", row.audience)
      .add("sha256", row.sha256)
      .add("supersedes", row.supersedes)
      .add("changes", row.changes)
      .add("reasons", row.reasons)
      .flag("unchanged", row.unchanged);
  if (row.as_of != time_none) object.add("as_of", times::format(row.as_of));
  return object;
}

}  // namespace

Answer show_state(Context& context, const Call&) {
  return http::json(object_of(context.backend.state()).text());
}

Answer resume(Context& context, const Call&) {
  TRY(context.backend.resume());
  return http::json(object_of(context.backend.state()).text());
}

Answer issue_situation(Context& context, const Call& call) {
  auto body = TRY(JsonBody::read(call.request, "period|country|constituent|audience|k"));
  SituationAsk ask{.period = TRY(body.text("period")),
                   .country = TRY(body.text("country")),
                   .constituent = TRY(body.text("constituent")),
                   .audience = TRY(body.text("audience"))};
  if (!ask.audience.empty() && ask.audience != "public") {
    return invalid("no audience " + text::quote(ask.audience) + "; there is public, or none");
  }
  constexpr Count k_max = 1000;
  if (std::string k = TRY(body.text("k")); !k.empty()) {
    auto number = text::number(k);
    if (!number || *number < 2 || *number > k_max)
      return invalid("k must be a whole number from 2 to 1000: " + text::quote(k));
    ask.k = *number;
  }
  return http::json(object_of(TRY(context.backend.issue_situation(ask, call.patience()))).text());
}

Answer list_situations(Context& context, const Call&) {
  auto rows = TRY(context.backend.situations());
  std::vector<Object> items;
  for (const auto& row : rows) items.push_back(object_of(row));
  return http::json(list_of(items).text());
}

Answer show_situation(Context& context, const Call& call) {
  SituationPage page = TRY(context.backend.situation_html(call.path.at("id")));
  call.show(page.tlp);
  return http::Response{.headers = {{"Content-Type", "text/html; charset=utf-8"},
                                    {"Cache-Control", "private, no-cache"},
                                    {"Content-Security-Policy",
                                     "default-src 'none'; style-src 'unsafe-inline'; font-src "
                                     "data:; sandbox"}},
                        .body = std::move(page.html)};
}

Answer list_exercises(Context& context, const Call& call) {
  auto rows = TRY(context.backend.exercises(call.patience()));
  std::vector<Object> items;
  for (const auto& row : rows) items.push_back(object_of(row));
  return answered(call, list_of(items));
}

}  // namespace tocsin::api
