// tocsin feeds update: fetches what formats are read by and others publish: Shadowserver's schema.
#include <fmt/core.h>

#include <filesystem>

#include "base/durable_file.h"
#include "base/fetch.h"
#include "base/text.h"
#include "cli/call.h"
#include "cli/verbs.h"
#include "ingest/shadowserver_schema.h"

namespace tocsin::cli {
namespace {

struct UpdateOptions {
  std::string home, url = "https://interchange.shadowserver.org/intelmq/v1/schema";
  std::string proxy, ca_file;
  bool allow_private = false;
};

Result<void> update(UpdateOptions options) {
  if (options.home.empty()) options.home = default_home();
  std::string path = options.home + "/shadowserver-schema.json";
  std::error_code failed;
  std::filesystem::create_directories(options.home, failed);
  constexpr std::uint64_t size_max_bytes = 64u << 20;
  auto response = TRY(fetch::get({.url = options.url,
                                  .route = {.allow_private = options.allow_private,
                                            .proxy = options.proxy,
                                            .ca_file = options.ca_file,
                                            .size_max_bytes = size_max_bytes}}));
  TRY(fetch::expect_success(response, options.url));
  std::size_t types = TRY(shadowserver::schema_types(response.body));
  TRY(DurableFile::replace(path, response.body));
  fmt::print(stderr, "{}: {}; reports that come from now on are read by it\n", path,
             text::count(types, "report type", "report types"));
  return {};
}

}  // namespace

void add_feeds_update(CLI::App& feeds, Chosen& chosen) {
  auto* verb = feeds.add_subcommand("update", "fetch Shadowserver's published report schema");
  verb->footer("Example: tocsin feeds update");
  static UpdateOptions options;
  verb->add_option("--url", options.url, "where from")->capture_default_str();
  verb->add_option("--proxy", options.proxy, "through this proxy");
  verb->add_option("--ca-file", options.ca_file,
                   "trust these certificates instead of the system's");
  verb->add_flag("--allow-private", options.allow_private, "also from private addresses");
  verb->add_option("--home", options.home, "the data folder");
  verb->callback([&chosen] {
    chosen = [] {
      auto updated = update(options);
      return updated ? done : fail(updated.error());
    };
  });
}

}  // namespace tocsin::cli
