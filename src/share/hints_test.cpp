#include "share/hints.h"

#include <atomic>
#include <chrono>
#include <set>

#include "test.h"

namespace tocsin::share {
namespace {

struct World {
  std::atomic<TimeUs> last = 10;
  std::mutex mutex;
  std::set<std::string> news, partners = {"a", "b"};
  Hints hints{{.last = [this] { return last.load(); },
               .has_news =
                   [this](const std::string& member, TimeUs after) {
                     std::lock_guard guard(mutex);
                     return news.contains(member) && after < last;
                   },
               .is_partner =
                   [this](const std::string& member) {
                     std::lock_guard guard(mutex);
                     return partners.contains(member);
                   }}};

  void offer(std::set<std::string> to) {
    {
      std::lock_guard guard(mutex);
      news = std::move(to);
    }
    ++last;
    hints.look();
  }
};

// How many hints came, once there are `wanted`, or after ten seconds.
std::size_t hints_in(EventStream& stream, std::size_t wanted) {
  std::size_t count = 0;
  auto until = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (count < wanted && std::chrono::steady_clock::now() < until) {
    std::vector<EventStream::Frame> frames;
    if (!stream.take(frames)) return count;
    for (const auto& frame : frames) count += frame->contains("event: new") ? 1 : 0;
    if (count < wanted) std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return count;
}

}  // namespace

TEST_CASE("a member is told at the beginning, and then only of what it may have") {
  World w;
  auto a = w.hints.subscribe("a").value(), b = w.hints.subscribe("b").value();
  CHECK(hints_in(*a, 1) == 1);
  CHECK(hints_in(*b, 1) == 1);
  w.offer({"a"});
  CHECK(hints_in(*a, 1) == 1);
  w.offer({"b"});
  CHECK(hints_in(*b, 1) == 1);
  std::vector<EventStream::Frame> left;
  CHECK(a->take(left));  // still open
  CHECK(left.empty());
}

TEST_CASE("the stream of who is no partner any more ends") {
  World w;
  auto a = w.hints.subscribe("a").value();
  {
    std::lock_guard guard(w.mutex);
    w.partners.erase("a");
  }
  w.offer({"a"});
  auto until = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (!a->ended() && std::chrono::steady_clock::now() < until)
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  CHECK(a->ended());
  auto b = w.hints.subscribe("b").value();
  w.hints.stop();
  CHECK(b->ended());
  CHECK_FALSE(w.hints.subscribe("b").has_value());
}

}  // namespace tocsin::share
