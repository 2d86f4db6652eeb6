// HttpServer: HTTP/1.1 on a TCP port, with or without TLS, and on a unix socket.
//
// It reads a request's head, asks the service who may come in and how, reads the body under that
// answer's cap, and runs the answer's handler on one of four lanes, so that a slow query never
// holds up the rest. Source: RFC 9110, RFC 9112.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/http.h"
#include "base/result.h"

namespace tocsin::http {

enum class Lane : std::uint8_t {
  quick,  // memory only, or a small write
  query,  // may search: few at once, capped in time; 503 with Retry-After when too many wait
  bulk,   // uploads and downloads: long, few at once
  slow,   // hashes passwords, asks providers: dear on purpose, so few at once and beside the rest
};

// What the service makes of a request's head.
struct Admission {
  std::function<Result<Response>(const Request&)> handle{};  // run on the lane; any thread
  Lane lane = Lane::quick;
  std::uint64_t body_max = 0;         // bytes; at most 4 GiB
  std::optional<Response> refusal{};  // where set: answered at once, and no body is read
  // The answer to a body of more than body_max; a problem, if not set.
  std::function<Response()> too_large{};
};

// Called by the network's threads: must not block.
using Service = std::function<Admission(const Request& head)>;

struct LaneLimits {
  unsigned threads, waiting_max;
  std::chrono::milliseconds wait_max, run_max;  // run_max becomes Request::deadline
};

struct ServerLimits {
  std::size_t connections_max = 8192;             // fewer if the process may not open so many files
  std::size_t connections_per_address_max = 256;  // loopback and the unix socket excepted
  std::uint32_t header_bytes_max = 256 * 1024;    // a filter of 64 KiB, escaped
  std::size_t header_fields_max = 100;
  std::size_t body_memory_max = 1 << 20;  // beyond it a body goes to a file
  std::chrono::milliseconds header_time{
      10'000};  // from its first byte to its last; also for the TLS handshake
  std::chrono::milliseconds idle_time{75'000};  // between requests
  std::chrono::milliseconds progress_time{
      30'000};  // for each 64 KiB that the client sends or takes
  LaneLimits quick{2, 1024, std::chrono::seconds(10), std::chrono::seconds(10)};
  LaneLimits query{2, 64, std::chrono::seconds(10), std::chrono::seconds(20)};
  LaneLimits bulk{4, 64, std::chrono::minutes(1), std::chrono::hours(24)};
  LaneLimits slow{2, 32, std::chrono::seconds(10), std::chrono::seconds(30)};
};

struct ServerOptions {
  std::string address = "127.0.0.1";  // "": no TCP
  std::uint16_t port = 0;             // 0: any free one
  std::string port_hint{};            // ends the error where another program has the port
  std::string certificate_file{},
      key_file{};             // PEM; both or neither. With them: TLS 1.2 or 1.3 only
  std::string socket_path{};  // "": no unix socket. Mode 0600; a left-over socket there is replaced
  std::vector<std::string>
      host_names{};                   // that a Host header may say, besides localhost and addresses
  std::string spool_folder = "/tmp";  // for large bodies
  ServerLimits limits{};
  // What is answered where a path cannot be read; a problem if it is not set.
  std::function<Response(std::string_view target, const Error&)> refuse_target{};
  // After each answer, for metrics and logs; any thread.
  std::function<void(const Request&, int status, std::chrono::microseconds took)> done{};
  // TLS clients are asked for a certificate and may have none. No authority is asked about one: it
  // only proves that the client has its key, whose pin stands in the field `client_pin`.
  bool client_certificates = false;
};

// A field of Request::headers that no client can send: the SHA-256 of the public key of its
// certificate, 64 hexadecimal digits. Source: RFC 7469 section 2.4; RFC 8446 section 4.4.
inline constexpr std::string_view client_pin = ":client-pin";

class HttpServer {
 public:
  // Listens from now on. Errors: invalid (options, certificate); unavailable (address in use, ...).
  static Result<std::unique_ptr<HttpServer>> start(ServerOptions options, Service service);
  ~HttpServer();  // stop(0)

  std::uint16_t port() const;  // the real one; 0 without TCP
  std::size_t connections() const;

  // Accepts nothing more, ends idle connections and event streams, lets requests finish for at most
  // `grace`, then cuts them. Handlers see Request::stop; it returns when the last has returned.
  void stop(std::chrono::milliseconds grace);

  struct State;                                       // in http_server.cpp
  explicit HttpServer(std::unique_ptr<State> state);  // start() makes it

 private:
  std::unique_ptr<State> state_;
};

// May a Host header say this? Against DNS rebinding: a page of another name that resolves to us is
// refused.
bool host_allowed(std::string_view host, const std::vector<std::string>& names);

}  // namespace tocsin::http
