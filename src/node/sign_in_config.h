// How people sign in, as the configuration says: [people], [proxy], [oidc].
#pragma once

#include <toml++/toml.h>

#include <map>
#include <string>
#include <vector>

#include "base/ip.h"
#include "base/toml_table.h"

namespace tocsin::node {

// What a provider's groups mean here: a role's name by a group's, and who is in none ("": nobody).
struct RolesConfig {
  std::map<std::string, std::string, std::less<>> by_group;
  std::string otherwise;
};

struct SignInConfig {
  // [people]
  unsigned idle_hours = 12, session_days = 7, requests_per_s = 200;
  // [proxy]
  std::vector<Network> proxies;
  std::string user_header, groups_header;
  RolesConfig proxy_roles;
  // [oidc]; no issuer: none
  std::string issuer, client_id, client_secret, redirect_url, provider = "single sign-on";
  std::string name_claim = "preferred_username", groups_claim = "groups", ca_file;
  std::vector<std::string> scopes;
  bool allow_private = false;
  RolesConfig oidc_roles;
};

void read_sign_in(const toml::table& root, TomlProblems& problems, SignInConfig& config);

}  // namespace tocsin::node
