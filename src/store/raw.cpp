#include "store/raw.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <vector>

#include "base/hash.h"
#include "base/mapped_file.h"
#include "base/text.h"
#include "base/zstd.h"

namespace tocsin::store {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t sha256_digits = 64;

bool is_sha256(std::string_view text) {
  return text.size() == sha256_digits &&
         text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

struct Stored {
  fs::path path;
  std::string sha256;
  std::uint64_t size = 0;
};

// Every kept file, packed and waiting.
std::vector<Stored> stored(const std::string& folder) {
  std::vector<Stored> found;
  std::error_code failed;
  for (const auto& below : fs::directory_iterator(folder, failed)) {
    std::error_code inner;
    for (const auto& entry : fs::directory_iterator(below.path(), inner)) {
      std::string name = entry.path().filename().string().substr(0, sha256_digits);
      if (!is_sha256(name) || entry.path().extension() == ".new") continue;
      auto size = fs::file_size(entry.path(), inner);
      found.push_back({entry.path(), name, inner ? 0 : size});
    }
  }
  return found;
}

}  // namespace

Result<std::unique_ptr<Raw>> Raw::open(const Journal& journal, const std::string& folder) {
  std::error_code failed;
  fs::create_directories(folder + "/waiting", failed);
  if (failed) return unavailable("cannot make " + text::quote(folder) + ": " + failed.message());
  return std::unique_ptr<Raw>(new Raw(journal, folder));
}

std::string Raw::packed(std::string_view sha256) const {
  return fmt::format("{}/{}/{}.zst", folder_, sha256.substr(0, 2), sha256);
}

std::string Raw::waiting(std::string_view sha256) const {
  std::error_code failed;
  for (const auto& entry : fs::directory_iterator(folder_ + "/waiting", failed)) {
    if (entry.path().filename().string().starts_with(sha256)) return entry.path().string();
  }
  return {};
}

Result<void> Raw::keep(const std::string& file, std::string_view sha256, std::uint64_t size_bytes) {
  if (!is_sha256(sha256) || size_bytes == 0) return {};
  std::lock_guard lock(mutex_);
  std::error_code failed;
  if (fs::exists(packed(sha256), failed)) return {};
  std::string to = fmt::format("{}/waiting/{}.{}", folder_, sha256, size_bytes);
  if (fs::exists(to, failed)) return {};
  fs::create_hard_link(file, to, failed);
  if (failed) fs::copy_file(file, to, failed);  // the spool lies on another disk
  if (failed) return unavailable("cannot keep the report's bytes: " + failed.message());
  return {};
}

bool Raw::has(std::string_view sha256) const {
  std::error_code failed;
  if (!is_sha256(sha256)) return false;
  return fs::exists(packed(sha256), failed) || !waiting(sha256).empty();
}

Result<void> Raw::unpack(std::string_view sha256, const std::string& to) const {
  std::lock_guard lock(mutex_);
  std::error_code failed;
  std::string waits = is_sha256(sha256) ? waiting(sha256) : std::string();
  if (waits.empty() && (!is_sha256(sha256) || !fs::exists(packed(sha256), failed)))
    return missing(
        "the report's bytes are not kept: their days are over, or it was too large, or it carries "
        "accounts or passwords");
  struct Closed {
    void operator()(FILE* file) const { std::fclose(file); }
  };
  std::unique_ptr<FILE, Closed> file(std::fopen(to.c_str(), "wbe"));
  if (!file) return unavailable("cannot write " + text::quote(to));
  auto write = [&](std::string_view piece) -> Result<void> {
    if (std::fwrite(piece.data(), 1, piece.size(), file.get()) == piece.size()) return {};
    return unavailable("cannot write " + text::quote(to));
  };
  Result<void> done;
  if (waits.empty()) {
    done = zstd::unpack_file(packed(sha256), write);
  } else {
    auto whole = TRY(MappedFile::open(waits));
    auto size = text::number(fs::path(waits).extension().string().substr(1)).value_or(0);
    size = std::min<std::uint64_t>(size, whole.bytes().size());
    done = write(whole.bytes().substr(whole.bytes().size() - size));
  }
  if (done && std::fflush(file.get()) != 0) done = unavailable("cannot write " + text::quote(to));
  if (!done) fs::remove(to, failed);
  return done;
}

Result<void> Raw::remove(std::string_view sha256) {
  if (!is_sha256(sha256)) return {};
  std::lock_guard lock(mutex_);
  std::error_code failed;
  fs::remove(packed(sha256), failed);
  if (std::string waits = waiting(sha256); !failed && !waits.empty()) fs::remove(waits, failed);
  if (failed) return unavailable("cannot remove a kept report: " + failed.message());
  return {};
}

std::uint64_t Raw::bytes() const {
  std::uint64_t sum = 0;
  for (const auto& file : stored(folder_)) sum += file.size;
  return sum;
}

// What came out of the spool is checked once more: after a crash of the machine it may be cut.
Result<bool> Raw::pack_next() {
  std::error_code failed;
  for (const auto& entry : fs::directory_iterator(folder_ + "/waiting", failed)) {
    std::string name = entry.path().filename().string(), sha256 = name.substr(0, sha256_digits);
    auto size = text::number(name.substr(std::min(name.size(), sha256_digits + 1)));
    auto file = MappedFile::open(entry.path().string());
    if (!file && file.error().fault == Fault::missing) continue;
    std::error_code ignored;
    bool whole = file && size && is_sha256(sha256) && *size <= file->bytes().size();
    std::string_view bytes =
        whole ? file->bytes().substr(file->bytes().size() - *size) : std::string_view();
    if (!whole || hex(tocsin::sha256(bytes)) != sha256) {
      fs::remove(entry.path(), ignored);
      return true;
    }
    fs::create_directories(fs::path(packed(sha256)).parent_path(), ignored);
    TRY(zstd::pack_file(bytes, packed(sha256)));
    std::lock_guard lock(mutex_);
    if (fs::exists(entry.path(), ignored)) {
      fs::remove(entry.path(), ignored);
    } else {  // removed meanwhile
      fs::remove(packed(sha256), ignored);
    }
    return true;
  }
  return false;
}

Result<std::size_t> Raw::prune(const Keep& keep) {
  struct Aged {
    TimeUs newest = 0;
    Stored file;
  };
  std::vector<Aged> left;
  std::size_t gone = 0;
  std::uint64_t sum = 0;
  for (auto& file : stored(folder_)) {
    auto reports = TRY(journal_.reports_of(file.sha256));
    bool held = std::ranges::any_of(reports, keep.held);
    if (!held && std::ranges::none_of(reports, keep.wanted)) {
      TRY(remove(file.sha256));
      ++gone;
      continue;
    }
    sum += file.size;
    TimeUs newest = 0;
    for (const auto& report : reports) newest = std::max(newest, report.received);
    if (!held) left.push_back({newest, std::move(file)});
  }
  std::ranges::sort(left, {}, &Aged::newest);
  for (const auto& old : left) {
    if (sum <= keep.bytes_max) break;
    TRY(remove(old.file.sha256));
    sum -= old.file.size;
    ++gone;
  }
  return gone;
}

void Raw::each(const std::function<void(const std::string& sha256)>& call) const {
  for (const auto& file : stored(folder_)) call(file.sha256);
}

}  // namespace tocsin::store
