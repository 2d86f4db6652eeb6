#include "api/served.h"

#include <chrono>

#include "api/backend_node.h"
#include "api/serve.h"

namespace tocsin::api {

constexpr auto caught_up_within = std::chrono::seconds(10);

struct Served::State {
  std::unique_ptr<node::Node> node;
  std::unique_ptr<NodeBackend> backend;
  std::unique_ptr<Api> api;
  Listening listening;
  bool stopped = false;
};

Served::Served(std::unique_ptr<State> state) : state_(std::move(state)) {}
Served::~Served() {
  stop();
}

Result<std::unique_ptr<Served>> Served::open(node::NodeOptions options) {
  auto state = std::make_unique<State>();
  state->node = TRY(node::Node::open(std::move(options)));
  state->backend = std::make_unique<NodeBackend>(*state->node);
  state->api = TRY(open_api(*state->node, *state->backend));
  return std::make_unique<Served>(std::move(state));
}

Result<void> Served::start() {
  state_->node->wait_visible(caught_up_within);
  state_->listening = TRY(listen(*state_->node, *state_->api));
  state_->node->start_feeds();
  return {};
}

void Served::stop() {
  if (!state_ || std::exchange(state_->stopped, true)) return;
  state_->node->intake().stop();
  state_->node->feeds().stop();
  state_->api->stop();
  if (auto* sharing = state_->node->sharing()) sharing->hints().stop();
  if (state_->listening.server) state_->listening.server->stop(std::chrono::seconds(5));
  state_->node->stop();
}

http::Response Served::call(http::Request request) {
  return state_->api->call(std::move(request));
}

std::string Served::sign_in_url() {
  return state_->listening.url + "/signin?code=" + state_->api->new_code(Role::administrator);
}

std::string Served::certificate_fingerprint() {
  return state_->listening.fingerprint;
}
node::Node& Served::node() {
  return *state_->node;
}

}  // namespace tocsin::api
