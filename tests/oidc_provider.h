// A provider of OpenID Connect on loopback, with a certificate of its own. For tests.
#pragma once

#include <memory>
#include <string>

#include "api/oidc.h"
#include "base/http_server.h"
#include "base/tls.h"
#include "temporary_folder.h"
#include "test.h"

namespace tocsin::test {

inline std::string id_token_of(const std::string& payload) {
  return api::base64url(R"({"alg":"RS256"})") + '.' + api::base64url(payload) + ".c2lnbmF0dXJl";
}

inline std::string id_claims(const std::string& issuer, const std::string& nonce, TimeUs expires) {
  return R"({"iss":")" + issuer + R"(","aud":"tocsin","sub":"s-1","preferred_username":"eva",)" +
         R"("groups":["staff","cert-analysts"],"nonce":")" + nonce + R"(","exp":)" +
         std::to_string(expires / us_per_s) + "}";
}

inline api::OidcSettings oidc_settings(std::string issuer) {
  return {.issuer = std::move(issuer),
          .client_id = "tocsin",
          .client_secret = "s3cr3t value",
          .redirect_url = "https://node.example.org/api/v1/signin/oidc/answer",
          .roles = {.by_group = {{"cert-analysts", api::Role::analyst}}}};
}

struct OidcProvider {
  TemporaryFolder folder;
  std::unique_ptr<http::HttpServer> server;
  std::string issuer, verifier, secret, claims_text, told_issuer;
  int status = 200;

  OidcProvider() {
    std::string certificate = folder.file("crt"), key = folder.file("key");
    REQUIRE(tls::make_self_signed(certificate, key, {"localhost"}).has_value());
    auto serve = [this](const http::Request&) {
      return http::Admission{.handle = [this](const http::Request& r) { return answer(r); },
                             .body_max = 4096};
    };
    server = *http::HttpServer::start({.certificate_file = certificate, .key_file = key}, serve);
    issuer = "https://localhost:" + std::to_string(server->port());
  }
  Result<http::Response> answer(const http::Request& request) {
    if (request.path.starts_with("/.well-known/")) {
      std::string name = told_issuer.empty() ? issuer : told_issuer;
      return http::json(R"({"issuer":")" + name + R"(","authorization_endpoint":")" + issuer +
                        R"(/auth?x=1","token_endpoint":")" + issuer + R"(/token"})");
    }
    http::Request form;
    REQUIRE(http::read_target("/?" + request.body, form).has_value());
    verifier = form.parameter("code_verifier");
    secret = request.header("authorization");
    if (form.parameter("code") != "right" || status != 200) return http::problem(400, "no");
    return http::json(R"({"id_token":")" + id_token_of(claims_text) + "\"}");
  }
  api::OidcSettings settings() const {
    api::OidcSettings wanted = oidc_settings(issuer);
    wanted.route.allow_private = true;
    wanted.route.ca_file = folder.file("crt");
    return wanted;
  }
};

// A parameter of a URL.
inline std::string part_of(const std::string& url, const std::string& name) {
  http::Request request;
  REQUIRE(http::read_target(url.substr(url.find('/', 8)), request).has_value());
  return std::string(request.parameter(name));
}

}  // namespace tocsin::test
