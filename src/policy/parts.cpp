#include "policy/parts.h"

#include <array>

namespace tocsin::policy {
namespace {

constexpr std::array<std::string_view, parts_count> names = {
    "none",   "account",   "address", "asn",        "contact",  "controller", "country",    "extra",
    "family", "file-hash", "id",      "identifier", "name",     "network",    "originator", "place",
    "port",   "product",   "raw",     "sector",     "severity", "text",       "time",       "url"};

struct Row {
  std::string_view prefix, suffix;  // of a field's flat name
  Part part;
};

// The first row that fits holds.
constexpr auto rows = std::to_array<Row>({
    {"classification.identifier", "", Part::identifier},
    {"classification.", "", Part::none},
    {"comment", "", Part::text},
    {"event_description.", "", Part::text},
    {"event_hash", "", Part::id},
    {"extra", "", Part::extra},
    {"feed.", "", Part::originator},
    {"malware.hash.", "", Part::file_hash},
    {"malware.", "", Part::family},
    {"misp.", "", Part::id},
    {"node.exercise", "", Part::none},
    {"output", "", Part::raw},
    {"product.", "", Part::product},
    {"protocol.", "", Part::port},
    {"raw", "", Part::raw},
    {"rtir_id", "", Part::id},
    {"screenshot_url", "", Part::url},
    {"severity", "", Part::severity},
    {"status", "", Part::text},
    {"time.", "", Part::time},
    {"tlp", "", Part::none},
    {"", ".abuse_contact", Part::contact},
    {"", ".account", Part::account},
    {"", ".allocated", Part::asn},
    {"", ".as_name", Part::asn},
    {"", ".asn", Part::asn},
    {"", ".domain_suffix", Part::name},
    {"", ".domain", Part::name},
    {"", ".fqdn", Part::name},
    {"", "cc", Part::country},
    {"", ".geolocation.country", Part::country},
    {"", ".geolocation.city", Part::place},
    {"", ".geolocation.latitude", Part::place},
    {"", ".geolocation.longitude", Part::place},
    {"", ".geolocation.region", Part::place},
    {"", ".geolocation.state", Part::place},
    {"", ".known_good", Part::text},
    {"", ".local_hostname", Part::name},
    {"", "ip", Part::address},
    {"", ".network_flags", Part::asn},
    {"", ".network", Part::network},
    {"", ".port", Part::port},
    {"", ".registry", Part::asn},
    {"", ".reverse_dns", Part::name},
    {"", ".tor_node", Part::asn},
    {"", ".url", Part::url},
    {"", ".urlpath", Part::url},
});

}  // namespace

std::string_view name(Part part) {
  auto i = static_cast<std::size_t>(part);
  return i < parts_count ? names[i] : std::string_view();
}

std::optional<Part> part_named(std::string_view text) {
  for (std::size_t i = 1; i < parts_count; ++i) {
    if (names[i] == text) return static_cast<Part>(i);
  }
  return std::nullopt;
}

Part part_of(Field field) {
  std::string_view flat = name(field);
  for (const Row& row : rows) {
    if (flat.starts_with(row.prefix) && flat.ends_with(row.suffix)) return row.part;
  }
  return Part::extra;
}

Part part_of(std::string_view named) {
  if (auto part = part_named(named)) return *part;
  if (auto field = field_named(named)) return part_of(*field);
  if (named.starts_with("extra.")) return Part::extra;
  return Part::none;
}

bool covers(std::string_view named, std::string_view field) {
  if (named == field) return true;
  auto part = part_named(named);
  return part && part_of(field) == *part;
}

std::string part_names() {
  std::string out;
  for (std::size_t i = 1; i < parts_count; ++i) {
    out += i > 1 ? ", " : "";
    out += names[i];
  }
  return out;
}

}  // namespace tocsin::policy
