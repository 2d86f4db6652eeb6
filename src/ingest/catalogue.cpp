#include "ingest/catalogue.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/check.h"
#include "base/secret.h"
#include "base/text.h"
#include "base/time.h"
#include "base/toml_table.h"
#include "ingest/feed_table.h"

extern "C" {
// catalogue/feeds.toml, put in by cmake/text.cmake.
extern const char tocsin_text_catalogue[];
extern const char tocsin_text_catalogue_end[];
}

namespace tocsin::ingest {
namespace {

// Where the key goes: into a header, into the URL at {key}, or it is a password.
void read_key(TomlTable& table, CatalogueEntry& entry) {
  entry.key_needed = table.yes_no("key_needed").value_or(false);
  entry.key_name = table.text("key_name");
  entry.key_url = table.text("key_url");
  std::string header = table.text("key_header");
  bool in_url = entry.url().contains("{key}");
  if (!entry.key_name.empty() && !secret::is_name(entry.key_name)) {
    table.wrong("key_name", "not the name of a secret");
  }
  if (entry.key_needed && entry.key_name.empty()) table.wrong("key_needed", "needs key_name");
  if (!header.empty()) entry.feed.options["secret_headers." + header] = entry.key_name;
  if (in_url) entry.feed.options["key_secret"] = entry.key_name;
  // The user name is the operator's own: `username` in the feed's table.
  bool is_password = table.yes_no("key_is_password").value_or(false);
  if (is_password) entry.feed.options["password_secret"] = entry.key_name;
  if (entry.key_needed && header.empty() && !in_url && !is_password) {
    table.wrong("key_needed", "needs key_header, {key} in the URL, or key_is_password");
  }
}

CatalogueEntry read_entry(const std::string& name, const toml::table& toml,
                          TomlProblems& problems) {
  TomlTable table(toml, "feed." + name, problems);
  CatalogueEntry entry;
  entry.feed.name = name;
  entry.feed.collector = "http";
  entry.provider = table.text("provider");
  entry.state = table.text("state");
  entry.state_date = table.text("state_date");
  entry.missing = table.text("missing");
  read_common(table, entry.feed);
  entry.feed.enabled = false;
  entry.feed.options["url"] = table.text("url");
  if (table.has("date_back_days")) {
    entry.feed.options["date_back_days"] =
        std::to_string(table.number("date_back_days", 0, 366).value_or(0));
  }
  read_key(table, entry);
  for (const char* key : {"title", "provider", "url", "state", "state_date", "format", "terms"}) {
    if (!table.has(key)) table.wrong(key, "is missing");
  }
  if (!times::parse_day(entry.state_date)) table.wrong("state_date", "no date");
  table.finish();
  return entry;
}

}  // namespace

Result<std::vector<CatalogueEntry>> parse_catalogue(std::string_view text,
                                                    const std::string& file) {
  toml::table root = TRY(parse_toml(text, file));
  TomlProblems problems(file);
  std::vector<CatalogueEntry> out;
  TomlTable top(root, "", problems);
  if (const toml::table* feeds = top.table("feed")) {
    for (const auto& [name, node] : *feeds) {
      std::string key(name.str());
      if (const toml::table* table = node.as_table()) {
        out.push_back(read_entry(key, *table, problems));
      } else {
        problems.add(node.source().begin.line, "feed." + key, "must be a table");
      }
    }
  }
  top.finish();
  TRY(problems.result());
  std::sort(out.begin(), out.end(), [](const CatalogueEntry& a, const CatalogueEntry& b) {
    return a.feed.name < b.feed.name;
  });
  return out;
}

const std::vector<CatalogueEntry>& catalogue() {
  static const std::vector<CatalogueEntry> entries = [] {
    auto parsed =
        parse_catalogue({tocsin_text_catalogue, tocsin_text_catalogue_end}, "catalogue/feeds.toml");
    check(parsed.has_value(), "the shipped catalogue is broken");
    return *std::move(parsed);
  }();
  return entries;
}

const CatalogueEntry* in_catalogue(std::string_view name) {
  for (const CatalogueEntry& entry : catalogue()) {
    if (entry.feed.name == name) return &entry;
  }
  return nullptr;
}

std::string_view name(Permission permission) {
  switch (permission) {
    case Permission::yes:
      return "yes";
    case Permission::no:
      return "no";
    case Permission::ask:
      return "ask";
    case Permission::unknown:
      break;
  }
  return "unknown";
}

std::string terms_line(const Terms& terms) {
  std::string out = fmt::format("redistribution {}, commercial use {}", name(terms.redistribution),
                                name(terms.commercial));
  if (terms.interval_least_s > 0)
    out += fmt::format(", at most every {} s", terms.interval_least_s);
  if (!terms.text.empty()) out += "; " + terms.text;
  if (!terms.url.empty()) out += fmt::format(" ({})", terms.url);
  return out;
}

Result<Feed> ticked(const CatalogueEntry& entry, bool terms_accepted) {
  if (!entry.missing.empty()) {
    return missing(fmt::format("feed {} cannot be read yet: {}", entry.feed.name, entry.missing));
  }
  if (!terms_accepted) {
    return denied(fmt::format("feed {} has terms that a person must accept first: {}",
                              entry.feed.name, terms_line(entry.feed.terms)));
  }
  Feed feed = entry.feed;
  feed.enabled = true;
  return feed;
}

}  // namespace tocsin::ingest
