#include "node/bundle.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <simdjson.h>
#include <stdio.h>
#include <zip.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>

#include "base/durable_file.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/mapped_file.h"
#include "base/signed_file.h"
#include "base/text.h"
#include "base/version.h"
#include "enrich/enrichment.h"
#include "ingest/feeds.h"
#include "ingest/shadowserver_schema.h"
#include "node/config.h"

namespace tocsin::node {
namespace {

namespace fs = std::filesystem;
constexpr std::string_view manifest_name = "manifest.json";
constexpr std::uint64_t file_bytes_max = 8ull << 30;
constexpr std::size_t files_max = 10'000, manifest_bytes_max = 8 << 20;
// zlib's usual one. libzip's is 9, which takes 30 s instead of 2 s for a location database, whose
// records are much alike, and makes it 1 % smaller.
constexpr zip_uint32_t deflate_level = 6;

struct CloseZip {
  void operator()(zip_t* zip) const { zip_discard(zip); }
};
using Zip = std::unique_ptr<zip_t, CloseZip>;
struct CloseEntry {
  void operator()(zip_file_t* file) const { zip_fclose(file); }
};
using ZipEntry = std::unique_ptr<zip_file_t, CloseEntry>;

// Removes its folder or file.
struct Scratch {
  std::string path;
  ~Scratch() {
    std::error_code ignored;
    if (!path.empty()) fs::remove_all(path, ignored);
  }
};

Result<std::string> digest_of(const std::string& path, std::uint64_t& size) {
  auto file = TRY(MappedFile::open(path));
  size = file.bytes().size();
  return hex(sha256(file.bytes()));
}

// What a bundle may hold: the kinds' own names, and files with plain names below lists/, reports/
// and program/.
bool is_allowed(std::string_view path) {
  if (path == bundle_feeds || path == bundle_location || path == bundle_schema) return true;
  std::string_view rest = path, folder = text::cut(rest, '/');
  if (folder != bundle_lists && folder != bundle_reports && folder != bundle_program) return false;
  while (!rest.empty()) {
    std::string_view part = text::cut(rest, '/');
    bool plain = !part.empty() && part != "." && part != ".." &&
                 part.find_first_of(std::string_view("\\\0", 2)) == part.npos;
    if (!plain || part.size() > 200) return false;
  }
  return path.size() > folder.size() + 1 && !path.ends_with('/');
}

struct Source {
  std::string path, from;  // in the bundle, on disk
};

Result<std::vector<Source>> sources_of(const BundleWish& wish) {
  std::vector<Source> all;
  auto add = [&](std::string path, const std::string& from) -> Result<void> {
    std::error_code failed;
    if (!fs::is_regular_file(from, failed)) return missing("no file " + text::quote(from));
    if (!is_allowed(path)) return invalid("no name for a file of a bundle: " + text::quote(path));
    all.push_back({std::move(path), from});
    return {};
  };
  if (!wish.feeds.empty()) TRY(add(std::string(bundle_feeds), wish.feeds));
  if (!wish.location.empty()) TRY(add(std::string(bundle_location), wish.location));
  if (!wish.schema.empty()) TRY(add(std::string(bundle_schema), wish.schema));
  if (!wish.program.empty()) {
    TRY(add(fmt::format("{}/{}", bundle_program, fs::path(wish.program).filename().string()),
            wish.program));
  }
  if (!wish.lists.empty()) {
    std::error_code failed;
    fs::recursive_directory_iterator walk(wish.lists, failed);
    if (failed) return missing("no folder " + text::quote(wish.lists));
    for (const auto& entry : walk) {
      if (!entry.is_regular_file()) continue;
      std::string below = fs::relative(entry.path(), wish.lists).generic_string();
      TRY(add(fmt::format("{}/{}", bundle_lists, below), entry.path().string()));
    }
  }
  for (const auto& [feed, path] : wish.reports) {
    if (!ingest::is_feed_name(feed)) {
      return invalid("a feed's name has 1 to 64 of a-z, 0-9 and -: " + text::quote(feed));
    }
    TRY(add(fmt::format("{}/{}/{}", bundle_reports, feed, fs::path(path).filename().string()),
            path));
  }
  if (all.empty()) return invalid("nothing to put into the bundle");
  std::ranges::sort(all, {}, &Source::path);
  for (std::size_t i = 1; i < all.size(); ++i) {
    if (all[i].path == all[i - 1].path)
      return invalid("twice in the bundle: " + text::quote(all[i].path));
  }
  return all;
}

std::string json_of(const BundleManifest& manifest) {
  json::Writer w;
  w.object().key("files").list();
  for (const auto& file : manifest.files) {
    w.object()
        .member("path", file.path)
        .member("sha256", file.sha256)
        .member("size", file.size_bytes)
        .end();
  }
  w.end().member("made", times::format(manifest.made)).member("version", manifest.version).end();
  return w.take();
}

Result<BundleManifest> manifest_of(std::string_view json) {
  auto wrong = [](std::string_view what) {
    return invalid("the bundle's manifest is damaged: " + std::string(what));
  };
  simdjson::dom::parser parser;
  simdjson::dom::element root;
  simdjson::dom::array files;
  std::string_view made, version;
  if (parser.parse(json.data(), json.size()).get(root) || root["files"].get(files) ||
      root["made"].get(made) || root["version"].get(version)) {
    return wrong("a member is missing");
  }
  BundleManifest manifest{.version = std::string(version)};
  auto when = times::parse(made);
  if (!when) return wrong(when.error().what);
  manifest.made = *when;
  for (simdjson::dom::element file : files) {
    std::string_view path, sha256;
    std::uint64_t size = 0;
    if (file["path"].get(path) || file["sha256"].get(sha256) || file["size"].get(size))
      return wrong("a file without path, sha256 or size");
    if (!is_allowed(path)) return wrong("a file may not be called " + text::quote(path));
    if (size > file_bytes_max || manifest.files.size() >= files_max) return wrong("too large");
    manifest.files.push_back({std::string(path), std::string(sha256), size});
  }
  return manifest;
}

// The zip within the verified file, read through the same open file that was checked.
Result<Zip> open_zip(signing::OpenFile file) {
  zip_error_t error;
  zip_error_init(&error);
  zip_source_t* source = zip_source_filep_create(file.get(), signing::head_bytes, -1, &error);
  if (source != nullptr) (void)file.release();  // the source closes it
  zip_t* zip = source == nullptr ? nullptr : zip_open_from_source(source, ZIP_RDONLY, &error);
  std::string why = zip_error_strerror(&error);
  zip_error_fini(&error);
  if (zip == nullptr) {
    if (source != nullptr) zip_source_free(source);
    return invalid("the bundle's content is no zip: " + why);
  }
  return Zip(zip);
}

Result<std::string> read_entry(zip_t* zip, std::string_view name, std::size_t most) {
  ZipEntry entry(zip_fopen(zip, std::string(name).c_str(), 0));
  if (!entry) return invalid("the bundle lacks " + text::quote(name));
  std::string bytes;
  char piece[65536];
  for (zip_int64_t got = 0; (got = zip_fread(entry.get(), piece, sizeof piece)) != 0;) {
    if (got < 0 || bytes.size() > most)
      return invalid("the bundle is damaged: " + text::quote(name));
    bytes.append(piece, static_cast<std::size_t>(got));
  }
  return bytes;
}

Result<void> unpack_entry(zip_t* zip, const BundleEntry& file, const std::string& to) {
  std::error_code failed;
  fs::create_directories(fs::path(to).parent_path(), failed);
  ZipEntry entry(zip_fopen(zip, file.path.c_str(), 0));
  if (!entry) return invalid("the bundle lacks " + text::quote(file.path));
  std::ofstream out(to, std::ios::binary);
  std::uint64_t size = 0;
  std::vector<char> piece(1 << 20);
  for (zip_int64_t got = 0; (got = zip_fread(entry.get(), piece.data(), piece.size())) != 0;) {
    if (got < 0) return invalid("the bundle is damaged: " + text::quote(file.path));
    size += static_cast<std::uint64_t>(got);
    if (size > file.size_bytes) break;
    out.write(piece.data(), got);
  }
  if (!out.flush()) return unavailable("cannot write " + text::quote(to) + ": is the disk full?");
  out.close();
  std::uint64_t written = 0;
  if (size != file.size_bytes || TRY(digest_of(to, written)) != file.sha256) {
    return invalid("not what the manifest says: " + text::quote(file.path));
  }
  return {};
}

// Each part is read by what reads it at a start, before it may take the old one's place.
Result<void> check_parts(const std::string& folder, const std::string& home) {
  auto path_of = [&](std::string_view name) {
    std::string path = fmt::format("{}/{}", folder, name);
    std::error_code failed;
    return fs::exists(path, failed) ? path : std::string();
  };
  if (auto feeds = path_of(bundle_feeds); !feeds.empty()) TRY(read_config(feeds, home));
  if (auto path = path_of(bundle_schema); !path.empty()) {
    auto schema = TRY(MappedFile::open(path));
    TRY(shadowserver::schema_types(schema.bytes()));
  }
  enrich::Settings settings = {{"location_database", path_of(bundle_location)},
                               {"warninglists", path_of(bundle_lists)}};
  if (settings["location_database"].empty()) settings["location_database"] = "off";
  if (settings["warninglists"].empty()) settings.erase("warninglists");
  TRY(enrich::Enrichment::open(settings));
  return {};
}

}  // namespace

Result<BundleManifest> make_bundle(const BundleWish& wish) {
  auto sources = TRY(sources_of(wish));
  BundleManifest manifest{.made = wish.made, .version = std::string(version())};
  for (const auto& source : sources) {
    BundleEntry entry{.path = source.path};
    entry.sha256 = TRY(digest_of(source.from, entry.size_bytes));
    manifest.files.push_back(std::move(entry));
  }
  Scratch payload{wish.out + ".zip"};
  int code = 0;
  Zip zip(zip_open(payload.path.c_str(), ZIP_CREATE | ZIP_TRUNCATE, &code));
  if (!zip) return unavailable("cannot write " + text::quote(payload.path));
  std::string head = json_of(manifest);
  auto add = [&](const std::string& name, zip_source_t* source) -> Result<void> {
    zip_int64_t at =
        source == nullptr ? -1 : zip_file_add(zip.get(), name.c_str(), source, ZIP_FL_ENC_UTF_8);
    if (at < 0 && source != nullptr) zip_source_free(source);
    auto entry = static_cast<zip_uint64_t>(at);
    if (at < 0 || zip_set_file_compression(zip.get(), entry, ZIP_CM_DEFLATE, deflate_level) != 0) {
      return unavailable("cannot pack " + text::quote(name) + ": " + zip_strerror(zip.get()));
    }
    return {};
  };
  TRY(add(std::string(manifest_name), zip_source_buffer(zip.get(), head.data(), head.size(), 0)));
  for (const auto& source : sources)
    TRY(add(source.path, zip_source_file(zip.get(), source.from.c_str(), 0, -1)));
  if (zip_close(zip.get()) != 0)
    return unavailable(std::string("cannot pack the bundle: ") + zip_strerror(zip.get()));
  (void)zip.release();  // closed
  TRY(signing::sign(payload.path, wish.secret_key, wish.out));
  return manifest;
}

Result<BundleManifest> show_bundle(const std::string& file, const std::string& public_key) {
  auto key = TRY(signing::read_public(public_key));
  auto open = TRY(signing::open_verified(file, key));
  auto zip = TRY(open_zip(std::move(open)));
  return manifest_of(TRY(read_entry(zip.get(), manifest_name, manifest_bytes_max)));
}

Result<std::optional<BundleManifest>> applied_bundle(const std::string& home) {
  std::ifstream in(home + "/bundle/" + std::string(manifest_name), std::ios::binary);
  if (!in) return std::optional<BundleManifest>();
  std::string json(std::istreambuf_iterator<char>(in), {});
  return std::optional(TRY(manifest_of(json)));
}

std::string in_bundle(const std::string& home, std::string_view kind) {
  std::string path = fmt::format("{}/bundle/{}", home, kind);
  std::error_code failed;
  return fs::exists(path, failed) ? path : std::string();
}

Result<BundleManifest> apply_bundle(const std::string& file, const std::string& public_key,
                                    const std::string& home, bool force) {
  auto key = TRY(signing::read_public(public_key));
  auto open = TRY(signing::open_verified(file, key));
  auto zip = TRY(open_zip(std::move(open)));
  auto head = TRY(read_entry(zip.get(), manifest_name, manifest_bytes_max));
  auto manifest = TRY(manifest_of(head));
  auto before = TRY(applied_bundle(home));
  if (before && manifest.made < before->made && !force) {
    return denied(
        fmt::format("made {}, before the one that is applied ({}); --force applies it "
                    "nevertheless",
                    times::format(manifest.made), times::format(before->made)));
  }
  Scratch fresh{home + "/bundle.new"};
  std::error_code failed;
  fs::remove_all(fresh.path, failed);
  fs::create_directories(fresh.path, failed);
  if (failed)
    return unavailable("cannot make " + text::quote(fresh.path) + ": " + failed.message());
  for (const auto& entry : manifest.files) {
    TRY(unpack_entry(zip.get(), entry, fresh.path + "/" + entry.path));
  }
  std::ofstream out(fresh.path + "/" + std::string(manifest_name), std::ios::binary);
  out << head;
  if (!out.flush()) return unavailable("cannot write the manifest: is the disk full?");
  out.close();
  TRY(check_parts(fresh.path, home));
  // What the new bundle does not bring stays as the old one brought it.
  std::string place = home + "/bundle";
  if (before) {
    for (const auto& entry : fs::directory_iterator(place, failed)) {
      std::string name = entry.path().filename().string();
      bool gone = name == bundle_reports || name == bundle_program;
      std::string to = fresh.path + "/" + name;
      if (gone || fs::exists(to, failed)) continue;
      fs::copy(entry.path(), to, fs::copy_options::recursive, failed);
      if (failed) return unavailable("cannot copy " + text::quote(entry.path().string()));
    }
    TRY(sync(fresh.path, Sync::file_system));
    if (::renameat2(AT_FDCWD, fresh.path.c_str(), AT_FDCWD, place.c_str(), RENAME_EXCHANGE) != 0)
      return unavailable("cannot exchange " + text::quote(place) + ": " + std::strerror(errno));
    TRY(sync(home, Sync::entry));
    return manifest;  // the old one goes with `fresh`
  }
  TRY(sync(fresh.path, Sync::file_system));
  fs::rename(fresh.path, place, failed);
  if (failed) return unavailable("cannot make " + text::quote(place) + ": " + failed.message());
  TRY(sync(home, Sync::entry));
  return manifest;
}

}  // namespace tocsin::node
