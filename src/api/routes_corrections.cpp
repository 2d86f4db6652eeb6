// Routes: corrections.
#include "api/handlers.h"
#include "api/routes_parts.h"

namespace tocsin::api {

using enum http::Lane;
using enum ParameterType;
using namespace parameters;

std::vector<Route> correction_routes() {
  return {
      {"POST",
       "/api/v1/reports/{id}/withdraw",
       Right::work,
       withdraw_report,
       "withdrawReport",
       "Takes a report back: its events leave events, findings and counts. Once.",
       {},
       "Withdrawal",
       "WithdrawAsk",
       bulk,
       json_max},
      {"POST",
       "/api/v1/reports/{id}/replay",
       Right::work,
       replay_report,
       "replayReport",
       "Reads a report's kept bytes anew, as its feed is configured now, and withdraws the old "
       "reading.",
       {},
       "Replacement",
       "ReplayAsk",
       bulk,
       json_max},
      {"POST",
       "/api/v1/reports/{id}/replace",
       Right::work,
       replace_report,
       "replaceReport",
       "Takes in a report in the place of another, which is withdrawn; the body is its bytes.",
       {{"reason", text, "why; kept with the correction"},
        {"format", text, "a format's name; the feed's if not said"},
        {"name", text, "the file's name; that of the old one if not said"},
        {"tlp", text, "marking of its events; as the old one's if not said"}},
       "Replacement",
       "bytes",
       bulk,
       report_max},
      {"GET",
       "/api/v1/reports/{id}/raw",
       Right::work,
       show_raw,
       "rawReport",
       "The bytes of a report, while they are kept.",
       {},
       "bytes",
       "",
       bulk,
       0,
       200,
       "application/octet-stream"},
  };
}

}  // namespace tocsin::api
