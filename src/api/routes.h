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
#include "api/params.h"
#include "base/http_server.h"
#include "base/metrics.h"

namespace tocsin::api {

// What handlers work with. Made once by Api; outlives every call.
struct Context {
  Backend& backend;
  Sessions& sessions;
  Tokens& tokens;
  Brake& brake;
  LiveHub& live;
  Metrics& metrics;
  std::span<const ConsoleFile> files;
  std::function<TimeUs()> now;
};

struct Call {
  const http::Request& request;
  Caller caller{};
  Params params{};
  std::map<std::string, std::string, std::less<>> path{};  // "{id}" of the pattern
  TimeUs now = 0;
  std::chrono::steady_clock::time_point started{};

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
