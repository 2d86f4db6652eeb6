#include "api/access.h"

#include "test.h"

namespace tocsin::api {
namespace {

const TimeUs now = *times::parse("2026-11-22T07:00:00Z");

http::Request from(std::string method, http::Fields headers) {
  http::Request request;
  request.method = std::move(method);
  request.headers = std::move(headers);
  request.peer.ip = "192.0.2.1";
  return request;
}

struct Door {
  Sessions sessions;
  std::unique_ptr<Tokens> tokens = *Tokens::open(token_store_in_memory());
  Brake brake;
  Result<Caller> caller(const http::Request& request, TimeUs at = now) {
    return Access{sessions, *tokens, brake}.caller(request, at);
  }
};

}  // namespace

TEST_CASE("random texts are of their size and not the same twice") {
  CHECK(random_text(16).size() == 22);
  CHECK(random_text().size() == 43);
  CHECK(random_text() != random_text());
  CHECK(equal_in_constant_time("abc", "abc"));
  CHECK_FALSE(equal_in_constant_time("abc", "abd"));
  CHECK_FALSE(equal_in_constant_time("abc", "ab"));
}

TEST_CASE("a sign-in code works once and for a quarter of an hour") {
  Sessions sessions;
  std::string code = sessions.new_code("admin", Role::administrator, now);
  CHECK(sessions.sign_in("wrong", now).error().fault == Fault::denied);
  auto signed_in = sessions.sign_in(code, now);
  REQUIRE(signed_in.has_value());
  CHECK(sessions.sign_in(code, now).error().fault == Fault::denied);
  auto session = sessions.find(signed_in->cookie, now);
  REQUIRE(session.has_value());
  CHECK(session->user == "admin");
  CHECK(session->role == Role::administrator);

  std::string late = sessions.new_code("admin", Role::viewer, now);
  CHECK_FALSE(sessions.sign_in(late, now + Sessions::code_life + 1).has_value());
}

TEST_CASE("a session ends when it was idle too long, is too old, or is signed out") {
  Sessions sessions;
  auto sign_in = [&] {
    return *sessions.sign_in(sessions.new_code("admin", Role::viewer, now), now);
  };
  auto idle = sign_in();
  CHECK(sessions.find(idle.cookie, now + Sessions::idle_life).has_value());
  CHECK_FALSE(sessions.find(idle.cookie, now + 2 * Sessions::idle_life + 1).has_value());
  auto busy = sign_in();
  for (TimeUs at = now; at <= now + Sessions::whole_life; at += us_per_hour) {
    CHECK(sessions.alive(busy.principal, at));
  }
  CHECK_FALSE(sessions.find(busy.cookie, now + Sessions::whole_life + 1).has_value());
  auto out = sign_in();
  sessions.sign_out(out.cookie);
  CHECK_FALSE(sessions.find(out.cookie, now).has_value());
  CHECK_FALSE(sessions.alive(out.principal, now));
}

TEST_CASE("codes and sessions stay bounded; the oldest go") {
  Sessions sessions;
  std::string first = sessions.new_code("a", Role::viewer, now);
  for (std::size_t i = 0; i < Sessions::codes_max; ++i) sessions.new_code("b", Role::viewer, now);
  CHECK_FALSE(sessions.sign_in(first, now).has_value());
  auto oldest = *sessions.sign_in(sessions.new_code("a", Role::viewer, now), now);
  for (std::size_t i = 0; i < Sessions::sessions_max; ++i) {
    TimeUs at = now + 1 + static_cast<TimeUs>(i);
    REQUIRE(sessions.sign_in(sessions.new_code("b", Role::viewer, at), at).has_value());
  }
  CHECK(sessions.size() == Sessions::sessions_max);
  CHECK_FALSE(sessions.find(oldest.cookie, now + us_per_s).has_value());
}

TEST_CASE("a token is shown once, kept as a hash, and works over a restart until it is removed") {
  TokenStore store = token_store_in_memory();
  auto tokens = *Tokens::open(store);
  std::string token = *tokens->create("exporter", Role::analyst, now);
  CHECK(token.starts_with("tcs_"));
  CHECK(token.size() == 47);
  auto rows = *store.load();
  REQUIRE(rows.size() == 1);
  CHECK(rows[0].hash == hex(sha256(token)));
  CHECK(rows[0].used == time_none);

  auto again = *Tokens::open(store);
  auto found = again->find(token, now + us_per_s);
  REQUIRE(found.has_value());
  CHECK(found->role == Role::analyst);
  again->keep_uses();
  CHECK((*store.load())[0].used == now + us_per_s);
  CHECK_FALSE(again->find("tcs_wrong", now).has_value());
  CHECK_FALSE(again->find(rows[0].hash, now).has_value());
  CHECK(again->alive("token:" + rows[0].id));
  CHECK(again->remove(rows[0].id).has_value());
  CHECK(again->remove(rows[0].id).error().fault == Fault::missing);
  CHECK_FALSE(again->find(token, now).has_value());
  CHECK(store.load()->empty());
  CHECK(again->create("  ", Role::viewer, now).error().fault == Fault::invalid);
}

TEST_CASE("who calls is told by socket, token or cookie; writing by cookie needs its CSRF token") {
  Door door;
  http::Request local = from("POST", {});
  local.peer = {.uid = 1000};
  CHECK(door.caller(local)->role == Role::administrator);

  CHECK(door.caller(from("GET", {}))->role == Role::nobody);
  std::string token = *door.tokens->create("x", Role::viewer, now);
  auto by_token = door.caller(from("POST", {{"authorization", "Bearer " + token}}));
  REQUIRE(by_token.has_value());
  CHECK(by_token->role == Role::viewer);
  CHECK(by_token->by == Caller::By::token);
  CHECK(door.caller(from("GET", {{"authorization", "Basic " + token}})).error().fault ==
        Fault::denied);

  auto signed_in = *door.sessions.sign_in(door.sessions.new_code("a", Role::analyst, now), now);
  std::string csrf = door.sessions.find(signed_in.cookie, now)->csrf;
  std::string cookie = "tocsin_session=" + signed_in.cookie;
  CHECK(door.caller(from("GET", {{"cookie", cookie}}))->role == Role::analyst);
  CHECK(door.caller(from("POST", {{"cookie", cookie}})).error().fault == Fault::denied);
  CHECK(door.caller(from("DELETE", {{"cookie", cookie}, {"x-csrf-token", "no"}})).error().fault ==
        Fault::denied);
  CHECK(door.caller(from("POST", {{"cookie", cookie}, {"x-csrf-token", csrf}}))->role ==
        Role::analyst);
  CHECK(door.caller(from("GET", {{"cookie", "tocsin_session=old"}}))->role == Role::nobody);
}

TEST_CASE("who guesses must wait, and others need not") {
  Door door;
  auto guess = from("GET", {{"authorization", "Bearer tcs_guess"}});
  for (std::size_t i = 0; i < Brake::failures_max; ++i) {
    CHECK(door.caller(guess).error().fault == Fault::denied);
  }
  CHECK(door.caller(guess).error().fault == Fault::unavailable);
  std::string token = *door.tokens->create("x", Role::viewer, now);
  auto right = from("GET", {{"authorization", "Bearer " + token}});
  CHECK(door.caller(right).error().fault == Fault::unavailable);
  right.peer.ip = "192.0.2.2";
  CHECK(door.caller(right).has_value());
  right.peer.ip = "192.0.2.1";
  CHECK(door.caller(right, now + Brake::window).has_value());
}

TEST_CASE("IPv6 guessers are held by their network, and all together by one limit") {
  Brake brake;
  for (std::size_t i = 0; i < Brake::failures_max; ++i) {
    brake.failed("2001:db8::" + std::to_string(i + 1), now);
  }
  CHECK(brake.wait_s("2001:db8::ffff", now) > 0);
  CHECK(brake.wait_s("2001:db8:0:1::1", now) == 0);
  for (std::size_t i = 0; i < Brake::all_failures_max; ++i) {
    brake.failed("198.51.100." + std::to_string(i % 250), now);
  }
  CHECK(brake.wait_s("203.0.113.1", now) > 0);
  CHECK(brake.wait_s("203.0.113.1", now + Brake::window) == 0);
}

TEST_CASE("the cookie cannot be read by scripts or sent by other sites") {
  std::string plain = set_cookie("abc", false), secure = set_cookie("abc", true);
  CHECK(plain.starts_with("tocsin_session=abc; Path=/; HttpOnly; SameSite=Strict"));
  CHECK_FALSE(plain.contains("Secure"));
  CHECK(secure.contains("; Secure"));
  CHECK(set_cookie("", false).contains("Max-Age=0"));
}

}  // namespace tocsin::api
