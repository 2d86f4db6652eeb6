// The law's look into files of HOME: as they are, unpacked, and with a mail's parts decoded.
#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <fstream>

#include "base/mapped_file.h"
#include "base/text.h"
#include "base/unpack.h"
#include "ingest/mail.h"
#include "node/law.h"

namespace tocsin::node {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t left_named_max = 100, mail_head_max = 64 << 10;

// Reports as they lie below HOME, and what people and the node keep as files of their own.
constexpr const char* folders[] = {"/quarantine",     "/situation", "/files",     "/drop",
                                   "/bundle/reports", "/raw",       "/bundle.new"};

bool is_mail(std::string_view bytes) {
  std::string head = text::lower(bytes.substr(0, mail_head_max));
  return head.contains("content-transfer-encoding:");
}

// For a file that only this look knows.
std::string scratch_name(const std::string& home, std::string_view what) {
  static std::atomic<std::uint64_t> number = 0;
  return fmt::format("{}/spool/{}-{}-{}", home, what, getpid(), ++number);
}

struct Removed {
  std::vector<std::string> paths;
  ~Removed() {
    std::error_code ignored;
    for (const auto& path : paths) fs::remove(path, ignored);
  }
};

Result<void> remove_whole(const fs::path& path) {
  std::error_code failed;
  fs::remove_all(path, failed);
  if (failed) return unavailable("cannot remove " + text::quote(path.string()));
  return {};
}

}  // namespace

Result<Law::Look> Law::look_into(const std::string& path, const Names& names,
                                 unsigned depth) const {
  auto file = MappedFile::open(path);
  if (!file && file.error().fault == Fault::unavailable) return std::unexpected(file.error());
  if (!file) return file.error().fault == Fault::missing ? Look::clean : Look::unreadable;
  if (names(file->bytes())) return Look::named;
  if (depth == 0) return Look::unreadable;
  std::string spool = parts_.home + "/spool/";
  auto inside = unpack_file(path, {.nesting_max = depth}, spool);
  if (!inside && inside.error().fault == Fault::unavailable) return std::unexpected(inside.error());
  if (!inside) return Look::unreadable;
  Removed removed;
  for (const Unpacked& one : *inside) {
    if (one.made) removed.paths.push_back(one.path);
  }
  Look found = Look::clean;
  for (const Unpacked& one : *inside) {
    auto plain = TRY(MappedFile::open(one.path));
    if (names(plain.bytes())) return Look::named;
    if (!is_mail(plain.bytes())) continue;
    auto mail = ingest::read_mail(plain.bytes(), {}, {});
    if (!mail || !mail->problems.empty()) found = Look::unreadable;
    if (!mail) continue;
    for (const std::string& body : mail->bodies) {
      if (names(body)) return Look::named;
    }
    for (const ingest::MailPart& part : mail->attachments) {
      std::string copy = removed.paths.emplace_back(scratch_name(parts_.home, "look"));
      std::ofstream out(copy, std::ios::binary);
      out << part.bytes;
      if (!out.flush()) return unavailable("cannot write " + text::quote(copy));
      Look within = TRY(look_into(copy, names, depth - 1));
      if (within == Look::named) return within;
      if (within == Look::unreadable) found = within;
    }
  }
  return found;
}

bool Law::report_names_erased(std::string_view bytes) const {
  if (!has_erased()) return false;
  if (names_erased(bytes)) return true;
  if (!is_mail(bytes)) return false;
  auto mail = ingest::read_mail(bytes, {}, {});
  if (!mail) return true;  // what cannot be looked into is not kept
  auto names = [&](std::string_view text) { return names_erased(text); };
  if (std::ranges::any_of(mail->bodies, names)) return true;
  return std::ranges::any_of(mail->attachments, [&](const ingest::MailPart& part) {
    auto text = unpack_text(part.bytes);
    return !text || names(*text);
  });
}

// Raw reports stand in the journal by their hash, and what is left of packing them by nothing.
Result<void> Law::each_file(
    const std::function<Result<void>(const std::string& path, bool is_leftover)>& take) const {
  for (const char* folder : folders) {
    std::vector<fs::path> paths;
    std::error_code failed;
    fs::recursive_directory_iterator at(parts_.home + folder, failed), end;
    for (; !failed && at != end; at.increment(failed)) {
      if (std::error_code gone; at->is_regular_file(gone)) paths.push_back(at->path());
    }
    if (failed && failed != std::errc::no_such_file_or_directory)
      return unavailable("cannot read " + text::quote(parts_.home + folder));
    for (const fs::path& path : paths) {
      bool of_raw = std::string_view(folder) == "/raw";
      bool is_leftover =
          path.extension() == ".new" && (of_raw || std::string_view(folder) == "/bundle.new");
      if (!of_raw || is_leftover) TRY(take(path.string(), is_leftover));
    }
  }
  return {};
}

Result<std::vector<std::string>> Law::raw_of(const SubjectValue& value) const {
  std::vector<std::string> all, found;
  parts_.raw.each([&](const std::string& sha256) { all.push_back(sha256); });
  std::string copy = scratch_name(parts_.home, "raw");
  auto names = [&](std::string_view text) { return value.is_in(text); };
  for (const auto& sha256 : all) {
    Removed removed{{copy}};
    auto unpacked = parts_.raw.unpack(sha256, copy);
    if (!unpacked && unpacked.error().fault == Fault::unavailable)
      return std::unexpected(unpacked.error());
    if (!unpacked && unpacked.error().fault == Fault::missing) continue;  // it went meanwhile
    // One that is damaged cannot be read anew anyway.
    if (!unpacked || TRY(look_into(copy, names)) != Look::clean) found.push_back(sha256);
  }
  return found;
}

// Does what a hold keeps besides events name the value: a report as it came and its rejected
// records, a case's texts and files?
Result<bool> Law::keeps_bytes_of(const Hold& hold, const SubjectValue& value) const {
  bool is_report = hold.kind == "report";
  if (!is_report && hold.kind != "case") return false;
  auto id = text::number(std::string_view(hold.what).substr(is_report ? 2 : 0));
  std::vector<std::string> texts, hashes, paths;
  auto look = [&](store::Sqlite& db) -> Result<void> {
    auto read = [&](const char* sql, std::vector<std::string>& to) -> Result<void> {
      auto select = TRY(db.prepare(sql));
      select.bind(1, id.value_or(0));
      while (TRY(select.step())) to.emplace_back(select.text(0));
      return {};
    };
    if (is_report) {
      TRY(
          read("SELECT bytes FROM rejects WHERE report = ?1 UNION ALL "
               "SELECT reason FROM rejects WHERE report = ?1",
               texts));
      return read("SELECT sha256 FROM reports WHERE id = ?1", hashes);
    }
    TRY(
        read("SELECT title || ' ' || text FROM cases WHERE id = ?1 UNION ALL "
             "SELECT text FROM case_notes WHERE in_case = ?1",
             texts));
    return read("SELECT sha256 FROM case_files WHERE in_case = ?1", hashes);
  };
  TRY(tables_.read(look));
  auto names = [&](std::string_view text) { return value.is_in(text); };
  if (std::ranges::any_of(texts, names)) return true;
  Removed removed;
  if (is_report) paths.push_back(fmt::format("{}/quarantine/{}", parts_.home, id.value_or(0)));
  for (const std::string& sha256 : hashes) {
    if (is_report && parts_.raw.has(sha256)) {
      std::string copy = removed.paths.emplace_back(scratch_name(parts_.home, "held"));
      auto unpacked = parts_.raw.unpack(sha256, copy);
      if (!unpacked && unpacked.error().fault == Fault::unavailable)
        return std::unexpected(unpacked.error());
      if (unpacked) paths.push_back(copy);  // one that is damaged cannot be read
    } else if (!is_report) {
      paths.push_back(fmt::format("{}/files/{}/{}", parts_.home, sha256.substr(0, 2), sha256));
    }
  }
  for (const std::string& path : paths) {
    if (TRY(look_into(path, names)) == Look::named) return true;
  }
  return false;
}

Result<bool> Law::is_held(std::uint64_t report) const {
  auto row = TRY(parts_.journal.report(report));
  return row && TRY(hold_of(*row)).has_value();
}

// Reports in quarantine and the drop folder, situation reports, files of cases, and what a stop
// left half written. What cannot be looked into goes where a report lies, and stays where people
// put it.
Result<void> Law::remove_files(Erasure& erasure, const SubjectValue& value) {
  auto names = [&](std::string_view text) { return value.is_in(text); };
  auto tell = [&](const std::string& sha256) {
    return tables_.write([&](store::Sqlite& db) -> Result<void> {
      auto update =
          TRY(db.prepare("UPDATE case_files SET name = '(erased)', sha256 = 'erased-' || "
                         "lower(hex(randomblob(16))) WHERE sha256 = ?"));
      return update.bind(1, sha256).run();
    });
  };
  auto take = [&](const std::string& path, bool is_leftover) -> Result<void> {
    std::string name = path.substr(parts_.home.size() + 1);
    Look look = names(name) ? Look::named : TRY(look_into(path, names));
    bool is_report = name.starts_with("quarantine/");
    if (look == Look::unreadable && !is_report && !is_leftover) {
      if (erasure.left.size() < left_named_max) erasure.left.push_back(name);
      return {};
    }
    if (look == Look::clean) return {};
    auto report = is_report ? text::number(fs::path(path).filename().string()) : std::nullopt;
    if (report && TRY(is_held(*report))) {
      erasure.left.push_back(name + " (held)");
      return {};
    }
    if (name.starts_with("files/")) TRY(tell(fs::path(path).filename().string()));
    TRY(remove_whole(path));
    ++erasure.files;
    return {};
  };
  return each_file(take);
}

// Copies of the whole home that the node itself made before an upgrade hold what is erased here, in
// stores of another version. A backup that somebody made below HOME is that one's to remove.
Result<void> Law::remove_copies(Erasure& erasure) const {
  std::vector<fs::path> copies;
  std::error_code failed;
  fs::directory_iterator backups(parts_.home + "/backups", failed), no_more;
  for (; !failed && backups != no_more; backups.increment(failed)) {
    if (backups->path().filename().string().starts_with("before-"))
      copies.push_back(backups->path());
  }
  for (const fs::path& path : copies) {
    TRY(remove_whole(path));
    ++erasure.copies;
    spdlog::info("erasure {}: removed {}, the home as it was before an upgrade", erasure.id,
                 path.string());
  }
  failed.clear();
  constexpr auto skips = fs::directory_options::skip_permission_denied;  // "lost+found"
  fs::recursive_directory_iterator at(parts_.home, skips, failed), end;
  for (; !failed && at != end; at.increment(failed)) {
    if (at.depth() > 2) at.disable_recursion_pending();
    if (at.depth() == 0 || at->path().filename() != "journal.db") continue;
    if (erasure.left.size() < left_named_max)
      erasure.left.push_back(at->path().parent_path().string().substr(parts_.home.size() + 1));
  }
  return {};
}

}  // namespace tocsin::node
