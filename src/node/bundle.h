// Bundle: what a node behind a one-way gate needs from outside, in one signed file: feeds, location
// database, lists, report schema, program, and reports that were fetched for it.
//
// Inside the signature is a zip whose first entry, manifest.json, names every other one with its
// size and SHA-256. Applied, it is the folder HOME/bundle, which the node reads at its next start;
// the folder is exchanged at once, so that a node has the old one whole or the new one whole.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace tocsin::node {

// Where in HOME/bundle each kind lies; a list is a folder of files.
inline constexpr std::string_view bundle_feeds = "feeds.toml", bundle_location = "location.db",
                                  bundle_schema = "shadowserver-schema.json",
                                  bundle_lists = "lists", bundle_reports = "reports",
                                  bundle_program = "program";

struct BundleWish {
  std::string out, secret_key;
  std::string feeds, location, schema, lists, program;       // paths; "": not in it
  std::vector<std::pair<std::string, std::string>> reports;  // feed, path
  TimeUs made = 0;
};

struct BundleEntry {
  std::string path, sha256;
  std::uint64_t size_bytes = 0;
};

struct BundleManifest {
  TimeUs made = 0;
  std::string version;  // of the program that made it
  std::vector<BundleEntry> files;
};

// Errors: missing (a file), invalid (nothing in it, a bad feed table, a name), unavailable.
Result<BundleManifest> make_bundle(const BundleWish& wish);

// What stands in a bundle that `public_key` has signed. Errors: denied, missing.
Result<BundleManifest> show_bundle(const std::string& file, const std::string& public_key);

// Puts it in place for the node of `home`. Errors: denied (not so signed, older than the one
// applied and not forced), invalid (a part is not what it should be), unavailable. Then nothing has
// changed.
Result<BundleManifest> apply_bundle(const std::string& file, const std::string& public_key,
                                    const std::string& home, bool force);

// The manifest of the bundle that is applied; nullopt: none.
Result<std::optional<BundleManifest>> applied_bundle(const std::string& home);

// The path of a kind in HOME/bundle, "" if it is not there.
std::string in_bundle(const std::string& home, std::string_view kind);

}  // namespace tocsin::node
