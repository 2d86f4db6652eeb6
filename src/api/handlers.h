// Handlers: one function for each route, grouped by file. The table in routes.cpp says what each
// may be given.
#pragma once

#include "api/object.h"
#include "api/routes.h"

namespace tocsin::api {

using Answer = Result<http::Response>;

// handlers_session.cpp
Answer sign_in_link(Context& context, const Call& call);
Answer show_session(Context& context, const Call& call);
Answer sign_in(Context& context, const Call& call);
Answer sign_out(Context& context, const Call& call);
Answer list_tokens(Context& context, const Call& call);
Answer create_token(Context& context, const Call& call);
Answer remove_token(Context& context, const Call& call);

// handlers_findings.cpp
Answer list_findings(Context& context, const Call& call);
Answer summarise_findings(Context& context, const Call& call);
Answer show_finding(Context& context, const Call& call);
Answer list_finding_events(Context& context, const Call& call);
Answer show_why(Context& context, const Call& call);
Answer list_events(Context& context, const Call& call);
Answer search(Context& context, const Call& call);
Answer search_lines(Context& context, const Call& call);

// handlers_download.cpp
Answer findings_csv(Context& context, const Call& call);
Answer findings_jsonl(Context& context, const Call& call);
Answer events_csv(Context& context, const Call& call);
Answer events_jsonl(Context& context, const Call& call);

// handlers_stats.cpp
Answer show_stats(Context& context, const Call& call);
Answer show_overview(Context& context, const Call& call);
Answer list_countries(Context& context, const Call& call);

// handlers_intake.cpp
Answer list_feeds(Context& context, const Call& call);
Answer show_feed(Context& context, const Call& call);
Answer enable_feed(Context& context, const Call& call);
Answer disable_feed(Context& context, const Call& call);
Answer run_feed(Context& context, const Call& call);
Answer list_catalogue(Context& context, const Call& call);
Answer take_report(Context& context, const Call& call);
Answer list_reports(Context& context, const Call& call);
Answer show_report(Context& context, const Call& call);
Answer list_quarantine(Context& context, const Call& call);
Answer list_quarantine_groups(Context& context, const Call& call);
Answer replay_quarantine(Context& context, const Call& call);
Answer drop_quarantine(Context& context, const Call& call);

// handlers_node.cpp
Answer show_health(Context& context, const Call& call);
Answer back_up(Context& context, const Call& call);
Answer stream(Context& context, const Call& call);
Answer show_openapi(Context& context, const Call& call);
Answer show_metrics(Context& context, const Call& call);
Answer healthz(Context& context, const Call& call);
Answer readyz(Context& context, const Call& call);
Answer console_file(Context& context, const Call& call);

// handlers_audit.cpp
Answer list_audit(Context& context, const Call& call);
Answer audit_csv(Context& context, const Call& call);
Answer verify_audit(Context& context, const Call& call);

// For all of them.
inline constexpr std::size_t limit_usual = 50, limit_max = 1000;
Result<std::size_t> limit_of(const Call& call);
// The object as an answer, with as_of and took_ms.
http::Response answered(const Call& call, Object object);
Result<EventsAsk> events_ask(const Call& call);
Result<FindingsAsk> findings_ask(const Call& call);

}  // namespace tocsin::api
