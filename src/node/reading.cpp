#include "node/reading.h"

#include <filesystem>
#include <optional>

#include "base/mapped_file.h"
#include "base/text.h"
#include "ingest/formats.h"
#include "node/bundle.h"

namespace tocsin::node {
namespace {

namespace fs = std::filesystem;

// Shadowserver's schema: as `tocsin feeds update` fetched it or a bundle brought it, the later.
std::string schema_path(const std::string& home) {
  std::string own = home + "/shadowserver-schema.json", brought = in_bundle(home, bundle_schema);
  std::error_code failed;
  if (brought.empty()) return own;
  auto own_time = fs::last_write_time(own, failed);
  return failed || own_time < fs::last_write_time(brought, failed) ? brought : own;
}

}  // namespace

Read read_report(const ingest::Feed& feed, ingest::Report report, const std::string& home,
                 ingest::Sink& sink) {
  Read read;
  read.guessed = feed.format.empty() || feed.format == "auto";
  read.format = read.guessed ? ingest::detect_format(report.name, report.bytes) : feed.format;
  if (read.format.empty()) {
    read.done = invalid("no format fits " + text::quote(report.name) +
                        "; name one with --format or in the feed (`tocsin formats` lists them)");
    return read;
  }
  auto reader = ingest::find_format(read.format);
  if (!reader) {
    read.done = std::unexpected(reader.error());
    return read;
  }
  std::optional<MappedFile> mapping;
  if (!feed.mapping.empty()) {
    auto file = MappedFile::open(feed.mapping);
    if (!file) {
      read.done = std::unexpected(file.error());
      return read;
    }
    report.mapping = mapping.emplace(*std::move(file)).bytes();
  }
  auto schema = MappedFile::open(schema_path(home));
  if (schema) report.schema = schema->bytes();
  read.done = (*reader)(report, sink);
  return read;
}

}  // namespace tocsin::node
