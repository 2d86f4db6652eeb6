// Format: turns one report, the raw bytes a feed delivered, into events.
//
// A format is one file in ingest/formats/. The file's name is the format's name: ip_list.cpp
// defines `Format ip_list()`, and the build finds it. Declarative mappings (mappings/*.toml) are
// further formats, found by find_format().
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/entry.h"
#include "base/result.h"
#include "base/time.h"
#include "ingest/sink.h"

namespace tocsin::ingest {

// One report as a format sees it. All views outlive the read.
struct Report {
  std::string_view bytes;  // decompressed, in UTF-8 or as found; at most 4 GiB
  std::string_view
      name;  // its file name, e.g. "2026-01-02-event4_sinkhole-example-asn.csv"; may be ""
  std::string_view feed;     // the feed's name; may be ""
  std::string_view url;      // where it was fetched; may be ""
  std::string_view mapping;  // the text of a mapping file, for `csv` and `json`
  std::string_view
      schema;  // the text of Shadowserver's published schema file, if the operator has fetched it
  TimeUs received = 0;
};

struct Format {
  std::string_view summary;  // one line, shown by `tocsin formats` and in docs/formats.md

  // Reads a whole report. A bad record is rejected and reading goes on.
  // Errors: invalid, if the report as a whole is not in this format; events given before stay
  // given.
  Result<void> (*read)(const Report& report, Sink& sink);
};

// Every format in the build, sorted by name.
std::span<const Entry<Format>> formats();

}  // namespace tocsin::ingest
