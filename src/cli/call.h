// Calling a node: over HOME/node.sock if one runs there, else in this process with the same node,
// without feeds and listeners. Source: DESIGN D1.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/http.h"
#include "base/result.h"

namespace tocsin::cli {

// HOME: --home, else $TOCSIN_HOME, else ~/.local/share/tocsin.
std::string default_home();

class Caller {
 public:
  // Errors: missing, if there is no such home and it is not to be made; unavailable (another
  // process has it but does not answer); those of Node::open().
  static Result<Caller> open(const std::string& home, bool make = false);
  Caller(Caller&&) noexcept;
  ~Caller();

  struct Ask {
    std::string method = "GET";
    std::string path;  // below /api/v1, "/feeds"
    std::multimap<std::string, std::string> query;
    std::string body;       // JSON, or the bytes ...
    std::string body_path;  // ... or a file that holds them
    std::function<void(std::uint64_t sent, std::uint64_t of)> progress;
    std::function<Result<void>(std::string_view piece)> sink;  // takes the answer in pieces
  };
  // The body of a successful answer. Errors: as the node says it.
  Result<std::string> call(const Ask& ask);

 private:
  struct State;
  explicit Caller(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace tocsin::cli
