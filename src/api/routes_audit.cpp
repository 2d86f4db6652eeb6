// Routes: the audit: who did what.
#include "api/handlers.h"
#include "api/routes_parts.h"

namespace tocsin::api {

using enum http::Lane;
using enum ParameterType;
using namespace parameters;

std::vector<Route> audit_routes() {
  const Parameters which = {
      {"who", text, "a user's name, as it stands there"},
      {"what", text, "stands in the call or in what it was done to"},
      {"outcome", choice, "how it ended", "done|denied|refused|failed"},
      since,
      until,
  };
  return {
      {"GET", "/api/v1/audit", Right::audit, list_audit, "listAudit", "Who did what, newest first.",
       with(which, paged), "AuditList", "", query},
      {"GET", "/api/v1/audit.csv", Right::audit, audit_csv, "downloadAuditCsv",
       "The same as CSV, all of it.", which, "text", "", bulk, 0, 200, "text/csv"},
      {"GET",
       "/api/v1/audit/verify",
       Right::audit,
       verify_audit,
       "verifyAudit",
       "Whether every row is as it was written.",
       {{"id", number, "a row that was noted before"}, {"hash", text, "its hash, as it was noted"}},
       "AuditVerdict",
       "",
       bulk},
  };
}

}  // namespace tocsin::api
