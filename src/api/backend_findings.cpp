// Findings and events of a node, for the API.
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "api/backend_node.h"
#include "api/object.h"
#include "base/http.h"
#include "base/text.h"
#include "wire/native.h"

namespace tocsin::api {
namespace {

constexpr std::size_t rows_looked_at_max = 2000;  // events read to tell a finding's story
constexpr std::size_t rows_shown_max = 20;

// How the controller is known, for people.
std::string controller_told(const Finding& f) {
  switch (f.controller_reason) {
    case ControllerReason::feed:
      return "the feed says so";
    case ControllerReason::join: {
      if (f.family.empty()) return "joined: the name asked for was a known controller's that day";
      if (f.controller.empty()) {
        return "joined: all known controllers of " + f.family + " stood there that day";
      }
      return "joined: the known controller of " + f.family + " that day";
    }
    case ControllerReason::unknown:
      break;
  }
  return "no feed names one, and no known controller of its family fits";
}

store::FindingSort sort_of(FindingOrder order) {
  switch (order) {
    case FindingOrder::first:
      return store::FindingSort::first;
    case FindingOrder::times:
      return store::FindingSort::times;
    case FindingOrder::severity:
      return store::FindingSort::severity;
    case FindingOrder::subject:
      return store::FindingSort::subject;
    case FindingOrder::last:
      break;
  }
  return store::FindingSort::last;
}

store::Filter filter(const std::string& text) {
  auto parsed = store::parse_filter(text, 0);
  return parsed ? *parsed : store::Filter{};
}

// What a finding shares with its events, as a filter over events.
store::Filter events_filter(const Finding& f) {
  std::string text = fmt::format("type:{}", name(f.type));
  KeyParts parts = key_parts(f.type);
  if (f.subject_kind == SubjectKind::address) text += " ip:" + f.subject;
  if (f.subject_kind == SubjectKind::name) text += " name:" + f.subject;
  if (f.subject_kind == SubjectKind::url) text += fmt::format(" url:\"{}\"", f.subject);
  if (parts.family)
    text += f.family.empty() ? " family:unknown" : fmt::format(" family:\"{}\"", f.family);
  return filter(text);
}

using Seen = std::vector<std::pair<TimeUs, std::string>>;  // when, by which feed; oldest first

// A finding's story, oldest first: first seen, and each time it stayed away longer than its type
// allows. That alone is not quiet: its feeds must have delivered meanwhile. The finding keeps when
// it last came back from that; of a time away before, it is not known.
std::vector<HistoryEntry> story_of(const Finding& f, const Seen& seen, bool whole) {
  TimeUs allowed = TimeUs{quiet_after_s(f.type)} * us_per_s;
  std::int64_t allowed_h = allowed / us_per_hour;
  std::string limit = fmt::format("not seen for {} h, the limit for its type", allowed_h);
  std::vector<HistoryEntry> story{{f.first, "first seen", "", whole ? seen.front().second : ""}};
  bool told = f.reopened <= f.first;  // it never came back
  auto came_back = [&](std::string feed) {
    if (!std::exchange(told, true)) story.push_back({f.reopened, "came back", "", std::move(feed)});
  };
  for (std::size_t i = 0; i < seen.size(); ++i) {
    const auto& [time, feed] = seen[i];
    TimeUs second = time / us_per_s * us_per_s;
    bool away = i > 0 && time - seen[i - 1].first > allowed;
    if (!told && second > f.reopened) came_back("");
    if (!told && second == f.reopened) {
      if (away) story.push_back({seen[i - 1].first + allowed, "quiet", limit, ""});
      came_back(feed);
    } else if (away) {
      std::int64_t away_h = (time - seen[i - 1].first) / us_per_hour;
      std::string why =
          second > f.reopened
              ? fmt::format(
                    "not quiet after {} h, as a feed that saw it had not delivered past then",
                    allowed_h)
              : fmt::format("quiet is after {} h; whether it was is not kept", allowed_h);
      story.push_back(
          {time, "seen again", fmt::format("after {} h of silence; {}", away_h, why), feed});
    }
  }
  came_back("");
  if (f.state == State::quiet || f.state == State::closed) {
    story.push_back({f.last + allowed, "quiet", limit, ""});
  }
  if (f.state == State::closed) {
    story.push_back(
        {f.last + 4 * allowed, "closed", "its feeds have delivered since, without it", ""});
  }
  return story;
}

std::string when(TimeUs time) {
  return times::format(time);
}

}  // namespace

unsigned left_ms(const Patience& patience) {
  auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
                  patience.deadline - std::chrono::steady_clock::now())
                  .count();
  return static_cast<unsigned>(std::clamp<std::int64_t>(left, 1, 600'000));
}

Result<FindingsPage> NodeBackend::findings(const FindingsAsk& ask, const Patience&) {
  auto page = TRY(node_.findings().find({.filter = ask.filter,
                                         .sort = sort_of(ask.sort),
                                         .ascending = ask.ascending,
                                         .limit = ask.limit,
                                         .offset = ask.offset,
                                         .cursor = ask.cursor,
                                         .walk = ask.walk}));
  FindingsPage answer{.next = std::move(page.next)};
  if (!ask.walk) answer.total = page.total;
  for (auto& finding : page.items) answer.items.push_back(judged_row(std::move(finding)));
  return answer;
}

Result<FindingsSummary> NodeBackend::summary(const store::Filter& asked, const Patience&) {
  constexpr std::size_t days = 90;
  Day today = times::day_of(node_.now());
  auto s = node_.findings().summary(asked, times::start_of(today),
                                    today - static_cast<Day>(days) + 1, days);
  FindingsSummary answer{
      .total = s.total, .subjects = s.subjects, .histogram_start = s.histogram_start};
  for (std::size_t i = 0; i < s.states.size(); ++i)
    answer.states[std::string(name(static_cast<State>(i)))] = s.states[i];
  for (std::size_t i = 0; i < s.types.size(); ++i) {
    if (s.types[i] > 0) answer.types.emplace_back(name(static_cast<Type>(i)), s.types[i]);
  }
  std::ranges::sort(answer.types, std::greater{}, &std::pair<std::string, Count>::second);
  answer.histogram.assign(s.histogram.begin(), s.histogram.end());
  store::Filter plants = asked;
  for (const auto& condition : filter("identifier:ics,ics-*,accessible-ics,open-ics").all)
    plants.all.push_back(condition);
  answer.tabs = {{"all", s.total},
                 {"new_today", s.new_since},
                 {"reopened", s.states[static_cast<std::size_t>(State::reopened)]},
                 {"plants", node_.findings().count(plants)}};
  return answer;
}

// Names of networks are not stored with events: they are looked up when one is shown.
void NodeBackend::name_networks(EventBatch& events, const EndColumns& end, std::string_view name,
                                std::size_t row) const {
  enrich::Whereabouts where;
  if (!end.ip[row].empty()) where = node_.enrichment().locate(end.ip[row]);
  if (where.asn == 0) where.as_name = node_.enrichment().as_name(end.asn[row]);
  std::string members;
  auto add = [&](std::string_view what, std::string_view value) {
    if (value.empty()) return;
    members += fmt::format("{}\"node.{}.{}\":", members.empty() ? "" : ",", name, what);
    json::append_string(members, value);
  };
  add("as_name", where.as_name);
  add("network", where.network ? ip::format(*where.network) : "");
  if (!members.empty()) events.add_members(row, members);
}

std::string NodeBackend::native(const store::Columns::Found& found, std::size_t row) const {
  // The feed and report type belong to the row here, not to the batch.
  EventBatch& events = const_cast<EventBatch&>(found.events);
  events.feed = found.feeds[row];
  events.report = found.reports[row];
  events.report_type = found.report_types[row];
  name_networks(events, events.source, "source", row);
  name_networks(events, events.destination, "destination", row);
  std::string json;
  wire::append_native(json, found.events, row, node_.words());
  std::string id =
      fmt::format("\"id\":\"e_{:x}\",\"report\":\"r_{}\"", found.ids[row], found.reports[row]);
  json.insert(1, json == "{}" ? id : id + ",");
  return json;
}

Result<EventsPage> NodeBackend::events(const EventsAsk& ask, const Patience& patience) {
  if (ask.at_least > 0 &&
      !node_.followers().wait_visible(ask.at_least, std::chrono::milliseconds(left_ms(patience)),
                                      "columns")) {
    return unavailable(fmt::format("events up to {} are not visible yet", ask.at_least));
  }
  store::EventQuery query{.filter = ask.filter,
                          .since = ask.span.since,
                          .until = ask.span.until,
                          .oldest_first = ask.oldest_first};
  query.limit = ask.limit + 1;
  if (!ask.cursor.empty()) {
    auto after = text::number(ask.cursor);
    if (!after) return invalid("not a cursor: " + text::quote(ask.cursor));
    query.after = *after;
  }
  auto found = TRY(node_.columns().events(query, left_ms(patience)));
  EventsPage page;
  std::size_t shown = std::min(found.ids.size(), ask.limit);
  for (std::size_t i = 0; i < shown; ++i) page.items.push_back(native(found, i));
  if (found.ids.size() > shown && shown > 0) page.next = std::to_string(found.ids[shown - 1]);
  return page;
}

Result<NodeBackend::Events> NodeBackend::events_of(const Finding& f, const EventsAsk& ask,
                                                   const Patience& patience) const {
  Events events;
  store::EventQuery query{.filter = events_filter(f),
                          .since = ask.span.since,
                          .until = ask.span.until,
                          .oldest_first = ask.oldest_first};
  if (f.exercise) query.filter.all.push_back(filter("is:exercise").all.front());
  for (const auto& condition : ask.filter.all) query.filter.all.push_back(condition);
  query.limit = batch_events_max;
  if (!ask.cursor.empty()) {
    auto after = text::number(ask.cursor);
    if (!after) return invalid("not a cursor: " + text::quote(ask.cursor));
    query.after = *after;
  }
  events.found = TRY(node_.columns().events(query, left_ms(patience)));
  for (std::size_t i = 0; i < events.found.ids.size(); ++i) {
    if (finding_key(events.found.events, i, subject_of(events.found.events, i)) != f.key) continue;
    if (events.rows.size() == ask.limit) {
      events.next = std::to_string(events.found.ids[events.rows.back()]);
      break;
    }
    events.rows.push_back(i);
  }
  if (events.next.empty() && events.found.ids.size() == query.limit)
    events.next = std::to_string(events.found.ids.back());
  return events;
}

Result<EventsPage> NodeBackend::finding_events(const Hash128& key, const EventsAsk& ask,
                                               const Patience& patience) {
  Finding finding = TRY(node_.findings().one(key));
  auto events = TRY(events_of(finding, ask, patience));
  EventsPage page{.next = std::move(events.next)};
  for (std::size_t i : events.rows) page.items.push_back(native(events.found, i));
  return page;
}

Result<FindingDetail> NodeBackend::finding(const Hash128& key, const Patience& patience) {
  FindingDetail detail;
  Finding f = TRY(node_.findings().one(key));
  detail.row = judged_row(f);
  auto events = TRY(events_of(f, {.limit = rows_looked_at_max}, patience));
  std::map<Day, Count> days;
  Seen seen;
  for (std::size_t i : events.rows) {
    ++days[times::day_of(events.found.events.time[i])];
    seen.emplace_back(events.found.events.time[i], node_.words().word(events.found.feeds[i]));
  }
  std::ranges::sort(seen);
  detail.days.assign(days.begin(), days.end());
  bool whole = events.next.empty() && !seen.empty();
  detail.history = story_of(f, seen, whole);
  for (auto& entry : TRY(acts_on(f))) detail.history.push_back(std::move(entry));
  std::ranges::stable_sort(detail.history, std::less{}, &HistoryEntry::at);
  std::ranges::reverse(detail.history);
  if (f.subject_kind == SubjectKind::address) {
    auto where = node_.enrichment().locate(f.ip);
    if (where.network) {
      detail.prefix = ip::format(*where.network);
      detail.same_network =
          node_.findings().count(filter("ip:" + detail.prefix + " state:open,reopened"));
    }
  }
  if (!f.controller.empty()) {
    detail.same_controller =
        node_.findings().count(filter("controller:" + f.controller + " state:open,reopened"));
  }
  if (f.controller_reason != ControllerReason::unknown) detail.controller_told = controller_told(f);
  if (TimeUs date = node_.enrichment().database_date(); date != time_none)
    detail.database_date = times::format_day(times::day_of(date));
  return detail;
}

Result<FindingWhy> NodeBackend::why(const Hash128& key, const Patience& patience) {
  Finding f = TRY(node_.findings().one(key));
  auto events = TRY(events_of(f, {.limit = rows_looked_at_max}, patience));
  FindingWhy why{.tlp = f.tlp};
  std::map<std::string, std::pair<TimeUs, Count>> by_feed;
  for (std::size_t i : events.rows) {
    if (why.rows.size() < rows_shown_max) {
      why.rows.push_back(Object()
                             .add("event", fmt::format("e_{:x}", events.found.ids[i]))
                             .add("feed", node_.words().word(events.found.feeds[i]))
                             .add("line", events.found.events.line[i])
                             .add("report", fmt::format("r_{}", events.found.reports[i]))
                             .add("time", when(events.found.events.time[i]))
                             .text());
    }
    auto& [last, count] = by_feed[std::string(node_.words().word(events.found.feeds[i]))];
    last = std::max(last, events.found.events.time[i]);
    ++count;
  }
  std::uint32_t allowed_s = quiet_after_s(f.type);
  for (const auto& [feed, seen] : by_feed) {
    std::uint32_t until = 0;
    for (const auto& c : node_.findings().coverage(feed)) {
      if (c.type == f.type && c.country == f.country) until = c.until_s;
    }
    why.feeds.push_back(Object()
                            .add("covered_until", when(TimeUs{until} * us_per_s))
                            .add("events", seen.second)
                            .add("feed", feed)
                            .add("last", when(seen.first))
                            .text());
  }
  KeyParts parts = key_parts(f.type);
  std::string made_of = std::string(name(f.subject_kind));
  if (parts.family) made_of += ", family";
  if (parts.service) made_of += ", transport and port";
  if (parts.port) made_of += ", port";
  if (parts.identifier) made_of += ", identifier";
  why.rules.push_back(fmt::format("one {} finding for each: {}", name(f.type), made_of));
  why.rules.push_back(
      fmt::format("quiet when all its feeds have delivered {} about its country for {} h without "
                  "it; closed after {} h",
                  name(f.type), allowed_s / 3600, allowed_s / 900));
  why.rules.push_back(fmt::format("state {}: last seen {}", name(f.state), when(f.last)));
  bool known = f.controller_reason != ControllerReason::unknown;
  why.rules.push_back(fmt::format(
      "controller {}{}: {}",
      !known                 ? "unknown"
      : f.controller.empty() ? "known"
                             : f.controller,
      known && !f.controller_country.empty() ? " in " + f.controller_country.text() : "",
      controller_told(f)));
  return why;
}

Result<std::vector<SearchHit>> NodeBackend::search(const std::string& text, const Patience&) {
  std::vector<SearchHit> hits;
  auto parsed = store::parse_filter(text, node_.now());
  if (!parsed) return std::unexpected(parsed.error());
  if (parsed->all.empty()) return hits;
  std::string as_filter = store::format(*parsed);
  std::uint64_t count = node_.findings().count(*parsed);
  auto field = parsed->all.front().field;
  using F = store::FilterField;
  std::string kind = field == F::ip
                         ? (parsed->all[0].any[0].network.length == 128 ? "address" : "prefix")
                     : field == F::asn    ? "as"
                     : field == F::name   ? "name"
                     : field == F::hash   ? "hash"
                     : field == F::family ? "family"
                                          : "filter";
  std::string detail = text::count(count, "finding", "findings");
  if (field == F::asn && !parsed->all[0].any.empty()) {
    detail += ", " + as_name(static_cast<std::uint32_t>(parsed->all[0].any[0].number));
  }
  if (kind == "address") {
    auto where = node_.enrichment().locate(parsed->all[0].any[0].network.base);
    if (where.asn != 0) detail += fmt::format(", AS{} {}", where.asn, where.as_name);
    if (!where.country.empty()) detail += ", " + where.country.text();
  }
  hits.push_back({kind, as_filter, detail, "/findings?q=" + http::percent_encode(as_filter)});
  for (const auto& row : node_.feeds().list()) {
    if (row.feed.name.contains(text::lower(text))) {
      hits.push_back({"feed", row.feed.name, row.feed.title, "/feeds/" + row.feed.name});
    }
  }
  return hits;
}

Result<std::vector<LineHit>> NodeBackend::search_lines(const std::vector<std::string>& lines,
                                                       const Patience& patience) {
  std::vector<LineHit> hits;
  for (const auto& line : lines) {
    if (std::chrono::steady_clock::now() > patience.deadline)
      return unavailable("too many lines for the time there is");
    LineHit hit{.line = line, .kind = "nothing"};
    auto parsed = store::parse_filter(line, node_.now());
    if (parsed && !parsed->all.empty()) {
      using F = store::FilterField;
      auto field = parsed->all.front().field;
      hit.kind = field == F::ip ? "address" : std::string(store::name(field));
      hit.findings = node_.findings().count(*parsed);
      hit.href = "/findings?q=" + http::percent_encode(store::format(*parsed));
    }
    hits.push_back(std::move(hit));
  }
  return hits;
}

}  // namespace tocsin::api
