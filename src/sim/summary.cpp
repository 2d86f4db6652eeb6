// What is written when a world is done: truth.json, and feeds.toml, which tells a node which files
// belong to which feed.
#include <fmt/core.h>

#include "sim/truth.h"

namespace tocsin::sim {
namespace {

std::string feeds_toml(const Options& options) {
  std::string out = fmt::format(
      "# The feeds of the made-up world '{}', seed {}: one table each. Everything here is "
      "simulated.\n# Paths are relative to this file.\n",
      options.scenario, options.seed);
  for (const FeedRow& f : feeds()) {
    out += fmt::format(
        "\n[feed.{0}]\ntitle = \"{1}\"\ncollector = \"directory\"\npath = \".\"\n"
        "pattern = \"*/{0}/*.{2}\"\nformat = \"{3}\"\ntlp = \"{4}\"\nsimulated = true\n",
        f.name, f.title, f.extension, f.format, f.tlp);
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
