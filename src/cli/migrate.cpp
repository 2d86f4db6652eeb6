// tocsin migrate: from another system's configuration to ours.
#include <fmt/core.h>

#include <filesystem>

#include "base/durable_file.h"
#include "base/mapped_file.h"
#include "base/text.h"
#include "cli/verbs.h"
#include "ingest/intelmq_runtime.h"

namespace tocsin::cli {
namespace {

namespace fs = std::filesystem;

struct MigrateOptions {
  std::string file, mappings;
};

Result<void> intelmq(const MigrateOptions& options) {
  auto file = TRY(MappedFile::open(options.file));
  std::string folder;
  if (!options.mappings.empty()) folder = fs::absolute(options.mappings).lexically_normal();
  auto migrated = ingest::migrate_intelmq(file.bytes(), folder);
  if (!migrated) {
    return std::unexpected(
        Error{migrated.error().fault, text::quote(options.file) + ": " + migrated.error().what});
  }
  std::error_code failed;
  if (!folder.empty()) fs::create_directories(folder, failed);
  for (const auto& [name, text] : migrated->mappings) {
    if (!folder.empty()) TRY(DurableFile::replace(folder + "/" + name + ".toml", text));
  }
  fmt::print("{}", migrated->toml);
  fmt::print(
      stderr,
      "{} feeds, {} with terms to accept first, {} collectors without one, {} mappings; what "
      "was not mapped stands in the comments\n",
      migrated->feeds, migrated->to_accept, migrated->left_out, migrated->mappings.size());
  return {};
}

}  // namespace

void add_migrate(CLI::App& app, Chosen& chosen) {
  auto* verb = app.add_subcommand("migrate", "make feeds of another system's configuration");
  verb->footer("Example: tocsin migrate intelmq /etc/intelmq/runtime.yaml > feeds.toml");
  verb->require_subcommand(1);
  static MigrateOptions options;
  auto* part =
      verb->add_subcommand("intelmq", "IntelMQ's runtime.yaml, or runtime.conf before 3.0");
  part->footer(
      "Example: tocsin migrate intelmq /etc/intelmq/runtime.yaml --mappings /etc/tocsin/mappings");
  part->add_option("FILE", options.file, "its configuration of bots")->required();
  part->add_option("--mappings", options.mappings,
                   "the folder for mapping files of its generic parsers");
  part->callback([&chosen] {
    chosen = [] {
      auto migrated = intelmq(options);
      return migrated ? done : fail(migrated.error());
    };
  });
}

}  // namespace tocsin::cli
