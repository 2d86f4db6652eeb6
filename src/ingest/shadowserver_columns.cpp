// Which columns Shadowserver's report types have, and the report type that a header fits. The
// tables were generated once.
// Source: Shadowserver's report schema of 2026-03-24, as facts.
#include <algorithm>
#include <array>
#include <unordered_map>
#include <unordered_set>

#include "base/text.h"
#include "ingest/shadowserver_tables.h"

namespace tocsin::shadowserver {
namespace {

struct Columns {
  std::string_view names;  // of a group, or report types divided by blanks; IPv6 twins are left out
  std::string_view columns;  // divided by blanks; +NAME is a group
};

// clang-format off
constexpr auto groups = std::to_array<Columns>({
    {"scan",
     "timestamp severity ip protocol port hostname hostname_source tag asn geo region city "
     "naics sector"},
    {"event",
     "timestamp protocol src_ip src_port src_asn src_geo src_region src_city src_hostname "
     "src_naics src_sector device_vendor device_type device_model severity dst_ip dst_port "
     "dst_asn dst_geo dst_region dst_city dst_hostname dst_naics dst_sector public_source "
     "infection family tag application version event_id"},
    {"subject",
     "subject_organization_unit_name subject_country subject_state_or_province_name "
     "subject_locality_name subject_street_address subject_postal_code subject_surname "
     "subject_given_name subject_email_address subject_business_category subject_serial_number "
     "issuer_organization_unit_name issuer_country issuer_state_or_province_name "
     "issuer_locality_name issuer_street_address issuer_postal_code issuer_surname "
     "issuer_given_name issuer_email_address issuer_business_category issuer_serial_number "
     "cipher_suite"},
    {"cert",
     "cert_serial_number subject_common_name issuer_common_name sha1_fingerprint "
     "sha256_fingerprint subject_organization_name issuer_organization_name cert_length "
     "cert_issue_date cert_expiration_date signature_algorithm key_algorithm "
     "sha512_fingerprint md5_fingerprint"},
    {"valid",
     "cert_valid self_signed cert_expired validation_level"},
    {"device",
     "device_vendor device_type device_model"},
    {"http",
     "http http_code http_reason content_type connection www_authenticate set_cookie server "
     "content_length transfer_encoding http_date"},
    {"size",
     "response_size amplification"},
    {"threat",
     "threat_framework threat_tactic_id threat_technique_id"},
    {"vuln",
     "vulnerability_enum vulnerability_id vulnerability_class vulnerability_score "
     "vulnerability_severity vulnerability_version target_vendor target_product target_class"},
    {"bgp",
     "message_type_int message2_type_int major_error_code_int minor_error_code_int bgp_version "
     "sender_asn hold_time bgp_identifier message2_type major_error_code minor_error_code"},
    {"ike",
     "exchange_type spi_size initiator_spi responder_spi next_payload message_id next_payload2 "
     "domain_of_interpretation protocol_id notify_message_type"},
});

constexpr auto sets = std::to_array<Columns>({
    {"blocklist",
     "asn city geo hostname ip naics reason region sector severity source tag timestamp"},
    {"compromised_account",
     "detail email infection public_source service severity source_url status tag timestamp "
     "username"},
    {"compromised_iot",
     "+scan +device account category detail device_version family malpubkey_sha256 public_source "
     "server_host_key source_type status"},
    {"compromised_website",
     "+scan account application category cc_url detail detected_since family http_host "
     "public_source redirect_target server status system url"},
    {"device_id",
     "+scan +device device_version"},
    {"event4_ddos_participant event4_honeypot_ddos",
     "+event attack attack_src_ip attack_src_port domain domain_source domain_transaction_id "
     "dst_netmask dst_network duration gcip http_agent http_method http_path http_postdata "
     "http_usessl ip_header_ack ip_header_acknum ip_header_dont_fragment ip_header_fin "
     "ip_header_identity ip_header_psh ip_header_rst ip_header_seqnum ip_header_syn "
     "ip_header_tos ip_header_ttl ip_header_urg number_of_connections packet_length "
     "packet_randomized"},
    {"event4_honeypot_adb_scan",
     "+event +threat +vuln banner commands maxdata opened system_type"},
    {"event4_honeypot_brute_force",
     "+event +vuln client_version end_time password payload_md5 payload_url service start_time "
     "username"},
    {"event4_honeypot_darknet",
     "+event count"},
    {"event4_honeypot_ddos_amp",
     "+event avg_pps bytes count duration end_time max_pps request"},
    {"event4_honeypot_ddos_target",
     "+event attack attack_src_ip attack_src_port domain domain_source domain_transaction_id "
     "dst_netmask dst_network duration gcip http_method http_path http_postdata http_usessl "
     "ip_header_ack ip_header_acknum ip_header_dont_fragment ip_header_fin ip_header_identity "
     "ip_header_psh ip_header_rst ip_header_seqnum ip_header_syn ip_header_tos ip_header_ttl "
     "ip_header_urg number_of_connections packet_length packet_randomized"},
    {"event4_honeypot_http_scan",
     "+event +threat +vuln body_raw file_md5 file_sha256 http_agent http_request_method http_url "
     "pattern request_raw session_tags url_scheme"},
    {"event4_honeypot_ics_scan",
     "+event function_code request response sensor_id slave_id state"},
    {"event4_honeypot_ikev2_scan",
     "+event +threat +vuln"},
    {"event4_honeypot_rdp_scan",
     "+event +threat +vuln cookie session_tags"},
    {"event4_honeypot_rocketmq_scan",
     "+event +threat +vuln body body_base64 code flag language opaque serialize_type"},
    {"event4_honeypot_smb_scan",
     "+event +threat +vuln command flags session_tags supported_protocols"},
    {"event4_ip_spoofer",
     "+event nat network routedspoof session"},
    {"event4_microsoft_sinkhole event4_sinkhole",
     "+event ssl_cipher ssl_servername"},
    {"event4_microsoft_sinkhole_http event4_sinkhole_http",
     "+event forwarded_by http_agent http_host http_referer http_url machine_name ssl_cipher "
     "ssl_servername"},
    {"event4_sinkhole_dns",
     "+device count family infection protocol query query_type severity src_asn src_city src_geo "
     "src_hostname src_ip src_naics src_port src_region src_sector tag timestamp"},
    {"event4_sinkhole_http_referer",
     "application dst_asn dst_city dst_geo dst_hostname dst_ip dst_naics dst_port dst_region "
     "dst_sector event_id family http_host http_referer http_referer_asn http_referer_city "
     "http_referer_geo http_referer_hostname http_referer_ip http_referer_naics "
     "http_referer_port http_referer_region http_referer_sector http_url infection protocol "
     "public_source severity ssl_servername tag timestamp version"},
    {"malware_url",
     "application asn city geo hostname ip naics port region sector severity sha256 source tag "
     "timestamp url"},
    {"phish_url",
     "asn city geo host ip naics region sector source timestamp url"},
    {"population_bgp scan_bgp",
     "+scan +bgp message_length message_type"},
    {"population_http_proxy scan_http_proxy",
     "+scan connection content_length content_type http http_code http_date http_reason "
     "proxy_authenticate server transfer_encoding via"},
    {"population_isakmp scan_isakmp",
     "+scan +size +ike flags"},
    {"population_msmq",
     "+scan response_size"},
    {"population_ntrip",
     "+scan authentication bit_rate body_base64 carrier compression connection content_length "
     "content_type fee format format_details generator header_base64 identifier misc mount_point "
     "nav_system network nmea ntrip ntrip_code ntrip_country ntrip_date ntrip_latitude "
     "ntrip_longitude ntrip_reason ntrip_type ntrip_version server solution"},
    {"ransomware_victim",
     "actor_geo_stats_30d actor_total_stats_30d date_published entity_name geo leak_site_url "
     "ransomware region sector severity timestamp website"},
    {"sandbox_conn",
     "asn bytes_in bytes_out city geo hostname ip md5 naics port protocol region sector severity "
     "sha1 sha256 timestamp"},
    {"sandbox_dns",
     "family md5 request request_type response severity sha1 sha256 source tag timestamp"},
    {"sandbox_url",
     "asn city geo hostname ip md5 method naics port region sector severity sha1 sha256 "
     "timestamp url user_agent"},
    {"scan_activemq",
     "+scan command vendor version"},
    {"scan_adb",
     "+scan +device device device_sector device_version features model name"},
    {"scan_afp",
     "+scan afp_versions directory_service flags machine_type network_address server_name "
     "signature uams utf8_servername"},
    {"scan_amqp",
     "+scan capabilities channel class cluster_name locales mechanisms message_length method "
     "platform product product_version version_major version_minor"},
    {"scan_ard",
     "+scan +size machine_name"},
    {"scan_badsecrets",
     "+scan badsecret_location badsecret_module badsecret_product badsecret_secret "
     "badsecret_type cert_serial_number http http_code issuer_common_name "
     "issuer_organization_name request_path server sha1_fingerprint sha256_fingerprint "
     "subject_common_name subject_organization_name"},
    {"scan_chargen",
     "+scan +size"},
    {"scan_cisco_smart_install scan_socks",
     "+scan"},
    {"scan_coap",
     "+scan +size response version"},
    {"scan_couchdb",
     "+scan couchdb_message couchdb_version error error_reason features git_sha server_version "
     "vendor visible_databases"},
    {"scan_cwmp",
     "+scan +http"},
    {"scan_db2",
     "+scan +size db2_hostname servername"},
    {"scan_ddos_middlebox",
     "+scan amplification bytes method source_port"},
    {"scan_dns",
     "+scan dns_version min_amplification"},
    {"scan_docker",
     "+scan api_version arch build_time content_type date experimental git_commit go_version "
     "http http_code http_reason kernel_version min_api_version os pkg_version server version"},
    {"scan_dvr_dhcpdiscover",
     "+scan +device +size alarm_input_channels alarm_output_channels device_id device_sector "
     "device_serial device_version http_port internal_port ipv4_address ipv4_dhcp_enable "
     "ipv4_gateway ipv4_subnet_mask ipv6_address ipv6_dhcp_enable ipv6_gateway ipv6_link_local "
     "mac_address machine_name manufacturer method remote_video_input_channels "
     "video_input_channels video_output_channels"},
    {"scan_elasticsearch",
     "+scan build_hash build_snapshot build_timestamp cluster_name http_code lucene_version name "
     "ok tagline version"},
    {"scan_epmd",
     "+scan nodes"},
    {"scan_exchange",
     "+scan servername url version"},
    {"scan_ftp",
     "+subject +cert +valid +device asn auth_ssl_response auth_tls_response banner city "
     "device_sector device_version geo handshake hostname hostname_source ip jarm naics port "
     "protocol region severity ssl_version tag timestamp tlsv13_cipher tlsv13_support"},
    {"scan_gtp",
     "+scan flags message_length message_type message_type_text raw_response recovery "
     "response_size sequence teid"},
    {"scan_hadoop",
     "+scan clusterid free_disk livenodes namenodeaddress server_type total_disk used_disk "
     "version volumeinfo"},
    {"scan_http",
     "+scan +http version"},
    {"scan_http_vulnerable",
     "+scan +http build_branch build_date detail version"},
    {"scan_ics",
     "+scan +device device_id device_sector device_version raw_response response_size"},
    {"scan_imap scan_imap_vulnerable scan_pop3 scan_pop3_vulnerable",
     "+scan +subject +cert +valid banner handshake jarm ssl_version sslv3_supported"},
    {"scan_ip_tunnel",
     "+scan response"},
    {"scan_ipmi",
     "+scan anon_login defaultkg deviceid devicerev error firmwarerev ipmi_version "
     "manufacturerid manufacturername md2_auth md5_auth none_auth nulluser oem_auth passkey_auth "
     "permessage_auth productid productname userlevel_auth usernames version"},
    {"scan_ipp",
     "+scan +device cups_version device_sector device_version ipp_version printer_firmware_name "
     "printer_firmware_string_version printer_firmware_version printer_info "
     "printer_make_and_model printer_more_info printer_name printer_organization "
     "printer_organization_unit printer_uris printer_uuid printer_wifi_ssid"},
    {"scan_kubernetes",
     "+scan +subject +cert +valid browser_error browser_trusted build_date compiler content_type "
     "date git_commit git_tree_state git_version go_version handshake http http_code http_reason "
     "major minor platform raw_cert raw_cert_chain server ssl_version version"},
    {"scan_ldap_tcp",
     "+scan +subject +cert +valid +device +size auth_ssl_response auth_tls_response "
     "configuration_naming_context current_time default_naming_context device_sector "
     "device_version dns_host_name domain_controller_functionality domain_functionality "
     "ds_service_name forest_functionality handshake highest_committed_usn "
     "is_global_catalog_ready is_synchronized jarm ldap_service_name naming_contexts "
     "root_domain_naming_context schema_naming_context server_name ssl_version "
     "subschema_subentry supported_capabilities supported_control supported_ldap_policies "
     "supported_ldap_version supported_sasl_mechanisms tlsv13_cipher tlsv13_support"},
    {"scan_ldap_udp",
     "+scan +size configuration_naming_context current_time default_naming_context dns_host_name "
     "domain_controller_functionality domain_functionality ds_service_name forest_functionality "
     "highest_committed_usn is_global_catalog_ready is_synchronized ldap_service_name "
     "naming_contexts root_domain_naming_context schema_naming_context server_name "
     "subschema_subentry supported_capabilities supported_control supported_ldap_policies "
     "supported_ldap_version supported_sasl_mechanisms"},
    {"scan_loop_dos",
     "+scan application detail"},
    {"scan_mdns",
     "+scan http_info http_ipv4 http_ipv6 http_name http_port http_ptr http_target mdns_ipv4 "
     "mdns_ipv6 mdns_name opc_ua_discovery services spotify_ipv4 spotify_ipv6 spotify_name "
     "workstation_info workstation_ipv4 workstation_ipv6 workstation_name"},
    {"scan_memcached",
     "+scan +size curr_connections pid pointer_size time total_connections uptime version"},
    {"scan_mongodb",
     "+scan allocator bits gitversion javascriptengine maxbsonobjectsize ok opensslversion "
     "sysinfo version visible_databases"},
    {"scan_mqtt",
     "+scan +subject +cert anonymous_access code hex_code raw_response ssl_version"},
    {"scan_mqtt_anon",
     "+scan +subject +cert code hex_code raw_response ssl_version"},
    {"scan_msrpc",
     "+scan association_group auth_length call_id data_representation fragment_length "
     "max_receive max_transmit packet_flags packet_type packet_type_value raw_response version"},
    {"scan_mssql",
     "+scan +size instance_name named_pipe server_name tcp_port version"},
    {"scan_mysql",
     "+scan +subject +cert +valid browser_error browser_trusted "
     "client_can_handle_expired_passwords client_compress client_connect_attrs "
     "client_connect_with_db client_deprecated_eof client_found_rows client_ignore_sigpipe "
     "client_ignore_space client_interactive client_local_files client_long_flag "
     "client_long_password client_multi_results client_multi_statements client_no_schema "
     "client_odbc client_plugin_auth client_plugin_auth_len_enc_client_data client_protocol_41 "
     "client_ps_multi_results client_reserved client_secure_connection client_session_track "
     "client_ssl client_transactions error_code error_id error_message handshake "
     "mysql_protocol_version raw_cert raw_cert_chain server_version ssl_version version"},
    {"scan_nat_pmp",
     "+scan +size external_ip opcode uptime version"},
    {"scan_netbios",
     "+scan +size mac_address machine_name username workgroup"},
    {"scan_netis_router",
     "+scan +size response"},
    {"scan_ntp",
     "+scan +size clk_wander clock error frequency jitter leap mintc noise offset peer phase "
     "poll precision processor refid reftime rootdelay rootdispersion stability state stratum "
     "system tai tc version"},
    {"scan_ntpmonitor",
     "+scan +size packets"},
    {"scan_portmapper",
     "+scan +size exports mountd_port programs"},
    {"scan_post_exploitation_framework",
     "+scan architecture beacon_host beacon_http_get beacon_http_post beacon_port beacon_type "
     "binary_md5 binary_sha1 binary_sha256 binary_sha512 config_md5 config_sha1 config_sha256 "
     "config_sha512 content_length content_type encoded_data encoded_length http http_code "
     "http_url license_id"},
    {"scan_postgres",
     "+scan +subject +cert +valid browser_error browser_trusted client_ssl handshake "
     "protocol_error_code protocol_error_file protocol_error_line protocol_error_message "
     "protocol_error_routine protocol_error_severity protocol_error_severity_v raw_cert "
     "raw_cert_chain ssl_version startup_error_code startup_error_file startup_error_line "
     "startup_error_message startup_error_routine startup_error_severity "
     "startup_error_severity_v supported_protocols version"},
    {"scan_qotd",
     "+scan +size quote"},
    {"scan_quic",
     "+scan version_field_1 version_field_2 version_field_3 version_field_4"},
    {"scan_radmin",
     "+scan version"},
    {"scan_rdp",
     "+scan cert_expiration_date cert_issue_date cert_length cert_serial_number handshake "
     "issuer_common_name jarm key_algorithm md5_fingerprint rdp_protocol sha1_fingerprint "
     "sha256_fingerprint sha512_fingerprint signature_algorithm ssl_version subject_common_name "
     "tlsv13_cipher tlsv13_support"},
    {"scan_rdpeudp",
     "+scan +size sessionid"},
    {"scan_redis",
     "+scan architecture build_id connected_clients gcc_version git_dirty_flag git_sha1 mode "
     "multiplexing_api os process_id run_id uptime version"},
    {"scan_rsync",
     "+scan has_password module motd"},
    {"scan_sip",
     "+scan +size allow call_id contact content_length content_type cseq server sip sip_code "
     "sip_from sip_reason sip_to sip_via user_agent"},
    {"scan_slp",
     "+scan error_code error_code_text flags function function_text language_tag "
     "language_tag_length next_extension_offset raw_response response_size version xid"},
    {"scan_smb",
     "+scan arch key smb_major_number smb_minor_number smb_revision smb_version_string"},
    {"scan_smtp scan_smtp_vulnerable",
     "+scan +subject +cert +valid auth_ssl_response auth_tls_response banner freak_cipher_suite "
     "freak_vulnerable handshake jarm raw_cert raw_cert_chain ssl_version sslv3_supported "
     "tlsv13_cipher tlsv13_support"},
    {"scan_snmp",
     "+scan +device +size community device_sector device_version mac_address sysdesc sysname "
     "uptime vendor vendor_id version"},
    {"scan_ssdp",
     "+scan +size cache_control content_type header host instance location nt nts "
     "resource_identifier search_target server server_port systime unique_service_name "
     "updated_at version"},
    {"scan_ssh",
     "+scan +device algorithm available_ciphers available_compression available_kex "
     "available_mac banner device_sector device_version dss_dsa_public_g dss_dsa_public_p "
     "dss_dsa_public_q dss_dsa_public_y dss_generator dss_generator_length dss_prime "
     "dss_prime_length dss_public_key dss_public_key_length ecdsa_curve ecdsa_curve25519 "
     "ecdsa_public_key_b ecdsa_public_key_gx ecdsa_public_key_gy ecdsa_public_key_length "
     "ecdsa_public_key_n ecdsa_public_key_p ecdsa_public_key_x ecdsa_public_key_y "
     "ed25519_cert_public_key_bytes ed25519_cert_public_key_duration "
     "ed25519_cert_public_key_keyid ed25519_cert_public_key_nonce "
     "ed25519_cert_public_key_principles ed25519_cert_public_key_raw "
     "ed25519_cert_public_key_serial ed25519_cert_public_key_sha256 "
     "ed25519_cert_public_key_sig_raw ed25519_cert_public_key_sigkey_bytes "
     "ed25519_cert_public_key_sigkey_raw ed25519_cert_public_key_sigkey_sha256 "
     "ed25519_cert_public_key_sigkey_value ed25519_cert_public_key_type_id "
     "ed25519_cert_public_key_type_name ed25519_cert_public_key_valid_after "
     "ed25519_cert_public_key_valid_before ed25519_curve25519 hassh rsa_exponent rsa_generator "
     "rsa_generator_length rsa_length rsa_modulus rsa_prime rsa_prime_length rsa_public_key "
     "rsa_public_key_length selected_cipher selected_compression selected_kex selected_mac "
     "server_cookie server_host_key server_host_key_sha256 server_signature_raw "
     "server_signature_value serverid_comment serverid_raw serverid_software serverid_version "
     "userauth_methods"},
    {"scan_ssl",
     "+scan +subject +cert +valid browser_error browser_trusted content_length content_type "
     "freak_cipher_suite freak_vulnerable handshake http_code http_connection http_date "
     "http_reason http_response_type jarm server_type set_cookie ssl_poodle ssl_version "
     "tlsv13_cipher tlsv13_support transfer_encoding www_authenticate"},
    {"scan_ssl_freak",
     "+scan +subject +cert +valid +device browser_error browser_trusted content_length "
     "content_type device_sector device_version freak_cipher_suite freak_vulnerable handshake "
     "http_code http_connection http_date http_reason http_response_type jarm page_sha256fp "
     "raw_cert raw_cert_chain server_type set_cookie tlsv13_cipher tlsv13_support "
     "transfer_encoding www_authenticate"},
    {"scan_ssl_poodle",
     "+scan +subject +cert +valid +device browser_error browser_trusted content_length "
     "content_type device_sector device_version handshake http_code http_connection http_date "
     "http_reason http_response_type jarm page_sha256fp raw_cert raw_cert_chain server_type "
     "set_cookie ssl_poodle ssl_version tlsv13_cipher tlsv13_support transfer_encoding "
     "www_authenticate"},
    {"scan_stun",
     "+scan +size fingerprint magic_cookie mapped_address mapped_family mapped_port "
     "message_length message_type software transaction_id xor_mapped_address xor_mapped_family "
     "xor_mapped_port"},
    {"scan_synfulknock",
     "+scan ack_number raw_packet sequence_number tcp_flags urgent_pointer window_size"},
    {"scan_telnet",
     "+scan banner"},
    {"scan_tftp",
     "+scan +size error errorcode errormessage opcode"},
    {"scan_ubiquiti",
     "+scan +size essid firmware mac modelfull modelshort radioname"},
    {"scan_vnc",
     "+scan banner product"},
    {"scan_ws_discovery",
     "+scan +size error raw_response"},
    {"scan_xdmcp",
     "+scan +size opcode reported_hostname status"},
    {"spam_url",
     "asn city geo hostname ip naics port region sector sender severity source src_asn src_city "
     "src_geo src_ip src_naics src_region src_sector subject tag timestamp url"},
    {"special",
     "+scan detail device_vendor first_seen_time last_seen_time method potential_exposure_time "
     "public_source status"},
});
// clang-format on

// Columns of older reports that today's schema no longer has.
constexpr std::string_view older =
    "agent bluekeep_vulnerable cc_asn cc_dns cc_geo cc_ip cc_port cve20190708_vulnerable host "
    "issuer_serialNumber "
    "md5hash p0f_detail p0f_genre sic size smb_implant smbv1_support type";

void expand(std::string_view columns, std::vector<std::string_view>& out) {
  while (!columns.empty()) {
    std::string_view word = text::cut(columns, ' ');
    if (!word.starts_with('+')) {
      out.push_back(word);
      continue;
    }
    for (const Columns& group : groups) {
      if (group.names == word.substr(1)) expand(group.columns, out);
    }
  }
}

// "scan6_ftp" is read like "scan_ftp", "event6_sinkhole" like "event4_sinkhole", "device_id6" like
// "device_id".
std::string twin_of(std::string_view report_type) {
  std::string name(report_type);
  if (name.starts_with("event6_")) name[5] = '4';
  for (std::string_view family : {"scan6_", "population6_"}) {
    if (name.starts_with(family)) name.erase(family.size() - 2, 1);
  }
  if (name.ends_with('6')) name.pop_back();
  return name;
}

bool is_v6(std::string_view report_type) {
  return twin_of(report_type) != report_type;
}

const Columns* set_of(std::string_view report_type) {
  std::string twin = twin_of(report_type);
  for (const Columns& set : sets) {
    if (is_among(report_type, set.names) || is_among(twin, set.names)) return &set;
  }
  return nullptr;
}

}  // namespace

std::vector<std::string_view> columns_of(std::string_view report_type) {
  std::vector<std::string_view> columns;
  if (const Columns* set = set_of(report_type)) expand(set->columns, columns);
  return columns;
}

bool is_known_column(std::string_view column) {
  if (is_among(column, older)) return true;
  return std::ranges::any_of(groups, [&](auto& g) { return is_among(column, g.columns); }) ||
         std::ranges::any_of(sets, [&](auto& s) { return is_among(column, s.columns); });
}

// A column counts the more, the fewer sets have it; columns that no set has do not count.
Guess guess(std::span<const std::string_view> header, bool v6) {
  std::vector<std::vector<std::string_view>> columns(sets.size());
  std::unordered_map<std::string_view, double> weight;
  for (std::size_t i = 0; i < sets.size(); ++i) {
    expand(sets[i].columns, columns[i]);
    for (std::string_view column : columns[i]) weight[column] += 1;
  }
  for (auto& [column, count] : weight) count = 1 / count;
  double present = 0;
  std::unordered_set<std::string_view> names(header.begin(), header.end());
  for (std::string_view name : names) {
    if (auto found = weight.find(name); found != weight.end()) present += found->second;
  }
  double best = 0;
  std::unordered_map<const Columns*, double> scores;  // of the sets that fit
  for (std::size_t i = 0; i < sets.size(); ++i) {
    double shared = 0, missing = 0;
    for (std::string_view column : columns[i]) {
      (names.contains(column) ? shared : missing) += weight[column];
    }
    // Most of the set is there; or the header has nothing else, and something that few others have.
    double score = shared / (present + missing / 2);  // old reports lack what is new
    constexpr double most = 0.5, all = 0.95, rare = 0.3;
    if (score < most && (shared < all * present || shared < rare)) continue;
    scores[&sets[i]] = score;
    best = std::max(best, score);
  }
  Guess guess;
  double best_score = 0;
  for (const ReportType& type : report_types()) {
    auto found = scores.find(set_of(type.name));
    constexpr double near = 0.8;  // what fits nearly as well must mean the same
    if (found == scores.end() || found->second < near * best) continue;
    const ReportType* known = guess.type;
    if (known != nullptr && (type.type != known->type || type.roles != known->roles)) return {};
    if (known != nullptr &&
        (type.identifier != known->identifier || type.application != known->application)) {
      guess.sure = false;
    }
    bool fits = is_v6(type.name) == v6;
    bool better =
        known == nullptr || (fits && is_v6(known->name) != v6) ||
        (fits && found->second > best_score + 1e-9) ||
        (fits && found->second > best_score - 1e-9 && type.name.size() < known->name.size());
    if (!better) continue;
    guess.type = &type;
    best_score = found->second;
  }
  return guess;
}

}  // namespace tocsin::shadowserver
