// The audit: who did what, and whether its rows are as they were written.
#include "api/answers.h"
#include "api/handlers.h"
#include "base/text.h"

namespace tocsin::api {
namespace {

store::Audit::Filter filter_of(const Call& call) {
  return {.who = call.params.text("who"),
          .what = call.params.text("what"),
          .outcome = call.params.text("outcome"),
          .since = call.params.time("since"),
          .until = call.params.time("until")};
}

Object object_of(const store::AuditRow& row) {
  Object object;
  object.add("id", row.id)
      .add("at", times::format(row.act.at))
      .add("who", row.act.who)
      .add("user_id", row.act.user)
      .add("role", row.act.role)
      .add("by", row.act.by)
      .add("address", row.act.address)
      .add("call", row.act.call)
      .add("object", row.act.object)
      .add("outcome", row.outcome)
      .add("hash", hex(row.hash));
  if (!row.act.details.empty()) object.raw("details", row.act.details);
  if (row.ended != time_none) object.add("ended", times::format(row.ended));
  return object;
}

const std::vector<std::string>& columns() {
  static const std::vector<std::string> all = {
      "id", "at", "who", "role", "by", "address", "call", "object", "details", "outcome", "hash"};
  return all;
}

void append_csv(std::string& out, const store::AuditRow& row) {
  out += std::to_string(row.id);
  for (const std::string& text :
       {times::format(row.act.at), row.act.who, row.act.role, row.act.by, row.act.address,
        row.act.call, row.act.object, row.act.details, row.outcome, hex(row.hash)}) {
    out += ',';
    out += csv_cell(text);
  }
  out += "\r\n";
}

}  // namespace

Answer list_audit(Context& context, const Call& call) {
  store::Audit::Filter filter = filter_of(call);
  filter.limit = TRY(limit_of(call)) + 1;  // one more tells whether there are more
  if (call.params.has("cursor")) {
    auto before = text::number(call.params.text("cursor"));
    if (!before || *before == 0) return invalid("this cursor is none of ours");
    filter.before = *before;
  }
  auto rows = TRY(context.audit.list(filter));
  std::string next;
  if (rows.size() == filter.limit) {
    rows.pop_back();
    next = std::to_string(rows.back().id);
  }
  std::vector<Object> items;
  for (const store::AuditRow& row : rows) items.push_back(object_of(row));
  return answered(call, list_of(items, next));
}

Answer audit_csv(Context& context, const Call& call) {
  constexpr std::size_t at_once = 1000;
  store::Audit::Filter filter = filter_of(call);
  filter.limit = at_once;
  std::string name = "audit-" + times::format_day(times::day_of(call.now)) + ".csv";
  http::Response response{
      .headers = {{"Content-Type", "text/csv; charset=utf-8"},
                  {"Content-Disposition", "attachment; filename=\"" + name + "\""},
                  {"Cache-Control", "no-store"}}};
  response.pieces = [&context, filter, begun = false](std::string& out) mutable -> Result<bool> {
    if (!std::exchange(begun, true)) out = csv_head(columns());
    auto rows = TRY(context.audit.list(filter));
    for (const store::AuditRow& row : rows) append_csv(out, row);
    if (rows.size() < at_once) return false;
    filter.before = rows.back().id;
    return true;
  };
  return response;
}

Answer verify_audit(Context& context, const Call& call) {
  auto verdict = TRY(context.audit.verify(call.params.number("id", 0), call.params.text("hash")));
  Object object;
  object.add("good", verdict.wrong.empty())
      .add("rows", verdict.rows)
      .add("masked", verdict.masked)
      .add("first", verdict.first)
      .add("last", verdict.last)
      .add("head", hex(verdict.head))
      .add("wrong", verdict.wrong);
  return answered(call, std::move(object));
}

}  // namespace tocsin::api
