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
Answer list_ways(Context& context, const Call& call);
Answer begin_oidc(Context& context, const Call& call);
Answer end_oidc(Context& context, const Call& call);
Answer sign_in_by_proxy(Context& context, const Call& call);

// handlers_people.cpp
Answer list_users(Context& context, const Call& call);
Answer show_user(Context& context, const Call& call);
Answer add_user(Context& context, const Call& call);
Answer set_user_role(Context& context, const Call& call);
Answer disable_user(Context& context, const Call& call);
Answer enable_user(Context& context, const Call& call);
Answer reset_user_password(Context& context, const Call& call);
Answer reset_user_totp(Context& context, const Call& call);
Answer sign_user_out(Context& context, const Call& call);
Answer remove_user(Context& context, const Call& call);
Answer show_profile(Context& context, const Call& call);
Answer change_password(Context& context, const Call& call);
Answer begin_totp(Context& context, const Call& call);
Answer confirm_totp(Context& context, const Call& call);
Answer end_totp(Context& context, const Call& call);
Answer list_sessions(Context& context, const Call& call);
Answer end_session(Context& context, const Call& call);
Answer list_tokens(Context& context, const Call& call);
Answer create_token(Context& context, const Call& call);
Answer remove_token(Context& context, const Call& call);
// Ends the live streams of sessions and tokens that may no longer come in.
void end_lost_streams(Context& context);

// handlers_emergencies.cpp
Answer list_emergencies(Context& context, const Call& call);
Answer release_emergency(Context& context, const Call& call);
Answer confirm_emergency(Context& context, const Call& call);
Answer take_back_emergency(Context& context, const Call& call);

// handlers_view.cpp
Answer show_partner_view(Context& context, const Call& call);

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
Answer list_partner_stats(Context& context, const Call& call);
Answer show_overview(Context& context, const Call& call);
Answer list_countries(Context& context, const Call& call);

// handlers_warnings.cpp
Answer list_series(Context& context, const Call& call);
Answer list_warnings(Context& context, const Call& call);
Answer show_warning(Context& context, const Call& call);

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

// handlers_operations.cpp
Answer show_state(Context& context, const Call& call);
Answer resume(Context& context, const Call& call);
Answer list_exercises(Context& context, const Call& call);
Answer issue_situation(Context& context, const Call& call);
Answer list_situations(Context& context, const Call& call);
Answer show_situation(Context& context, const Call& call);

// handlers_corrections.cpp
Answer withdraw_report(Context& context, const Call& call);
Answer replace_report(Context& context, const Call& call);
Answer replay_report(Context& context, const Call& call);
Answer show_raw(Context& context, const Call& call);

// handlers_law.cpp
Answer show_subject(Context& context, const Call& call);
Answer export_subject(Context& context, const Call& call);
Answer erase_subject(Context& context, const Call& call);
Answer list_erasures(Context& context, const Call& call);
Answer list_holds(Context& context, const Call& call);
Answer add_hold(Context& context, const Call& call);
Answer lift_hold(Context& context, const Call& call);

// handlers_alert.cpp
Answer list_constituents(Context& context, const Call& call);
Answer show_constituent(Context& context, const Call& call);
Answer remove_constituent(Context& context, const Call& call);
Answer import_constituents(Context& context, const Call& call);
Answer export_constituents(Context& context, const Call& call);
Answer list_alerts(Context& context, const Call& call);
Answer show_alerts_state(Context& context, const Call& call);
Answer preview_alert(Context& context, const Call& call);
Answer preview_constituent(Context& context, const Call& call);
Answer explain_alert(Context& context, const Call& call);
Answer show_morning(Context& context, const Call& call);
Answer dry_run_alerts(Context& context, const Call& call);
Answer switch_alerts(Context& context, const Call& call);
Answer run_alerts(Context& context, const Call& call);
Answer replay_alerts(Context& context, const Call& call);
Answer bounce_alert(Context& context, const Call& call);

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

// handlers_partners.cpp
Answer hear_statement(Context& context, const Call& call);
Answer list_partners(Context& context, const Call& call);
Answer show_partner(Context& context, const Call& call);
Answer list_invitations(Context& context, const Call& call);
Answer invite_partner(Context& context, const Call& call);
Answer withdraw_invitation(Context& context, const Call& call);
Answer join_partner(Context& context, const Call& call);
Answer compare_partner(Context& context, const Call& call);
Answer stop_partner(Context& context, const Call& call);
Answer revoke_partner(Context& context, const Call& call);
Answer make_partner_token(Context& context, const Call& call);
Answer change_member_key(Context& context, const Call& call);
Answer recover_member_key(Context& context, const Call& call);
Answer show_recovery_key(Context& context, const Call& call);
Answer forget_recovery_key(Context& context, const Call& call);
// handlers_agreements.cpp
Answer list_agreements(Context& context, const Call& call);
Answer show_agreement(Context& context, const Call& call);
Answer propose_agreement(Context& context, const Call& call);
Answer sign_agreement(Context& context, const Call& call);
Answer renew_agreement(Context& context, const Call& call);
Answer suspend_agreement(Context& context, const Call& call);
Answer resume_agreement(Context& context, const Call& call);
Answer end_agreement(Context& context, const Call& call);
Answer say_agreement_deleted(Context& context, const Call& call);
// handlers_terms.cpp
Answer list_templates(Context& context, const Call& call);
Answer draft_agreement(Context& context, const Call& call);
Answer check_agreement(Context& context, const Call& call);
Answer explain_agreements(Context& context, const Call& call);
// handlers_requests.cpp
Answer list_requests(Context& context, const Call& call);
Answer show_request(Context& context, const Call& call);
Answer make_request(Context& context, const Call& call);
Answer accept_request(Context& context, const Call& call);
Answer refuse_request(Context& context, const Call& call);
Answer end_request(Context& context, const Call& call);
Answer withdraw_request(Context& context, const Call& call);
Answer comment_request(Context& context, const Call& call);
Answer list_opinions(Context& context, const Call& call);
Answer say_opinion(Context& context, const Call& call);
// What was said of the items that a finding's events came from.
Result<std::vector<Object>> opinions_on(Context& context, const Call& call, const Hash128& key);
// handlers_ledger.cpp
Answer list_ledger(Context& context, const Call& call);
Answer show_ledger_entry(Context& context, const Call& call);
Answer show_ledger_head(Context& context, const Call& call);
Answer list_ledger_heads(Context& context, const Call& call);
Answer prove_ledger(Context& context, const Call& call);
Answer verify_ledger(Context& context, const Call& call);
Answer export_ledger(Context& context, const Call& call);
Answer export_account(Context& context, const Call& call);
Answer compare_ledgers(Context& context, const Call& call);
Answer show_reciprocity(Context& context, const Call& call);

// handlers_indicators.cpp
Answer list_indicators(Context& context, const Call& call);
Answer show_indicator(Context& context, const Call& call);
Answer import_indicators(Context& context, const Call& call);
Answer expire_indicator(Context& context, const Call& call);
Answer add_sighting(Context& context, const Call& call);
Answer add_false_positive(Context& context, const Call& call);

// handlers_triage.cpp
Answer judge_finding(Context& context, const Call& call);
Answer judge_many(Context& context, const Call& call);
Answer list_acts(Context& context, const Call& call);
Answer undo_act(Context& context, const Call& call);
Answer list_triage_words(Context& context, const Call& call);
Answer list_mutes(Context& context, const Call& call);
Answer add_mute(Context& context, const Call& call);
Answer end_mute(Context& context, const Call& call);
Answer list_views(Context& context, const Call& call);
Answer keep_view(Context& context, const Call& call);
Answer change_view(Context& context, const Call& call);
Answer forget_view(Context& context, const Call& call);
Answer score_feeds(Context& context, const Call& call);
Answer preview_report(Context& context, const Call& call);
Answer list_formats(Context& context, const Call& call);

// handlers_cases.cpp
Answer list_cases(Context& context, const Call& call);
Answer start_case(Context& context, const Call& call);
Answer show_case(Context& context, const Call& call);
Answer change_case(Context& context, const Call& call);
Answer add_case_note(Context& context, const Call& call);
Answer attach_case_file(Context& context, const Call& call);
Answer download_case_file(Context& context, const Call& call);
Answer detach_case_file(Context& context, const Call& call);

// For all of them.
// The call's filter: `q`, where "me" is who asks, without what `without` names.
Result<store::Filter> findings_filter(const Call& call);
Result<store::Filter> filter_of(const Call& call, std::string_view q, std::string_view without);
// "muted,false-positive": what people have put aside, as a filter that selects it. Errors: invalid.
Result<store::Filter> put_aside(std::string_view words, TimeUs now);
// "muted or judged false-positive": the same words, for a definition.
std::string told_aside(std::string_view words);
// Somebody was faster: 409, with what stands now and what was done since.
http::Response conflict(std::string_view detail, const Object& current,
                        const std::vector<Object>& since);
Result<std::uint64_t> id_of(const Call& call, std::string_view what);
inline constexpr std::size_t limit_usual = 50, limit_max = 1000;
// A format by its name. A mapping file's path is taken from the node's own socket alone: whoever
// names one reads a file of this machine. Errors: denied.
Result<std::string> format_of(const Call& call, std::string name);
Result<std::size_t> limit_of(const Call& call);
// The object as an answer, with as_of and took_ms.
http::Response answered(const Call& call, Object object);
Result<EventsAsk> events_ask(const Call& call);
Result<FindingsAsk> findings_ask(const Call& call);

}  // namespace tocsin::api
