// Triage: verdicts and what goes with them, acts and their undoing, mutes, views, the worth of
// feeds, and a look at a report before it is taken in.
#include <fmt/format.h>

#include <algorithm>

#include "api/answers.h"
#include "api/handlers.h"
#include "base/text.h"

namespace tocsin::api {
namespace {

constexpr std::string_view change_members =
    "version|verdict|duplicate_of|assign|tag|untag|note|follow|mute_until|mute_reason|unmute|case|"
    "uncase";
constexpr std::size_t ids_max = 10'000, preview_rows = 20;

// "2026-12-24", "2026-12-24T12:00Z", or "14d", "12h", "2w" from now on.
Result<TimeUs> until_of(const std::string& text, TimeUs now) {
  auto count = text.size() < 2 ? std::nullopt : text::number(text.substr(0, text.size() - 1));
  if (count && *count <= 100'000) {
    auto n = static_cast<TimeUs>(*count);
    if (text.back() == 'h') return now + n * us_per_hour;
    if (text.back() == 'd') return now + n * us_per_day;
    if (text.back() == 'w') return now + n * 7 * us_per_day;
  }
  auto time = times::parse(text);
  if (!time) return invalid(time.error().what + "; say 2026-12-24, 14d, 12h or 2w");
  return time;
}

Result<Hash128> finding_named(const std::string& id) {
  Hash128 key = finding_key_of(id);
  if (key == Hash128{}) return missing("no finding " + text::quote(id));
  return key;
}

Result<store::Change> change_of(const JsonBody& body, const Call& call) {
  store::Change change;
  if (std::string verdict = TRY(body.text("verdict")); !verdict.empty()) {
    change.verdict = verdict_named(verdict);
    if (!change.verdict) {
      return invalid("no verdict " + text::quote(verdict) +
                     "; there are true, false-positive, accepted-risk, not-ours, duplicate, and "
                     "none to take it back");
    }
  }
  if (std::string of = TRY(body.text("duplicate_of")); !of.empty()) {
    change.duplicate_of = TRY(finding_named(of));
  }
  if (body.has("assign")) {
    std::string who = TRY(body.text("assign"));
    change.assigned = who == "me" ? call.caller.user : who;
  }
  change.tags_add = TRY(body.texts("tag", store::tags_max));
  change.tags_remove = TRY(body.texts("untag", store::tags_max));
  change.note = TRY(body.text("note"));
  if (body.has("follow")) change.follow = TRY(body.flag("follow"));
  if (std::string until = TRY(body.text("mute_until")); !until.empty()) {
    change.muted_until = TRY(until_of(until, call.now));
  }
  change.mute_reason = TRY(body.text("mute_reason"));
  if (TRY(body.flag("unmute"))) {
    if (change.muted_until) return invalid("either mute_until or unmute");
    change.muted_until = 0;
  }
  change.case_add = TRY(body.number("case"));
  change.case_remove = TRY(body.number("uncase"));
  return change;
}

// What a change names must be there: the finding that is repeated, the case.
Result<void> check_named(Context& context, const store::Change& change,
                         const std::vector<Hash128>& findings) {
  if (change.duplicate_of != Hash128{}) {
    TRY(context.backend.finding_row(change.duplicate_of));
    if (std::ranges::find(findings, change.duplicate_of) != findings.end()) {
      return invalid("a finding is no duplicate of itself");
    }
    auto of = context.backend.triage().handling(change.duplicate_of);
    if (of.verdict == Verdict::duplicate) {
      return invalid("that one is a duplicate itself, of " + finding_id(of.duplicate_of));
    }
  }
  if (change.case_add != 0) {
    auto one = TRY(context.backend.cases().one(change.case_add));
    if (one.closed_at != 0) return invalid(fmt::format("case {} is closed", one.id));
  }
  return {};
}

// "alice, 09:42: verdict true".
std::string told(const std::vector<store::Act>& since, const store::Handling& now) {
  if (since.empty()) {
    return fmt::format("{} changed it at {}", text::quote(now.changed_by),
                       times::format(now.changed_at));
  }
  const store::Act& last = since.front();
  return fmt::format("{} changed it at {}: {}", text::quote(last.user), times::format(last.at),
                     text::printable(fmt::format("{}", fmt::join(store::told(last.change), "; "))));
}

Answer act(Context& context, const Call& call, store::Triage::Wish wish) {
  TRY(check_named(context, wish.change, wish.findings));
  bool single = wish.findings.size() == 1;
  Hash128 first = wish.findings.empty() ? Hash128{} : wish.findings[0];
  auto done = TRY(context.backend.triage().act(std::move(wish)));
  if (done.conflict) {
    return conflict(told(done.since, *done.conflict), object_of(*done.conflict),
                    objects_of(done.since));
  }
  Object object;
  object.add("act", done.act).add("findings", done.findings);
  if (single) object.add("finding", object_of(TRY(context.backend.finding_row(first))));
  return answered(call, std::move(object));
}

// The mute as others see it, with how many findings it covers now.
Object mute_object(const store::Mute& mute, TimeUs now) {
  Object object = object_of(mute);
  object.add("holds", mute.holds(now));
  return object;
}

}  // namespace

http::Response conflict(std::string_view detail, const Object& current,
                        const std::vector<Object>& since) {
  http::Response response = http::problem(409, detail);
  response.body = Object()
                      .add("type", "about:blank")
                      .add("title", "Conflict")
                      .add("status", 409)
                      .add("detail", detail)
                      .add("current", current)
                      .add("since", since)
                      .text();
  return response;
}

Result<std::uint64_t> id_of(const Call& call, std::string_view what) {
  const std::string& text = call.path.at("id");
  auto id = text::number(text);
  if (!id || *id > INT64_MAX) return missing(fmt::format("no {} {}", what, text::quote(text)));
  return *id;
}

Result<store::Filter> put_aside(std::string_view words, TimeUs now) {
  store::Filter aside;
  std::vector<std::string> verdicts;
  bool muted = false;
  while (!words.empty()) {
    std::string_view word = text::trim(text::cut(words, ','));
    auto verdict = verdict_named(word);
    if (word == "muted") {
      muted = true;
    } else if (verdict && *verdict != Verdict::none && *verdict != Verdict::confirmed) {
      verdicts.emplace_back(word);
    } else {
      return invalid(fmt::format(
          "parameter 'without' knows muted, false-positive, accepted-risk, not-ours and duplicate, "
          "not {}",
          text::quote(word)));
    }
  }
  std::string text = muted ? "is:muted " : "";
  if (!verdicts.empty()) text += fmt::format("verdict:{}", fmt::join(verdicts, ","));
  return store::parse_filter(text, now);
}

std::string told_aside(std::string_view words) {
  std::string told, verdicts;
  while (!words.empty()) {
    std::string_view word = text::trim(text::cut(words, ','));
    if (word == "muted") {
      told = "muted";
    } else {
      (verdicts += verdicts.empty() ? "judged " : " or ") += word;
    }
  }
  if (told.empty() || verdicts.empty()) return told + verdicts;
  return told + " or " + verdicts;
}

Result<store::Filter> filter_of(const Call& call, std::string_view q, std::string_view without) {
  auto filter = TRY(store::parse_filter(q, call.now));
  using F = store::FilterField;
  for (auto& condition : filter.all) {
    if (condition.field != F::assigned && condition.field != F::followed) continue;
    for (auto& value : condition.any) {
      if (value.text == "me") value.text = text::lower(call.caller.user);
    }
  }
  auto aside = TRY(put_aside(without, call.now));
  for (auto& condition : aside.all) {
    condition.negated = true;
    filter.all.push_back(std::move(condition));
  }
  return filter;
}

Result<store::Filter> findings_filter(const Call& call) {
  return filter_of(call, call.params.text("q"), call.params.text("without"));
}

Answer judge_finding(Context& context, const Call& call) {
  Hash128 key = TRY(finding_named(call.path.at("id")));
  TRY(context.backend.finding_row(key));
  auto body = TRY(JsonBody::read(call.request, change_members));
  store::Triage::Wish wish{.findings = {key}, .user = call.caller.user};
  wish.change = TRY(change_of(body, call));
  if (body.has("version")) {
    std::uint64_t version = TRY(body.number("version"));
    if (version > UINT32_MAX) return invalid("member 'version' is too large");
    wish.version = static_cast<std::uint32_t>(version);
  }
  return act(context, call, std::move(wish));
}

Answer judge_many(Context& context, const Call& call) {
  auto body =
      TRY(JsonBody::read(call.request, std::string(change_members) + "|findings|q|without"));
  if (body.has("version")) return invalid("a version goes with one finding");
  store::Triage::Wish wish{.user = call.caller.user};
  wish.change = TRY(change_of(body, call));
  auto ids = TRY(body.texts("findings", ids_max));
  bool by_filter = body.has("q");
  if (by_filter == !ids.empty()) return invalid("name findings, or a filter: q");
  if (by_filter) {
    std::string q = TRY(body.text("q"));
    std::string without = TRY(body.text("without"));
    auto filter = TRY(filter_of(call, q, without));
    wish.findings = TRY(context.backend.finding_keys(filter, store::act_findings_max));
    if (wish.findings.empty()) return invalid("no finding fits " + text::quote(q));
    wish.filter = store::format(filter);
    std::erase(wish.findings, wish.change.duplicate_of);
  }
  for (const std::string& id : ids) {
    Hash128 key = TRY(finding_named(id));
    TRY(context.backend.finding_row(key));
    wish.findings.push_back(key);
  }
  if (!by_filter) {
    std::ranges::sort(wish.findings);
    auto repeated = std::ranges::unique(wish.findings);
    wish.findings.erase(repeated.begin(), repeated.end());
  }
  return act(context, call, std::move(wish));
}

Answer list_acts(Context& context, const Call& call) {
  store::Triage::ActsAsk ask{.limit = TRY(limit_of(call))};
  const std::string& user = call.params.text("user");
  ask.user = user == "me" ? call.caller.user : user;
  if (const std::string& cursor = call.params.text("cursor"); !cursor.empty()) {
    auto before = text::number(cursor);
    if (!before) return invalid("not a cursor: " + text::quote(cursor));
    ask.before = *before;
  }
  auto acts = TRY(context.backend.triage().acts(ask));
  std::string next = acts.size() == ask.limit ? std::to_string(acts.back().id) : "";
  return answered(call, list_of(objects_of(acts), next));
}

Answer undo_act(Context& context, const Call& call) {
  std::uint64_t id = TRY(id_of(call, "act"));
  auto undone = TRY(context.backend.triage().undo(id, call.caller.user));
  return answered(call, Object().add("findings", undone.findings).add("kept", undone.kept));
}

Answer list_triage_words(Context& context, const Call& call) {
  auto people = context.backend.triage().people();
  if (std::ranges::find(people, call.caller.user) == people.end()) {
    people.push_back(call.caller.user);
    std::ranges::sort(people);
  }
  return http::json(Object()
                        .raw("tags", to_json(context.backend.triage().tags()))
                        .raw("people", to_json(people))
                        .text());
}

Answer list_mutes(Context& context, const Call& call) {
  auto mutes = context.backend.triage().mutes(call.params.text("ended") == "yes");
  std::vector<Object> items;
  for (const auto& mute : mutes) items.push_back(mute_object(mute, call.now));
  return http::json(list_of(items, "", items.size()).text());
}

Answer add_mute(Context& context, const Call& call) {
  auto body = TRY(JsonBody::read(call.request, "subject|type|feed|until|reason"));
  store::MuteWish wish{.subject = TRY(body.text("subject")),
                       .type = TRY(body.text("type")),
                       .feed = TRY(body.text("feed")),
                       .reason = TRY(body.text("reason"))};
  std::string until = TRY(body.text("until"));
  wish.until = TRY(until_of(until, call.now));
  auto mute = TRY(context.backend.triage().mute(wish, call.caller.user));
  return http::json(mute_object(mute, call.now).text(), 201);
}

Answer end_mute(Context& context, const Call& call) {
  std::uint64_t id = TRY(id_of(call, "mute"));
  auto mute = TRY(context.backend.triage().end_mute(id, call.caller.user));
  return http::json(mute_object(mute, call.now).text());
}

Answer list_views(Context& context, const Call& call) {
  auto views = TRY(context.backend.views().list(call.caller.user));
  return http::json(list_of(objects_of(views), "", views.size()).text());
}

Answer keep_view(Context& context, const Call& call) {
  auto body = TRY(JsonBody::read(call.request, "name|query|shared"));
  store::View view{.name = TRY(body.text("name")),
                   .query = TRY(body.text("query")),
                   .shared = TRY(body.flag("shared"))};
  view = TRY(context.backend.views().keep(std::move(view), call.caller.user));
  return http::json(object_of(view).text(), 201);
}

Answer change_view(Context& context, const Call& call) {
  auto body = TRY(JsonBody::read(call.request, "name|query|shared"));
  store::View view{.id = TRY(id_of(call, "view")),
                   .name = TRY(body.text("name")),
                   .query = TRY(body.text("query")),
                   .shared = TRY(body.flag("shared"))};
  view = TRY(context.backend.views().change(std::move(view), call.caller.user));
  return http::json(object_of(view).text());
}

Answer forget_view(Context& context, const Call& call) {
  std::uint64_t id = TRY(id_of(call, "view"));
  TRY(context.backend.views().forget(id, call.caller.user));
  return http::Response{.status = 204};
}

Answer score_feeds(Context& context, const Call& call) {
  auto scores = context.backend.feed_scores();
  return answered(
      call, Object()
                .add("definition",
                     "findings that are kept, whatever their state, by the feeds that reported "
                     "them; unique: no other feed did; false: of those with a verdict; what would "
                     "be missed least stands first")
                .raw("items", to_json(objects_of(scores))));
}

Answer preview_report(Context& context, const Call& call) {
  const Params& params = call.params;
  if (params.has("tlp") && !tlp_named(params.text("tlp"))) {
    return invalid("no TLP label " + text::quote(params.text("tlp")));
  }
  if (call.request.body.empty() && call.request.body_path.empty()) {
    return invalid("the report is empty");
  }
  std::string format = TRY(format_of(call, params.text("format")));
  auto preview = TRY(context.backend.preview({.feed = params.text("feed"),
                                              .format = std::move(format),
                                              .name = params.text("name"),
                                              .tlp = params.text("tlp"),
                                              .bytes = call.request.body,
                                              .path = call.request.body_path},
                                             preview_rows));
  return answered(call, object_of(preview));
}

Answer list_formats(Context& context, const Call&) {
  std::vector<Object> items;
  for (const auto& row : context.backend.formats()) {
    items.push_back(Object().add("name", row.name).add("summary", row.summary));
  }
  return http::json(list_of(items, "", items.size()).text());
}

}  // namespace tocsin::api
