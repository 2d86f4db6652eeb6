// Routes: requests, and opinions and notes on partners' items.
#include "api/handlers.h"
#include "api/routes_parts.h"

namespace tocsin::api {

using enum http::Lane;
using enum ParameterType;
using namespace parameters;

namespace {

Route act_route(std::string_view pattern, Handler handler, std::string_view id,
                std::string_view summary, std::string_view body) {
  return {"POST", pattern, Right::work, handler, id, summary, {}, "Request", body, quick, json_max};
}

}  // namespace

std::vector<Route> request_routes() {
  const Parameter partner{"partner", text, "a member's id"};
  return {
      {"GET",
       "/api/v1/requests",
       Right::read,
       list_requests,
       "listRequests",
       "Requests, newest first, and how long partners took to answer.",
       {partner,
        {"state", choice, "where it stands", "open|accepted|refused|done|withdrawn"},
        {"which", choice, "open: not over; late: past its deadline too", "open|late"}},
       "RequestList"},
      {"POST",
       "/api/v1/requests",
       Right::work,
       make_request,
       "makeRequest",
       "Asks a partner, or by mail somebody who is no member.",
       {},
       "Request",
       "RequestAsk",
       quick,
       json_max},
      {"GET",
       "/api/v1/requests/{id}",
       Right::read,
       show_request,
       "showRequest",
       "One request, with what was done.",
       {},
       "RequestShown"},
      act_route("/api/v1/requests/{id}/accept", accept_request, "acceptRequest",
                "Says that it will be done.", "RequestWords"),
      act_route("/api/v1/requests/{id}/refuse", refuse_request, "refuseRequest",
                "Refuses it, with a reason.", "RequestRefusal"),
      act_route("/api/v1/requests/{id}/done", end_request, "endRequest", "Says that it is done.",
                "RequestWords"),
      act_route("/api/v1/requests/{id}/withdraw", withdraw_request, "withdrawRequest",
                "Takes back what was asked.", "RequestWords"),
      act_route("/api/v1/requests/{id}/comment", comment_request, "commentRequest",
                "Words to the other side.", "RequestWords"),
      {"GET",
       "/api/v1/opinions",
       Right::read,
       list_opinions,
       "listOpinions",
       "Opinions and notes on items, newest first.",
       {{"item", text, "a STIX id"}, partner},
       "OpinionList"},
      {"POST",
       "/api/v1/opinions",
       Right::work,
       say_opinion,
       "sayOpinion",
       "Says an opinion or a note on an item to the partner that it is of.",
       {},
       "Opinion",
       "OpinionAsk",
       quick,
       json_max},
  };
}

}  // namespace tocsin::api
