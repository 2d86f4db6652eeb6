#include "node/feeds.h"

#include <atomic>
#include <thread>

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
  int status = 200;
  test::HttpServer provider{[this](const test::HttpRequest&) {
    ++contacts;
    return test::answer(status, "192.0.2.1\n");
  }};
  TemporaryFolder folder;
  std::unique_ptr<Node> node = *Node::open({.home = folder.file("home")});
  TimeUs now = start;
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
    feeds = *Feeds::open(config, node->journal(), node->home(), [this] { return now; });
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
    REQUIRE(w.feeds->enable("list", true, "ann"));
    CHECK(w.wait_s() >= day_s - 601);
    CHECK(w.contacts == 1);

    w.now = start + day_s * us_per_s;
    w.restart();
    CHECK(w.wait_s() <= 10);
  }
}

}  // namespace tocsin::node
