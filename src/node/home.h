// Home: the node's one data folder, and the lock that keeps it to one process.
#pragma once

#include <string>
#include <utility>

#include "base/result.h"

namespace tocsin::node {

class Home {
 public:
  // Makes the folder (mode 0700) where it is missing and takes its lock.
  // Errors: unavailable, if another process has it or it cannot be made.
  static Result<Home> open(const std::string& path);
  Home(Home&& other) noexcept
      : path_(std::move(other.path_)), lock_(std::exchange(other.lock_, -1)) {}
  Home& operator=(Home&&) = delete;
  ~Home();

  const std::string& path() const { return path_; }
  std::string file(std::string_view name) const { return path_ + "/" + std::string(name); }

 private:
  Home(std::string path, int lock) : path_(std::move(path)), lock_(lock) {}
  std::string path_;
  int lock_;
};

// Where a node's socket is: HOME/node.sock.
std::string socket_path(const std::string& home);

}  // namespace tocsin::node
