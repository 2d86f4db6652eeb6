// Routes: indicators.
#include "api/handlers.h"
#include "api/routes_parts.h"

namespace tocsin::api {

using enum http::Lane;
using enum ParameterType;
using namespace parameters;

std::vector<Route> indicator_routes() {
  const Parameter type{"type", text, "a type of RSIT, as of events"};
  return {
      {"GET", "/api/v1/indicators", Right::read, list_indicators, "listIndicators",
       "Indicators, newest first; with q by value. A page may have few items and a next.",
       with({{"q", text, "a value in any spelling, or how it begins"},
             {"exact", choice, "yes: that value alone", "yes|no"},
             {"kind", text, "ip, network, domain, url, mail, asn, sha256 …, pattern"},
             type,
             {"source", text, "who claims something: feed:NAME, member:ID, person:NAME"},
             {"state", choice, "upcoming, active or expired", "upcoming|active|expired"}},
            paged),
       "IndicatorList"},
      {"POST",
       "/api/v1/indicators",
       Right::work,
       import_indicators,
       "importIndicators",
       "Imports a file: a list, CSV with a head, STIX, MISP; the body is its bytes. What it says "
       "of "
       "each holds; the parameters hold where it says nothing.",
       {{"format", choice, "found by the first bytes if not said", "list|csv|stix|misp"},
        {"source", text, "the feed that says so; you if not said"},
        type,
        {"family", text, "a malware family"},
        {"techniques", text, "of ATT&CK, parted by commas: T1566.001"},
        {"confidence", number, "0 to 100"},
        {"severity", text, "info, low, medium, high, critical"},
        {"tlp", text, "clear, green, amber, amber+strict, red; unmarked is red"},
        {"pap", text, "clear, green, amber, red; unmarked is red"},
        {"valid_from", time, "from this time on"},
        {"valid_until", time, "before this time"},
        {"text", text, "more about it"}},
       "IndicatorImport",
       "bytes",
       bulk,
       report_max},
      {"GET",
       "/api/v1/indicators/{id}",
       Right::read,
       show_indicator,
       "showIndicator",
       "One indicator with each claim, and where it was seen.",
       {},
       "IndicatorShown"},
      {"POST",
       "/api/v1/indicators/{id}/expire",
       Right::work,
       expire_indicator,
       "expireIndicator",
       "Ends an indicator: what was claimed of it until now holds no more.",
       {},
       "IndicatorShown",
       "ExpireAsk",
       quick,
       json_max},
      {"POST",
       "/api/v1/indicators/{id}/sightings",
       Right::work,
       add_sighting,
       "addSighting",
       "It was seen.",
       {},
       "IndicatorShown",
       "SightingAsk",
       quick,
       json_max},
      {"POST",
       "/api/v1/indicators/{id}/false-positives",
       Right::work,
       add_false_positive,
       "addFalsePositive",
       "It is a false positive.",
       {},
       "IndicatorShown",
       "FalsePositiveAsk",
       quick,
       json_max},
  };
}

}  // namespace tocsin::api
