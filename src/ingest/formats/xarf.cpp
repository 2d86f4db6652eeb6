// xarf: abuse reports in X-ARF: version 4 and 3 (JSON), and the older YAML part of a mail
// (version 0.2).
// Source: xarf.org, "XARF v4 specification"; abusix/xarf, schemas of version 3; x-arf.org 0.2.
#include "base/text.h"
#include "ingest/json_report.h"

namespace tocsin::ingest {
namespace {

using simdjson::dom::element;

struct TypeRow {
  std::string_view name;  // lower case, - between words
  Type type;
};

// Types of all versions; those of version 4 are unique over its classes but for "fraud".
constexpr auto types = std::to_array<TypeRow>({
    {"spam", Type::spam},
    {"bulk-messaging", Type::spam},
    {"phishing", Type::phishing},
    {"malware", Type::malware_distribution},
    {"malware-attack", Type::malware_distribution},
    {"fraud", Type::masquerade},
    {"csam", Type::violence},
    {"csem", Type::violence},
    {"child-abuse", Type::violence},
    {"exposed-data", Type::data_leak},
    {"brand-infringement", Type::masquerade},
    {"remote-compromise", Type::system_compromise},
    {"suspicious-registration", Type::masquerade},
    {"login-attack", Type::brute_force},
    {"brute-force", Type::brute_force},
    {"auth-failure", Type::brute_force},
    {"port-scan", Type::scanner},
    {"portscan", Type::scanner},
    {"vulnerability-scan", Type::scanner},
    {"vuln-scanning", Type::scanner},
    {"scraping", Type::scanner},
    {"bot", Type::scanner},
    {"ddos", Type::ddos},
    {"ddos-amplification", Type::ddos_amplifier},
    {"infected-host", Type::infected_system},
    {"botnet", Type::infected_system},
    {"bot-infection", Type::infected_system},
    {"compromised-server", Type::system_compromise},
    {"compromised-website", Type::application_compromise},
    {"compromised-account", Type::unprivileged_account_compromise},
    {"sql-injection", Type::exploit},
    {"exploit", Type::exploit},
    {"hack-attack", Type::exploit},
    {"copyright", Type::copyright},
    {"p2p", Type::copyright},
    {"trademark", Type::masquerade},
    {"cyberlocker", Type::copyright},
    {"ugc-platform", Type::copyright},
    {"link-site", Type::copyright},
    {"usenet", Type::copyright},
    {"cve", Type::vulnerable_system},
    {"open-service", Type::potentially_unwanted_accessible},
    {"open", Type::potentially_unwanted_accessible},
    {"misconfiguration", Type::misconfiguration},
    {"blocklist", Type::blacklist},
    {"threat-intelligence", Type::blacklist},
    {"info", Type::other},
});

Type type_of(std::string_view name) {
  std::string wanted = text::lower(name);
  for (char& c : wanted) {
    if (c == '_' || c == ' ') c = '-';
  }
  for (const auto& row : types) {
    if (row.name == wanted) return row.type;
  }
  return Type::undetermined;
}

// An address, network, URL, mail address or name: to the field it fits.
Result<void> set_subject(Sink& sink, std::string_view text, bool source) {
  if (text.empty()) return {};
  auto first = source ? std::array{Field::source_ip, Field::source_url, Field::source_network,
                                   Field::source_fqdn}
                      : std::array{Field::destination_ip, Field::destination_url,
                                   Field::destination_network, Field::destination_fqdn};
  for (Field field : first) {
    if (sink.set(field, text)) return {};
  }
  if (source && text.contains('@')) return sink.set(Field::source_account, text);
  return invalid("neither an address nor a name nor a URL: " + text::quote(text));
}

Result<void> version_4(Sink& sink, element report) {
  std::string type = json_scalar(report, "type");
  sink.type(type_of(type));
  TRY(sink.set(Field::classification_identifier, text::lower(type)));
  TRY(set_subject(sink, json_scalar(report, "source_identifier"), true));
  TRY(sink.set(Field::time_source, json_scalar(report, "timestamp")));
  auto field = [&](const char* key, Field target) {
    sink.set_or_keep(target, json_scalar(report, key));
  };
  field("source_port", Field::source_port);
  field("destination_ip", Field::destination_ip);
  field("destination_port", Field::destination_port);
  field("protocol", Field::protocol_transport);
  field("url", Field::source_url);
  field("domain", Field::source_fqdn);
  field("description", Field::event_description_text);
  field("malware_family", Field::malware_name);
  field("target_brand", Field::event_description_target);
  simdjson::dom::object all;
  if (report.get(all)) return {};
  constexpr auto taken = std::to_array<std::string_view>(
      {"type", "source_identifier", "timestamp", "source_port", "destination_ip",
       "destination_port", "protocol", "url", "domain", "description", "malware_family",
       "target_brand", "evidence", "xarf_version"});
  for (auto member : all) {
    bool known = false;
    for (auto key : taken) known = known || member.key == key;
    if (!known) keep_json(sink, member.key, member.value);
  }
  return {};
}

Result<void> version_3(Sink& sink, element whole) {
  element report;
  if (whole.get_object().at_key("Report").get(report) || !report.is_object())
    return invalid("an X-ARF 3 report without \"Report\"");
  std::string type = json_scalar(report, "ReportType");
  sink.type(type_of(type));
  TRY(sink.set(Field::classification_identifier, text::lower(type)));
  std::string subject = json_scalar(report, "SourceIp");
  if (subject.empty()) subject = json_scalar(report, "SourceUrl");
  TRY(set_subject(sink, subject, true));
  std::string date = json_scalar(report, "Date");
  TRY(sink.set(Field::time_source, date));
  auto field = [&](const char* key, Field target) {
    sink.set_or_keep(target, json_scalar(report, key));
  };
  field("SourcePort", Field::source_port);
  field("SourceUrl", Field::source_url);
  field("DestinationIp", Field::destination_ip);
  field("DestinationPort", Field::destination_port);
  field("Protocol", Field::protocol_transport);
  sink.extra("report_class", json_scalar(report, "ReportClass"));
  element reporter;
  if (!whole.get_object().at_key("ReporterInfo").get(reporter))
    sink.extra("reporter", json_scalar(reporter, "ReporterOrg"));
  return {};
}

// A mail's date: "Sun, 10 May 2026 10:00:00 +0200", with or without the day's name.
Result<TimeUs> mail_date(std::string_view text) {
  if (auto time = times::parse(text)) return time;
  if (auto time = times::parse_as(text, "%a, %d %b %Y %H:%M:%S %z")) return time;
  return times::parse_as(text, "%d %b %Y %H:%M:%S %z");
}

// "Key: value" lines of the part that holds Report-Type; parts are divided by blank or "--" lines.
Result<void> version_0(const Report& report, Sink& sink) {
  std::vector<std::pair<std::string, std::string_view>> block;
  std::size_t first = 1;
  auto value = [&](std::string_view key) {
    for (const auto& [name, text] : block) {
      if (name == key) return text;
    }
    return std::string_view();
  };
  auto finish = [&]() -> Result<bool> {
    if (value("report-type").empty() || value("source").empty()) return false;
    sink.event(first);
    std::string_view type = value("report-type");
    sink.type(type_of(type));
    TRY(sink.set(Field::classification_identifier, text::lower(type)));
    TRY(set_subject(sink, value("source"), true));
    if (std::string_view date = value("date"); !date.empty()) {
      TimeUs time = TRY(mail_date(date));
      sink.time(time);
    }
    sink.set_or_keep(Field::destination_port, value("port"));
    sink.set_or_keep(Field::protocol_application, value("service"));
    if (auto destination = value("destination"); !destination.empty()) {
      if (!set_subject(sink, destination, false)) sink.extra("destination", destination);
    }
    for (auto key : {"report-id", "reported-from", "category", "occurrences", "user-agent"})
      sink.extra(key, value(key));
    return true;
  };
  bool any = false;
  auto close = [&] {
    auto done = finish();
    any = any || !done || *done;
    if (!done) sink.reject(first, done.error());
    block.clear();
  };
  for (auto [number, line] : text::numbered_lines(report.bytes)) {
    if (text::trim(line).empty() || line.starts_with("--")) {
      close();
      continue;
    }
    std::size_t colon = line.find(':');
    if (colon == std::string_view::npos || line[0] == ' ' || line[0] == '#') continue;
    if (block.empty()) first = number;
    std::string_view text = text::trim(line.substr(colon + 1));
    if (text.size() > 1 && (text[0] == '"' || text[0] == '\'') && text.back() == text[0])
      text = text.substr(1, text.size() - 2);
    block.emplace_back(text::lower(text::trim(line.substr(0, colon))), text);
  }
  close();
  if (!any) return invalid("no X-ARF report: neither JSON nor a part with Report-Type and Source");
  return {};
}

Result<void> read(const Report& report, Sink& sink) {
  std::string_view start = text::trim(report.bytes);
  if (!start.starts_with('{') && !start.starts_with('[')) return version_0(report, sink);
  return each_json(report, "", sink, [&](const ParsedRecord& record) -> Result<void> {
    if (!record.root.is_object()) return invalid("not a report: no object");
    sink.event(record.line);
    sink.record(record.bytes);
    element found;
    if (!record.root.get_object().at_key("xarf_version").get(found) ||
        !record.root.get_object().at_key("source_identifier").get(found)) {
      return version_4(sink, record.root);
    }
    return version_3(sink, record.root);
  });
}

}  // namespace

Format xarf() {
  return {.summary = "X-ARF abuse reports: versions 4 and 3 (JSON), 0.2 (mail part)", .read = read};
}

}  // namespace tocsin::ingest
