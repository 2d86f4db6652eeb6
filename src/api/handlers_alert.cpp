// Constituents and alerts.
#include <fmt/format.h>

#include <algorithm>

#include "api/answers.h"
#include "api/handlers.h"
#include "base/mapped_file.h"
#include "base/text.h"
#include "model/normal.h"

namespace tocsin::api {
namespace {

constexpr std::size_t ids_max = 10'000;

Result<std::uint64_t> constituent_in(const Call& call) {
  std::uint64_t id = alert::constituent_id_of(call.path.at("id"));
  if (id == 0) return missing("no constituent " + text::quote(call.path.at("id")));
  return id;
}

// The whole body, wherever the server put it. Errors: invalid (empty), unavailable.
Result<std::string> body_of(const http::Request& request) {
  std::string bytes = request.body;
  if (!request.body_path.empty()) {
    auto file = TRY(MappedFile::open(request.body_path));
    bytes = file.bytes();
  }
  if (bytes.empty()) return invalid("the file is empty");
  return bytes;
}

std::uint64_t alert_id_of(std::string_view text) {
  return text.starts_with("a_") ? text::number(text.substr(2)).value_or(0) : 0;
}

Object object_of(const alert::AlertRow& row, const alert::Directory& directory) {
  auto at = std::ranges::lower_bound(directory.all(), row.constituent, {}, &alert::Constituent::id);
  bool there = at != directory.all().end() && at->id == row.constituent;
  Object out;
  out.add("id", "a_" + std::to_string(row.id))
      .add("channel", row.channel)
      .add("constituent", alert::constituent_id(row.constituent))
      .add("constituent_name", there ? at->name : std::string())
      .add("contact", row.contact)
      .add("day", times::format_day(row.day))
      .add("error", row.error)
      .add("findings", row.items)
      .add("made", times::format(row.made))
      .add("message_id", row.message_id)
      .add("state", name(row.state))
      .add("tries", row.tries)
      .flag("at_once", row.at_once);
  if (row.done != 0) out.add("done", times::format(row.done));
  if (row.state == alert::AlertState::queued) out.add("next", times::format(row.next));
  return out;
}

Object object_of(const alert::AlertsState& state) {
  Object out;
  out.raw("on", state.on ? "true" : "false")
      .add("on_by", state.on ? state.on_by : std::string())
      .add("dry_run_by", state.dry_run_by)
      .add("unready", state.unready)
      .add("next_digest", times::format(state.next_digest))
      .add("waiting", state.waiting)
      .raw("languages", to_json(state.languages))
      .add("letters", state.letters)
      .add("without_letters", state.without_letters)
      .raw("simulated", state.simulated ? "true" : "false");
  if (state.on && state.on_since != time_none) out.add("on_since", times::format(state.on_since));
  if (state.dry_run_at != time_none) out.add("dry_run_at", times::format(state.dry_run_at));
  for (std::size_t i = 0; i < alert::alert_states_count; ++i)
    out.add(name(static_cast<alert::AlertState>(i)), state.states[i]);
  return out;
}

Object object_of(const alert::Preview& preview) {
  return Object()
      .add("constituent_name", preview.constituent)
      .add("contact", preview.contact)
      .add("channel", preview.channel)
      .add("subject", preview.subject)
      .add("text", preview.text)
      .add("csv", preview.csv)
      .add("xarf", preview.xarf)
      .add("raw", preview.bytes)
      .add("findings", preview.findings)
      .add("withheld", preview.withheld);
}

Object object_of(const alert::ImportPlan& plan) {
  std::vector<Object> changes, errors;
  for (const auto& change : plan.changes) {
    changes.push_back(
        Object().add("name", change.name).add("what", change.what).add("detail", change.detail));
  }
  for (const auto& error : plan.errors)
    errors.push_back(Object().add("line", error.line).add("text", error.what));
  return Object()
      .add("read", plan.read)
      .add("added", plan.added)
      .add("changed", plan.changed)
      .add("unchanged", plan.unchanged)
      .add("removed", plan.removed)
      .raw("changes", to_json(changes))
      .raw("errors", to_json(errors))
      .add("disputed", plan.disputed)
      .add("without_letters", plan.without_letters)
      .raw("done", plan.done ? "true" : "false");
}

Object object_of(const alert::DryRun& run) {
  std::vector<Object> messages;
  for (const auto& message : run.messages) {
    messages.push_back(Object()
                           .add("constituent", alert::constituent_id(message.constituent))
                           .add("constituent_name", message.name)
                           .add("contact", message.contact)
                           .add("channel", message.channel)
                           .add("subject", message.subject)
                           .add("findings", message.findings)
                           .flag("at_once", message.at_once));
  }
  return Object()
      .raw("items", to_json(messages))
      .add("total", run.count)
      .add("constituents", run.constituents)
      .add("findings", run.findings)
      .add("not_told", run.not_told)
      .add("problems", run.problems);
}

Object object_of(const alert::Explained& e, const alert::Directory& directory) {
  std::vector<Object> items, alerts;
  for (const auto& item : e.items) {
    items.push_back(Object()
                        .add("at", times::format(item.at))
                        .add("why", name(item.why))
                        .add("severity", name(item.severity))
                        .raw("waits", item.bundle == 0 ? "true" : "false"));
  }
  for (const auto& row : e.alerts) alerts.push_back(object_of(row, directory));
  Object out;
  out.raw("told", e.judgement.verdict == alert::Verdict::tell ? "true" : "false")
      .add("verdict", name(e.judgement.verdict))
      .add("sentence", e.sentence)
      .add("next", e.next)
      .add("preview", e.preview)
      .add("facts", e.facts)
      .add("withheld_facts", e.withheld_facts)
      .raw("items", to_json(items))
      .raw("alerts", to_json(alerts));
  if (e.constituent_id == 0) return out;
  return out.add("constituent", alert::constituent_id(e.constituent_id))
      .add("constituent_name", e.constituent)
      .add("asset", e.asset)
      .add("asset_kind", name(e.judgement.decision.kind))
      .add("relation", policy::name(e.judgement.relation))
      .add("contacts", e.contacts);
}

// An address, AS number or host name: whose it is. nullopt: it is none of them.
std::optional<alert::Decision> whose(const alert::Directory& directory, std::string_view q) {
  if (auto ip = ip::parse(q)) return directory.decide({.ip = *ip});
  if (q.size() > 2 && text::equal_fold(q.substr(0, 2), "as")) {
    auto asn = text::number(q.substr(2));
    if (asn && *asn <= UINT32_MAX)
      return directory.decide({.asn = static_cast<std::uint32_t>(*asn)});
  }
  if (!q.contains('.') || q.contains('@')) return std::nullopt;
  auto host = normal::name(q);
  return host ? std::optional(directory.decide({.name = *host})) : std::nullopt;
}

bool is_like(const alert::Constituent& c, std::string_view q) {
  if (q.empty()) return true;
  auto holds = [&](std::string_view text) { return text::lower(text).contains(q); };
  return holds(c.name) || holds(c.sector) || std::ranges::any_of(c.contacts, holds);
}

}  // namespace

Answer list_constituents(Context& context, const Call& call) {
  auto directory = context.backend.constituents();
  std::string q = text::lower(text::trim(call.params.text("q")));
  std::vector<const alert::Constituent*> found;
  auto decision = whose(*directory, q);
  if (decision && directory->of(*decision) != nullptr) {
    found.push_back(directory->of(*decision));
  } else {
    for (const auto& c : directory->all()) {
      if (is_like(c, q)) found.push_back(&c);
    }
    std::ranges::sort(found, {}, [](const auto* c) { return text::lower(c->name); });
  }
  std::size_t limit = TRY(limit_of(call));
  std::size_t from = text::number(call.params.text("cursor")).value_or(0);
  std::string items = "[";
  for (std::size_t i = from; i < std::min(found.size(), from + limit); ++i) {
    if (items.size() > 1) items += ',';
    items += to_json(*found[i]);
  }
  std::string next = from + limit < found.size() ? std::to_string(from + limit) : std::string();
  return answered(call,
                  Object().raw("items", items + "]").add("next", next).add("total", found.size()));
}

Answer show_constituent(Context& context, const Call& call) {
  std::uint64_t id = TRY(constituent_in(call));
  auto directory = context.backend.constituents();
  auto at = std::ranges::find(directory->all(), id, &alert::Constituent::id);
  if (at == directory->all().end())
    return missing("no constituent " + text::quote(call.path.at("id")));
  return http::json(to_json(*at));
}

Answer remove_constituent(Context& context, const Call& call) {
  std::uint64_t id = TRY(constituent_in(call));
  TRY(context.backend.remove_constituent(id));
  return http::Response{.status = 204};
}

Answer import_constituents(Context& context, const Call& call) {
  std::string bytes = TRY(body_of(call.request));
  auto plan = TRY(context.backend.import_constituents(
      bytes, {.dry = call.params.text("dry") == "yes",
              .replace = call.params.text("replace") == "yes",
              .skip_wrong = call.params.text("skip_wrong") == "yes"}));
  return answered(call, object_of(plan));
}

Answer export_constituents(Context& context, const Call& call) {
  auto directory = context.backend.constituents();
  bool as_json = call.params.text("format") == "json";
  http::Response response;
  response.headers = {
      {"Content-Type", as_json ? "application/json" : "text/csv; charset=utf-8"},
      {"Content-Disposition",
       fmt::format("attachment; filename=\"constituents.{}\"", as_json ? "json" : "csv")}};
  response.body = as_json ? alert::constituents_json(directory->all())
                          : alert::constituents_csv(directory->all());
  return response;
}

Answer list_alerts(Context& context, const Call& call) {
  alert::Outbox::Ask ask{.limit = TRY(limit_of(call))};
  ask.state = alert::alert_state_named(call.params.text("state"));
  if (call.params.has("constituent")) {
    ask.constituent = alert::constituent_id_of(call.params.text("constituent"));
    if (ask.constituent == 0)
      return invalid("no constituent " + text::quote(call.params.text("constituent")));
  }
  ask.before = alert_id_of(call.params.text("cursor"));
  std::size_t limit = ask.limit++;
  auto rows = TRY(context.backend.alerts(ask));
  bool more = rows.size() > limit;
  if (more) rows.resize(limit);
  auto directory = context.backend.constituents();
  std::vector<Object> items;
  for (const auto& row : rows) items.push_back(object_of(row, *directory));
  return answered(call,
                  list_of(items, more ? "a_" + std::to_string(rows.back().id) : std::string()));
}

Answer show_alerts_state(Context& context, const Call&) {
  return http::json(object_of(TRY(context.backend.alerts_state())).text());
}

Answer preview_alert(Context& context, const Call& call) {
  std::uint64_t id = alert_id_of(call.path.at("id"));
  if (id == 0) return missing("no alert " + text::quote(call.path.at("id")));
  auto preview = TRY(context.backend.preview_alert(id));
  call.show(preview.tlp);
  return http::json(object_of(preview).text());
}

Answer preview_constituent(Context& context, const Call& call) {
  std::uint64_t id = TRY(constituent_in(call));
  auto preview = TRY(context.backend.preview_constituent(id));
  call.show(preview.tlp);
  return http::json(object_of(preview).text());
}

Answer explain_alert(Context& context, const Call& call) {
  Hash128 key = finding_key_of(call.path.at("id"));
  if (key == Hash128{}) return missing("no finding " + text::quote(call.path.at("id")));
  auto explained = TRY(context.backend.explain_alert(key));
  call.show(explained.tlp);
  return http::json(object_of(explained, *context.backend.constituents()).text());
}

Answer show_morning(Context& context, const Call& call) {
  return answered(call, Object().raw("lines", to_json(context.backend.morning())));
}

Answer dry_run_alerts(Context& context, const Call& call) {
  return answered(call, object_of(TRY(context.backend.dry_run_alerts(call.caller.user))));
}

Answer switch_alerts(Context& context, const Call& call) {
  auto body = TRY(JsonBody::read(call.request, "on"));
  bool on = TRY(body.flag("on"));
  TRY(context.backend.switch_alerts(on, call.caller.user));
  return show_alerts_state(context, call);
}

Answer run_alerts(Context& context, const Call& call) {
  auto outcome = TRY(context.backend.run_alerts(call.params.text("all") == "yes"));
  return answered(call, Object()
                            .add("made", outcome.made)
                            .add("sent", outcome.sent)
                            .add("later", outcome.later)
                            .add("dead", outcome.dead)
                            .add("withheld", outcome.withheld)
                            .add("problem", outcome.problem));
}

Answer replay_alerts(Context& context, const Call& call) {
  auto body = TRY(JsonBody::read(call.request, "all|ids"));
  std::vector<std::uint64_t> ids;
  for (const std::string& text : TRY(body.texts("ids", ids_max))) {
    ids.push_back(alert_id_of(text));
    if (ids.back() == 0) return invalid("no alert " + text::quote(text));
  }
  if (ids.empty() && !TRY(body.flag("all"))) return invalid("name ids, or say all");
  return answered(call, Object().add("queued", TRY(context.backend.replay_alerts(ids))));
}

Answer bounce_alert(Context& context, const Call& call) {
  std::string bytes = TRY(body_of(call.request));
  auto rows = TRY(context.backend.bounce_alert(bytes));
  auto directory = context.backend.constituents();
  std::vector<Object> items;
  for (const auto& row : rows) items.push_back(object_of(row, *directory));
  return answered(call, list_of(items));
}

}  // namespace tocsin::api
