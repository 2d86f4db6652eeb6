#include "node/sign_in_config.h"

#include <algorithm>

#include "base/text.h"

namespace tocsin::node {
namespace {

constexpr std::string_view roles[] = {"viewer", "analyst", "agreement-editor", "administrator",
                                      "auditor"};

void read_roles(TomlTable& table, RolesConfig& config) {
  auto is_role = [](const std::string& name) {
    return std::find(std::begin(roles), std::end(roles), name) != std::end(roles);
  };
  constexpr std::string_view valid =
      "must name viewer, analyst, agreement-editor, administrator or auditor";
  for (auto& [group, role] : table.texts("roles")) {
    if (!is_role(role)) table.wrong("roles", valid);
    config.by_group.emplace(group, role);
  }
  config.otherwise = table.text("otherwise");
  if (!config.otherwise.empty() && !is_role(config.otherwise)) table.wrong("otherwise", valid);
}

void read_people(const toml::table& people, TomlProblems& problems, SignInConfig& config) {
  TomlTable table(people, "people", problems);
  auto number = [&](std::string_view key, unsigned& out, std::uint64_t most) {
    if (auto value = table.number(key, 1, most)) out = static_cast<unsigned>(*value);
  };
  number("idle_hours", config.idle_hours, 24 * 30);
  number("session_days", config.session_days, 90);
  number("requests_per_s", config.requests_per_s, 100'000);
  table.finish();
}

void read_proxy(const toml::table& proxy, TomlProblems& problems, SignInConfig& config) {
  TomlTable table(proxy, "proxy", problems);
  for (const std::string& text : table.list("addresses")) {
    if (auto network = ip::parse_network(text)) {
      config.proxies.push_back(*network);
    } else {
      table.wrong("addresses", "must be addresses or prefixes: " + text::quote(text));
    }
  }
  config.user_header = text::lower(table.text("user_header"));
  config.groups_header = text::lower(table.text("groups_header"));
  read_roles(table, config.proxy_roles);
  if (!config.user_header.empty() && config.proxies.empty()) {
    table.wrong("user_header", "needs addresses: from anywhere else it means nothing");
  }
  table.finish();
}

void read_oidc(const toml::table& oidc, TomlProblems& problems, SignInConfig& config) {
  TomlTable table(oidc, "oidc", problems);
  config.issuer = table.text("issuer");
  config.client_id = table.text("client_id");
  config.client_secret = table.text("client_secret");
  config.redirect_url = table.text("redirect_url");
  config.provider = table.text("name", config.provider);
  config.name_claim = table.text("name_claim", config.name_claim);
  config.groups_claim = table.text("groups_claim", config.groups_claim);
  config.scopes = table.list("scopes");
  config.ca_file = table.text("ca_file");
  config.allow_private = table.yes_no("allow_private").value_or(false);
  read_roles(table, config.oidc_roles);
  if (!config.issuer.starts_with("https://")) table.wrong("issuer", "must be an https:// URL");
  if (config.client_id.empty()) table.wrong("client_id", "is missing");
  if (!config.redirect_url.starts_with("https://") &&
      !config.redirect_url.starts_with("http://127.0.0.1") &&
      !config.redirect_url.starts_with("http://localhost")) {
    table.wrong("redirect_url",
                "must be this node's https:// URL that ends in /api/v1/signin/oidc/answer");
  }
  table.finish();
}

}  // namespace

void read_sign_in(const toml::table& root, TomlProblems& problems, SignInConfig& config) {
  if (const auto* table = root["people"].as_table()) read_people(*table, problems, config);
  if (const auto* table = root["proxy"].as_table()) read_proxy(*table, problems, config);
  if (const auto* table = root["oidc"].as_table()) read_oidc(*table, problems, config);
}

}  // namespace tocsin::node
