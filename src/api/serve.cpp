#include "api/serve.h"

#include <fmt/format.h>
#include <simdjson.h>
#include <unistd.h>

#include <filesystem>
#include <tuple>

#include "api/object.h"
#include "base/ip.h"
#include "base/secret.h"
#include "base/text.h"
#include "base/tls.h"
#include "share/misp.h"
#include "share/taxii.h"

namespace tocsin::api {
namespace {

namespace fs = std::filesystem;
constexpr std::string_view token_key = "token/";

Result<TokenRow> token_of(std::string_view json) {
  simdjson::dom::parser parser;
  simdjson::dom::element row;
  std::string_view id, name, hash, role_text;
  std::int64_t created = 0, used = 0;
  if (parser.parse(json.data(), json.size()).get(row) != simdjson::SUCCESS ||
      row["id"].get(id) != simdjson::SUCCESS || row["name"].get(name) != simdjson::SUCCESS ||
      row["hash"].get(hash) != simdjson::SUCCESS ||
      row["role"].get(role_text) != simdjson::SUCCESS ||
      row["created_us"].get(created) != simdjson::SUCCESS) {
    return invalid("a token in the journal is damaged: " + text::quote(json));
  }
  auto role = role_named(role_text);
  if (!role) return invalid("a token in the journal has no known role: " + text::quote(role_text));
  bool was_used = row["used_us"].get(used) == simdjson::SUCCESS;
  TokenRow token{.id = std::string(id),
                 .name = std::string(name),
                 .hash = std::string(hash),
                 .role = *role,
                 .created = created,
                 .used = was_used ? used : time_none};
  // Tokens of 0.1.0 have no owner: they are the node's.
  std::string_view owner = local_user, owner_name = local_user;
  std::ignore = row["owner"].get(owner);
  std::ignore = row["owner_name"].get(owner_name);
  token.owner = std::string(owner);
  token.owner_name = std::string(owner_name);
  std::int64_t expires = 0;
  if (row["expires_us"].get(expires) == simdjson::SUCCESS) token.expires = expires;
  simdjson::dom::array rights;
  if (row["rights"].get(rights) == simdjson::SUCCESS) {
    token.rights = {};
    for (auto item : rights) {
      std::string_view text;
      if (item.get(text) != simdjson::SUCCESS) continue;
      if (auto right = right_named(text)) token.rights = token.rights | Rights{*right};
    }
  }
  return token;
}

std::string json_of(const TokenRow& row) {
  Object object;
  object.add("id", row.id)
      .add("name", row.name)
      .add("hash", row.hash)
      .add("role", name(row.role))
      .add("owner", row.owner)
      .add("owner_name", row.owner_name)
      .raw("rights", to_json(names_of(row.rights)))
      .add("created_us", row.created);
  if (row.expires != time_none) object.add("expires_us", row.expires);
  if (row.used != time_none) object.add("used_us", row.used);
  return object.text();
}

bool is_loopback(std::string_view address) {
  auto ip = ip::parse(address);
  return ip && (*ip == Ip::from_halves(0, 1) || (ip->is_v4() && ip->v4() >> 24 == 127));
}

std::string machine_name() {
  char name[256] = "";
  return ::gethostname(name, sizeof name - 1) == 0 ? name : "localhost";
}

// The certificate that is made when none was given: HOME/tls/node.crt.
Result<void> own_certificate(const node::Config& config, const std::string& home,
                             http::ServerOptions& options) {
  std::error_code error;
  fs::path folder = fs::path(home) / "tls";
  fs::create_directories(folder, error);
  fs::permissions(folder, fs::perms::owner_all, error);
  options.certificate_file = folder / "node.crt";
  options.key_file = folder / "node.key";
  if (fs::exists(options.certificate_file, error) && fs::exists(options.key_file, error)) return {};
  std::vector<std::string> names = {config.host, "localhost", machine_name(), "127.0.0.1"};
  auto address = ip::parse(config.listen);
  if (address && !address->empty() && config.listen != "0.0.0.0") names.push_back(config.listen);
  return tls::make_self_signed(options.certificate_file, options.key_file, names);
}

// What a person types to get there: any address is reached by the node's name.
std::string url_of(const node::Config& config, std::uint16_t port, bool secure) {
  bool any = config.listen == "0.0.0.0" || config.listen == "::";
  std::string host = any ? config.host : config.listen;
  if (host.contains(':')) host = '[' + host + ']';
  return fmt::format("{}://{}:{}", secure ? "https" : "http", host, port);
}

// Names of roles were checked when the configuration was read.
RoleMap role_map(const node::RolesConfig& config) {
  RoleMap map{.otherwise = role_named(config.otherwise)};
  for (const auto& [group, role] : config.by_group) {
    if (auto known = role_named(role)) map.by_group.emplace(group, *known);
  }
  return map;
}

}  // namespace

Result<SignInSettings> sign_in_settings(const node::Config& config, const std::string& home) {
  const node::SignInConfig& from = config.sign_in;
  SignInSettings settings{
      .lives = {.idle = from.idle_hours * us_per_hour, .whole = from.session_days * us_per_day},
      .requests_per_s = from.requests_per_s,
      .proxy = {.from = from.proxies,
                .user_header = from.user_header,
                .groups_header = from.groups_header,
                .roles = role_map(from.proxy_roles)}};
  if (from.issuer.empty()) return settings;
  OidcSettings oidc{.issuer = from.issuer,
                    .client_id = from.client_id,
                    .redirect_url = from.redirect_url,
                    .provider = from.provider,
                    .name_claim = from.name_claim,
                    .groups_claim = from.groups_claim,
                    .scopes = from.scopes,
                    .roles = role_map(from.oidc_roles),
                    .contact = config.contact};
  if (!from.client_secret.empty()) {
    oidc.client_secret = TRY(secret::read(from.client_secret, home));
  }
  oidc.route.allow_private = from.allow_private;
  oidc.route.proxy = config.proxy;
  oidc.route.ca_file = from.ca_file.empty() ? config.ca_file : from.ca_file;
  settings.oidc = std::move(oidc);
  return settings;
}

TokenStore token_store_of(store::Journal& journal) {
  auto key_of = [](const std::string& id) { return std::string(token_key) + id; };
  return {
      .load = [&journal]() -> Result<std::vector<TokenRow>> {
        std::vector<TokenRow> rows;
        for (const auto& [key, json] : TRY(journal.values(token_key))) {
          rows.push_back(TRY(token_of(json)));
        }
        return rows;
      },
      .keep = [&journal, key_of](
                  const TokenRow& row) { return journal.keep_value(key_of(row.id), json_of(row)); },
      .forget = [&journal,
                 key_of](const std::string& id) { return journal.forget_value(key_of(id)); }};
}

Result<std::unique_ptr<Api>> open_api(node::Node& node, Backend& backend) {
  std::string key = TRY(people_key(node.home()));
  Door door{.tokens = TRY(Tokens::open(token_store_of(node.journal()))),
            .people = TRY(People::open(node.journal(), std::move(key))),
            .audit = node.audit(),
            .settings = TRY(sign_in_settings(node.config(), node.home()))};
  return std::make_unique<Api>(backend, std::move(door), node.metrics(), console_files(),
                               [&node] { return node.now(); });
}

Result<Listening> listen(node::Node& node, Api& api, bool tcp) {
  const node::Config& config = node.config();
  http::ServerOptions options;
  options.address = tcp ? config.listen : "";
  options.port = config.port;
  options.port_hint = "; choose another with --port, or as server.port in the configuration";
  options.socket_path = node::socket_path(node.home());
  options.certificate_file = config.certificate_file;
  options.key_file = config.key_file;
  options.client_certificates = config.client_certificates;
  options.host_names = config.host_names;
  for (const std::string& name : {config.host, machine_name()}) options.host_names.push_back(name);
  options.spool_folder = fs::path(node.home()) / "uploads";
  options.refuse_target = [](std::string_view target, const Error& error) {
    if (target.starts_with("/misp/")) return share::misp_refusal(400, error.what);
    return target.starts_with("/taxii2/") ? share::taxii_refusal(400, error.what)
                                          : http::problem(error);
  };
  options.done = [&api](const http::Request&, int status, std::chrono::microseconds took) {
    api.observe(status, took);
  };
  std::error_code error;
  fs::remove_all(options.spool_folder, error);  // what a crash left behind
  fs::create_directories(options.spool_folder, error);
  if (error) return unavailable("cannot make " + options.spool_folder + ": " + error.message());
  if (tcp && !is_loopback(config.listen) && options.certificate_file.empty()) {
    TRY(own_certificate(config, node.home(), options));
  }
  Listening listening;
  if (!options.certificate_file.empty()) {
    listening.fingerprint = TRY(tls::fingerprint(options.certificate_file));
    if (auto* sharing = node.sharing(); sharing != nullptr && sharing->mute().empty())
      TRY(sharing->introduce());
  }
  bool secure = !options.certificate_file.empty();
  listening.server = TRY(http::HttpServer::start(
      std::move(options), [&api](const http::Request& head) { return api.admit(head); }));
  listening.url = url_of(config, listening.server->port(), secure);
  return listening;
}

}  // namespace tocsin::api
