#include "cli/bench_folder.h"

#include <unistd.h>

#include <filesystem>

#include "base/text.h"

namespace tocsin::cli {

namespace fs = std::filesystem;

Result<BenchFolder> BenchFolder::make(const std::string& wanted, bool keep) {
  std::error_code error;
  std::string path = wanted.empty() ? fs::temp_directory_path().string() + "/tocsin-bench-" +
                                          std::to_string(getpid())
                                    : wanted;
  fs::create_directories(path, error);
  if (error) return unavailable("cannot make " + text::quote(path) + ": " + error.message());
  bool is_empty = fs::is_empty(path, error);
  if (error) return unavailable("cannot read " + text::quote(path) + ": " + error.message());
  if (!is_empty)
    return invalid(text::quote(path) + " is not empty: a bench removes its folder at the end");
  return BenchFolder(std::move(path), keep);
}

BenchFolder::~BenchFolder() {
  std::error_code ignored;
  if (!path_.empty() && !keep_) fs::remove_all(path_, ignored);
}

}  // namespace tocsin::cli
