#include "wire/xarf.h"

#include <fmt/format.h>

#include "base/json.h"
#include "base/text.h"

namespace tocsin::wire {
namespace {

struct Kind {
  std::string_view category, type;
};

// "CVE-2021-44228", in any case.
bool is_cve(std::string_view identifier) {
  std::string_view rest = identifier;
  auto is_number = [](std::string_view t) {
    return !t.empty() && t.find_first_not_of("0123456789") == t.npos;
  };
  if (text::lower(text::cut(rest, '-')) != "cve") return false;
  std::string_view year = text::cut(rest, '-');
  return year.size() == 4 && is_number(year) && is_number(rest);
}

// Ours to X-ARF's. What has no type of its own, or lacks what the type asks for, is told as threat
// intelligence.
Kind kind_of(const XarfReport& r) {
  switch (r.type) {
    case Type::spam:
      return {"messaging", "spam"};
    case Type::infected_system:
    case Type::malware:
      return {"infrastructure", "botnet"};
    case Type::c2_server:
    case Type::privileged_account_compromise:
      return {"infrastructure", "compromised_server"};
    case Type::scanner:
      return {"connection", "port_scan"};
    case Type::brute_force:
      return {"connection", "login_attack"};
    case Type::exploit:
    case Type::ids_alert:
      return {"connection", "vulnerability_scan"};
    case Type::ddos:
    case Type::dos:
      return {"connection", "ddos"};
    case Type::malware_distribution:
    case Type::malware_configuration:
      return {"content", "malware"};
    case Type::phishing:
      return {"content", "phishing"};
    case Type::masquerade:
      return {"content", "fraud"};
    case Type::application_compromise:
    case Type::system_compromise:
    case Type::unauthorised_information_modification:
      return {"content", "remote_compromise"};
    case Type::data_leak:
      return {"content", "exposed_data"};
    case Type::vulnerable_system:
      if (is_cve(r.identifier) && r.port != 0) return {"vulnerability", "cve"};
      return {"vulnerability", "open_service"};
    case Type::ddos_amplifier:
    case Type::potentially_unwanted_accessible:
    case Type::information_disclosure:
      return {"vulnerability", "open_service"};
    case Type::weak_crypto:
    case Type::misconfiguration:
      return {"vulnerability", "misconfiguration"};
    case Type::blacklist:
      return {"reputation", "blocklist"};
    default:
      return {"reputation", "threat_intelligence"};
  }
}

// One that every schema of connections knows; they ask for one, so unknown ones are TCP.
std::string_view protocol_of(Transport transport) {
  switch (transport) {
    case Transport::udp:
      return "udp";
    case Transport::icmp:
    case Transport::icmp6:
      return "icmp";
    default:
      return "tcp";
  }
}

std::string url_of(const XarfReport& r) {
  if (r.is_url) return r.subject;
  bool v6 = r.is_address && r.subject.contains(':');
  return v6 ? fmt::format("http://[{}]/", r.subject) : fmt::format("http://{}/", r.subject);
}

void party(json::Writer& w, std::string_view key, const XarfReport& r) {
  w.key(key).object();
  w.member("contact", r.contact).member("domain", r.domain).member("org", r.organisation);
  w.end();
}

// What the schema of the type asks for besides; its closed lists have no "unknown".
void particulars(json::Writer& w, const XarfReport& r, const Kind& kind) {
  if (kind.category == "connection") {
    w.member("first_seen", times::format(r.first != 0 ? r.first : r.last));
    if (r.last != 0) w.member("last_seen", times::format(r.last));
    w.member("protocol", protocol_of(r.transport));
    if (kind.type == "vulnerability_scan") w.member("scan_type", "vulnerability_scan");
    if (r.port != 0) w.member("source_port", r.port);
  } else if (kind.type == "botnet") {
    w.member("compromise_evidence", "seen to act as an infected machine");
    if (!r.family.empty()) w.member("malware_family", r.family);
    if (!r.controller.empty()) w.member("c2_server", r.controller);
  } else if (kind.type == "compromised_server") {
    w.member("compromise_method", "unknown");  // older texts ask for this, newer ones for a type
    w.member("compromise_type", r.type == Type::c2_server ? "malware" : "privilege_escalation");
    if (!r.family.empty()) w.member("malware_family", r.family);
  } else if (kind.category == "content") {
    w.member("url", url_of(r));
    if (kind.type == "remote_compromise") {
      bool changed = r.type == Type::unauthorised_information_modification;
      w.member("compromise_type", changed ? "defacement" : "other");
    } else if (kind.type == "fraud") {
      w.member("fraud_type", "other");
    } else if (kind.type == "exposed_data") {
      w.key("data_types").list().value("other").end();
      w.member("exposure_method", "other");
    }
  } else if (kind.category == "vulnerability") {
    w.member("service", r.identifier.empty() ? std::string(name(r.type)) : r.identifier);
    if (kind.type == "cve") w.member("cve_id", text::upper(r.identifier));
    if (r.port != 0) w.member("service_port", r.port);
    if (r.transport != Transport::none) w.member("protocol", protocol_of(r.transport));
  } else if (kind.category == "reputation") {
    w.member("threat_type", std::string(name(r.type)));
  } else if (kind.category == "messaging") {
    w.member("protocol", "other");  // "smtp" asks for its envelope, which nobody told us
  }
}

}  // namespace

void append_xarf(std::string& out, const XarfReport& r) {
  Kind kind = kind_of(r);
  bool is_account = !r.is_url && r.subject.find_first_of("@#*") != r.subject.npos;  // no host
  if (kind.category == "content" && is_account) kind = {"reputation", "threat_intelligence"};
  json::Writer w;
  w.object();
  w.member("xarf_version", "4.2.0").member("report_id", r.report_id);
  w.member("timestamp", times::format(r.last != 0 ? r.last : r.first));
  party(w, "reporter", r);
  party(w, "sender", r);
  w.member("source_identifier", r.subject);
  w.member("category", kind.category).member("type", kind.type);
  if (!r.description.empty()) w.member("description", r.description);
  w.key("tags").list();
  w.value(fmt::format("rsit:{}", name(r.type)));
  if (r.tlp != Tlp::unmarked) w.value(fmt::format("tlp:{}", name(r.tlp)));
  w.end();
  particulars(w, r, kind);
  w.end();
  out += w.text();
}

}  // namespace tocsin::wire
