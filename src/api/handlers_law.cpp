// The law: one subject shown, exported, erased; holds. Whom it is about stands in bodies as
// `subject`, which the audit leaves out, and never in paths: no log of calls names anybody.
#include <fmt/format.h>

#include "api/answers.h"
#include "api/handlers.h"
#include "base/text.h"

namespace tocsin::api {
namespace {

constexpr std::size_t value_max = 4096, export_bytes_max = 256 << 20;

std::string time_text(TimeUs time) {
  return time == time_none ? std::string() : times::format(time);
}

Result<std::string> value_of(const JsonBody& body) {
  std::string value = TRY(body.text("subject"));
  if (text::trim(value).empty())
    return invalid("name a subject: an address, a name, a URL or an account");
  if (value.size() > value_max) return invalid("a subject has at most 4,096 octets");
  return value;
}

Object object_of(const ErasureRow& row) {
  return Object()
      .add("id", row.id)
      .add("at", time_text(row.at))
      .add("by", row.by)
      .add("reason", row.reason)
      .add("state", row.state)
      .add("events", row.events)
      .add("days", row.days)
      .add("texts", row.texts)
      .add("raw", row.raw)
      .add("files", row.files)
      .add("copies", row.copies)
      .add("left", row.left);
}

Object object_of(const HoldRow& row) {
  return Object()
      .add("id", row.id)
      .add("kind", row.kind)
      .add("what", row.what)
      .add("reason", row.reason)
      .add("by", row.by)
      .add("at", time_text(row.at))
      .add("lifted", time_text(row.lifted))
      .add("lifted_by", row.lifted_by);
}

template <class Rows>
Object listed(const Rows& rows) {
  std::vector<Object> items;
  for (const auto& row : rows) items.push_back(object_of(row));
  return list_of(items, "", items.size());
}

}  // namespace

Answer show_subject(Context& context, const Call& call) {
  auto body = TRY(JsonBody::read(call.request, "subject"));
  std::string value = TRY(value_of(body));
  auto t = TRY(context.backend.traces(value));
  std::vector<Object> texts;
  for (const auto& [table, count] : t.texts)
    texts.push_back(Object().add("table", table).add("values", count));
  return answered(call, Object()
                            .add("value", t.value)
                            .add("kind", t.kind)
                            .add("events", t.events)
                            .add("findings", t.findings)
                            .add("quarantine", t.quarantine)
                            .add("days", t.days)
                            .add("waiting", t.waiting)
                            .add("told", told_list(t.told))
                            .add("first", time_text(t.first))
                            .add("last", time_text(t.last))
                            .add("reports", t.reports)
                            .add("raw", t.raw)
                            .add("texts", texts)
                            .add("holds", t.holds)
                            .add("erased", t.erased));
}

Answer export_subject(Context& context, const Call& call) {
  auto body = TRY(JsonBody::read(call.request, "subject"));
  std::string value = TRY(value_of(body));
  std::string out;
  auto line = [&](std::string_view json) -> Result<void> {
    if (out.size() + json.size() > export_bytes_max)
      return invalid("more than 256 MB of events: ask for them as events");
    out += json;
    out += '\n';
    return {};
  };
  TRY(context.backend.export_subject(value, line));
  return http::Response{
      .headers = {{"Content-Type", "application/x-ndjson"},
                  {"Content-Disposition", "attachment; filename=\"subject.jsonl\""},
                  {"Cache-Control", "no-store"}},
      .body = std::move(out)};
}

Answer erase_subject(Context& context, const Call& call) {
  auto body = TRY(JsonBody::read(call.request, "subject|reason"));
  std::string value = TRY(value_of(body));
  std::string reason = TRY(body.text("reason"));
  if (text::trim(reason).empty()) return invalid("say the reason: it is kept with the erasure");
  auto erased = TRY(context.backend.erase_subject(value, reason, call.caller.user));
  return answered(call, object_of(erased));
}

Answer list_erasures(Context& context, const Call& call) {
  auto all = TRY(context.backend.erasures());
  return answered(call, listed(all));
}

Answer list_holds(Context& context, const Call& call) {
  auto all = TRY(context.backend.holds());
  return answered(call, listed(all));
}

Answer add_hold(Context& context, const Call& call) {
  auto body = TRY(JsonBody::read(call.request, "report|subject|case|reason"));
  HoldRow hold{.by = call.caller.user};
  for (const char* kind : {"report", "subject", "case"}) {
    std::string what = TRY(body.text(kind));
    if (what.empty()) continue;
    if (!hold.kind.empty()) return invalid("a hold is of one report, one subject or one case");
    hold.kind = kind;
    hold.what = std::move(what);
  }
  if (hold.kind.empty()) return invalid("name a report, a subject or a case");
  hold.reason = TRY(body.text("reason"));
  return answered(call, object_of(TRY(context.backend.hold(std::move(hold)))));
}

Answer lift_hold(Context& context, const Call& call) {
  return answered(call,
                  object_of(TRY(context.backend.lift_hold(call.path.at("id"), call.caller.user))));
}

}  // namespace tocsin::api
