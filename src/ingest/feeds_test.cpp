#include "ingest/feeds.h"

#include "base/mapped_file.h"
#include "ingest/collector.h"
#include "ingest/options.h"
#include "test.h"

namespace tocsin::ingest {
namespace {

std::string problem(std::string_view text) {
  auto feeds = read_feeds(text, "t.toml", {});
  return feeds ? "" : feeds.error().what;
}

}  // namespace

TEST_CASE("a feed's table is read whole") {
  auto feeds = read_feeds(
      R"([node]
name = "x"

[feed.shadow]
title = "Shadowserver"
collector = "shadowserver_api"
format = "auto"
interval = "1h"
usual_delay = "1d"
tlp = "amber"
key_secret = "shadowserver-key"
signing_secret = "shadowserver-secret"
reports = ["land", "island"]
days = 5
allow_private = false
terms.redistribution = "no"
terms.interval_least = "30min"
)",
      "t.toml", {.contact = "soc@example.org", .proxy = {}, .ca_file = {}, .gnupg_home = {}});
  REQUIRE_MESSAGE(feeds.has_value(), feeds.error().what);
  REQUIRE(feeds->size() == 1);
  const Feed& feed = feeds->front();
  CHECK(feed.name == "shadow");
  CHECK(feed.title == "Shadowserver");
  CHECK(feed.interval_s == 3600);
  CHECK(feed.usual_delay_s == 86'400);
  CHECK(feed.tlp == Tlp::amber);
  CHECK(feed.enabled);
  CHECK(feed.terms.redistribution == Permission::no);
  CHECK(feed.terms.interval_least_s == 1800);
  CHECK(feed.option("key_secret") == "shadowserver-key");
  CHECK(list(feed, "reports") == std::vector<std::string>{"land", "island"});
  CHECK(number(feed, "days", 0) == 5);
  CHECK(!yes(feed, "allow_private", true));
  CHECK(feed.option("contact") == "soc@example.org");
}

TEST_CASE("a feed may name the charset of its texts, one that there is") {
  std::string text = "[feed.x]\ncollector = \"stdin\"\nformat = \"auto\"\ncharset = ";
  auto feeds = read_feeds(text + "\"KOI8-R\"", "t.toml", {});
  REQUIRE_MESSAGE(feeds.has_value(), feeds.error().what);
  CHECK(feeds->front().option("charset") == "KOI8-R");
  CHECK(problem(text + "\"KOI8-Q\"").starts_with("t.toml:4: feed.x.charset: unknown charset "));
}

TEST_CASE("the valid keys of a feed are told, all of them") {
  std::string what = problem("[feed.x]\ncollector = \"stdin\"\nformat = \"auto\"\nfoo = 1\n");
  for (const char* key : {"charset", "tell_affected", "tell_fields", "terms", "tlp"}) {
    CAPTURE(key);
    CHECK(what.contains(std::string(", ") + key));
  }
}

TEST_CASE("headers and their secrets are tables") {
  auto feeds = read_feeds(R"([feed.list]
collector = "http"
format = "auto"
url = "https://example.org/{Y}/list.csv"
headers = {Accept = "text/csv"}
secret_headers = {Auth-Key = "abuse-ch"}
enabled = false
)",
                          "t.toml", {});
  REQUIRE_MESSAGE(feeds.has_value(), feeds.error().what);
  CHECK(!feeds->front().enabled);
  CHECK(feeds->front().option("secret_headers.Auth-Key") == "abuse-ch");
  CHECK(table(feeds->front(), "headers").size() == 1);
}

TEST_CASE("a feed from the catalogue needs its terms accepted, and keeps their least interval") {
  std::string text = "[feed.u]\ncatalogue = \"urlhaus\"\nformat = \"auto\"\ninterval = 10\n";
  CHECK(problem(text).starts_with("t.toml:2: feed.u.catalogue: feed urlhaus has terms"));
  CHECK(problem(text).ends_with("write accept_terms = true"));
  auto feeds = read_feeds(text + "accept_terms = true\nterms.interval_least = 5\n", "t.toml", {});
  REQUIRE_MESSAGE(feeds.has_value(), feeds.error().what);
  CHECK(feeds->front().name == "u");
  CHECK(feeds->front().option("url").starts_with("https://urlhaus.abuse.ch/"));
  CHECK(feeds->front().terms.interval_least_s == 300);
  CHECK(problem("[feed.u]\ncatalogue = \"nope\"\nformat = \"auto\"")
            .contains("not in the catalogue"));
}

TEST_CASE("every problem is told with file, line, key and what is valid") {
  std::string told = problem(R"([feed.Bad_Name]
collector = "htp"

[feed.list]
collector = "http"
format = "no such format"
interval = "2 years"
tlp = "white-ish"
urll = "https://example.org/"
size_max_bytes = 0
terms.commercial = "maybe"

[feed.drop]
collector = "directory"
format = "auto"
path = "relative/path"
after = "burn"
)");
  for (std::string_view part :
       {"t.toml:1: feed.Bad_Name: a feed's name has 1 to 64 of a-z, 0-9 and -",
        "t.toml:2: feed.Bad_Name.collector: unknown collector; valid: directory, file, http",
        "t.toml:7: feed.list.interval: must be a length of time",
        "t.toml:8: feed.list.tlp: unknown marking; valid: clear, green",
        "t.toml:9: feed.list.urll: unknown key; valid: ", "t.toml:4: feed.list.url: is missing",
        "t.toml:10: feed.list.size_max_bytes: must be a number from 1 to",
        "t.toml:11: feed.list.terms.commercial: unknown value; valid: yes, no, ask, unknown",
        "t.toml:16: feed.drop.path: must be an absolute path",
        "t.toml:17: feed.drop.after: unknown value; valid: keep, move, delete"}) {
    CHECK_MESSAGE(told.contains(part), part << "\nin\n" << told);
  }
  CHECK(problem("[feed.a]\ncollector = \"file\"\npath = \"/x\"")
            .contains("feed.a.format: is missing"));
}

TEST_CASE("a secret in the configuration is refused with the right way") {
  std::string start = "[feed.a]\ncollector = \"http\"\nformat = \"auto\"\n";
  for (std::string line :
       {"url = \"https://me:word@example.org/\"", "url = \"https://example.org/?apikey=1234\"",
        "url = \"https://example.org/\"\npassword = \"word\"",
        "url = \"https://example.org/\"\nkey_secret = \"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b\"",
        "url = \"https://example.org/\"\npassword_secret = \"my password!\"",
        "url = \"https://example.org/\"\nheaders = {Authorization = \"Bearer abc\"}"}) {
    std::string told = problem(start + line);
    CHECK_MESSAGE((told.contains("secret")), line << "\n" << told);
    CHECK_MESSAGE(!told.contains("9f86d081"), told);
    CHECK_MESSAGE(!told.contains("my password!"), told);
  }
  CHECK(problem(start + "url = \"https://example.org/?apikey={key}\"\nkey_secret = \"abuse-ch\"") ==
        "");
}

TEST_CASE("without an interval the collector's own holds") {
  auto feeds = read_feeds(
      "[feed.a]\ncollector = \"directory\"\nformat = \"auto\"\npath = \"/srv/reports\"", "t", {});
  REQUIRE_MESSAGE(feeds.has_value(), feeds.error().what);
  CHECK(feeds->front().interval_s == 2);
}

TEST_CASE("docs/collectors.md names every option of every collector") {
  auto file = MappedFile::open(std::string(TOCSIN_SOURCE_DIR) + "/docs/collectors.md");
  REQUIRE_MESSAGE(file.has_value(), file.error().what);
  for (const auto& entry : collectors()) {
    std::string_view page = file->bytes();
    std::size_t start = page.find("\n## " + std::string(entry.name) + "\n");
    REQUIRE_MESSAGE(start != page.npos, entry.name);
    page = page.substr(start + 1);
    page = page.substr(0, page.find("\n## "));
    for (const Option& option : entry.plugin.options) {
      std::string row = "| `" + std::string(option.name) + "` |";
      std::string_view shared = file->bytes().substr(file->bytes().find("## The way out"));
      bool told = page.contains(row) || (page.contains("(#the-way-out)") && shared.contains(row));
      CHECK_MESSAGE(told, entry.name << ": " << row);
    }
  }
}

}  // namespace tocsin::ingest
