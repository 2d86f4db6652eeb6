// Routes of early warning: series and warnings.
#include "api/handlers.h"
#include "api/routes_parts.h"

namespace tocsin::api {

using enum http::Lane;
using enum ParameterType;
using namespace parameters;

std::vector<Route> warning_routes() {
  return {
      {"GET",
       "/api/v1/series",
       Right::read,
       list_series,
       "listSeries",
       "Counts over time by type, family or port, at any place, also of what is not complete yet.",
       {{"what", choice, "by what besides the type; by what else is said, if not said",
         "type|family|port"},
        {"where", choice, "by which place; by what else is said, if not said",
         "all|country|asn|sector|constituent"},
        {"resolution", choice, "how long a tick is; 1h if not said", "15m|1h|1d|1w"},
        {"type", text, "only this type"},
        {"class", text, "only this class"},
        {"family", text, "only this malware family"},
        {"port", text, "only this port of a service: 445/tcp"},
        {"country", country, "only this country"},
        {"asn", number, "only this AS number"},
        {"sector", text, "only this sector"},
        {"constituent", text, "only this constituent: c_12"},
        feed,
        {"since", time, "from this time on; 7 days back if not said"},
        until,
        {"top", number, "at most so many series, those with the most events; 20 if not said"},
        {"expected", choice, "also what the past makes expect", "yes|no"}},
       "SeriesList",
       "",
       query},
      {"GET",
       "/api/v1/warnings",
       Right::read,
       list_warnings,
       "listWarnings",
       "What is rising, with its evidence: open warnings, the newest first.",
       {{"state", choice, "those that are open, or those closed a short while ago as well",
         "open|all"},
        limit},
       "WarningList",
       "",
       query},
      {"GET",
       "/api/v1/warnings/{id}",
       Right::read,
       show_warning,
       "showWarning",
       "One warning.",
       {},
       "Warning",
       "",
       query},
  };
}

}  // namespace tocsin::api
