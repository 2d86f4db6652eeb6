// The X-ARF reports that letters attach, against what the schemas of their types ask for.
// Source: xarf/xarf-spec, schemas/v4: xarf-core.json and types/*.json.
#include <fmt/ranges.h>
#include <re2/re2.h>
#include <simdjson.h>

#include <algorithm>
#include <map>
#include <set>

#include "alert/letter.h"
#include "base/transfer.h"
#include "test.h"

namespace tocsin::alert {
namespace {

using simdjson::dom::element;
using Words = std::vector<std::string_view>;

constexpr TimeUs noon = 1'767'268'800'000'000;  // 2026-01-01T12:00:00Z

// Of a type: what it asks for besides the core, and the closed lists that its members are of.
struct Wanted {
  Words required;
  std::map<std::string_view, Words> lists;
};

const Words transports = {"tcp", "udp", "icmp", "sctp"};
const Words site_compromises = {"webshell",     "backdoor",     "defacement", "malicious_redirect",
                                "seo_spam",     "cryptominer",  "proxy",      "scanner",
                                "phishing_kit", "malware_host", "c2_server",  "other"};
const Words server_compromises = {"webshell",
                                  "backdoor",
                                  "rootkit",
                                  "malware",
                                  "credential_theft",
                                  "privilege_escalation",
                                  "remote_access_trojan",
                                  "cryptominer"};
const Words scans = {"port_scan",
                     "vulnerability_scan",
                     "version_detection",
                     "os_fingerprinting",
                     "service_enumeration",
                     "web_vuln_scan",
                     "mixed",
                     "directory_brute_force"};
const Words exposures = {"misconfigured_server", "open_directory", "database_exposure",
                         "git_repository",       "backup_file",    "log_file",
                         "cloud_storage",        "paste_site",     "forum_post",
                         "ransomware_leak",      "other",          "intentional_leak"};
const Words frauds = {"investment",
                      "romance",
                      "tech_support",
                      "lottery",
                      "shopping",
                      "charity",
                      "advance_fee",
                      "cryptocurrency",
                      "employment",
                      "other",
                      "government_impersonation"};

const std::map<std::string, Wanted> types = {
    {"messaging/spam", {{"protocol"}, {{"protocol", {"smtp", "sms", "chat", "other"}}}}},
    {"connection/port_scan", {{"first_seen", "protocol"}, {{"protocol", transports}}}},
    {"connection/login_attack", {{"first_seen", "protocol"}, {{"protocol", transports}}}},
    {"connection/ddos", {{"first_seen", "protocol"}, {{"protocol", transports}}}},
    {"connection/vulnerability_scan",
     {{"first_seen", "protocol", "scan_type"},
      {{"protocol", {"tcp", "udp", "icmp", "mixed"}}, {"scan_type", scans}}}},
    {"infrastructure/botnet", {{"compromise_evidence"}, {}}},
    {"infrastructure/compromised_server",  // the first in older texts, the second in newer ones
     {{"compromise_method", "compromise_type"}, {{"compromise_type", server_compromises}}}},
    {"content/malware", {{"url"}, {}}},
    {"content/phishing", {{"url"}, {}}},
    {"content/fraud", {{"url", "fraud_type"}, {{"fraud_type", frauds}}}},
    {"content/exposed_data",
     {{"url", "data_types", "exposure_method"}, {{"exposure_method", exposures}}}},
    {"content/remote_compromise",
     {{"url", "compromise_type"}, {{"compromise_type", site_compromises}}}},
    {"vulnerability/cve", {{"service", "service_port", "cve_id"}, {}}},
    {"vulnerability/open_service", {{"service"}, {}}},
    {"vulnerability/misconfiguration", {{"service"}, {}}},
    {"reputation/blocklist", {{"threat_type"}, {}}},
    {"reputation/threat_intelligence", {{"threat_type"}, {}}}};

std::string text_of(const element& report, std::string_view key) {
  std::string_view text;
  return report[key].get(text) ? std::string() : std::string(text);
}

// What is wrong with a report; "": nothing.
std::string wrong_with(const element& report) {
  static const RE2 time(R"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z)");
  static const RE2 uuid("[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}");
  static const RE2 tag("[a-z0-9][a-z0-9_+-]*:[a-z0-9][a-z0-9_+.-]*");
  auto fits = [&](std::string_view key, const RE2& form) {
    return RE2::FullMatch(text_of(report, key), form);
  };
  auto is_there = [&](std::string_view key) {
    element value;
    return report[key].get(value) == simdjson::SUCCESS &&
           (!value.is_string() || !text_of(report, key).empty());
  };
  if (!fits("xarf_version", R"(4\.\d+\.\d+)")) return "xarf_version";
  if (!fits("report_id", uuid)) return "report_id";
  if (text_of(report, "source_identifier").empty()) return "source_identifier";
  if (text_of(report, "description").size() > 1000) return "description";
  if (is_there("_internal")) return "_internal";
  for (std::string_view key : {"timestamp", "first_seen", "last_seen"}) {
    if ((key == "timestamp" || is_there(key)) && !fits(key, time)) return std::string(key);
  }
  for (std::string_view key : {"reporter", "sender"}) {
    element party;
    simdjson::dom::object members;
    if (report[key].get(party) || party.get(members) || members.size() != 3)
      return std::string(key);
    for (std::string_view part : {"org", "contact", "domain"}) {
      if (text_of(party, part).empty()) return fmt::format("{}.{}", key, part);
    }
  }
  for (std::string_view key : {"source_port", "service_port"}) {
    std::uint64_t port = 1;
    if (is_there(key) && (report[key].get(port) || port < 1 || port > 65535))
      return std::string(key);
  }
  simdjson::dom::array list;
  if (report["tags"].get(list)) return "tags";
  for (std::string_view one : list) {
    if (!RE2::FullMatch(one, tag)) return "tags";
  }
  std::string kind = text_of(report, "category") + "/" + text_of(report, "type");
  auto wanted = types.find(kind);
  if (wanted == types.end()) return "no type " + kind;
  for (std::string_view key : wanted->second.required) {
    if (!is_there(key)) return fmt::format("{} without {}", kind, key);
  }
  for (const auto& [key, words] : wanted->second.lists) {
    if (std::ranges::find(words, text_of(report, key)) == words.end())
      return fmt::format("{}: {} is {}", kind, key, text_of(report, key));
  }
  if (is_there("url") && !Url::parse(text_of(report, "url"), "http,https")) return kind + ": url";
  if (is_there("cve_id") && !fits("cve_id", R"(CVE-\d{4}-\d+)")) return kind + ": cve_id";
  if (kind == "messaging/spam" && text_of(report, "protocol") == "smtp" &&
      (!is_there("smtp_from") || !is_there("source_port")))
    return "spam by smtp without smtp_from, source_port";
  if (kind == "content/exposed_data" && report["data_types"].get(list))
    return kind + ": data_types";
  return "";
}

// The attachment about one finding.
std::string attached(Finding f) {
  f.key = {1, 2};
  f.times = 3;
  f.feeds = {"feed"};
  f.tlp = Tlp::amber_strict;
  policy::Rules rules{
      .consent = [](std::string_view) -> policy::Consent { return {.tell_affected = true}; }};
  auto cleared = policy::clear(f, {"c_1", policy::Relation::affected, "soc@example.org"}, rules);
  REQUIRE(cleared);
  Envelope envelope{.node = "CERT Example",
                    .from = "CERT Example <cert@example.org>",
                    .reply_to = "",
                    .constituent = "Bank",
                    .message_id = "tocsin.1@example.org",
                    .date = noon};
  return findings_xarf(std::span(&*cleared, 1), envelope);
}

}  // namespace

TEST_CASE("each X-ARF report that is attached has what its type's schema asks for") {
  struct Subject {
    SubjectKind kind;
    const char* text;
  };
  simdjson::dom::parser parser;
  std::set<std::string> seen, wrong;
  std::size_t reports = 0;
  for (std::size_t number = 0; number < types_count; ++number) {
    auto type = static_cast<Type>(number);
    if (type == Type::test) continue;  // nobody is told
    for (Subject subject :
         {Subject{SubjectKind::address, "192.0.2.7"}, Subject{SubjectKind::address, "2001:db8::7"},
          Subject{SubjectKind::name, "www.example.org"},
          Subject{SubjectKind::url, "https://www.example.org/a?b=c"},
          Subject{SubjectKind::account, "j***@example.org#8a6f1c20e5d3b974"}}) {
      for (const char* identifier : {"", "open-rdp", "cve-2021-44228", "cve-and-more"}) {
        for (std::uint16_t port : {std::uint16_t{0}, std::uint16_t{443}}) {
          for (Transport transport : {Transport::none, Transport::udp, Transport::icmp,
                                      Transport::icmp6, Transport::sctp, Transport::other}) {
            Finding f;
            f.type = type;
            f.subject_kind = subject.kind;
            f.subject = subject.text;
            f.identifier = identifier;
            f.port = port;
            f.transport = transport;
            f.family = "mirai";
            f.controller = "203.0.113.9";
            f.first = port == 0 ? 0 : noon - us_per_day;
            f.last = port == 0 ? noon : noon + 1;  // with a fraction of a second
            std::string line = attached(f);
            REQUIRE(line.ends_with("}\n"));
            element report;
            REQUIRE(!parser.parse(line).get(report));
            ++reports;
            seen.insert(text_of(report, "category") + "/" + text_of(report, "type"));
            CHECK(text_of(report, "source_identifier") == subject.text);
            if (std::string what = wrong_with(report); !what.empty())
              wrong.insert(fmt::format("{} {}: {}", name(type), name(subject.kind), what));
          }
        }
      }
    }
  }
  CHECK(fmt::format("{}", fmt::join(wrong, "\n")) == "");
  CHECK(seen.size() == types.size());  // each of the table came
  CHECK(reports == (types_count - 1) * 5 * 4 * 2 * 6);
}

TEST_CASE("what an X-ARF report is about is said by its type") {
  auto kind = [](Type type, const char* identifier = "", std::uint16_t port = 0) {
    Finding f;
    f.type = type;
    f.subject_kind = SubjectKind::address;
    f.subject = "192.0.2.7";
    f.identifier = identifier;
    f.port = port;
    f.last = noon;
    simdjson::dom::parser parser;
    element report = parser.parse(attached(f));
    return text_of(report, "category") + "/" + text_of(report, "type");
  };
  CHECK(kind(Type::infected_system) == "infrastructure/botnet");
  CHECK(kind(Type::c2_server) == "infrastructure/compromised_server");
  CHECK(kind(Type::unauthorised_information_modification) == "content/remote_compromise");
  CHECK(kind(Type::vulnerable_system, "cve-2021-44228", 443) == "vulnerability/cve");
  CHECK(kind(Type::vulnerable_system, "cve-2021-44228") == "vulnerability/open_service");
  CHECK(kind(Type::potentially_unwanted_accessible, "open-rdp") == "vulnerability/open_service");
  CHECK(kind(Type::system_compromise) == "content/remote_compromise");  // as it is read again
  CHECK(kind(Type::proxy) == "reputation/threat_intelligence");
}

}  // namespace tocsin::alert
