#include "api/sessions.h"

#include "test.h"

namespace tocsin::api {
namespace {

const TimeUs now = *times::parse("2026-11-22T07:00:00Z");

Sessions::SignedIn begin(Sessions& sessions, std::string user, TimeUs at = now,
                         std::string_view old = {}) {
  return sessions.begin({.user_id = user, .user = user, .how = "password"}, old, at);
}

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
  std::string code = sessions.new_code(Role::administrator, now);
  CHECK(sessions.use_code("wrong", now).error().fault == Fault::denied);
  CHECK(*sessions.use_code(code, now) == Role::administrator);
  CHECK(sessions.use_code(code, now).error().fault == Fault::denied);
  std::string late = sessions.new_code(Role::viewer, now);
  CHECK_FALSE(sessions.use_code(late, now + Sessions::code_life + 1).has_value());
  std::string first = sessions.new_code(Role::viewer, now);
  for (std::size_t i = 0; i < Sessions::codes_max; ++i) sessions.new_code(Role::viewer, now);
  CHECK_FALSE(sessions.use_code(first, now).has_value());
}

TEST_CASE("a session ends when it was idle too long, is too old, or is signed out") {
  Sessions sessions({.idle = 2 * us_per_hour, .whole = us_per_day});
  auto idle = begin(sessions, "a");
  CHECK(sessions.find(idle.cookie, now + 2 * us_per_hour).has_value());
  CHECK_FALSE(sessions.find(idle.cookie, now + 4 * us_per_hour + 1).has_value());
  auto busy = begin(sessions, "a");
  for (TimeUs at = now; at <= now + us_per_day; at += us_per_hour) {
    CHECK(sessions.alive(busy.principal, at));
  }
  CHECK_FALSE(sessions.find(busy.cookie, now + us_per_day + 1).has_value());
  auto out = begin(sessions, "a");
  sessions.sign_out(out.cookie);
  CHECK_FALSE(sessions.find(out.cookie, now).has_value());
  CHECK_FALSE(sessions.alive(out.principal, now));
}

TEST_CASE(
    "signing in makes a new cookie: one that was set before is never taken, and its session "
    "ends") {
  Sessions sessions;
  auto planted = begin(sessions, "a", now, "chosen-by-somebody-else");
  CHECK(planted.cookie != "chosen-by-somebody-else");
  CHECK_FALSE(sessions.find("chosen-by-somebody-else", now).has_value());
  auto next = begin(sessions, "b", now, planted.cookie);
  CHECK(next.cookie != planted.cookie);
  CHECK_FALSE(sessions.find(planted.cookie, now).has_value());
  CHECK(sessions.find(next.cookie, now)->user == "b");
}

TEST_CASE("sessions are listed and ended by whose they are") {
  Sessions sessions;
  auto a1 = begin(sessions, "a", now), a2 = begin(sessions, "a", now + 1);
  begin(sessions, "b", now + 2);
  CHECK(sessions.list("", now).size() == 3);
  auto own = sessions.list("a", now);
  REQUIRE(own.size() == 2);
  CHECK(own[0].principal == a2.principal);
  CHECK_FALSE(sessions.end(own[0].id, "b"));
  CHECK(sessions.end(own[0].id, "a"));
  CHECK_FALSE(sessions.end(own[0].id, "a"));
  begin(sessions, "a");
  CHECK(sessions.end_all("a", a1.principal) == 1);
  CHECK(sessions.find(a1.cookie, now).has_value());
  sessions.renew(a1.principal, 7);
  CHECK(sessions.owner(a1.principal, now)->epoch == 7);
}

TEST_CASE("sessions stay bounded, of one user and of all; the longest unused go") {
  Sessions sessions;
  auto oldest = begin(sessions, "a");
  for (std::size_t i = 0; i < Sessions::sessions_of_one_max; ++i) {
    begin(sessions, "a", now + 1 + static_cast<TimeUs>(i));
  }
  CHECK(sessions.list("a", now).size() == Sessions::sessions_of_one_max);
  CHECK_FALSE(sessions.find(oldest.cookie, now + us_per_s).has_value());
  for (std::size_t i = 0; i < Sessions::sessions_max; ++i) begin(sessions, "u" + std::to_string(i));
  CHECK(sessions.size() == Sessions::sessions_max);
}

}  // namespace tocsin::api
