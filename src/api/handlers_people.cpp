// People: users, their roles and what becomes of them; one's own profile, sessions and tokens. What
// belongs to somebody else is answered as if it were not there.
#include "api/answers.h"
#include "api/handlers.h"
#include "base/text.h"
#include "base/totp.h"

namespace tocsin::api {
namespace {

std::string time_text(TimeUs time) {
  return time == time_none ? std::string() : times::format(time);
}

Result<Role> role_of(std::string_view text) {
  auto role = role_named(text);
  if (role) return *role;
  return invalid("no role " + text::quote(text) +
                 "; there are viewer, analyst, agreement-editor, administrator, auditor");
}

// Whose things are meant: one's own, or with all=true, for who administers, everybody's ("").
Result<std::string> whose(const Call& call) {
  if (call.params.text("all") != "true") return call.caller.user_id;
  if (!call.caller.may(Right::administer)) return denied("only an administrator sees all");
  return std::string();
}

// Whose things a change may touch: everybody's for who administers.
std::string reach(const Call& call) {
  return call.caller.may(Right::administer) ? std::string() : call.caller.user_id;
}

Object user_object(Context& context, const User& user, TimeUs now) {
  Object object;
  object.add("id", user.id)
      .add("name", user.name)
      .add("role", name(user.role))
      .add("origin", user.origin)
      .add("disabled", user.disabled)
      .add("must_change_password", user.must_change)
      .add("totp", user.totp_on)
      .add("created", times::format(user.created))
      .add("signed_in", time_text(user.signed_in))
      .add("sessions", context.sessions.list(user.id, now).size())
      .add("tokens", context.tokens.list(user.id).size());
  return object;
}

Result<User> named_user(Context& context, const Call& call) {
  const std::string& name = call.path.at("name");
  auto user = context.people.named(name);
  if (!user) return missing("no user " + text::quote(name));
  return *std::move(user);
}

http::Response secret_json(const Object& object, int status = 200) {
  http::Response response = http::json(object.text(), status);
  response.headers.emplace_back("Cache-Control", "no-store");
  response.compress = false;
  return response;
}

// After a change of who may do what: the streams of those who may no longer end at once.
Answer settled(Context& context) {
  end_lost_streams(context);
  return http::Response{.status = 204};
}

// What only a user of ours has; the node's owner and his tokens have none.
Result<void> expect_user(const Call& call) {
  if (call.caller.user_id == local_user) {
    return invalid("you came by the node's own link or socket; make a user for yourself first");
  }
  if (call.caller.by == Caller::By::token)
    return denied("a token may not do that: sign in as a person");
  return {};
}

// A token makes no further ones, and ends no sessions: who has stolen it shall not outlive it.
Result<void> expect_person(const Call& call) {
  if (call.caller.by != Caller::By::token || call.caller.may(Right::administer)) return {};
  return denied("a token may not do that: sign in as a person");
}

// What asks for the caller's password: who guesses at it waits.
template <class Work>
auto with_password(Context& context, const Call& call, Work work) -> decltype(work()) {
  if (auto wait = context.brake.wait_s(call.origin.ip, call.now, call.caller.user_id))
    return unavailable("too many wrong attempts; wait " + std::to_string(wait) + " seconds");
  auto done = work();
  if (!done && done.error().fault == Fault::denied)
    context.brake.failed(call.origin.ip, call.now, call.caller.user_id);
  return done;
}

Object session_object(const Session& session, const Call& call) {
  return Object()
      .add("id", session.id)
      .add("user", session.user)
      .add("user_id", session.user_id)
      .add("how", session.how)
      .add("address", session.address)
      .add("agent", session.agent)
      .add("since", times::format(session.since))
      .add("used", times::format(session.used))
      .add("current", session.principal == call.caller.principal);
}

Object token_object(const TokenRow& row) {
  Object object = object_of(row);
  object.add("owner", row.owner_name)
      .add("owner_id", row.owner)
      .add("rights", names_of(rights_of(row.role) & row.rights))
      .add("expires", time_text(row.expires));
  return object;
}

// The token that is wished for, within what the caller and the owner may do.
Result<TokenRow> token_wish(Context& context, const Call& call) {
  auto body = TRY(JsonBody::read(call.request, "name|role|rights|expires|user"));
  TokenRow row{.name = TRY(body.text("name")),
               .owner = call.caller.user_id,
               .owner_name = call.caller.user,
               .role = call.caller.role};
  std::string role = TRY(body.text("role"));
  if (!role.empty()) row.role = TRY(role_of(role));
  auto rights = TRY(body.texts("rights", std::size(rights_all)));
  if (!rights.empty()) {
    row.rights = {};
    for (const std::string& text : rights) {
      auto right = right_named(text);
      if (!right) {
        return invalid("no right " + text::quote(text) +
                       "; there are read, work, agree, administer, audit");
      }
      row.rights = row.rights | Rights{*right};
    }
  }
  if (std::string expires = TRY(body.text("expires")); !expires.empty()) {
    row.expires = TRY(times::parse(expires));
  }
  Rights most = call.caller.rights;
  if (std::string user = TRY(body.text("user")); !user.empty()) {
    auto owner = context.people.named(user);
    if (!call.caller.may(Right::administer)) return denied("only an administrator may do that");
    if (!owner) return missing("no user " + text::quote(user));
    row.owner = owner->id;
    row.owner_name = owner->name;
    most = most & rights_of(owner->role);
  }
  Rights wanted = rights_of(row.role) & row.rights;
  if ((wanted & most) != wanted) return denied("a token has no right that you have not");
  // A token begets none that outlives it.
  if (call.caller.expires != time_none &&
      (row.expires == time_none || row.expires > call.caller.expires)) {
    row.expires = call.caller.expires;
  }
  return row;
}

}  // namespace

void end_lost_streams(Context& context) {
  TimeUs now = context.now();
  context.live.end_unless([&](std::string_view principal) {
    if (principal == "socket") return true;
    auto owner = principal.starts_with("token:") ? context.tokens.owner(principal, now)
                                                 : context.sessions.owner(principal, now);
    if (!owner) return false;
    if (owner->user_id == local_user) return true;
    auto standing = context.people.standing(owner->user_id);
    return standing && (owner->epoch == epoch_any || owner->epoch == standing->epoch);
  });
}

Answer list_users(Context& context, const Call& call) {
  std::vector<Object> items;
  for (const User& user : context.people.list()) {
    items.push_back(user_object(context, user, call.now));
  }
  std::size_t count = items.size();
  return http::json(list_of(items, "", count).text());
}

Answer show_user(Context& context, const Call& call) {
  User user = TRY(named_user(context, call));
  return http::json(user_object(context, user, call.now).text());
}

Answer add_user(Context& context, const Call& call) {
  auto body = TRY(JsonBody::read(call.request, "name|role|password"));
  std::string user = TRY(body.text("name")), password = TRY(body.text("password"));
  std::string role_text = TRY(body.text("role"));
  Role role = TRY(role_of(role_text));
  std::string start = TRY(context.people.add(user, role, password, call.now));
  return secret_json(
      Object().add("name", context.people.named(user)->name).add("start_password", start), 201);
}

Answer set_user_role(Context& context, const Call& call) {
  auto body = TRY(JsonBody::read(call.request, "role"));
  std::string role_text = TRY(body.text("role"));
  Role role = TRY(role_of(role_text));
  TRY(context.people.set_role(call.path.at("name"), role));
  return settled(context);
}

Answer disable_user(Context& context, const Call& call) {
  User user = TRY(named_user(context, call));
  TRY(context.people.set_disabled(user.name, true));
  context.sessions.end_all(user.id);
  return settled(context);
}

Answer enable_user(Context& context, const Call& call) {
  TRY(context.people.set_disabled(call.path.at("name"), false));
  return settled(context);
}

Answer reset_user_password(Context& context, const Call& call) {
  User user = TRY(named_user(context, call));
  std::string start = TRY(context.people.reset_password(user.name));
  context.sessions.end_all(user.id);
  end_lost_streams(context);
  return secret_json(Object().add("name", user.name).add("start_password", start));
}

Answer reset_user_totp(Context& context, const Call& call) {
  TRY(context.people.reset_totp(call.path.at("name")));
  return settled(context);
}

Answer sign_user_out(Context& context, const Call& call) {
  User user = TRY(named_user(context, call));
  TRY(context.people.end_sessions(user.name));
  context.sessions.end_all(user.id);
  return settled(context);
}

Answer remove_user(Context& context, const Call& call) {
  User user = TRY(named_user(context, call));
  TRY(context.people.remove(user.name));
  context.sessions.end_all(user.id);
  TRY(context.tokens.remove_all(user.id));
  TRY(context.backend.views().forget_all(user.name));
  return settled(context);
}

Answer show_profile(Context& context, const Call& call) {
  Object object;
  auto user = context.people.find(call.caller.user_id);
  if (user) {
    object = user_object(context, *user, call.now);
    object.add("recovery_codes_left", user->recovery.size());
  } else {
    object.add("id", call.caller.user_id)
        .add("name", call.caller.user)
        .add("role", name(call.caller.role))
        .add("origin", "node");
  }
  object.add("rights", names_of(call.caller.rights));
  return http::json(object.text());
}

Answer change_password(Context& context, const Call& call) {
  TRY(expect_user(call));
  auto body = TRY(JsonBody::read(call.request, "old_password|new_password"));
  std::string old = TRY(body.text("old_password")), fresh = TRY(body.text("new_password"));
  auto change = [&] { return context.people.change_password(call.caller.user_id, old, fresh); };
  TRY(with_password(context, call, change));
  // All other sessions are over; this one goes on, in the new epoch.
  context.sessions.end_all(call.caller.user_id, call.caller.principal);
  auto standing = context.people.standing(call.caller.user_id);
  if (standing) context.sessions.renew(call.caller.principal, standing->epoch);
  return settled(context);
}

Answer begin_totp(Context& context, const Call& call) {
  TRY(expect_user(call));
  auto body = TRY(JsonBody::read(call.request, "password"));
  std::string password = TRY(body.text("password"));
  auto begin = [&] { return context.people.begin_totp(call.caller.user_id, password); };
  std::string secret = TRY(with_password(context, call, begin));
  std::string issuer = "Tocsin " + context.backend.info().name;
  return secret_json(Object()
                         .add("secret", totp::base32(secret))
                         .add("uri", totp::uri(issuer, call.caller.user, secret)));
}

Answer confirm_totp(Context& context, const Call& call) {
  TRY(expect_user(call));
  auto body = TRY(JsonBody::read(call.request, "totp"));
  std::string code = TRY(body.text("totp"));
  auto codes = TRY(context.people.confirm_totp(call.caller.user_id, code, call.now));
  return secret_json(Object().add("recovery_codes", codes));
}

Answer end_totp(Context& context, const Call& call) {
  TRY(expect_user(call));
  auto body = TRY(JsonBody::read(call.request, "password"));
  std::string password = TRY(body.text("password"));
  auto end = [&] { return context.people.end_totp(call.caller.user_id, password); };
  TRY(with_password(context, call, end));
  return http::Response{.status = 204};
}

Answer list_sessions(Context& context, const Call& call) {
  std::vector<Object> items;
  std::string user = TRY(whose(call));
  for (const Session& session : context.sessions.list(user, call.now)) {
    items.push_back(session_object(session, call));
  }
  return http::json(list_of(items).text());
}

Answer end_session(Context& context, const Call& call) {
  TRY(expect_person(call));
  const std::string& id = call.path.at("id");
  if (!context.sessions.end(id, reach(call))) return missing("no session " + text::quote(id));
  return settled(context);
}

Answer list_tokens(Context& context, const Call& call) {
  std::vector<Object> items;
  std::string user = TRY(whose(call));
  for (const TokenRow& row : context.tokens.list(user)) {
    items.push_back(token_object(row));
  }
  return http::json(list_of(items).text());
}

Answer create_token(Context& context, const Call& call) {
  TRY(expect_person(call));
  TokenRow wish = TRY(token_wish(context, call));
  auto made = TRY(context.tokens.create(std::move(wish), call.now));
  return secret_json(Object().add("id", made.id).add("token", made.token), 201);
}

Answer remove_token(Context& context, const Call& call) {
  TRY(expect_person(call));
  TRY(context.tokens.remove(call.path.at("id"), reach(call)));
  return settled(context);
}

}  // namespace tocsin::api
