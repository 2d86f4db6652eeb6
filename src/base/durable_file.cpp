#include "base/durable_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>

#include "base/hash.h"
#include "base/text.h"

namespace tocsin {

Result<DurableFile> DurableFile::create(const std::string& path) {
  DurableFile file;
  file.path_ = path;
  file.fd_ = open((path + ".new").c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (file.fd_ < 0)
    return unavailable("cannot write " + text::quote(path) + ": " + std::strerror(errno));
  file.hash_.reset(XXH3_createState());
  XXH3_64bits_reset(file.hash_.get());
  return file;
}

DurableFile::DurableFile(DurableFile&& other) noexcept
    : path_(std::move(other.path_)),
      fd_(std::exchange(other.fd_, -1)),
      failed_(other.failed_),
      buffer_(std::move(other.buffer_)),
      hash_(std::move(other.hash_)) {}

DurableFile::~DurableFile() {
  if (fd_ < 0) return;
  close(fd_);
  unlink((path_ + ".new").c_str());
}

void DurableFile::bytes(std::string_view bytes) {
  constexpr std::size_t buffered_max = 1 << 20;
  buffer_ += bytes;
  if (buffer_.size() >= buffered_max) flush();
}

void DurableFile::flush() {
  XXH3_64bits_update(hash_.get(), buffer_.data(), buffer_.size());
  std::string_view left = buffer_;
  while (!left.empty() && failed_ == 0) {
    ssize_t written = write(fd_, left.data(), left.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) {
      failed_ = errno;
    } else {
      left.remove_prefix(static_cast<std::size_t>(written));
    }
  }
  buffer_.clear();
}

Result<void> DurableFile::commit() {
  flush();
  std::uint64_t sum = XXH3_64bits_digest(hash_.get());
  buffer_.assign(reinterpret_cast<const char*>(&sum), sizeof sum);
  return finish();
}

Result<void> DurableFile::replace(const std::string& path, std::string_view bytes) {
  DurableFile file = TRY(create(path));
  file.bytes(bytes);
  return file.finish();
}

Result<void> DurableFile::finish() {
  flush();
  if (failed_ == 0 && fsync(fd_) != 0) failed_ = errno;
  if (failed_ == 0 && std::rename((path_ + ".new").c_str(), path_.c_str()) != 0) failed_ = errno;
  if (failed_ != 0)
    return unavailable("cannot write " + text::quote(path_) + ": " + std::strerror(failed_));
  close(std::exchange(fd_, -1));
  int folder =
      open(path_.substr(0, path_.rfind('/') + 1).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder >= 0) {
    fsync(folder);
    close(folder);
  }
  return {};
}

Result<void> sync(const std::string& path, Sync what) {
  int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  bool done = fd >= 0 && (what == Sync::data          ? fdatasync(fd)
                          : what == Sync::file_system ? syncfs(fd)
                                                      : fsync(fd)) == 0;
  std::string why = std::strerror(errno);
  if (fd >= 0) close(fd);
  if (!done) return unavailable("cannot sync " + text::quote(path) + ": " + why);
  return {};
}

Result<std::string_view> DurableFile::checked(std::string_view file) {
  std::uint64_t sum = 0;
  if (file.size() < sizeof sum) return invalid("damaged file: too short");
  std::string_view body = file.substr(0, file.size() - sizeof sum);
  std::memcpy(&sum, file.data() + body.size(), sizeof sum);
  if (sum != hash64(body)) return invalid("damaged file: checksum");
  return body;
}

}  // namespace tocsin
