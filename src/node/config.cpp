#include "node/config.h"

#include <fmt/format.h>

#include <toml++/toml.h>
#include <fstream>
#include <iterator>
#include <set>

#include "base/secret.h"
#include "base/text.h"
#include "base/transfer.h"
#include "ingest/feeds.h"
#include "node/config_alert.h"
#include "share/statement.h"

namespace tocsin::node {
namespace {

// Reads the keys of one table, and complains of those nobody asked for.
class Table {
 public:
  Table(const toml::table* table, std::string name, const std::string& path,
        std::vector<std::string>& wrong)
      : table_(table), name_(std::move(name)), path_(path), wrong_(wrong) {}

  const toml::node* node(std::string_view key) {
    known_.insert(std::string(key));
    return table_ == nullptr ? nullptr : table_->get(key);
  }
  void text(std::string_view key, std::string& out) {
    const auto* at = node(key);
    if (at == nullptr) return;
    if (auto value = at->value<std::string>(); at->is_string() && value) {
      out = *value;
    } else {
      complain(*at, key, "a text");
    }
  }
  void flag(std::string_view key, bool& out) {
    const auto* at = node(key);
    if (at == nullptr) return;
    if (at->is_boolean()) {
      out = *at->value<bool>();
    } else {
      complain(*at, key, "true or false");
    }
  }
  template <class T>
  void number(std::string_view key, T& out, std::int64_t least, std::int64_t most) {
    const auto* at = node(key);
    if (at == nullptr) return;
    auto value = at->value<std::int64_t>();
    if (at->is_integer() && value && *value >= least && *value <= most) {
      out = static_cast<T>(*value);
    } else {
      complain(*at, key, fmt::format("a whole number from {} to {}", least, most));
    }
  }
  void complain(const toml::node& at, std::string_view key, std::string_view valid) {
    wrong_.push_back(
        fmt::format("{}:{}: {}.{}: must be {}", path_, at.source().begin.line, name_, key, valid));
  }
  // What is left over is a mistake.
  void finish() {
    if (table_ == nullptr) return;
    for (const auto& [key, value] : *table_) {
      if (known_.contains(std::string(key.str()))) continue;
      std::string all;
      for (const auto& known : known_) all += (all.empty() ? "" : ", ") + known;
      wrong_.push_back(fmt::format("{}:{}: {}.{}: unknown key; there is {}", path_,
                                   key.source().begin.line, name_, key.str(), all));
    }
  }

 private:
  const toml::table* table_;
  std::string name_;
  const std::string& path_;
  std::vector<std::string>& wrong_;
  std::set<std::string> known_;
};

void read_server(Table server, Config& config) {
  server.text("listen", config.listen);
  server.number("port", config.port, 0, 65535);
  server.text("certificate_file", config.certificate_file);
  server.text("key_file", config.key_file);
  server.flag("client_certificates", config.client_certificates);
  if (const auto* names = server.node("host_names")) {
    const auto* list = names->as_array();
    for (std::size_t i = 0; list != nullptr && i < list->size(); ++i) {
      if (auto name = (*list)[i].value<std::string>()) config.host_names.push_back(*name);
    }
    if (list == nullptr || config.host_names.size() != list->size())
      server.complain(*names, "host_names", "a list of texts");
  }
  server.finish();
}

// What is kept shorter than the rest.
void read_rule(Table rule, Config& config) {
  Config::RetentionRule out;
  auto words = [&](std::string_view key, auto take) {
    const auto* at = rule.node(key);
    const auto* list = at == nullptr ? nullptr : at->as_array();
    if (at != nullptr && list == nullptr) rule.complain(*at, key, "a list of texts");
    for (std::size_t i = 0; list != nullptr && i < list->size(); ++i) {
      if (!take((*list)[i].value_or(std::string_view{})))
        rule.complain((*list)[i], key,
                      key == "types" ? "types such as \"brute-force\""
                                     : "clear, green, amber, amber+strict, red, unmarked");
    }
  };
  words("types", [&](std::string_view word) {
    auto type = type_named(word);
    if (type) out.types.push_back(*type);
    return type.has_value();
  });
  words("tlp", [&](std::string_view word) {
    auto tlp = word == "unmarked" ? std::optional(Tlp::unmarked) : tlp_named(word);
    if (tlp) out.tlps.push_back(*tlp);
    return tlp.has_value();
  });
  rule.number("months", out.months, 1, 1200);
  rule.finish();
  if (out.months > 0) config.retention_rules.push_back(std::move(out));
}

void read_enrich(const toml::table* table, Config& config) {
  if (table == nullptr) return;
  for (const auto& [key, value] : *table) {
    if (auto text = value.value<std::string>())
      config.enrich.emplace(std::string(key.str()), *text);
  }
}

void read_push(Table push, const std::string& name, const toml::table& at, Config& config) {
  share::Push out{.name = name};
  std::string dialect = "tocsin";
  push.text("member", out.member);
  push.text("url", out.url);
  push.text("secret", out.secret);
  push.text("agreement", out.agreement);
  push.text("dialect", dialect);
  auto known = share::push_dialect_named(dialect);
  if (!known) push.complain(at, "dialect", "tocsin, idea or intelmq");
  out.dialect = known.value_or(share::PushDialect::tocsin);
  if (!secret::is_name(name)) push.complain(at, "NAME", "letters, digits, '.', '_' and '-'");
  if (!share::is_member(out.member)) push.complain(at, "member", "the id of a partner");
  if (!Url::parse(out.url, "http,https")) push.complain(at, "url", "an https URL");
  if (!secret::is_name(out.secret))
    push.complain(at, "secret", "the name of the secret that signs");
  if (config.member.empty()) push.complain(at, "member", "beside share.member");
  push.finish();
  config.pushes.push_back(std::move(out));
}

}  // namespace

Result<Config> parse_config(std::string_view text, const std::string& path,
                            const std::string& home) {
  Config config;
  config.path = path;
  toml::table root;
  try {
    root = toml::parse(text);
  } catch (const toml::parse_error& error) {
    return invalid(fmt::format("{}:{}: {}", path, error.source().begin.line, error.description()));
  }
  std::vector<std::string> wrong;
  auto table = [&](std::string_view name) {
    return Table(root[name].as_table(), std::string(name), path, wrong);
  };

  Table node = table("node");
  node.text("name", config.name);
  node.text("host", config.host);
  node.text("contact", config.contact);
  node.text("proxy", config.proxy);
  node.text("ca_file", config.ca_file);
  node.flag("simulated", config.simulated);
  if (const auto* at = node.node("country")) {
    auto country = Country::parse(at->value_or(std::string_view{}));
    if (country) config.country = *country;
    if (!country)
      node.complain(*at, "country", "a country code of two letters (ISO 3166), such as \"BR\"");
  }
  node.finish();
  read_server(table("server"), config);
  Table store = table("store");
  store.number("columns_memory_mb", config.columns_memory_mb, 64, 1 << 20);
  store.number("columns_threads", config.columns_threads, 1, 256);
  store.number("counts_memory_mb", config.counts_memory_mb, 16, 1 << 20);
  store.number("counts_threads", config.counts_threads, 1, 256);
  store.number("duplicates_memory_mb", config.duplicates_memory_mb, 16, 1 << 20);
  store.finish();
  Table retention = table("retention");
  retention.number("events_months", config.events_months, 1, 1200);
  retention.number("exact_counts_months", config.exact_counts_months, 1, 1200);
  retention.number("audit_months", config.audit_months, 1, 1200);
  if (const auto* rules = retention.node("rule")) {
    const auto* list = rules->as_array();
    if (list == nullptr) retention.complain(*rules, "rule", "a list of tables: [[retention.rule]]");
    for (std::size_t i = 0; list != nullptr && i < list->size(); ++i)
      read_rule(Table((*list)[i].as_table(), "retention.rule", path, wrong), config);
  }
  retention.finish();
  Table law = table("law");
  std::string erased = "drop";
  law.text("erased", erased);
  config.mask_erased = erased == "mask";
  if (const auto* at = law.node("erased"); at != nullptr && erased != "drop" && erased != "mask")
    law.complain(*at, "erased", "\"drop\" or \"mask\"");
  law.finish();
  Table raw = table("raw");
  raw.number("days", config.raw_days, 0, 36500);
  raw.number("size_max_mb", config.raw_size_max_mb, 0, 1 << 20);
  raw.number("disk_max_mb", config.raw_disk_max_mb, 0, 1 << 30);
  raw.finish();
  Table share = table("share");
  share.text("member", config.member);
  share.text("url", config.member_url);
  share.flag("allow_private", config.share_private);
  share.number("offered_days", config.offered_days, 1, 3650);
  share.number("misp_days", config.misp_days, 1, 3650);
  if (const auto* at = share.node("member"); at != nullptr && !share::is_member(config.member))
    share.complain(*at, "member",
                   "small letters, digits, '.', '_' and '-', as \"cert.example.org\"");
  if (const auto* at = share.node("url"); at != nullptr && config.member.empty())
    share.complain(*at, "url", "beside share.member");
  if (const auto* at = share.node("member"); at != nullptr && config.member_url.empty())
    share.complain(*at, "member", "beside share.url, where partners reach this node");
  share.finish();
  if (const auto* pushes = root["push"].as_table()) {
    for (const auto& [key, value] : *pushes) {
      std::string name(key.str());
      if (const auto* one = value.as_table())
        read_push(Table(one, "push." + name, path, wrong), name, *one, config);
      else
        wrong.push_back(
            fmt::format("{}:{}: push.{}: must be a table", path, value.source().begin.line, name));
    }
  }
  read_enrich(root["enrich"].as_table(), config);
  TomlProblems problems(path);
  read_alert(root, config.alert, problems);
  read_policy(root, config.sensors, problems);
  read_sign_in(root, problems, config.sign_in);
  if (auto good = problems.result(); !good) wrong.push_back(good.error().what);
  for (const auto& [key, value] : root) {
    static const std::set<std::string_view> known = {
        "node", "server", "store",  "retention", "law",   "raw",  "people", "proxy",
        "oidc", "enrich", "policy", "alert",     "share", "push", "feed"};
    if (known.contains(key.str()) && value.is_table()) continue;
    wrong.push_back(
        fmt::format("{}:{}: {}: unknown table; there is node, server, store, retention, law, raw, "
                    "people, proxy, oidc, enrich, policy, alert, share, push.NAME, feed.NAME",
                    path, key.source().begin.line, key.str()));
  }
  auto feeds = ingest::read_feeds(text, path,
                                  {.contact = config.contact,
                                   .proxy = config.proxy,
                                   .ca_file = config.ca_file,
                                   .gnupg_home = home + "/gnupg"});
  if (feeds) config.feeds = *std::move(feeds);
  if (!feeds) wrong.push_back(feeds.error().what);
  if (wrong.empty()) return config;
  std::string all;
  for (const auto& line : wrong) all += (all.empty() ? "" : "\n") + line;
  return invalid(all);
}

Result<Config> read_config(const std::string& path, const std::string& home) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return missing("cannot read the configuration " + text::quote(path));
  std::string text(std::istreambuf_iterator<char>(file), {});
  return parse_config(text, path, home);
}

std::string config_template() {
  std::string text =
      R"(# Tocsin: the configuration of one node. What is commented out is the default.

[node]
# name = "This node"          # how the console and partners call it
# host = "localhost"
# country = "BR"              # the country this node looks after: ISO 3166, two letters
# contact = ""                # address of who runs it, told to those whose feeds it fetches
# proxy = ""                  # for feeds that are fetched
# ca_file = ""                # certificate authorities to trust for them, PEM

[server]
# listen = "127.0.0.1"        # other addresses need TLS
# port = 8420
# certificate_file = ""
# key_file = ""
# client_certificates = false # ask for one: partners' nodes then need no token (docs/partners.md)
# host_names = []             # names that browsers may use for it, besides localhost

[store]
# columns_memory_mb = 512     # for questions over events
# columns_threads = 1         # more: faster questions over events, slower intake
# counts_memory_mb = 256
# counts_threads = 2
# duplicates_memory_mb = 192

[retention]
# events_months = 14
# exact_counts_months = 14    # then only finished figures stay
# audit_months = 24           # who did what

# [[retention.rule]]          # shorter for some, by type, by marking, or both
# types = ["brute-force"]
# tlp = ["red", "amber+strict"]
# months = 3

[law]
# erased = "drop"             # an erased subject told again: "drop" the event, or "mask" it

[raw]                         # reports as they came, packed, to be read anew
# days = 30                   # 0: none are kept; a feed may say raw_days of its own
# size_max_mb = 256           # larger reports are not kept; a feed may say raw_size_max_mb
# disk_max_mb = 20480         # the oldest go first

[people]
# idle_hours = 12             # a session ends after so long without use
# session_days = 7            # and after so long at all
# requests_per_s = 200        # of one session or token

# [proxy] and [oidc]: sign-in by others; docs/people.md

[enrich]
# location_database = "/var/lib/location/database.db"
# warninglists = ""           # a folder of MISP warning lists
)";
  text += alert_template();
  text += R"(
[share]                       # this node as a member of a network: docs/partners.md
# member = "cert.example.org" # its id there, for ever; partners know its keys under it
# url = "https://tocsin.example.org"   # where partners reach it
# allow_private = false       # partners' nodes may have private addresses
# offered_days = 30           # how long partners may still fetch what came in
# misp_days = 7               # days that a partner's MISP feed holds: docs/misp.md

# What a partner gets by POST: docs/push.md
# [push.warden]
# member = "cert.example.net"
# url = "https://events.example.net/tocsin"
# dialect = "idea"            # tocsin, idea, intelmq
# secret = "push-warden"      # the name of the secret that signs
)";
  return text + R"(
# One table a feed. Secrets never stand here: name a file or a credential.
# [feed.morning-reports]
# collector = "directory"
# format = "shadowserver"
# path = "/srv/reports"
# charset = "KOI8-R"          # of texts that are not UTF-8 and tell none: iconv's name
# tlp = "amber"
# tell_affected = true        # its provider lets you tell those affected, and nobody else
)";
}

}  // namespace tocsin::node
