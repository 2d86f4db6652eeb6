#include "base/totp.h"

#include "test.h"

namespace tocsin::totp {

constexpr std::string_view secret = "12345678901234567890";

TEST_CASE("codes are those of RFC 6238, appendix B") {
  CHECK(code(secret, 59 / 30, 8) == "94287082");
  CHECK(code(secret, 1111111109 / 30, 8) == "07081804");
  CHECK(code(secret, 1111111111 / 30, 8) == "14050471");
  CHECK(code(secret, 1234567890 / 30, 8) == "89005924");
  CHECK(code(secret, 2000000000 / 30, 8) == "69279037");
  CHECK(code(secret, 20000000000 / 30, 8) == "65353130");
}

TEST_CASE("a code serves in its half minute and beside it, and once") {
  constexpr TimeUs now = 1'234'567'890 * us_per_s;
  auto step = static_cast<std::uint64_t>(now / step_us);
  CHECK(match(secret, code(secret, step), now, 0) == step);
  CHECK(match(secret, "005 924", now, 0) == step);
  CHECK(match(secret, code(secret, step - 1), now, 0) == step - 1);
  CHECK(match(secret, code(secret, step + 1), now, 0) == step + 1);
  CHECK_FALSE(match(secret, code(secret, step - 2), now, 0).has_value());
  CHECK_FALSE(match(secret, code(secret, step + 2), now, 0).has_value());
  CHECK_FALSE(match(secret, code(secret, step), now, step).has_value());
  CHECK_FALSE(match(secret, code(secret, step - 1), now, step).has_value());
  CHECK_FALSE(match(secret, "", now, 0).has_value());
  CHECK_FALSE(match(secret, "00592x", now, 0).has_value());
}

TEST_CASE("secrets are spelled as authenticator apps read them") {
  CHECK(base32("foobar") == "MZXW6YTBOI");
  CHECK(base32("foob") == "MZXW6YQ");
  CHECK(base32("") == "");
  CHECK(new_secret().size() == 20);
  CHECK(new_secret() != new_secret());
  CHECK(uri("CERT Alfa", "ana", "foobar") ==
        "otpauth://totp/CERT%20Alfa:ana?secret=MZXW6YTBOI&issuer=CERT%20Alfa");
}

}  // namespace tocsin::totp
