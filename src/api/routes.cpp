#include "api/routes.h"

#include <algorithm>

#include "api/handlers.h"
#include "base/text.h"

namespace tocsin::api {
namespace {

using enum http::Lane;
using enum ParameterType;
using R = Role;
using Parameters = std::vector<Parameter>;

constexpr std::uint64_t json_max = 1 << 20, report_max = 4ull << 30;

const Parameter q{"q", filter, "filter: field:value field:a,b field>=value -field:value, or words"};
const Parameter since{"since", time, "from this time on"};
const Parameter until{"until", time, "before this time"};
const Parameter limit{"limit", number, "at most so many items; 50 if not said, at most 1000"};
const Parameter cursor{"cursor", text, "`next` of the answer before"};
const Parameter order{"order", choice, "oldest or least first, or the other way round", "asc|desc"};
const Parameter feed{"feed", text, "a feed's name"};
const Parameter at_least{"at_least", number, "wait until what was taken in up to this seq is seen"};

// A set of parameters with some more.
Parameters with(Parameters some, const Parameters& more) {
  some.insert(some.end(), more.begin(), more.end());
  return some;
}
const Parameters paged = {limit, cursor};
const Parameters events = {q, since, until, order, limit, cursor, at_least};

std::vector<Route> session_routes() {
  return {
      {"GET",
       "/signin",
       R::nobody,
       sign_in_link,
       "signInByShortLink",
       "The one-time link that `tocsin run` prints: signs in and goes to the console.",
       {{"code", text, "the code in the link", {}, true}},
       "",
       "",
       quick,
       0,
       303},
      {"GET",
       "/api/v1/signin",
       R::nobody,
       sign_in_link,
       "signInByLink",
       "The same within the API.",
       {{"code", text, "the code in the link", {}, true}},
       "",
       "",
       quick,
       0,
       303},
      {"GET",
       "/api/v1/session",
       R::viewer,
       show_session,
       "showSession",
       "Who is signed in, and what this node is.",
       {{"optional", choice, "true: 204 instead of 401 when nobody is signed in", "true|false"}},
       "Session"},
      {"POST",
       "/api/v1/session",
       R::nobody,
       sign_in,
       "signIn",
       "Signs in with a one-time code; the answer sets the cookie.",
       {},
       "",
       "SignIn",
       quick,
       json_max,
       204},
      {"DELETE",
       "/api/v1/session",
       R::viewer,
       sign_out,
       "signOut",
       "Signs out.",
       {},
       "",
       "",
       quick,
       0,
       204},
      {"GET",
       "/api/v1/tokens",
       R::administrator,
       list_tokens,
       "listTokens",
       "The tokens that programs sign in with.",
       {},
       "TokenList"},
      {"POST",
       "/api/v1/tokens",
       R::administrator,
       create_token,
       "createToken",
       "A new token, shown this once.",
       {},
       "NewToken",
       "TokenWish",
       quick,
       json_max,
       201},
      {"DELETE",
       "/api/v1/tokens/{id}",
       R::administrator,
       remove_token,
       "removeToken",
       "Takes a token back.",
       {},
       "",
       "",
       quick,
       0,
       204},
  };
}

std::vector<Route> finding_routes() {
  const Parameters list = {q,      {"sort", choice, "by what", "last|first|times|severity|subject"},
                           order,  limit,
                           cursor, {"offset", number, "pass over so many, instead of a cursor"}};
  return {
      {"GET", "/api/v1/findings", R::viewer, list_findings, "listFindings",
       "Findings that a filter selects.", list, "FindingList", "", query},
      {"GET",
       "/api/v1/findings/summary",
       R::viewer,
       summarise_findings,
       "summariseFindings",
       "How many there are, by state, type and day.",
       {q},
       "FindingSummary",
       "",
       query},
      {"GET",
       "/api/v1/findings.csv",
       R::viewer,
       findings_csv,
       "downloadFindingsCsv",
       "All findings that a filter selects, as CSV.",
       {q},
       "text",
       "",
       bulk,
       0,
       200,
       "text/csv"},
      {"GET",
       "/api/v1/findings.jsonl",
       R::viewer,
       findings_jsonl,
       "downloadFindingsJsonLines",
       "All findings that a filter selects, one JSON object a line.",
       {q},
       "text",
       "",
       bulk,
       0,
       200,
       "application/x-ndjson"},
      {"GET",
       "/api/v1/findings/{id}",
       R::viewer,
       show_finding,
       "showFinding",
       "One finding with its history and what it means.",
       {},
       "FindingDetail",
       "",
       query},
      {"GET", "/api/v1/findings/{id}/events", R::viewer, list_finding_events, "listFindingEvents",
       "The events that a finding is made of.", events, "EventList", "", query},
      {"GET",
       "/api/v1/findings/{id}/why",
       R::viewer,
       show_why,
       "showWhy",
       "Why there is this finding: rows, feeds, rules.",
       {},
       "Why",
       "",
       query},
      {"GET", "/api/v1/events", R::viewer, list_events, "listEvents",
       "Events that a filter selects, as native JSON (docs/event.md).", events, "EventList", "",
       query},
      {"GET",
       "/api/v1/events.csv",
       R::viewer,
       events_csv,
       "downloadEventsCsv",
       "All events that a filter selects, as CSV, oldest first.",
       {q, since, until},
       "text",
       "",
       bulk,
       0,
       200,
       "text/csv"},
      {"GET",
       "/api/v1/events.jsonl",
       R::viewer,
       events_jsonl,
       "downloadEventsJsonLines",
       "All events that a filter selects, one JSON object a line, oldest first.",
       {q, since, until},
       "text",
       "",
       bulk,
       0,
       200,
       "application/x-ndjson"},
      {"GET",
       "/api/v1/search",
       R::viewer,
       search,
       "search",
       "What an address, prefix, AS, name, hash, family or word leads to.",
       {{"q", text, "what to look for", {}, true}},
       "SearchList",
       "",
       query},
      {"POST",
       "/api/v1/search",
       R::viewer,
       search_lines,
       "searchLines",
       "Up to 500 pasted lines, each looked up.",
       {},
       "LineList",
       "SearchLines",
       query,
       json_max},
  };
}

std::vector<Route> stats_routes() {
  return {
      {"GET",
       "/api/v1/stats",
       R::viewer,
       show_stats,
       "showStats",
       "Counts of events and distinct subjects by a named cut.",
       {{"cut", choice, "by what to count",
         "country|country.class|country.type|country.type.family|country.type.controller|asn.type|"
         "family|asn|controller|sector.type|type|class",
         true},
        {"type", text, "only this type"},
        {"class", text, "only this class"},
        {"country", country, "only this country"},
        {"family", text, "only this malware family"},
        {"asn", number, "only this AS number"},
        since,
        until,
        {"tz", text, "days of this time zone, counted from the events: Europe/Lisbon or +01:00"},
        {"compare", choice, "with the year before, or the stretch of time before", "year|previous"},
        {"per", choice, "a row for each", "period|month|week|day"},
        {"top", number, "at most so many rows; all if not said"},
        {"order", choice, "by what, most first", "distinct|events|change"}},
       "Stats",
       "",
       query},
      {"GET",
       "/api/v1/overview",
       R::viewer,
       show_overview,
       "showOverview",
       "What the Overview page shows, made of the same counts.",
       {{"period", choice, "how far back", "24h|30d|year"},
        since,
        until,
        {"country", country, "instead of the node's own"},
        {"looked", time, "when the reader was last here: what changed since then"}},
       "Overview",
       "",
       query},
      {"GET",
       "/api/v1/countries",
       R::viewer,
       list_countries,
       "listCountries",
       "Countries by code, with how many addresses they announce.",
       {},
       "CountryList"},
  };
}

std::vector<Route> feed_routes() {
  return {
      {"GET",
       "/api/v1/feeds",
       R::viewer,
       list_feeds,
       "listFeeds",
       "The configured feeds and how they do.",
       {limit},
       "FeedList"},
      {"GET", "/api/v1/feeds/{name}", R::viewer, show_feed, "showFeed", "One feed.", {}, "Feed"},
      {"POST",
       "/api/v1/feeds/{name}/enable",
       R::administrator,
       enable_feed,
       "enableFeed",
       "Switches a feed on; its terms must be accepted.",
       {},
       "Feed",
       "AcceptTerms",
       quick,
       json_max},
      {"POST",
       "/api/v1/feeds/{name}/disable",
       R::administrator,
       disable_feed,
       "disableFeed",
       "Switches a feed off.",
       {},
       "Feed",
       "",
       quick,
       json_max},
      {"POST",
       "/api/v1/feeds/{name}/run",
       R::analyst,
       run_feed,
       "runFeed",
       "Collects now instead of waiting for the schedule.",
       {},
       "Feed",
       "",
       quick,
       json_max},
      {"GET",
       "/api/v1/catalogue",
       R::viewer,
       list_catalogue,
       "listCatalogue",
       "The public feeds that this node knows, with their terms.",
       {limit},
       "CatalogueList"},
  };
}

std::vector<Route> intake_routes() {
  const Parameter state{"state", text, "only in this state"};
  const Parameter reason{"reason", text, "only with this reason"};
  return {
      {"POST",
       "/api/v1/reports",
       R::analyst,
       take_report,
       "takeReport",
       "Takes in a report; the body is its bytes. Answers when it is in for good.",
       {feed,
        {"format", text, "a format's name; found by name and content if not said"},
        {"name", text, "the file's name"},
        {"tlp", text, "marking of its events: clear, green, amber, amber+strict, red"},
        {"visible", choice, "no: answer before questions see its events; for many in a row",
         "yes|no"}},
       "ReportOutcome",
       "bytes",
       bulk,
       report_max},
      {"GET", "/api/v1/reports", R::viewer, list_reports, "listReports",
       "Reports that came in, newest first.", with({feed, state}, paged), "ReportList"},
      {"GET",
       "/api/v1/reports/{id}",
       R::viewer,
       show_report,
       "showReport",
       "One report.",
       {},
       "Report"},
      {"GET", "/api/v1/quarantine", R::analyst, list_quarantine, "listQuarantine",
       "Records that could not be read, with their bytes.", with({feed, state, reason}, paged),
       "QuarantineList"},
      {"GET",
       "/api/v1/quarantine/groups",
       R::viewer,
       list_quarantine_groups,
       "listQuarantineGroups",
       "The same, counted by feed and reason.",
       {},
       "QuarantineGroupList"},
      {"POST",
       "/api/v1/quarantine/replay",
       R::analyst,
       replay_quarantine,
       "replayQuarantine",
       "Reads them again, after a better mapping.",
       {},
       "ReplayOutcome",
       "QuarantinePick",
       bulk,
       json_max},
      {"POST",
       "/api/v1/quarantine/drop",
       R::analyst,
       drop_quarantine,
       "dropQuarantine",
       "Gives them up.",
       {},
       "DropOutcome",
       "QuarantinePick",
       bulk,
       json_max},
  };
}

std::vector<Route> node_routes() {
  return {
      {"GET",
       "/api/v1/health",
       R::viewer,
       show_health,
       "showHealth",
       "What works, what does not, and what to do.",
       {},
       "Health"},
      {"POST",
       "/api/v1/backup",
       R::administrator,
       back_up,
       "backUp",
       "Copies the whole state into a new folder on the node's machine; at its socket only.",
       {},
       "",
       "BackupWish",
       bulk,
       json_max,
       204},
      {"GET",
       "/api/v1/stream",
       R::viewer,
       stream,
       "stream",
       "What happens now, as server-sent events: counters, sample, finding, feed, report, health.",
       {},
       "text",
       "",
       quick,
       0,
       200,
       "text/event-stream"},
      {"GET",
       "/api/v1/openapi.json",
       R::nobody,
       show_openapi,
       "showOpenapi",
       "This description.",
       {},
       "Any"},
      {"GET",
       "/metrics",
       R::viewer,
       show_metrics,
       "showMetrics",
       "Figures of the node in the Prometheus text format.",
       {},
       "text",
       "",
       quick,
       0,
       200,
       "text/plain"},
      {"GET",
       "/healthz",
       R::nobody,
       healthz,
       "healthz",
       "Is the process alive?",
       {},
       "text",
       "",
       quick,
       0,
       200,
       "text/plain"},
      {"GET",
       "/readyz",
       R::nobody,
       readyz,
       "readyz",
       "Does it take in and answer?",
       {},
       "text",
       "",
       quick,
       0,
       200,
       "text/plain"},
      {"GET", "/*", R::nobody, console_file, "console", "The web console."},
  };
}

std::vector<Route> make_table() {
  std::vector<Route> all;
  for (auto part :
       {session_routes, finding_routes, stats_routes, feed_routes, intake_routes, node_routes}) {
    for (Route& route : part()) all.push_back(std::move(route));
  }
  return all;
}

std::vector<std::string_view> parts_of(std::string_view pattern) {
  std::vector<std::string_view> parts;
  pattern.remove_prefix(1);
  while (!pattern.empty()) parts.push_back(text::cut(pattern, '/'));
  return parts;
}

// Literal segments of a pattern as far as they match; nullopt: it does not match.
std::optional<std::size_t> fits(std::string_view pattern, const std::vector<std::string>& segments,
                                std::map<std::string, std::string, std::less<>>& path) {
  if (pattern == "/*") return 0;
  auto parts = parts_of(pattern);
  if (parts.size() != segments.size()) return std::nullopt;
  std::size_t literal = 1;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (parts[i].starts_with('{')) {
      if (segments[i].empty()) return std::nullopt;
      path.emplace(parts[i].substr(1, parts[i].size() - 2), segments[i]);
    } else if (parts[i] == segments[i]) {
      ++literal;
    } else {
      return std::nullopt;
    }
  }
  return literal;
}

}  // namespace

std::span<const Route> routes() {
  static const std::vector<Route> table = make_table();
  return table;
}

Matched match(const http::Request& request) {
  std::string_view method = request.method == "HEAD" ? "GET" : std::string_view(request.method);
  Matched best;
  std::size_t most = 0;  // literal segments: "summary" goes before "{id}"
  bool listed = false;
  for (const Route& route : routes()) {
    std::map<std::string, std::string, std::less<>> path;
    auto literal = fits(route.pattern, request.segments, path);
    if (!literal || (*literal == 0 && listed)) continue;
    if (*literal > 0) listed = true;
    if (route.method != method) {
      if (!best.allowed.contains(route.method)) {
        (best.allowed += best.allowed.empty() ? "" : ", ") += route.method;
      }
    } else if (!best.route || *literal > most) {
      best.route = &route;
      best.path = std::move(path);
      most = *literal;
    }
  }
  return best;
}

}  // namespace tocsin::api
