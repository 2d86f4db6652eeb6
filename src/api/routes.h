// Routes: every call there is, in one table. The router, the check of roles and the OpenAPI
// document are made from it, so what is not listed cannot be called.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "api/access.h"
#include "api/backend.h"
#include "api/console_files.h"
#include "api/live.h"
#include "api/oidc.h"
#include "api/params.h"
#include "base/http_server.h"
#include "base/metrics.h"
#include "model/taxonomy.h"
#include "store/audit.h"

namespace tocsin::api {

class Refusals;

// How people sign in, and how long that holds.
struct SignInSettings {
  Sessions::Lives lives{};
  unsigned requests_per_s = 200;  // of one session or token
  ProxySettings proxy{};
  std::optional<OidcSettings> oidc{};
};

// What handlers work with. Made once by Api; outlives every call.
struct Context {
  Backend& backend;
  Sessions& sessions;
  Tokens& tokens;
  People& people;
  const SignInSettings& sign_in;
  Oidc* oidc;  // none: no provider
  Brake& brake;
  store::Audit& audit;
  Refusals& refusals;
  LiveHub& live;
  Metrics& metrics;
  std::span<const ConsoleFile> files;
  std::function<TimeUs()> now;
};

// What an answer shows: handlers say the marking of each item that they put into one, and dispatch
// writes down what is above AMBER. Unmarked counts as RED.
struct Shown {
  Count above_amber = 0;
  void add(Tlp tlp) { above_amber += tlp > Tlp::amber ? 1 : 0; }
  void add(Count items_above_amber) { above_amber += items_above_amber; }
  void add(std::string_view tlp) { add(tlp_named(tlp).value_or(Tlp::unmarked)); }
};

struct Call {
  const http::Request& request;
  Caller caller{};
  Origin origin{};
  Params params{};
  std::map<std::string, std::string, std::less<>> path{};  // "{id}" of the pattern
  TimeUs now = 0;
  std::chrono::steady_clock::time_point started{};
  Shown* shown = nullptr;  // set while a handler runs

  void show(Tlp tlp) const {
    if (shown != nullptr) shown->add(tlp);
  }
  void show(std::string_view tlp) const {
    if (shown != nullptr) shown->add(tlp);
  }
  Patience patience() const { return {.deadline = request.deadline, .stop = request.stop}; }
};

using Handler = Result<http::Response> (*)(Context& context, const Call& call);

struct Route {
  std::string_view method;   // GET answers HEAD too
  std::string_view pattern;  // "/api/v1/feeds/{name}"; "/*": whatever is not listed
  Right right;
  Handler handler;
  std::string_view id;  // of the operation, for OpenAPI
  std::string_view summary;
  std::vector<Parameter> parameters{};
  std::string_view answer{};  // a schema's name; "": no body
  std::string_view body{};    // a schema's name; "bytes": the body as it is
  http::Lane lane = http::Lane::quick;
  std::uint64_t body_max = 0;
  int status = 200;
  std::string_view media = "application/json";
};

std::span<const Route> routes();

struct Matched {
  const Route* route = nullptr;
  std::map<std::string, std::string, std::less<>> path{};
  std::string allowed{};  // methods of the routes with this path, where none has this method
};
Matched match(const http::Request& request);

}  // namespace tocsin::api
