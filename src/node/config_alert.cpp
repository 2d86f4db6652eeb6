#include "node/config_alert.h"

#include <fmt/format.h>

#include "alert/constituent.h"
#include "alert/mime.h"
#include "base/secret.h"
#include "base/text.h"
#include "base/transfer.h"

namespace tocsin::node {
namespace {

// "07:00" as seconds after midnight.
void read_hour(TomlTable& table, std::string_view key, std::uint32_t& out) {
  std::string text = table.text(key);
  if (text.empty()) return;
  std::string_view rest = text;
  auto hours = text::number(text::cut(rest, ':'));
  auto minutes = text::number(rest);
  if (!hours || !minutes || *hours > 23 || *minutes > 59 || text.size() != 5)
    return table.wrong(key, "must be a time of day in UTC, such as \"07:00\"");
  out = static_cast<std::uint32_t>(*hours * 3600 + *minutes * 60);
}

void read_secret(TomlTable& table, std::string_view key, std::string& out) {
  out = table.text(key, out);
  if (out.empty()) return;
  if (!secret::is_name(out) || secret::looks_like_one("name", out))
    table.wrong(key, "must be the name of a secret, not the secret itself; " +
                         secret::how_to_store("NAME"));
}

void read_path(TomlTable& table, std::string_view key, std::string& out) {
  out = table.text(key);
  if (!out.empty() && !out.starts_with('/')) table.wrong(key, "must be an absolute path");
}

void read_address(TomlTable& table, std::string_view key, std::string& out) {
  out = table.text(key);
  if (out.empty()) return;
  if (auto plain = alert::plain_address(out); !plain) table.wrong(key, plain.error().what);
}

// Mail goes out in the clear to this machine alone.
bool is_loopback(const Url& url) {
  return url.host == "localhost" || url.host.starts_with("127.") || url.host == "[::1]";
}

void read_mail(TomlTable table, alert::MailSettings& mail) {
  mail.server = table.text("server");
  read_address(table, "from", mail.from);
  read_address(table, "bounces_to", mail.bounces_to);
  read_address(table, "reply_to", mail.reply_to);
  mail.username = table.text("username");
  read_secret(table, "password_secret", mail.password_secret);
  read_path(table, "ca_file", mail.ca_file);
  mail.timeout_s = table.seconds("timeout").value_or(mail.timeout_s);
  if (mail.timeout_s < 1 || mail.timeout_s > 600) table.wrong("timeout", "must be 1 s to 10 min");
  constexpr auto words =
      std::to_array<std::pair<std::string_view, bool>>({{"required", false}, {"none", true}});
  mail.without_tls = table.one_of<bool>("tls", words).value_or(false);
  if (!mail.server.empty()) {
    auto url = Url::parse(mail.server, "smtp,smtps");
    if (!url) table.wrong("server", url.error().what);
    if (mail.from.empty()) table.wrong("from", "is missing: the address that mails come from");
    if (url && mail.without_tls && !is_loopback(*url))
      table.wrong("tls", "none is for a mail server on this machine alone");
  }
  if (!mail.username.empty() && mail.password_secret.empty())
    table.wrong("password_secret", "is missing: the name of the secret that holds the password");
  table.finish();
}

void read_webhook(TomlTable table, alert::HookSettings& hook) {
  read_secret(table, "secret", hook.secret);
  read_path(table, "ca_file", hook.ca_file);
  hook.allow_private = table.yes_no("allow_private").value_or(false);
  table.finish();
}

void read_own(TomlTable& table, alert::Settings& settings) {
  read_hour(table, "digest_at", settings.digest_at_s);
  if (std::string word = table.text("at_once"); !word.empty()) {
    auto severity = severity_named(word);
    if (!severity && word != "never")
      table.wrong("at_once", "must be critical, high, medium, low, info or never");
    settings.at_once = severity.value_or(Severity::none);
  }
  settings.at_once_pause_s = table.seconds("at_once_pause").value_or(settings.at_once_pause_s);
  settings.sure_least =
      static_cast<unsigned>(table.number("sure_least", 0, 100).value_or(settings.sure_least));
  settings.max_age_days =
      static_cast<unsigned>(table.number("max_age_days", 1, 366).value_or(settings.max_age_days));
  settings.give_up_days =
      static_cast<unsigned>(table.number("give_up_days", 1, 30).value_or(settings.give_up_days));
  settings.retry_first_s = table.seconds("retry_first").value_or(settings.retry_first_s);
  settings.retry_most_s = table.seconds("retry_most").value_or(settings.retry_most_s);
  if (settings.retry_first_s == 0 || settings.retry_most_s < settings.retry_first_s)
    table.wrong("retry_first", "must be at least 1 s and at most retry_most");
  settings.language = table.text("language", settings.language);
  if (settings.language.empty() || !alert::is_language(settings.language))
    table.wrong("language", "must be the tag of a language, such as \"pt\" or \"pt-BR\"");
  settings.team = table.list("team");
  for (const std::string& address : settings.team) {
    if (!alert::is_mail_address(address))
      table.wrong("team", text::quote(address) + " is no mail address");
  }
  read_hour(table, "team_at", settings.team_at_s);
}

}  // namespace

void read_alert(const toml::table& root, alert::Settings& settings, TomlProblems& problems) {
  const toml::table* own = root["alert"].as_table();
  if (own == nullptr) return;
  TomlTable table(*own, "alert", problems);
  read_own(table, settings);
  if (const toml::table* mail = table.table("mail"))
    read_mail(table.inner(*mail, "mail"), settings.mail);
  if (const toml::table* hook = table.table("webhook"))
    read_webhook(table.inner(*hook, "webhook"), settings.webhook);
  table.finish();
}

void read_policy(const toml::table& root, std::vector<Network>& sensors, TomlProblems& problems) {
  const toml::table* own = root["policy"].as_table();
  if (own == nullptr) return;
  TomlTable table(*own, "policy", problems);
  for (const std::string& text : table.list("sensors")) {
    auto network = ip::parse_network(text);
    if (network) sensors.push_back(*network);
    if (!network) table.wrong("sensors", network.error().what);
  }
  table.finish();
}

std::string_view alert_template() {
  return R"(
[policy]
# sensors = []                # addresses and networks of your own sensors: never told to anybody

# Who is told of what concerns them. Off until somebody has made a dry run and switched it on.
[alert]
# digest_at = "07:00"         # UTC; one mail a day to each constituent that there is news for
# at_once = "critical"        # from this severity on nobody waits for it; "never"
# at_once_pause = "15min"     # between two such mails to one constituent
# sure_least = 50             # percent; below it a constituent is not told
# max_age_days = 7            # what was last seen longer ago is no news
# language = "en"             # of letters to those that name none: en, es, fr, pt, or your own
# team = []                   # who gets the team's own morning mail
# team_at = "06:30"
# retry_first = "1min"        # a server that says later is asked again after that, then longer
# retry_most = "4h"
# give_up_days = 5

[alert.mail]
# server = ""                 # "smtp://mail.example.org:587" (STARTTLS) or "smtps://..."
# from = ""                   # "CERT Example <cert@example.org>"
# bounces_to = ""             # who gets what comes back; the address in from
# reply_to = ""
# username = ""
# password_secret = ""        # the name of a secret
# ca_file = ""                # certificate authorities to trust, PEM; the system's
# tls = "required"            # "none": a server on this machine alone
# timeout = "1min"

[alert.webhook]
# secret = "alert-webhook"    # the name of the secret that signs
# ca_file = ""
# allow_private = false       # also to addresses of private networks
)";
}

}  // namespace tocsin::node
