#include "ingest/scheduler.h"

#include <atomic>

#include "collector_context.h"
#include "test.h"

namespace tocsin::ingest {
namespace {

// What the runs of a test's collectors do; a collector is a plain function and finds it by the
// feed's option.
struct Stage {
  std::mutex mutex;
  std::condition_variable_any changed;
  std::vector<std::string> ran;
  int under_way = 0, most_at_once = 0;
  bool hold = false;  // runs wait until this goes, or until they are stopped
  std::map<std::string, Error> fails;

  void release() {
    std::scoped_lock lock(mutex);
    hold = false;
    changed.notify_all();
  }
  void wait_under_way(int count) {
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return under_way == count; });
  }
  std::vector<std::string> names() {
    std::scoped_lock lock(mutex);
    return ran;
  }
};

class StageContext : public TestContext {
 public:
  StageContext(Stage& stage, std::stop_token stop) : stage_(stage), stop_(std::move(stop)) {}
  std::stop_token stop() override { return stop_; }
  Stage& stage() { return stage_; }

 private:
  Stage& stage_;
  std::stop_token stop_;
};

Result<void> play(const Feed& feed, CollectorContext& context) {
  Stage& stage = static_cast<StageContext&>(context).stage();
  std::unique_lock lock(stage.mutex);
  stage.ran.push_back(feed.name);
  stage.most_at_once = std::max(stage.most_at_once, ++stage.under_way);
  stage.changed.notify_all();
  stage.changed.wait(lock, context.stop(), [&] { return !stage.hold; });
  --stage.under_way;
  stage.changed.notify_all();
  if (auto found = stage.fails.find(feed.name); found != stage.fails.end()) {
    return std::unexpected(found->second);
  }
  return {};
}

const Collector player{.summary = "test", .collect = play};

Feed feed_of(std::string name, std::uint32_t interval = 60) {
  Feed feed;
  feed.name = std::move(name);
  feed.interval_s = interval;
  return feed;
}

struct World {
  Stage stage;
  std::atomic<TimeUs> now = 0;
  std::vector<std::string> told;
  std::mutex told_mutex;
  bool hurries = false;  // the feed is hurried while its end is told
  Scheduler scheduler;

  explicit World(unsigned threads_max = 8)
      : scheduler({.threads_max = threads_max,
                   .nap_max = std::chrono::hours(1),  // only what is told wakes its driver
                   .clock = [this] { return now.load(); },
                   .context =
                       [this](const Feed&, std::stop_token stop) {
                         return std::make_unique<StageContext>(stage, std::move(stop));
                       },
                   .ended =
                       [this](const Feed& feed, const Scheduler::Outcome& outcome) {
                         std::scoped_lock lock(told_mutex);
                         told.push_back(feed.name + (outcome.done ? " done" : " failed"));
                         if (std::exchange(hurries, false)) scheduler.hurry(feed.name);
                       },
                   .random = [] { return std::uint64_t{0}; }}) {}
  void tick_at(TimeUs s) {
    now = s * us_per_s;
    scheduler.tick();
  }
};

using Names = std::vector<std::string>;

}  // namespace

TEST_CASE("the scheduler runs what is due, when it is due") {
  World world;
  world.scheduler.set(feed_of("a"), player, 5 * us_per_s);
  world.scheduler.set(feed_of("b", 600), player, 10 * us_per_s);
  world.tick_at(4);
  CHECK(world.stage.names().empty());
  world.tick_at(5);
  world.scheduler.wait_idle();
  CHECK(world.stage.names() == Names{"a"});
  world.tick_at(12);
  world.scheduler.wait_idle();
  CHECK(world.stage.names() == Names{"a", "b"});
  world.tick_at(65);
  world.scheduler.wait_idle();
  CHECK(world.stage.names() == Names{"a", "b", "a"});
  CHECK(world.scheduler.state("a")->next == 125 * us_per_s);
  CHECK(world.scheduler.state("b")->next == 612 * us_per_s);
  CHECK(world.told == Names{"a done", "b done", "a done"});
}

TEST_CASE("the scheduler runs at most N at once, and no feed twice") {
  World world(2);
  world.stage.hold = true;
  for (auto name : {"a", "b", "c", "d"}) world.scheduler.set(feed_of(name, 1), player, 0);
  world.tick_at(1);
  world.stage.wait_under_way(2);
  world.tick_at(100);
  CHECK(world.stage.names().size() == 2);
  CHECK(world.scheduler.run_now("a").error().fault == Fault::invalid);
  world.stage.release();
  world.scheduler.wait_idle();
  world.tick_at(101);
  world.scheduler.wait_idle();
  CHECK(world.stage.names().size() == 4);
  CHECK(world.stage.most_at_once == 2);
}

TEST_CASE("a feed in a hurry runs at once, or once more after the run that is under way") {
  World world;
  world.scheduler.set(feed_of("a", 60), player, 0);
  world.stage.hold = true;
  world.tick_at(0);
  world.stage.wait_under_way(1);
  world.scheduler.hurry("a");
  world.scheduler.hurry("a");
  world.scheduler.hurry("none");
  world.stage.release();
  world.scheduler.wait_idle();
  world.tick_at(1);
  world.scheduler.wait_idle();
  CHECK(world.stage.names().size() == 2);
  world.tick_at(2);
  world.scheduler.wait_idle();
  CHECK(world.stage.names().size() == 2);
  world.scheduler.hurry("a");
  world.tick_at(3);
  world.scheduler.wait_idle();
  CHECK(world.stage.names().size() == 3);
}

TEST_CASE("a hurry while the end of a run is told is not lost") {
  World world;
  world.hurries = true;
  world.scheduler.set(feed_of("a", 60), player, 0);
  world.tick_at(0);
  world.scheduler.wait_idle();
  world.tick_at(1);
  world.scheduler.wait_idle();
  CHECK(world.stage.names() == Names{"a", "a"});
}

TEST_CASE("what is told to a running scheduler is done at once") {
  World world;
  world.scheduler.set(feed_of("a", 60), player, 600 * us_per_s);
  world.scheduler.start();
  std::this_thread::sleep_for(std::chrono::milliseconds(50));  // it naps
  world.scheduler.hurry("a");
  for (int ms = 0; ms < 30'000 && world.stage.names().empty(); ++ms)
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  CHECK(world.stage.names() == Names{"a"});
  world.scheduler.stop();
}

TEST_CASE("the longest due goes first") {
  World world(1);
  world.scheduler.set(feed_of("a"), player, 3 * us_per_s);
  world.scheduler.set(feed_of("b"), player, 1 * us_per_s);
  world.tick_at(10);
  world.scheduler.wait_idle();
  world.tick_at(10);
  world.scheduler.wait_idle();
  CHECK(world.stage.names() == Names{"b", "a"});
}

TEST_CASE("a feed that fails backs off, and is told of") {
  World world;
  world.stage.fails["a"] = Error{Fault::unavailable, "down"};
  world.scheduler.set(feed_of("a", 3600), player, 0);
  world.tick_at(0);
  world.scheduler.wait_idle();
  CHECK(world.told == Names{"a failed"});
  CHECK(world.scheduler.state("a")->runs.failures == 1);
  CHECK(world.scheduler.state("a")->next == 1 * us_per_s);
  world.stage.fails.clear();
  world.tick_at(1);
  world.scheduler.wait_idle();
  CHECK(world.scheduler.state("a")->runs.failures == 0);
}

TEST_CASE("a person can run a feed now, but not sooner than its terms allow") {
  World world;
  Feed strict = feed_of("strict", 7200);
  strict.terms.interval_least_s = 1800;
  world.scheduler.set(strict, player, 0);
  world.scheduler.set(feed_of("free", 7200), player, 0);
  world.tick_at(0);
  world.scheduler.wait_idle();
  world.now = 60 * us_per_s;
  CHECK(world.scheduler.run_now("free") == 60 * us_per_s);
  CHECK(world.scheduler.run_now("strict") == 1800 * us_per_s);
  CHECK(world.scheduler.run_now("none").error().fault == Fault::missing);
  world.tick_at(60);
  world.scheduler.wait_idle();
  CHECK(world.stage.names().size() == 3);
}

TEST_CASE("removing, replacing and stopping end a run, and say nothing of it") {
  World world;
  world.stage.hold = true;
  world.scheduler.set(feed_of("a"), player, 0);
  world.tick_at(0);
  world.stage.wait_under_way(1);
  world.scheduler.remove("a");
  CHECK(!world.scheduler.state("a"));
  CHECK(world.told.empty());

  world.stage.hold = true;
  world.scheduler.set(feed_of("b"), player, 0);
  world.tick_at(0);
  world.stage.wait_under_way(1);
  world.scheduler.set(feed_of("b", 10), player, 50 * us_per_s);
  world.scheduler.wait_idle();
  CHECK(world.scheduler.state("b")->next == 50 * us_per_s);
  CHECK(world.told.empty());
  CHECK(world.stage.most_at_once == 1);

  world.stage.hold = true;
  world.tick_at(50);
  world.stage.wait_under_way(1);
  world.scheduler.stop();
  CHECK(world.stage.under_way == 0);
  CHECK(world.told.empty());
}

TEST_CASE("an endless collector does not take a place among the N") {
  World world(1);
  Collector endless = player;
  endless.endless = true;
  world.stage.hold = true;
  world.scheduler.set(feed_of("listen"), endless, 0);
  world.tick_at(0);
  world.stage.wait_under_way(1);
  world.scheduler.set(feed_of("list"), player, 0);
  world.tick_at(0);
  world.stage.wait_under_way(2);
  world.stage.release();
  world.scheduler.wait_idle();
  CHECK(world.stage.names() == Names{"listen", "list"});
}

TEST_CASE("the scheduler's own thread starts what is due") {
  World world;
  world.scheduler.set(feed_of("a"), player, 0);
  world.scheduler.start();
  {
    std::unique_lock lock(world.stage.mutex);
    CHECK(world.stage.changed.wait_for(lock, std::chrono::seconds(10),
                                       [&] { return !world.stage.ran.empty(); }));
  }
  world.scheduler.stop();
}

}  // namespace tocsin::ingest
