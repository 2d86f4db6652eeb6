#include "ingest/catalogue.h"

#include <set>

#include "base/transfer.h"
#include "test.h"

namespace tocsin::ingest {

TEST_CASE("the shipped catalogue is whole, and nothing in it is on") {
  REQUIRE(catalogue().size() >= 50);
  std::set<std::string> names;
  for (const CatalogueEntry& entry : catalogue()) {
    INFO(entry.feed.name);
    CHECK(names.insert(entry.feed.name).second);
    CHECK(!entry.feed.enabled);
    CHECK(entry.feed.collector == "http");
    CHECK(!entry.provider.empty());
    CHECK(entry.feed.terms.interval_least_s >= 300);
    CHECK(!entry.feed.terms.text.empty());
    CHECK(entry.feed.tlp != Tlp::unmarked);
    CHECK(Url::parse(entry.url(), "http,https").has_value());
    if (entry.key_needed) CHECK(!entry.key_name.empty());
  }
}

TEST_CASE("a feed is ticked only by who has seen its terms") {
  const CatalogueEntry* entry = in_catalogue("urlhaus");
  REQUIRE(entry != nullptr);
  auto refused = ticked(*entry, false);
  REQUIRE(!refused);
  CHECK(refused.error().fault == Fault::denied);
  CHECK(refused.error().what.contains("at most every 300 s"));
  CHECK(refused.error().what.contains("redistribution ask"));
  auto feed = ticked(*entry, true);
  REQUIRE(feed.has_value());
  CHECK(feed->enabled);
  CHECK(feed->option("secret_headers.Auth-Key") == "abuse-ch");
  CHECK(ticked(*in_catalogue("phishtank"), true)->option("key_secret") == "phishtank");
  CHECK(ticked(*in_catalogue("bambenek-dga"), true)->option("password_secret") == "bambenek");
  CHECK(in_catalogue("none") == nullptr);
}

TEST_CASE("a feed that this node cannot read cannot be ticked") {
  auto feed = ticked(*in_catalogue("circl-osint"), true);
  REQUIRE(!feed);
  CHECK(feed.error().fault == Fault::missing);
}

TEST_CASE("a broken catalogue is told by line and key") {
  auto broken =
      parse_catalogue("[feed.a]\ntitle = 'A'\nkey_needed = true\nstate_date = 'x'", "c.toml");
  REQUIRE(!broken);
  CHECK(broken.error().what.contains("c.toml:3: feed.a.key_needed: needs key_name"));
  CHECK(broken.error().what.contains("c.toml:1: feed.a.url: is missing"));
  CHECK(broken.error().what.contains("c.toml:4: feed.a.state_date: no date"));
}

}  // namespace tocsin::ingest
