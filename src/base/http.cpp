#include "base/http.h"

#include <algorithm>

#include "base/json.h"
#include "base/text.h"

namespace tocsin::http {
namespace {

constexpr std::size_t parameters_max = 1000;

std::optional<unsigned> hex_digit(char c) {
  if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
  if (c >= 'a' && c <= 'f') return static_cast<unsigned>(c - 'a' + 10);
  if (c >= 'A' && c <= 'F') return static_cast<unsigned>(c - 'A' + 10);
  return std::nullopt;
}

// Control characters but tab and line ends, which people paste into search boxes.
bool has_control(std::string_view text, std::string_view allowed) {
  return std::any_of(text.begin(), text.end(), [&](char c) {
    auto byte = static_cast<unsigned char>(c);
    return (byte < 0x20 || byte == 0x7f) && !allowed.contains(c);
  });
}

Result<void> read_path(std::string_view path, Request& request) {
  if (!path.starts_with('/')) return invalid("not a path: " + text::quote(path));
  request.path = path;
  request.segments.clear();
  path.remove_prefix(1);
  while (!path.empty()) {
    std::string segment = TRY(percent_decode(text::cut(path, '/')));
    if (segment == "." || segment == ".." || has_control(segment, "")) {
      return invalid("not allowed in a path: " + text::quote(segment));
    }
    request.segments.push_back(std::move(segment));
  }
  if (request.path.size() > 1 && request.path.ends_with('/')) request.segments.emplace_back();
  return {};
}

Result<void> read_query(std::string_view query, Request& request) {
  request.query.clear();
  while (!query.empty()) {
    std::string_view value = text::cut(query, '&');
    if (value.empty()) continue;
    std::string name = TRY(percent_decode(text::cut(value, '='), true));
    std::string decoded = TRY(percent_decode(value, true));
    if (has_control(name, "") || has_control(decoded, "\t\r\n")) {
      return invalid("a control character in parameter " + text::quote(name));
    }
    request.query.emplace(std::move(name), std::move(decoded));
    if (request.query.size() > parameters_max) return invalid("too many parameters");
  }
  return {};
}

}  // namespace

std::string_view Request::header(std::string_view lower_name) const {
  for (const auto& [name, value] : headers) {
    if (name == lower_name) return value;
  }
  return {};
}

std::string_view Request::cookie(std::string_view name) const {
  for (const auto& [header, value] : headers) {
    if (header != "cookie") continue;
    std::string_view rest = value;
    while (!rest.empty()) {
      std::string_view pair = text::trim(text::cut(rest, ';'));
      if (pair.size() > name.size() && pair.starts_with(name) && pair[name.size()] == '=') {
        return pair.substr(name.size() + 1);
      }
    }
  }
  return {};
}

std::string_view Request::parameter(std::string_view name) const {
  auto found = query.find(name);
  return found == query.end() ? std::string_view() : std::string_view(found->second);
}

Response json(std::string body, int status) {
  return {.status = status,
          .headers = {{"Content-Type", "application/json"}, {"Cache-Control", "no-store"}},
          .body = std::move(body)};
}

Response text(std::string body, int status) {
  return {.status = status,
          .headers = {{"Content-Type", "text/plain; charset=utf-8"}, {"Cache-Control", "no-store"}},
          .body = std::move(body)};
}

Response problem(int status, std::string_view detail) {
  json::Writer writer;
  writer.object();
  if (!detail.empty()) writer.member("detail", detail);
  writer.member("status", status).member("title", reason(status)).member("type", "about:blank");
  writer.end();
  Response response = json(writer.take(), status);
  response.headers[0].second = "application/problem+json";
  return response;
}

Response problem(const Error& error) {
  switch (error.fault) {
    case Fault::invalid:
      return problem(400, error.what);
    case Fault::denied:
      return problem(403, error.what);
    case Fault::missing:
      return problem(404, error.what);
    case Fault::unavailable:
      break;
  }
  Response response = problem(503, error.what);
  response.headers.emplace_back("Retry-After", "5");
  return response;
}

// Source: RFC 9110 section 15; 429 and 431: RFC 6585.
std::string_view reason(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 202:
      return "Accepted";
    case 204:
      return "No Content";
    case 303:
      return "See Other";
    case 304:
      return "Not Modified";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 411:
      return "Length Required";
    case 413:
      return "Content Too Large";
    case 414:
      return "URI Too Long";
    case 415:
      return "Unsupported Media Type";
    case 417:
      return "Expectation Failed";
    case 421:
      return "Misdirected Request";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 503:
      return "Service Unavailable";
    case 505:
      return "HTTP Version Not Supported";
    case 507:
      return "Insufficient Storage";
    default:
      return status < 400 ? "OK" : "Error";
  }
}

Result<void> read_target(std::string_view target, Request& request) {
  if (target.contains('#')) return invalid("a fragment in a request: " + text::quote(target));
  std::string_view query = target;
  std::string_view path = text::cut(query, '?');
  TRY(read_path(path, request));
  return read_query(query, request);
}

Result<std::string> percent_decode(std::string_view text, bool plus_is_blank) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+' && plus_is_blank) {
      out += ' ';
    } else if (text[i] != '%') {
      out += text[i];
    } else {
      auto high = i + 2 < text.size() ? hex_digit(text[i + 1]) : std::nullopt;
      auto low = high ? hex_digit(text[i + 2]) : std::nullopt;
      if (!low) return invalid("a broken escape in " + text::quote(text));
      out += static_cast<char>(*high << 4 | *low);
      i += 2;
    }
  }
  if (!text::is_utf8(out)) return invalid("not UTF-8: " + text::quote(out));
  return out;
}

std::string percent_encode(std::string_view text) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string out;
  for (char c : text) {
    bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                 c == '-' || c == '.' || c == '_' || c == '~';
    if (plain) {
      out += c;
    } else {
      auto byte = static_cast<unsigned char>(c);
      out += {'%', digits[byte >> 4], digits[byte & 15]};
    }
  }
  return out;
}

}  // namespace tocsin::http
