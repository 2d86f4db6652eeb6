// Stix table: STIX 2.1's types, their properties and vocabularies as text; stix_types.cpp reads it.
// Source: OASIS STIX Version 2.1, sections 3 to 7, 10 and appendix B.
//
// A block begins with its sort (domain, relationship, observable, meta; ext TYPE: an extension of
// observables; part: an inner object) and name; "-" is what all have. Its properties, ";" between:
// `name kind`, `name!` if required, `kind*` for a list, `kind=` with a range, a vocabulary, a part,
// or the types that a reference may (`!`: may not) name. Then what holds between properties.
// `words` is a vocabulary; `+` goes on with the line before.
#pragma once

#include <string_view>

namespace tocsin::wire {

inline constexpr std::string_view stix_table = R"(
words account-type facebook ldap nis openid radius skype tacacs twitter unix windows-local
+ windows-domain
words attack-motivation accidental coercion dominance ideology notoriety organizational-gain
+ personal-gain personal-satisfaction revenge unpredictable
words attack-resource-level individual club contest team organization government
words encryption-algorithm AES-256-GCM ChaCha20-Poly1305 mime-type-indicated
words extension-type new-sdo new-sco new-sro property-extension toplevel-property-extension
words grouping-context suspicious-activity malware-analysis unspecified
words hash-algo MD5 SHA-1 SHA-256 SHA-512 SHA3-256 SHA3-512 SSDEEP TLSH
words http-request-headers Accept Accept-Charset Accept-Datetime Accept-Encoding Accept-Language
+ Access-Control-Request-Headers Access-Control-Request-Method Authorization Cache-Control
+ Connection Content-Encoding Content-Length Content-MD5 Content-Type Cookie DNT Date Expect
+ Forwarded From Front-End-Https Host HTTP2-Settings If-Match If-Modified-Since If-None-Match
+ If-Range If-Unmodified-Since Max-Forwards Origin Pragma Proxy-Authorization Proxy-Connection
+ Range Referer Sec-Fetch-Dest Sec-Fetch-Mode Sec-Fetch-Site Sec-Fetch-User TE Trailer
+ Transfer-Encoding Upgrade Upgrade-Insecure-Requests User-Agent Via Warning X-ATT-DeviceId
+ X-Correlation-ID X-Csrf-Token X-Forwarded-For X-Forwarded-Host X-Forwarded-Proto
+ X-Http-Method-Override X-Request-ID X-Requested-With X-UIDH X-Wap-Profile
words identity-class individual group system organization class unknown
words implementation-languages applescript bash c c++ c# go java javascript lua objective-c perl
+ php powershell python ruby scala swift typescript visual-basic x86-32 x86-64
words indicator-types anomalous-activity anonymization benign compromised malicious-activity
+ attribution unknown
words industry-sector agriculture aerospace automotive chemical commercial communications
+ construction defense education energy engineering entertainment financial-services government
+ emergency-services government-local government-national government-public-services
+ government-regional healthcare hospitality-leisure infrastructure dams nuclear water insurance
+ manufacturing mining non-profit pharmaceuticals retail technology telecommunications
+ transportation utilities
words infrastructure-types amplification anonymization botnet command-and-control control-system
+ exfiltration firewall hosting-malware hosting-target-lists phishing reconnaissance
+ routers-switches staging workstation unknown
words integrity-level low medium high system
words malware-capabilities accesses-remote-machines anti-debugging anti-disassembly anti-emulation
+ anti-memory-forensics anti-sandbox anti-vm captures-input-peripherals
+ captures-output-peripherals captures-system-state-data cleans-traces-of-infection commits-fraud
+ communicates-with-c2 compromises-data-availability compromises-data-integrity
+ compromises-system-availability controls-local-machine degrades-security-software
+ degrades-system-updates determines-c2-server emails-spam escalates-privileges evades-av
+ exfiltrates-data fingerprints-host hides-artifacts hides-executing-code infects-files
+ infects-remote-machines installs-other-components persists-after-system-reboot
+ prevents-artifact-access prevents-artifact-deletion probes-network-environment self-modifies
+ steals-authentication-credentials violates-system-operational-integrity
words malware-result malicious suspicious benign unknown
words malware-types adware backdoor bot bootkit ddos downloader dropper exploit-kit keylogger
+ ransomware remote-access-trojan resource-exploitation rogue-security-software rootkit
+ screen-capture spyware trojan unknown virus webshell wiper worm
words opinion strongly-disagree disagree neutral agree strongly-agree
words pattern-types stix pcre sigma snort suricata yara
words pdf-doc-info Title Author Subject Keywords Creator Producer CreationDate ModDate Trapped
words processor-architecture alpha arm ia-64 mips powerpc sparc x86 x86-64
words region africa eastern-africa middle-africa northern-africa southern-africa western-africa
+ americas caribbean central-america latin-america-caribbean northern-america south-america asia
+ central-asia eastern-asia southern-asia south-eastern-asia western-asia europe eastern-europe
+ northern-europe southern-europe western-europe oceania antarctica australia-new-zealand
+ melanesia micronesia polynesia
words registry-type REG_NONE REG_SZ REG_EXPAND_SZ REG_BINARY REG_DWORD REG_DWORD_BIG_ENDIAN
+ REG_DWORD_LITTLE_ENDIAN REG_LINK REG_MULTI_SZ REG_RESOURCE_LIST REG_FULL_RESOURCE_DESCRIPTION
+ REG_RESOURCE_REQUIREMENTS_LIST REG_QWORD REG_INVALID_TYPE
words report-types attack-pattern campaign identity indicator intrusion-set malware observed-data
+ threat-actor threat-report tool vulnerability
words service-start SERVICE_AUTO_START SERVICE_BOOT_START SERVICE_DEMAND_START SERVICE_DISABLED
+ SERVICE_SYSTEM_ALERT
words service-status SERVICE_CONTINUE_PENDING SERVICE_PAUSE_PENDING SERVICE_PAUSED SERVICE_RUNNING
+ SERVICE_START_PENDING SERVICE_STOP_PENDING SERVICE_STOPPED
words service-type SERVICE_KERNEL_DRIVER SERVICE_FILE_SYSTEM_DRIVER SERVICE_WIN32_OWN_PROCESS
+ SERVICE_WIN32_SHARE_PROCESS
words socket-family AF_UNSPEC AF_INET AF_IPX AF_APPLETALK AF_NETBIOS AF_INET6 AF_IRDA AF_BTH
words socket-options IP_ADD_MEMBERSHIP IP_HDRINCL IP_MULTICAST_IF IP_MULTICAST_LOOP
+ IP_MULTICAST_TTL IP_OPTIONS IP_TOS IP_TTL IPV6_JOIN_GROUP IPV6_UNICAST_HOPS IPV6_V6ONLY
+ MCAST_BLOCK_SOURCE MCAST_JOIN_GROUP MCAST_LEAVE_GROUP SO_ACCEPTCONN SO_BROADCAST SO_DEBUG
+ SO_DONTROUTE SO_ERROR SO_EXCLUSIVEADDRUSE SO_KEEPALIVE SO_LINGER SO_OOBINLINE SO_PRIORITY
+ SO_RCVBUF SO_RCVLOWAT SO_RCVTIMEO SO_REUSEADDR SO_REUSEPORT SO_SNDBUF SO_SNDLOWAT SO_SNDTIMEO
+ SO_TYPE TCP_KEEPCNT TCP_KEEPIDLE TCP_KEEPINTVL TCP_MAXSEG TCP_NODELAY
words socket-type SOCK_STREAM SOCK_DGRAM SOCK_RAW SOCK_RDM SOCK_SEQPACKET
words spec-version 2.0 2.1
words threat-actor-role agent director independent infrastructure-architect
+ infrastructure-operator malware-author sponsor
words threat-actor-sophistication none minimal intermediate advanced expert innovator strategic
words threat-actor-types activist competitor crime-syndicate criminal hacker insider-accidental
+ insider-disgruntled nation-state sensationalist spy terrorist unknown
words tool-types denial-of-service exploitation information-gathering network-capture
+ credential-exploitation remote-access vulnerability-scanning unknown
words windows-pebinary-type dll exe sys

part kill-chain-phase
kill_chain_name! text; phase_name! text
part external-reference
source_name! text; description text; url url; hashes hashes; external_id text
some description url external_id
part granular-marking
lang language; marking_ref ref=marking-definition; selectors! text*; exactly lang marking_ref
part mime-part
body text; body_raw_ref sco=artifact,file; content_type text; content_disposition text
exactly body body_raw_ref
part registry-value
name text; data text; data_type one_of=registry-type; some name data data_type
part data-stream
name! text; hashes hashes; size count
part pe-section
name! text; size count; entropy number; hashes hashes
part pe-header
magic_hex hex; major_linker_version integer; minor_linker_version integer
size_of_code count; size_of_initialized_data count
size_of_uninitialized_data count; address_of_entry_point integer
base_of_code integer; base_of_data integer; image_base integer; section_alignment integer
file_alignment integer; major_os_version integer; minor_os_version integer
major_image_version integer; minor_image_version integer; major_subsystem_version integer
minor_subsystem_version integer; win32_version_value_hex hex
size_of_image count; size_of_headers count
checksum_hex hex; subsystem_hex hex; dll_characteristics_hex hex
size_of_stack_reserve count
size_of_stack_commit count; size_of_heap_reserve count
size_of_heap_commit count; loader_flags_hex hex
number_of_rva_and_sizes integer; hashes hashes
part certificate-extensions
basic_constraints text; name_constraints text; policy_constraints text; key_usage text
extended_key_usage text; subject_key_identifier text; authority_key_identifier text
subject_alternative_name text; issuer_alternative_name text; subject_directory_attributes text
crl_distribution_points text; inhibit_any_policy text; private_key_usage_period_not_before time
private_key_usage_period_not_after time; certificate_policies text; policy_mappings text

domain -
type! text; id! ref; spec_version! one_of=spec-version; created! stamp; modified! stamp
created_by_ref ref; revoked boolean; labels text*; confidence integer=0..100; lang language
external_references part*=external-reference; object_marking_refs ref*=marking-definition
granular_markings part*=granular-marking; extensions extensions; ordered created modified
observable -
type! text; id! ref; spec_version one_of=spec-version; object_marking_refs ref*=marking-definition
granular_markings part*=granular-marking; defanged boolean; extensions extensions

domain attack-pattern
name! text; description text; aliases text*; kill_chain_phases part*=kill-chain-phase
domain campaign
name! text; description text; aliases text*; first_seen time; last_seen time; objective text
ordered first_seen last_seen
domain course-of-action
name! text; description text
domain grouping
name text; description text; context! open=grouping-context; object_refs! ref*
domain identity
name! text; description text; roles text*; identity_class open=identity-class
sectors open*=industry-sector; contact_information text
domain incident
name! text; description text
domain indicator
name text; description text; indicator_types open*=indicator-types; pattern! text
pattern_type! open=pattern-types; pattern_version text; valid_from! time; valid_until time
kill_chain_phases part*=kill-chain-phase; later valid_from valid_until
domain infrastructure
name! text; description text; infrastructure_types open*=infrastructure-types; aliases text*
kill_chain_phases part*=kill-chain-phase; first_seen time; last_seen time
ordered first_seen last_seen
domain intrusion-set
name! text; description text; aliases text*; first_seen time; last_seen time; goals text*
resource_level open=attack-resource-level; primary_motivation open=attack-motivation
secondary_motivations open*=attack-motivation; ordered first_seen last_seen
domain location
name text; description text; latitude number=-90..90; longitude number=-180..180; precision number
region open=region; country text; administrative_area text; city text; street_address text
postal_code text; some region country latitude; with latitude longitude; with longitude latitude
with precision latitude
domain malware
name text; description text; malware_types open*=malware-types; is_family! boolean; aliases text*
kill_chain_phases part*=kill-chain-phase; first_seen time; last_seen time
operating_system_refs ref*=software; architecture_execution_envs open*=processor-architecture
implementation_languages open*=implementation-languages; capabilities open*=malware-capabilities
sample_refs ref*=artifact,file; ordered first_seen last_seen
domain malware-analysis
product! text; version text; host_vm_ref ref=software; operating_system_ref ref=software
installed_software_refs ref*=software; configuration_version text; modules text*
analysis_engine_version text; analysis_definition_version text; submitted time
analysis_started time; analysis_ended time; result_name text; result open=malware-result
analysis_sco_refs ref*; sample_ref ref=artifact,file,network-traffic
some result analysis_sco_refs; ordered analysis_started analysis_ended
domain note
abstract text; content! text; authors text*; object_refs! ref*
domain observed-data
first_observed! time; last_observed! time; number_observed! integer=1..999999999
objects observables
object_refs ref*=!attack-pattern,campaign,course-of-action,grouping,identity,incident,indicator
+ infrastructure,intrusion-set,location,malware-analysis,malware,note,observed-data,opinion
+ report,threat-actor,tool,vulnerability
exactly objects object_refs; ordered first_observed last_observed
domain opinion
explanation text; authors text*; opinion! one_of=opinion; object_refs! ref*
domain report
name! text; description text; report_types open*=report-types; published! time; object_refs! ref*
domain threat-actor
name! text; description text; threat_actor_types open*=threat-actor-types; aliases text*
first_seen time; last_seen time; roles open*=threat-actor-role; goals text*
sophistication open=threat-actor-sophistication; resource_level open=attack-resource-level
primary_motivation open=attack-motivation; secondary_motivations open*=attack-motivation
personal_motivations open*=attack-motivation; ordered first_seen last_seen
domain tool
name! text; description text; tool_types open*=tool-types; aliases text*
kill_chain_phases part*=kill-chain-phase; tool_version text
domain vulnerability
name! text; description text

relationship relationship
relationship_type! text; description text
source_ref! ref=!relationship,sighting,bundle,marking-definition,language-content
target_ref! ref=!relationship,sighting,bundle,marking-definition,language-content; start_time time
stop_time time; later start_time stop_time
relationship sighting
description text; first_seen time; last_seen time; count integer=0..999999999
sighting_of_ref! ref=!relationship,sighting,bundle,marking-definition,language-content
observed_data_refs ref*=observed-data; where_sighted_refs ref*=identity,location; summary boolean
ordered first_seen last_seen

meta extension-definition
name! text; description text; schema! text; version! text; extension_types! one_of*=extension-type
extension_properties text*
meta language-content
object_ref! ref=!bundle,language-content; object_modified time; contents! translations
meta marking-definition
name text; definition_type text; definition any

observable artifact
mime_type text; payload_bin binary; url url; hashes hashes
encryption_algorithm one_of=encryption-algorithm; decryption_key text; exactly payload_bin url
with url hashes; with decryption_key encryption_algorithm
observable autonomous-system
number! integer=0..4294967295; name text; rir text
observable directory
path! text; path_enc text; ctime time; mtime time; atime time; contains_refs sco*=file,directory
observable domain-name
value! text; resolves_to_refs sco*=ipv4-addr,ipv6-addr,domain-name
observable email-addr
value! text; display_name text; belongs_to_ref sco=user-account
observable email-message
is_multipart! boolean; date time; content_type text; from_ref sco=email-addr
sender_ref sco=email-addr; to_refs sco*=email-addr; cc_refs sco*=email-addr
bcc_refs sco*=email-addr; message_id text; subject text; received_lines text*
additional_header_fields dictionary; body text; body_multipart part*=mime-part
raw_email_ref sco=artifact
observable file
hashes hashes; size count; name text; name_enc text; magic_number_hex hex
mime_type text; ctime time; mtime time; atime time; parent_directory_ref sco=directory
contains_refs sco*; content_ref sco=artifact; some hashes name
ext file archive-ext
contains_refs! sco*=file,directory; comment text
ext file ntfs-ext
sid text; alternate_data_streams part*=data-stream; some sid alternate_data_streams
ext file pdf-ext
version text; is_optimized boolean; document_info_dict dictionary; pdfid0 text; pdfid1 text
some version is_optimized document_info_dict pdfid0 pdfid1
ext file raster-image-ext
image_height integer; image_width integer; bits_per_pixel integer; exif_tags dictionary
some image_height image_width bits_per_pixel exif_tags
ext file windows-pebinary-ext
pe_type! open=windows-pebinary-type; imphash text; machine_hex hex
number_of_sections count; time_date_stamp time
pointer_to_symbol_table_hex hex; number_of_symbols count
size_of_optional_header count; characteristics_hex hex
file_header_hashes hashes; optional_header part=pe-header; sections part*=pe-section
observable ipv4-addr
value! text; resolves_to_refs sco*=mac-addr; belongs_to_refs sco*=autonomous-system
observable ipv6-addr
value! text; resolves_to_refs sco*=mac-addr; belongs_to_refs sco*=autonomous-system
observable mac-addr
value! text
observable mutex
name! text
observable network-traffic
start time; end time; is_active boolean; src_ref sco=ipv4-addr,ipv6-addr,mac-addr,domain-name
dst_ref sco=ipv4-addr,ipv6-addr,mac-addr,domain-name; src_port integer=0..65535
dst_port integer=0..65535; protocols! text*; src_byte_count count
dst_byte_count count; src_packets count
dst_packets count; ipfix dictionary; src_payload_ref sco=artifact
dst_payload_ref sco=artifact; encapsulates_refs sco*=network-traffic
encapsulated_by_ref sco=network-traffic; some src_ref dst_ref; ordered start end
ext network-traffic http-request-ext
request_method! text; request_value! text; request_version text; request_header dictionary
message_body_length integer; message_body_data_ref sco=artifact
ext network-traffic icmp-ext
icmp_type_hex! hex; icmp_code_hex! hex
ext network-traffic socket-ext
address_family! one_of=socket-family; is_blocking boolean; is_listening boolean; options options
socket_type one_of=socket-type; socket_descriptor count
socket_handle integer
ext network-traffic tcp-ext
src_flags_hex hex; dst_flags_hex hex; some src_flags_hex dst_flags_hex
observable process
is_hidden boolean; pid integer; created_time time; cwd text; command_line text
environment_variables dictionary; opened_connection_refs sco*=network-traffic
creator_user_ref sco=user-account; image_ref sco=file; parent_ref sco=process
child_refs sco*=process
some extensions is_hidden pid created_time cwd command_line environment_variables
+ opened_connection_refs creator_user_ref image_ref parent_ref child_refs
ext process windows-process-ext
aslr_enabled boolean; dep_enabled boolean; priority text; owner_sid text; window_title text
startup_info dictionary; integrity_level one_of=integrity-level
some aslr_enabled dep_enabled priority owner_sid window_title startup_info integrity_level
ext process windows-service-ext
service_name text; descriptions text*; display_name text; group_name text
start_type one_of=service-start; service_dll_refs sco*=file; service_type one_of=service-type
service_status one_of=service-status
some service_name descriptions display_name group_name start_type service_dll_refs service_type
+ service_status
observable software
name! text; cpe text; swid text; languages text*; vendor text; version text
observable url
value! url
observable user-account
user_id text; credential text; account_login text; account_type open=account-type
display_name text; is_service_account boolean; is_privileged boolean; can_escalate_privs boolean
is_disabled boolean; account_created time; account_expires time; credential_last_changed time
account_first_login time; account_last_login time
some extensions user_id credential account_login account_type display_name is_service_account
+ is_privileged can_escalate_privs is_disabled account_created account_expires
+ credential_last_changed account_first_login account_last_login
ext user-account unix-account-ext
gid integer; groups text*; home_dir text; shell text; some gid groups home_dir shell
observable windows-registry-key
key text; values part*=registry-value; modified_time time; creator_user_ref sco=user-account
number_of_subkeys integer; some key values modified_time creator_user_ref number_of_subkeys
observable x509-certificate
is_self_signed boolean; hashes hashes; version text; serial_number text; signature_algorithm text
issuer text; validity_not_before time; validity_not_after time; subject text
subject_public_key_algorithm text; subject_public_key_modulus text
subject_public_key_exponent integer; x509_v3_extensions part=certificate-extensions
some is_self_signed hashes version serial_number signature_algorithm issuer validity_not_before
+ validity_not_after subject subject_public_key_algorithm subject_public_key_modulus
+ subject_public_key_exponent x509_v3_extensions
)";

// SOURCE RELATION TARGETS; "*" stands for any observable.
inline constexpr std::string_view stix_relations = R"(
attack-pattern delivers malware
attack-pattern targets identity location vulnerability
attack-pattern uses malware tool
campaign attributed-to intrusion-set threat-actor
campaign compromises infrastructure
campaign originates-from location
campaign targets identity location vulnerability
campaign uses attack-pattern infrastructure malware tool
course-of-action investigates indicator
course-of-action mitigates attack-pattern indicator malware tool vulnerability
course-of-action remediates malware vulnerability
identity located-at location
indicator based-on observed-data
indicator indicates attack-pattern campaign infrastructure intrusion-set malware threat-actor tool
infrastructure communicates-with infrastructure ipv4-addr ipv6-addr domain-name url
infrastructure consists-of infrastructure observed-data *
infrastructure controls infrastructure malware
infrastructure delivers malware
infrastructure has vulnerability
infrastructure hosts tool malware
infrastructure located-at location
infrastructure uses infrastructure
intrusion-set attributed-to threat-actor
intrusion-set compromises infrastructure
intrusion-set hosts infrastructure
intrusion-set originates-from location
intrusion-set owns infrastructure
intrusion-set targets identity location vulnerability
intrusion-set uses attack-pattern infrastructure malware tool
malware authored-by threat-actor intrusion-set
malware beacons-to infrastructure
malware communicates-with ipv4-addr ipv6-addr domain-name url
malware controls malware
malware downloads malware tool file
malware drops malware tool file
malware exfiltrates-to infrastructure
malware exploits vulnerability
malware originates-from location
malware targets identity infrastructure location vulnerability
malware uses attack-pattern infrastructure malware tool
malware variant-of malware
malware-analysis analysis-of malware
malware-analysis characterizes malware
malware-analysis dynamic-analysis-of malware
malware-analysis static-analysis-of malware
threat-actor attributed-to identity
threat-actor compromises infrastructure
threat-actor hosts infrastructure
threat-actor impersonates identity
threat-actor located-at location
threat-actor owns infrastructure
threat-actor targets identity location vulnerability
threat-actor uses attack-pattern infrastructure malware tool
tool delivers malware
tool drops malware
tool has vulnerability
tool targets identity infrastructure location vulnerability
tool uses infrastructure
)";

}  // namespace tocsin::wire
