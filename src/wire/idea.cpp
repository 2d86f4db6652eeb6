#include "wire/idea.h"

#include <array>

#include "base/json.h"
#include "base/text.h"
#include "wire/uuid.h"

namespace tocsin::wire {
namespace {

struct CategoryRow {
  Type type;
  std::string_view category;
};

// The first row of a type is what is written; a category without a row is read by its first part.
constexpr auto categories = std::to_array<CategoryRow>({
    {Type::spam, "Abusive.Spam"},
    {Type::harmful_speech, "Abusive.Harassment"},
    {Type::violence, "Abusive.Violence"},
    {Type::harmful_speech, "Abusive.Child"},
    {Type::harmful_speech, "Abusive.Sexual"},
    {Type::infected_system, "Intrusion.Botnet"},
    {Type::c2_server, "Intrusion.Botnet.CC"},
    {Type::malware_distribution, "Malware"},
    {Type::malware, "Malware.Virus"},
    {Type::malware, "Malware.Worm"},
    {Type::malware, "Malware.Trojan"},
    {Type::malware, "Malware.Spyware"},
    {Type::malware, "Malware.Dialer"},
    {Type::malware, "Malware.Rootkit"},
    {Type::scanner, "Recon.Scanning"},
    {Type::sniffing, "Recon.Sniffing"},
    {Type::social_engineering, "Recon.SocialEngineering"},
    {Type::scanner, "Recon.Searching"},
    {Type::exploit, "Attempt.Exploit"},
    {Type::brute_force, "Attempt.Login"},
    {Type::exploit, "Attempt.NewSignature"},
    {Type::privileged_account_compromise, "Intrusion.AdminCompromise"},
    {Type::unprivileged_account_compromise, "Intrusion.UserCompromise"},
    {Type::application_compromise, "Intrusion.AppCompromise"},
    {Type::dos, "Availability.DoS"},
    {Type::ddos, "Availability.DDoS"},
    {Type::ddos, "Availibility.DDoS"},  // seen in practice
    {Type::dos, "Availibility.DoS"},
    {Type::sabotage, "Availability.Sabotage"},
    {Type::outage, "Availability.Outage"},
    {Type::unauthorised_information_access, "Information.UnauthorizedAccess"},
    {Type::unauthorised_information_modification, "Information.UnauthorizedModification"},
    {Type::data_leak, "Information.Leak"},
    {Type::unauthorised_use_of_resources, "Fraud.UnauthorizedUsage"},
    {Type::copyright, "Fraud.Copyright"},
    {Type::masquerade, "Fraud.Identity"},
    {Type::phishing, "Fraud.Phishing"},
    {Type::other, "Fraud.Scam"},
    {Type::vulnerable_system, "Vulnerable.Config"},
    {Type::potentially_unwanted_accessible, "Vulnerable.Open"},
    {Type::ids_alert, "Anomaly.Traffic"},
    {Type::ids_alert, "Anomaly.Connection"},
    {Type::ids_alert, "Anomaly.Protocol"},
    {Type::ids_alert, "Anomaly.System"},
    {Type::ids_alert, "Anomaly.Application"},
    {Type::ids_alert, "Anomaly.Behaviour"},
    {Type::test, "Test"},
    {Type::other, "Other"},
    {Type::undetermined, "Other"},
});

// Categories that stand for several types when written.
constexpr auto more = std::to_array<CategoryRow>({
    {Type::malware_configuration, "Malware"},
    {Type::system_compromise, "Intrusion"},
    {Type::burglary, "Intrusion"},
    {Type::misconfiguration, "Availability"},
    {Type::data_loss, "Information"},
    {Type::weak_crypto, "Vulnerable.Config"},
    {Type::ddos_amplifier, "Vulnerable.Open"},
    {Type::information_disclosure, "Vulnerable.Open"},
    {Type::proxy, "Vulnerable.Open"},
    {Type::dga_domain, "Intrusion.Botnet"},
    {Type::blacklist, "Other"},
    {Type::tor, "Other"},
});

// A category's first part alone.
constexpr auto broad = std::to_array<CategoryRow>({
    {Type::spam, "Abusive"},
    {Type::malware, "Malware"},
    {Type::scanner, "Recon"},
    {Type::exploit, "Attempt"},
    {Type::system_compromise, "Intrusion"},
    {Type::dos, "Availability"},
    {Type::dos, "Availibility"},
    {Type::data_leak, "Information"},
    {Type::other, "Fraud"},
    {Type::vulnerable_system, "Vulnerable"},
    {Type::ids_alert, "Anomaly"},
    {Type::test, "Test"},
    {Type::other, "Other"},
});

void end(json::Writer& w, const Row& event, std::string_view prefix) {
  auto field = [&](std::string_view name) {
    return event.text(std::string(prefix).append(".").append(name));
  };
  std::string ip = field("ip"), network = field("network"), name = field("fqdn"),
              url = field("url"), port = field("port"),
              transport = event.text("protocol.transport"),
              application = event.text("protocol.application"), account = field("account");
  if (ip.empty()) ip = network;
  auto one = [&](const char* key, const std::string& value) {
    if (!value.empty()) w.key(key).list().value(value).end();
  };
  w.object();
  one("Hostname", name);
  one(ip.contains(':') ? "IP6" : "IP4", ip);
  if (!port.empty()) w.key("Port").list().raw(port).end();
  if (!transport.empty() || !application.empty()) {
    w.key("Proto").list();
    if (!transport.empty()) w.value(transport);
    if (!application.empty()) w.value(application);
    w.end();
  }
  one("URL", url);
  if (account.contains('@')) one("Email", account);
  w.end();
}

bool any(const Row& event, std::string_view prefix) {
  for (const Member& m : event.members()) {
    if (m.name.starts_with(prefix)) return true;
  }
  return false;
}

}  // namespace

std::string_view idea_category(Type type) {
  for (const auto& row : more) {
    if (row.type == type) return row.category;
  }
  for (const auto& row : categories) {
    if (row.type == type) return row.category;
  }
  return "Other";
}

Type type_of_idea(std::string_view category) {
  for (const auto& row : categories) {
    if (text::equal_fold(row.category, category)) return row.type;
  }
  std::string_view first = category.substr(0, category.find('.'));
  for (const auto& row : broad) {
    if (text::equal_fold(row.category, first)) return row.type;
  }
  return Type::undetermined;
}

void append_idea(std::string& out, const EventBatch& batch, std::size_t row,
                 const Dictionary& words) {
  if (auto whole = member(batch.text(batch.extra[row]), "extra.idea"); whole.starts_with('{')) {
    out += whole;
    return;
  }
  Row event(batch, row, words, Spelling::native);
  std::string native;
  append_nested(native, event.members());
  append_idea(out, event, uuid5(tocsin_namespace(), native));
}

void append_idea(std::string& out, const Row& event, std::string_view id) {
  Type type = type_named(event.text("classification.type")).value_or(Type::undetermined);
  json::Writer w;
  w.object().key("Category").list().value(idea_category(type)).end();
  std::string time = event.text("time.source"), seen = event.text("time.observation");
  std::string text = event.text("event_description.text");
  if (!text.empty()) w.member("Description", text);
  w.member("DetectTime", seen.empty() ? (time.empty() ? times::format(0) : time) : seen);
  if (!time.empty()) w.member("EventTime", time);
  w.member("Format", "IDEA0").member("ID", id);
  std::string feed = event.text("feed.name");
  if (!feed.empty()) {
    w.key("Node").list().object().member("Name", feed).key("Type").list().value("Relay").end();
    w.end().end();
  }
  if (any(event, "source.")) {
    w.key("Source").list();
    end(w, event, "source");
    w.end();
  }
  if (any(event, "destination.")) {
    w.key("Target").list();
    end(w, event, "destination");
    w.end();
  }
  out += w.end().text();
}

}  // namespace tocsin::wire
