// What people said of findings, cases, views, the worth of feeds, as the contract's JSON.
#include "api/answers.h"

namespace tocsin::api {
namespace {

std::string when(TimeUs time) {
  return time == 0 || time == time_none ? std::string() : times::format(time);
}

double percent(Count part, Count of) {
  return of == 0 ? 0
                 : static_cast<double>(part * 1000 / of) / 10;  // one digit, never rounded to 100
}

}  // namespace

Object object_of(const store::Handling& h) {
  Object object;
  object.add("version", h.version)
      .add("assigned", h.assigned)
      .add("tags", h.tags)
      .add("followers", h.followers)
      .add("cases", h.cases)
      .add("changed_by", h.changed_by)
      .add("changed_at", when(h.changed_at));
  if (h.verdict != Verdict::none) {
    object.add("verdict", name(h.verdict))
        .add("judged_by", h.judged_by)
        .add("judged_at", when(h.judged_at));
  }
  if (h.duplicate_of != Hash128{}) object.add("duplicate_of", finding_id(h.duplicate_of));
  return object;
}

Object object_of(const store::Judged& judged) {
  const store::Handling& h = judged.handling;
  Object object = object_of(h);
  object.flag("returned", judged.returned);
  if (judged.by_rule) {
    object.add("muted", Object()
                            .add("until", when(judged.by_rule->until))
                            .add("reason", judged.by_rule->reason)
                            .add("by", judged.by_rule->user)
                            .add("rule", judged.by_rule->id));
  } else if (judged.muted) {
    object.add("muted", Object()
                            .add("until", when(h.muted_until))
                            .add("reason", h.mute_reason)
                            .add("by", h.muted_by));
  } else {
    object.add("mute_over", when(h.muted_until));
  }
  return object;
}

Object object_of(const store::Act& act) {
  return Object()
      .add("id", act.id)
      .add("at", when(act.at))
      .add("user", act.user)
      .raw("what", to_json(store::told(act.change)))
      .raw("change", store::encode(act.change))
      .add("filter", act.filter)
      .add("findings", act.findings)
      .add("undone_at", when(act.undone_at))
      .add("undone_by", act.undone_by);
}

Object object_of(const store::Mute& mute) {
  Object object;
  object.add("id", mute.id)
      .add("subject", mute.subject)
      .add("feed", mute.feed)
      .add("until", when(mute.until))
      .add("reason", mute.reason)
      .add("user", mute.user)
      .add("at", when(mute.at))
      .add("ended_at", when(mute.ended_at))
      .add("ended_by", mute.ended_by);
  if (mute.type) object.add("type", name(*mute.type));
  return object;
}

Object object_of(const store::View& view) {
  return Object()
      .add("id", view.id)
      .add("owner", view.owner)
      .add("name", view.name)
      .add("query", view.query)
      .add("shared", view.shared)
      .add("at", when(view.at));
}

Object object_of(const store::Case& one) {
  return Object()
      .add("id", one.id)
      .add("title", one.title)
      .add("text", one.text)
      .add("state", one.closed_at == 0 ? "open" : "closed")
      .add("opened_by", one.opened_by)
      .add("opened_at", when(one.opened_at))
      .add("closed_by", one.closed_by)
      .add("closed_at", when(one.closed_at))
      .add("changed_by", one.changed_by)
      .add("changed_at", when(one.changed_at))
      .add("version", one.version);
}

Object object_of(const store::CaseNote& note) {
  return Object()
      .add("id", note.id)
      .add("at", when(note.at))
      .add("user", note.user)
      .add("text", note.text);
}

Object object_of(const store::CaseFile& file) {
  return Object()
      .add("sha256", file.sha256)
      .add("name", file.name)
      .add("size_bytes", file.size_bytes)
      .add("at", when(file.at))
      .add("user", file.user);
}

Object object_of(const FeedScore& score) {
  std::vector<Object> overlaps;
  for (const FeedOverlap& other : score.overlaps) {
    overlaps.push_back(Object()
                           .add("feed", other.feed)
                           .add("findings", other.findings)
                           .add("percent", percent(other.findings, score.findings)));
  }
  Object object;
  object.add("feed", score.feed)
      .add("title", score.title)
      .add("findings", score.findings)
      .add("open", score.open)
      .add("unique", score.unique)
      .add("judged", score.judged)
      .add("false_positive", score.false_positive)
      .add("overlaps", overlaps)
      .add("delay_p50_s", score.delay_p50_s)
      .add("advice", score.advice);
  if (score.findings > 0) object.add("unique_percent", percent(score.unique, score.findings));
  if (score.judged > 0) object.add("false_percent", percent(score.false_positive, score.judged));
  return object;
}

Object object_of(const Preview& preview) {
  std::string events = "[";
  for (const auto& event : preview.events) {
    if (events.size() > 1) events += ',';
    events += event;
  }
  std::vector<Object> rejects;
  for (const auto& [line, why] : preview.rejects) {
    rejects.push_back(Object().add("line", line).add("reason", why));
  }
  return Object()
      .add("format", preview.format)
      .add("detected", preview.detected)
      .add("error", preview.error)
      .raw("events", events + "]")
      .add("events_total", preview.events_total)
      .add("rejected", preview.rejected)
      .add("rejects", rejects);
}

}  // namespace tocsin::api
