// Taxonomy: the types and classes of events, severity, marking and the roles of an event's ends.
// Source: RSIT (machine version 1003); IntelMQ Data Format for the five types that RSIT leaves out;
// FIRST TLP 2.0.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace tocsin {

// RSIT classes, in RSIT's order.
enum class Class : std::uint8_t {
  abusive_content,
  malicious_code,
  information_gathering,
  intrusion_attempts,
  intrusions,
  availability,
  information_content_security,
  fraud,
  vulnerable,
  other,
  test
};

// RSIT types, then IntelMQ's that RSIT leaves out. Numbers are stored: append only.
enum class Type : std::uint8_t {
  undetermined,
  spam,
  harmful_speech,
  violence,
  infected_system,
  c2_server,
  malware_distribution,
  malware_configuration,
  scanner,
  sniffing,
  social_engineering,
  ids_alert,
  brute_force,
  exploit,
  privileged_account_compromise,
  unprivileged_account_compromise,
  application_compromise,
  system_compromise,
  burglary,
  dos,
  ddos,
  misconfiguration,
  sabotage,
  outage,
  unauthorised_information_access,
  unauthorised_information_modification,
  data_loss,
  data_leak,
  unauthorised_use_of_resources,
  copyright,
  masquerade,
  phishing,
  weak_crypto,
  ddos_amplifier,
  potentially_unwanted_accessible,
  information_disclosure,
  vulnerable_system,
  other,
  test,
  blacklist,
  dga_domain,
  malware,
  proxy,
  tor
};
inline constexpr std::size_t types_count = 44;

// RSIT's spelling ("unauthorised-use-of-resources", "blacklist").
std::string_view name(Type type);
std::string_view name(Class klass);
Class class_of(Type type);

// Both spellings of each (-ise/-ize, blacklist/blocklist), case and `_`/blank for `-` folded.
// nullopt: unknown.
std::optional<Type> type_named(std::string_view text);
std::optional<Class> class_named(std::string_view text);

// How bad one event is, Shadowserver's five levels. Numbers are stored.
enum class Severity : std::uint8_t { none, info, low, medium, high, critical };
std::string_view name(Severity severity);  // "" for none
std::optional<Severity> severity_named(std::string_view text);
Severity usual_severity(Type type);  // what is shown where no report says one

// TLP 2.0 in order of strictness; unmarked counts as red. Source: https://www.first.org/tlp/
enum class Tlp : std::uint8_t { clear, green, amber, amber_strict, red, unmarked };
std::string_view name(Tlp tlp);  // "clear", "amber+strict"; "" for unmarked
// TLP 1.0's WHITE and n6's and IntelMQ's YELLOW are read too; an optional "TLP:" before it.
std::optional<Tlp> tlp_named(std::string_view text);

enum class Transport : std::uint8_t { none, tcp, udp, icmp, sctp, icmp6, other };
std::string_view name(Transport transport);
std::optional<Transport> transport_named(std::string_view text);  // also protocol numbers

// What an end of an event is. Source: DESIGN D5.
enum class Role : std::uint8_t {
  unknown,
  affected,
  controller,
  attacker,
  target,
  sensor,
  sinkhole
};
std::string_view name(Role role);

struct Roles {
  Role source = Role::unknown, destination = Role::unknown;
  auto operator<=>(const Roles&) const = default;
};
Roles usual_roles(Type type);  // where the report type has no row of its own

// How an event's controller is known.
enum class ControllerReason : std::uint8_t { unknown, feed, join };
std::string_view name(ControllerReason reason);

}  // namespace tocsin
