// The node itself: health, the live stream, metrics, the API's own description, and the console's
// files.
#include <algorithm>

#include "api/answers.h"
#include "api/handlers.h"
#include "api/openapi.h"
#include "base/gzip.h"
#include "base/text.h"

namespace tocsin::api {
namespace {

constexpr std::size_t file_bytes_max = 64 << 20;

const ConsoleFile* file_named(std::span<const ConsoleFile> files, std::string_view path) {
  auto found =
      std::lower_bound(files.begin(), files.end(), path,
                       [](const ConsoleFile& f, std::string_view p) { return f.path < p; });
  return found != files.end() && found->path == path ? &*found : nullptr;
}

// Vite puts a hash of the content into the names under assets/.
bool never_changes(std::string_view path) {
  return path.starts_with("assets/");
}

bool takes_gzip(const http::Request& request) {
  return request.header("accept-encoding").contains("gzip");
}

}  // namespace

Answer show_health(Context& context, const Call&) {
  return http::json(object_of(context.backend.health()).text());
}

Answer back_up(Context& context, const Call& call) {
  if (call.caller.by != Caller::By::socket)
    return invalid("a backup is made at the node's own socket");
  auto body = TRY(JsonBody::read(call.request, "folder"));
  std::string folder = TRY(body.text("folder"));
  if (!folder.starts_with('/')) return invalid("folder must be an absolute path");
  TRY(context.backend.backup(folder));
  return http::Response{.status = 204};
}

Answer stream(Context& context, const Call& call) {
  auto stream = TRY(context.live.subscribe(call.caller.principal));
  return http::Response{.headers = {{"Content-Type", "text/event-stream"},
                                    {"Cache-Control", "no-store"},
                                    {"X-Accel-Buffering", "no"}},
                        .events = std::move(stream)};
}

Answer show_openapi(Context&, const Call&) {
  static const std::string document = openapi();
  http::Response response = http::json(document);
  response.headers[1].second = "public, max-age=300";
  return response;
}

Answer show_metrics(Context& context, const Call&) {
  http::Response response = http::text(context.metrics.text());
  response.headers[0].second = "text/plain; version=0.0.4; charset=utf-8";
  return response;
}

Answer healthz(Context&, const Call&) {
  return http::text("ok\n");
}

Answer readyz(Context& context, const Call&) {
  return context.backend.health().ready ? http::text("ready\n") : http::text("not ready\n", 503);
}

Answer console_file(Context& context, const Call& call) {
  std::string path;
  for (const std::string& segment : call.request.segments) {
    (path += path.empty() ? "" : "/") += segment;
  }
  if (path.starts_with("api/")) return missing("no such call: " + text::quote("/" + path));
  const ConsoleFile* file = file_named(context.files, path);
  // The console's own files lie in assets/ or have no folder; "/feeds/list.csv" is a page of it.
  bool is_page = path.contains('/') ? !path.starts_with("assets/") : !path.contains('.');
  if (!file && is_page) file = file_named(context.files, "index.html");  // the console has routes
  if (!file && context.files.empty()) {
    return missing("this binary was built without the console; the API is at /api/v1");
  }
  if (!file) return missing("no such file: " + text::quote("/" + path));
  http::Response response{
      .headers = {{"Content-Type", std::string(file->type)},
                  {"ETag", std::string(file->etag)},
                  {"Vary", "Accept-Encoding"},
                  {"Cache-Control",
                   never_changes(file->path) ? "public, max-age=31536000, immutable" : "no-cache"}},
      .compress = false};
  if (call.request.header("if-none-match").contains(file->etag)) {
    response.status = 304;
  } else if (file->gzip && !takes_gzip(call.request)) {
    response.body = TRY(gzip::unpack(file->bytes, file_bytes_max));
  } else {
    response.body = file->bytes;
    if (file->gzip) response.headers.emplace_back("Content-Encoding", "gzip");
  }
  return response;
}

}  // namespace tocsin::api
