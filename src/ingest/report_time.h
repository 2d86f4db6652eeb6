// Report time: a time as a mapping says that a report spells it.
#pragma once

#include <string_view>

#include "base/time.h"
#include "base/zone.h"

namespace tocsin::ingest {

// `format`: "" or "iso" (RFC 3339 and relatives), "iso-with-zone" (the zone must stand there),
// "epoch", "epoch_ms", "epoch_us", "epoch_any" (by its size), "filetime" (100 ns since 1601), or a
// pattern of strptime(3) with %f. `zone` is that of a time that tells none; nullptr: it must.
// A pattern without a year means the last such date that is not after `received` (by more than a
// day, for clocks that differ). Errors: invalid.
Result<TimeUs> report_time(std::string_view text, std::string_view format, const Zone* zone,
                           TimeUs received);

}  // namespace tocsin::ingest
