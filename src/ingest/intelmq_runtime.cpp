#include "ingest/intelmq_runtime.h"

#include <fmt/format.h>
#include <re2/re2.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "base/ip.h"
#include "base/public_ip.h"
#include "base/secret.h"
#include "base/text.h"
#include "base/transfer.h"
#include "base/yaml.h"
#include "ingest/catalogue.h"
#include "ingest/feeds.h"
#include "ingest/formats.h"
#include "ingest/mapping.h"
#include "model/field.h"
#include "model/taxonomy.h"

namespace tocsin::ingest {
namespace {

constexpr std::string_view bots = "intelmq.bots.";
constexpr std::string_view own_feed = "drop";  // of every node: files dropped into its folder
constexpr std::uint64_t interval_s_max = 366 * 86'400;

struct Bot {
  std::string name, group, module, title;  // module without "intelmq.bots."
  bool enabled = true;
  const yaml::Value* parameters = nullptr;
  std::vector<std::string> to;  // names of bots

  std::string parameter(std::string_view key) const {
    return parameters == nullptr ? std::string() : parameters->text_of(key);
  }
};
using Bots = std::map<std::string, Bot>;

// One feed as it is put together.
struct Draft {
  std::string name;
  std::vector<std::pair<std::string, std::string>> lines;  // key, TOML value
  std::vector<std::string> left;                           // what was not mapped, and why
  std::set<std::string> used;                              // parameters

  void text(std::string_view key, std::string_view value);
  void raw(std::string_view key, std::string value);  // what was said last of a key holds
  void lack(std::string what) { left.push_back(std::move(what)); }
};

std::string toml_text(std::string_view text) {
  std::string out = "\"";
  for (char c : text) {
    auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      (out += '\\') += c;
    } else if (byte < 0x20 || byte == 0x7f) {
      out += fmt::format("\\u{:04x}", byte);
    } else {
      out += c;
    }
  }
  return out + '"';
}

void Draft::raw(std::string_view key, std::string value) {
  std::erase_if(lines, [&](const auto& line) { return line.first == key; });
  lines.emplace_back(key, std::move(value));
}

void Draft::text(std::string_view key, std::string_view value) {
  if (auto why = secret::looks_like_one("", value)) {
    lack(fmt::format("{}: not copied, it looks like {}", key, *why));
  } else if (!value.empty()) {
    raw(key, toml_text(value));
  }
}

// A comment's line: nothing of it may end the comment.
std::string one_line(std::string_view text) {
  return text::printable(text);
}

// The name of a feed, and the begin of its secrets' names: short enough for both, and no token.
std::string slug(std::string_view text) {
  constexpr std::size_t name_bytes_max = 48;
  std::string out;
  for (char c : text::lower(text)) {
    bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    if (plain) {
      out += c;
    } else if (!out.empty() && out.back() != '-') {
      out += '-';
    }
  }
  if (out.size() > name_bytes_max) out.resize(name_bytes_max);
  while (out.ends_with('-')) out.pop_back();
  bool token = secret::looks_like_one("", out + "-password") || secret::looks_like_one("", out);
  return out.empty() || token ? "feed" : out;
}

bool is_yes(std::string_view text) {
  return text::equal_fold(text, "true") || text::equal_fold(text, "yes") || text == "1";
}

void add_targets(const yaml::Value* queues, std::vector<std::string>& to) {
  if (queues == nullptr) return;
  auto add = [&](std::string_view queue) {
    if (queue.ends_with("-queue")) queue.remove_suffix(6);
    to.emplace_back(queue);
  };
  if (queues->kind == yaml::Value::Kind::scalar) add(queues->text);
  for (const auto& item : queues->items) add_targets(&item, to);
  for (const auto& [path, value] : queues->map) add_targets(&value, to);
}

Result<Bots> read_bots(const yaml::Value& root) {
  if (root.kind != yaml::Value::Kind::map) return invalid("not a configuration of bots: no map");
  Bots all;
  for (const auto& [name, value] : root.map) {
    std::string module = value.text_of("module");
    if (!module.starts_with(bots)) continue;  // `global`, and what is not IntelMQ's own
    Bot bot{.name = name, .group = value.text_of("group"), .module = module.substr(bots.size())};
    bot.title = value.text_of("name");
    std::string enabled = value.text_of("enabled");
    bot.enabled = enabled.empty() || is_yes(enabled);
    bot.parameters = value.find("parameters");
    if (bot.parameters != nullptr) add_targets(bot.parameters->find("destination_queues"), bot.to);
    if (bot.to.empty()) add_targets(value.find("destination_queues"), bot.to);
    all.emplace(name, std::move(bot));
  }
  if (all.empty()) return invalid("no bot of IntelMQ in it: nothing has a module intelmq.bots...");
  return all;
}

// The parsers that a bot's messages reach first.
std::vector<const Bot*> parsers_of(const Bots& all, const Bot& from) {
  std::vector<const Bot*> found;
  std::vector<std::string> open = from.to;
  std::set<std::string> seen;
  while (!open.empty()) {
    std::string name = open.back();
    open.pop_back();
    auto at = all.find(name);
    if (at == all.end() || !seen.insert(name).second) continue;
    if (at->second.module.starts_with("parsers.")) {
      found.push_back(&at->second);
    } else {
      open.insert(open.end(), at->second.to.begin(), at->second.to.end());
    }
  }
  std::ranges::sort(found, {}, &Bot::name);
  return found;
}

// ---- formats

struct FormatRow {
  std::string_view module, format;
};
constexpr auto formats_of_parsers = std::to_array<FormatRow>({
    {"parsers.abusech.parser_feodotracker", "feodo_tracker"},
    {"parsers.alienvault.parser", "alienvault_reputation"},
    {"parsers.anubisnetworks.parser", "anubisnetworks"},
    {"parsers.blocklistde.parser", "blocklist_de"},
    {"parsers.blueliv.parser_crimeserver", "blueliv_crimeserver"},
    {"parsers.cert_eu.parser_csv", "cert_eu"},
    {"parsers.ci_army.parser", "cins"},
    {"parsers.cleanmx.parser", "cleanmx"},
    {"parsers.cymru.parser_cap_program", "cymru_cap"},
    {"parsers.cymru.parser_full_bogons", "fullbogons"},
    {"parsers.cznic.parser_haas", "haas"},
    {"parsers.danger_rulez.parser", "danger_rulez"},
    {"parsers.dataplane.parser", "dataplane"},
    {"parsers.dshield.parser_block", "dshield_block"},
    {"parsers.dyn.parser", "ponmocup"},
    {"parsers.eset.parser", "eset_domains"},
    {"parsers.fraunhofer.parser_dga", "fraunhofer_dga"},
    {"parsers.hibp.parser_callback", "hibp"},
    {"parsers.json.parser", "intelmq"},
    {"parsers.malwarepatrol.parser_dansguardian", "malwarepatrol"},
    {"parsers.malwareurl.parser", "malwareurl"},
    {"parsers.microsoft.parser_bingmurls", "microsoft_bing"},
    {"parsers.microsoft.parser_ctip", "microsoft_ctip_azure"},
    {"parsers.misp.parser", "misp"},
    {"parsers.n6.parser_n6stomp", "n6"},
    {"parsers.openphish.parser", "openphish"},
    {"parsers.openphish.parser_commercial", "openphish_commercial"},
    {"parsers.phishtank.parser", "phishtank"},
    {"parsers.shadowserver.parser", "shadowserver"},
    {"parsers.shadowserver.parser_json", "shadowserver"},
    {"parsers.shodan.parser", "shodan"},
    {"parsers.spamhaus.parser_cert", "spamhaus_cert"},
    {"parsers.spamhaus.parser_drop", "spamhaus_drop"},
    {"parsers.surbl.parser", "surbl"},
    {"parsers.torproject.parser", "tor_nodes"},
    {"parsers.turris.parser", "turris_greylist"},
    {"parsers.vxvault.parser", "vxvault"},
    {"parsers.zoneh.parser", "zoneh"},
});

std::vector<std::string> columns_of(const Bot& parser) {
  std::vector<std::string> columns;
  const yaml::Value* value =
      parser.parameters == nullptr ? nullptr : parser.parameters->find("columns");
  if (value == nullptr) return columns;
  for (const auto& item : value->items) columns.emplace_back(text::trim(item.text));
  std::string_view rest = value->text;
  while (!rest.empty()) columns.emplace_back(text::trim(text::cut(rest, ',')));
  return columns;
}

std::string time_format_of(std::string_view told, Draft& draft) {
  if (told.empty() || told == "fuzzy") return "";
  if (told == "timestamp" || told == "from_timestamp") return "epoch";
  if (told == "epoch_millis") return "epoch_ms";
  if (told == "windows_nt" || told == "from_windows_nt") return "filetime";
  std::string_view rest = told, word = text::cut(rest, '|');
  if (word == "from_format" || word == "from_format_midnight") return std::string(rest);
  draft.lack(
      fmt::format("time_format {}: give the mapping's time a strptime pattern", text::quote(told)));
  return "";
}

// Can a mapping write to it: "source.ip", "source.ip|source.fqdn", "extra.tag"?
bool is_target(std::string_view column) {
  if (column.starts_with("extra.")) return column.size() > 6;
  while (!column.empty()) {
    std::string_view one = text::cut(column, '|');
    if (one.starts_with("node.") || !field_named(one)) return false;
  }
  return true;
}

// A mapping file of what generic parsers were told. Source: docs/mappings.md.
std::string mapping_of(const Bot& parser, std::string_view input, Draft& draft) {
  auto columns = columns_of(parser);
  std::string list, fields;
  std::set<std::string> given;
  std::string time = time_format_of(parser.parameter("time_format"), draft);
  std::string scheme = parser.parameter("default_url_protocol");
  scheme = scheme.substr(0, scheme.find(':'));
  for (const auto& column : columns) {
    bool passed = column.empty() || column == "__IGNORE__" || column == "None";
    if (!passed && !is_target(column)) {
      draft.lack(fmt::format("the column {}: no field here has that name", text::quote(column)));
      passed = true;
    }
    if (!passed && !given.insert(column).second) {
      draft.lack(fmt::format("the column {}: said twice, the first is read", text::quote(column)));
      passed = true;
    }
    list += fmt::format("{}{}", list.empty() ? "" : ", ", passed ? "\"\"" : toml_text(column));
    if (passed) continue;
    std::string value = toml_text(column);
    if (column.starts_with("time.") && !time.empty())
      value = fmt::format("{{column = {}, time = {}}}", toml_text(column), toml_text(time));
    if (column.ends_with(".url") && !scheme.empty())
      value = fmt::format("{{column = {}, scheme = {}}}", toml_text(column), toml_text(scheme));
    fields += fmt::format("{} = {}\n", toml_text(column), value);
  }
  std::string out =
      fmt::format("summary = {}\ninput = \"{}\"\n",
                  toml_text(fmt::format("as IntelMQ's {} reads it", parser.name)), input);
  if (input == "csv") {
    if (std::string d = parser.parameter("delimiter"); !d.empty() && d != ",")
      out += fmt::format("delimiter = {}\n", toml_text(d));
    out += "comments = [\"#\"]\n";
  }
  bool header = is_yes(parser.parameter(input == "csv" ? "skip_header" : "skip_table_head"));
  if (header) out += "header = true\n";
  out += fmt::format("columns = [{}]\nzone = \"UTC\"\n\n[fields]\n{}", list, fields);
  std::string type = parser.parameter("type");
  if (!type.empty() && !type_named(type)) {
    draft.lack(fmt::format("type = {}: no event type here has that name", text::quote(type)));
  } else if (!type.empty()) {
    out += fmt::format("\n[constants]\n\"classification.type\" = {}\n", toml_text(type));
  }
  for (std::string_view key :
       {"type_translation", "column_regex_search", "filter_text", "filter_type", "data_type",
        "ignore_values", "attribute_name", "html_parser", "split_column"}) {
    std::string told = parser.parameter(key);
    if (told.empty() || told == "''" || told == "html.parser") continue;
    if (key == "filter_type" && parser.parameter("filter_text").empty()) continue;
    draft.lack(fmt::format("{} = {}: write it into the mapping by hand (docs/mappings.md)", key,
                           text::quote(told)));
  }
  return out;
}

// The format for a parser; "" and a reason in `draft` if there is none. A mapping goes to `out`.
std::string format_of(const Bot& parser, Draft& draft, const std::string& mapping_folder,
                      Migrated& out) {
  std::string_view input = parser.module == "parsers.generic.parser_csv"  ? "csv"
                           : parser.module == "parsers.html_table.parser" ? "html_table"
                                                                          : "";
  if (!input.empty() && columns_of(parser).empty()) {
    draft.lack(parser.name + ": its parser names no columns");
    return "";
  }
  if (!input.empty()) {
    std::string mapping = mapping_of(parser, input, draft);
    if (auto good = parse_mapping(mapping, parser.name); !good) {
      draft.lack("no mapping of its parser: " + good.error().what);
      return "";
    }
    out.mappings[draft.name] = std::move(mapping);
    if (mapping_folder.empty())
      draft.lack("its mapping is not kept: run again with --mappings FOLDER");
    draft.text("mapping",
               fmt::format("{}/{}.toml", mapping_folder.empty() ? "/etc/tocsin" : mapping_folder,
                           draft.name));
    return std::string(input);
  }
  for (const auto& row : formats_of_parsers) {
    if (row.module == parser.module && find_format(row.format)) return std::string(row.format);
  }
  draft.lack(fmt::format("no format for the parser {} ({}): write a mapping (docs/mappings.md)",
                         parser.name, parser.module));
  return "";
}

// ---- collectors

void note_secret(Draft& draft, const Bot& bot, std::string_view parameter, std::string_view key) {
  draft.used.insert(std::string(parameter));
  if (bot.parameter(parameter).empty()) return;
  std::string secret = fmt::format("{}-{}", draft.name, key == "key_secret" ? "key" : "password");
  draft.text(key, secret);
  draft.lack(fmt::format("{}: secrets are not copied; store it as {} (docs/operations.md)",
                         parameter, secret));
}

std::string take(Draft& draft, const Bot& bot, std::string_view parameter) {
  draft.used.insert(std::string(parameter));
  return bot.parameter(parameter);
}

// Takes a password and keys out of a URL: the password goes where Basic authentication has it, the
// first key to {key}. What has no place makes Draft::text() leave the URL out.
void take_url(Draft& draft, std::string url) {
  std::string key_name = draft.name + "-key", password_name = draft.name + "-password";
  if (auto at = url.find("://"); at != url.npos) {
    std::size_t host = at + 3, end = std::min(url.find_first_of("/?#", host), url.size());
    std::string authority = url.substr(host, end - host);
    if (auto user = authority.rfind('@'); user != authority.npos) {
      std::string_view who = std::string_view(authority).substr(0, user);
      draft.text("username", text::cut(who, ':'));
      if (!who.empty()) {
        draft.text("password_secret", password_name);
        draft.lack("the password in http_url: secrets are not copied; store it as " +
                   password_name + " (docs/operations.md)");
      }
      url.erase(host, user + 1);
    }
  }
  bool has_key = false;
  for (auto at = url.find('?'); at != url.npos && !has_key; at = url.find('&', at + 1)) {
    std::size_t equals = url.find('=', at),
                end = std::min(url.find_first_of("&#", at + 1), url.size());
    if (equals == url.npos || equals > end) continue;
    auto part = url.substr(at + 1, end - at - 1);
    if (!secret::looks_like_one("", "x://x?" + part)) continue;
    url.replace(equals + 1, end - equals - 1, "{key}");
    has_key = true;
    draft.text("key_secret", key_name);
    draft.lack("the key in http_url: secrets are not copied; store it as " + key_name +
               " (docs/operations.md)");
  }
  draft.text("url", url);
}

// The part of a URL that a catalogue's entry is known by.
std::string_view bare(std::string_view url) {
  if (auto at = url.find("://"); at != url.npos) url.remove_prefix(at + 3);
  if (url.starts_with("www.")) url.remove_prefix(4);
  while (url.ends_with('/')) url.remove_suffix(1);
  return url;
}

bool take_http(Draft& draft, const Bot& bot) {
  std::string url = take(draft, bot, "http_url");
  if (is_yes(take(draft, bot, "http_url_formatting"))) {
    for (auto [theirs, ours] : {std::pair{"{time[%Y]}", "{Y}"},
                                {"{time[%m]}", "{M}"},
                                {"{time[%d]}", "{D}"},
                                {"{time[%Y-%m-%d]}", "{Y}-{M}-{D}"}}) {
      for (auto at = url.find(theirs); at != url.npos; at = url.find(theirs))
        url.replace(at, std::string_view(theirs).size(), ours);
    }
    if (url.contains("{time"))
      return draft.lack("http_url_formatting: only year, month and day have a place: {Y} {M} {D}"),
             false;
  }
  if (url.empty()) return draft.lack("http_url is missing"), false;
  for (const auto& entry : catalogue()) {
    if (bare(entry.url()) != bare(url) || !entry.missing.empty()) continue;
    draft.text("catalogue", entry.feed.name);
    draft.raw("accept_terms", "true");
    draft.lack("its terms: take the # away when you have read and accept them: " +
               terms_line(entry.feed.terms));
    return true;
  }
  draft.text("collector", "http");
  take_url(draft, url);
  draft.text("username", take(draft, bot, "http_username"));
  note_secret(draft, bot, "http_password", "password_secret");
  std::string proxy = take(draft, bot, "https_proxy");
  if (proxy.empty()) proxy = take(draft, bot, "http_proxy");
  if (proxy.empty() || Url::parse(proxy, "http,https,socks5,socks5h") ||
      secret::looks_like_one("", proxy)) {
    draft.text("proxy", proxy);
  } else {
    draft.lack(fmt::format("proxy {}: no URL", text::quote(proxy)));
  }
  return true;
}

bool take_file(Draft& draft, const Bot& bot) {
  std::string path = take(draft, bot, "path"), postfix = take(draft, bot, "postfix");
  if (!path.starts_with('/')) return draft.lack("path is no absolute path"), false;
  draft.text("collector", "directory");
  draft.text("path", path);
  if (!postfix.empty()) draft.text("pattern", "*" + postfix);
  if (is_yes(take(draft, bot, "delete_file"))) draft.text("after", "delete");
  return true;
}

bool is_pattern(const std::string& text) {
  return re2::RE2(text, re2::RE2::Quiet).ok();
}

bool take_mail(Draft& draft, const Bot& bot) {
  std::string host = take(draft, bot, "mail_host"), port = take(draft, bot, "mail_port");
  std::string tls = take(draft, bot, "mail_ssl");
  if (host.empty()) return draft.lack("mail_host is missing"), false;
  bool plain = !tls.empty() && !is_yes(tls);
  draft.text("collector", "imap");
  draft.text("url", fmt::format("{}://{}{}{}", plain ? "imap" : "imaps", host,
                                port.empty() ? "" : ":", port));
  draft.text("username", take(draft, bot, "mail_user"));
  note_secret(draft, bot, "mail_password", "password_secret");
  draft.text("folder", take(draft, bot, "folder"));
  for (auto [theirs, ours] : {std::pair{"attach_regex", "attachments"}, {"url_regex", "links"}}) {
    std::string told = take(draft, bot, theirs);
    if (is_pattern(told)) {
      draft.text(ours, told);
    } else {
      draft.lack(fmt::format("{} = {}: no pattern of RE2", theirs, text::quote(told)));
    }
  }
  if (bot.module.ends_with("_body")) draft.raw("body", "true");
  for (auto [theirs, ours] : {std::pair{"subject_regex", "subject"}, {"sent_from", "from"}}) {
    std::string told = take(draft, bot, theirs);
    if (told.empty()) continue;
    bool plain_text = told.find_first_of("\\^$.|?*+()[]{}") == told.npos;
    if (plain_text) draft.text(ours, told);
    if (!plain_text)
      draft.lack(fmt::format("{} = {}: {} takes a text that it contains, no pattern", theirs,
                             text::quote(told), ours));
  }
  return true;
}

bool take_shadowserver(Draft& draft, const Bot& bot) {
  draft.text("collector", "shadowserver_api");
  note_secret(draft, bot, "apikey", "key_secret");
  if (bot.parameter("apikey").empty()) note_secret(draft, bot, "api_key", "key_secret");
  draft.used.insert("secret");
  if (!bot.parameter("secret").empty()) {
    draft.text("signing_secret", draft.name + "-signing");
    draft.lack("secret: secrets are not copied; store it as " + draft.name + "-signing");
  }
  std::map<std::string, std::string> lists;  // `country` is a report's prefix: both go to `reports`
  for (auto [theirs, ours] :
       {std::pair{"types", "types"}, {"reports", "reports"}, {"country", "reports"}}) {
    draft.used.insert(theirs);
    const yaml::Value* told = bot.parameters->find(theirs);
    if (told == nullptr) continue;
    std::string& list = lists[ours];
    auto add = [&](std::string_view item) {
      item = text::trim(item);
      if (!item.empty()) list += (list.empty() ? "" : ", ") + toml_text(item);
    };
    for (const auto& item : told->items) add(item.text);
    std::string_view rest = told->text;
    while (!rest.empty()) add(text::cut(rest, ','));
  }
  for (const auto& [key, list] : lists) {
    if (!list.empty()) draft.raw(key, "[" + list + "]");
  }
  return true;
}

bool take_tcp(Draft& draft, const Bot& bot) {
  std::string ip = take(draft, bot, "ip"), port = take(draft, bot, "port");
  auto number = text::number(port);
  bool any = ip == "0.0.0.0" || ip == "::";
  if (!any && !ip::parse(ip)) return draft.lack("ip is no address"), false;
  if (!number || *number == 0 || *number > 65535) return draft.lack("port is no port"), false;
  draft.text("collector", "listener");
  draft.text("listen", fmt::format("{}:{}", ip.contains(':') ? "[" + ip + "]" : ip, port));
  draft.lack("the listener takes lines; IntelMQ's TCP output must send one event a line");
  if (any || ip::special(*ip::parse(ip)) != "loopback")
    draft.lack("who may connect: beyond loopback, name networks with allow");
  return true;
}

bool take_collector(Draft& draft, const Bot& bot) {
  struct CollectorRow {
    std::string_view module;
    bool (*take)(Draft&, const Bot&);
  };
  static constexpr auto known = std::to_array<CollectorRow>({
      {"collectors.file.collector_file", take_file},
      {"collectors.http.collector_http", take_http},
      {"collectors.mail.collector_mail_attach", take_mail},
      {"collectors.mail.collector_mail_body", take_mail},
      {"collectors.mail.collector_mail_url", take_mail},
      {"collectors.shadowserver.collector_reports_api", take_shadowserver},
      {"collectors.tcp.collector", take_tcp},
  });
  for (const auto& row : known) {
    if (row.module == bot.module && bot.parameters != nullptr) return row.take(draft, bot);
  }
  draft.lack(
      fmt::format("no collector like {}: let it write files, and read them with "
                  "collector = \"directory\", or send them to POST /api/v1/reports",
                  bot.module));
  return false;
}

// What was told and found no place.
void note_unused(Draft& draft, const Bot& bot) {
  static const std::set<std::string, std::less<>> without_meaning = {"destination_queues",
                                                                     "name",
                                                                     "provider",
                                                                     "code",
                                                                     "documentation",
                                                                     "rate_limit",
                                                                     "extract_files",
                                                                     "http_timeout_max_tries",
                                                                     "http_timeout_sec",
                                                                     "error_max_retries",
                                                                     "error_procedure",
                                                                     "error_retry_delay",
                                                                     "logging_level",
                                                                     "accuracy",
                                                                     "feed",
                                                                     "attach_unzip",
                                                                     "redis_cache_db",
                                                                     "redis_cache_host",
                                                                     "redis_cache_port",
                                                                     "redis_cache_ttl",
                                                                     "redis_cache_password",
                                                                     "ssl_client_certificate",
                                                                     "file_format",
                                                                     "chunk_size"};
  if (bot.parameters == nullptr) return;
  for (const auto& [key, value] : bot.parameters->map) {
    using enum yaml::Value::Kind;
    bool said = value.kind == scalar ? !value.text.empty() : value.kind != null;
    if (!said || without_meaning.contains(key) || draft.used.contains(key)) continue;
    bool shown = value.kind == scalar && !secret::looks_like_one(key, value.text) &&
                 !key.contains("pass") && !key.contains("key") && !key.contains("secret") &&
                 !key.contains("header") && !key.contains("cred");
    draft.lack(
        fmt::format("{}{}: has no counterpart", key, shown ? " = " + text::quote(value.text) : ""));
  }
}

// `taken` begins with the node's own.
void name_feed(Draft& draft, const std::string& wanted, std::set<std::string>& taken) {
  draft.name = wanted;
  for (int i = 2; !taken.insert(draft.name).second; ++i)
    draft.name = fmt::format("{}-{}", wanted, i);
  if (draft.name != wanted)
    draft.lack(fmt::format(
        "its name {}: {}", wanted,
        wanted == own_feed ? "the feed of the node's own folder has it" : "another feed has it"));
}

std::string table_of(const Draft& draft, std::string_view mark) {
  std::string out = fmt::format("{}[feed.{}]\n", mark, draft.name);
  for (const auto& [key, value] : draft.lines) out += fmt::format("{}{} = {}\n", mark, key, value);
  return out;
}

// Would the configuration take it? What it says against it goes to draft.left.
bool is_good(Draft& draft) {
  auto read = read_feeds(table_of(draft, ""), "", {});
  if (read) return true;
  std::string_view rest = read.error().what;
  while (!rest.empty()) {
    std::string_view line = text::cut(rest, '\n');
    std::size_t at = line.find("feed.");
    draft.lack(std::string(at == line.npos ? line : line.substr(at)));
  }
  return false;
}

void print_feed(const Draft& draft, const Bot& bot, bool commented, Migrated& out) {
  out.toml += fmt::format("\n# {}: {}\n", one_line(bot.name), one_line(bot.module));
  for (const auto& lack : draft.left) out.toml += fmt::format("# not mapped: {}\n", one_line(lack));
  out.toml += table_of(draft, commented ? "# " : "");
}

void take_feed(const Bot& bot, const Bot* parser, std::set<std::string>& taken,
               const std::string& mapping_folder, Migrated& out) {
  std::string title = bot.parameter("name");
  if (title.empty()) title = bot.title;
  Draft draft;
  name_feed(draft, slug(title.empty() ? bot.name : title), taken);
  draft.text("title", title);
  bool whole = take_collector(draft, bot);
  bool in_catalogue = !draft.lines.empty() && std::ranges::any_of(draft.lines, [](const auto& l) {
    return l.first == "catalogue";
  });
  if (whole && !in_catalogue) {
    std::string format =
        parser == nullptr ? std::string() : format_of(*parser, draft, mapping_folder, out);
    if (parser == nullptr) draft.lack("no parser gets what it collects; \"auto\" guesses");
    if (parser == nullptr) format = "auto";
    whole = !format.empty();
    draft.text("format", format);
  }
  if (auto seconds = text::number(bot.parameter("rate_limit")); seconds && *seconds > 0)
    draft.raw("interval", fmt::format("\"{}s\"", std::min(*seconds, interval_s_max)));
  if (whole && !bot.enabled) draft.raw("enabled", "false");
  if (whole && !in_catalogue)
    draft.lack("its marking: IntelMQ knows none; unmarked is TLP:RED here, and stays in the node");
  note_unused(draft, bot);
  whole = whole && is_good(draft);
  if (!whole) out.mappings.erase(draft.name);
  print_feed(draft, bot, !whole || in_catalogue, out);
  ++(!whole ? out.left_out : in_catalogue ? out.to_accept : out.feeds);
}

// ---- experts and outputs

struct WhyRow {
  std::string_view module, why;
};
constexpr auto reasons = std::to_array<WhyRow>({
    {"experts.asn_lookup", "built in: AS and country come from libloc's database, offline"},
    {"experts.cymru_whois", "built in: AS and country come from libloc's database, offline"},
    {"experts.maxmind_geoip", "built in: libloc's database, or yours ([enrich] mmdb)"},
    {"experts.ripe", "country and AS are built in; contacts belong to the constituents"},
    {"experts.deduplicator", "built in: exact duplicates are taken out, over all stored days"},
    {"experts.taxonomy", "built in: the class follows from the type"},
    {"experts.url", "built in: the host of a URL is searched and counted"},
    {"experts.tor_nodes", "built in as a list of known-good addresses, if you give it one"},
    {"experts.gethostbyname", "not done: names are not resolved, it would tell others of them"},
    {"experts.reverse_dns", "not done: addresses are not resolved, it would tell others of them"},
    {"experts.modify", "write its rules as [[rule]] of the feed's mapping (docs/mappings.md)"},
    {"experts.sieve", "write its rules as [[rule]] of the feed's mapping (docs/mappings.md)"},
    {"experts.filter", "write it as [[rule]] with skip, or as a filter when you ask"},
    {"experts.certbund_contact", "contacts belong to the constituents"},
    {"experts.", "has no counterpart"},
    {"outputs.smtp", "alerts go to the contacts of constituents"},
    {"outputs.", "the node keeps every event: `tocsin events`, /api/v1/events.jsonl"},
    {"parsers.", "no collector in this file feeds it"},
});

std::string_view reason_of(std::string_view module) {
  for (const auto& row : reasons) {
    if (module.starts_with(row.module)) return row.why;
  }
  return "has no counterpart";
}

}  // namespace

Result<Migrated> migrate_intelmq(std::string_view runtime, const std::string& mapping_folder) {
  auto root = TRY(yaml::parse(runtime));
  auto all = TRY(read_bots(root));
  Migrated out;
  out.toml = "# Made by `tocsin migrate intelmq`. Look at each feed before you run it.\n";
  std::set<std::string> taken = {std::string(own_feed)}, reached;
  for (const auto& [name, bot] : all) {
    if (!bot.module.starts_with("collectors.")) continue;
    auto parsers = parsers_of(all, bot);
    for (const Bot* parser : parsers) reached.insert(parser->name);
    if (parsers.empty()) parsers.push_back(nullptr);
    for (const Bot* parser : parsers) take_feed(bot, parser, taken, mapping_folder, out);
  }
  std::string last;
  for (const auto& [name, bot] : all) {
    if (bot.module.starts_with("collectors.") || reached.contains(name)) continue;
    out.notes.push_back(fmt::format("{} ({}): {}", name, bot.module, reason_of(bot.module)));
    if (last.empty()) out.toml += "\n# Bots that need no table here:\n";
    last = one_line(out.notes.back());
    out.toml += "# " + last + "\n";
  }
  return out;
}

}  // namespace tocsin::ingest
