// Whole lists as files: read page by page while the client takes them, so that memory stays small.
#include <simdjson.h>

#include <fmt/format.h>

#include "api/answers.h"
#include "api/handlers.h"

namespace tocsin::api {
namespace {

constexpr auto page_time = std::chrono::seconds(60);

Patience page_patience(const Call& call) {
  return {.deadline = std::chrono::steady_clock::now() + page_time, .stop = call.request.stop};
}

http::Response file(const Call& call, std::string_view what, std::string_view ending) {
  std::string name =
      fmt::format("{}-{}.{}", what, times::format_day(times::day_of(call.now)), ending);
  std::string type = ending == "csv" ? "text/csv; charset=utf-8" : "application/x-ndjson";
  return {.headers = {{"Content-Type", type},
                      {"Content-Disposition", "attachment; filename=\"" + name + "\""},
                      {"Cache-Control", "no-store"}}};
}

// Pages of `Ask` one after the other, each printed by `print`. The first is asked for at once, so
// that an error is an error and not half a file.
template <class Ask, class Page, class Next, class Print>
Answer pages(const Call& call, http::Response response, std::string head, Ask ask, Next next,
             Print print) {
  Page first = TRY(next(ask, page_patience(call)));
  // The state of one download; std::function wants a lambda that can be copied.
  struct State {
    Ask ask;
    Page page;
    std::string head;
  };
  auto state = std::make_shared<State>(State{std::move(ask), std::move(first), std::move(head)});
  response.pieces = [state, next, print,
                     stop = call.request.stop](std::string& out) -> Result<bool> {
    out = std::exchange(state->head, {});
    for (const auto& item : state->page.items) print(out, item);
    if (state->page.next.empty()) return false;
    state->ask.cursor = state->page.next;
    Patience patience{.deadline = std::chrono::steady_clock::now() + page_time, .stop = stop};
    state->page = TRY(next(state->ask, patience));
    return true;
  };
  return response;
}

// In an order that does not change, so that what changes meanwhile is in it all the same, once.
Result<FindingsAsk> all_findings(const Call& call) {
  constexpr std::size_t at_once = 8192;
  FindingsAsk ask{.filter = TRY(findings_filter(call))};
  ask.limit = at_once;
  ask.walk = true;
  return ask;
}

auto findings_next(Context& context) {
  return [&context](const FindingsAsk& ask, const Patience& patience) {
    return context.backend.findings(ask, patience);
  };
}

Result<EventsAsk> all_events(const Call& call) {
  EventsAsk ask = TRY(events_ask(call));
  ask.limit = limit_max;
  ask.oldest_first = true;
  return ask;
}

auto events_next(Context& context) {
  return [&context](const EventsAsk& ask, const Patience& patience) {
    return context.backend.events(ask, patience);
  };
}

const std::vector<std::string>& event_columns() {
  static const std::vector<std::string> columns = {"id",
                                                   "time.source",
                                                   "time.observation",
                                                   "feed.name",
                                                   "classification.type",
                                                   "classification.taxonomy",
                                                   "classification.identifier",
                                                   "severity",
                                                   "malware.name",
                                                   "source.ip",
                                                   "source.port",
                                                   "source.asn",
                                                   "source.as_name",
                                                   "source.geolocation.cc",
                                                   "source.fqdn",
                                                   "source.url",
                                                   "source.account",
                                                   "destination.ip",
                                                   "destination.port",
                                                   "destination.asn",
                                                   "destination.geolocation.cc",
                                                   "destination.fqdn",
                                                   "destination.url",
                                                   "protocol.transport",
                                                   "protocol.application",
                                                   "tlp",
                                                   "node.source.as_name",
                                                   "node.source.network",
                                                   "node.destination.as_name",
                                                   "node.destination.network"};
  return columns;
}

// The member at a path of names joined by dots. "" if there is none.
std::string member_text(simdjson::dom::element element, std::string_view path) {
  while (true) {
    std::size_t dot = path.find('.');
    if (element[path.substr(0, dot)].get(element) != simdjson::SUCCESS) return {};
    if (dot == path.npos) break;
    path.remove_prefix(dot + 1);
  }
  std::string_view text;
  if (element.get(text) == simdjson::SUCCESS) return std::string(text);
  return simdjson::minify(element);
}

void append_event_csv(std::string& out, const std::string& event) {
  simdjson::dom::parser parser;
  simdjson::dom::element element;
  if (parser.parse(event).get(element) != simdjson::SUCCESS) return;
  bool first = true;
  for (const std::string& column : event_columns()) {
    if (!std::exchange(first, false)) out += ',';
    out += csv_cell(member_text(element, column));
  }
  out += "\r\n";
}

}  // namespace

Answer findings_csv(Context& context, const Call& call) {
  return pages<FindingsAsk, FindingsPage>(
      call, file(call, "findings", "csv"), csv_head(finding_columns()), TRY(all_findings(call)),
      findings_next(context),
      [](std::string& out, const FindingRow& row) { out += csv_line(row); });
}

Answer findings_jsonl(Context& context, const Call& call) {
  return pages<FindingsAsk, FindingsPage>(
      call, file(call, "findings", "jsonl"), "", TRY(all_findings(call)), findings_next(context),
      [](std::string& out, const FindingRow& row) { out += object_of(row).text() + '\n'; });
}

Answer events_csv(Context& context, const Call& call) {
  return pages<EventsAsk, EventsPage>(call, file(call, "events", "csv"), csv_head(event_columns()),
                                      TRY(all_events(call)), events_next(context),
                                      append_event_csv);
}

Answer events_jsonl(Context& context, const Call& call) {
  return pages<EventsAsk, EventsPage>(
      call, file(call, "events", "jsonl"), "", TRY(all_events(call)), events_next(context),
      [](std::string& out, const std::string& event) { out += event + '\n'; });
}

}  // namespace tocsin::api
