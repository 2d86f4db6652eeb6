#include "api/answers.h"

#include <fmt/format.h>

#include "alert/wording.h"
#include "model/explanations.h"

namespace tocsin::api {
namespace {

std::string time_text(TimeUs time) {
  return time == time_none ? std::string() : times::format(time);
}

Object span_of(const Span& span) {
  return Object().add("since", time_text(span.since)).add("until", time_text(span.until));
}

Object object_of(const Pair& pair) {
  return Object().add("distinct", pair.distinct).add("events", pair.events);
}

Object object_of(const Steering& steering) {
  return Object()
      .add("abroad", steering.abroad)
      .add("home", steering.home)
      .add("unknown", steering.unknown);
}

std::string counts_of(const std::map<std::string, Count>& counts) {
  Object object;
  for (const auto& [name, count] : counts) object.add(name, count);
  return object.text();
}

std::string_view word(ingest::Permission permission) {
  switch (permission) {
    case ingest::Permission::yes:
      return "yes";
    case ingest::Permission::no:
      return "no";
    case ingest::Permission::ask:
      return "ask";
    case ingest::Permission::unknown:
      break;
  }
  return "unknown";
}

Object object_of(const ingest::Terms& terms) {
  Object object;
  object.add("commercial", word(terms.commercial))
      .add("redistribution", word(terms.redistribution))
      .add("text", terms.text)
      .add("url", terms.url);
  if (terms.interval_least_s > 0) object.add("interval_least_s", terms.interval_least_s);
  return object;
}

Object object_of(const Note& note) {
  return Object()
      .add("kind", note.kind)
      .add("feed", note.feed)
      .add("text", note.text)
      .add("href", note.href)
      .add("since", time_text(note.since));
}

void add_compared(Object& object, const Compared& count) {
  object.add("distinct", count.distinct)
      .add("before", count.before)
      .add("change_percent", count.change_percent);
}

std::string reason_of(const Finding& finding) {
  return std::string(name(finding.controller_reason));
}

}  // namespace

Object object_of(const FindingRow& row) {
  const Finding& f = row.finding;
  Object object;
  object.add("id", finding_id(f.key))
      .add("state", name(f.state))
      .add("severity", name(f.severity))
      .add("subject", f.subject)
      .add("subject_kind", name(f.subject_kind))
      .add("type", name(f.type))
      .add("class", name(class_of(f.type)))
      .add("family", f.family)
      .add("identifier", f.identifier)
      .add("protocol", name(f.transport))
      .add("as_name", row.as_name)
      .add("country", f.country.text())
      .add("controller", f.controller)
      .add("controller_country", f.controller_country.text())
      .add("controller_reason", reason_of(f))
      .add("sector", f.sector)
      .add("first", time_text(f.first))
      .add("last", time_text(f.last))
      .add("times", f.times)
      .add("feeds", f.feeds)
      .add("tlp", name(f.tlp))
      .flag("exercise", f.exercise);
  if (row.judged) object.add("triage", object_of(*row.judged));
  if (f.port != 0) object.add("port", f.port);
  if (f.asn != 0) object.add("asn", f.asn);
  return object;
}

Object object_of(const FindingDetail& detail) {
  Object object = object_of(detail.row);
  std::vector<Object> history, days;
  for (const HistoryEntry& entry : detail.history) {
    history.push_back(Object()
                          .add("at", time_text(entry.at))
                          .add("what", entry.what)
                          .add("detail", entry.detail)
                          .add("feed", entry.feed)
                          .add("user", entry.user));
    if (entry.act != 0) history.back().add("act", entry.act);
  }
  for (const auto& [day, events] : detail.days) {
    days.push_back(Object().add("day", times::format_day(day)).add("events", events));
  }
  const std::string& key =
      explanation_keys()[explanation_of(detail.row.finding.type, detail.row.finding.identifier)];
  auto english = alert::english();
  object.add("history", history)
      .add("days", days)
      .add("near", Object()
                       .add("same_network", detail.same_network)
                       .add("same_controller", detail.same_controller))
      .add("explanation", Object()
                              .add("what", english->say(key + ".what"))
                              .add("meaning", english->say(key + ".meaning"))
                              .add("first_step", english->say(key + ".first_step")))
      .add("database_date", detail.database_date)
      .add("prefix", detail.prefix)
      .add("registered_domain", detail.registered_domain)
      .add("controller_told", detail.controller_told);
  return object;
}

Object object_of(const FindingsSummary& summary) {
  std::vector<Object> types;
  for (const auto& [type, count] : summary.types) {
    types.push_back(Object().add("type", type).add("count", count));
  }
  Object histogram;
  if (!summary.histogram.empty()) {
    histogram.add("start", times::format_day(summary.histogram_start))
        .add("day_counts", summary.histogram);
  }
  return Object()
      .add("total", summary.total)
      .add("subjects", summary.subjects)
      .raw("states", counts_of(summary.states))
      .raw("tabs", counts_of(summary.tabs))
      .raw("types", to_json(types))
      .add("histogram", histogram);
}

Object object_of(const FindingWhy& why) {
  auto joined = [](const std::vector<std::string>& objects) {
    return fmt::format("[{}]", fmt::join(objects, ","));
  };
  return Object()
      .raw("rows", joined(why.rows))
      .raw("feeds", joined(why.feeds))
      .raw("rules", to_json(why.rules));
}

namespace {

std::string series_json(const std::vector<StatsBucket>& buckets) {
  std::vector<Object> series;
  for (const StatsBucket& bucket : buckets) {
    Object one = object_of(bucket.now);
    one.add("start", times::format_day(bucket.start));
    if (bucket.before) one.add("before", object_of(*bucket.before));
    series.push_back(std::move(one));
  }
  return to_json(series);
}

}  // namespace

Object object_of(const StatsRow& row) {
  Object object;
  object.raw("key", row.key)
      .add("distinct", row.now.distinct)
      .add("events", row.now.events)
      .add("addresses4", row.addresses4)
      .add("addresses6", row.addresses6)
      .add("names", row.names)
      .add("change_percent", row.change_percent)
      .add("same_feeds_points", row.same_feeds_points)
      .add("feeds_changed_points", row.feeds_changed_points)
      .add("distinct_daily_mean", row.distinct_daily_mean)
      .add("feeds_new", row.feeds_new)
      .add("feeds_gone", row.feeds_gone);
  if (row.before) object.add("before", object_of(*row.before));
  if (row.controllers) object.add("controllers", object_of(*row.controllers));
  if (row.controllers_before) object.add("controllers_before", object_of(*row.controllers_before));
  if (!row.series.empty()) object.raw("series", series_json(row.series));
  return object;
}

Object object_of(const StatsAnswer& answer, Per per) {
  Object object;
  object.add("definition", answer.definition)
      .add("cut", answer.cut)
      .add("since", time_text(answer.span.since))
      .add("until", time_text(answer.span.until))
      .raw("feeds", to_json(answer.feeds))
      .add("frozen", answer.frozen)
      .add("from_events", answer.from_events)
      .raw("rows", to_json(objects_of(answer.rows)));
  if (answer.before) object.add("before", span_of(*answer.before));
  if (per != Per::period) object.raw("series", series_json(answer.series));
  std::vector<Object> notes;
  for (const Note& note : answer.notes) notes.push_back(object_of(note));
  return object.add("notes", notes);
}

namespace {

Object object_of(const Overview::Headline& h) {
  Object object;
  add_compared(object, h.count);
  return object.add("same_feeds_points", h.same_feeds_points)
      .add("feeds_changed_points", h.feeds_changed_points)
      .add("feeds_new", h.feeds_new)
      .add("abroad", h.controllers.abroad)
      .add("home", h.controllers.home)
      .add("unknown", h.controllers.unknown)
      .add("sentence", h.sentence);
}

Object object_of(const Overview::Tile& tile) {
  return Object()
      .add("id", tile.id)
      .add("value", tile.value)
      .add("unit", tile.unit)
      .add("change_percent", tile.change_percent)
      .add("change_label", tile.change_label)
      .add("spark", tile.spark);
}

Object object_of(const Overview::Week& week) {
  return Object()
      .add("start", times::format_day(week.start))
      .add("distinct", week.distinct)
      .add("before", week.before)
      .flag("so_far", week.so_far);
}

Object object_of(const Overview::Place& place) {
  return Object()
      .add("country", place.country)
      .add("affected", place.affected)
      .add("affected_per_100k", place.affected_per_100k)
      .add("controllers", place.controllers);
}

Object object_of(const Overview::ClassLine& line) {
  return Object()
      .add("id", line.id)
      .add("title", line.title)
      .add("value", line.value)
      .add("change_percent", line.change_percent)
      .add("series", line.series)
      .add("before", line.before);
}

Object object_of(const Overview::Family& family) {
  Object object;
  add_compared(object.add("family", family.family), family.count);
  return object.add("new", family.count.is_new);
}

Object object_of(const Overview::Network& network) {
  Object object;
  add_compared(object.add("asn", network.asn).add("as_name", network.as_name), network.count);
  return object;
}

Object object_of(const Overview::Controller& c) {
  Object object;
  add_compared(object.add("controller", c.controller).add("country", c.country), c.count);
  return object.add("new", c.count.is_new);
}

template <class T>
std::string list_json(const std::vector<T>& rows) {
  std::vector<Object> out;
  for (const T& row : rows) out.push_back(object_of(row));
  return to_json(out);
}

}  // namespace

Object object_of(const Overview& o) {
  Object object;
  object.add("period", span_of(o.period))
      .add("before", span_of(o.before))
      .add("country", o.country)
      .raw("tiles", list_json(o.tiles))
      .raw("weekly", list_json(o.weekly))
      .raw("map", list_json(o.map))
      .raw("classes", list_json(o.classes))
      .raw("families", list_json(o.families))
      .raw("networks", list_json(o.networks))
      .raw("controllers", list_json(o.controllers))
      .raw("needs", list_json(o.needs))
      .raw("changes", list_json(o.changes));
  if (o.headline) object.add("headline", object_of(*o.headline));
  return object;
}

Object object_of(const CountryRow& row) {
  return Object().add("code", row.code).add("name", row.name).add("announced", row.announced);
}

Object object_of(const FeedRow& row) {
  Object object;
  object.add("name", row.name)
      .add("title", row.title)
      .add("collector", row.collector)
      .add("format", row.format)
      .add("state", row.state)
      .add("enabled", row.enabled)
      .add("simulated", row.simulated)
      .add("schedule", row.schedule)
      .add("tlp", row.tlp)
      .add("last_success", time_text(row.last_success))
      .add("next", time_text(row.next))
      .add("lag_s", row.lag_s)
      .add("usual_hour", row.usual_hour)
      .add("events_24h", row.events_24h)
      .add("events_total", row.events_total)
      .add("rejected_24h", row.rejected_24h)
      .add("hours", row.hours)
      .add("terms", object_of(row.terms));
  std::vector<Object> notices;
  for (const Note& notice : row.notices) notices.push_back(object_of(notice));
  object.add("notices", notices);
  if (!row.error.empty()) {
    object.add("last_error", Object()
                                 .add("at", time_text(row.error_at))
                                 .add("recovered", time_text(row.recovered_at))
                                 .add("text", row.error));
  }
  if (row.delay) {
    std::vector<Object> curve;
    for (const auto& [s, share] : row.delay->curve) {
      curve.push_back(Object().add("s", s).add("share", share));
    }
    object.add("delay", Object()
                            .add("p50_s", row.delay->p50_s)
                            .add("p90_s", row.delay->p90_s)
                            .add("p99_s", row.delay->p99_s)
                            .add("curve", curve));
  }
  return object;
}

Object object_of(const CatalogueRow& row) {
  return Object()
      .add("name", row.name)
      .add("title", row.title)
      .add("provider", row.provider)
      .add("url", row.url)
      .add("format", row.format)
      .add("key_needed", row.key_needed)
      .add("key_name", row.key_name)
      .flag("username_needed", row.username_needed)
      .add("state", row.state)
      .add("state_date", row.state_date)
      .add("enabled", row.enabled)
      .add("terms", object_of(row.terms));
}

Object object_of(const ReportRow& row) {
  return Object()
      .add("id", row.id)
      .add("feed", row.feed)
      .add("name", row.name)
      .add("received", time_text(row.received))
      .add("size_bytes", row.size_bytes)
      .add("sha256", row.sha256)
      .add("state", row.state)
      .add("events", row.events)
      .add("duplicates", row.duplicates)
      .add("rejected", row.rejected)
      .add("error", row.error)
      .add("type", row.type)
      .add("format", row.format)
      .flag("exercise", row.exercise)
      .flag("history", row.history)
      .add("replaces", row.replaces)
      .flag("raw", row.raw);
}

std::vector<Object> told_list(const std::vector<ToldRow>& rows) {
  std::vector<Object> told;
  for (const auto& one : rows) {
    told.push_back(Object()
                       .add("what", one.what)
                       .add("whom", one.whom)
                       .add("where", one.where)
                       .add("at", time_text(one.at)));
  }
  return told;
}

Object object_of(const WithdrawalRow& row) {
  return Object()
      .add("report", row.report)
      .add("at", time_text(row.at))
      .add("by", row.by)
      .add("reason", row.reason)
      .add("events", row.events)
      .add("days", row.days)
      .add("seq", row.seq)
      .add("others", row.others)
      .add("replaced_by", row.replaced_by)
      .add("told", told_list(row.told))
      .add("already", row.already)
      .add("visible", row.visible);
}

Object object_of(const QuarantineRow& row) {
  return Object()
      .add("id", row.id)
      .add("feed", row.feed)
      .add("report", row.report)
      .add("line", row.line)
      .add("reason", row.reason)
      .add("bytes", row.bytes)
      .add("at", time_text(row.at))
      .add("state", row.state);
}

Object object_of(const QuarantineGroup& group) {
  return Object()
      .add("feed", group.feed)
      .add("reason", group.reason)
      .add("count", group.count)
      .add("first", time_text(group.first))
      .add("last", time_text(group.last));
}

Object object_of(const Health& health) {
  bool ok = true;
  std::vector<Object> checks, followers;
  for (const HealthCheck& check : health.checks) {
    ok = ok && check.ok;
    checks.push_back(Object()
                         .add("name", check.name)
                         .add("state", check.ok ? "ok" : "wrong")
                         .add("text", check.text)
                         .add("what_to_do", check.what_to_do));
  }
  for (const FollowerRow& follower : health.followers) {
    followers.push_back(
        Object().add("name", follower.name).add("seq", follower.seq).add("lag_s", follower.lag_s));
  }
  return Object()
      .add("state", ok ? "ok" : "degraded")
      .raw("checks", to_json(checks))
      .add("followers", followers)
      .add("disk_free_bytes", health.disk_free_bytes)
      .add("memory_bytes", health.memory_bytes);
}

Object object_of(const SearchHit& hit) {
  return Object()
      .add("kind", hit.kind)
      .add("text", hit.text)
      .add("detail", hit.detail)
      .add("href", hit.href);
}

Object object_of(const LineHit& hit) {
  return Object()
      .add("line", hit.line)
      .add("kind", hit.kind)
      .add("findings", hit.findings)
      .add("href", hit.href);
}

Object object_of(const TokenRow& row) {
  return Object()
      .add("id", row.id)
      .add("name", row.name)
      .add("role", name(row.role))
      .add("created", time_text(row.created))
      .add("last_used", time_text(row.used));
}

Object list_of(const std::vector<Object>& items, const std::string& next,
               const std::optional<Count>& total) {
  return Object().raw("items", to_json(items)).add("next", next).add("total", total);
}

std::string csv_head(const std::vector<std::string>& columns) {
  return fmt::format("{}\r\n", fmt::join(columns, ","));
}

const std::vector<std::string>& finding_columns() {
  static const std::vector<std::string> columns = {"id",
                                                   "state",
                                                   "severity",
                                                   "subject",
                                                   "subject_kind",
                                                   "type",
                                                   "class",
                                                   "family",
                                                   "identifier",
                                                   "port",
                                                   "protocol",
                                                   "asn",
                                                   "as_name",
                                                   "country",
                                                   "controller",
                                                   "controller_country",
                                                   "controller_reason",
                                                   "first",
                                                   "last",
                                                   "times",
                                                   "feeds",
                                                   "tlp",
                                                   "sector"};
  return columns;
}

std::string csv_line(const FindingRow& row) {
  const Finding& f = row.finding;
  auto number = [](std::uint32_t n) { return n == 0 ? std::string() : std::to_string(n); };
  const std::string cells[] = {finding_id(f.key),
                               std::string(name(f.state)),
                               std::string(name(f.severity)),
                               f.subject,
                               std::string(name(f.subject_kind)),
                               std::string(name(f.type)),
                               std::string(name(class_of(f.type))),
                               f.family,
                               f.identifier,
                               number(f.port),
                               std::string(name(f.transport)),
                               number(f.asn),
                               row.as_name,
                               f.country.text(),
                               f.controller,
                               f.controller_country.text(),
                               reason_of(f),
                               time_text(f.first),
                               time_text(f.last),
                               std::to_string(f.times),
                               fmt::format("{}", fmt::join(f.feeds, " ")),
                               std::string(name(f.tlp)),
                               f.sector};
  std::string line;
  for (const std::string& cell : cells) line += (line.empty() ? "" : ",") + csv::cell(cell);
  return line + "\r\n";
}

}  // namespace tocsin::api
