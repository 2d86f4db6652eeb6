// Which column of Shadowserver's reports is which field. A column without a rule is kept as
// extra.<column>. Source: Shadowserver's report schema of 2026-03-24, as facts; older columns from
// its change notes.
#include <array>

#include "ingest/shadowserver_tables.h"

namespace tocsin::shadowserver {
namespace {

using enum Convert;

constexpr std::string_view sinkholes =
    "event4_microsoft_sinkhole event4_microsoft_sinkhole_http event4_sinkhole event4_sinkhole_http "
    "event4_sinkhole_http_referer event6_sinkhole event6_sinkhole_http "
    "event6_sinkhole_http_referer";
constexpr std::string_view websites = "compromised_website compromised_website6";
constexpr std::string_view sandboxed = "sandbox_conn sandbox_url";
constexpr std::string_view url_lists = "malware_url phish_url spam_url";
// Types whose tag is the protocol.
constexpr std::string_view tagged_protocols =
    "scan_ddos_middlebox scan_dvr_dhcpdiscover scan_ics scan_socks";
constexpr std::string_view exchange = "scan6_exchange scan_exchange";
// Types whose industry code is not put under extra.source.
constexpr std::string_view flat =
    "blocklist compromised_website device_id scan_adb scan_afp scan_amqp scan_ard scan_chargen "
    "scan_cisco_smart_install scan_coap scan_cwmp scan_db2 scan_dns scan_elasticsearch scan_ftp "
    "scan_hadoop scan_http_vulnerable scan_ipp scan_isakmp scan_ldap_tcp scan_mdns scan_memcached "
    "scan_mongodb scan_mqtt scan_mssql scan_nat_pmp scan_netbios scan_netis_router scan_ntp "
    "scan_ntpmonitor scan_portmapper scan_qotd scan_radmin scan_rdp scan_rdpeudp scan_redis "
    "scan_rsync scan_smb scan_smtp_vulnerable scan_snmp scan_ssdp scan_ssl_freak scan_ssl_poodle "
    "scan_telnet scan_tftp scan_ubiquiti scan_vnc scan_xdmcp spam_url";

// clang-format off
constexpr auto table = std::to_array<Rule>({
    // When, and how bad.
    {"timestamp", "time.source", time, ""},
    {"severity", "severity", some, ""},
    // Who.
    {"ip src_ip http_referer_ip", "source.ip", address, ""},
    {"ip", "source.ip", address, "blocklist"},
    {"ip", "source.network", network, "blocklist"},
    {"network", "source.network", network, "event4_ip_spoofer"},
    {"port src_port", "source.port", integer, ""},
    {"asn src_asn", "source.asn", nonzero, ""},
    {"geo src_geo", "source.geolocation.cc", text, ""},
    {"region src_region", "source.geolocation.region", text, ""},
    {"city src_city", "source.geolocation.city", text, ""},
    {"hostname src_hostname", "source.reverse_dns", text, ""},
    {"hostname", "source.fqdn", name, "malware_url sandbox_conn sandbox_url spam_url"},
    {"naics src_naics", "extra.source.naics", nonzero, ""},
    {"sector src_sector", "extra.source.sector", some, ""},
    {"naics", "extra.naics", nonzero, flat},
    {"sector", "extra.sector", some, flat},
    {"account username", "source.account", some, ""},
    {"username", "destination.account", some, "event4_honeypot_brute_force"},
    {"email", "extra.", some, "compromised_account"},
    {"email", "source.account", some, "compromised_account"},
    {"dns_host_name", "source.local_hostname", some, ""},
    {"server_name", "source.local_hostname", some, "scan_mssql"},
    {"website", "extra.", some, "ransomware_victim"},
    {"website", "source.fqdn", name, "ransomware_victim"},
    {"website", "source.url", url, "ransomware_victim"},
    // The host that spam advertises is the source; who relayed it is kept beside it.
    {"src_ip", "extra.relay.ip", address, "spam_url"},
    {"src_asn", "extra.relay.asn", nonzero, "spam_url"},
    {"src_geo", "extra.relay.geolocation.cc", some, "spam_url"},
    {"src_region", "extra.relay.geolocation.region", some, "spam_url"},
    {"src_city", "extra.relay.geolocation.city", some, "spam_url"},
    {"src_naics", "extra.relay.naics", nonzero, "spam_url"},
    {"src_sector", "extra.relay.sector", some, "spam_url"},
    {"src_naics", "extra.naics", nonzero, "event4_sinkhole_dns"},
    {"src_sector", "extra.sector", some, "event4_sinkhole_dns"},
    // With whom.
    {"dst_ip cc_ip", "destination.ip", address, ""},
    {"dst_port cc_port", "destination.port", integer, ""},
    {"dst_asn cc_asn", "destination.asn", nonzero, ""},
    {"dst_geo cc_geo", "destination.geolocation.cc", text, ""},
    {"dst_region", "destination.geolocation.region", text, ""},
    {"dst_city", "destination.geolocation.city", text, ""},
    {"dst_hostname", "destination.reverse_dns", some, ""},
    {"dst_naics", "extra.destination.naics", nonzero, ""},
    {"dst_sector", "extra.destination.sector", some, ""},
    {"http_host cc_dns", "destination.fqdn", name, ""},
    {"http_host", "source.fqdn", name, websites},
    {"http_url url", "destination.url", url, ""},
    {"url", "source.url", url, websites},
    {"url", "source.url", url, url_lists},
    {"host", "source.fqdn", name, url_lists},
    {"host", "destination.fqdn", name, sandboxed},
    // What.
    {"protocol", "protocol.transport", text, ""},
    {"application", "protocol.application", some, websites},
    {"application", "protocol.application", some, "scan_loop_dos"},
    {"application", "classification.identifier", text, "event4_honeypot_brute_force"},
    {"infection family", "malware.name", some, ""},
    {"infection", "classification.identifier", some, sinkholes},
    {"infection", "malware.name", some, sinkholes},
    {"infection", "extra.", some, "event4_ip_spoofer"},
    {"infection", "malware.name", some, "event4_ip_spoofer"},
    {"tag", "extra.", some, ""},
    {"tag", "product.vulnerabilities", cve, ""},
    {"tag", "extra.", some, sinkholes},
    {"tag", "classification.identifier", some, sinkholes},
    {"tag", "extra.", some, "event4_honeypot_darknet"},
    {"tag", "classification.identifier", some, "event4_honeypot_darknet"},
    {"tag", "extra.", some, tagged_protocols},
    {"tag", "protocol.application", text, tagged_protocols},
    {"tag", "product.vulnerabilities", cve, tagged_protocols},
    {"tag", "extra.", some, exchange},
    {"tag", "product.vulnerabilities", cve, exchange},
    {"tag", "classification.type", exchange_type, exchange},
    {"tag", "classification.taxonomy", exchange_class, exchange},
    {"tag", "classification.identifier", exchange_identifier, exchange},
    {"category", "event_description.text", some, "compromised_iot compromised_iot6"},
    {"category", "event_description.text", Convert::category, websites},
    {"detail", "event_description.text", some, "compromised_account special"},
    {"status", "status", text, ""},
    {"md5 md5hash", "malware.hash.md5", some, ""},
    {"sha1", "malware.hash.sha1", some, ""},
    {"sha256", "malware.hash.sha256", some, ""},
    {"device_vendor manufacturername", "product.vendor", some, ""},
    {"device_model product productname", "product.name", some, ""},
    {"device_version product_version", "product.version", some, ""},
    {"vulnerability_id", "product.vulnerabilities", some, ""},
    // Other names under extra.
    {"source", "extra.source_name", some, "blocklist"},
    {"allow", "extra.sip_allow", some, ""},
    {"badsecret_product", "extra.badsecret_value", some, ""},
    {"call_id", "extra.sip_call_id", some, "scan_sip"},
    {"contact", "extra.sip_contact", some, ""},
    {"cseq", "extra.sip_cseq", some, ""},
    {"exchange_type", "extra.isakmp_exchange_type", text, ""},
    {"firmware", "extra.firmwarerev", some, ""},
    {"http", "extra.http_version", some, "scan6_badsecrets scan_badsecrets"},
    {"http_agent", "extra.user_agent", some, "event4_honeypot_http_scan"},
    {"http_request_method", "extra.method", some, ""},
    {"mac", "extra.mac_address", some, ""},
    {"method", "extra.http_request_method", some, "sandbox_url"},
    {"modelfull", "extra.model_full", some, ""},
    {"modelshort", "extra.model", some, ""},
    {"os", "extra.os.name", some, ""},
    {"query", "extra.dns_query", text, ""},
    {"query_type", "extra.dns_query_type", text, ""},
    {"radioname", "extra.radio_name", some, ""},
    {"request_path", "extra.http_path", some, ""},
    {"request_type", "extra.dns_query_type", some, ""},
    {"server", "extra.http_server", some, "scan6_badsecrets scan_badsecrets"},
    {"server", "extra.sip_server", some, "scan_sip"},
    {"spi_size", "extra.isakmp_spi_size", integer, ""},
    {"type", "extra.dns_query_type", some, "sandbox_dns event4_sinkhole_dns"},
    {"version", "extra.msrpc_version", decimal, "scan6_msrpc scan_msrpc"},
    // What is no text.
    {"http_referer_asn http_referer_naics sic", "extra.", nonzero, ""},
    {"ack_number alarm_input_channels alarm_output_channels attack_src_port bit_rate bytes "
     "bytes_in "
     "bytes_out cert_length content_length count curr_connections domain_controller_functionality "
     "domain_functionality duration forest_functionality fragment_length free_disk "
     "highest_committed_usn http_code http_port http_referer_port internal_port ip_header_seqnum "
     "ip_header_ttl major_error_code_int mapped_port max_receive max_transmit message2_type_int "
     "message_length message_type_int minor_error_code_int number_of_connections packet_length "
     "packet_type_value packets peer pid pointer_size poll precision remote_video_input_channels "
     "response_size sequence size ssl_version startup_error_line stratum tc tcp_port teid "
     "total_connections total_disk uptime used_disk video_input_channels video_output_channels "
     "window_size xor_mapped_port",
     "extra.", integer, ""},
    {"anon_login anonymous_access authentication bluekeep_vulnerable browser_trusted "
     "build_snapshot cert_expired "
     "cert_valid client_can_handle_expired_passwords client_compress client_connect_attrs "
     "client_connect_with_db client_deprecated_eof client_found_rows client_ignore_sigpipe "
     "client_ignore_space client_interactive client_local_files client_long_flag "
     "client_long_password client_multi_results client_multi_statements client_no_schema "
     "client_odbc client_plugin_auth client_plugin_auth_len_enc_client_data client_protocol_41 "
     "client_ps_multi_results client_reserved client_secure_connection client_session_track "
     "client_ssl client_transactions cve20190708_vulnerable fee freak_vulnerable http_usessl "
     "ipv4_dhcp_enable "
     "ipv6_dhcp_enable is_global_catalog_ready is_synchronized md2_auth md5_auth nat none_auth "
     "nulluser oem_auth ok packet_randomized passkey_auth permessage_auth self_signed "
     "smb_implant ssl_poodle "
     "userlevel_auth usernames",
     "extra.", flag, ""},
    {"amplification avg_pps clk_wander frequency jitter leap max_pps min_amplification offset "
     "rootdelay rootdispersion vulnerability_score",
     "extra.", decimal, ""},
    {"end_time http_date start_time", "extra.", time, ""},
    {"body_raw request_raw", "extra.", base64, ""},
});
// clang-format on

}  // namespace

std::span<const Rule> rules() {
  return table;
}

std::vector<const Rule*> rules_for(std::string_view column, std::string_view report_type) {
  std::vector<const Rule*> special, general;
  for (const Rule& rule : table) {
    if (!is_among(column, rule.columns)) continue;
    if (rule.types.empty()) {
      general.push_back(&rule);
    } else if (is_among(report_type, rule.types)) {
      special.push_back(&rule);
    }
  }
  return special.empty() ? general : special;
}

}  // namespace tocsin::shadowserver
