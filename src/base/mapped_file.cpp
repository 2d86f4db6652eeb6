#include "base/mapped_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/text.h"

namespace tocsin {

Result<MappedFile> MappedFile::open(const std::string& path) {
  constexpr long long size_max = 4LL << 30;
  int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) {
    std::string what = "cannot open " + text::quote(path) + ": " + std::strerror(errno);
    return errno == ENOENT ? missing(what) : unavailable(what);
  }
  struct stat status{};
  MappedFile file;
  Result<void> done;
  if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) {
    done = invalid("not a file: " + text::quote(path));
  } else if (status.st_size > size_max) {
    done = invalid("larger than 4 GiB: " + text::quote(path));
  } else if (status.st_size > 0) {
    auto size = static_cast<std::size_t>(status.st_size);
    void* at = mmap(nullptr, size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (at == MAP_FAILED) {
      done = unavailable("cannot map " + text::quote(path) + ": " + std::strerror(errno));
    } else {
      madvise(at, size, MADV_SEQUENTIAL);
      file.bytes_ = {static_cast<const char*>(at), size};
    }
  }
  close(fd);
  if (!done) return std::unexpected(done.error());
  return file;
}

MappedFile::~MappedFile() {
  if (!bytes_.empty()) munmap(const_cast<char*>(bytes_.data()), bytes_.size());
}

}  // namespace tocsin
