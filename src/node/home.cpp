#include "node/home.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "base/text.h"

namespace tocsin::node {

Result<Home> Home::open(const std::string& path) {
  std::error_code failed;
  std::filesystem::create_directories(path, failed);
  if (failed) return unavailable("cannot make " + text::quote(path) + ": " + failed.message());
  chmod(path.c_str(), 0700);
  for (const char* folder : {"spool", "columns", "findings", "counts", "series", "drop"}) {
    std::filesystem::create_directories(path + "/" + folder, failed);
    if (failed)
      return unavailable("cannot make a folder in " + text::quote(path) + ": " + failed.message());
  }
  int lock = ::open((path + "/lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (lock < 0)
    return unavailable("cannot open " + text::quote(path + "/lock") + ": " + std::strerror(errno));
  if (flock(lock, LOCK_EX | LOCK_NB) != 0) {
    close(lock);
    return unavailable("another process has " + text::quote(path));
  }
  return Home(std::filesystem::absolute(path).lexically_normal().string(), lock);
}

Home::~Home() {
  if (lock_ >= 0) close(lock_);
}

std::string socket_path(const std::string& home) {
  return home + "/node.sock";
}

}  // namespace tocsin::node
