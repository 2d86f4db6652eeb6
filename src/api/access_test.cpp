#include "api/access.h"

#include "temporary_folder.h"
#include "test.h"

namespace tocsin::api {
namespace {

const TimeUs now = *times::parse("2026-11-22T07:00:00Z");
constexpr password::Cost cheap{.passes = 1, .memory_bytes = 8192 << 1};

http::Request from(std::string method, http::Fields headers) {
  http::Request request;
  request.method = std::move(method);
  request.headers = std::move(headers);
  request.peer.ip = "192.0.2.1";
  return request;
}

struct Porch {
  TemporaryFolder folder;
  Dictionary words;
  std::unique_ptr<store::Journal> journal = *store::Journal::open(folder.file("journal.db"), words);
  Sessions sessions;
  std::unique_ptr<Tokens> tokens = *Tokens::open(token_store_in_memory());
  std::unique_ptr<People> people = *People::open(*journal, std::string(32, 'k'), cheap);
  Brake brake;
  ProxySettings proxy;

  Result<Caller> caller(const http::Request& request, TimeUs at = now) {
    return Access{sessions, *tokens, *people, brake, proxy}.caller(request,
                                                                   origin_of(request, proxy), at);
  }
  User user(std::string_view name, Role role) {
    REQUIRE(people->add(name, role, "correct horse battery", now).has_value());
    return *people->named(name);
  }
  std::string cookie(const User& user, std::string how = "password") {
    auto begun = sessions.begin(
        {.user_id = user.id, .user = user.name, .how = std::move(how), .epoch = user.epoch}, "",
        now);
    return "tocsin_session=" + begun.cookie;
  }
};

TokenRow wish(Role role, std::string owner = std::string(local_user)) {
  return {.name = "x", .owner = std::move(owner), .role = role};
}

}  // namespace

TEST_CASE("who calls is told by socket, token or cookie; writing by cookie needs its CSRF token") {
  Porch porch;
  http::Request local = from("POST", {});
  local.peer = {.uid = 1000};
  CHECK(porch.caller(local)->role == Role::administrator);

  CHECK(porch.caller(from("GET", {}))->role == Role::nobody);
  std::string token = porch.tokens->create(wish(Role::viewer), now)->token;
  auto by_token = porch.caller(from("POST", {{"authorization", "Bearer " + token}}));
  REQUIRE(by_token.has_value());
  CHECK(by_token->role == Role::viewer);
  CHECK(by_token->by == Caller::By::token);
  CHECK(porch.caller(from("GET", {{"authorization", "Basic " + token}})).error().fault ==
        Fault::denied);

  User ana = porch.user("ana", Role::analyst);
  std::string cookie = porch.cookie(ana);
  std::string csrf = porch.sessions.list(ana.id, now)[0].csrf;
  CHECK(porch.caller(from("GET", {{"cookie", cookie}}))->role == Role::analyst);
  CHECK(porch.caller(from("GET", {{"cookie", cookie}}))->user == "ana");
  CHECK(porch.caller(from("POST", {{"cookie", cookie}})).error().fault == Fault::denied);
  CHECK(porch.caller(from("DELETE", {{"cookie", cookie}, {"x-csrf-token", "no"}})).error().fault ==
        Fault::denied);
  CHECK(porch.caller(from("POST", {{"cookie", cookie}, {"x-csrf-token", csrf}}))->user_id ==
        ana.id);
  CHECK(porch.caller(from("GET", {{"cookie", "tocsin_session=old"}}))->role == Role::nobody);
}

TEST_CASE("a session has the role that its user has now, and ends with the user") {
  Porch porch;
  User ana = porch.user("ana", Role::administrator);
  porch.user("bo", Role::administrator);
  auto asked = from("GET", {{"cookie", porch.cookie(ana)}});
  CHECK(porch.caller(asked)->may(Right::administer));
  REQUIRE(porch.people->set_role("ana", Role::viewer).has_value());
  CHECK_FALSE(porch.caller(asked)->may(Right::administer));
  REQUIRE(porch.people->set_disabled("ana", true).has_value());
  CHECK(porch.caller(asked)->role == Role::nobody);
  REQUIRE(porch.people->set_disabled("ana", false).has_value());
  CHECK(porch.caller(asked)->role == Role::nobody);  // that session is over

  auto again = from("GET", {{"cookie", porch.cookie(*porch.people->named("ana"))}});
  CHECK(porch.caller(again)->role == Role::viewer);
  REQUIRE(porch.people->end_sessions("ana").has_value());
  CHECK(porch.caller(again)->role == Role::nobody);
  auto last = from("GET", {{"cookie", porch.cookie(*porch.people->named("ana"))}});
  REQUIRE(porch.people->remove("ana").has_value());
  CHECK(porch.caller(last)->role == Role::nobody);
}

TEST_CASE("a token has no more rights than it was given, than its role, and than its owner now") {
  Porch porch;
  User ana = porch.user("ana", Role::administrator);
  porch.user("bo", Role::administrator);
  TokenRow some = wish(Role::administrator, ana.id);
  some.rights = {Right::read, Right::administer};
  std::string token = porch.tokens->create(some, now)->token;
  auto asked = from("GET", {{"authorization", "Bearer " + token}});
  CHECK(porch.caller(asked)->may(Right::administer));
  CHECK_FALSE(porch.caller(asked)->may(Right::audit));
  REQUIRE(porch.people->set_role("ana", Role::viewer).has_value());
  CHECK_FALSE(porch.caller(asked)->may(Right::administer));
  CHECK(porch.caller(asked)->may(Right::read));
  CHECK(porch.caller(asked)->role == Role::viewer);
  REQUIRE(porch.people->set_disabled("ana", true).has_value());
  CHECK(porch.caller(asked).error().fault == Fault::denied);
}

TEST_CASE("a token with an end serves until then") {
  Porch porch;
  TokenRow short_one = wish(Role::viewer);
  short_one.expires = now + us_per_hour;
  std::string token = porch.tokens->create(short_one, now)->token;
  auto asked = from("GET", {{"authorization", "Bearer " + token}});
  CHECK(porch.caller(asked, now + us_per_hour - 1).has_value());
  CHECK_FALSE(porch.caller(asked, now + us_per_hour).has_value());
}

TEST_CASE("who guesses must wait, and others need not") {
  Porch porch;
  auto guess = from("GET", {{"authorization", "Bearer tcs_guess"}});
  for (std::size_t i = 0; i < Brake::failures_max; ++i) {
    CHECK(porch.caller(guess).error().fault == Fault::denied);
  }
  CHECK(porch.caller(guess).error().fault == Fault::unavailable);
  std::string token = porch.tokens->create(wish(Role::viewer), now)->token;
  auto right = from("GET", {{"authorization", "Bearer " + token}});
  CHECK(porch.caller(right).has_value());  // 256 bits are not guessed: no wait keeps it out
  // Who is signed in already is not kept out by others' guesses behind the same address.
  CHECK(porch.caller(from("GET", {{"cookie", porch.cookie(porch.user("ana", Role::viewer))}}))
            ->role == Role::viewer);
  guess.peer.ip = "192.0.2.2";
  CHECK(porch.caller(guess).error().fault == Fault::denied);
  guess.peer.ip = "192.0.2.1";
  CHECK(porch.caller(guess, now + Brake::window).error().fault == Fault::denied);
}

TEST_CASE("where a request comes from is believed of the proxy alone") {
  ProxySettings proxy{.from = {*ip::parse_network("192.0.2.0/30")}};
  auto origin = [&](std::string peer, http::Fields headers) {
    http::Request request = from("GET", std::move(headers));
    request.peer.ip = std::move(peer);
    return origin_of(request, proxy);
  };
  CHECK(origin("198.51.100.9", {{"x-forwarded-for", "203.0.113.1"}}).ip == "198.51.100.9");
  CHECK_FALSE(origin("198.51.100.9", {{"x-forwarded-proto", "https"}}).secure);
  CHECK(origin("192.0.2.1", {{"x-forwarded-for", "203.0.113.1"}}).ip == "203.0.113.1");
  CHECK(origin("192.0.2.1", {{"x-forwarded-proto", "https"}}).secure);
  // What a client wrote in front is not looked at.
  CHECK(origin("192.0.2.1", {{"x-forwarded-for", "10.0.0.1, 203.0.113.1, 192.0.2.2"}}).ip ==
        "203.0.113.1");
  CHECK(origin("192.0.2.1", {{"x-forwarded-for", "nonsense"}}).ip == "192.0.2.1");
  CHECK(origin("192.0.2.1", {}).ip == "192.0.2.1");
}

TEST_CASE("a session by proxy ends when the proxy names somebody else") {
  Porch porch;
  porch.proxy = {.from = {*ip::parse_network("192.0.2.1")}, .user_header = "x-remote-user"};
  User ana = porch.user("ana", Role::viewer);
  porch.user("bo", Role::viewer);
  std::string cookie = porch.cookie(ana, "proxy");
  CHECK(porch.caller(from("GET", {{"cookie", cookie}, {"x-remote-user", "ana"}}))->user == "ana");
  CHECK(porch.caller(from("GET", {{"cookie", cookie}, {"x-remote-user", "bo"}}))->role ==
        Role::nobody);
  CHECK(porch.caller(from("GET", {{"cookie", cookie}}))->role == Role::nobody);
}

TEST_CASE("of several groups the one that gives most counts") {
  RoleMap map{.by_group = {{"team", Role::analyst}, {"admins", Role::administrator}}};
  CHECK(map.of({"team", "admins", "x"}) == Role::administrator);
  CHECK(map.of({"team"}) == Role::analyst);
  CHECK_FALSE(map.of({"x"}).has_value());
  map.otherwise = Role::viewer;
  CHECK(map.of({}) == Role::viewer);
}

TEST_CASE("the cookie cannot be read by scripts or sent by other sites") {
  std::string plain = set_cookie("abc", false, us_per_day),
              secure = set_cookie("abc", true, us_per_day);
  CHECK(plain.starts_with("tocsin_session=abc; Path=/; HttpOnly; SameSite=Strict"));
  CHECK_FALSE(plain.contains("Secure"));
  CHECK(plain.ends_with("Max-Age=86400"));
  CHECK(secure.contains("; Secure"));
  CHECK(set_cookie("", false, us_per_day).contains("Max-Age=0"));
}

}  // namespace tocsin::api
