// What is written when a world is done: truth.json, and feeds.toml, which tells a node which files
// belong to which feed.
#include <fmt/core.h>

#include <filesystem>

#include "sim/truth.h"

namespace tocsin::sim {
namespace {

// The reports lie in folders by month; names tell the feeds apart.
std::string feeds_toml(const Options& options) {
  std::string out = fmt::format(
      "# The feeds of the made-up world '{}', seed {}: one table each. Everything here is "
      "simulated.\n",
      options.scenario, options.seed);
  std::error_code ignored;
  std::string folder = std::filesystem::absolute(options.out, ignored).lexically_normal().string();
  while (folder.size() > 1 && folder.ends_with('/')) folder.pop_back();
  std::string quoted;
  json::append_string(quoted, folder);  // a TOML basic string has the same escapes
  for (const FeedRow& f : feeds()) {
    out += fmt::format(
        "\n[feed.{}]\ntitle = \"{}\"\ncollector = \"directory\"\npath = {}\nsubfolders = true\n"
        "pattern = \"{}\"\nformat = \"{}\"\ntlp = \"{}\"\nsimulated = true\n"
        "terms = {{ redistribution = \"yes\" }}\n",
        f.name, f.title, quoted, f.pattern, f.format, f.tlp);
  }
  return out;
}

}  // namespace

Result<Summary> write_summary(const Options& options, const World& world,
                              const Deliveries& deliveries, Truth& truth) {
  Summary summary;
  summary.database_day = world.database_day;
  for (const Delivered& f : deliveries.files()) {
    ++summary.files;
    summary.rows += f.rows;
    summary.rejected += f.rejected;
    if (!row(f.feed).counted) continue;
    summary.events += f.events;
    summary.duplicates += f.duplicates;
  }
  summary.bytes = deliveries.bytes();
  std::string text = truth.text(options, deliveries.files(), summary);
  if (auto done = write_file(options.out + "/truth.json", text); !done) {
    return std::unexpected(done.error());
  }
  if (auto done = write_file(options.out + "/feeds.toml", feeds_toml(options)); !done) {
    return std::unexpected(done.error());
  }
  return summary;
}

}  // namespace tocsin::sim
