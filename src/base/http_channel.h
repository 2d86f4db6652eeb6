// Channel: the bytes of one connection, plain or through TLS. Part of http_server.cpp, and for it
// alone.
#pragma once

// Asio of Boost 1.74 uses std::exchange without including this.
#include <utility>

#include <boost/asio.hpp>
#include <boost/asio/ssl.hpp>

#include <openssl/x509.h>

#include <cstddef>
#include <string>

#include "base/hash.h"

namespace tocsin::http {

namespace asio = boost::asio;
namespace ssl = asio::ssl;
using asio::use_awaitable;
using boost::system::error_code;
using Socket = asio::generic::stream_protocol::socket;
template <class T>
using Task = asio::awaitable<T>;

class Channel {
 public:
  virtual ~Channel() = default;
  virtual Task<void> begin(error_code& error) = 0;
  virtual std::string client_pin() { return {}; }  // "": the client showed no certificate
  virtual Task<std::size_t> read(char* to, std::size_t size, error_code& error) = 0;
  virtual Task<std::size_t> write(const char* from, std::size_t size, error_code& error) = 0;
  virtual Task<void> end() = 0;  // tells the other side that no more comes
  virtual void close() = 0;      // whatever waits here returns with an error
  virtual asio::any_io_executor executor() = 0;
};

class PlainChannel final : public Channel {
 public:
  explicit PlainChannel(Socket socket) : socket_(std::move(socket)) {}
  Task<void> begin(error_code&) override { co_return; }
  Task<std::size_t> read(char* to, std::size_t size, error_code& error) override {
    co_return co_await socket_.async_read_some(asio::buffer(to, size),
                                               asio::redirect_error(use_awaitable, error));
  }
  Task<std::size_t> write(const char* from, std::size_t size, error_code& error) override {
    co_return co_await socket_.async_write_some(asio::buffer(from, size),
                                                asio::redirect_error(use_awaitable, error));
  }
  Task<void> end() override {
    error_code ignored;
    socket_.shutdown(Socket::shutdown_send, ignored);
    co_return;
  }
  void close() override {
    error_code ignored;
    socket_.close(ignored);
  }
  asio::any_io_executor executor() override { return socket_.get_executor(); }

 private:
  Socket socket_;
};

class TlsChannel final : public Channel {
 public:
  TlsChannel(Socket socket, ssl::context& context) : stream_(std::move(socket), context) {}
  Task<void> begin(error_code& error) override {
    co_await stream_.async_handshake(ssl::stream_base::server,
                                     asio::redirect_error(use_awaitable, error));
  }
  std::string client_pin() override {
    X509* certificate = SSL_get1_peer_certificate(stream_.native_handle());
    unsigned char* der = nullptr;
    int size =
        certificate != nullptr ? i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &der) : -1;
    std::string pin;
    if (size > 0)
      pin = hex(sha256({reinterpret_cast<const char*>(der), static_cast<std::size_t>(size)}));
    OPENSSL_free(der);
    X509_free(certificate);
    return pin;
  }
  Task<std::size_t> read(char* to, std::size_t size, error_code& error) override {
    co_return co_await stream_.async_read_some(asio::buffer(to, size),
                                               asio::redirect_error(use_awaitable, error));
  }
  Task<std::size_t> write(const char* from, std::size_t size, error_code& error) override {
    co_return co_await stream_.async_write_some(asio::buffer(from, size),
                                                asio::redirect_error(use_awaitable, error));
  }
  Task<void> end() override {
    error_code ignored;
    co_await stream_.async_shutdown(asio::redirect_error(use_awaitable, ignored));
  }
  void close() override {
    error_code ignored;
    stream_.next_layer().close(ignored);
  }
  asio::any_io_executor executor() override { return stream_.get_executor(); }

 private:
  ssl::stream<Socket> stream_;
};

}  // namespace tocsin::http
