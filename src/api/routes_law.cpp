// Routes: the law.
#include "api/handlers.h"
#include "api/routes_parts.h"

namespace tocsin::api {

using enum http::Lane;
using enum ParameterType;
using namespace parameters;

std::vector<Route> law_routes() {
  return {
      {"POST",
       "/api/v1/subjects/show",
       Right::work,
       show_subject,
       "showSubject",
       "Where one subject stands in this node: an address, a name, a URL or an account.",
       {},
       "Traces",
       "SubjectAsk",
       bulk,
       json_max},
      {"POST",
       "/api/v1/subjects/export",
       Right::work,
       export_subject,
       "exportSubject",
       "Every event that names a subject, one a line.",
       {},
       "bytes",
       "SubjectAsk",
       bulk,
       json_max,
       200,
       "application/x-ndjson"},
      {"POST",
       "/api/v1/subjects/erase",
       Right::administer,
       erase_subject,
       "eraseSubject",
       "Erases a subject from events, findings, counts, quarantine, kept reports and notes; it is "
       "not heard of again.",
       {},
       "Erasure",
       "EraseAsk",
       bulk,
       json_max},
      {"GET",
       "/api/v1/erasures",
       Right::read,
       list_erasures,
       "listErasures",
       "What was erased, when and why, without whom it was about.",
       {},
       "ErasureList"},
      {"GET",
       "/api/v1/holds",
       Right::work,
       list_holds,
       "listHolds",
       "What must be kept whatever retention says, also what was lifted.",
       {},
       "HoldList"},
      {"POST",
       "/api/v1/holds",
       Right::administer,
       add_hold,
       "addHold",
       "Keeps a report, a subject or the subjects of a case: nothing of it is dropped, withdrawn "
       "or erased.",
       {},
       "Hold",
       "HoldAsk",
       bulk,
       json_max},
      {"DELETE",
       "/api/v1/holds/{id}",
       Right::administer,
       lift_hold,
       "liftHold",
       "Lifts a hold.",
       {},
       "Hold",
       "",
       quick,
       json_max},
  };
}

}  // namespace tocsin::api
