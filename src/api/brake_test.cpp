#include "api/brake.h"

#include "test.h"

namespace tocsin::api {

constexpr TimeUs now = 1'780'000'000 * us_per_s;

TEST_CASE("IPv6 guessers are held by their network, and all together by one limit") {
  Brake brake;
  brake.failed("203.0.113.2", now - Brake::window);  // long ago
  for (std::size_t i = 0; i < Brake::failures_max; ++i) {
    brake.failed("2001:db8::" + std::to_string(i + 1), now);
  }
  CHECK(brake.wait_s("2001:db8::ffff", now) > 0);
  CHECK(brake.wait_s("2001:db8:0:1::1", now) == 0);
  for (std::size_t i = 0; i < Brake::all_failures_max; ++i) {
    brake.failed("198.51.100." + std::to_string(i % 250), now);
  }
  CHECK(brake.wait_s("203.0.113.1", now) == 0);  // has not failed yet
  CHECK(brake.wait_s("203.0.113.2", now) == 0);  // nor just now
  brake.failed("203.0.113.1", now);
  CHECK(brake.wait_s("203.0.113.1", now) > 0);
  CHECK(brake.wait_s("203.0.113.1", now + Brake::window) == 0);
  for (std::size_t i = 0; i < Brake::strangers_failures_max; ++i) {
    brake.failed("2001:db8:" + std::to_string(i) + "::1", now);
  }
  CHECK(brake.wait_s("203.0.113.3", now) > 0);
}

TEST_CASE("an account that is guessed at from many addresses is held by its name") {
  Brake brake;
  for (std::size_t i = 0; i < Brake::failures_max; ++i) {
    brake.failed("198.51.100." + std::to_string(i), now, "ana");
  }
  CHECK(brake.wait_s("203.0.113.1", now, "ana") > 0);
  CHECK(brake.wait_s("203.0.113.1", now, "bo") == 0);
  CHECK(brake.wait_s("203.0.113.1", now) == 0);
  CHECK(brake.wait_s("203.0.113.1", now + Brake::account_window, "ana") == 0);
  brake.succeeded("ana");
  CHECK(brake.wait_s("203.0.113.1", now, "ana") == 0);
}

TEST_CASE("each principal has its own pace, with room for a burst of five seconds") {
  Pace pace(10);
  for (int i = 0; i < 50; ++i) CHECK(pace.take("a", now) == 0);
  CHECK(pace.take("a", now) == 1);
  CHECK(pace.take("b", now) == 0);
  for (int i = 0; i < 10; ++i) CHECK(pace.take("a", now + us_per_s) == 0);
  CHECK(pace.take("a", now + us_per_s) == 1);
}

}  // namespace tocsin::api
