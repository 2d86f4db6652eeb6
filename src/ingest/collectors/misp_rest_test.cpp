#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>

#include "collector_context.h"
#include "loopback.h"
#include "test.h"

namespace tocsin::ingest {
namespace {

using test::answer;
using test::HttpRequest;
using test::HttpServer;

// Events of the seconds 1001, 1002, ..., as a search gives them.
struct FakeMisp {
  std::size_t count = 5;
  bool ignores_page = false, is_list = false;
  std::vector<std::string> index;  // uuids that events/index names
  int status = 200;
  HttpServer server{[this](const HttpRequest& r) { return reply(r); }};

  std::string reply(const HttpRequest& r) const {
    simdjson::dom::parser parser;
    simdjson::dom::element asked;
    if (r.method != "POST" || parser.parse(simdjson::padded_string(r.body)).get(asked) != 0)
      return answer(400, "{}");
    if (status != 200) return answer(status, R"({"message":"no"})");
    if (r.target.ends_with("events/index")) {
      std::string rows;
      for (const std::string& one : index)
        rows += fmt::format(R"({}{{"uuid":"{}","timestamp":"1"}})", rows.empty() ? "" : ",", one);
      return answer(200, "[" + rows + "]");
    }
    std::uint64_t page = asked["page"].get_uint64().value(),
                  limit = asked["limit"].get_uint64().value(), from = 0;
    if (std::string_view since; !asked["timestamp"].get(since)) from = *text::number(since);
    std::vector<std::uint64_t> found;
    for (std::uint64_t stamp = 1001; stamp <= 1000 + count; ++stamp) {
      if (stamp >= from) found.push_back(stamp);
    }
    std::string events;
    for (std::size_t i = ignores_page ? 0 : (page - 1) * limit; i < found.size(); ++i) {
      if (i >= (ignores_page ? limit : page * limit)) break;
      events += fmt::format(R"({}{{"Event":{{"uuid":"{}","timestamp":"{}"}}}})",
                            events.empty() ? "" : ",", uuid(found[i]), found[i]);
    }
    return answer(200, is_list ? "[" + events + "]" : R"({"response":[)" + events + "]}");
  }
  static std::string uuid(std::uint64_t number) {
    return fmt::format("5a3c2d1e-0000-4000-8000-{:012}", number);
  }
  Feed feed(std::map<std::string, std::string> more = {}) const {
    Feed out;
    out.name = "misp";
    out.collector = "misp_rest";
    out.options = {{"url", server.url("/misp")},
                   {"key_secret", "key"},
                   {"page_size", "2"},
                   {"allow_private", "true"},
                   {"tries_max", "1"}};
    for (auto& [name, value] : more) out.options[name] = value;
    return out;
  }
};

struct Context : TestContext {
  Context() { secrets["key"] = "KEY"; }
  std::size_t events() {
    std::size_t out = 0;
    for (const auto& kept : deliveries())
      for (std::size_t at = kept.bytes.find("uuid"); at != std::string::npos;
           at = kept.bytes.find("uuid", at + 1))
        ++out;
    return out;
  }
};

Result<void> collect(const Feed& feed, CollectorContext& context) {
  return collector("misp_rest").collect(feed, context);
}

}  // namespace

TEST_CASE("a MISP server is read page by page, and from the newest timestamp on") {
  FakeMisp fake;
  Context context;
  CHECK(collect(fake.feed(), context));
  CHECK(context.events() == 5);
  CHECK(context.deliveries().size() == 3);
  CHECK(fake.server.requests()[0].header("authorization") == "KEY");
  CHECK(fake.server.requests()[0].target == "/misp/events/restSearch");
  fake.count = 8;
  CHECK(collect(fake.feed(), context));
  CHECK(fake.server.requests()[4].body.find(R"("timestamp":"1005")") != std::string::npos);
  CHECK(context.events() == 9);  // the newest comes again: others may have its second
}

TEST_CASE("an event that a MISP server's index names no more is said to be deleted, once") {
  FakeMisp fake;
  Context context;
  for (std::uint64_t i = 1001; i <= 1005; ++i) fake.index.push_back(FakeMisp::uuid(i));
  CHECK(collect(fake.feed(), context));
  CHECK(context.deliveries().size() == 3);
  std::string gone = fake.index[1];
  fake.index.erase(fake.index.begin() + 1);
  fake.count = 4;
  CHECK(collect(fake.feed(), context));
  auto deliveries = context.deliveries();
  CHECK(deliveries.back().bytes ==
        R"({"response":[{"Event":{"deleted":true,"uuid":")" + gone + R"("}}]})");
  CHECK(collect(fake.feed(), context));
  CHECK(context.deliveries().size() == deliveries.size());
  fake.index.clear();  // not believed
  CHECK(collect(fake.feed(), context));
  CHECK(context.deliveries().size() == deliveries.size());
}

TEST_CASE("a walk over a MISP server that was cut goes on where it was") {
  FakeMisp fake;
  Context context;
  CHECK_FALSE(collect(fake.feed({{"pages_max", "1"}}), context));
  CHECK(context.events() == 2);
  CHECK(collect(fake.feed(), context));
  CHECK(context.events() == 5);
}

TEST_CASE("a MISP server that gives the same page for ever is left") {
  FakeMisp fake;
  fake.ignores_page = true;
  fake.is_list = true;
  Context context;
  CHECK(collect(fake.feed(), context));
  CHECK(fake.server.requests().size() == 3);  // and the index
  CHECK(context.events() == 2);
}

TEST_CASE("a MISP server that refuses, or says something else, moves no cursor") {
  FakeMisp fake;
  Context context;
  fake.status = 403;
  auto refused = collect(fake.feed(), context);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().fault == Fault::denied);
  CHECK(context.cursor().empty());
  HttpServer other([](const HttpRequest&) { return answer(200, "<html>"); });
  CHECK_FALSE(collect(fake.feed({{"url", other.url("/")}}), context));
  CHECK(context.cursor().empty());
  CHECK_FALSE(collect(fake.feed({{"allow_private", "false"}}), context));
}

}  // namespace tocsin::ingest
