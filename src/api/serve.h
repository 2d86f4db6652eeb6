// Serve: a node's listeners, as its configuration says: the console and API on TCP, and the owner's
// socket.
#pragma once

#include <memory>
#include <string>

#include "api/api.h"
#include "base/http_server.h"
#include "base/result.h"
#include "node/node.h"

namespace tocsin::api {

// The tokens of a node, kept in its journal.
TokenStore token_store_of(store::Journal& journal);

// How people sign in, as the configuration says; secrets are read. Errors: those of secret::read().
Result<SignInSettings> sign_in_settings(const node::Config& config, const std::string& home);

// An Api over a node and a backend that answers for it; both outlive it. Errors: unavailable.
Result<std::unique_ptr<Api>> open_api(node::Node& node, Backend& backend);

struct Listening {
  std::unique_ptr<http::HttpServer> server;
  std::string url;          // where the console is, without a last slash
  std::string fingerprint;  // of the certificate; "" without TLS
};

// Listens as [server] says, and at HOME/node.sock. Beyond loopback always with TLS: with the
// certificate of the configuration, or with one that is made once and kept in HOME/tls. `tcp`
// false: the socket alone. Errors: those of HttpServer::start().
Result<Listening> listen(node::Node& node, Api& api, bool tcp = true);

}  // namespace tocsin::api
