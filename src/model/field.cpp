#include "model/field.h"

#include <algorithm>
#include <array>

namespace tocsin {
namespace {

using enum Kind;
constexpr auto rows = std::to_array<FieldRow>({
    {"classification.identifier", text},
    {"classification.taxonomy", taxonomy},
    {"classification.type", type},
    {"comment", text},
    {"destination.abuse_contact", lower},
    {"destination.account", text},
    {"destination.allocated", time},
    {"destination.as_name", text},
    {"destination.asn", asn},
    {"destination.domain_suffix", fqdn},
    {"destination.fqdn", fqdn},
    {"destination.geolocation.cc", cc},
    {"destination.geolocation.city", text},
    {"destination.geolocation.country", text},
    {"destination.geolocation.latitude", number},
    {"destination.geolocation.longitude", number},
    {"destination.geolocation.region", text},
    {"destination.geolocation.state", text},
    {"destination.ip", ip},
    {"destination.local_hostname", text},
    {"destination.local_ip", ip},
    {"destination.network", network},
    {"destination.port", port},
    {"destination.registry", registry},
    {"destination.reverse_dns", fqdn},
    {"destination.tor_node", boolean},
    {"destination.url", url},
    {"destination.urlpath", text},
    {"event_description.target", text},
    {"event_description.text", text},
    {"event_description.url", url},
    {"event_hash", upper},
    {"extra", json},
    {"feed.accuracy", accuracy},
    {"feed.code", text},
    {"feed.documentation", text},
    {"feed.name", text},
    {"feed.provider", text},
    {"feed.url", url},
    {"malware.hash.md5", md5},
    {"malware.hash.sha1", sha1},
    {"malware.hash.sha256", sha256},
    {"malware.name", lower},
    {"malware.version", text},
    {"misp.attribute_uuid", uuid},
    {"misp.event_uuid", uuid},
    {"node.destination.as_name", text},
    {"node.destination.asn", asn},
    {"node.destination.domain", fqdn},
    {"node.destination.geolocation.cc", cc},
    {"node.destination.known_good", text},
    {"node.destination.network", network},
    {"node.destination.network_flags", text},
    {"node.exercise", boolean},
    {"node.source.as_name", text},
    {"node.source.asn", asn},
    {"node.source.domain", fqdn},
    {"node.source.geolocation.cc", cc},
    {"node.source.known_good", text},
    {"node.source.network", network},
    {"node.source.network_flags", text},
    {"output", json},
    {"product.full_name", text},
    {"product.name", text},
    {"product.vendor", text},
    {"product.version", text},
    {"product.vulnerabilities", text},
    {"protocol.application", lower},
    {"protocol.transport", transport},
    {"raw", base64},
    {"rtir_id", integer},
    {"screenshot_url", url},
    {"severity", severity},
    {"source.abuse_contact", lower},
    {"source.account", text},
    {"source.allocated", time},
    {"source.as_name", text},
    {"source.asn", asn},
    {"source.domain_suffix", fqdn},
    {"source.fqdn", fqdn},
    {"source.geolocation.cc", cc},
    {"source.geolocation.city", text},
    {"source.geolocation.country", text},
    {"source.geolocation.cymru_cc", cc},
    {"source.geolocation.geoip_cc", cc},
    {"source.geolocation.latitude", number},
    {"source.geolocation.longitude", number},
    {"source.geolocation.region", text},
    {"source.geolocation.state", text},
    {"source.ip", ip},
    {"source.local_hostname", text},
    {"source.local_ip", ip},
    {"source.network", network},
    {"source.port", port},
    {"source.registry", registry},
    {"source.reverse_dns", fqdn},
    {"source.tor_node", boolean},
    {"source.url", url},
    {"source.urlpath", text},
    {"status", text},
    {"time.observation", time},
    {"time.source", time},
    {"tlp", tlp},
});

}  // namespace

std::span<const FieldRow> fields() {
  return rows;
}
std::string_view name(Field field) {
  return rows[static_cast<std::size_t>(field)].name;
}
Kind kind_of(Field field) {
  return rows[static_cast<std::size_t>(field)].kind;
}

std::optional<Field> field_named(std::string_view flat_name) {
  auto at = std::ranges::lower_bound(rows, flat_name, {}, &FieldRow::name);
  if (at == rows.end() || at->name != flat_name) return std::nullopt;
  return static_cast<Field>(at - rows.begin());
}

}  // namespace tocsin
