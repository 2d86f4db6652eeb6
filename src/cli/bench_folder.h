// Where a bench works: a folder of its own, which goes with all that is in it at the end.
#pragma once

#include <string>
#include <utility>

#include "base/result.h"

namespace tocsin::cli {

class BenchFolder {
 public:
  // `wanted`: "" for a temporary one. `keep`: it stays. Errors: invalid: it is there and not empty;
  // unavailable: it cannot be made or read.
  static Result<BenchFolder> make(const std::string& wanted, bool keep = false);
  BenchFolder(BenchFolder&& other) noexcept
      : path_(std::exchange(other.path_, {})), keep_(other.keep_) {}
  BenchFolder& operator=(BenchFolder&&) = delete;
  ~BenchFolder();

  const std::string& path() const { return path_; }

 private:
  BenchFolder(std::string path, bool keep) : path_(std::move(path)), keep_(keep) {}
  std::string path_;
  bool keep_;
};

}  // namespace tocsin::cli
