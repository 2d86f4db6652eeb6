// file: one file on this machine, read again when it changed.
#include <fmt/format.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>

#include "base/text.h"
#include "ingest/collector.h"
#include "ingest/cursor.h"

namespace tocsin::ingest {
namespace {

constexpr std::array own_options = std::to_array<Option>({
    {.name = "path", .kind = OptionKind::path, .help = "an absolute path", .required = true},
});

Result<void> collect(const Feed& feed, CollectorContext& context) {
  std::string path(feed.option("path"));
  struct stat is{};
  if (stat(path.c_str(), &is) != 0) {
    std::string what = fmt::format("{}: {}", text::quote(path), std::strerror(errno));
    return errno == ENOENT ? missing(what) : unavailable(what);
  }
  if (!S_ISREG(is.st_mode)) return invalid(text::quote(path) + " is no file");
  Cursor cursor = Cursor::parse(context.cursor());
  std::string state = fmt::format("{} {} {} {}.{:09}", path, is.st_ino, is.st_size,
                                  is.st_mtim.tv_sec, is.st_mtim.tv_nsec);
  if (cursor.get("seen") == state) return {};
  cursor.set("seen", state);
  auto receipt = context.deliver({.name = path.substr(path.rfind('/') + 1),
                                  .url = {},
                                  .path = path,
                                  .bytes = {},
                                  .cursor = cursor.text()});
  if (!receipt) return std::unexpected(std::move(receipt).error());
  return {};
}

}  // namespace

Collector file() {
  return {.summary = "one file on this machine, read again when it changed",
          .collect = collect,
          .options = own_options,
          .interval_s = 60};
}

}  // namespace tocsin::ingest
