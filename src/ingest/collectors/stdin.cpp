// stdin: what stands on standard input, to its end, as one report.
#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "ingest/collector.h"
#include "ingest/fetching.h"

namespace tocsin::ingest {
namespace {

constexpr std::uint64_t size_max_bytes = std::uint64_t{4} << 30;

constexpr std::array own_options = std::to_array<Option>({
    {"name", OptionKind::text, "the report's file name, where the format goes by it"},
    {.name = "size_max_bytes",
     .kind = OptionKind::number,
     .help = "4 GiB",
     .least = 1,
     .most = size_max_bytes},
});

class Output {
 public:
  explicit Output(const std::string& path)
      : fd_(open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600)) {}
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;
  ~Output() {
    if (fd_ >= 0) close(fd_);
  }
  bool write(const char* bytes, std::size_t size) {
    while (size > 0) {
      ssize_t wrote = ::write(fd_, bytes, size);
      if (wrote < 0 && errno == EINTR) continue;
      if (wrote <= 0) return false;
      bytes += wrote;
      size -= static_cast<std::size_t>(wrote);
    }
    return true;
  }
  bool ready() const { return fd_ >= 0; }

 private:
  int fd_;
};

// Gives the number of bytes. Errors: invalid (too large), unavailable (disk, stopping).
Result<std::uint64_t> copy_input(Output& out, std::uint64_t most, const std::stop_token& stop) {
  std::vector<char> chunk(256 * 1024);
  std::uint64_t size = 0;
  for (;;) {
    pollfd ready{STDIN_FILENO, POLLIN, 0};
    if (stop.stop_requested()) return unavailable("stopping");
    if (poll(&ready, 1, 100) == 0) continue;
    ssize_t got = read(STDIN_FILENO, chunk.data(), chunk.size());
    if (got < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (got < 0) {
      return unavailable(fmt::format("cannot read standard input: {}", std::strerror(errno)));
    }
    if (got == 0) return size;
    size += static_cast<std::uint64_t>(got);
    if (size > most) {
      return invalid(fmt::format("standard input is larger than the {} bytes allowed", most));
    }
    if (!out.write(chunk.data(), static_cast<std::size_t>(got))) {
      return unavailable(fmt::format("cannot keep standard input: {}", std::strerror(errno)));
    }
  }
}

Result<void> collect(const Feed& feed, CollectorContext& context) {
  Spool spool(context);
  std::uint64_t size = 0;
  {
    Output out(spool.path());
    if (!out.ready()) {
      return unavailable(fmt::format("cannot write the spool file: {}", std::strerror(errno)));
    }
    size = TRY(copy_input(out, number(feed, "size_max_bytes", size_max_bytes), context.stop()));
  }
  if (size == 0) return {};
  auto receipt = context.deliver({.name = std::string(feed.option("name")),
                                  .url = {},
                                  .path = spool.path(),
                                  .bytes = {},
                                  .cursor = context.cursor()});
  if (!receipt) return std::unexpected(std::move(receipt).error());
  return {};
}

}  // namespace

Collector stdin() {
  return {.summary = "what stands on standard input, to its end, as one report",
          .collect = collect,
          .options = own_options};
}

}  // namespace tocsin::ingest
