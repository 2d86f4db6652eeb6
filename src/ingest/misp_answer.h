// Misp answer: what a MISP server's manifest and searches say to a client, tolerant of numbers as
// texts. No I/O. Source: misp-core-format Internet-Draft (November 2025), section "Manifest".
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace tocsin::ingest {

inline constexpr std::size_t misp_events_max = 20'000;  // of one manifest

struct MispListing {
  std::string uuid;  // lower case
  std::uint64_t timestamp_s = 0;
  std::string sha256;  // hexadecimal; "": not said
};
// Oldest first. What has no uuid or timestamp is left out. Errors: invalid: it is no manifest, or
// has more than misp_events_max events.
Result<std::vector<MispListing>> read_misp_manifest(std::string_view json);

// A page of events.
struct MispPage {
  std::size_t events = 0;
  std::uint64_t newest_s = 0;     // of their timestamps
  std::vector<std::string> seen;  // uuid and timestamp of each
};
// Errors: invalid.
Result<MispPage> read_misp_page(std::string_view json);

// The uuids of an index of events, lower case. Errors: invalid.
Result<std::set<std::string>> read_misp_index(std::string_view json);

bool is_misp_uuid(std::string_view text);  // in lower case: it becomes a part of a path

}  // namespace tocsin::ingest
