#include "base/http_client.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <boost/beast/http/basic_parser.hpp>

#include <cerrno>
#include <cstring>
#include <utility>

#include "base/text.h"

namespace tocsin::http {
namespace {

using boost::system::error_code;

// A file that closes itself.
struct File {
  explicit File(int n) : number(n) {}
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  ~File() {
    if (number >= 0) ::close(number);
  }
  int number;
};

std::unexpected<Error> lost(std::string_view what) {
  int why = errno;
  bool slow = why == EAGAIN || why == EWOULDBLOCK;
  return unavailable(fmt::format("{}: {}", what, slow ? "no answer in time" : strerror(why)));
}

Result<int> connected(int family, const sockaddr* address, socklen_t size, std::string_view where) {
  int socket = ::socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (socket < 0) return lost("cannot open a socket");
  int state = 0;
  do {
    state = ::connect(socket, address, size);
  } while (state != 0 && errno == EINTR);
  if (state == 0) return socket;
  auto error = lost("nobody answers at " + text::quote(where));
  ::close(socket);
  return error;
}

class Parser final : public boost::beast::http::basic_parser<false> {
  using View = boost::beast::string_view;
  using Length = boost::optional<std::uint64_t>;

 public:
  explicit Parser(Response& response) : response_(response) {
    header_limit(256 * 1024);
    body_limit(UINT64_MAX);
    eager(true);
  }
  std::string piece;  // the body since it was last taken

 private:
  void on_request_impl(boost::beast::http::verb, View, View, int, error_code& error) override {
    error = {};
  }
  void on_response_impl(int status, View, int, error_code& error) override {
    error = {};
    response_.status = status;
  }
  void on_field_impl(boost::beast::http::field, View name, View value, error_code& error) override {
    error = {};
    response_.headers.emplace_back(text::lower({name.data(), name.size()}),
                                   std::string(value.data(), value.size()));
  }
  void on_header_impl(error_code& error) override { error = {}; }
  void on_body_init_impl(const Length&, error_code& error) override { error = {}; }
  std::size_t on_body_impl(View bytes, error_code& error) override { return keep(bytes, error); }
  void on_chunk_header_impl(std::uint64_t, View, error_code& error) override { error = {}; }
  std::size_t on_chunk_body_impl(std::uint64_t, View bytes, error_code& error) override {
    return keep(bytes, error);
  }
  void on_finish_impl(error_code& error) override { error = {}; }
  std::size_t keep(View bytes, error_code& error) {
    error = {};
    piece.append(bytes.data(), bytes.size());
    return bytes.size();
  }

  Response& response_;
};

// Errors: unavailable; EPIPE too, but then an answer may stand ready.
Result<void> write_all(int socket, std::string_view bytes) {
  while (!bytes.empty()) {
    ssize_t n = ::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return lost("the node does not take the request");
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return {};
}

}  // namespace

Result<HttpClient> HttpClient::unix_socket(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) {
    return invalid("the path of the socket is too long: " + text::quote(path));
  }
  memcpy(address.sun_path, path.data(), path.size());
  HttpClient client(
      TRY(connected(AF_UNIX, reinterpret_cast<const sockaddr*>(&address), sizeof address, path)));
  client.set_timeout(600);
  return client;
}

Result<HttpClient> HttpClient::tcp(const std::string& address, std::uint16_t port) {
  sockaddr_in where{};
  where.sin_family = AF_INET;
  where.sin_port = htons(port);
  if (::inet_pton(AF_INET, address.c_str(), &where.sin_addr) != 1) {
    return invalid("not an IPv4 address: " + text::quote(address));
  }
  HttpClient client(TRY(connected(AF_INET, reinterpret_cast<const sockaddr*>(&where), sizeof where,
                                  fmt::format("{}:{}", address, port))));
  client.set_timeout(600);
  return client;
}

HttpClient::HttpClient(HttpClient&& other) noexcept
    : socket_(std::exchange(other.socket_, -1)), in_(std::move(other.in_)) {}

HttpClient& HttpClient::operator=(HttpClient&& other) noexcept {
  std::swap(socket_, other.socket_);
  std::swap(in_, other.in_);
  return *this;
}

HttpClient::~HttpClient() {
  if (socket_ >= 0) ::close(socket_);
}

void HttpClient::set_timeout(std::uint32_t seconds) {
  timeval time{.tv_sec = seconds, .tv_usec = 0};
  ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof time);
}

Result<void> HttpClient::send(const Call& call) {
  File file(call.body_path.empty() ? -1 : ::open(call.body_path.c_str(), O_RDONLY | O_CLOEXEC));
  std::uint64_t size = call.body.size();
  if (!call.body_path.empty()) {
    struct stat found{};
    if (file.number < 0 || ::fstat(file.number, &found) != 0) {
      return missing("cannot read " + text::quote(call.body_path) + ": " + strerror(errno));
    }
    if (!S_ISREG(found.st_mode)) return invalid("not a file: " + text::quote(call.body_path));
    size = static_cast<std::uint64_t>(found.st_size);
  }
  std::string head = call.method + ' ' + call.target + " HTTP/1.1\r\nHost: localhost\r\n";
  for (const auto& [name, value] : call.headers) head += name + ": " + value + "\r\n";
  bool has_body = size > 0 || call.method == "POST" || call.method == "PUT";
  if (has_body) head += fmt::format("Content-Length: {}\r\n", size);
  TRY(write_all(socket_, head + "\r\n" + call.body));
  std::string piece;
  std::uint64_t sent = call.body.size();
  while (file.number >= 0 && sent < size) {
    piece.resize(static_cast<std::size_t>(std::min<std::uint64_t>(size - sent, 256 * 1024)));
    ssize_t n = ::read(file.number, piece.data(), piece.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return lost("cannot read " + text::quote(call.body_path));
    if (n == 0) return invalid(text::quote(call.body_path) + " became shorter while it was sent");
    TRY(write_all(socket_, std::string_view(piece).substr(0, static_cast<std::size_t>(n))));
    sent += static_cast<std::uint64_t>(n);
    if (call.progress && !call.progress(sent, size)) return denied("stopped");
  }
  return {};
}

Result<Response> HttpClient::receive(const Call& call) {
  Response response;
  Parser parser(response);
  if (call.method == "HEAD") parser.skip(true);
  bool closed = false;
  while (!parser.is_done()) {
    error_code error;
    std::size_t used = in_.empty() ? 0 : parser.put(boost::asio::buffer(in_), error);
    in_.erase(0, used);
    if (error && error != boost::beast::http::error::need_more) {
      return invalid("not an HTTP answer: " + error.message());
    }
    if (call.sink && response.status < 300 && !parser.piece.empty()) {
      TRY(call.sink(parser.piece));
    } else {
      response.body += parser.piece;
    }
    parser.piece.clear();
    if (response.body.size() > call.answer_bytes_max) return invalid("the answer is too large");
    if (parser.is_done()) break;
    if (closed) return unavailable("the node closed the connection in the middle of its answer");
    std::size_t before = in_.size();
    in_.resize(before + 64 * 1024);
    ssize_t n = ::recv(socket_, in_.data() + before, 64 * 1024, 0);
    in_.resize(before + static_cast<std::size_t>(std::max<ssize_t>(n, 0)));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return lost("no answer from the node");
    if (n == 0) {
      closed = true;
      if (!parser.got_some()) return unavailable("the node closed the connection");
      parser.put_eof(error);
      if (error) return unavailable("the node closed the connection in the middle of its answer");
    }
  }
  return response;
}

Result<Response> HttpClient::call(const Call& call) {
  auto sent = send(call);
  if (!sent && sent.error().fault != Fault::unavailable) return std::unexpected(sent.error());
  auto response = receive(call);  // a refusal may have come while we were still sending
  if (!response && !sent) return std::unexpected(sent.error());
  if (!sent || !response) {
    ::close(std::exchange(socket_, -1));  // what is left in it belongs to nothing
    in_.clear();
  }
  return response;
}

}  // namespace tocsin::http
