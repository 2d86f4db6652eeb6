#include "base/hash.h"
#include "base/time.h"
#include "collector_context.h"
#include "loopback.h"
#include "test.h"

namespace tocsin::ingest {
namespace {

using test::answer;
using test::HttpRequest;
using test::HttpServer;

std::string today() {
  return times::format_day(times::day_of(times::now()));
}

Feed feed_of(const HttpServer& server) {
  Feed feed;
  feed.options = {{"key_secret", "key"},
                  {"signing_secret", "sign"},
                  {"api_url", server.url("/api2/")},
                  {"download_url", server.url("/dl/")},
                  {"allow_private", "true"},
                  {"days", "1"},
                  {"tries_max", "1"}};
  return feed;
}

void set_secrets(TestContext& context) {
  context.secrets = {{"key", "me"}, {"sign", "Jefe"}};
}

Result<void> collect(const Feed& feed, CollectorContext& context) {
  return collector("shadowserver_api").collect(feed, context);
}

std::string listing() {
  return R"([{"id":"abc-1_X","file":")" + today() +
         R"(-event4_sinkhole-land.csv","type":"event4_sinkhole","timestamp":"2026-01-01"},)" +
         R"({"id":"def2","file":"../)" + today() +
         R"(-scan_ics-land.csv","type":"scan_ics","timestamp":"2026-01-01"}])";
}

}  // namespace

TEST_CASE("shadowserver_api signs its list and downloads each report once") {
  HttpServer server([](const HttpRequest& r) {
    return r.target == "/api2/reports/list" ? answer(200, listing()) : answer(200, r.target);
  });
  Feed feed = feed_of(server);
  feed.options["reports"] = "land\nisland";
  TestContext context;
  set_secrets(context);
  REQUIRE(collect(feed, context));
  auto kept = context.deliveries();
  REQUIRE(kept.size() == 2);
  CHECK(kept[0].name == today() + "-event4_sinkhole-land.csv");
  CHECK(kept[0].bytes == "/dl/abc-1_X");
  CHECK(kept[0].url == server.url("/dl/{id}"));
  CHECK(kept[1].name == today() + "-scan_ics-land.csv");
  HttpRequest seen = server.requests().at(0);
  CHECK(seen.method == "POST");
  CHECK(seen.body == R"({"apikey":"me","date":")" + today() + R"(","reports":["land","island"]})");
  CHECK(seen.header("hmac2").size() == 64);
  CHECK(server.requests().at(1).header("hmac2").empty());

  CHECK(collect(feed, context));
  CHECK(context.deliveries().size() == 2);
  CHECK(server.requests().size() == 4);
}

TEST_CASE("shadowserver_api signs the body with HMAC-SHA256") {
  HttpServer server([](const HttpRequest&) { return answer(200, "[]"); });
  TestContext context;
  set_secrets(context);
  REQUIRE(collect(feed_of(server), context));
  HttpRequest seen = server.requests().at(0);
  // By hand, after RFC 2104.
  std::string inner(64, '\x36'), outer(64, '\x5c'), key = "Jefe";
  for (std::size_t i = 0; i < key.size(); ++i) {
    inner[i] = static_cast<char>(inner[i] ^ key[i]);
    outer[i] = static_cast<char>(outer[i] ^ key[i]);
  }
  Sha256 first = sha256(inner + seen.body);
  outer.append(reinterpret_cast<const char*>(first.data()), first.size());
  CHECK(seen.header("hmac2") == hex(sha256(outer)));
}

TEST_CASE("shadowserver_api takes only the types that are wanted") {
  HttpServer server([](const HttpRequest& r) {
    return r.target == "/api2/reports/list" ? answer(200, listing()) : answer(200, r.target);
  });
  Feed feed = feed_of(server);
  feed.options["types"] = "scan_ics\nscan_adb";
  TestContext context;
  set_secrets(context);
  CHECK(collect(feed, context));
  REQUIRE(context.deliveries().size() == 1);
  CHECK(context.deliveries()[0].bytes == "/dl/def2");
}

TEST_CASE("shadowserver_api goes on after a download that fails, and asks for it again") {
  bool broken = true;
  HttpServer server([&](const HttpRequest& r) {
    if (r.target == "/api2/reports/list") return answer(200, listing());
    return r.target == "/dl/abc-1_X" && broken ? answer(500, "") : answer(200, r.target);
  });
  Feed feed = feed_of(server);
  TestContext context;
  set_secrets(context);
  CHECK(collect(feed, context).error().fault == Fault::unavailable);
  REQUIRE(context.deliveries().size() == 1);
  CHECK(context.deliveries()[0].bytes == "/dl/def2");
  broken = false;
  CHECK(collect(feed, context));
  REQUIRE(context.deliveries().size() == 2);
  CHECK(context.deliveries()[1].bytes == "/dl/abc-1_X");
}

TEST_CASE("shadowserver_api tells what the API answered") {
  std::string body = R"({"error":"invalid key"})";
  HttpServer server([&](const HttpRequest&) { return answer(200, body); });
  TestContext context;
  set_secrets(context);
  auto done = collect(feed_of(server), context);
  REQUIRE(!done);
  CHECK(done.error().fault == Fault::denied);
  CHECK(done.error().what.contains("invalid key"));
  for (auto broken : {"<html>", "{}", R"([{"file":"a.csv"}])",
                      R"([{"id":"../../etc","file":"a.csv"}])", R"([{"id":1,"file":"a.csv"}])"}) {
    body = broken;
    done = collect(feed_of(server), context);
    REQUIRE_MESSAGE(!done, broken);
    CHECK_MESSAGE(done.error().fault == Fault::invalid, broken);
  }
  context.secrets.erase("sign");
  CHECK(collect(feed_of(server), context).error().fault == Fault::missing);
}

}  // namespace tocsin::ingest
