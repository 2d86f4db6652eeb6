// A small server on 127.0.0.1 for tests: one thread, one connection at a time, ended with its
// object.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/text.h"

namespace tocsin::test {

// What the server says to one client. Reads give "" when the client has gone or the test ends.
class Connection {
 public:
  Connection(int socket, std::stop_token stop) : socket_(socket), stop_(std::move(stop)) {}

  std::string line() {  // without CR LF
    for (;;) {
      if (auto end = buffer_.find('\n'); end != std::string::npos) {
        std::string out = buffer_.substr(0, end);
        buffer_.erase(0, end + 1);
        if (out.ends_with('\r')) out.pop_back();
        return out;
      }
      if (!more()) return {};
    }
  }
  std::string bytes(std::size_t count) {
    while (buffer_.size() < count && more()) {
    }
    std::string out = buffer_.substr(0, count);
    buffer_.erase(0, count);
    return out;
  }
  void send(std::string_view text) {
    while (!text.empty()) {
      ssize_t sent = ::send(socket_, text.data(), text.size(), MSG_NOSIGNAL);
      if (sent <= 0) return;
      text.remove_prefix(static_cast<std::size_t>(sent));
    }
  }
  bool open() const { return open_; }
  int fd() const { return socket_; }  // for TLS; instead of line(), bytes() and send()

 private:
  bool more() {
    pollfd ready{socket_, POLLIN, 0};
    while (open_ && !stop_.stop_requested()) {
      if (poll(&ready, 1, 20) <= 0) continue;
      char chunk[4096];
      ssize_t got = recv(socket_, chunk, sizeof chunk, 0);
      if (got <= 0) break;
      buffer_.append(chunk, static_cast<std::size_t>(got));
      return true;
    }
    open_ = false;
    return false;
  }
  int socket_;
  std::stop_token stop_;
  std::string buffer_;
  bool open_ = true;
};

class Loopback {
 public:
  explicit Loopback(std::function<void(Connection&)> talk) : talk_(std::move(talk)) {
    listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address);
    listen(listener_, 16);
    socklen_t size = sizeof address;
    getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    thread_ = std::jthread([this](std::stop_token stop) { serve(std::move(stop)); });
  }
  ~Loopback() {
    thread_.request_stop();
    thread_.join();
    close(listener_);
  }
  Loopback(const Loopback&) = delete;
  Loopback& operator=(const Loopback&) = delete;

  std::uint16_t port() const { return port_; }
  std::string port_text() const { return std::to_string(port_); }
  std::string url(std::string_view path) const {
    return "http://127.0.0.1:" + port_text() + std::string(path);
  }

 private:
  void serve(std::stop_token stop) {
    while (!stop.stop_requested()) {
      pollfd ready{listener_, POLLIN, 0};
      if (poll(&ready, 1, 20) <= 0) continue;
      int client = accept(listener_, nullptr, nullptr);
      if (client < 0) continue;
      Connection connection(client, stop);
      talk_(connection);
      close(client);
    }
  }
  std::function<void(Connection&)> talk_;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::jthread thread_;
};

struct HttpRequest {
  std::string method, target, body;
  std::vector<std::pair<std::string, std::string>> headers;  // names in lower case

  std::string header(std::string_view name) const {
    for (const auto& [key, value] : headers) {
      if (key == name) return value;
    }
    return {};
  }
};

// "HTTP/1.1 200 OK" with `more` header lines, each ended by CR LF.
inline std::string answer(int status, std::string_view body, std::string_view more = {}) {
  return "HTTP/1.1 " + std::to_string(status) +
         " Some\r\nContent-Length: " + std::to_string(body.size()) + "\r\nConnection: close\r\n" +
         std::string(more) + "\r\n" + std::string(body);
}

// Answers each request by `handler` and remembers it.
class HttpServer {
 public:
  explicit HttpServer(std::function<std::string(const HttpRequest&)> handler)
      : handler_(std::move(handler)), server_([this](Connection& c) { talk(c); }) {}

  std::string url(std::string_view path) const { return server_.url(path); }
  std::string port_text() const { return server_.port_text(); }
  std::vector<HttpRequest> requests() {
    std::scoped_lock lock(mutex_);
    return requests_;
  }

 private:
  void talk(Connection& connection) {
    HttpRequest request;
    std::string first = connection.line();
    request.method = first.substr(0, first.find(' '));
    std::size_t from = request.method.size() + 1;
    if (first.size() < from) return;
    request.target = first.substr(from, first.find(' ', from) - from);
    std::size_t length = 0;
    for (std::string line = connection.line(); !line.empty(); line = connection.line()) {
      std::string name = line.substr(0, line.find(':'));
      for (char& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
      std::string value = line.substr(std::min(line.size(), name.size() + 2));
      if (name == "content-length") length = text::number(value).value_or(0);
      request.headers.emplace_back(name, value);
    }
    request.body = connection.bytes(length);
    {
      std::scoped_lock lock(mutex_);
      requests_.push_back(request);
    }
    connection.send(handler_(request));
  }
  std::function<std::string(const HttpRequest&)> handler_;
  std::mutex mutex_;
  std::vector<HttpRequest> requests_;
  Loopback server_;
};

}  // namespace tocsin::test
