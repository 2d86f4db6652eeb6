// HttpClient: calls a node over its unix socket, or over plain TCP at loopback. Blocking; for the
// command line.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/http.h"
#include "base/result.h"

namespace tocsin::http {

struct Call {
  std::string method = "GET";
  std::string target{};  // "/api/v1/feeds?limit=10", already escaped
  Fields headers{};
  std::string body{};       // what to send ...
  std::string body_path{};  // ... or the file that holds it
  // Bytes sent so far of how many; false stops the upload, and the call with denied.
  std::function<bool(std::uint64_t sent, std::uint64_t of)> progress{};
  // Where set: takes a successful answer's body in pieces instead of Response::body; an error stops
  // the call.
  std::function<Result<void>(std::string_view piece)> sink{};
  std::uint64_t answer_bytes_max = 256u << 20;  // without a sink
};

class HttpClient {
 public:
  // Errors: unavailable, when nobody listens there.
  static Result<HttpClient> unix_socket(const std::string& path);
  static Result<HttpClient> tcp(const std::string& address, std::uint16_t port);
  HttpClient(HttpClient&& other) noexcept;
  HttpClient& operator=(HttpClient&& other) noexcept;
  ~HttpClient();

  // How long to wait for each piece of an answer, 0: for ever. At first 10 minutes.
  void set_timeout(std::uint32_t seconds);

  // One request and its answer, whatever its status; the connection is kept for the next.
  // Errors: unavailable (lost, too slow); missing (body_path); invalid (not HTTP, larger than
  // answer_bytes_max).
  Result<Response> call(const Call& call);

 private:
  explicit HttpClient(int socket) : socket_(socket) {}
  Result<void> send(const Call& call);
  Result<Response> receive(const Call& call);

  int socket_ = -1;
  std::string in_;
};

}  // namespace tocsin::http
