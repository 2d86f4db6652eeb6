#include <fmt/format.h>

#include <algorithm>

#include "base/hash.h"
#include "collector_context.h"
#include "loopback.h"
#include "test.h"

namespace tocsin::ingest {
namespace {

using test::answer;
using test::HttpRequest;
using test::HttpServer;

constexpr std::string_view one = "5a3c2d1e-0000-4000-8000-000000000001",
                           two = "5a3c2d1e-0000-4000-8000-000000000002";

std::string event(std::string_view uuid, int timestamp) {
  return fmt::format(R"({{"Event":{{"uuid":"{}","timestamp":"{}","Attribute":[]}}}})", uuid,
                     timestamp);
}

// A feed of events whose timestamps may change, and with bad manners.
struct FakeFeed {
  std::map<std::string, int, std::less<>> stamps{{std::string(one), 100}, {std::string(two), 200}};
  std::string wrong;     // whose hash is not its file's
  std::string more;      // of the manifest
  std::string moved;     // where all files are
  bool numbers = false;  // timestamps as numbers
  HttpServer server{[this](const HttpRequest& r) { return reply(r); }};

  std::string manifest() const {
    std::string out;
    for (const auto& [uuid, stamp] : stamps) {
      std::string file = event(uuid, uuid == wrong ? stamp + 1 : stamp);
      out += fmt::format(
          R"({}"{}":{{"info":"x","timestamp":{},"integrity:sha256":"{}"}})", out.empty() ? "" : ",",
          uuid, numbers ? std::to_string(stamp) : fmt::format("\"{}\"", stamp), hex(sha256(file)));
    }
    return "{" + out + more + "}";
  }
  std::string reply(const HttpRequest& r) const {
    std::string name = r.target.substr(r.target.rfind('/') + 1);
    if (name == "manifest.json") {
      std::string body = manifest(), tag = '"' + hex(sha256(body)) + '"';
      if (r.header("if-none-match") == tag) return answer(304, "");
      return answer(200, body, "ETag: " + tag + "\r\n");
    }
    if (!moved.empty()) return answer(302, "", "Location: " + moved + "\r\n");
    auto found = stamps.find(name.substr(0, name.find('.')));
    if (found == stamps.end()) return answer(404, "");
    return answer(200, event(found->first, found->second));
  }
  Feed feed(std::map<std::string, std::string> more_options = {}) const {
    Feed out;
    out.name = "misp";
    out.collector = "misp_feed";
    out.options = {{"url", server.url("/feed")}, {"allow_private", "true"}, {"tries_max", "1"}};
    for (auto& [name, value] : more_options) out.options[name] = value;
    return out;
  }
  std::size_t asked(std::string_view end) {
    auto all = server.requests();
    return static_cast<std::size_t>(
        std::ranges::count_if(all, [&](const auto& r) { return r.target.ends_with(end); }));
  }
};

Result<void> collect(const Feed& feed, CollectorContext& context) {
  return collector("misp_feed").collect(feed, context);
}

}  // namespace

TEST_CASE("a MISP feed brings each event once, and again only when its timestamp grew") {
  FakeFeed fake;
  TestContext context;
  context.secrets["key"] = "KEY";
  Feed feed = fake.feed({{"key_secret", "key"}});
  CHECK(collect(feed, context));
  REQUIRE(context.deliveries().size() == 2);
  CHECK(context.deliveries()[0].name == fmt::format("{}.json", one));
  CHECK(fake.server.requests()[0].header("authorization") == "KEY");
  CHECK(collect(feed, context));  // 304
  CHECK(fake.server.requests().size() == 4);
  fake.stamps[std::string(two)] = 300;
  fake.stamps[std::string(one)] = 50;  // goes back
  fake.numbers = true;
  CHECK(collect(feed, context));
  REQUIRE(context.deliveries().size() == 3);
  CHECK(context.deliveries()[2].bytes == event(two, 300));
}

TEST_CASE("a file of a MISP feed that is not what its manifest says is not taken in") {
  FakeFeed fake;
  TestContext context;
  fake.wrong = one;
  auto done = collect(fake.feed(), context);
  REQUIRE_FALSE(done);
  CHECK(done.error().what.find("another SHA-256") != std::string::npos);
  CHECK(context.deliveries().size() == 1);  // the other one is
  fake.wrong.clear();
  CHECK(collect(fake.feed(), context));
  CHECK(context.deliveries().size() == 2);
}

TEST_CASE("a run of a MISP feed is bounded, and the next goes on there") {
  FakeFeed fake;
  TestContext context;
  CHECK_FALSE(collect(fake.feed({{"events_max", "1"}}), context));
  CHECK(context.deliveries().size() == 1);
  CHECK(collect(fake.feed({{"events_max", "1"}}), context));
  CHECK(context.deliveries().size() == 2);
}

TEST_CASE("a MISP feed is followed nowhere else, and a name in it is no path") {
  FakeFeed fake;
  TestContext context;
  fake.more = R"(,"../../secrets":{"info":"x","timestamp":"900"})";
  CHECK(collect(fake.feed(), context));
  CHECK(fake.asked("secrets.json") == 0);
  CHECK(context.deliveries().size() == 2);
  FakeFeed other;
  FakeFeed away;
  away.moved = other.server.url("/feed/x.json");
  TestContext fresh;
  CHECK_FALSE(collect(away.feed(), fresh));
  CHECK(other.server.requests().empty());
  CHECK_FALSE(collect(fake.feed({{"allow_private", "false"}}), fresh));
  CHECK_FALSE(collect(fake.feed({{"size_max_bytes", "64"}}), fresh));  // its events are larger
  CHECK(fresh.deliveries().empty());
}

}  // namespace tocsin::ingest
