// Served: a node with its API over it, and, where asked for, its listeners and feeds.
#pragma once

#include <memory>
#include <string>

#include "base/http.h"
#include "base/result.h"
#include "node/node.h"

namespace tocsin::api {

struct ServeOptions {
  std::string home, config;
  std::string feeds_file;  // feeds besides those of the configuration
  bool simulated = false;
  int port = -1;  // -1: the configuration's; 0: any free one
};

class Served {
 public:
  // The node and its API, silent. Errors: those of Node::open().
  static Result<std::unique_ptr<Served>> open(const ServeOptions& options);
  ~Served();

  // Listens at the configured address and at HOME/node.sock, and runs the feeds.
  // Errors: unavailable (the address is in use), invalid (TLS is missing where it is needed).
  Result<void> start();
  void stop();

  // One call in this process, as the owner of the home.
  http::Response call(http::Request request);
  std::string url() const;    // "http://127.0.0.1:8420"
  std::string sign_in_url();  // with a code that serves once
  std::string spool_path();
  node::Node& node();

  struct State;
  explicit Served(std::unique_ptr<State> state);

 private:
  std::unique_ptr<State> state_;
};

}  // namespace tocsin::api
