// Parser: Beast's parser of requests, which knows what smugglers do; the fields go straight into a
// Request. Part of http_server.cpp, and for it alone.
#pragma once

#include <boost/beast/http/basic_parser.hpp>

#include <cstdint>
#include <string>
#include <string_view>

#include "base/http_server.h"
#include "base/text.h"

namespace tocsin::http {

class Parser final : public boost::beast::http::basic_parser<true> {
  using View = boost::beast::string_view;
  using Length = boost::optional<std::uint64_t>;

 public:
  Parser(Request& request, const ServerLimits& limits)
      : request_(request), fields_max_(limits.header_fields_max) {
    header_limit(limits.header_bytes_max);
    body_limit(UINT64_MAX);  // Admission::body_max is checked by the connection
    eager(true);
  }
  std::string target;
  std::string* body = nullptr;
  std::uint64_t body_size = 0;
  int version = 11;
  int hosts = 0;
  bool coded = false;  // a Transfer-Encoding other than `chunked` alone

 private:
  static std::string_view plain(View text) { return {text.data(), text.size()}; }

  void on_request_impl(boost::beast::http::verb, View method, View what, int number,
                       boost::system::error_code& error) override {
    error = {};
    request_.method = plain(method);
    target = plain(what);
    version = number;
  }
  void on_response_impl(int, View, int, boost::system::error_code& error) override { error = {}; }
  void on_field_impl(boost::beast::http::field, View name, View value,
                     boost::system::error_code& error) override {
    error = {};
    if (headers_done_) return;  // trailers say nothing that we would believe
    if (request_.headers.size() >= fields_max_) {
      error = boost::beast::http::error::header_limit;
      return;
    }
    std::string lower = text::lower(plain(name));
    if (lower == "host") ++hosts;
    if (lower == "transfer-encoding" && !text::equal_fold(plain(value), "chunked")) coded = true;
    request_.headers.emplace_back(std::move(lower), plain(value));
  }
  void on_header_impl(boost::system::error_code& error) override {
    error = {};
    headers_done_ = true;
  }
  void on_body_init_impl(const Length&, boost::system::error_code& error) override { error = {}; }
  std::size_t on_body_impl(View bytes, boost::system::error_code& error) override {
    return keep(bytes, error);
  }
  void on_chunk_header_impl(std::uint64_t, View, boost::system::error_code& error) override {
    error = {};
  }
  std::size_t on_chunk_body_impl(std::uint64_t, View bytes,
                                 boost::system::error_code& error) override {
    return keep(bytes, error);
  }
  void on_finish_impl(boost::system::error_code& error) override { error = {}; }

  std::size_t keep(View bytes, boost::system::error_code& error) {
    error = {};
    if (body) body->append(bytes.data(), bytes.size());
    body_size += bytes.size();
    return bytes.size();
  }

  Request& request_;
  std::size_t fields_max_;
  bool headers_done_ = false;
};

}  // namespace tocsin::http
