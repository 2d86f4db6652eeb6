// Who signs in, who is signed in, and the tokens of programs.
#include "api/answers.h"
#include "api/handlers.h"
#include "base/text.h"
#include "base/version.h"

namespace tocsin::api {
namespace {

// Geodata older than this is called old.
constexpr std::int64_t geo_days_max = 60;

// What to answer while this caller must wait for having guessed too often.
std::optional<http::Response> braked(Context& context, const Call& call) {
  auto wait = context.brake.wait_s(call.request.peer.ip, call.now);
  if (wait == 0) return std::nullopt;
  http::Response response = http::problem(429, "too many wrong attempts");
  response.headers.emplace_back("Retry-After", std::to_string(wait));
  return response;
}

Result<Sessions::SignedIn> use_code(Context& context, const Call& call, std::string_view code) {
  auto signed_in = context.sessions.sign_in(code, call.now);
  if (!signed_in) context.brake.failed(call.request.peer.ip, call.now);
  return signed_in;
}

http::Response with_cookie(http::Response response, std::string_view value, bool secure) {
  response.headers.emplace_back("Set-Cookie", set_cookie(value, secure));
  return response;
}

http::Response see(std::string_view where) {
  return {.status = 303,
          .headers = {{"Location", std::string(where)}, {"Cache-Control", "no-store"}}};
}

}  // namespace

Answer sign_in_link(Context& context, const Call& call) {
  if (call.request.method != "GET") return http::problem(405, "a code is used by GET alone");
  if (auto wait = braked(context, call)) return *std::move(wait);
  auto signed_in = use_code(context, call, call.params.text("code"));
  if (signed_in) return with_cookie(see("/"), signed_in->cookie, call.request.peer.secure);
  if (call.request.header("accept").contains("text/html")) return see("/?signin=failed");
  return std::unexpected(signed_in.error());
}

Answer sign_in(Context& context, const Call& call) {
  auto body = TRY(JsonBody::read(call.request, "code"));
  std::string code = TRY(body.text("code"));
  if (auto wait = braked(context, call)) return *std::move(wait);
  auto signed_in = TRY(use_code(context, call, code));
  http::Response response{.status = 204, .headers = {{"Cache-Control", "no-store"}}};
  return with_cookie(std::move(response), signed_in.cookie, call.request.peer.secure);
}

Answer sign_out(Context& context, const Call& call) {
  context.sessions.sign_out(call.request.cookie(session_cookie));
  context.live.end_unless([&](std::string_view p) { return p != call.caller.principal; });
  http::Response response{.status = 204, .headers = {{"Cache-Control", "no-store"}}};
  return with_cookie(std::move(response), "", call.request.peer.secure);
}

Answer show_session(Context& context, const Call& call) {
  NodeInfo node = context.backend.info();
  Object object;
  object.add("user", call.caller.user)
      .add("role", name(call.caller.role))
      .add("version", version())
      .add("simulated", node.simulated)
      .add("node",
           Object().add("name", node.name).add("host", node.host).add("country", node.country));
  if (call.caller.by == Caller::By::session) {
    auto session = context.sessions.find(call.request.cookie(session_cookie), call.now);
    if (session) object.add("csrf", session->csrf);
  }
  if (!node.geo_date.empty()) {
    object.add("geo_database", Object()
                                   .add("date", node.geo_date)
                                   .add("age_days", node.geo_age_days)
                                   .add("old", node.geo_age_days > geo_days_max));
  }
  http::Response response = http::json(object.text());
  response.compress = false;  // holds a secret beside what others may choose
  return response;
}

Answer list_tokens(Context& context, const Call&) {
  return http::json(list_of(objects_of(context.tokens.list())).text());
}

Answer create_token(Context& context, const Call& call) {
  auto body = TRY(JsonBody::read(call.request, "name|role"));
  std::string role_name = TRY(body.text("role"));
  auto role = role_named(role_name);
  if (!role) {
    return invalid("no role " + text::quote(role_name) +
                   "; there are viewer, analyst, agreement-editor, administrator, auditor");
  }
  std::string token_name = TRY(body.text("name"));
  std::string token = TRY(context.tokens.create(token_name, *role, call.now));
  http::Response response = http::json(Object().add("token", token).text(), 201);
  response.compress = false;
  return response;
}

Answer remove_token(Context& context, const Call& call) {
  TRY(context.tokens.remove(call.path.at("id")));
  context.live.end_unless([&](std::string_view p) { return p != "token:" + call.path.at("id"); });
  return http::Response{.status = 204};
}

}  // namespace tocsin::api
