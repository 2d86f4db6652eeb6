// HTTP as plain data: what a handler gets and what it gives. The server is base/http_server.h.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/event_stream.h"
#include "base/result.h"

namespace tocsin::http {

using Fields = std::vector<std::pair<std::string, std::string>>;

struct Peer {
  std::string ip{};            // "" at the unix socket
  std::optional<uid_t> uid{};  // at the unix socket: whose process calls
  bool secure = false;         // over TLS
};

struct Request {
  std::string method{};                 // upper case
  std::string path{};                   // as sent, still percent-encoded, from the first slash
  std::vector<std::string> segments{};  // of the path, decoded: {"api", "v1", "feeds", "a/b"}
  std::multimap<std::string, std::string, std::less<>> query{};  // decoded
  Fields headers{};                                              // names in lower case
  std::string body{};                                            // up to 1 MiB; else ...
  std::string body_path{};  // ... a file, which goes with the request unless the handler moves it
  std::uint64_t body_size = 0;
  Peer peer{};
  std::chrono::steady_clock::time_point deadline = std::chrono::steady_clock::time_point::max();
  std::stop_token stop{};  // the server is stopping

  std::string_view header(std::string_view lower_name) const;  // the first; "" if there is none
  std::string_view cookie(std::string_view name) const;        // "" if there is none
  std::string_view parameter(std::string_view name) const;     // the first in query; "" if none
  bool has(std::string_view parameter) const { return query.contains(parameter); }
};

struct Response {
  int status = 200;
  Fields headers{};  // without Content-Length and Connection
  std::string body{};
  // Where set: gives the body in pieces. Fills its argument; false: that was the last. Called by
  // one worker at a time, with no call after false; destroyed early if the client goes away.
  std::function<Result<bool>(std::string&)> pieces{};
  std::shared_ptr<EventStream> events{};  // where set: text/event-stream, for as long as it lives
  bool compress = true;                   // the server may gzip the body
};

Response json(std::string body, int status = 200);
Response text(std::string body, int status = 200);
// application/problem+json. Source: RFC 9457.
Response problem(int status, std::string_view detail);
Response problem(const Error& error);  // invalid 400, denied 403, missing 404, unavailable 503
std::string_view reason(int status);

// Fills path, segments and query from a request target ("/a/b?x=1").
// Errors: invalid, for anything but a path with valid escapes, UTF-8, no control characters and no
// "." or ".." segments; at most 1,000 parameters.
Result<void> read_target(std::string_view target, Request& request);

Result<std::string> percent_decode(std::string_view text, bool plus_is_blank = false);
std::string percent_encode(std::string_view text);  // all but letters, digits and -._~

}  // namespace tocsin::http
