// IntelMQ's configuration of bots, read to make feeds of its collectors and parsers.
// Source: IntelMQ documentation, "Configuration", runtime.yaml (3.x) and runtime.conf (2.x, JSON).
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace tocsin::ingest {

struct Migrated {
  // [feed.NAME] tables that read_feeds() takes; what was not mapped stands in comments, with the
  // reason, and so do the tables of feeds that lack something or whose terms nobody has accepted.
  std::string toml;
  std::map<std::string, std::string> mappings;         // by feed: the text of a mapping file
  std::size_t feeds = 0, to_accept = 0, left_out = 0;  // collectors
  std::vector<std::string> notes;                      // of experts and outputs: "BOT: WHY"
};

// `mapping_folder`: where the caller will put the mapping files, as an absolute path; "": they are
// not kept, and such feeds say so. Errors: invalid, if it is no YAML (with the line), or holds no
// bot.
Result<Migrated> migrate_intelmq(std::string_view runtime, const std::string& mapping_folder);

}  // namespace tocsin::ingest
