// The keys that every feed's TOML table has, be it the operator's or the catalogue's.
#pragma once

#include "base/toml_table.h"
#include "ingest/feed.h"

namespace tocsin::ingest {

// title, collector, format, interval, usual_delay, tlp, raw_days, raw_size_max_mb, terms.
void read_common(TomlTable& table, Feed& feed);

}  // namespace tocsin::ingest
