// Served: a node with its API over it, and, where asked for, its listeners and feeds.
#pragma once

#include <memory>
#include <string>

#include "base/http.h"
#include "base/result.h"
#include "node/node.h"

namespace tocsin::api {

class Served {
 public:
  // The node and its API, silent. Errors: those of Node::open().
  static Result<std::unique_ptr<Served>> open(node::NodeOptions options);
  ~Served();

  // Listens as the configuration says and at HOME/node.sock, and runs the feeds.
  // Errors: unavailable (the address is in use), invalid (certificate).
  Result<void> start();
  void stop();

  // One call in this process, as the owner of the home.
  http::Response call(http::Request request);
  std::string sign_in_url();              // with a code that serves once; after start()
  std::string certificate_fingerprint();  // "" without TLS
  node::Node& node();

  struct State;
  explicit Served(std::unique_ptr<State> state);

 private:
  std::unique_ptr<State> state_;
};

}  // namespace tocsin::api
