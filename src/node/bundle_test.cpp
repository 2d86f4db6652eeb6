#include "node/bundle.h"

#include <filesystem>
#include <fstream>

#include "base/signed_file.h"
#include "location_database.h"
#include "node/node.h"
#include "temporary_folder.h"
#include "test.h"

namespace tocsin::node {
namespace {

namespace fs = std::filesystem;

void put(const std::string& path, std::string_view bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}

std::string get(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(in), {});
}

// Keys, a list and a feed table in a folder, and a home.
struct World {
  TemporaryFolder folder;
  std::string at(std::string_view name) const { return folder.path() + "/" + std::string(name); }
  World() {
    REQUIRE(signing::make_keys(at("site")));
    fs::create_directories(at("lists"));
    fs::create_directories(at("home"));
    put(at("lists/a.json"), R"({"name":"a","type":"cidr","list":["192.0.2.1"]})");
    put(at("feeds.toml"),
        "[feed.morning]\ncollector = \"directory\"\nformat = \"auto\"\npath = \"/srv/in\"\n");
  }
  BundleWish wish(TimeUs made = us_per_day) const {
    return {.out = at("out.bundle"),
            .secret_key = at("site.key"),
            .feeds = at("feeds.toml"),
            .lists = at("lists"),
            .made = made};
  }
};

}  // namespace

TEST_CASE("a bundle brings its parts, and what it leaves out stays") {
  World w;
  REQUIRE(make_bundle(w.wish()));
  auto applied = apply_bundle(w.at("out.bundle"), w.at("site.pub"), w.at("home"), false);
  REQUIRE(applied);
  CHECK(applied->files.size() == 2);
  CHECK(get(w.at("home/bundle/lists/a.json")) == get(w.at("lists/a.json")));
  CHECK(in_bundle(w.at("home"), bundle_feeds) == w.at("home") + "/bundle/feeds.toml");
  CHECK(in_bundle(w.at("home"), bundle_location).empty());

  BundleWish lists_only = w.wish(2 * us_per_day);
  lists_only.feeds.clear();
  put(w.at("lists/a.json"), R"({"name":"a","type":"cidr","list":["192.0.2.2"]})");
  REQUIRE(make_bundle(lists_only));
  REQUIRE(apply_bundle(w.at("out.bundle"), w.at("site.pub"), w.at("home"), false));
  CHECK(get(w.at("home/bundle/lists/a.json")) == get(w.at("lists/a.json")));
  CHECK(get(w.at("home/bundle/feeds.toml")) == get(w.at("feeds.toml")));
  CHECK(!fs::exists(w.at("home/bundle.new")));
}

TEST_CASE("a bundle with any one byte changed is refused, and nothing of it is in place") {
  World w;
  REQUIRE(make_bundle(w.wish()));
  std::string whole = get(w.at("out.bundle"));
  REQUIRE(whole.size() > 200);
  std::size_t refused = 0;
  for (std::size_t i = 0; i < whole.size(); ++i) {
    for (unsigned flip : {0x01u, 0x20u, 0x80u}) {
      std::string changed = whole;
      changed[i] = static_cast<char>(static_cast<unsigned char>(changed[i]) ^ flip);
      put(w.at("changed.bundle"), changed);
      auto applied = apply_bundle(w.at("changed.bundle"), w.at("site.pub"), w.at("home"), true);
      refused += !applied && applied.error().fault == Fault::denied;
    }
  }
  CHECK(refused == whole.size() * 3);
  for (std::size_t size : {std::size_t{0}, std::size_t{79}, whole.size() - 1}) {
    put(w.at("changed.bundle"), whole.substr(0, size));
    CHECK(!apply_bundle(w.at("changed.bundle"), w.at("site.pub"), w.at("home"), true));
  }
  put(w.at("changed.bundle"), whole + "x");
  CHECK(!apply_bundle(w.at("changed.bundle"), w.at("site.pub"), w.at("home"), true));
  CHECK(fs::is_empty(w.at("home")));
}

TEST_CASE("a bundle of another key, an older one and one with a bad part are refused") {
  World w;
  REQUIRE(make_bundle(w.wish(5 * us_per_day)));
  REQUIRE(signing::make_keys(w.at("other")));
  auto other = apply_bundle(w.at("out.bundle"), w.at("other.pub"), w.at("home"), true);
  REQUIRE(!other);
  CHECK(other.error().what.starts_with("signed with the key "));
  REQUIRE(apply_bundle(w.at("out.bundle"), w.at("site.pub"), w.at("home"), false));

  REQUIRE(make_bundle(w.wish(4 * us_per_day)));
  auto older = apply_bundle(w.at("out.bundle"), w.at("site.pub"), w.at("home"), false);
  REQUIRE(!older);
  CHECK(older.error().fault == Fault::denied);
  CHECK(apply_bundle(w.at("out.bundle"), w.at("site.pub"), w.at("home"), true));

  std::string before = get(w.at("home/bundle/feeds.toml"));
  put(w.at("feeds.toml"), "[feed.x]\ncollector = \"no such\"\n");
  REQUIRE(make_bundle(w.wish(9 * us_per_day)));
  auto bad = apply_bundle(w.at("out.bundle"), w.at("site.pub"), w.at("home"), false);
  REQUIRE(!bad);
  CHECK(bad.error().fault == Fault::invalid);
  CHECK(get(w.at("home/bundle/feeds.toml")) == before);
  CHECK(!make_bundle({.out = w.at("none.bundle"), .secret_key = w.at("site.key")}));
}

TEST_CASE("a bundle brings a location database, which the node then reads, and a program") {
  World w;
  auto locate = [&](std::string_view config) {
    put(w.at("home/tocsin.toml"), config);
    auto node = Node::open({.home = w.at("home")});
    REQUIRE_MESSAGE(node, node.error().what);
    return std::string((*node)->enrichment().locate(*ip::parse("192.88.99.7")).country.text());
  };
  test::write_location_database(w.at("location.db"), "192.88.99.0/24", "BR");
  std::string program(3'000'000, 'x');
  put(w.at("tocsin_0.3.0_amd64.deb"), program);
  BundleWish wish = w.wish();
  wish.location = w.at("location.db");
  wish.program = w.at("tocsin_0.3.0_amd64.deb");
  REQUIRE(make_bundle(wish));
  auto shown = show_bundle(w.at("out.bundle"), w.at("site.pub"));
  REQUIRE(shown);
  std::vector<std::string> paths;
  for (const auto& file : shown->files) paths.push_back(file.path);
  CHECK(paths == std::vector<std::string>{"feeds.toml", "lists/a.json", "location.db",
                                          "program/tocsin_0.3.0_amd64.deb"});
  REQUIRE(apply_bundle(w.at("out.bundle"), w.at("site.pub"), w.at("home"), false));
  CHECK(get(w.at("home/bundle/location.db")) == get(w.at("location.db")));
  CHECK(get(w.at("home/bundle/program/tocsin_0.3.0_amd64.deb")) == program);
  CHECK(locate("") == "BR");
  CHECK(locate("[enrich]\nlocation_database = \"off\"\n").empty());  // what is configured counts

  // A newer one with another database, and none with what is no database.
  test::write_location_database(w.at("location.db"), "192.88.99.0/24", "CL");
  BundleWish newer{.out = w.at("newer.bundle"),
                   .secret_key = w.at("site.key"),
                   .location = w.at("location.db"),
                   .made = 2 * us_per_day};
  REQUIRE(make_bundle(newer));
  REQUIRE(apply_bundle(w.at("newer.bundle"), w.at("site.pub"), w.at("home"), false));
  CHECK(locate("") == "CL");
  CHECK(!fs::exists(w.at("home/bundle/program")));  // it was the other bundle's
  CHECK(get(w.at("home/bundle/lists/a.json")) == get(w.at("lists/a.json")));
  put(w.at("location.db"), "no database");
  newer.made = 3 * us_per_day;
  REQUIRE(make_bundle(newer));
  auto refused = apply_bundle(w.at("newer.bundle"), w.at("site.pub"), w.at("home"), false);
  REQUIRE(!refused);
  CHECK(refused.error().fault == Fault::invalid);
  CHECK(locate("") == "CL");
}

}  // namespace tocsin::node
