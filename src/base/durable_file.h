// DurableFile: a file that is there whole or not at all: written beside its place, synced, renamed,
// the folder synced. Ends in a checksum, unless replace() wrote it.
#pragma once

#include <xxhash.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>

#include "base/result.h"

namespace tocsin {

// What of a path is on the disk afterwards: a file's bytes, also its length and a folder's entries,
// or all that was written to the file system that holds it. Errors: unavailable.
enum class Sync { data, entry, file_system };
Result<void> sync(const std::string& path, Sync what);

class DurableFile {
 public:
  // Starts writing PATH.new. Errors: unavailable.
  static Result<DurableFile> create(const std::string& path);
  DurableFile(DurableFile&& other) noexcept;
  DurableFile& operator=(DurableFile&&) = delete;
  ~DurableFile();  // without commit(): the old file stays, PATH.new goes

  void bytes(std::string_view bytes);
  template <class T>
  void value(const T& value) {
    static_assert(std::is_trivially_copyable_v<T>);
    bytes({reinterpret_cast<const char*>(&value), sizeof value});
  }
  // Errors: unavailable, also what an earlier bytes() met (disk full).
  Result<void> commit();

  // A whole file at once, of these bytes alone. Errors: those of create() and commit().
  static Result<void> replace(const std::string& path, std::string_view bytes);

  // What was written, without the checksum. Errors: invalid, if it does not fit.
  static Result<std::string_view> checked(std::string_view file);

 private:
  DurableFile() = default;
  void flush();
  Result<void> finish();
  std::string path_;
  int fd_ = -1;
  int failed_ = 0;  // errno of the first failure
  std::string buffer_;
  struct FreeHash {
    void operator()(XXH3_state_t* state) const { XXH3_freeState(state); }
  };
  std::unique_ptr<XXH3_state_t, FreeHash> hash_;
};

}  // namespace tocsin
