#include "api/tokens.h"

#include "base/hash.h"
#include "test.h"

namespace tocsin::api {
namespace {

const TimeUs now = *times::parse("2026-11-22T07:00:00Z");

TokenRow wish(std::string name, std::string owner = "u_1") {
  return {.name = std::move(name), .owner = std::move(owner), .role = Role::analyst};
}

}  // namespace

TEST_CASE("a token is shown once, kept as a hash, and works over a restart until it is removed") {
  TokenStore store = token_store_in_memory();
  auto tokens = *Tokens::open(store);
  std::string token = tokens->create(wish("exporter"), now)->token;
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
  CHECK(again->owner("token:" + rows[0].id, now)->user_id == "u_1");
  CHECK(again->remove(rows[0].id).has_value());
  CHECK(again->remove(rows[0].id).error().fault == Fault::missing);
  CHECK_FALSE(again->find(token, now).has_value());
  CHECK_FALSE(again->owner("token:" + rows[0].id, now).has_value());
  CHECK(store.load()->empty());
}

TEST_CASE("tokens are listed and removed by whose they are") {
  auto tokens = *Tokens::open(token_store_in_memory());
  std::string id = tokens->create(wish("a", "u_1"), now)->id;
  tokens->create(wish("b", "u_2"), now);
  CHECK(tokens->list().size() == 2);
  CHECK(tokens->list("u_1").size() == 1);
  CHECK(tokens->remove(id, "u_2").error().fault == Fault::missing);
  CHECK(tokens->list("u_1").size() == 1);
  CHECK(tokens->remove_all("u_2").has_value());
  CHECK(tokens->list().size() == 1);
}

TEST_CASE("a token's name is one line, its end in the future, and there are not too many") {
  auto tokens = *Tokens::open(token_store_in_memory());
  for (const char* name : {"  ", "a\r\nb", "a\x1b[31m", "\xff"}) {
    CAPTURE(name);
    CHECK(tokens->create(wish(name), now).error().fault == Fault::invalid);
  }
  CHECK(tokens->create(wish(std::string(101, 'x')), now).error().fault == Fault::invalid);
  TokenRow late = wish("x");
  late.expires = now;
  CHECK(tokens->create(late, now).error().fault == Fault::invalid);
  for (std::size_t i = 0; i < Tokens::tokens_of_one_max; ++i) {
    REQUIRE(tokens->create(wish("x"), now).has_value());
  }
  CHECK(tokens->create(wish("x"), now).error().what.contains("too many"));
  CHECK(tokens->create(wish("x", "u_2"), now).has_value());
}

}  // namespace tocsin::api
