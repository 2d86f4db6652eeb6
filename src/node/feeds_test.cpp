#include "node/feeds.h"

#include <atomic>
#include <thread>

#include "ingest/catalogue.h"
#include "loopback.h"
#include "node/node.h"
#include "temporary_folder.h"
#include "test.h"

namespace tocsin::node {
namespace {

constexpr TimeUs start = 1'780'000'000 * us_per_s;
constexpr std::uint32_t day_s = 86'400;

// A provider, and a node whose one feed asks it. The terms allow one contact a day.
struct World {
  std::atomic<unsigned> contacts = 0;
  std::atomic<int> status = 200;  // the provider's and the feeds' threads read these
  test::HttpServer provider{[this](const test::HttpRequest&) {
    ++contacts;
    return test::answer(status, "192.0.2.1\n");
  }};
  TemporaryFolder folder;
  std::unique_ptr<Node> node = *Node::open({.home = folder.file("home")});
  std::atomic<TimeUs> now = start;
  std::unique_ptr<Feeds> feeds;

  World() = default;
  World(const World&) = delete;
  World& operator=(const World&) = delete;
  ~World() { stop(); }

  void restart() {
    stop();
    Config config;
    config.feeds.push_back(
        {.name = "list",
         .collector = "http",
         .format = "ip_list",
         .interval_s = 60,
         .terms = {.interval_least_s = day_s},
         .options = {{"url", provider.url("/")}, {"allow_private", "true"}, {"tries_max", "1"}}});
    feeds = *Feeds::open(config, node->journal(), node->home(), [this] { return now.load(); });
    feeds->start(node->intake());
  }
  void stop() {
    if (feeds) feeds->stop();
  }
  Feeds::Row row() const { return *feeds->row("list"); }
  // How long until the feed's next run, in s.
  std::int64_t wait_s() const { return (row().next - now) / us_per_s; }
  // Asks for a run, and waits for the end of it.
  void run() {
    REQUIRE(feeds->run_now("list"));
    for (int i = 0; i < 400 && row().health.last_success == time_none && row().health.failures == 0;
         ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(25));
    }
  }
};

}  // namespace

TEST_CASE("a provider is contacted no sooner than its terms allow, also after restarts") {
  for (int status : {200, 404}) {
    CAPTURE(status);
    World w;
    w.status = status;
    w.restart();
    CHECK(w.wait_s() <= 10);
    w.run();
    CHECK(w.contacts == 1);
    CHECK(w.row().health.last_attempt == start);

    w.now = start + 600 * us_per_s;
    w.restart();
    CHECK(w.wait_s() >= day_s - 601);
    REQUIRE(w.feeds->run_now("list"));
    CHECK(w.wait_s() >= day_s - 601);
    REQUIRE(w.feeds->disable("list", "ann"));
    REQUIRE(w.feeds->enable("list", {.terms_accepted = true, .user = "ann"}));
    CHECK(w.wait_s() >= day_s - 601);
    CHECK(w.contacts == 1);

    w.now = start + day_s * us_per_s;
    w.restart();
    CHECK(w.wait_s() <= 10);
  }
}

TEST_CASE("a feed whose provider asks for a user name is ticked with one, which it keeps") {
  TemporaryFolder folder;
  auto node = *Node::open({.home = folder.file("home")});
  auto opened = [&] {
    return *Feeds::open({}, node->journal(), node->home(), [] { return start; });
  };
  auto feeds = opened();
  auto refused = feeds->enable("bambenek-dga", {.terms_accepted = true, .user = "ann"});
  REQUIRE(!refused);
  CHECK(refused.error().what.contains("give the user name; the password is the secret 'bambenek'"));
  CHECK(!feeds->row("bambenek-dga"));
  CHECK(!feeds->enable("urlhaus", {.terms_accepted = true, .username = "cert", .user = "ann"}));
  for (std::string_view name : {"a:b", "a\nb"})
    CHECK(!feeds->enable("bambenek-dga", {.terms_accepted = true, .username = name}));
  REQUIRE(feeds->enable("bambenek-dga",
                        {.terms_accepted = true, .username = "cert\"1", .user = "ann"}));
  CHECK(feeds->row("bambenek-dga")->feed.option("username") == "cert\"1");
  CHECK(opened()->row("bambenek-dga")->feed.option("username") == "cert\"1");
}

TEST_CASE("what may not be passed on is remembered when the feed's table and tick are gone") {
  TemporaryFolder folder;
  auto node = *Node::open({.home = folder.file("home")});
  auto now = [] { return start; };
  auto open = [&](Config config) {
    auto feeds = *Feeds::open(config, node->journal(), node->home(), now);
    feeds->ended({.feed = "list", .received = start, .state = store::ReportState::done});
    return feeds;
  };
  auto permission = [&](Feeds& feeds, const std::string& name) {
    return feeds.named(name).terms.redistribution;
  };
  using ingest::Permission;
  Config config;
  config.feeds.push_back({.name = "list", .terms = {.redistribution = Permission::no}});
  auto feeds = open(config);
  CHECK(permission(*feeds, "list") == Permission::no);
  feeds = open({});
  CHECK(permission(*feeds, "list") == Permission::no);
  config.feeds[0].terms.redistribution = Permission::unknown;  // its table tells no terms any more
  CHECK(permission(*open(config), "list") == Permission::no);
  config.feeds[0].terms.redistribution = Permission::yes;
  CHECK(permission(*open(config), "list") == Permission::yes);
  CHECK(permission(*open({}), "list") == Permission::yes);

  REQUIRE(open({})->enable("urlhaus", {.terms_accepted = true, .user = "ann"}));
  Permission said = ingest::in_catalogue("urlhaus")->feed.terms.redistribution;
  REQUIRE(said != Permission::unknown);
  REQUIRE(node->journal().forget_value("ticked.urlhaus"));
  feeds = open({});
  CHECK(permission(*feeds, "urlhaus") == Permission::unknown);  // nothing ever came of it
  feeds->ended({.feed = "urlhaus", .received = start, .state = store::ReportState::done});
  CHECK(permission(*open({}), "urlhaus") == said);
}

}  // namespace tocsin::node
