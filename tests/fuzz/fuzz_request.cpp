// Fuzzes what a caller of the API may say: the first line is a request's target, the second a Host
// header, the rest a body.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "api/params.h"
#include "base/check.h"
#include "base/gzip.h"
#include "base/http_server.h"
#include "base/text.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tocsin;
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  std::string_view target = text::cut(rest, '\n');
  std::string_view host = text::cut(rest, '\n');
  http::Request request;
  if (http::read_target(target, request)) {
    for (const std::string& segment : request.segments) {
      check(segment != ".." && text::is_utf8(segment), "a path leads nowhere else");
      check(http::percent_decode(http::percent_encode(segment)) == segment, "escapes and back");
    }
    static const std::vector<api::Parameter> known = {
        {"q", api::ParameterType::filter, ""},
        {"limit", api::ParameterType::number, ""},
        {"since", api::ParameterType::time, ""},
    };
    static_cast<void>(api::Params::read(request, known, 1'800'000'000 * us_per_s));
  }
  static_cast<void>(http::host_allowed(host, {"node-1.example.org"}));
  request.body = rest;
  if (auto body = api::JsonBody::read(request, "name|lines|yes")) {
    static_cast<void>(body->text("name"));
    static_cast<void>(body->texts("lines", 10));
    static_cast<void>(body->flag("yes"));
  }
  static_cast<void>(gzip::unpack(rest, 1 << 20));
  return 0;
}
