#include "base/http_server.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <cstring>
#include <exception>
#include <map>
#include <mutex>
#include <set>
#include <thread>

#include "base/http_answer.h"
#include "base/http_body.h"
#include "base/http_channel.h"
#include "base/http_parser.h"
#include "base/ip.h"
#include "base/text.h"
#include "base/time.h"

// g++ 12 takes Asio's own operator delete of coroutine frames for a mismatch.
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"
#ifdef __SANITIZE_THREAD__
#pragma GCC diagnostic ignored "-Wtsan"  // of Asio's fences, beside which it has its locks
#endif

namespace tocsin::http {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t progress_bytes = 64 * 1024;
constexpr std::size_t chunk_head_max = 16 * 1024;
constexpr std::int64_t never = INT64_MAX;

std::int64_t ms_now() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now().time_since_epoch())
      .count();
}

// One lane: its threads, and how many wait for them.
struct Pool {
  explicit Pool(const LaneLimits& l) : limits(l), threads(l.threads) {}
  LaneLimits limits;
  asio::thread_pool threads;
  std::atomic<unsigned> inside{0};  // waiting or running
};

struct Seat {
  explicit Seat(Pool& p) : pool(p), number(p.inside.fetch_add(1) + 1) {}
  Seat(const Seat&) = delete;
  Seat& operator=(const Seat&) = delete;
  ~Seat() { pool.inside.fetch_sub(1); }
  Pool& pool;
  unsigned number;
};

Response busy() {
  Response response = problem(503, "too many requests wait; try again in a moment");
  response.headers.emplace_back("Retry-After", "2");
  return response;
}

}  // namespace

struct HttpServer::State {
  State(ServerOptions o, Service s)
      : options(std::move(o)),
        service(std::move(s)),
        quick(options.limits.quick),
        query(options.limits.query),
        bulk(options.limits.bulk),
        slow(options.limits.slow) {}

  class Connection;

  Result<void> open_tcp();
  Result<void> open_unix();
  Result<void> open_tls();
  void run();
  void stop(std::chrono::milliseconds grace);
  Task<void> accept_tcp();
  Task<void> accept_unix();
  Task<void> sweep();
  void welcome(std::unique_ptr<Channel> channel, Peer peer, int socket);
  bool enter(const std::shared_ptr<Connection>& connection);
  void leave(const std::shared_ptr<Connection>& connection);
  Pool& pool(Lane lane) {
    switch (lane) {
      case Lane::quick:
        return quick;
      case Lane::query:
        return query;
      case Lane::slow:
        return slow;
      case Lane::bulk:
        break;
    }
    return bulk;
  }

  ServerOptions options;
  Service service;
  std::size_t connections_max = 0;
  asio::io_context io{2};
  asio::executor_work_guard<asio::io_context::executor_type> work = asio::make_work_guard(io);
  std::optional<ssl::context> tls;
  asio::ip::tcp::acceptor tcp{asio::make_strand(io)};
  asio::local::stream_protocol::acceptor local{asio::make_strand(io)};
  std::uint16_t port = 0;
  Pool quick, query, bulk, slow;
  std::vector<std::jthread> threads;
  std::stop_source stopping;
  bool stopped = false;
  std::atomic<bool> finished{false};  // ends the sweep

  std::mutex mutex;
  std::condition_variable gone;
  std::set<std::shared_ptr<Connection>> connections;
  std::map<std::string, std::size_t> per_address;
};

// One connection; all of it runs on its strand but where it says so.
class HttpServer::State::Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(State& state, std::unique_ptr<Channel> channel, Peer peer)
      : state_(state),
        channel_(std::move(channel)),
        peer_(std::move(peer)),
        strand_(channel_->executor()) {}

  Task<void> serve();
  const Peer& peer() const { return peer_; }
  bool overdue(std::int64_t now) const { return deadline_.load() < now; }
  bool idle() const { return idle_.load(); }
  void cut() {  // any thread
    asio::post(strand_, [self = shared_from_this()] { self->channel_->close(); });
  }
  void end_events() {  // any thread
    asio::post(strand_, [self = shared_from_this()] {
      if (self->events_) self->events_->close();
    });
  }

 private:
  struct Exchange {
    Request request{};
    Body body{};
    Admission admission{};
    bool keep = false;   // the connection may serve another request
    bool whole = false;  // the body has been read
    int version = 11;
  };

  void set_deadline(std::chrono::milliseconds from_now) {
    deadline_.store(ms_now() + from_now.count());
  }
  Task<bool> fill();  // reads more into in_
  Task<std::optional<Response>> read_head(Exchange& exchange, Parser& parser);
  Task<std::optional<Response>> read_body(Exchange& exchange, Parser& parser);
  std::optional<Response> judge(Exchange& exchange, Parser& parser) const;
  std::optional<Response> judge_host(const Request& request, const Parser& parser,
                                     std::string_view authority) const;
  Task<Response> answer(Exchange& exchange);
  Task<bool> send(Exchange& exchange, Response response);
  Task<bool> send_pieces(Response& response, bool chunked);
  Task<bool> send_events(EventStream& stream);
  Task<bool> write(std::string_view bytes);
  Task<void> drain();
  template <class Function>
  Task<void> on_pool(Pool& pool, Function job);

  State& state_;
  std::unique_ptr<Channel> channel_;
  Peer peer_;
  std::string client_pin_;
  asio::any_io_executor strand_;
  std::string in_;  // read and not yet parsed
  std::shared_ptr<EventStream> events_;
  std::atomic<std::int64_t> deadline_{never};
  std::atomic<bool> idle_{false};
  bool lost_ = false;  // nothing comes any more
};

using Connection = HttpServer::State::Connection;

Task<bool> Connection::fill() {
  constexpr std::size_t step = 16 * 1024;
  std::size_t before = in_.size();
  in_.resize(before + step);
  error_code error;
  std::size_t n = co_await channel_->read(in_.data() + before, step, error);
  in_.resize(before + n);
  lost_ = error || n == 0;
  co_return !lost_;
}

// nullopt: a request's head is there, or the connection is lost. Else what to answer before
// closing.
Task<std::optional<Response>> Connection::read_head(Exchange& exchange, Parser& parser) {
  const ServerLimits& limits = state_.options.limits;
  parser.eager(false);
  set_deadline(limits.idle_time);
  if (in_.empty()) in_ = {};  // thousands may wait: keep no memory for them
  while (in_.empty()) {
    idle_.store(true);
    if (state_.stopping.stop_requested()) lost_ = true;
    if (lost_ || !co_await fill()) co_return std::nullopt;
  }
  idle_.store(false);
  set_deadline(limits.header_time);
  while (!parser.is_header_done()) {
    error_code error;
    std::size_t used = parser.put(asio::buffer(in_), error);
    in_.erase(0, used);
    if (error == boost::beast::http::error::need_more) {
      if (!co_await fill()) co_return std::nullopt;
    } else if (error == boost::beast::http::error::header_limit) {
      co_return problem(431, "the request's head is too large");
    } else if (error == boost::beast::http::error::bad_version) {
      co_return problem(505, "HTTP/1.1 is spoken here");
    } else if (error) {
      co_return problem(400, "not a request: " + error.message());
    }
  }
  co_return judge(exchange, parser);
}

std::optional<Response> Connection::judge_host(const Request& request, const Parser& parser,
                                               std::string_view authority) const {
  if (parser.hosts > 1 || (parser.hosts == 0 && parser.version >= 11)) {
    return problem(400, "exactly one Host header is needed");
  }
  std::string_view host = authority.empty() ? request.header("host") : authority;
  if (peer_.uid || parser.hosts == 0 || host_allowed(host, state_.options.host_names)) {
    return std::nullopt;
  }
  return problem(421, "this node does not answer to the name " + text::quote(host));
}

// What is wrong with the head, if anything; else fills the exchange.
std::optional<Response> Connection::judge(Exchange& exchange, Parser& parser) const {
  Request& request = exchange.request;
  request.peer = peer_;
  if (!client_pin_.empty()) request.headers.emplace_back(client_pin, client_pin_);
  request.stop = state_.stopping.get_token();
  exchange.version = parser.version;
  if (parser.coded) return problem(501, "of transfer codings only chunked is understood");
  if (parser.chunked() && parser.version < 11) return problem(400, "chunked needs HTTP/1.1");
  std::string_view target = parser.target, authority;
  if (std::size_t at = target.find("://"); at != target.npos && at < target.find('/')) {
    target.remove_prefix(at + 3);
    std::size_t slash = target.find('/');
    authority = target.substr(0, slash);
    target = slash == target.npos ? "/" : target.substr(slash);
  }
  if (auto wrong = judge_host(request, parser, authority)) return wrong;
  if (auto read = read_target(target, request); !read)
    return state_.options.refuse_target ? state_.options.refuse_target(target, read.error())
                                        : problem(read.error());
  std::string_view expects = request.header("expect");
  if (!expects.empty() && !text::equal_fold(expects, "100-continue")) {
    return problem(417, "of expectations only 100-continue is understood");
  }
  exchange.keep = parser.keep_alive() && !state_.stopping.stop_requested();
  exchange.whole = parser.is_done();
  request.body_size = parser.content_length().value_or(0);
  return std::nullopt;
}

Task<std::optional<Response>> Connection::read_body(Exchange& exchange, Parser& parser) {
  const ServerLimits& limits = state_.options.limits;
  const std::uint64_t most = exchange.admission.body_max;
  auto too_large = [&] {
    if (exchange.admission.too_large) return exchange.admission.too_large();
    return problem(413, fmt::format("the body is too large; the most is {} bytes", most));
  };
  if (exchange.request.body_size > most) co_return too_large();
  set_deadline(limits.progress_time);
  if (exchange.version >= 11 && !exchange.request.header("expect").empty() && in_.empty()) {
    if (!co_await write("HTTP/1.1 100 Continue\r\n\r\n")) co_return std::nullopt;
  }
  parser.eager(true);
  parser.body = &exchange.body.memory;
  std::uint64_t mark = 0;  // body bytes when the deadline last moved
  while (!parser.is_done()) {
    error_code error;
    std::size_t used = in_.empty() ? 0 : parser.put(asio::buffer(in_), error);
    in_.erase(0, used);
    if (error && error != boost::beast::http::error::need_more) {
      co_return problem(400, "not a request's body: " + error.message());
    }
    if (parser.body_size > most) co_return too_large();
    if (in_.size() > chunk_head_max) co_return problem(400, "a chunk's head is too long");
    if (parser.body_size >= mark + progress_bytes) {
      mark = parser.body_size;
      set_deadline(limits.progress_time);
    }
    if (exchange.body.memory.size() > limits.body_memory_max) {
      Result<void> kept;
      co_await on_pool(state_.bulk,
                       [&] { kept = exchange.body.spill(state_.options.spool_folder); });
      if (!kept) co_return problem(kept.error());
    }
    if (!parser.is_done() && !co_await fill()) co_return std::nullopt;
  }
  exchange.whole = true;
  co_return std::nullopt;
}

template <class Function>
Task<void> Connection::on_pool(Pool& pool, Function job) {
  deadline_.store(never);
  co_await asio::co_spawn(
      asio::any_io_executor(pool.threads.get_executor()),
      [&job]() -> Task<void> {
        job();
        co_return;
      },
      use_awaitable);
  set_deadline(state_.options.limits.progress_time);
}

// Runs the handler on its lane.
Task<Response> Connection::answer(Exchange& exchange) {
  Pool& pool = state_.pool(exchange.admission.lane);
  Seat seat(pool);
  if (seat.number > pool.limits.threads + pool.limits.waiting_max) co_return busy();
  Response response;
  auto asked = Clock::now();
  co_await on_pool(pool, [&] {
    Request& request = exchange.request;
    if (Clock::now() - asked > pool.limits.wait_max) {
      response = busy();
      return;
    }
    if (!exchange.body.path().empty()) {
      if (auto kept = exchange.body.spill(state_.options.spool_folder); !kept) {
        response = problem(kept.error());
        return;
      }
      request.body_path = exchange.body.path();
    } else {
      request.body = std::move(exchange.body.memory);
    }
    request.deadline = Clock::now() + pool.limits.run_max;
    auto result = exchange.admission.handle(request);
    response = result ? std::move(*result) : problem(result.error());
    if (!response.pieces && !response.events) compress(request, response);
  });
  co_return response;
}

Task<bool> Connection::write(std::string_view bytes) {
  set_deadline(state_.options.limits.progress_time);
  std::size_t since = 0;
  while (!bytes.empty()) {
    error_code error;
    std::size_t n = co_await channel_->write(bytes.data(), bytes.size(), error);
    if (error) {
      lost_ = true;
      co_return false;
    }
    bytes.remove_prefix(n);
    since += n;
    if (since >= progress_bytes) {
      since = 0;
      set_deadline(state_.options.limits.progress_time);
    }
  }
  co_return true;
}

Task<bool> Connection::send_pieces(Response& response, bool chunked) {
  while (true) {
    std::string piece;
    Result<bool> more = false;
    co_await on_pool(state_.bulk, [&] { more = response.pieces(piece); });
    if (!more) co_return false;
    if (!piece.empty()) {
      std::string framed = chunked ? fmt::format("{:x}\r\n", piece.size()) : std::string();
      framed += piece;
      if (chunked) framed += "\r\n";
      if (!co_await write(framed)) co_return false;
    }
    if (!*more) break;
  }
  if (!chunked) co_return true;
  co_return co_await write("0\r\n\r\n");
}

Task<bool> Connection::send_events(EventStream& stream) {
  asio::steady_timer news(strand_, asio::steady_timer::time_point::max());
  auto bell = std::make_shared<asio::steady_timer*>(&news);
  stream.on_ready([strand = strand_, weak = std::weak_ptr(bell)] {
    asio::post(strand, [weak] {
      if (auto timer = weak.lock()) (*timer)->cancel();
    });
  });
  in_ = {};
  std::vector<EventStream::Frame> frames;
  while (stream.take(frames)) {
    if (frames.empty()) {
      deadline_.store(never);
      error_code cancelled;
      co_await news.async_wait(asio::redirect_error(use_awaitable, cancelled));
      continue;
    }
    std::string bytes;
    for (const auto& frame : frames) bytes += *frame;
    if (!co_await write(bytes)) break;
  }
  stream.detach();
  co_return false;
}

// False: the connection is to be closed.
Task<bool> Connection::send(Exchange& exchange, Response response) {
  bool keep = exchange.keep && exchange.whole && !response.events;
  bool is_head = exchange.request.method == "HEAD";
  Framing framing = Framing::length;
  if (response.events || (response.pieces && exchange.version < 11)) {
    framing = Framing::until_close;
    keep = false;
  } else if (response.pieces) {
    framing = Framing::chunked;
  } else if (response.status == 204 || response.status == 304) {
    framing = Framing::none;
  }
  std::string head = head_text(response, framing, keep, peer_.secure);
  bool has_body = !is_head && framing != Framing::none;
  bool together = has_body && framing == Framing::length && response.body.size() < progress_bytes;
  if (together) head += response.body;
  bool sent = co_await write(head);
  if (sent && has_body && !together) {
    if (response.events) {
      events_ = response.events;
      sent = co_await send_events(*response.events);
      events_.reset();
    } else if (response.pieces) {
      sent = co_await send_pieces(response, framing == Framing::chunked);
    } else {
      sent = co_await write(response.body);
    }
  } else if (response.events) {
    response.events->detach();
  }
  co_return sent&& keep;
}

// Takes what the client still sends, for a moment: closing with unread bytes would reset the
// connection and lose the answer.
Task<void> Connection::drain() {
  constexpr std::size_t bytes_max = 64 << 20;
  set_deadline(std::chrono::seconds(2));
  co_await channel_->end();
  for (std::size_t taken = 0; taken < bytes_max; taken += in_.size()) {
    in_.clear();
    if (!co_await fill()) break;
  }
}

Task<void> Connection::serve() {
  error_code error;
  set_deadline(state_.options.limits.header_time);
  co_await channel_->begin(error);
  bool more = !error;
  if (more && state_.options.client_certificates) client_pin_ = channel_->client_pin();
  while (more && !lost_) {
    Exchange exchange;
    Parser parser(exchange.request, state_.options.limits);
    auto wrong = co_await read_head(exchange, parser);
    auto start = Clock::now();
    if (!wrong && !lost_) {
      exchange.admission = state_.service(exchange.request);
      if (exchange.admission.refusal) {
        wrong = std::move(exchange.admission.refusal);
      } else if (!exchange.whole) {
        wrong = co_await read_body(exchange, parser);
      }
    }
    if (lost_) break;
    exchange.request.body_size = parser.body_size;
    Response response;
    if (wrong) {
      response = std::move(*wrong);
    } else {
      response = co_await answer(exchange);  // g++ 12 miscompiles co_await within ?:
    }
    int status = response.status;
    if (state_.options.done && response.events) {
      state_.options.done(exchange.request, status, {});  // streams last; do not time them
    }
    bool timed = !response.events;
    more = co_await send(exchange, std::move(response));
    if (state_.options.done && timed) {
      auto took = std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - start);
      state_.options.done(exchange.request, status, took);
    }
  }
  idle_.store(false);
  if (!lost_) co_await drain();
  deadline_.store(never);
  channel_->close();
}

Result<void> HttpServer::State::open_tcp() {
  error_code error;
  auto address = asio::ip::make_address(options.address, error);
  if (error) return invalid("not an address to listen at: " + text::quote(options.address));
  asio::ip::tcp::endpoint endpoint(address, options.port);
  tcp.open(endpoint.protocol(), error);
  if (!error) tcp.set_option(asio::socket_base::reuse_address(true), error);
  if (!error) tcp.bind(endpoint, error);
  if (!error) tcp.listen(1024, error);
  if (error) {
    bool taken = error == asio::error::address_in_use;
    return unavailable(fmt::format("cannot listen at {} port {}: {}{}", options.address,
                                   options.port, taken ? "another program has it" : error.message(),
                                   taken ? options.port_hint : ""));
  }
  port = tcp.local_endpoint(error).port();
  return {};
}

Result<void> HttpServer::State::open_unix() {
  const std::string& path = options.socket_path;
  if (path.size() >= sizeof(sockaddr_un{}.sun_path)) {
    return invalid("the path of the socket is too long: " + text::quote(path));
  }
  struct stat found{};
  if (::lstat(path.c_str(), &found) == 0) {
    if (!S_ISSOCK(found.st_mode)) return invalid("not a socket: " + text::quote(path));
    ::unlink(path.c_str());
  }
  error_code error;
  local.open(asio::local::stream_protocol(), error);
  // Linux gives the file the mode of the socket, so it is never open to others, not even for a
  // moment.
  if (!error && ::fchmod(local.native_handle(), 0600) != 0) {
    return unavailable("cannot keep the socket from others: " + std::string(strerror(errno)));
  }
  if (!error) local.bind(asio::local::stream_protocol::endpoint(path), error);
  if (!error) local.listen(1024, error);
  if (error) return unavailable("cannot listen at " + text::quote(path) + ": " + error.message());
  return {};
}

Result<void> HttpServer::State::open_tls() {
  if (options.certificate_file.empty() != options.key_file.empty()) {
    return invalid("a certificate needs its key, and a key its certificate");
  }
  if (options.certificate_file.empty()) return {};
  tls.emplace(ssl::context::tls_server);
  SSL_CTX* raw = tls->native_handle();
  SSL_CTX_set_min_proto_version(raw, TLS1_2_VERSION);
  SSL_CTX_set_options(
      raw, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE);
  SSL_CTX_set_cipher_list(raw, "ECDHE+AESGCM:ECDHE+CHACHA20");
  SSL_CTX_set_mode(raw, SSL_MODE_RELEASE_BUFFERS);
  if (options.client_certificates) {
    SSL_CTX_set_verify(raw, SSL_VERIFY_PEER, [](int, X509_STORE_CTX*) { return 1; });
    constexpr unsigned char of[] = "tocsin";
    SSL_CTX_set_session_id_context(raw, of, sizeof of);
  }
  error_code error;
  tls->use_certificate_chain_file(options.certificate_file, error);
  if (error) {
    return invalid(text::quote(options.certificate_file) +
                   " is no certificate: " + error.message());
  }
  tls->use_private_key_file(options.key_file, ssl::context::pem, error);
  if (!error && SSL_CTX_check_private_key(raw) == 1) return {};
  return invalid(text::quote(options.key_file) + " is not the certificate's key");
}

bool HttpServer::State::enter(const std::shared_ptr<Connection>& connection) {
  std::lock_guard lock(mutex);
  const std::string& ip = connection->peer().ip;
  if (connections.size() >= connections_max || stopping.stop_requested()) return false;
  if (!ip.empty() && ip != "127.0.0.1" && ip != "::1") {
    std::size_t& count = per_address[ip];
    if (count >= options.limits.connections_per_address_max) return false;
    ++count;
  }
  connections.insert(connection);
  return true;
}

void HttpServer::State::leave(const std::shared_ptr<Connection>& connection) {
  std::lock_guard lock(mutex);
  if (connections.erase(connection) == 0) return;
  auto found = per_address.find(connection->peer().ip);
  if (found != per_address.end() && --found->second == 0) per_address.erase(found);
  gone.notify_all();
}

void HttpServer::State::welcome(std::unique_ptr<Channel> channel, Peer peer, int socket) {
  constexpr std::string_view full =
      "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 5\r\nContent-Length: 0\r\n"
      "Connection: close\r\n\r\n";
  bool plain = !peer.secure;
  asio::any_io_executor strand = channel->executor();
  auto connection = std::make_shared<Connection>(*this, std::move(channel), std::move(peer));
  if (!enter(connection)) {
    if (plain) (void)::send(socket, full.data(), full.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    return;
  }
  asio::co_spawn(
      strand, [connection] { return connection->serve(); },
      [this, connection](const std::exception_ptr&) { leave(connection); });
}

Task<void> HttpServer::State::accept_tcp() {
  while (!stopping.stop_requested()) {
    asio::ip::tcp::socket socket(asio::make_strand(io));
    asio::ip::tcp::endpoint from;
    error_code error;
    co_await tcp.async_accept(socket, from, asio::redirect_error(use_awaitable, error));
    if (error == asio::error::operation_aborted) break;
    if (error) {  // out of file descriptors, or a client that has gone already
      asio::steady_timer pause(tcp.get_executor(), std::chrono::milliseconds(50));
      error_code ignored;
      co_await pause.async_wait(asio::redirect_error(use_awaitable, ignored));
      continue;
    }
    error_code ignored;
    socket.set_option(asio::ip::tcp::no_delay(true), ignored);
    Peer peer{.ip = from.address().to_string(ignored), .secure = tls.has_value()};
    if (auto plain = ip::canonical(peer.ip)) peer.ip = *plain;  // ::ffff:a.b.c.d is a.b.c.d
    int handle = socket.native_handle();
    std::unique_ptr<Channel> channel;
    if (tls) {
      channel = std::make_unique<TlsChannel>(Socket(std::move(socket)), *tls);
    } else {
      channel = std::make_unique<PlainChannel>(Socket(std::move(socket)));
    }
    welcome(std::move(channel), std::move(peer), handle);
  }
}

Task<void> HttpServer::State::accept_unix() {
  while (!stopping.stop_requested()) {
    asio::local::stream_protocol::socket socket(asio::make_strand(io));
    error_code error;
    co_await local.async_accept(socket, asio::redirect_error(use_awaitable, error));
    if (error == asio::error::operation_aborted) break;
    if (error) continue;
    ucred who{};
    socklen_t size = sizeof who;
    int handle = socket.native_handle();
    if (::getsockopt(handle, SOL_SOCKET, SO_PEERCRED, &who, &size) != 0) continue;
    if (who.uid != ::geteuid() && who.uid != 0) continue;
    welcome(std::make_unique<PlainChannel>(Socket(std::move(socket))), Peer{.uid = who.uid},
            handle);
  }
}

// Cuts the connections that are past their deadline.
Task<void> HttpServer::State::sweep() {
  asio::steady_timer pause(io);
  while (!finished.load()) {
    pause.expires_after(std::chrono::milliseconds(100));
    error_code error;
    co_await pause.async_wait(asio::redirect_error(use_awaitable, error));
    std::int64_t now = ms_now();
    std::lock_guard lock(mutex);
    for (const auto& connection : connections) {
      if (connection->overdue(now)) connection->cut();
    }
  }
}

void HttpServer::State::run() {
  rlimit files{};
  connections_max = options.limits.connections_max;
  if (::getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur != RLIM_INFINITY) {
    std::size_t spare = files.rlim_cur > 512 ? files.rlim_cur - 256 : files.rlim_cur / 2;
    connections_max = std::min<std::size_t>(connections_max, spare);
  }
  if (tcp.is_open())
    asio::co_spawn(tcp.get_executor(), [this] { return accept_tcp(); }, asio::detached);
  if (local.is_open())
    asio::co_spawn(local.get_executor(), [this] { return accept_unix(); }, asio::detached);
  asio::co_spawn(io, [this] { return sweep(); }, asio::detached);
  for (int i = 0; i < 2; ++i) threads.emplace_back([this] { io.run(); });
}

void HttpServer::State::stop(std::chrono::milliseconds grace) {
  if (std::exchange(stopped, true)) return;
  stopping.request_stop();
  asio::post(tcp.get_executor(), [this] {
    error_code ignored;
    tcp.close(ignored);
  });
  asio::post(local.get_executor(), [this] {
    error_code ignored;
    local.close(ignored);
  });
  if (!options.socket_path.empty()) ::unlink(options.socket_path.c_str());
  auto until = Clock::now() + grace;
  std::unique_lock lock(mutex);
  while (!connections.empty()) {
    bool late = Clock::now() >= until;
    for (const auto& connection : connections) {
      connection->end_events();
      if (late || connection->idle()) connection->cut();
    }
    gone.wait_for(lock, std::chrono::milliseconds(20));
  }
  lock.unlock();
  for (Pool* pool : {&quick, &query, &bulk, &slow}) pool->threads.join();
  finished.store(true);
  work.reset();
  threads.clear();  // joins: io.run() returns when the acceptors and the sweeper have ended
}

HttpServer::HttpServer(std::unique_ptr<State> state) : state_(std::move(state)) {}

HttpServer::~HttpServer() {
  state_->stop(std::chrono::milliseconds(0));
}

Result<std::unique_ptr<HttpServer>> HttpServer::start(ServerOptions options, Service service) {
  try {
    auto state = std::make_unique<State>(std::move(options), std::move(service));
    TRY(state->open_tls());
    if (!state->options.address.empty()) TRY(state->open_tcp());
    if (!state->options.socket_path.empty()) TRY(state->open_unix());
    state->run();
    return std::make_unique<HttpServer>(std::move(state));
  } catch (const boost::system::system_error& error) {
    return unavailable("cannot start the server: " + error.code().message());
  } catch (const std::system_error& error) {
    return unavailable("cannot start the server: " + error.code().message());
  }
}

std::uint16_t HttpServer::port() const {
  return state_->port;
}

std::size_t HttpServer::connections() const {
  std::lock_guard lock(state_->mutex);
  return state_->connections.size();
}

void HttpServer::stop(std::chrono::milliseconds grace) {
  state_->stop(grace);
}

bool host_allowed(std::string_view host, const std::vector<std::string>& names) {
  std::size_t colon = host.rfind(':');
  std::string_view bare = host;
  if (colon != host.npos && colon > 0 && (host.find(':') == colon || host[colon - 1] == ']')) {
    if (!text::number(host.substr(colon + 1))) return false;
    bare = host.substr(0, colon);
  }
  if (bare.starts_with('[') && bare.ends_with(']')) bare = bare.substr(1, bare.size() - 2);
  if (ip::parse(bare)) return true;  // nobody can point an address elsewhere
  if (bare.ends_with('.')) bare.remove_suffix(1);
  if (text::equal_fold(bare, "localhost")) return true;
  return std::any_of(names.begin(), names.end(),
                     [&](const std::string& name) { return text::equal_fold(bare, name); });
}

}  // namespace tocsin::http
