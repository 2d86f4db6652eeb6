#include "api/audited.h"

#include "test.h"

namespace tocsin::api {
namespace {

http::Request with_body(std::string body) {
  http::Request request;
  request.body_size = body.size();
  request.body = std::move(body);
  return request;
}

}  // namespace

TEST_CASE("parameters are written down without what is secret, and cut") {
  CHECK(details_of(with_body("")) == "");
  CHECK(details_of(with_body("192.0.2.1\n")) == R"({"bytes":10})");
  CHECK(details_of(
            with_body(R"({"name":"x","password":"p","new_password":"q","totp":"1","api_key":"k",)"
                      R"("deep":{"client_secret":"s","role":"viewer"},"ids":["a","b"],"n":3})")) ==
        R"({"name":"x","deep":{"role":"viewer"},"ids":["a","b"],"n":3})");
  CHECK(details_of(with_body(R"({"text":")" + std::string(5000, 'x') + R"("})")).size() < 300);
  std::string many = R"({"ids":[)";
  for (int i = 0; i < 100; ++i) many += (i > 0 ? ",\"" : "\"") + std::to_string(i) + '"';
  CHECK(details_of(with_body(many + "]}")).ends_with(R"("19","… 100 in all"]})"));
  http::Request asked;
  asked.query = {{"q", "type:spam"}, {"code", "secret"}};
  CHECK(details_of(asked) == R"({"q":"type:spam"})");
}

}  // namespace tocsin::api
