// Feed: a configured source = collector + format + schedule + marking + terms; one TOML table
// `[feed.NAME]`.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "model/taxonomy.h"
#include "policy/clearance.h"

namespace tocsin::ingest {

enum class Permission : std::uint8_t { unknown, yes, no, ask };

struct Terms {
  std::string text, url;
  Permission redistribution = Permission::unknown, commercial = Permission::unknown;
  std::uint32_t interval_least_s = 0;
};

struct Feed {
  std::string name;  // [a-z0-9-]{1,64}
  std::string title;
  std::string collector;  // a plug-in's name
  std::string format;     // a format's or mapping's name; "auto": by file name and content
  bool enabled = true;
  bool exercise = false, simulated = false;
  std::uint32_t interval_s = 3600;
  std::uint32_t usual_delay_s =
      0;  // how long after the interval a delivery counts as late; 0: learned
  Tlp tlp = Tlp::unmarked;
  std::optional<std::uint32_t> raw_days, raw_size_max_mb;  // instead of the node's [raw]
  policy::Consent consent;  // may those affected be told, and what
  Terms terms;
  std::string mapping;  // path of a mapping file, where format is csv or json
  // What the collector understands: url, path, key_secret, allow_private, proxy, ca_file,
  // client_certificate, username, size_max_bytes …
  std::map<std::string, std::string, std::less<>> options;

  std::string_view option(std::string_view key, std::string_view otherwise = {}) const {
    auto found = options.find(key);
    return found == options.end() ? otherwise : std::string_view(found->second);
  }
};

}  // namespace tocsin::ingest
