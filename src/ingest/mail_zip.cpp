// open_locked_zip: password-protected zip attachments, as mailed reports come.
#include <fmt/format.h>
#include <zip.h>

#include <memory>

#include "ingest/mail.h"

namespace tocsin::ingest {
namespace {

struct Discard {
  void operator()(zip_t* archive) const { zip_discard(archive); }
};
struct CloseFile {
  void operator()(zip_file_t* file) const { zip_fclose(file); }
};

std::string entry_name(const zip_stat_t& entry) {
  std::string name = entry.name != nullptr ? entry.name : "";
  return name.substr(name.find_last_of("/\\") + 1).substr(0, 200);
}

Result<std::string> read_entry(zip_t* archive, zip_uint64_t index, std::size_t bytes_max) {
  std::unique_ptr<zip_file_t, CloseFile> file(zip_fopen_index(archive, index, 0));
  if (!file) {
    int code = zip_error_code_zip(zip_get_error(archive));
    std::string what = fmt::format("zip: {}", zip_strerror(archive));
    return code == ZIP_ER_WRONGPASSWD || code == ZIP_ER_NOPASSWD ? denied(what) : invalid(what);
  }
  std::string out;
  std::array<char, 65'536> chunk;
  for (;;) {
    zip_int64_t got = zip_fread(file.get(), chunk.data(), chunk.size());
    // A wrong password of the old cipher passes its short check once in 256 times and fails here.
    if (got < 0) return denied("zip: broken, or the password is wrong");
    if (got == 0) return out;
    out.append(chunk.data(), static_cast<std::size_t>(got));
    if (out.size() > bytes_max) {
      return invalid(fmt::format("zip: unpacks to more than {} bytes", bytes_max));
    }
  }
}

}  // namespace

Result<std::vector<MailPart>> open_locked_zip(std::string_view bytes, const std::string& password,
                                              const MailLimits& limits) {
  std::vector<MailPart> out;
  if (!bytes.starts_with("PK\x03\x04")) return out;
  zip_error_t error;
  zip_error_init(&error);
  zip_source_t* source = zip_source_buffer_create(bytes.data(), bytes.size(), 0, &error);
  std::unique_ptr<zip_t, Discard> archive(
      source != nullptr ? zip_open_from_source(source, ZIP_RDONLY, &error) : nullptr);
  if (!archive) {
    if (source != nullptr) zip_source_free(source);
    std::string what = fmt::format("zip: {}", zip_error_strerror(&error));
    zip_error_fini(&error);
    return invalid(std::move(what));
  }
  zip_set_default_password(archive.get(), password.c_str());
  zip_int64_t count = zip_get_num_entries(archive.get(), 0);
  if (count < 0 || static_cast<std::size_t>(count) > limits.parts_max) {
    return invalid(fmt::format("zip: more than {} entries", limits.parts_max));
  }
  bool locked = false;
  std::size_t left = limits.bytes_max;
  for (zip_uint64_t i = 0; i < static_cast<zip_uint64_t>(count); ++i) {
    zip_stat_t entry;
    if (zip_stat_index(archive.get(), i, 0, &entry) != 0) return invalid("zip: broken");
    locked = locked || ((entry.valid & ZIP_STAT_ENCRYPTION_METHOD) != 0 &&
                        entry.encryption_method != ZIP_EM_NONE);
  }
  for (zip_uint64_t i = 0; locked && i < static_cast<zip_uint64_t>(count); ++i) {
    zip_stat_t entry;
    if (zip_stat_index(archive.get(), i, 0, &entry) != 0) return invalid("zip: broken");
    std::string name = entry_name(entry);
    if (name.empty()) continue;  // a folder
    std::string plain = TRY(read_entry(archive.get(), i, left));
    left -= plain.size();
    out.push_back({std::move(name), std::move(plain)});
  }
  return out;
}

}  // namespace tocsin::ingest
