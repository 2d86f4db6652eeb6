// Field: the fields of an event: those of the IntelMQ Data Format (3.3, with severity and product.*
// of 3.5) and ours under `node.`, which hold what this node found where a report says otherwise or
// nothing. Source: IntelMQ documentation, "Data Format"; docs/event.md.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace tocsin {

// What a field's text must be; Sink::set() checks and canonicalises by it.
enum class Kind : std::uint8_t {
  accuracy,
  asn,
  base64,
  boolean,
  cc,
  fqdn,
  integer,
  ip,
  json,
  lower,
  md5,
  network,
  number,
  port,
  registry,
  severity,
  sha1,
  sha256,
  taxonomy,
  text,
  time,
  tlp,
  transport,
  type,
  upper,
  url,
  uuid
};

// In the order of their names.
enum class Field : std::uint8_t {
  classification_identifier,
  classification_taxonomy,
  classification_type,
  comment,
  destination_abuse_contact,
  destination_account,
  destination_allocated,
  destination_as_name,
  destination_asn,
  destination_domain_suffix,
  destination_fqdn,
  destination_geolocation_cc,
  destination_geolocation_city,
  destination_geolocation_country,
  destination_geolocation_latitude,
  destination_geolocation_longitude,
  destination_geolocation_region,
  destination_geolocation_state,
  destination_ip,
  destination_local_hostname,
  destination_local_ip,
  destination_network,
  destination_port,
  destination_registry,
  destination_reverse_dns,
  destination_tor_node,
  destination_url,
  destination_urlpath,
  event_description_target,
  event_description_text,
  event_description_url,
  event_hash,
  extra,
  feed_accuracy,
  feed_code,
  feed_documentation,
  feed_name,
  feed_provider,
  feed_url,
  malware_hash_md5,
  malware_hash_sha1,
  malware_hash_sha256,
  malware_name,
  malware_version,
  misp_attribute_uuid,
  misp_event_uuid,
  node_destination_as_name,
  node_destination_asn,
  node_destination_domain,
  node_destination_geolocation_cc,
  node_destination_known_good,
  node_destination_network,
  node_destination_network_flags,
  node_exercise,
  node_source_as_name,
  node_source_asn,
  node_source_domain,
  node_source_geolocation_cc,
  node_source_known_good,
  node_source_network,
  node_source_network_flags,
  output,
  product_full_name,
  product_name,
  product_vendor,
  product_version,
  product_vulnerabilities,
  protocol_application,
  protocol_transport,
  raw,
  rtir_id,
  screenshot_url,
  severity,
  source_abuse_contact,
  source_account,
  source_allocated,
  source_as_name,
  source_asn,
  source_domain_suffix,
  source_fqdn,
  source_geolocation_cc,
  source_geolocation_city,
  source_geolocation_country,
  source_geolocation_cymru_cc,
  source_geolocation_geoip_cc,
  source_geolocation_latitude,
  source_geolocation_longitude,
  source_geolocation_region,
  source_geolocation_state,
  source_ip,
  source_local_hostname,
  source_local_ip,
  source_network,
  source_port,
  source_registry,
  source_reverse_dns,
  source_tor_node,
  source_url,
  source_urlpath,
  status,
  time_observation,
  time_source,
  tlp
};

struct FieldRow {
  std::string_view name;  // IntelMQ's flat name, "source.ip"
  Kind kind;
};

std::span<const FieldRow> fields();
std::string_view name(Field field);
Kind kind_of(Field field);
std::optional<Field> field_named(std::string_view flat_name);

}  // namespace tocsin
