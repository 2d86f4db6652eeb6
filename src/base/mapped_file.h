// MappedFile: a file's bytes, mapped read-only.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"

namespace tocsin {

class MappedFile {
 public:
  // Errors: missing; unavailable; invalid above 4 GiB or if it is no regular file.
  static Result<MappedFile> open(const std::string& path);
  MappedFile(MappedFile&& other) noexcept { std::swap(bytes_, other.bytes_); }
  MappedFile& operator=(MappedFile&& other) noexcept {
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  ~MappedFile();
  std::string_view bytes() const { return bytes_; }

 private:
  MappedFile() = default;
  std::string_view bytes_;
};

}  // namespace tocsin
