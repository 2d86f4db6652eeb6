// directory: files dropped into a folder, each when it is complete.
//
// Complete is a file that has not changed for `settle_s` and that nobody holds open for writing (a
// read lease says so, where the file is ours); one whose time lies in the future must look the same
// in two runs. What was read is remembered as a hash of name, inode, size and time while it stays
// in the folder. Source: fcntl(2), leases.
#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <fnmatch.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <unordered_set>

#include "base/hash.h"
#include "base/text.h"
#include "base/time.h"
#include "ingest/collector.h"
#include "ingest/cursor.h"

namespace tocsin::ingest {
namespace {

constexpr std::size_t files_max = 20'000, depth_max = 16;
constexpr std::size_t cursor_every = 64;  // deliveries; a large cursor is not written with each

constexpr std::array own_options = std::to_array<Option>({
    {.name = "path", .kind = OptionKind::path, .help = "an absolute path", .required = true},
    {"subfolders", OptionKind::yes_no, "look into them too"},
    {"pattern", OptionKind::text, "of file names, as *.csv"},
    {.name = "settle_s",
     .kind = OptionKind::number,
     .help = "a file is complete when it has not changed for so long; 2",
     .most = 86'400},
    {.name = "after",
     .kind = OptionKind::text,
     .help = "what becomes of a file that was read; keep",
     .values = "keep, move, delete"},
    {"move_to", OptionKind::path,
     "with after = \"move\": a folder on the same disk, not below path"},
});

struct Found {
  std::string path, name;  // name: below the feed's folder
  struct stat is;
  std::uint64_t hash = 0;
};

struct Closer {
  void operator()(DIR* folder) const { closedir(folder); }
};

bool is_report(std::string_view name, const std::string& pattern) {
  if (name.starts_with('.')) return false;
  for (std::string_view end : {".part", ".tmp", ".filepart", ".crdownload", "~"}) {
    if (name.ends_with(end)) return false;
  }
  return pattern.empty() || fnmatch(pattern.c_str(), std::string(name).c_str(), 0) == 0;
}

Error cannot(std::string_view verb, const std::string& path) {
  Fault fault = errno == ENOENT ? Fault::missing : Fault::unavailable;
  return {fault, fmt::format("cannot {} {}: {}", verb, text::quote(path), std::strerror(errno))};
}

// Links are not followed: what is read lies in the folder.
Result<void> look(const Feed& feed, const std::string& folder, const std::string& prefix,
                  std::size_t depth, std::vector<Found>& out) {
  std::unique_ptr<DIR, Closer> open(opendir(folder.c_str()));
  if (!open) return std::unexpected(cannot("read folder", folder));
  std::string pattern(feed.option("pattern"));
  while (const dirent* entry = readdir(open.get())) {
    std::string_view name = entry->d_name;
    if (name.starts_with('.')) continue;
    Found found;
    found.name = prefix + std::string(name);
    found.path = folder + "/" + std::string(name);
    if (fstatat(dirfd(open.get()), entry->d_name, &found.is, AT_SYMLINK_NOFOLLOW) != 0) continue;
    if (S_ISDIR(found.is.st_mode) && yes(feed, "subfolders") && depth < depth_max) {
      TRY(look(feed, found.path, found.name + "/", depth + 1, out));
    }
    if (!S_ISREG(found.is.st_mode) || found.is.st_size == 0 || !is_report(name, pattern)) continue;
    found.hash =
        hash64(fmt::format("{} {} {} {}.{:09}", found.name, found.is.st_ino, found.is.st_size,
                           found.is.st_mtim.tv_sec, found.is.st_mtim.tv_nsec));
    out.push_back(std::move(found));
    if (out.size() > files_max) {
      return invalid(fmt::format("more than {} files in {}; use after = \"move\" or \"delete\"",
                                 files_max, text::quote(feed.option("path"))));
    }
  }
  return {};
}

// Does anybody hold it open for writing? False also where the kernel will not tell (not our file,
// another file system): then only the settling time protects.
bool is_being_written(const std::string& path) {
  int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  if (fd < 0) return false;
  bool busy = fcntl(fd, F_SETLEASE, F_RDLCK) != 0 && errno == EAGAIN;
  close(fd);  // gives the lease back
  return busy;
}

bool is_complete(const Found& file, TimeUs now, std::uint64_t settle_s,
                 const std::unordered_set<std::uint64_t>& seen_before) {
  TimeUs changed = file.is.st_mtim.tv_sec * us_per_s + file.is.st_mtim.tv_nsec / 1000;
  bool settled = changed > now ? seen_before.contains(file.hash)
                               : now - changed >= static_cast<TimeUs>(settle_s) * us_per_s;
  return settled && !is_being_written(file.path);
}

// Errors: unavailable, also when the target lies on another disk.
Result<void> put_away(const Feed& feed, const Found& file) {
  std::string_view after = feed.option("after", "keep");
  if (after == "delete" && unlink(file.path.c_str()) != 0 && errno != ENOENT) {
    return std::unexpected(cannot("delete", file.path));
  }
  if (after != "move") return {};
  std::string base =
      fmt::format("{}/{}", feed.option("move_to"), file.name.substr(file.name.rfind('/') + 1));
  std::string to = base;
  for (unsigned n = 1; access(to.c_str(), F_OK) == 0; ++n) to = fmt::format("{}.{}", base, n);
  if (rename(file.path.c_str(), to.c_str()) != 0 && errno != ENOENT) {
    return std::unexpected(cannot("move", file.path));
  }
  return {};
}

class Memory {
 public:
  // Of what the cursor remembers, only files that are still there stay: it cannot grow past
  // files_max.
  Memory(const Cursor& cursor, const std::vector<Found>& files) {
    std::unordered_set<std::uint64_t> there;
    for (const Found& file : files) there.insert(file.hash);
    for (std::uint64_t hash : hashes_from_text(cursor.get("read"))) {
      if (there.contains(hash)) read_.push_back(hash);
    }
    known_ = {read_.begin(), read_.end()};
    for (std::uint64_t hash : hashes_from_text(cursor.get("waiting"))) waited_.insert(hash);
  }
  bool was_read(std::uint64_t hash) const { return known_.contains(hash); }
  const std::unordered_set<std::uint64_t>& waited() const { return waited_; }
  void wait_for(std::uint64_t hash) { waiting_.push_back(hash); }
  void remember(std::uint64_t hash) {
    read_.push_back(hash);
    known_.insert(hash);
  }
  std::string text() const {
    Cursor cursor;
    cursor.set("read", hashes_to_text(read_));
    cursor.set("waiting", hashes_to_text(waiting_));
    return cursor.text();
  }

 private:
  std::vector<std::uint64_t> read_, waiting_;
  std::unordered_set<std::uint64_t> known_, waited_;
};

Result<void> collect(const Feed& feed, CollectorContext& context) {
  std::string folder(feed.option("path"));
  if (feed.option("after") == "move" && feed.option("move_to").empty()) {
    return invalid("after = \"move\" needs move_to, the folder to move to");
  }
  if (yes(feed, "subfolders") &&
      (std::string(feed.option("move_to")) + "/").starts_with(folder + "/")) {
    return invalid("move_to lies in the folder that is read; choose one outside of it");
  }
  std::vector<Found> files;
  TRY(look(feed, folder, "", 0, files));
  std::sort(files.begin(), files.end(), [](const Found& a, const Found& b) {
    auto key = [](const Found& f) {
      return std::tuple(f.is.st_mtim.tv_sec, f.is.st_mtim.tv_nsec, std::string_view(f.name));
    };
    return key(a) < key(b);
  });
  std::string before = context.cursor();
  Memory memory(Cursor::parse(before), files);
  std::string text = before;
  std::size_t count = 0;
  for (const Found& file : files) {
    if (context.stop().stop_requested()) return unavailable("stopping");
    if (memory.was_read(file.hash)) continue;
    if (!is_complete(file, times::now(), number(feed, "settle_s", 2), memory.waited())) {
      memory.wait_for(file.hash);
      continue;
    }
    memory.remember(file.hash);
    if (count++ % cursor_every == 0 || text.size() < 4096) text = memory.text();
    auto receipt = context.deliver(
        {.name = file.name, .url = {}, .path = file.path, .bytes = {}, .cursor = text});
    // A file that cannot be read is kept in quarantine as a whole: it counts as read.
    if (!receipt && receipt.error().fault != Fault::invalid) {
      return std::unexpected(std::move(receipt).error());
    }
    TRY(put_away(feed, file));
  }
  std::string after = memory.text();
  if (after == context.cursor()) return {};
  return context.keep_cursor(std::move(after));
}

}  // namespace

Collector directory() {
  return {.summary = "files dropped into a folder, each when it is complete",
          .collect = collect,
          .options = own_options,
          .interval_s = 2};
}

}  // namespace tocsin::ingest
