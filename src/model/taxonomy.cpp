#include "model/taxonomy.h"

#include <array>
#include <string>

#include "base/text.h"

namespace tocsin {
namespace {

struct TypeRow {
  std::string_view name;
  Class klass;
  Severity severity;
  Roles roles;
};

constexpr Roles affected_alone{Role::affected, Role::unknown};
constexpr Roles affected_by_controller{Role::affected, Role::controller};
constexpr Roles attack{Role::attacker, Role::target};
using enum Class;
using S = Severity;

// In the order of Type.
constexpr std::array<TypeRow, types_count> type_rows = {{
    {"undetermined", Class::other, S::info, {}},
    {"spam", abusive_content, S::low, attack},
    {"harmful-speech", abusive_content, S::low, affected_alone},
    {"violence", abusive_content, S::low, affected_alone},
    {"infected-system", malicious_code, S::critical, affected_by_controller},
    {"c2-server", malicious_code, S::high, {Role::controller, Role::affected}},
    {"malware-distribution", malicious_code, S::high, affected_alone},
    {"malware-configuration", malicious_code, S::medium, affected_alone},
    {"scanner", information_gathering, S::low, attack},
    {"sniffing", information_gathering, S::medium, attack},
    {"social-engineering", information_gathering, S::medium, attack},
    {"ids-alert", intrusion_attempts, S::low, attack},
    {"brute-force", intrusion_attempts, S::medium, attack},
    {"exploit", intrusion_attempts, S::medium, attack},
    {"privileged-account-compromise", intrusions, S::critical, affected_alone},
    {"unprivileged-account-compromise", intrusions, S::high, affected_alone},
    {"application-compromise", intrusions, S::high, affected_alone},
    {"system-compromise", intrusions, S::critical, affected_alone},
    {"burglary", intrusions, S::high, affected_alone},
    {"dos", availability, S::medium, attack},
    {"ddos", availability, S::medium, attack},
    {"misconfiguration", availability, S::low, affected_alone},
    {"sabotage", availability, S::high, affected_alone},
    {"outage", availability, S::medium, affected_alone},
    {"unauthorised-information-access", information_content_security, S::high, affected_alone},
    {"unauthorised-information-modification", information_content_security, S::high,
     affected_alone},
    {"data-loss", information_content_security, S::medium, affected_alone},
    {"data-leak", information_content_security, S::high, affected_alone},
    {"unauthorised-use-of-resources", fraud, S::medium, affected_alone},
    {"copyright", fraud, S::info, affected_alone},
    {"masquerade", fraud, S::medium, affected_alone},
    {"phishing", fraud, S::high, affected_alone},
    {"weak-crypto", vulnerable, S::low, affected_alone},
    {"ddos-amplifier", vulnerable, S::medium, affected_alone},
    {"potentially-unwanted-accessible", vulnerable, S::medium, affected_alone},
    {"information-disclosure", vulnerable, S::medium, affected_alone},
    {"vulnerable-system", vulnerable, S::high, affected_alone},
    {"other", Class::other, S::info, affected_alone},
    {"test", Class::test, S::info, affected_alone},
    {"blacklist", Class::other, S::low, {Role::attacker, Role::unknown}},
    {"dga-domain", Class::other, S::medium, {Role::controller, Role::unknown}},
    {"malware", Class::other, S::medium, affected_alone},
    {"proxy", Class::other, S::low, affected_alone},
    {"tor", Class::other, S::info, affected_alone},
}};
static_assert(static_cast<std::size_t>(Type::tor) + 1 == types_count);

constexpr std::array<std::string_view, 11> class_names = {"abusive-content",
                                                          "malicious-code",
                                                          "information-gathering",
                                                          "intrusion-attempts",
                                                          "intrusions",
                                                          "availability",
                                                          "information-content-security",
                                                          "fraud",
                                                          "vulnerable",
                                                          "other",
                                                          "test"};
constexpr std::array<std::string_view, 6> severity_names = {"",       "info", "low",
                                                            "medium", "high", "critical"};
constexpr std::array<std::string_view, 6> tlp_names = {"clear",        "green", "amber",
                                                       "amber+strict", "red",   ""};
constexpr std::array<std::string_view, 7> transport_names = {"",     "tcp",   "udp",  "icmp",
                                                             "sctp", "icmp6", "other"};
constexpr std::array<std::string_view, 7> role_names = {
    "unknown", "affected", "controller", "attacker", "target", "sensor", "sinkhole"};
constexpr std::array<std::string_view, 3> reason_names = {"unknown", "feed", "join"};

template <class Enum, std::size_t n>
std::string_view at(const std::array<std::string_view, n>& names, Enum value) {
  auto i = static_cast<std::size_t>(value);
  return i < n ? names[i] : std::string_view{};
}

template <class Enum, std::size_t n>
std::optional<Enum> find(const std::array<std::string_view, n>& names, std::string_view text) {
  for (std::size_t i = 0; i < n; ++i) {
    if (!names[i].empty() && names[i] == text) return static_cast<Enum>(i);
  }
  return std::nullopt;
}

// Lower case, `-` between words, British -ise-.
std::string plain(std::string_view text) {
  std::string out = text::lower(text::trim(text));
  for (char& c : out) {
    if (c == '_' || c == ' ') c = '-';
  }
  if (std::size_t z = out.find("unauthorized"); z != std::string::npos) out[z + 9] = 's';
  return out;
}

}  // namespace

std::string_view name(Type type) {
  auto i = static_cast<std::size_t>(type);
  return i < types_count ? type_rows[i].name : type_rows[0].name;
}

std::string_view name(Class klass) {
  return at(class_names, klass);
}
Class class_of(Type type) {
  return type_rows[static_cast<std::size_t>(type) % types_count].klass;
}
Severity usual_severity(Type type) {
  return type_rows[static_cast<std::size_t>(type) % types_count].severity;
}
Roles usual_roles(Type type) {
  return type_rows[static_cast<std::size_t>(type) % types_count].roles;
}

std::optional<Type> type_named(std::string_view text) {
  std::string wanted = plain(text);
  if (wanted == "blocklist") wanted = "blacklist";
  if (wanted == "c2server" || wanted == "c&c" || wanted == "cnc") wanted = "c2-server";
  if (wanted == "vulnerable-service" || wanted == "vulnerable-client") wanted = "vulnerable-system";
  for (std::size_t i = 0; i < types_count; ++i) {
    if (type_rows[i].name == wanted) return static_cast<Type>(i);
  }
  return std::nullopt;
}

std::optional<Class> class_named(std::string_view text) {
  return find<Class>(class_names, plain(text));
}
std::string_view name(Severity severity) {
  return at(severity_names, severity);
}
std::optional<Severity> severity_named(std::string_view text) {
  return find<Severity>(severity_names, plain(text));
}
std::string_view name(Tlp tlp) {
  return at(tlp_names, tlp);
}

std::optional<Tlp> tlp_named(std::string_view text) {
  std::string wanted = plain(text);
  if (wanted.starts_with("tlp:")) wanted = plain(std::string_view(wanted).substr(4));
  if (wanted == "white") return Tlp::clear;
  if (wanted == "yellow") return Tlp::amber;
  if (wanted == "amber-strict") return Tlp::amber_strict;
  return find<Tlp>(tlp_names, wanted);
}

std::string_view name(Transport transport) {
  return at(transport_names, transport);
}

std::optional<Transport> transport_named(std::string_view text) {
  std::string wanted = plain(text);
  if (wanted.empty()) return std::nullopt;
  if (wanted == "6") return Transport::tcp;
  if (wanted == "17") return Transport::udp;
  if (wanted == "1") return Transport::icmp;
  if (wanted == "58" || wanted == "ipv6-icmp" || wanted == "icmpv6") return Transport::icmp6;
  if (wanted == "132") return Transport::sctp;
  return find<Transport>(transport_names, wanted);
}

std::string_view name(Role role) {
  return at(role_names, role);
}
std::string_view name(ControllerReason reason) {
  return at(reason_names, reason);
}

}  // namespace tocsin
