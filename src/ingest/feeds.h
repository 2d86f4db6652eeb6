// Feeds: the `[feed.NAME]` tables of a configuration file.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "ingest/catalogue.h"
#include "ingest/feed.h"

namespace tocsin::ingest {

// What the node sets for all feeds; a feed's own option goes before it.
struct FeedDefaults {
  std::string contact, proxy, ca_file, gnupg_home;
};

// All `[feed.NAME]` tables in `text`; other tables are left to others.
// Errors: invalid; every problem on a line of its own, "FILE:LINE: feed.NAME.KEY: WHAT; valid:
// ...". A value that looks like a secret is refused with the way to store it.
Result<std::vector<Feed>> read_feeds(std::string_view text, const std::string& file,
                                     const FeedDefaults& defaults);

// [a-z0-9-]{1,64}
bool is_feed_name(std::string_view name);

}  // namespace tocsin::ingest
