#include "base/unpack.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <memory>

#include "base/charset.h"
#include "base/decoders.h"
#include "base/text.h"

namespace tocsin {
namespace {

using decoders::Packing;

constexpr std::uint64_t ratio_from_octets = 64ULL << 20;

std::string own_name(std::string_view name) {
  name = name.substr(name.find_last_of("/\\") + 1);
  std::string out;
  for (char c : name.substr(0, 255)) out += static_cast<unsigned char>(c) < 0x20 ? '_' : c;
  return out;
}

// The name of what a packed file holds: "a.csv.gz" holds "a.csv".
std::string inner_name(std::string_view name) {
  for (std::string_view ending : {".gz", ".zst", ".zstd"}) {
    if (name.ends_with(ending)) return std::string(name.substr(0, name.size() - ending.size()));
  }
  if (name.ends_with(".tgz")) return std::string(name.substr(0, name.size() - 3)) + "tar";
  return std::string(name);
}

// What has come out so far, against the limits.
struct Budget {
  const UnpackLimits& limits;
  std::uint64_t in = 0, out = 0;
  std::size_t entries = 0;

  Result<void> bytes(std::size_t more) {
    out += more;
    if (out > limits.bytes_max) {
      return invalid("unpacks to more than " + std::to_string(limits.bytes_max) + " bytes");
    }
    if (out > ratio_from_octets && out / std::max<std::uint64_t>(in, 1) > limits.ratio_max) {
      return invalid("a bomb: unpacks to more than " + std::to_string(limits.ratio_max) +
                     " times its size");
    }
    return {};
  }
  Result<void> entry() {
    if (++entries <= limits.entries_max) return {};
    return invalid("more than " + std::to_string(limits.entries_max) + " files in an archive");
  }
};

// Files under way: removed again unless they are released.
class Files {
 public:
  explicit Files(std::string folder) : folder_(std::move(folder)) {}
  Files(const Files&) = delete;
  ~Files() {
    finish();
    for (const auto& path : made_) ::unlink(path.c_str());
  }

  Result<std::string> create() {
    TRY(finish());
    std::string path = folder_ + "/unpacked-XXXXXX";
    fd_ = ::mkostemp(path.data(), O_CLOEXEC);
    if (fd_ < 0) return unavailable("cannot write in " + folder_ + ": " + std::strerror(errno));
    made_.push_back(path);
    return path;
  }
  Result<void> write(std::string_view bytes) {
    while (!bytes.empty()) {
      ssize_t done = ::write(fd_, bytes.data(), bytes.size());
      if (done < 0 && errno == EINTR) continue;
      if (done < 0) return unavailable(std::string("cannot unpack: ") + std::strerror(errno));
      bytes.remove_prefix(static_cast<std::size_t>(done));
    }
    return {};
  }
  Result<void> finish() {
    int fd = std::exchange(fd_, -1);
    if (fd >= 0 && ::close(fd) != 0) return unavailable("cannot unpack: close failed");
    return {};
  }
  void remove(const std::string& path) {
    ::unlink(path.c_str());
    std::erase(made_, path);
  }
  void release() { made_.clear(); }

 private:
  std::string folder_;
  int fd_ = -1;
  std::vector<std::string> made_;
};

std::unexpected<Error> unknown_packing() {
  return invalid(
      "packed in a way that is not read here (bzip2, xz, 7z or rar); use gzip, zstd or zip");
}

struct Job {
  Budget& budget;
  std::string_view password, charset;
};

// Takes `bytes` apart one level; `open` is called for each thing inside.
Result<void> take_apart(Packing packing, std::string_view bytes, std::string_view name,
                        std::string_view password, Budget& budget, const decoders::Open& open) {
  auto counted = [&](std::string_view entry) -> Result<decoders::Write> {
    TRY(budget.entry());
    decoders::Write write = TRY(open(entry));
    return [&budget, write](std::string_view piece) -> Result<void> {
      TRY(budget.bytes(piece.size()));
      return write(piece);
    };
  };
  switch (packing) {
    case Packing::gzip:
    case Packing::zstd: {
      decoders::Write write = TRY(counted(inner_name(name)));
      return packing == Packing::gzip ? decoders::gunzip(bytes, write)
                                      : decoders::unzstd(bytes, write);
    }
    case Packing::zip:
      return decoders::unzip(bytes, password, counted);
    case Packing::tar:
      return decoders::untar(bytes, counted);
    default:
      return unknown_packing();
  }
}

Result<void> unpack_level(Unpacked file, unsigned depth, const Job& job, Files& files,
                          std::vector<Unpacked>& out);

// A file that is not packed: kept, in UTF-8.
Result<void> keep_plain(Unpacked file, std::string_view bytes, const Job& job, Files& files,
                        std::vector<Unpacked>& out) {
  auto from = charset::guess(bytes, job.charset);
  if (from.name == "UTF-8") {
    file.skip = from.skip;
    out.push_back(std::move(file));
    return {};
  }
  std::string fresh = TRY(files.create());
  auto write = [&](std::string_view piece) -> Result<void> {
    TRY(job.budget.bytes(piece.size()));
    return files.write(piece);
  };
  TRY(charset::convert(bytes, from, write));
  TRY(files.finish());
  if (file.made) files.remove(file.path);
  out.push_back({file.name, fresh, true, 0});
  return {};
}

Result<void> unpack_level(Unpacked file, unsigned depth, const Job& job, Files& files,
                          std::vector<Unpacked>& out) {
  std::vector<Unpacked> inside;
  {
    auto mapped = TRY(MappedFile::open(file.path));
    std::string_view bytes = mapped.bytes();
    if (depth == 0) job.budget.in = bytes.size();
    Packing packing = decoders::packing_of(bytes);
    if (packing == Packing::none) return keep_plain(std::move(file), bytes, job, files, out);
    if (packing != Packing::tar && ++depth > job.budget.limits.nesting_max) {
      return invalid("packed more than " + std::to_string(job.budget.limits.nesting_max) +
                     " times over");
    }
    auto open = [&](std::string_view name) -> Result<decoders::Write> {
      std::string fresh = TRY(files.create());
      inside.push_back({own_name(name), fresh, true, 0});
      return [&files](std::string_view piece) { return files.write(piece); };
    };
    TRY(take_apart(packing, bytes, file.name, job.password, job.budget, open));
    TRY(files.finish());
  }
  if (file.made) files.remove(file.path);
  for (auto& one : inside) TRY(unpack_level(std::move(one), depth, job, files, out));
  return {};
}

// In memory: the texts inside `bytes`.
Result<void> unpack_bytes(std::string_view bytes, std::string_view name, unsigned depth,
                          const Job& job, std::vector<std::string>& out) {
  Packing packing = decoders::packing_of(bytes);
  if (packing == Packing::none) {
    auto text = TRY(charset::to_utf8(bytes, job.charset));
    out.push_back(std::move(text));
    return {};
  }
  if (packing != Packing::tar && ++depth > job.budget.limits.nesting_max) {
    return invalid("packed more than " + std::to_string(job.budget.limits.nesting_max) +
                   " times over");
  }
  std::vector<std::unique_ptr<std::string>> inside;
  auto open = [&](std::string_view) -> Result<decoders::Write> {
    std::string* piece = inside.emplace_back(std::make_unique<std::string>()).get();
    return [piece](std::string_view more) -> Result<void> {
      *piece += more;
      return {};
    };
  };
  TRY(take_apart(packing, bytes, name, job.password, job.budget, open));
  for (auto& one : inside) {
    TRY(unpack_bytes(*one, "", depth, job, out));
  }
  return {};
}

Result<void> wants_one(std::size_t files) {
  if (files == 0) return invalid("an archive without files");
  if (files == 1) return {};
  return invalid("an archive of " + std::to_string(files) + " files; one is read at a time");
}

std::string folder_or_temporary(const std::string& folder) {
  std::error_code failed;
  std::string path =
      folder.empty() ? std::filesystem::temp_directory_path(failed).string() : folder;
  return path.empty() ? "/tmp" : path;
}

}  // namespace

Result<std::vector<Unpacked>> unpack_file(const std::string& path, const UnpackLimits& limits,
                                          const std::string& out_folder, std::string_view name,
                                          std::string_view password, std::string_view charset) {
  Budget budget{limits};
  Files files(out_folder);
  std::vector<Unpacked> out;
  TRY(unpack_level({own_name(name.empty() ? std::string_view(path) : name), path, false, 0}, 0,
                   {budget, password, charset}, files, out));
  if (out.empty()) return invalid("an archive without files");
  files.release();
  return out;
}

Result<std::string> unpack_text(std::string_view bytes, const UnpackLimits& limits,
                                std::string_view password, std::string_view charset) {
  Budget budget{limits, bytes.size()};
  std::vector<std::string> out;
  TRY(unpack_bytes(bytes, "", 0, {budget, password, charset}, out));
  TRY(wants_one(out.size()));
  return std::move(out.front());
}

Result<MappedText> map_text(const std::string& path, const UnpackLimits& limits,
                            const std::string& folder) {
  auto inside = TRY(unpack_file(path, limits, folder_or_temporary(folder)));
  auto one = wants_one(inside.size());
  auto mapped = one ? MappedFile::open(inside.front().path) : std::unexpected(one.error());
  for (const auto& file : inside) {
    if (file.made) ::unlink(file.path.c_str());
  }
  if (!mapped) return std::unexpected(mapped.error());
  return MappedText{*std::move(mapped), inside.front().skip};
}

Result<MappedText> map_text(const NextPiece& next, const UnpackLimits& limits,
                            const std::string& folder) {
  Files files(folder_or_temporary(folder));
  std::string path = TRY(files.create());
  for (;;) {
    std::string_view piece = TRY(next());
    if (piece.empty()) break;
    TRY(files.write(piece));
  }
  TRY(files.finish());
  return map_text(path, limits, folder);
}

}  // namespace tocsin
