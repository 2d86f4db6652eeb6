// Catalogue: the public feeds that Tocsin knows. None is contacted until a person ticks it.
//
// The entries come from catalogue/feeds.toml, which is inside the binary.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "ingest/feed.h"

namespace tocsin::ingest {

struct CatalogueEntry {
  Feed feed;  // with url, format, schedule, marking and terms; enabled = false
  std::string provider;
  bool key_needed = false;
  std::string key_name;           // the secret to store; "" where no key is needed
  std::string key_url;            // where one gets a key
  std::string state, state_date;  // what is known of it, and since when: "2026-03-24"
  std::string missing;            // what this node lacks to read it; "": nothing
  std::string_view url() const { return feed.option("url"); }
};

// Errors: invalid, with line and key.
Result<std::vector<CatalogueEntry>> parse_catalogue(std::string_view text, const std::string& file);

// The shipped one, sorted by name.
const std::vector<CatalogueEntry>& catalogue();

// nullptr: not in it.
const CatalogueEntry* in_catalogue(std::string_view name);

// The feed of a ticked entry. The caller keeps who accepted the terms, and when.
// Errors: denied unless `terms_accepted`, saying what the terms are; missing if the node cannot
// read it.
Result<Feed> ticked(const CatalogueEntry& entry, bool terms_accepted);

// The terms in one line: "redistribution no, commercial use ask, at most every 3600 s; TEXT (URL)".
std::string terms_line(const Terms& terms);
std::string_view name(Permission permission);

}  // namespace tocsin::ingest
