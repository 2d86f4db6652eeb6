// Api: the HTTP API over a node: who may call what, and the live stream.
//
//   Api api(backend, tokens, metrics, console_files(), times::now);
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

class Api {
 public:
  // `backend`, `audit` and `metrics` outlive it. Starts a thread for the live stream.
  Api(Backend& backend, std::unique_ptr<Tokens> tokens, store::Audit& audit, Metrics& metrics,
      std::span<const ConsoleFile> files, std::function<TimeUs()> now);
  ~Api();
  Api(const Api&) = delete;
  Api& operator=(const Api&) = delete;

  // The server's Service.
  http::Admission admit(const http::Request& head);
  // The same call without a server, as the owner of the node: for the command line.
  http::Response call(http::Request request);
  // For ServerOptions::done: counts and times.
  void observe(int status, std::chrono::microseconds took);

  // A link's code for the first sign-in.
  std::string new_code(std::string user, Role role);
  LiveHub& live() { return live_; }
  // Ends the live streams; before the server stops.
  void stop();

 private:
  void pulse(const std::stop_token& stop);

  Sessions sessions_;
  std::unique_ptr<Tokens> tokens_;
  Brake brake_;
  Refusals refusals_;
  LiveHub live_;
  Context context_;
  Histogram& seconds_;
  std::jthread pulse_;  // last: ends before what it uses
};

}  // namespace tocsin::api
