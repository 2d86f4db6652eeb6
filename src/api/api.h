// Api: the HTTP API over a node: who may call what, and the live stream.
//
//   Api api(backend, door, metrics, console_files(), times::now);
//   HttpServer::start(options, [&](const http::Request& head) { return api.admit(head); });
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <thread>

#include "api/audited.h"
#include "api/routes.h"

namespace tocsin::api {

// Who may come in, and where it is written down.
struct Door {
  std::unique_ptr<Tokens> tokens;
  std::unique_ptr<People> people;
  store::Audit& audit;  // outlives the Api
  SignInSettings settings{};
};

class Api {
 public:
  // `backend` and `metrics` outlive it. Starts a thread for the live stream.
  Api(Backend& backend, Door door, Metrics& metrics, std::span<const ConsoleFile> files,
      std::function<TimeUs()> now);
  ~Api();
  Api(const Api&) = delete;
  Api& operator=(const Api&) = delete;

  // The server's Service.
  http::Admission admit(const http::Request& head);
  // The same call without a server, as the owner of the node: for the command line.
  http::Response call(http::Request request);
  // For ServerOptions::done: counts and times.
  void observe(int status, std::chrono::microseconds took);

  // A link's code for a sign-in as the node's owner.
  std::string new_code(Role role);
  LiveHub& live() { return live_; }
  // Ends the live streams; before the server stops.
  void stop();

 private:
  void pulse(const std::stop_token& stop);

  Result<Caller> caller_of(const Route& route, const Call& call);
  http::Admission admit_taxii(const http::Request& head);

  Door door_;
  Sessions sessions_;
  std::unique_ptr<Oidc> oidc_;
  Brake brake_;
  Pace pace_;
  Refusals refusals_;
  LiveHub live_;
  Context context_;
  Histogram& seconds_;
  std::jthread pulse_;  // last: ends before what it uses
};

}  // namespace tocsin::api
