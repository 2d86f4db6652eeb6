#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/http.h"
#include "base/json.h"
#include "collector_context.h"
#include "ingest/taxii_answer.h"
#include "loopback.h"
#include "test.h"

namespace tocsin::ingest {

Collector taxii();

namespace {

using test::answer;
using test::HttpRequest;
using test::HttpServer;

constexpr std::string_view collection_id = "8b2f1a44-5f0e-4c7e-9a3a-0d6b7a8c9d10";
constexpr std::string_view other_id = "1c2f1a44-5f0e-4c7e-9a3a-0d6b7a8c9d11";

// A server with `count` objects of one collection, a microsecond apart or of one date, and with the
// manners of some real ones.
struct Manners {
  std::size_t count = 5, limit_max = 2;
  bool next = true, more = true, header = true, manifest = true;
  std::size_t of_one_date = 0;  // the first so many objects
  std::string constant_next{};  // whatever page it is
  bool forgets_next = false;    // answers 400 to each
  bool keeps_first = false;     // the first page again and again
  int status = 200;             // of a good page
  std::string roots = R"(["/root/"])";
};

class FakeTaxii {
 public:
  explicit FakeTaxii(Manners of = {})
      : manners(std::move(of)), server_([this](const HttpRequest& r) { return reply(r); }) {}

  std::string url(std::string_view path) const { return server_.url(path); }
  std::vector<std::string> asked() {  // the queries of pages
    std::vector<std::string> out;
    for (const auto& request : server_.requests()) {
      std::size_t at = request.target.find("/objects/");
      if (at != std::string::npos) out.push_back(request.target.substr(at + 9));
    }
    return out;
  }
  std::vector<HttpRequest> requests() { return server_.requests(); }

  Manners manners;

 private:
  std::string date(std::size_t i) const {
    std::size_t step = i < manners.of_one_date ? 0 : i;
    return fmt::format("2026-01-02T00:00:{:02}.{:06}Z", step / 10, step % 10);
  }
  static std::string object(std::size_t i) {
    return fmt::format(
        R"({{"id":"indicator--{:08}-0000-4000-8000-000000000000","modified":"2026-01)"
        R"(-01T00:00:00.000Z","type":"indicator"}})",
        i);
  }
  static std::string said(std::string_view id, std::string_view alias, bool can_read) {
    return fmt::format(R"({{"alias":"{}","can_read":{},"can_write":false,"id":"{}","title":"T"}})",
                       alias, can_read, id);
  }
  std::string reply(const HttpRequest& r) {
    http::Request request;
    if (!http::read_target(r.target, request)) return answer(400, "{}");
    std::string base = fmt::format("/root/collections/{}/", collection_id);
    if (request.path == "/taxii2/")
      return answer(200, fmt::format(R"({{"api_roots":{},"title":"t"}})", manners.roots));
    if (request.path == "/root/")
      return answer(200, R"({"max_content_length":1,"title":"r","versions":["x"]})");
    if (request.path == "/root/collections/") {
      return answer(200,
                    fmt::format(R"({{"collections":[{},{}]}})", said(collection_id, "good", true),
                                said(other_id, "closed", false)));
    }
    if (request.path == base) return answer(200, said(collection_id, "good", true));
    if (request.path == base + "manifest/") return manifest(request);
    return request.path == base + "objects/" ? page(request) : answer(404, "{}");
  }
  std::string manifest(const http::Request& request) const {
    if (!manners.manifest) return answer(404, "{}");
    for (std::size_t i = 0; i < manners.count; ++i) {
      if (!object(i).contains(request.parameter("match[id]"))) continue;
      return answer(200, fmt::format(R"({{"objects":[{{"date_added":"{}"}}]}})", date(i)));
    }
    return answer(200, "{}");
  }
  std::string page(const http::Request& request) const {
    std::string_view next = request.parameter("next"), after = request.parameter("added_after");
    if (manners.forgets_next && !next.empty()) return answer(400, R"({"title":"stale"})");
    std::size_t limit = std::min<std::size_t>(
        manners.limit_max, text::number(request.parameter("limit")).value_or(1000));
    std::size_t from = 0;
    if (!next.empty() && manners.constant_next.empty()) {
      from = text::number(next).value_or(0);
    } else {
      while (from < manners.count && !after.empty() && date(from) <= after) ++from;
    }
    if (manners.keeps_first) from = 0;
    std::size_t until = std::min(manners.count, from + limit);
    json::Writer w;
    w.object();
    bool is_more = until < manners.count || manners.keeps_first;
    if (is_more && manners.more) w.member("more", true);
    if (is_more && manners.next)
      w.member("next",
               manners.constant_next.empty() ? std::to_string(until) : manners.constant_next);
    if (from < until) w.key("objects").list();
    for (std::size_t i = from; i < until; ++i) w.raw(object(i));
    if (from < until) w.end();
    w.end();
    std::string headers;
    if (manners.header && from < until)
      headers = fmt::format("X-TAXII-Date-Added-Last: {}\r\n", date(until - 1));
    return answer(manners.status, w.text(), headers);
  }
  HttpServer server_;
};

Feed feed_of(std::string url) {
  Feed feed;
  feed.name = "theirs";
  feed.collector = "taxii";
  feed.options = {
      {"url", std::move(url)}, {"allow_private", "true"}, {"tries_max", "1"}, {"overlap_s", "0"}};
  return feed;
}

Result<void> collect(const Feed& feed, CollectorContext& context) {
  return taxii().collect(feed, context);
}

// Which objects came, each as often as it did.
std::vector<std::size_t> taken(TestContext& context) {
  std::vector<std::size_t> out;
  for (const auto& kept : context.deliveries()) {
    for (std::size_t at = 0; (at = kept.bytes.find("indicator--", at)) != std::string::npos; ++at)
      out.push_back(*text::number(kept.bytes.substr(at + 11, 8)));
  }
  return out;
}
std::vector<std::size_t> each_once(std::size_t count) {
  std::vector<std::size_t> out;
  for (std::size_t i = 0; i < count; ++i) out.push_back(i);
  return out;
}
std::set<std::size_t> as_set(const std::vector<std::size_t>& all) {
  return {all.begin(), all.end()};
}

std::string base_of(const FakeTaxii& server) {
  return server.url(fmt::format("/root/collections/{}/", collection_id));
}

}  // namespace

TEST_CASE("taxii finds collections from the discovery, a root, a listing, a collection, objects") {
  for (std::string path :
       {std::string("/taxii2/"), std::string("/taxii2"), std::string("/root/"),
        std::string("/root/collections"), fmt::format("/root/collections/{}", collection_id),
        fmt::format("/root/collections/{}/objects/", collection_id)}) {
    CAPTURE(path);
    FakeTaxii server;
    TestContext context;
    auto done = collect(feed_of(server.url(path)), context);
    CHECK_MESSAGE(done, done.error().what);
    CHECK(taken(context) == each_once(5));
    for (const auto& request : server.requests())
      CHECK(request.header("accept") == "application/taxii+json;version=2.1");
  }
}

TEST_CASE("taxii takes the collection that is named, by id or alias, and none that is closed") {
  FakeTaxii server;
  Feed feed = feed_of(server.url("/taxii2/"));
  for (std::string name : {std::string(collection_id), std::string("good")}) {
    TestContext context;
    feed.options["collection"] = name;
    CHECK(collect(feed, context));
    CHECK(taken(context).size() == 5);
  }
  TestContext context;
  feed.options["collection"] = "closed";
  CHECK(collect(feed, context).error().fault == Fault::denied);
  feed.options["collection"] = "nobody's";
  CHECK(collect(feed, context).error().fault == Fault::missing);
}

TEST_CASE("taxii makes a page a report and begins where the last run ended") {
  FakeTaxii server;
  Feed feed = feed_of(base_of(server));
  TestContext context;
  CHECK(collect(feed, context));
  CHECK(context.deliveries().size() == 3);
  CHECK(context.deliveries()[0].url == base_of(server) + "objects/");
  CHECK(server.asked().front() == "?limit=1000");
  CHECK(collect(feed, context));
  CHECK(context.deliveries().size() == 3);
  CHECK(server.asked().back() == "?limit=1000&added_after=2026-01-02T00%3A00%3A00.000004Z");
  server.manners.count = 6;
  CHECK(collect(feed, context));
  CHECK(taken(context) == each_once(6));
}

TEST_CASE("taxii begins at the feed's start, and so much before the newest date") {
  FakeTaxii server;
  Feed feed = feed_of(base_of(server));
  feed.options["start"] = "2026-01-02T00:00:00.000002Z";
  feed.options["overlap_s"] = "60";
  TestContext context;
  CHECK(collect(feed, context));
  CHECK(taken(context) == std::vector<std::size_t>{3, 4});
  feed.options.erase("start");
  CHECK(collect(feed, context));
  CHECK(server.asked()[1] == "?limit=1000&added_after=2026-01-01T23%3A59%3A00.000004Z");
  feed.options["start"] = "some day";
  CHECK(collect(feed, context).error().fault == Fault::invalid);
}

TEST_CASE("taxii goes on in the middle of a walk after a report was not taken in") {
  FakeTaxii server;
  Feed feed = feed_of(base_of(server));
  TestContext context;
  unsigned pages = 0;
  context.before_deliver = [&](const Delivery&) -> std::optional<Error> {
    if (++pages == 2) return Error{Fault::unavailable, "disk full"};
    return std::nullopt;
  };
  CHECK(collect(feed, context).error().what == "disk full");
  CHECK(taken(context) == std::vector<std::size_t>{0, 1});
  CHECK(collect(feed, context));
  CHECK(taken(context) == each_once(5));
  CHECK(server.asked()[2].contains("next=2"));
}

TEST_CASE("taxii goes on by dates where there is no `next`, also among objects of one date") {
  FakeTaxii server({.count = 9, .next = false});
  TestContext context;
  CHECK(collect(feed_of(base_of(server)), context));
  CHECK(as_set(taken(context)) == as_set(each_once(9)));

  // Seven of one date, and two at a time: more are asked for.
  FakeTaxii tied({.count = 9, .limit_max = 100, .next = false, .of_one_date = 7});
  Feed feed = feed_of(base_of(tied));
  feed.options["page_size"] = "2";
  TestContext all;
  auto done = collect(feed, all);
  CHECK_MESSAGE(done, done.error().what);
  CHECK(as_set(taken(all)) == as_set(each_once(9)));

  // And where the server gives no more at once, it is said what may be missing, and gone on.
  FakeTaxii short_pages({.count = 9, .limit_max = 2, .next = false, .of_one_date = 7});
  TestContext some;
  done = collect(feed_of(base_of(short_pages)), some);
  REQUIRE(!done);
  CHECK(done.error().what.contains("some of them may be missing"));
  CHECK(as_set(taken(some)) == std::set<std::size_t>{0, 1, 7, 8});
}

TEST_CASE("taxii falls back to dates when `next` is refused") {
  FakeTaxii server({.count = 20, .forgets_next = true});
  TestContext context;
  auto done = collect(feed_of(base_of(server)), context);
  CHECK_MESSAGE(done, done.error().what);
  CHECK(as_set(taken(context)) == as_set(each_once(20)));

  // Pages of one object, which the overlap of a microsecond fills: it ends, and says so.
  FakeTaxii narrow({.limit_max = 1, .forgets_next = true});
  TestContext first;
  done = collect(feed_of(base_of(narrow)), first);
  REQUIRE(!done);
  CHECK(done.error().what.contains("answers 400 to each `next`"));

  // One that went stale between two runs.
  FakeTaxii later;
  TestContext kept;
  std::string id(collection_id);
  REQUIRE(kept.keep_cursor("{\"" + id + " after\":\"2026-01-02T00:00:00.000001Z\",\"" + id +
                           " next\":\"old\"}"));
  later.manners.forgets_next = true;
  later.manners.limit_max = 10;
  CHECK(collect(feed_of(base_of(later)), kept));
  CHECK(taken(kept) == std::vector<std::size_t>{1, 2, 3, 4});
}

TEST_CASE("taxii does without headers and without `more`, with status 206") {
  FakeTaxii server({.more = false, .header = false, .status = 206});
  TestContext context;
  Feed feed = feed_of(base_of(server));
  auto done = collect(feed, context);
  CHECK_MESSAGE(done, done.error().what);
  CHECK(taken(context) == each_once(5));
  CHECK(collect(feed, context));  // the manifest said the date
  CHECK(taken(context).size() == 5);
  CHECK(server.asked().back().contains("added_after=2026-01-02T00%3A00%3A00.000004Z"));
}

TEST_CASE("taxii says so where a server names no dates at all") {
  FakeTaxii server({.header = false, .manifest = false});
  TestContext context;
  Feed feed = feed_of(base_of(server));
  CHECK(collect(feed, context).error().what.contains("names no date of its objects"));
  CHECK(taken(context) == each_once(5));
  server.manners.count = 6;
  CHECK(!collect(feed, context));
  CHECK(as_set(taken(context)) == as_set(each_once(6)));

  server.manners.next = false;
  TestContext other;
  CHECK(collect(feed, other).error().what.contains("neither `next` nor a date"));
  CHECK(taken(other) == std::vector<std::size_t>{0, 1});
}

TEST_CASE("taxii does not go in circles, and a server that does costs no more than its bounds") {
  {
    FakeTaxii server({.constant_next = "x", .keeps_first = true});
    TestContext context;
    auto done = collect(feed_of(base_of(server)), context);
    REQUIRE(!done);
    CHECK(done.error().fault == Fault::unavailable);
    CHECK(done.error().what.contains("goes in circles"));
    CHECK(server.asked().size() <= 3);
    CHECK(!context.cursor().contains(" next"));
  }
  {  // neither `next` nor anything new, for ever
    FakeTaxii server({.next = false, .keeps_first = true});
    TestContext context;
    CHECK(!collect(feed_of(base_of(server)), context));
    CHECK(server.asked().size() < 120);
  }
  FakeTaxii server({.count = 100});
  Feed feed = feed_of(base_of(server));
  feed.options["pages_max"] = "10";
  TestContext context;
  auto done = collect(feed, context);
  REQUIRE(!done);
  CHECK(done.error().what.contains("stopped after 10 pages"));
  for (int i = 0; i < 5; ++i) std::ignore = collect(feed, context);
  CHECK(taken(context) == each_once(100));
}

TEST_CASE("taxii takes an empty answer for an empty page, and no nonsense for one") {
  std::string body, last;
  HttpServer server([&](const HttpRequest& r) {
    if (r.target.contains("/objects/")) return answer(200, body);
    return answer(200, fmt::format(R"({{"can_read":true,"id":"{}"}})", collection_id));
  });
  Feed feed = feed_of(server.url("/root/collections/a/"));
  TestContext context;
  for (std::string empty : {"", "{}", R"({"more":false})", R"({"objects":[]})", " \n"}) {
    CAPTURE(empty);
    body = empty;
    CHECK(collect(feed, context));
  }
  CHECK(context.deliveries().empty());
  for (std::string wrong : {"<html>", "[]", "7", R"({"objects":[)"}) {
    CAPTURE(wrong);
    body = wrong;
    CHECK(collect(feed, context).error().fault == Fault::unavailable);
  }
  CHECK(context.deliveries().empty());
}

TEST_CASE("taxii comes back when the server wants it, and stays at its host") {
  {
    HttpServer busy([](const HttpRequest&) { return answer(429, "{}", "Retry-After: 7200\r\n"); });
    TestContext context;
    Feed feed = feed_of(busy.url("/taxii2/"));
    CHECK(collect(feed, context).error().fault == Fault::unavailable);
    CHECK(collect(feed, context).error().what.contains("asked to come back after"));
    CHECK(busy.requests().size() == 1);
  }
  HttpServer elsewhere([](const HttpRequest&) { return answer(200, "{}"); });
  HttpServer server([&](const HttpRequest&) {
    return answer(302, "", "Location: " + elsewhere.url("/taxii2/") + "\r\n");
  });
  TestContext context;
  auto done = collect(feed_of(server.url("/taxii2/")), context);
  REQUIRE(!done);
  CHECK(done.error().fault == Fault::denied);
  CHECK(done.error().what.contains("another host"));

  FakeTaxii roots({.roots = R"(["http://192.0.2.7/root/"])"});
  CHECK(collect(feed_of(roots.url("/taxii2/")), context).error().fault == Fault::denied);
  CHECK(elsewhere.requests().empty());

  Feed inside = feed_of(roots.url("/taxii2/"));
  inside.options.erase("allow_private");
  CHECK(collect(inside, context).error().what.contains("allow_private"));
}

TEST_CASE("taxii signs in by token or password, and keeps both for itself") {
  FakeTaxii server;
  Feed feed = feed_of(base_of(server));
  feed.options["token_secret"] = "theirs";
  TestContext context;
  context.secrets = {{"theirs", "t0ken"}, {"pass", "word"}};
  CHECK(collect(feed, context));
  for (const auto& request : server.requests())
    CHECK(request.header("authorization") == "Bearer t0ken");
  feed.options.erase("token_secret");
  feed.options["username"] = "me";
  feed.options["password_secret"] = "pass";
  CHECK(collect(feed, context));
  CHECK(server.requests().back().header("authorization") == "Basic bWU6d29yZA==");
  CHECK(!context.cursor().contains("t0ken"));

  HttpServer closed([](const HttpRequest&) { return answer(401, "{}"); });
  CHECK(collect(feed_of(closed.url("/taxii2/")), context).error().fault == Fault::denied);
  Feed partners = feed_of(closed.url("/taxii2/"));
  partners.options["member"] = "b.example.org";
  CHECK(collect(partners, context).error().fault == Fault::unavailable);
  HttpServer old([](const HttpRequest&) { return answer(406, "{}"); });
  CHECK(collect(feed_of(old.url("/taxii/")), context).error().what.contains("TAXII 2.1"));
}

TEST_CASE("taxii keeps no date that is far ahead of its clock") {
  HttpServer server([&](const HttpRequest& r) {
    if (!r.target.contains("/objects/"))
      return answer(200, fmt::format(R"({{"can_read":true,"id":"{}"}})", collection_id));
    return answer(200, R"({"objects":[{"id":"x--1"}]})",
                  "X-TAXII-Date-Added-Last: 2199-01-01T00:00:00.000000Z\r\n");
  });
  TestContext context;
  REQUIRE(collect(feed_of(server.url("/c/")), context));
  CHECK(context.cursor().contains(" after"));
  CHECK(!context.cursor().contains("2199"));
}

TEST_CASE("a TAXII server's odd answers are read as they are meant") {
  CHECK(read_taxii_envelope(R"({"more":true,"next":null,"objects":[1,{"id":"a--1"}]})")->last_id ==
        "a--1");
  CHECK(read_taxii_envelope(R"({"more":false,"next":"x"})")->next == "");
  CHECK(read_taxii_envelope(R"({"next":"x"})")->more);
  CHECK(read_taxii_envelope(fmt::format(R"({{"next":"{}"}})", std::string(9000, 'x')))->next == "");
  auto place = read_taxii_place(R"({"collections":[{"id":"a/../b","can_read":true},
                                    {"id":"c","can_read":true},7,{"title":"no id"}]})");
  REQUIRE(place);
  REQUIRE(place->collections.size() == 1);
  CHECK(place->collections[0].id == "c");
  auto roots = read_taxii_place(R"({"api_roots":["/a/","/b/"],"default":"/b/","title":"t"})");
  REQUIRE(roots);
  CHECK(roots->roots == std::vector<std::string>{"/b/", "/a/"});
  CHECK(newest_in_manifest(
            R"({"objects":[{"date_added":"2026-01-02T00:00:00Z"},
                {"date_added":"2026-01-01T00:00:00Z"},{"date_added":"soon"}]})") ==
        "2026-01-02T00:00:00Z");
  CHECK(newest_in_manifest("{}") == "");
}

}  // namespace tocsin::ingest
