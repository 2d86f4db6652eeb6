// The parts that the table of routes is made of, one file for each group, and the parameters that
// many calls share.
#pragma once

#include "api/routes.h"

namespace tocsin::api {

std::vector<Route> session_routes();
std::vector<Route> people_routes();
std::vector<Route> finding_routes();
std::vector<Route> stats_routes();
std::vector<Route> warning_routes();
std::vector<Route> feed_routes();
std::vector<Route> intake_routes();
std::vector<Route> operation_routes();
std::vector<Route> correction_routes();
std::vector<Route> law_routes();
std::vector<Route> alert_routes();
std::vector<Route> triage_routes();
std::vector<Route> case_routes();
std::vector<Route> node_routes();
std::vector<Route> audit_routes();
std::vector<Route> partner_routes();
std::vector<Route> request_routes();
std::vector<Route> ledger_routes();
std::vector<Route> indicator_routes();

namespace parameters {

using enum ParameterType;
using Parameters = std::vector<Parameter>;

inline constexpr std::uint64_t json_max = 1 << 20, report_max = 4ull << 30;

inline const Parameter q{"q", filter,
                         "filter: field:value field:a,b field>=value -field:value, or words"};
inline const Parameter since{"since", time, "from this time on"};
inline const Parameter until{"until", time, "before this time"};
inline const Parameter limit{"limit", number,
                             "at most so many items; 50 if not said, at most 1000"};
inline const Parameter cursor{"cursor", text, "`next` of the answer before"};
inline const Parameter order{"order", choice, "oldest or least first, or the other way round",
                             "asc|desc"};
inline const Parameter without{
    "without", text,
    "without what people put aside: muted, false-positive, accepted-risk, not-ours, duplicate"};
inline const Parameter feed{"feed", text, "a feed's name"};
inline const Parameter at_least{"at_least", number,
                                "wait until what was taken in up to this seq is seen"};

// A set of parameters with some more.
inline Parameters with(Parameters some, const Parameters& more) {
  some.insert(some.end(), more.begin(), more.end());
  return some;
}
inline const Parameters paged = {limit, cursor};
inline const Parameters events = {q, since, until, order, limit, cursor, at_least};

}  // namespace parameters
}  // namespace tocsin::api
