#include "api/serve.h"

#include <fmt/format.h>
#include <simdjson.h>
#include <tuple>

#include "api/api.h"
#include "api/backend_node.h"
#include "api/console_files.h"
#include "api/object.h"
#include "base/http_server.h"
#include "base/text.h"

namespace tocsin::api {
namespace {

std::string json_of(const TokenRow& row) {
  Object object;
  object.add("created", row.created)
      .add("hash", row.hash)
      .add("id", row.id)
      .add("name", row.name)
      .add("role", name(row.role));
  if (row.used != time_none) object.add("used", row.used);
  return object.text();
}

Result<TokenRow> token_of(std::string_view json) {
  simdjson::dom::parser parser;
  auto read = parser.parse(json.data(), json.size());
  std::string_view id, name, hash, role;
  std::int64_t created = 0, used = time_none;
  if (read["id"].get(id) || read["name"].get(name) || read["hash"].get(hash) ||
      read["role"].get(role) || read["created"].get(created)) {
    return invalid("damaged token in the journal");
  }
  std::ignore = read["used"].get(used);
  TokenRow row{.id = std::string(id),
               .name = std::string(name),
               .hash = std::string(hash),
               .created = created,
               .used = used};
  row.role = role_named(role).value_or(Role::viewer);
  return row;
}

// API tokens among the journal's small state.
TokenStore token_store(store::Journal& journal) {
  return {
      .load = [&journal]() -> Result<std::vector<TokenRow>> {
        std::vector<TokenRow> rows;
        auto kept = TRY(journal.values("token."));
        for (const auto& [key, json] : kept) rows.push_back(TRY(token_of(json)));
        return rows;
      },
      .keep =
          [&journal](const TokenRow& row) {
            return journal.keep_value("token." + row.id, json_of(row));
          },
      .forget = [&journal](const std::string& id) { return journal.forget_value("token." + id); }};
}

}  // namespace

struct Served::State {
  ServeOptions options;
  std::unique_ptr<node::Node> node;
  std::unique_ptr<NodeBackend> backend;
  std::unique_ptr<Api> api;
  std::unique_ptr<http::HttpServer> server;
  bool stopped = false;
};

Served::Served(std::unique_ptr<State> state) : state_(std::move(state)) {}
Served::~Served() {
  stop();
}

Result<std::unique_ptr<Served>> Served::open(const ServeOptions& options) {
  auto state = std::make_unique<State>();
  state->options = options;
  state->node = TRY(node::Node::open({.home = options.home,
                                      .config = options.config,
                                      .feeds_file = options.feeds_file,
                                      .simulated = options.simulated}));
  state->backend = std::make_unique<NodeBackend>(*state->node);
  auto tokens = TRY(Tokens::open(token_store(state->node->journal())));
  state->api = std::make_unique<Api>(*state->backend, std::move(tokens), state->node->metrics(),
                                     console_files(), times::now);
  return std::make_unique<Served>(std::move(state));
}

Result<void> Served::start() {
  const auto& config = state_->node->config();
  bool loopback =
      config.listen == "127.0.0.1" || config.listen == "::1" || config.listen == "localhost";
  if (!loopback && config.certificate_file.empty()) {
    return invalid(
        fmt::format("server.listen is {}: beyond this machine it needs server.certificate_file and "
                    "server.key_file",
                    text::quote(config.listen)));
  }
  http::ServerOptions server;
  server.address = config.listen == "localhost" ? "127.0.0.1" : config.listen;
  server.port =
      state_->options.port >= 0 ? static_cast<std::uint16_t>(state_->options.port) : config.port;
  server.certificate_file = config.certificate_file;
  server.key_file = config.key_file;
  server.socket_path = node::socket_path(state_->node->home());
  server.host_names = config.host_names;
  server.spool_folder = state_->node->home() + "/spool";
  server.done = [api = state_->api.get()](const http::Request&, int status,
                                          std::chrono::microseconds took) {
    api->observe(status, took);
  };
  state_->server = TRY(http::HttpServer::start(
      std::move(server),
      [api = state_->api.get()](const http::Request& head) { return api->admit(head); }));
  state_->node->feeds().start(state_->node->intake());
  return {};
}

void Served::stop() {
  if (!state_ || std::exchange(state_->stopped, true)) return;
  state_->node->feeds().stop();
  state_->api->stop();
  if (state_->server) state_->server->stop(std::chrono::seconds(5));
  state_->node->stop();
}

http::Response Served::call(http::Request request) {
  return state_->api->call(std::move(request));
}

std::string Served::url() const {
  const auto& config = state_->node->config();
  bool tls = !config.certificate_file.empty();
  std::string host =
      config.listen == "0.0.0.0" || config.listen == "::" ? config.host : config.listen;
  if (host.contains(':')) host = "[" + host + "]";
  return fmt::format("{}://{}:{}", tls ? "https" : "http", host,
                     state_->server ? state_->server->port() : 0);
}

std::string Served::sign_in_url() {
  return url() + "/signin?code=" + state_->api->new_code("admin", Role::administrator);
}

std::string Served::spool_path() {
  return state_->node->intake().spool_path();
}
node::Node& Served::node() {
  return *state_->node;
}

}  // namespace tocsin::api
