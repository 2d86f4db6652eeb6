#include "collector_context.h"
#include "loopback.h"
#include "test.h"

namespace tocsin::ingest {
namespace {

using test::answer;
using test::HttpRequest;
using test::HttpServer;

Feed feed_of(std::string url) {
  Feed feed;
  feed.name = "list";
  feed.collector = "http";
  feed.options = {{"url", std::move(url)}, {"allow_private", "true"}, {"tries_max", "1"}};
  return feed;
}

Result<void> collect(const Feed& feed, CollectorContext& context) {
  return collector("http").collect(feed, context);
}

}  // namespace

TEST_CASE("http delivers a list once and again only when it changed") {
  HttpServer server([](const HttpRequest& r) {
    if (r.header("if-none-match") == "\"1\"") return answer(304, "");
    return answer(200, "192.0.2.7\n", "ETag: \"1\"\r\n");
  });
  Feed feed = feed_of(server.url("/lists/all.txt"));
  TestContext context;
  CHECK(collect(feed, context));
  CHECK(collect(feed, context));
  REQUIRE(context.deliveries().size() == 1);
  auto kept = context.deliveries()[0];
  CHECK(kept.bytes == "192.0.2.7\n");
  CHECK(kept.name == "all.txt");
  CHECK(kept.url == server.url("/lists/all.txt"));
  CHECK(server.requests().size() == 2);
  CHECK(!std::filesystem::exists(kept.path));

  feed.options["url"] = server.url("/lists/other.txt");
  CHECK(collect(feed, context));
  CHECK(server.requests()[2].header("if-none-match") == "");
  CHECK(context.deliveries().size() == 2);
}

TEST_CASE("http sends keys where they belong and shows them nowhere") {
  HttpServer server([](const HttpRequest&) { return answer(200, "x"); });
  Feed feed = feed_of(server.url("/data/{key}/{Y}.json"));
  feed.options["key_secret"] = "phish";
  feed.options["secret_headers.Auth-Key"] = "abuse";
  feed.options["headers.Accept"] = "text/csv";
  TestContext context;
  context.secrets = {{"phish", "s3/cret"}, {"abuse", "hush"}};
  REQUIRE(collect(feed, context));
  HttpRequest seen = server.requests().at(0);
  CHECK(seen.target.starts_with("/data/s3%2Fcret/20"));
  CHECK(seen.header("auth-key") == "hush");
  CHECK(seen.header("accept") == "text/csv");
  auto kept = context.deliveries().at(0);
  CHECK(kept.url.starts_with(server.url("/data/{key}/20")));
  CHECK(!kept.cursor.contains("s3"));

  context.secrets.erase("phish");
  CHECK(collect(feed, context).error().fault == Fault::missing);
}

TEST_CASE("http does not come back before the server wants it") {
  HttpServer server([](const HttpRequest&) { return answer(503, "", "Retry-After: 7200\r\n"); });
  Feed feed = feed_of(server.url("/"));
  TestContext context;
  CHECK(collect(feed, context).error().fault == Fault::unavailable);
  auto again = collect(feed, context);
  CHECK(again.error().what.contains("asked to come back after"));
  CHECK(server.requests().size() == 1);
  CHECK(context.deliveries().empty());
}

TEST_CASE("http keeps its cursor when a report cannot be taken in") {
  HttpServer server([](const HttpRequest&) { return answer(200, "x", "ETag: \"1\"\r\n"); });
  TestContext context;
  context.before_deliver = [](const Delivery&) { return Error{Fault::unavailable, "disk full"}; };
  CHECK(collect(feed_of(server.url("/")), context).error().what == "disk full");
  CHECK(context.cursor().empty());
}

TEST_CASE("http does not reach inside unless it is allowed") {
  HttpServer server([](const HttpRequest&) { return answer(200, "x"); });
  Feed feed = feed_of(server.url("/"));
  feed.options.erase("allow_private");
  TestContext context;
  auto done = collect(feed, context);
  REQUIRE(!done);
  CHECK(done.error().fault == Fault::denied);
  CHECK(done.error().what.contains("allow_private"));
  CHECK(server.requests().empty());
}

}  // namespace tocsin::ingest
