// Transfer: one libcurl handle, set up safely: where it may connect, TLS, proxy, time and size
// caps, stopping.
//
// The guard sits where the socket is opened and sees the very address that will be connected to, so
// a name that resolves differently a moment later (DNS rebinding) gains nothing. base/fetch builds
// HTTP on it, imap mail.
#pragma once

#include <curl/curl.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/ip.h"
#include "base/result.h"

namespace tocsin {

// How connections are made; the same for all requests of a feed.
struct Route {
  bool allow_private = false;  // also loopback, private and other special addresses
  std::string proxy;           // "" : none, whatever the environment says
  std::string ca_file;         // "" : the system's
  std::string client_certificate, client_key, client_key_password;  // PEM files
  // SHA-256 of public keys in hexadecimal: the server's certificate must have one of them, and then
  // needs no authority. Source: RFC 7469 section 2.4.
  std::vector<std::string> pins;
  std::vector<std::string> resolve;  // "name:port:address": instead of asking DNS; still guarded
  std::uint64_t size_max_bytes = std::uint64_t{4} << 30;  // of the decoded body
  std::uint32_t connect_timeout_ms = 20'000;
  std::uint32_t total_timeout_ms = 1'800'000;
  std::uint32_t low_speed_s = 60;  // given up after so long under 100 bytes a second
  std::stop_token stop;
};

// A URL taken apart by the parser that also connects (libcurl's).
struct Url {
  std::string text;  // normalised: a numeric host in any spelling is dotted decimal here
  std::string scheme, host, path;
  std::uint16_t port = 0;
  std::string label;          // shown instead of the URL, where that holds a key
  std::string shown() const;  // for messages and records: the label, or the URL without its query

  // `text` may be relative to `base` (a redirect), where that is given.
  // Errors: invalid; denied for a scheme not in `schemes` ("http,https") and for user names or
  // passwords in it.
  static Result<Url> parse(std::string_view text, std::string_view schemes,
                           std::string_view base = {});
};

class Transfer {
 public:
  Transfer(const Route& route, const char* schemes);
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;
  ~Transfer();

  CURL* handle() { return handle_.get(); }

  // The body goes to this file (created, or emptied), or else into body().
  void spool_to(std::string path) { spool_path_ = std::move(path); }
  // The body is handed over as it comes, and not kept.
  void hand_to(std::function<void(std::string_view piece)> take) { take_ = std::move(take); }
  const std::string& body() const { return body_; }
  std::uint64_t size_bytes() const { return size_bytes_; }

  // Client certificate on or off for the next perform() (off for another host after a redirect).
  void present_certificate(bool yes);

  // One request to `url` with the options set on handle().
  // Errors: denied (the guard), invalid (too large), unavailable (network, disk full, stopping).
  Result<void> perform(const Url& url);

 private:
  static curl_socket_t open_socket(void* self, curlsocktype purpose, curl_sockaddr* address);
  static std::size_t write(char* bytes, std::size_t one, std::size_t count, void* self);
  static int progress(void* self, curl_off_t, curl_off_t, curl_off_t, curl_off_t);
  Result<void> check_behind_proxy(const Url& url) const;
  Result<void> open_spool();
  Result<void> failure(CURLcode code, const Url& url) const;

  struct Free {
    void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
  };
  const Route& route_;
  curl_slist* resolve_ = nullptr;
  std::unique_ptr<CURL, Free> handle_;
  std::array<char, CURL_ERROR_SIZE> message_{};
  std::string spool_path_, body_;
  std::function<void(std::string_view)> take_;
  int spool_ = -1;
  int disk_error_ = 0;  // errno of a failed write
  bool too_large_ = false;
  std::uint64_t size_bytes_ = 0;
  Ip refused_;
  std::string_view refused_why_;
};

}  // namespace tocsin
