#include "ingest/feeds.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/charset.h"
#include "base/secret.h"
#include "base/text.h"
#include "base/toml_table.h"
#include "base/transfer.h"
#include "ingest/collector.h"
#include "ingest/feed_table.h"
#include "ingest/formats.h"

namespace tocsin::ingest {
namespace {

const Collector* find_collector(std::string_view name) {
  for (const auto& entry : collectors()) {
    if (entry.name == name) return &entry.plugin;
  }
  return nullptr;
}

std::string collector_names() {
  std::string out;
  for (const auto& entry : collectors()) out += (out.empty() ? "" : ", ") + std::string(entry.name);
  return out;
}

void refuse_secret(TomlTable& table, std::string_view key, std::string_view value) {
  if (auto what = secret::looks_like_one(key, value)) {
    table.wrong(key, fmt::format("looks like {}: secrets never stand in this file; {} and write "
                                 "the secret's name here",
                                 *what, secret::how_to_store("NAME")));
  }
}

void read_secret_name(TomlTable& table, const Option& option, const std::string& value) {
  if (secret::is_name(value) && !secret::looks_like_one("name", value)) return;
  table.wrong(option.name, fmt::format("must be the name of a secret, not the secret itself; {}",
                                       secret::how_to_store("NAME")));
}

// A text as it stands in the table, checked by its kind.
void check_text(TomlTable& table, const Option& option, const std::string& value) {
  if (option.kind == OptionKind::secret) return read_secret_name(table, option, value);
  refuse_secret(table, option.name, value);
  if (option.kind == OptionKind::path && !value.starts_with('/')) {
    table.wrong(option.name, "must be an absolute path");
  }
  if (option.kind == OptionKind::url) {
    // A {key} or a date in a URL is filled in later.
    auto url = Url::parse(value, "http,https,imap,imaps,socks5,socks5h");
    if (!url) table.wrong(option.name, url.error().what);
  }
  if (!option.values.empty()) {
    std::string_view left = option.values;
    while (!left.empty()) {
      if (text::trim(text::cut(left, ',')) == value) return;
    }
    table.wrong(option.name, fmt::format("unknown value; valid: {}", option.values));
  }
}

void read_texts(TomlTable& table, const Option& option, Feed& feed) {
  for (const auto& [key, value] : table.texts(option.name)) {
    if (option.kind == OptionKind::secrets) {
      read_secret_name(table, option, value);
    } else if (auto what = secret::looks_like_one(key, value)) {
      table.wrong(option.name,
                  fmt::format("{} looks like {}; use secret_headers", text::quote(key), *what));
    }
    feed.options.insert_or_assign(fmt::format("{}.{}", option.name, key), value);
  }
}

void read_option(TomlTable& table, const Option& option, Feed& feed) {
  std::string name(option.name);
  bool there = table.has(name);
  if (option.kind == OptionKind::texts || option.kind == OptionKind::secrets) {
    return read_texts(table, option, feed);
  }
  std::string value;
  if (option.kind == OptionKind::yes_no) {
    auto yes = table.yes_no(name);
    if (yes) value = *yes ? "true" : "false";
  } else if (option.kind == OptionKind::number) {
    auto number = table.number(name, option.least, option.most);
    if (number) value = std::to_string(*number);
  } else if (option.kind == OptionKind::list) {
    for (const std::string& item : table.list(name)) value += item + "\n";
  } else {
    value = table.text(name);
    if (!value.empty()) check_text(table, option, value);
  }
  if (!value.empty()) {
    feed.options.insert_or_assign(name, value);
  } else if (option.required && !there && !feed.options.contains(name)) {
    table.wrong(name, fmt::format("is missing: {}", option.help));
  }
}

// Of every collector: the texts' own encoding, where neither they nor their transport tell it.
void read_charset(TomlTable& table, Feed& feed) {
  std::string name = table.text("charset");
  if (name.empty()) return;
  if (auto known = charset::to_utf8("", name); !known)
    table.wrong("charset", known.error().what + "; valid are the names of `iconv --list`");
  feed.options.insert_or_assign("charset", name);
}

void set_default(Feed& feed, std::string_view option, const std::string& value) {
  if (!value.empty()) feed.options.try_emplace(std::string(option), value);
}

// The start: a catalogue's entry, or nothing.
Feed start_of(TomlTable& table) {
  std::string name = table.text("catalogue");
  auto accepted = table.yes_no("accept_terms");
  if (name.empty()) return {};
  const CatalogueEntry* entry = in_catalogue(name);
  if (entry == nullptr) {
    table.wrong("catalogue", fmt::format("{} is not in the catalogue; `tocsin feeds` lists it",
                                         text::quote(name)));
    return {};
  }
  auto feed = ticked(*entry, accepted.value_or(false));
  if (feed) return *std::move(feed);
  bool terms = feed.error().fault == Fault::denied;
  table.wrong("catalogue", feed.error().what + (terms ? "; write accept_terms = true" : ""));
  return entry->feed;
}

void check_format(TomlTable& table, const Feed& feed) {
  if (feed.format.empty()) return table.wrong("format", "is missing; \"auto\" finds it by itself");
  if (feed.format == "auto") return;
  auto found = find_format(feed.format);
  if (!found) table.wrong("format", found.error().what);
}

Feed read_feed(const std::string& name, const toml::table& toml, const FeedDefaults& defaults,
               TomlProblems& problems) {
  TomlTable table(toml, "feed." + name, problems);
  if (!is_feed_name(name)) {
    problems.add(toml.source().begin.line, "feed." + name,
                 "a feed's name has 1 to 64 of a-z, 0-9 and -");
  }
  Feed feed = start_of(table);
  feed.name = name;
  read_common(table, feed);
  feed.enabled = table.yes_no("enabled").value_or(true);
  feed.exercise = table.yes_no("exercise").value_or(false);
  feed.simulated = table.yes_no("simulated").value_or(false);
  feed.mapping = table.text("mapping");
  const Collector* collector = find_collector(feed.collector);
  if (collector == nullptr) {
    table.wrong("collector",
                (feed.collector.empty() ? "is missing; valid: " : "unknown collector; valid: ") +
                    collector_names());
    return feed;
  }
  if (!table.has("interval") && !table.has("catalogue")) feed.interval_s = collector->interval_s;
  for (const Option& option : collector->options) read_option(table, option, feed);
  read_charset(table, feed);
  for (const std::string& key : table.keys()) {
    if (toml[key].is_string() && !table.is_known(key)) {
      refuse_secret(table, key, *toml[key].value<std::string>());
    }
  }
  table.finish();
  check_format(table, feed);
  set_default(feed, "contact", defaults.contact);
  set_default(feed, "proxy", defaults.proxy);
  set_default(feed, "ca_file", defaults.ca_file);
  set_default(feed, "gnupg_home", defaults.gnupg_home);
  return feed;
}

}  // namespace

bool is_feed_name(std::string_view name) {
  if (name.empty() || name.size() > 64) return false;
  return std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || c == '-';
  });
}

Result<std::vector<Feed>> read_feeds(std::string_view text, const std::string& file,
                                     const FeedDefaults& defaults) {
  toml::table root = TRY(parse_toml(text, file));
  TomlProblems problems(file);
  TomlTable top(root, "", problems);
  std::vector<Feed> out;
  if (const toml::table* feeds = top.table("feed")) {
    for (const auto& [name, node] : *feeds) {
      std::string key(name.str());
      if (const toml::table* table = node.as_table()) {
        out.push_back(read_feed(key, *table, defaults, problems));
      } else {
        problems.add(node.source().begin.line, "feed." + key, "must be a table");
      }
    }
  }
  TRY(problems.result());
  return out;
}

}  // namespace tocsin::ingest
