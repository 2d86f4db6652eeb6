#include "ingest/intelmq_runtime.h"

#include <fmt/format.h>

#include <random>
#include <set>

#include "ingest/feeds.h"
#include "ingest/mapping.h"
#include "test.h"

namespace tocsin::ingest {
namespace {

// What must hold for whatever is migrated; gives the feeds that the configuration reads of it.
std::vector<Feed> check_migrated(const std::string& runtime) {
  auto migrated = migrate_intelmq(runtime, "/etc/tocsin/mappings");
  CAPTURE(runtime);
  REQUIRE_MESSAGE(migrated, migrated.error().what);
  CAPTURE(migrated->toml);
  auto feeds = read_feeds(migrated->toml, "feeds.toml", {});
  REQUIRE_MESSAGE(feeds, feeds.error().what);
  CHECK(feeds->size() == migrated->feeds);
  std::set<std::string> names;
  for (const Feed& feed : *feeds) {
    CHECK(is_feed_name(feed.name));
    CHECK(feed.name != "drop");
    CHECK(names.insert(feed.name).second);
    if (feed.mapping.empty()) continue;
    CHECK(feed.mapping == "/etc/tocsin/mappings/" + feed.name + ".toml");
    CHECK(migrated->mappings.contains(feed.name));
  }
  for (const auto& [name, text] : migrated->mappings) {
    CHECK(names.contains(name));
    CAPTURE(text);
    auto mapping = parse_mapping(text, name);
    CHECK_MESSAGE(mapping, (mapping ? "" : mapping.error().what));
  }
  return *feeds;
}

// One collector that a parser of lists follows.
std::string collector(std::string_view name, std::string_view module, std::string_view parameters) {
  return fmt::format(
      "{}:\n  module: intelmq.bots.collectors.{}\n  parameters: {{destination_queues: {{_default: "
      "[p-queue]}}, {}}}\n",
      name, module, parameters);
}
constexpr std::string_view parser = "p:\n  module: intelmq.bots.parsers.openphish.parser\n";

Feed only(const std::string& runtime) {
  auto feeds = check_migrated(runtime + std::string(parser));
  REQUIRE(feeds.size() == 1);
  return feeds[0];
}

std::string comments(const std::string& runtime) {
  return migrate_intelmq(runtime + std::string(parser), "").value().toml;
}

}  // namespace

TEST_CASE("a collector of files becomes a feed of its folder, and never the node's own") {
  std::string file = collector("drop", "file.collector_file", "path: /srv/in, postfix: .csv");
  Feed feed = only(file);
  CHECK(feed.name == "drop-2");
  CHECK(feed.collector == "directory");
  CHECK(feed.option("path") == "/srv/in");
  CHECK(feed.option("pattern") == "*.csv");
  CHECK(comments(file).contains("its name drop: the feed of the node's own folder has it"));
}

TEST_CASE("two collectors of one name are two feeds") {
  std::string path = "path: /srv/in, name: ";
  auto feeds = check_migrated(
      collector("a", "file.collector_file", path + "\"My Feed!\"") +
      collector("b", "file.collector_file", path + "my-feed") +
      collector("c", "file.collector_file", path + "\"\u00e4my feed\u00e4\"") +
      collector("d", "file.collector_file", path + "Drop") +
      collector("e", "file.collector_file", path + "\"\u6f22\u5b57\"") + std::string(parser));
  std::vector<std::string> names;
  for (const Feed& feed : feeds) names.push_back(feed.name);
  std::ranges::sort(names);
  CHECK(names == std::vector<std::string>{"drop-2", "feed", "my-feed", "my-feed-2", "my-feed-3"});
}

TEST_CASE("a name that is long, or looks like a secret, gives a feed whose secrets can be named") {
  for (std::string name :
       {std::string(200, 'a'), std::string("3f2b8c1e-9d4a-4b7c-8e1f-0a1b2c3d4e5f"),
        std::string(47, 'a') + "-b"}) {
    CAPTURE(name);
    Feed feed = only(collector("x", "mail.collector_mail_attach",
                               "name: " + name +
                                   ", mail_host: mail.example.org, mail_user: u, "
                                   "mail_password: p"));
    CHECK(feed.option("password_secret") == feed.name + "-password");
  }
}

TEST_CASE("what is said twice stands once: the parameter goes before the URL") {
  Feed feed = only(collector("x", "http.collector_http",
                             "http_url: 'https://joe:a@lists.example.org/a.csv', http_username: "
                             "ann, http_password: b"));
  CHECK(feed.option("username") == "ann");
  CHECK(feed.option("password_secret") == "x-password");
  CHECK(feed.option("url") == "https://lists.example.org/a.csv");
}

TEST_CASE("what the configuration would refuse stands in a comment, with the reason") {
  struct {
    const char *module, *parameters, *why;
  } wrong[] = {
      {"http.collector_http", "http_url: no url", "feed.x.url: "},
      {"http.collector_http", "http_url: 'gopher://example.org/'", "feed.x.url: "},
      {"http.collector_http", "http_url: 'https://e.org/{time[%H]}', http_url_formatting: true",
       "only year, month and day"},
      {"mail.collector_mail_attach", "mail_host: 'a b', mail_user: u", "feed.x.url: "},
      {"mail.collector_mail_attach", "mail_host: mail.example.org", "feed.x.username: is missing"},
      {"shadowserver.collector_reports_api", "types: 'a'", "feed.x.key_secret: is missing"},
      {"tcp.collector", "ip: 127.0.0.1, port: many", "port is no port"},
      {"tcp.collector", "ip: here, port: 7780", "ip is no address"},
      {"file.collector_file", "path: in", "path is no absolute path"},
  };
  for (const auto& row : wrong) {
    std::string text = collector("x", row.module, row.parameters);
    CAPTURE(text);
    check_migrated(text + std::string(parser));
    CHECK(comments(text).contains(row.why));
  }
  CHECK(check_migrated(collector("x", "tcp.collector", "ip: here, port: 1")).empty());
}

TEST_CASE("one bad value costs the value, not the feed") {
  Feed mail = only(collector("x", "mail.collector_mail_attach",
                             "mail_host: mail.example.org, mail_user: u, mail_password: p, "
                             "attach_regex: '(?=a)b', url_regex: 'https?://[a-z'"));
  CHECK(mail.option("attachments").empty());
  CHECK(mail.option("links").empty());
  Feed web = only(collector("x", "http.collector_http",
                            "http_url: 'https://example.org/a', https_proxy: 'proxy example', "
                            "rate_limit: 99999999999999"));
  CHECK(web.option("proxy").empty());
  CHECK(web.interval_s == 366 * 86'400);
}

TEST_CASE("a feed of the catalogue is printed in a comment until its terms are accepted") {
  auto migrated = migrate_intelmq(
      collector("x", "http.collector_http", "http_url: 'https://www.spamhaus.org/drop/drop.txt'") +
          std::string(parser),
      "");
  REQUIRE(migrated);
  CHECK(migrated->feeds == 0);
  CHECK(migrated->to_accept == 1);
  CHECK(read_feeds(migrated->toml, "a", {}).value().empty());
  std::string accepted = migrated->toml;
  for (const char* line : {"# [feed.x]", "# catalogue", "# accept_terms"}) {
    auto at = accepted.find(line);
    REQUIRE(at != accepted.npos);
    accepted.erase(at, 2);
  }
  auto feeds = read_feeds(accepted, "a", {});
  REQUIRE(feeds);
  CHECK(feeds->at(0).option("url") == "https://www.spamhaus.org/drop/drop.txt");
}

TEST_CASE("a generic parser's mapping is one that a feed takes") {
  std::string runtime = collector("x", "file.collector_file", "path: /srv/in") +
                        "p:\n  module: intelmq.bots.parsers.generic.parser_csv\n  parameters: ";
  struct {
    const char *parameters, *why;
  } rows[] = {
      {"{columns: [source.ip, source.ip, source.nonsense, extra.]}", "said twice"},
      {"{columns: [source.ip, 'source.ip|source.nothing']}", "no field here has that name"},
      {"{columns: 'source.ip,, __IGNORE__ ,time.source', type: nonsense}", "no event type"},
      {"{columns: [source.ip], time_format: fuzzy}", ""},
      {"{columns: ['\"]\\n[x', source.ip]}", "no field here has that name"},
  };
  for (const auto& row : rows) {
    CAPTURE(row.parameters);
    CHECK(check_migrated(runtime + row.parameters + "\n").size() == 1);
    CHECK(migrate_intelmq(runtime + row.parameters + "\n", "").value().toml.contains(row.why));
  }
  CHECK(check_migrated(runtime + "{columns: [source.ip], delimiter: '||'}\n").empty());
}

TEST_CASE("whatever stands in it, what is printed is a configuration") {
  static const std::vector<std::string> names = {"drop",
                                                 "Drop!",
                                                 "",
                                                 "feed",
                                                 "a",
                                                 "a-2",
                                                 "\u00fc\u00fc",
                                                 "x]\\n[feed.y",
                                                 "\\u0000\\u0007",
                                                 "# c",
                                                 "\\\"",
                                                 "..",
                                                 "true",
                                                 "-1",
                                                 "\\uD7FF",
                                                 "\\u0085\\u2028",
                                                 "f3b1a7c2d4e6f8a1b3c5d7e9f1a2b3c4",
                                                 std::string(300, 'n'),
                                                 "spamhaus-drop",
                                                 "openphish",
                                                 "node",
                                                 "enabled = false"};
  static const std::vector<std::string> values = {"",
                                                  "/srv/in",
                                                  "https://lists.example.org/a.csv",
                                                  "https://u:p@e.org/?key=abc&a=1#f",
                                                  "true",
                                                  "false",
                                                  "3600",
                                                  "-5",
                                                  "1e9",
                                                  "\\u0001",
                                                  "\\\"\\\"\\\"",
                                                  "'''",
                                                  "a\\nb = 1",
                                                  "{}",
                                                  "[x]",
                                                  "imap://e.org",
                                                  "ftp://e.org/x",
                                                  "https://www.spamhaus.org/drop/drop.txt",
                                                  "127.0.0.1",
                                                  "::1",
                                                  "7780",
                                                  "mail.example.org",
                                                  "(",
                                                  "Bearer abc",
                                                  "12345678901234567890",
                                                  "\u00fc",
                                                  "\\u202e"};
  static const std::vector<std::pair<std::string, std::string>> good = {
      {"http_url", "https://lists.example.org/a.csv"},
      {"http_username", "joe"},
      {"http_password", "p"},
      {"https_proxy", "http://proxy.example.org:3128"},
      {"http_proxy", "proxy.example.org"},
      {"path", "/srv/in"},
      {"postfix", ".csv"},
      {"delete_file", "true"},
      {"mail_host", "mail.example.org"},
      {"mail_port", "993"},
      {"mail_ssl", "true"},
      {"mail_user", "joe"},
      {"mail_password", "p"},
      {"folder", "INBOX"},
      {"attach_regex", "csv"},
      {"url_regex", "https?://"},
      {"subject_regex", "a"},
      {"sent_from", "b"},
      {"apikey", "k"},
      {"secret", "s"},
      {"types", "a,b"},
      {"country", "xx"},
      {"reports", "c"},
      {"ip", "127.0.0.1"},
      {"port", "7780"},
      {"rate_limit", "60"},
      {"name", "Lists"},
      {"http_url_formatting", "true"},
      {"odd key", ""}};
  static const std::vector<std::string> modules = {"file.collector_file",
                                                   "http.collector_http",
                                                   "mail.collector_mail_attach",
                                                   "mail.collector_mail_url",
                                                   "mail.collector_mail_body",
                                                   "tcp.collector",
                                                   "shadowserver.collector_reports_api",
                                                   "kafka.collector"};
  static const std::vector<std::string> columns = {"source.ip",
                                                   "time.source",
                                                   "source.url",
                                                   "extra.a",
                                                   "extra.",
                                                   "__IGNORE__",
                                                   "",
                                                   "nonsense",
                                                   "source.ip|source.fqdn",
                                                   "\\\"",
                                                   "classification.type",
                                                   "extra",
                                                   "node.source.asn"};
  std::mt19937 random(3);
  auto any = [&](const std::vector<std::string>& of) { return of[random() % of.size()]; };
  std::size_t feeds = 0;
  for (int round = 0; round < 400; ++round) {
    std::string runtime;
    for (auto n = 1 + random() % 6; n > 0; --n) {
      runtime += fmt::format("\"{}{}\":\n  module: intelmq.bots.collectors.{}\n  name: \"{}\"\n",
                             any(names), n, any(modules), any(names));
      runtime += fmt::format("  enabled: {}\n  parameters:\n", any({"true", "false", "x"}));
      runtime += "    destination_queues: {_default: [csv-queue, list-queue]}\n";
      for (const auto& [key, value] : good) {
        auto dice = random() % 16;
        if (dice == 0) continue;
        const auto& odd = key == "name" ? names : values;
        runtime += fmt::format("    \"{}\": \"{}\"\n", key, dice < 4 ? any(odd) : value);
      }
    }
    runtime += "list:\n  module: intelmq.bots.parsers.openphish.parser\n";
    runtime += "csv:\n  module: intelmq.bots.parsers.generic.parser_csv\n  parameters:\n";
    runtime += fmt::format("    columns: [\"{}\", \"{}\", \"{}\"]\n", any(columns), any(columns),
                           any(columns));
    for (const char* key : {"delimiter", "time_format", "default_url_protocol", "type"})
      runtime += fmt::format("    {}: \"{}\"\n", key, any(values));
    feeds += check_migrated(runtime).size();
  }
  CHECK(feeds > 500);
}

}  // namespace tocsin::ingest
