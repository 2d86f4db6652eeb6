// Feeds, reports and the quarantine.
#include "api/answers.h"
#include "api/handlers.h"
#include "base/text.h"

namespace tocsin::api {
namespace {

constexpr std::size_t ids_max = 10'000;

Result<ListAsk> list_ask(const Call& call) {
  return ListAsk{.feed = call.params.text("feed"),
                 .state = call.params.text("state"),
                 .reason = call.params.text("reason"),
                 .cursor = call.params.text("cursor"),
                 .limit = TRY(limit_of(call))};
}

// A page of rows that are all at hand, sorted by name; the cursor is the last name of the page
// before.
template <class Row>
Answer page_by_name(const Call& call, std::vector<Row> rows) {
  std::size_t limit = TRY(limit_of(call));
  Count total = rows.size();
  const std::string& after = call.params.text("cursor");
  std::erase_if(rows, [&](const Row& row) { return row.name <= after; });
  std::string next;
  if (rows.size() > limit) {
    rows.resize(limit);
    next = rows.back().name;
  }
  return http::json(list_of(objects_of(rows), next, total).text());
}

// Tells the browsers how a feed stands now.
Answer feed_now(Context& context, const std::string& name) {
  auto row = TRY(context.backend.feed(name));
  std::string json = object_of(row).text();
  context.live.feed(name, json);
  return http::json(json);
}

Result<QuarantinePick> pick_of(const Call& call) {
  auto body = TRY(JsonBody::read(call.request, "feed|reason|ids"));
  QuarantinePick pick{.feed = TRY(body.text("feed")),
                      .reason = TRY(body.text("reason")),
                      .ids = TRY(body.texts("ids", ids_max))};
  if (pick.feed.empty() && pick.ids.empty()) {
    return invalid("name a feed, or the ids of quarantined records");
  }
  return pick;
}

}  // namespace

Answer list_feeds(Context& context, const Call& call) {
  return page_by_name(call, TRY(context.backend.feeds()));
}

Answer show_feed(Context& context, const Call& call) {
  return http::json(object_of(TRY(context.backend.feed(call.path.at("name")))).text());
}

Answer enable_feed(Context& context, const Call& call) {
  auto body = TRY(JsonBody::read(call.request, "accept_terms|username"));
  FeedTick tick{.accept_terms = TRY(body.flag("accept_terms")),
                .username = TRY(body.text("username")),
                .user = call.caller.user};
  TRY(context.backend.enable_feed(call.path.at("name"), tick));
  return feed_now(context, call.path.at("name"));
}

Answer disable_feed(Context& context, const Call& call) {
  TRY(context.backend.disable_feed(call.path.at("name"), call.caller.user));
  return feed_now(context, call.path.at("name"));
}

Answer run_feed(Context& context, const Call& call) {
  TRY(context.backend.run_feed(call.path.at("name")));
  return feed_now(context, call.path.at("name"));
}

Answer list_catalogue(Context& context, const Call& call) {
  return page_by_name(call, TRY(context.backend.catalogue()));
}

Answer take_report(Context& context, const Call& call) {
  const Params& params = call.params;
  if (params.has("tlp") && !tlp_named(params.text("tlp"))) {
    return invalid("no TLP label " + text::quote(params.text("tlp")) +
                   "; there are clear, green, amber, amber+strict, red");
  }
  if (call.request.body.empty() &&
      (call.request.body_path.empty() || call.request.body_size == 0)) {
    return invalid("the report is empty");
  }
  std::string format = TRY(format_of(call, params.text("format")));
  auto row = TRY(context.backend.take_report({.feed = params.text("feed"),
                                              .format = std::move(format),
                                              .name = params.text("name"),
                                              .tlp = params.text("tlp"),
                                              .exercise = params.text("exercise") == "yes",
                                              .history = params.text("history") == "yes",
                                              .visible = params.text("visible") != "no",
                                              .bytes = call.request.body,
                                              .path = call.request.body_path,
                                              .again = params.text("again") == "yes"}));
  context.live.report(row.id, object_of(row).text());
  Object object;
  object.add("report", row.id)
      .add("events", row.events)
      .add("duplicates", row.duplicates)
      .add("rejected", row.rejected)
      .add("seq", row.seq)
      .add("state", row.state)
      .add("error", row.error)
      .add("format", row.format)
      .add("type", row.type);
  if (row.format_guessed) object.add("format_guessed", true);
  if (row.type_guessed) object.add("type_guessed", true);
  if (row.feed_new) object.add("feed_new", true);
  return answered(call, std::move(object));
}

Answer list_reports(Context& context, const Call& call) {
  ListAsk ask = TRY(list_ask(call));
  auto page = TRY(context.backend.reports(ask));
  return answered(call, list_of(objects_of(page.items), page.next, page.total));
}

Answer show_report(Context& context, const Call& call) {
  const std::string& id = call.path.at("id");
  auto row = TRY(context.backend.report(id));
  Object object = object_of(row);
  if (row.state == "withdrawn") {
    auto withdrawal = TRY(context.backend.withdrawal(id));
    if (withdrawal) object.add("withdrawal", object_of(*withdrawal));
  }
  return http::json(object.text());
}

Answer list_quarantine(Context& context, const Call& call) {
  ListAsk ask = TRY(list_ask(call));
  auto page = TRY(context.backend.quarantine(ask));
  std::map<std::string, std::string> markings;  // of the feeds; what came without one is unmarked
  for (const QuarantineRow& row : page.items) {
    auto [at, is_new] = markings.try_emplace(row.feed);
    if (is_new) {
      auto feed = context.backend.feed(row.feed);
      if (feed) at->second = feed->tlp;
    }
    call.show(at->second);
  }
  return answered(call, list_of(objects_of(page.items), page.next, page.total));
}

Answer list_quarantine_groups(Context& context, const Call& call) {
  auto groups = TRY(context.backend.quarantine_groups());
  return answered(call, list_of(objects_of(groups), "", groups.size()));
}

Answer replay_quarantine(Context& context, const Call& call) {
  QuarantinePick pick = TRY(pick_of(call));
  auto outcome = TRY(context.backend.replay(pick));
  return answered(call, Object().add("events", outcome.events).add("rejected", outcome.rejected));
}

Answer drop_quarantine(Context& context, const Call& call) {
  QuarantinePick pick = TRY(pick_of(call));
  auto dropped = TRY(context.backend.drop(pick));
  return answered(call, Object().add("dropped", dropped));
}

}  // namespace tocsin::api
