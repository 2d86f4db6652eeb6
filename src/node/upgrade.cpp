#include "node/upgrade.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <sys/statvfs.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>

#include "base/durable_file.h"
#include "base/text.h"
#include "base/version.h"
#include "store/columns.h"
#include "store/findings.h"
#include "store/journal.h"

namespace tocsin::node {
namespace {

namespace fs = std::filesystem;

// What is no state: made again at each start, or itself a copy.
constexpr auto not_copied = std::to_array<std::string_view>(
    {"backups", "lock", "node.sock", "scratch", "spool", "uploads", "bundle.new", "demo"});
constexpr std::uint64_t spare_bytes = 256u << 20;

std::string path_of(const std::string& home) {
  return home + "/version";
}

bool is_state(const fs::path& path) {
  return std::ranges::find(not_copied, path.filename().string()) == not_copied.end();
}

std::uint64_t size_of(const std::string& home) {
  std::uint64_t size = 0;
  std::error_code ignored;
  for (const auto& top : fs::directory_iterator(home, ignored)) {
    if (!is_state(top.path())) continue;
    if (top.is_regular_file(ignored)) size += top.file_size(ignored);
    if (!top.is_directory(ignored)) continue;
    for (const auto& entry : fs::recursive_directory_iterator(top.path(), ignored)) {
      if (entry.is_regular_file(ignored)) size += entry.file_size(ignored);
    }
  }
  return size;
}

// Nobody has the stores open: their files, as they lie, are one state.
Result<void> copy_home(const std::string& home, const std::string& to) {
  std::error_code failed;
  std::string part = to + ".part";
  fs::remove_all(part, failed);
  fs::create_directories(part, failed);
  for (const auto& entry : fs::directory_iterator(home, failed)) {
    if (!is_state(entry.path())) continue;
    std::error_code why;
    fs::copy(entry.path(), fs::path(part) / entry.path().filename(), fs::copy_options::recursive,
             why);
    if (why) {
      fs::remove_all(part, failed);
      return unavailable(fmt::format("cannot copy {} before the upgrade: {}",
                                     text::quote(entry.path().string()), why.message()));
    }
  }
  if (!failed) fs::rename(part, to, failed);
  if (failed) return unavailable("cannot make " + text::quote(to) + ": " + failed.message());
  return {};
}

std::array<unsigned, 3> parts_of(std::string_view release) {
  std::array<unsigned, 3> parts{};
  std::size_t part = 0;
  for (char c : release) {
    if (c == '.' && ++part == parts.size()) break;
    if (c >= '0' && c <= '9') parts[part] = parts[part] * 10 + static_cast<unsigned>(c - '0');
  }
  return parts;
}

bool is_newer(const Written& than, const Written& ours) {
  if (parts_of(than.version) > parts_of(ours.version)) return true;
  return than.journal > ours.journal || than.columns > ours.columns ||
         than.findings > ours.findings;
}

}  // namespace

Written this_program() {
  return {.version = std::string(version()),
          .journal = store::journal_schema,
          .columns = store::columns_schema,
          .findings = store::findings_schema};
}

Result<std::optional<Written>> written_by(const std::string& home) {
  std::ifstream file(path_of(home));
  if (!file) {
    std::error_code failed;
    if (!fs::exists(home + "/journal.db", failed)) return std::optional<Written>();
    return std::optional(Written{"0.1.0", 2, 2, 3});  // the first release kept no such file
  }
  Written written;
  std::string journal, columns, findings;
  file >> written.version >> journal >> written.journal >> columns >> written.columns >> findings >>
      written.findings;
  if (!file || journal != "journal" || columns != "columns" || findings != "findings") {
    return invalid("damaged: " + text::quote(path_of(home)) +
                   "; it says which program wrote this folder: \"0.1.0 journal 2 columns 2 "
                   "findings 3\"");
  }
  return std::optional(written);
}

Result<void> prepare_upgrade(const std::string& home, bool skip_copy) {
  auto before = TRY(written_by(home));
  Written ours = this_program();
  if (!before || *before == ours) return {};
  if (is_newer(*before, ours)) {
    return denied(fmt::format(
        "{} was written by tocsin {}, this is {}: use that program or a newer one, or restore a "
        "backup that was made before the upgrade (backups/before-{} in it)",
        text::quote(home), before->version, ours.version, before->version));
  }
  std::string copy = fmt::format("{}/backups/before-{}", home, ours.version);
  std::error_code failed;
  if (fs::exists(copy, failed)) {
    spdlog::info("upgrade: goes on; the home as it was before is {}", copy);
    return {};
  }
  if (skip_copy) {
    spdlog::warn("upgrade from {} to {}, without a copy of the home", before->version,
                 ours.version);
    return {};
  }
  std::uint64_t needed = size_of(home) + spare_bytes;
  struct statvfs disk{};
  std::uint64_t free =
      statvfs(home.c_str(), &disk) == 0 ? std::uint64_t{disk.f_bavail} * disk.f_frsize : UINT64_MAX;
  if (free < needed) {
    return unavailable(fmt::format(
        "{} is to be upgraded from {} to {}, and there is no room for the copy that is made first: "
        "{} MB needed, {} MB free; make room, or go without it: tocsin upgrade --without-backup",
        text::quote(home), before->version, ours.version, needed >> 20, free >> 20));
  }
  spdlog::info("upgrade from {} to {}: the home as it is goes to {}", before->version, ours.version,
               copy);
  fs::create_directories(home + "/backups", failed);
  fs::permissions(home + "/backups", fs::perms::owner_all, failed);
  return copy_home(home, copy);
}

Result<void> finish_upgrade(const std::string& home) {
  Written ours = this_program();
  auto before = written_by(home);
  std::error_code failed;
  if (before && *before == ours && fs::exists(path_of(home), failed)) return {};
  return DurableFile::replace(path_of(home),
                              fmt::format("{} journal {} columns {} findings {}\n", ours.version,
                                          ours.journal, ours.columns, ours.findings));
}

}  // namespace tocsin::node
