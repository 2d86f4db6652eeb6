#include "base/http_answer.h"

#include <fmt/format.h>

#include "base/gzip.h"
#include "base/text.h"
#include "base/time.h"

namespace tocsin::http {
namespace {

constexpr std::size_t compress_least_bytes = 1024;

// Source: RFC 9110 section 5.6.7.
std::string http_date(TimeUs time) {
  constexpr std::string_view days[] = {"Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"};
  constexpr std::string_view months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  Day day = times::day_of(time);
  auto date = times::civil(day);
  std::string clock = times::format(time).substr(11, 8);
  return fmt::format("{}, {:02} {} {} {} GMT", days[day % 7], date.day, months[date.month - 1],
                     date.year, clock);
}

constexpr std::pair<std::string_view, std::string_view> security_headers[] = {
    {"Content-Security-Policy",
     "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; "
     "form-action 'self'; frame-ancestors 'none'"},
    {"X-Content-Type-Options", "nosniff"},
    {"X-Frame-Options", "DENY"},
    {"Referrer-Policy", "no-referrer"},
    {"Cross-Origin-Opener-Policy", "same-origin"},
    {"Cross-Origin-Resource-Policy", "same-origin"},
};

void append_field(std::string& out, std::string_view name, std::string_view value) {
  out += name;
  out += ": ";
  for (char c : value) {
    if (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f) out += c;  // no line ends: no injection
  }
  out += "\r\n";
}

std::string_view field_of(const Response& response, std::string_view name) {
  for (const auto& [key, value] : response.headers) {
    if (text::equal_fold(key, name)) return value;
  }
  return {};
}

// Does Accept-Encoding allow gzip? Source: RFC 9110 section 12.5.3; quality 0 means no.
bool takes_gzip(const Request& request) {
  std::string_view list = request.header("accept-encoding");
  while (!list.empty()) {
    std::string_view item = text::cut(list, ',');
    std::string_view coding = text::trim(text::cut(item, ';'));
    if (!text::equal_fold(coding, "gzip") && coding != "*") continue;
    std::string_view quality = text::trim(item);
    return !(quality.starts_with("q=0") && quality.find_first_not_of("q=0.") == quality.npos);
  }
  return false;
}

}  // namespace

std::string head_text(const Response& response, Framing framing, bool keep, bool secure) {
  std::string out = fmt::format("HTTP/1.1 {} {}\r\n", response.status, reason(response.status));
  append_field(out, "Date", http_date(times::now() / us_per_s * us_per_s));
  for (const auto& [name, value] : security_headers) {
    if (field_of(response, name).empty())
      append_field(out, name, value);  // a browser keeps to both
  }
  if (secure) append_field(out, "Strict-Transport-Security", "max-age=31536000");
  for (const auto& [name, value] : response.headers) append_field(out, name, value);
  if (framing == Framing::length) {
    append_field(out, "Content-Length", std::to_string(response.body.size()));
  } else if (framing == Framing::chunked) {
    append_field(out, "Transfer-Encoding", "chunked");
  }
  append_field(out, "Connection", keep ? "keep-alive" : "close");
  return out + "\r\n";
}

void compress(const Request& request, Response& response) {
  std::string_view type = field_of(response, "content-type");
  bool text = type.starts_with("text/") || type.starts_with("application/json") ||
              type.starts_with("application/problem+json") || type.contains("ndjson");
  if (!text || !response.compress || response.body.size() < compress_least_bytes ||
      !field_of(response, "content-encoding").empty()) {
    return;
  }
  response.headers.emplace_back("Vary", "Accept-Encoding");
  if (!takes_gzip(request)) return;
  response.body = gzip::pack(response.body);
  response.headers.emplace_back("Content-Encoding", "gzip");
}

}  // namespace tocsin::http
