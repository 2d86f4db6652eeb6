// How the bytes of a report become events: by the format, the mapping and the published schema that
// its feed has. For the intake, and for a look beforehand.
#pragma once

#include <string>

#include "base/result.h"
#include "ingest/feed.h"
#include "ingest/format.h"

namespace tocsin::node {

struct Read {
  std::string format;    // that it was read as; "": none fits
  bool guessed = false;  // by its name and bytes, not said by the feed
  Result<void> done;
};

// `home`: where Shadowserver's schema lies, if it was fetched. What `report` says of mapping and
// schema is the feed's.
Read read_report(const ingest::Feed& feed, ingest::Report report, const std::string& home,
                 ingest::Sink& sink);

}  // namespace tocsin::node
