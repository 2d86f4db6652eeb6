// Which format a report has, told from its name and its first bytes: the format `auto`.
#include <re2/re2.h>

#include <algorithm>

#include "base/check.h"
#include "base/csv.h"
#include "base/ip.h"
#include "base/text.h"
#include "ingest/formats.h"
#include "ingest/list.h"
#include "ingest/mapping.h"
#include "ingest/mappings.h"
#include "model/field.h"
#include "model/normal.h"

namespace tocsin::ingest {
namespace {

constexpr std::size_t sample_bytes = 16 * 1024;
constexpr std::size_t list_bytes = 1024 * 1024;  // a list may begin with a long comment
constexpr std::size_t list_entries = 200;

bool fits(std::string_view text, const char* pattern) {
  return re2::RE2::PartialMatch({text.data(), text.size()}, pattern);
}

std::string json_format(std::string_view sample) {
  if (fits(sample, R"re("Format"\s*:\s*"IDEA0")re")) return "idea";
  if (fits(sample, R"re("(XARF|xarf_version|ReporterInfo)"\s*:)re")) return "xarf";
  if (fits(sample, R"re("id"\s*:\s*"[a-z][a-z0-9-]+--[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-)re"))
    return "stix";
  if (fits(sample, R"re("Event"\s*:\s*\{)re") || fits(sample, R"re("Attribute"\s*:\s*\[)re"))
    return "misp";
  if (fits(sample, R"re("(classification\.(type|taxonomy)|source\.(ip|fqdn|url))"\s*:)re") ||
      fits(sample, R"re("classification"\s*:\s*\{)re")) {
    return "intelmq";
  }
  if (fits(sample, R"re("category"\s*:)re") &&
      fits(sample, R"re("(restriction|confidence)"\s*:)re"))
    return "n6";
  return {};
}

bool is_hash(std::string_view text) {
  for (std::size_t octets : {16, 20, 32}) {
    if (text.size() == 2 * octets && normal::hash(text, octets)) return true;
  }
  return false;
}

// The list whose entries all of the first lines are; comments, also after an entry, are none.
std::string list_format(std::string_view bytes) {
  std::string_view sample = bytes.substr(0, list_bytes);
  bool whole = sample.size() == bytes.size();
  std::size_t entries = 0, ips = 0, networks = 0, named = 0, urls = 0, hashes = 0;
  bool hosts = false;  // a line that only hosts files have
  for (auto [number, line] : text::numbered_lines(sample)) {
    if (entries == list_entries) break;
    bool last = line.data() + line.size() >= sample.data() + sample.size();
    std::string_view url = list_entry(line, false), entry = list_entry(line, true);
    if (url.empty() || (last && !whole)) continue;
    auto names = listed_names(entry);
    if (names.empty()) {
      hosts = true;
      continue;
    }
    ++entries;
    urls += normal::url(url).has_value();
    ips += ip::parse(entry).has_value();
    networks += ip::parse_network(entry).has_value() || ip::parse_range(entry).has_value();
    named += std::ranges::all_of(names, [](auto name) { return normal::name(name).has_value(); });
    hashes += is_hash(url.substr(0, url.find_first_of(" \t,")));
  }
  if (entries == 0) return {};
  if (hosts) return named == entries ? "domain_list" : "";
  if (ips == entries) return "ip_list";
  if (networks == entries) return "cidr_list";
  if (urls == entries) return "url_list";
  if (named == entries) return "domain_list";
  if (hashes == entries) return "hash_list";
  return {};
}

// A header as Shadowserver's reports have: "timestamp" and an address, names in lower case.
bool is_shadowserver_header(std::string_view sample) {
  std::string_view line = sample.substr(0, sample.find('\n'));
  return fits(line, R"re(^"?timestamp"?,)re") && fits(line, R"re(,"?(ip|src_ip)"?(,|\r?$))re") &&
         fits(line, R"re(,"?(asn|src_asn)"?(,|\r?$))re");
}

// By the names in the first line of a CSV: n6's, or IntelMQ's fields.
std::string csv_format(std::string_view sample) {
  csv::Reader reader(sample);
  if (reader.next() != csv::Step::record) return {};
  auto names = reader.fields();
  auto has = [&](std::string_view name) { return std::ranges::find(names, name) != names.end(); };
  bool about = has("ip") || has("fqdn") || has("url");
  if (has("time") && has("id") && has("source") && has("category") && about) return "n6";
  auto is_field = [](std::string_view name) { return name.contains('.') && field_named(name); };
  return std::ranges::count_if(names, is_field) >= 2 ? "intelmq" : "";
}

struct Detector {
  std::string_view format;
  Pattern pattern;
};

// The patterns of the shipped mappings, compiled once.
const std::vector<Detector>& detectors() {
  static const std::vector<Detector> table = [] {
    std::vector<Detector> made;
    for (const auto& entry : shipped_mappings()) {
      if (!entry.plugin.contains("detect = ")) continue;
      auto mapping = parse_mapping(entry.plugin, entry.name);
      check(mapping.has_value(), "a shipped mapping that does not parse");
      for (const auto& pattern : mapping->detect) made.push_back({entry.name, pattern});
    }
    return made;
  }();
  return table;
}

}  // namespace

std::string detect_format(std::string_view name, std::string_view bytes) {
  if (fits(name, R"re(^\d{4}-\d{2}-\d{2}-[^-]+(-.+)?\.(csv|json)$)re")) return "shadowserver";
  if (bytes.starts_with("\xef\xbb\xbf")) bytes.remove_prefix(3);
  std::string_view sample = bytes.substr(0, sample_bytes);
  for (const auto& detector : detectors()) {
    if (re2::RE2::PartialMatch({sample.data(), sample.size()}, *detector.pattern)) {
      return std::string(detector.format);
    }
  }
  std::string_view start = text::trim(sample);
  bool adblock = start.starts_with("[Adblock");
  if (start.starts_with('{') || (start.starts_with('[') && !adblock)) return json_format(sample);
  if (is_shadowserver_header(sample)) return "shadowserver";
  if (auto format = csv_format(sample); !format.empty()) return format;
  if (fits(sample, R"re((?mi)^(Report-Type|Category):.*$)re") &&
      fits(sample, R"re((?mi)^Schema-URL:)re"))
    return "xarf";
  return list_format(bytes);
}

}  // namespace tocsin::ingest
