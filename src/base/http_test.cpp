#include "base/http.h"

#include "test.h"

namespace tocsin::http {
namespace {

std::string error_of(std::string_view target) {
  Request request;
  auto read = read_target(target, request);
  return read ? "no error" : read.error().what;
}

}  // namespace

TEST_CASE("a target is parted and decoded, slashes within a segment included") {
  Request request;
  REQUIRE(read_target("/api/v1/feeds/a%2Fb?q=type%3Ax+y&q=z&empty=&flag", request).has_value());
  CHECK(request.path == "/api/v1/feeds/a%2Fb");
  CHECK(request.segments == std::vector<std::string>{"api", "v1", "feeds", "a/b"});
  CHECK(request.query.count("q") == 2);
  CHECK(request.parameter("q") == "type:x y");
  CHECK(request.has("flag"));
  CHECK_FALSE(request.has("nothing"));
  REQUIRE(read_target("/", request).has_value());
  CHECK(request.segments.empty());
  CHECK(request.query.empty());
}

TEST_CASE("a target that could mislead is refused") {
  CHECK(error_of("feeds") == "not a path: 'feeds'");
  CHECK(error_of("/a/../b") == "not allowed in a path: '..'");
  CHECK(error_of("/a/%2e%2E/b") == "not allowed in a path: '..'");
  CHECK(error_of("/a/%0a") == "not allowed in a path: '\\x0a'");
  CHECK(error_of("/a%zz") == "a broken escape in 'a%zz'");
  CHECK(error_of("/a%4") == "a broken escape in 'a%4'");
  CHECK(error_of("/%ff%fe").starts_with("not UTF-8: "));
  CHECK(error_of("/a#b") == "a fragment in a request: '/a#b'");
  CHECK(error_of("/a?x=%00") == "a control character in parameter 'x'");
  std::string many = "/a?";
  for (int i = 0; i < 1100; ++i) many += "x=1&";
  CHECK(error_of(many) == "too many parameters");
}

TEST_CASE("escaping and back gives the same text") {
  std::string text = "a b/ä?&=%+~";
  CHECK(percent_decode(percent_encode(text)) == text);
  CHECK(percent_encode("a b") == "a%20b");
}

TEST_CASE("cookies are found by their whole name") {
  Request request;
  request.headers = {{"cookie", "xtocsin_session=1; tocsin_session=two; other=3"}};
  CHECK(request.cookie("tocsin_session") == "two");
  CHECK(request.cookie("session").empty());
}

TEST_CASE("faults become their statuses") {
  CHECK(problem(Error{Fault::invalid, "x"}).status == 400);
  CHECK(problem(Error{Fault::denied, "x"}).status == 403);
  CHECK(problem(Error{Fault::missing, "x"}).status == 404);
  CHECK(problem(Error{Fault::unavailable, "x"}).status == 503);
  CHECK(problem(404, "no feed 'x'").body ==
        R"({"detail":"no feed 'x'","status":404,"title":"Not Found","type":"about:blank"})");
}

TEST_CASE("an event stream that is not read ends with an event to reconnect") {
  EventStream stream(3);
  auto frame = std::make_shared<const std::string>(event_frame("sample", "{}"));
  int woken = 0;
  stream.on_ready([&] { ++woken; });
  for (int i = 0; i < 3; ++i) CHECK(stream.push(frame));
  CHECK(woken == 1);  // once until somebody takes
  CHECK_FALSE(stream.push(frame));
  CHECK(stream.ended());
  std::vector<EventStream::Frame> frames;
  CHECK(stream.take(frames));
  REQUIRE(frames.size() == 1);
  CHECK(frames[0]->starts_with("event: reconnect\n"));
  CHECK_FALSE(stream.take(frames));
}

TEST_CASE("a stream is bounded in bytes too, and what is queued at its end is still sent") {
  EventStream narrow(100, 10), ended;
  CHECK_FALSE(narrow.push(std::make_shared<const std::string>("more than ten bytes")));
  ended.push(std::make_shared<const std::string>("one"));
  ended.close(std::make_shared<const std::string>("last"));
  CHECK_FALSE(ended.push(std::make_shared<const std::string>("late")));
  std::vector<EventStream::Frame> frames;
  CHECK(ended.take(frames));
  CHECK(frames.size() == 2);
  ended.detach();
  CHECK_FALSE(ended.take(frames));
}

}  // namespace tocsin::http
