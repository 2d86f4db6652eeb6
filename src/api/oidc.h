// Oidc: sign-in at another's: authorization code with PKCE. Source: OpenID Connect Core 1.0,
// Discovery 1.0; RFC 7636, RFC 9207.
//
// The ID token is taken from the token endpoint over TLS, whose certificate is checked; that stands
// for its signature (Core 3.1.3.7, item 6). Issuer, audience, expiry and nonce are checked.
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/access.h"
#include "base/hash.h"
#include "base/result.h"
#include "base/time.h"
#include "base/transfer.h"

namespace tocsin::api {

struct OidcSettings {
  std::string issuer{}, client_id{}, client_secret{};  // the secret itself; "": a public client
  std::string redirect_url{}, provider{};              // provider: what the button says
  std::string name_claim = "preferred_username";
  std::string groups_claim = "groups";  // dots lead further in: realm_access.roles
  std::vector<std::string> scopes{};    // besides openid and profile
  RoleMap roles{};
  Route route{};
  std::string contact{};
};

// Any thread. begin() and finish() block on the provider for at most 2 × 10 s.
class Oidc {
 public:
  static constexpr TimeUs try_life = 10 * 60 * us_per_s;
  static constexpr std::size_t tries_max = 1000;
  static constexpr std::string_view cookie = "tocsin_oidc";

  explicit Oidc(OidcSettings settings) : settings_(std::move(settings)) {}
  const OidcSettings& settings() const { return settings_; }

  // Where to send the browser, and what its cookie must hold when it comes back.
  struct Begun {
    std::string url, binding;
  };
  Result<Begun> begin(TimeUs now);

  struct Person {
    std::string subject, name;
    std::optional<Role> role;
  };
  struct Answer {
    std::string_view code, state, issuer, error;  // as the provider's redirect says them
    std::string_view binding;                     // the browser's cookie
  };
  // Errors: denied: not our state, or not this browser's; the provider said no; a wrong token.
  Result<Person> finish(const Answer& answer, TimeUs now);

  // What an ID token says, after its checks. For tests too.
  Result<Person> read_token(std::string_view token, std::string_view nonce, TimeUs now) const;

 private:
  struct Try {
    std::string nonce, verifier;
    Sha256 binding;
    TimeUs made = 0;
  };
  struct Endpoints {
    std::string authorization, token;
    TimeUs read = 0;
  };
  Result<Endpoints> endpoints(TimeUs now);
  Result<std::string> id_token(const Endpoints& at, std::string_view code,
                               std::string_view verifier) const;

  OidcSettings settings_;
  std::mutex mutex_;
  std::map<Sha256, Try> tries_;  // by state
  std::optional<Endpoints> endpoints_;
};

}  // namespace tocsin::api
