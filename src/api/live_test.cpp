#include "api/live.h"

#include "test.h"

namespace tocsin::api {
namespace {

// All that a stream has got since it was last asked, as one text.
std::string taken(EventStream& stream) {
  std::vector<EventStream::Frame> frames;
  stream.take(frames);
  std::string all;
  for (const auto& frame : frames) all += *frame;
  return all;
}

std::size_t count(std::string_view text, std::string_view what) {
  std::size_t n = 0;
  for (std::size_t at = text.find(what); at != text.npos; at = text.find(what, at + 1)) ++n;
  return n;
}

constexpr TimeUs second = us_per_s;

}  // namespace

TEST_CASE("counters come once a second and only when they changed; who comes new gets the last") {
  LiveHub hub;
  auto stream = *hub.subscribe("a");
  CHECK(taken(*stream) == "retry: 2000\n\n");
  LiveCounters counters{.events_per_s = 1.5, .events_today = 10, .findings_open = 3};
  hub.counters(counters, 0, 10 * second);
  CHECK(taken(*stream) ==
        "event: counters\ndata: {\"at\":\"1970-01-01T00:00:00Z\",\"events_per_s\":1.5,"
        "\"events_today\":10,\"findings_open\":3}\n\n");
  hub.counters(counters, 0, 12 * second);
  CHECK(taken(*stream).empty());
  counters.events_today = 11;
  hub.counters(counters, 0, 12 * second);
  counters.events_today = 12;
  hub.counters(counters, 0, 12 * second + second / 2);
  CHECK(count(taken(*stream), "event: counters") == 1);
  CHECK(taken(**hub.subscribe("b")).contains("\"events_today\":11"));
}

TEST_CASE("samples come twice a second and say of how many they are") {
  LiveHub hub;
  auto stream = *hub.subscribe("a");
  hub.tick(10 * second);
  taken(*stream);
  for (int i = 0; i < 20; ++i) {
    hub.sample({.at = 0, .subject = "192.0.2.1", .text = "infected, mirai"}, 100);
  }
  hub.tick(10 * second);
  std::string first = taken(*stream);
  CHECK(count(first, "192.0.2.1") == LiveHub::sample_items_max);
  CHECK(first.contains("\"share\":400"));
  hub.sample({.at = 0, .subject = "192.0.2.2", .text = "spam"}, 1);
  hub.tick(10 * second + second / 4);
  CHECK_FALSE(taken(*stream).contains("192.0.2.2"));
  hub.tick(10 * second + second / 2);
  CHECK(taken(*stream).contains("192.0.2.2"));
}

TEST_CASE("beyond 20 findings a second only their number is sent") {
  LiveHub hub;
  auto stream = *hub.subscribe("a");
  for (int i = 0; i < 50; ++i) hub.finding("{\"id\":\"f_1\"}", 10 * second);
  hub.skipped(7);
  CHECK(count(taken(*stream), "f_1") == LiveHub::findings_per_s);
  hub.tick(11 * second);
  CHECK(taken(*stream).contains("event: finding\ndata: {\"skipped\":37}"));
  hub.finding("{\"id\":\"f_2\"}", 11 * second);
  CHECK(taken(*stream).contains("f_2"));
}

TEST_CASE("of a feed or report that changes quickly the last state is sent") {
  LiveHub hub;
  auto stream = *hub.subscribe("a");
  for (int i = 0; i < 1000; ++i) hub.feed("imap", "{\"n\":" + std::to_string(i) + "}");
  hub.report("r_1", "{}");
  hub.health("{}");
  hub.tick(second);
  std::string all = taken(*stream);
  CHECK(count(all, "event: feed") == 1);
  CHECK(all.contains("{\"n\":999}"));
  CHECK(all.contains("event: report"));
  CHECK(all.contains("event: health"));
}

TEST_CASE("nobody watching costs nothing, and who has gone is forgotten") {
  LiveHub hub;
  CHECK_FALSE(hub.watched());
  hub.feed("x", "{}");
  auto stream = *hub.subscribe("session:1");
  CHECK(hub.watched());
  hub.tick(second);
  CHECK_FALSE(taken(*stream).contains("event: feed"));
  stream->detach();
  hub.tick(2 * second);
  CHECK_FALSE(hub.watched());
}

TEST_CASE("a stream ends with the session it belongs to") {
  LiveHub hub;
  auto one = *hub.subscribe("session:1"), two = *hub.subscribe("session:2");
  hub.end_unless([](std::string_view principal) { return principal == "session:2"; });
  CHECK(one->ended());
  CHECK_FALSE(two->ended());
  hub.stop();
  CHECK(two->ended());
}

TEST_CASE("watchers are bounded") {
  LiveHub hub;
  for (std::size_t i = 0; i < LiveHub::streams_max; ++i) REQUIRE(hub.subscribe("a").has_value());
  CHECK(hub.subscribe("a").error().fault == Fault::unavailable);
}

}  // namespace tocsin::api
