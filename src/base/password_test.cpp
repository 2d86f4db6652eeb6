#include "base/password.h"

#include "test.h"

namespace tocsin::password {

constexpr Cost cheap{.passes = 1, .memory_bytes = 8192 << 1};

TEST_CASE("a password is kept as argon2id and known again") {
  auto kept = hash("correct horse battery", cheap);
  REQUIRE(kept.has_value());
  CHECK(kept->starts_with("$argon2id$v=19$m=16,t=1,p=1$"));
  CHECK(verify(*kept, "correct horse battery"));
  CHECK_FALSE(verify(*kept, "correct horse batterz"));
  CHECK_FALSE(verify("", "correct horse battery"));
  CHECK_FALSE(verify("$argon2id$damaged", "x"));
  CHECK(*hash("correct horse battery", cheap) != *kept);
}

TEST_CASE("a hash of lower cost is dated") {
  auto kept = *hash("correct horse battery", cheap);
  CHECK_FALSE(is_dated(kept, cheap));
  CHECK(is_dated(kept, Cost{}));
}

TEST_CASE("passwords that are short, enormous, or the name are refused in words") {
  auto why = [](std::string_view password, std::string_view user = "ana") {
    auto judged = judge(password, user);
    return judged ? std::string() : judged.error().what;
  };
  CHECK(why("correct horse battery") == "");
  CHECK(why("ключ от всех дверей") == "");
  CHECK(why("short") == "a password has at least 12 characters");
  CHECK(why(std::string(1025, 'x')) == "a password has at most 1024 bytes");
  CHECK(why("aaaaaaaaaaaaaaaa").contains("different characters"));
  CHECK(why("Maria.Silva.1", "maria.silva").contains("more than the user's name"));
  CHECK(why("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff").contains("UTF-8"));
  CHECK_FALSE(hash(std::string(1 << 20, 'x')).has_value());
}

}  // namespace tocsin::password
