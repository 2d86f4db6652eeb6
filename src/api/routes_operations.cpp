// Routes: the pause after a restore, exercises, situation reports.
#include "api/handlers.h"
#include "api/routes_parts.h"

namespace tocsin::api {

using enum http::Lane;
using namespace parameters;

std::vector<Route> operation_routes() {
  return {
      {"GET",
       "/api/v1/state",
       Right::read,
       show_state,
       "showState",
       "Is the node paused after a restore, and is an exercise on?",
       {},
       "NodeState"},
      {"POST",
       "/api/v1/resume",
       Right::administer,
       resume,
       "resume",
       "Ends the pause after a restore: feeds run and alerts go out again.",
       {},
       "NodeState",
       "",
       quick,
       json_max},
      {"GET",
       "/api/v1/exercises",
       Right::read,
       list_exercises,
       "listExercises",
       "What exercises brought, apart from all other figures; the newest reports first.",
       {},
       "ExerciseList"},
      {"POST",
       "/api/v1/situations",
       Right::work,
       issue_situation,
       "issueSituation",
       "Counts a period and issues its situation report; the one issued before, if nothing "
       "changed.",
       {},
       "Situation",
       "SituationWish",
       bulk,
       json_max},
      {"GET",
       "/api/v1/situations",
       Right::read,
       list_situations,
       "listSituations",
       "Situation reports that were issued, newest first.",
       {},
       "SituationList"},
      {"GET",
       "/api/v1/situations/{id}",
       Right::read,
       show_situation,
       "showSituation",
       "One of them, as it was issued: an HTML page.",
       {},
       "text",
       "",
       quick,
       0,
       200,
       "text/html"},
  };
}

}  // namespace tocsin::api
