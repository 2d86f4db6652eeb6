#include "api/oidc.h"

#include "oidc_provider.h"
#include "test.h"

namespace tocsin::api {
namespace {

using test::id_claims;
using test::id_token_of;
using test::oidc_settings;
using test::part_of;
using Provider = test::OidcProvider;

const TimeUs now = *times::parse("2026-11-22T07:00:00Z");

std::string why(const auto& result) {
  return result ? std::string() : result.error().what;
}

}  // namespace

TEST_CASE("a person comes by code and PKCE, with the role of his groups") {
  Provider provider;
  Oidc oidc(provider.settings());
  auto begun = oidc.begin(now);
  REQUIRE_MESSAGE(begun.has_value(), why(begun));
  CHECK(begun->url.starts_with(provider.issuer + "/auth?x=1&response_type=code&client_id=tocsin"));
  CHECK(part_of(begun->url, "scope") == "openid profile");
  CHECK(part_of(begun->url, "code_challenge_method") == "S256");
  CHECK(part_of(begun->url, "redirect_uri") ==
        "https://node.example.org/api/v1/signin/oidc/answer");
  provider.claims_text =
      id_claims(provider.issuer, part_of(begun->url, "nonce"), now + us_per_hour);
  std::string state = part_of(begun->url, "state");
  auto person =
      oidc.finish({.code = "right", .state = state, .binding = begun->binding}, now + us_per_s);
  REQUIRE_MESSAGE(person.has_value(), why(person));
  CHECK(person->name == "eva");
  CHECK(person->subject == provider.issuer + "|s-1");
  CHECK(person->role == Role::analyst);
  Sha256 digest = sha256(provider.verifier);
  CHECK(base64url({reinterpret_cast<const char*>(digest.data()), digest.size()}) ==
        part_of(begun->url, "code_challenge"));
  CHECK(provider.secret.starts_with("Basic "));
  // A state serves once.
  CHECK(why(oidc.finish({.code = "right", .state = state, .binding = begun->binding}, now))
            .contains("not begun here"));
}

TEST_CASE("an answer that is not ours, not this browser's, or refused lets nobody in") {
  Provider provider;
  Oidc oidc(provider.settings());
  auto finish = [&](Oidc::Answer answer, TimeUs at = now) {
    auto begun = *oidc.begin(now);
    provider.claims_text =
        id_claims(provider.issuer, part_of(begun.url, "nonce"), now + us_per_hour);
    std::string state = part_of(begun.url, "state");
    if (answer.state.empty()) answer.state = state;
    if (answer.binding.empty()) answer.binding = begun.binding;
    return why(oidc.finish(answer, at));
  };
  CHECK(finish({.code = "right"}) == "");
  CHECK(finish({.code = "right", .state = "guess"}).contains("not begun here"));
  CHECK(finish({.code = "right"}, now + Oidc::try_life + 1).contains("too old"));
  CHECK(finish({.code = "right", .binding = "other"}).contains("another browser"));
  CHECK(finish({.code = "right", .issuer = "https://evil.example"}).contains("another provider"));
  CHECK(finish({.error = "access_denied"}).contains("'access_denied'"));
  CHECK(finish({}).contains("gave no code"));
  CHECK(finish({.code = "wrong"}).contains("refused the code"));
  provider.status = 500;
  CHECK(finish({.code = "right"}) != "");
}

TEST_CASE("a provider that calls itself otherwise, or whose certificate is unknown, is not asked") {
  Provider provider;
  provider.told_issuer = "https://evil.example";
  Oidc named(provider.settings());
  CHECK(why(named.begin(now)).contains("calls itself 'https://evil.example'"));
  OidcSettings wanted = oidc_settings(provider.issuer);
  wanted.route.allow_private = true;  // without its CA file
  CHECK_FALSE(Oidc(wanted).begin(now).has_value());
  OidcSettings guarded = oidc_settings(provider.issuer);
  guarded.route.ca_file = provider.folder.file("crt");  // loopback is guarded
  CHECK(Oidc(guarded).begin(now).error().fault == Fault::denied);
}

TEST_CASE("an ID token is for us, from the issuer, of now, and of this sign-in") {
  const std::string issuer = "https://id.example.org";
  Oidc oidc(oidc_settings(issuer));
  auto read = [&](const std::string& payload) {
    return why(oidc.read_token(id_token_of(payload), "n", now));
  };
  std::string good = id_claims(issuer, "n", now + us_per_hour);
  auto with = [&](const std::string& from, const std::string& to) {
    std::string changed = good;
    changed.replace(changed.find(from), from.size(), to);
    return changed;
  };
  CHECK(read(good) == "");
  CHECK(read(id_claims("https://id.example.org/", "n", now + us_per_hour)).contains("issuer"));
  CHECK(read(id_claims(issuer, "m", now + us_per_hour)).contains("another sign-in"));
  CHECK(read(id_claims(issuer, "n", now - us_per_hour)).contains("expired"));
  CHECK(read(with(R"("aud":"tocsin")", R"("aud":"other")")).contains("somebody else"));
  CHECK(read(with(R"("aud":"tocsin")", R"("aud":["tocsin","other"])")).contains("somebody else"));
  CHECK(read(with(R"("aud":"tocsin")", R"("aud":["tocsin","other"],"azp":"tocsin")")) == "");
  CHECK(read(with(R"("aud":"tocsin")", R"("aud":"tocsin","azp":"other")")).contains("somebody"));
  CHECK(read(with(R"("sub":"s-1")", R"("sub":"")")).contains("lacks sub"));
  CHECK(read(with(R"("exp":)", R"("exq":)")).contains("expired"));
  CHECK(read("[1]").contains("not one"));
  for (const char* token : {"", "a", "a.b", "a.b.c.d", "a.!.c", ".."}) {
    CHECK(why(oidc.read_token(token, "n", now)).contains("not one"));
  }
  CHECK(why(oidc.read_token(id_token_of(id_claims(issuer, "", now + us_per_hour)), "", now))
            .contains("another sign-in"));
  OidcSettings deep = oidc_settings(issuer);
  deep.groups_claim = "realm_access.roles";
  auto person = Oidc(deep).read_token(
      id_token_of(with(R"("sub")", R"("realm_access":{"roles":["cert-analysts"]},"sub")")), "n",
      now);
  CHECK(person->role == Role::analyst);
  deep.roles = {};
  CHECK_FALSE(Oidc(deep).read_token(id_token_of(good), "n", now)->role.has_value());
}

}  // namespace tocsin::api
