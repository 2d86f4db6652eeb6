// Body: a request's body on its way in: in memory, then in a file that is gone with it.
#pragma once

#include <string>

#include "base/result.h"

namespace tocsin::http {

class Body {
 public:
  Body() = default;
  Body(const Body&) = delete;
  Body& operator=(const Body&) = delete;
  ~Body();

  std::string memory;

  // Moves what is in memory to the file. Blocks: not for the network's threads.
  // Errors: unavailable.
  Result<void> spill(const std::string& folder);
  const std::string& path() const { return path_; }

 private:
  int file_ = -1;
  std::string path_;
};

}  // namespace tocsin::http
