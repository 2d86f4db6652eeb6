// Signing in: by link, password, provider or proxy; and who is signed in. Here nobody is known yet,
// so these write their own rows in the audit: before a session begins, and for every failure.
#include "api/answers.h"
#include "api/audited.h"
#include "api/handlers.h"
#include "base/text.h"
#include "base/user_name.h"
#include "base/version.h"

namespace tocsin::api {
namespace {

// Geodata older than this is called old.
constexpr std::int64_t geo_days_max = 60;
constexpr std::size_t agent_max = 200;

// What to answer while this caller must wait for having guessed too often.
std::optional<http::Response> braked(Context& context, const Call& call,
                                     std::string_view account = {}) {
  auto wait = context.brake.wait_s(call.origin.ip, call.now, account);
  if (wait == 0) return std::nullopt;
  http::Response response = http::problem(429, "too many wrong attempts");
  response.headers.emplace_back("Retry-After", std::to_string(wait));
  return response;
}

// Who wants to come in, as far as that is known. A name that is none of ours is not written down:
// it may be a password in the wrong field.
struct Comer {
  std::string user_id{}, user{};
  Role role = Role::nobody;
  std::uint64_t epoch = 0;
  std::string how{};
  std::string account{};  // what wrong tries are counted under, also where there is no such user
};

Result<void> write_down(Context& context, const Call& call, const Comer& comer,
                        std::string_view outcome) {
  store::AuditAct act = act_of(call);
  act.who = comer.user.empty() ? "(unknown)" : comer.user;
  act.user = comer.user_id;
  act.role = comer.role == Role::nobody ? "" : std::string(name(comer.role));
  act.call = "sign-in";
  act.object = comer.how;
  return context.audit.note(act, outcome);
}

// A failed sign-in: counted, and written down before it is told.
Error failed(Context& context, const Call& call, const Comer& comer, Error error) {
  if (error.fault == Fault::denied) {
    context.brake.failed(call.origin.ip, call.now, comer.account);
  }
  auto written = write_down(context, call, comer, "denied: " + error.what);
  return written ? error : std::move(written).error();
}

// A new session under a new cookie; the one that the browser had is over.
Result<Sessions::SignedIn> let_in(Context& context, const Call& call, const Comer& comer) {
  TRY(write_down(context, call, comer, "done"));
  std::string agent = text::printable(call.request.header("user-agent"));
  if (agent.size() > agent_max) agent.resize(agent_max);
  if (!text::is_utf8(agent)) agent.clear();
  if (comer.user_id != local_user) TRY(context.people.was_here(comer.user_id, call.now));
  context.brake.succeeded(comer.account);
  return context.sessions.begin({.user_id = comer.user_id,
                                 .user = comer.user,
                                 .how = comer.how,
                                 .address = call.origin.ip,
                                 .agent = std::move(agent),
                                 .role = comer.role,
                                 .epoch = comer.epoch},
                                call.request.cookie(session_cookie), call.now);
}

Comer comer_of(const User& user, std::string_view how) {
  return {.user_id = user.id,
          .user = user.name,
          .role = user.role,
          .epoch = user.epoch,
          .how = std::string(how)};
}

http::Response with_cookie(Context& context, const Call& call, http::Response response,
                           std::string_view value) {
  response.headers.emplace_back(
      "Set-Cookie", set_cookie(value, call.origin.secure, context.sessions.lives().whole));
  return response;
}

http::Response see(std::string_view where) {
  return {.status = 303,
          .headers = {{"Location", std::string(where)}, {"Cache-Control", "no-store"}}};
}

bool is_browser(const Call& call) {
  return call.request.header("accept").contains("text/html");
}

Result<Sessions::SignedIn> by_code(Context& context, const Call& call, std::string_view code) {
  Comer comer{.how = "link"};
  auto role = context.sessions.use_code(code, call.now);
  if (!role) return std::unexpected(failed(context, call, comer, role.error()));
  comer.user_id = comer.user = std::string(local_user);
  comer.role = *role;
  return let_in(context, call, comer);
}

http::Response signed_in(Context& context, const Call& call, const Sessions::SignedIn& session) {
  http::Response response = http::json(R"({"signed_in":true})");
  response.headers.emplace_back("Cache-Control", "no-store");
  return with_cookie(context, call, std::move(response), session.cookie);
}

Answer by_password(Context& context, const Call& call, const JsonBody& body) {
  std::string user = TRY(body.text("user")), password = TRY(body.text("password"));
  std::string code = TRY(body.text("totp"));
  auto name = user_name(user);
  std::string account = name ? name->key : std::string();
  if (auto wait = braked(context, call, account)) return *std::move(wait);
  Comer comer{.how = "password"};
  if (auto known = context.people.named(user)) comer = comer_of(*known, "password");
  comer.account = account;
  auto checked = context.people.check(user, password, code, call.now);
  if (!checked) return std::unexpected(failed(context, call, comer, checked.error()));
  if (checked->needs_code) {
    TRY(write_down(context, call, comer, "the password was right; a code is asked for"));
    http::Response response = http::json(R"({"next":"totp","signed_in":false})");
    response.headers.emplace_back("Cache-Control", "no-store");
    return response;
  }
  auto now = context.people.find(checked->id);  // the epoch may have moved
  if (!now) return denied("this user is gone");
  comer = comer_of(*now, checked->with_code ? "password+totp" : "password");
  comer.account = account;
  auto session = TRY(let_in(context, call, comer));
  return signed_in(context, call, session);
}

std::vector<std::string> groups_of(std::string_view header) {
  std::vector<std::string> groups;
  while (!header.empty()) {
    std::string_view one = text::trim(text::cut(header, ','));
    if (!one.empty()) groups.emplace_back(one);
  }
  return groups;
}

// Where a browser is led after a provider or a proxy said who it is.
Answer led_in(Context& context, const Call& call, const Result<User>& user, std::string_view how) {
  if (!user) {
    Error told = failed(context, call, {.how = std::string(how)}, user.error());
    if (told.fault == Fault::denied && is_browser(call)) return see("/?signin=refused");
    return std::unexpected(told);
  }
  auto session = TRY(let_in(context, call, comer_of(*user, how)));
  return with_cookie(context, call, see("/"), session.cookie);
}

}  // namespace

Answer sign_in_link(Context& context, const Call& call) {
  if (call.request.method != "GET") return http::problem(405, "a code is used by GET alone");
  if (auto wait = braked(context, call)) return *std::move(wait);
  auto session = by_code(context, call, call.params.text("code"));
  if (session) return with_cookie(context, call, see("/"), session->cookie);
  if (session.error().fault == Fault::denied && is_browser(call)) return see("/?signin=failed");
  return std::unexpected(session.error());
}

Answer sign_in(Context& context, const Call& call) {
  // A page of another site could sign a browser in as somebody else.
  if (call.request.header("sec-fetch-site") == "cross-site") {
    return denied("sign in from the node's own page");
  }
  auto body = TRY(JsonBody::read(call.request, "code|user|password|totp"));
  std::string code = TRY(body.text("code"));
  if (code.empty()) return by_password(context, call, body);
  if (auto wait = braked(context, call)) return *std::move(wait);
  auto session = TRY(by_code(context, call, code));
  return signed_in(context, call, session);
}

Answer list_ways(Context& context, const Call& call) {
  const ProxySettings& proxy = context.sign_in.proxy;
  bool by_proxy = !proxy.user_header.empty() && proxy.trusts(call.request.peer) &&
                  !call.request.header(proxy.user_header).empty();
  Object object;
  object.add("password", !context.people.list().empty()).add("proxy", by_proxy);
  if (context.oidc != nullptr) object.add("provider", context.oidc->settings().provider);
  return http::json(object.text());
}

Answer begin_oidc(Context& context, const Call& call) {
  if (context.oidc == nullptr) return missing("no provider is configured");
  if (auto wait = braked(context, call)) return *std::move(wait);
  auto begun = TRY(context.oidc->begin(call.now));
  http::Response response = see(begun.url);
  // Lax: the provider's redirect comes from another site.
  std::string cookie = std::string(Oidc::cookie) + '=' + begun.binding +
                       "; Path=/api/v1/signin; HttpOnly; SameSite=Lax; Max-Age=600";
  if (call.origin.secure) cookie += "; Secure";
  response.headers.emplace_back("Set-Cookie", cookie);
  return response;
}

Answer end_oidc(Context& context, const Call& call) {
  if (context.oidc == nullptr) return missing("no provider is configured");
  if (auto wait = braked(context, call)) return *std::move(wait);
  auto person = context.oidc->finish({.code = call.params.text("code"),
                                      .state = call.params.text("state"),
                                      .issuer = call.params.text("iss"),
                                      .error = call.params.text("error"),
                                      .binding = call.request.cookie(Oidc::cookie)},
                                     call.now);
  Result<User> user = std::unexpected(person ? Error{} : person.error());
  if (person) {
    user = context.people.external("oidc", person->subject, person->name, person->role, call.now);
  }
  return led_in(context, call, user, "oidc");
}

Answer sign_in_by_proxy(Context& context, const Call& call) {
  const ProxySettings& proxy = context.sign_in.proxy;
  if (proxy.user_header.empty()) return missing("no proxy signs people in here");
  if (auto wait = braked(context, call)) return *std::move(wait);
  std::string_view name = call.request.header(proxy.user_header);
  Result<User> user = denied("the proxy names nobody");
  if (!proxy.trusts(call.request.peer)) {
    user = denied("this address is not the proxy's");
  } else if (!name.empty()) {
    auto role = proxy.roles.of(
        groups_of(proxy.groups_header.empty() ? "" : call.request.header(proxy.groups_header)));
    user = context.people.external("proxy", name, name, role, call.now);
  }
  return led_in(context, call, user, "proxy");
}

Answer sign_out(Context& context, const Call& call) {
  context.sessions.sign_out(call.request.cookie(session_cookie));
  context.live.end_unless([&](std::string_view p) { return p != call.caller.principal; });
  http::Response response{.status = 204, .headers = {{"Cache-Control", "no-store"}}};
  return with_cookie(context, call, std::move(response), "");
}

Answer show_session(Context& context, const Call& call) {
  NodeInfo node = context.backend.info();
  Object object;
  object.add("user", call.caller.user)
      .add("user_id", call.caller.user_id)
      .add("role", name(call.caller.role))
      .add("rights", names_of(call.caller.rights))
      .add("version", version())
      .add("simulated", node.simulated)
      .flag("in_network", context.backend.partners() != nullptr)
      .flag("must_change_password", call.caller.must_change)
      .add("node",
           Object().add("name", node.name).add("host", node.host).add("country", node.country));
  if (call.caller.by == Caller::By::session) {
    auto session = context.sessions.find(call.request.cookie(session_cookie), call.now);
    if (session) object.add("csrf", session->csrf).add("how", session->how);
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

}  // namespace tocsin::api
