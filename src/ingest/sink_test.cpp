#include "ingest/sink.h"

#include <fmt/format.h>

#include "model/members.h"
#include "test.h"

namespace tocsin::ingest {
namespace {

// The other fields of the one event that `fill` makes.
std::string extra_of(const std::function<void(Sink&)>& fill) {
  Dictionary words;
  std::string out;
  Sink sink(words, {},
            [&](EventBatch& batch) -> Result<void> {
              REQUIRE(batch.size() == 1);
              out = batch.text(batch.extra[0]);
              return {};
            },
            {});
  sink.event(1).source_ip(*ip::parse("192.0.2.1"));
  fill(sink);
  REQUIRE(sink.finish());
  return out;
}

std::size_t members_in(const std::string& extra) {
  std::size_t count = 0;
  for ([[maybe_unused]] const Member& m : Members(extra)) ++count;
  return count;
}

}  // namespace

TEST_CASE("the first value of a repeated name stays, whoever wrote it") {
  std::string extra = extra_of([](Sink& sink) {
    sink.extra("a", "1");
    sink.members(R"("extra.b":"2","extra.c \"d\"":"3")");
    sink.extra("b", "other");
    sink.extra("c \"d\"", "other");
    sink.extra("a", "other");
    sink.members(R"("extra.e":"4")");
    sink.extra("e", "other");
    sink.extra("f", "5");
  });
  CHECK(extra == R"("extra.a":"1","extra.b":"2","extra.c \"d\"":"3","extra.e":"4","extra.f":"5")");
}

TEST_CASE("an event's names are forgotten with it") {
  Dictionary words;
  std::vector<std::string> extras;
  auto keep = [&](EventBatch& batch) -> Result<void> {
    for (std::size_t i = 0; i < batch.size(); ++i) extras.emplace_back(batch.text(batch.extra[i]));
    return {};
  };
  Sink sink(words, {}, keep, {});
  for (int i = 0; i < 2; ++i) {
    sink.event(1).source_ip(*ip::parse("192.0.2.1"));
    sink.extra("a", "1");
  }
  REQUIRE(sink.finish());
  CHECK(extras == std::vector<std::string>(2, R"("extra.a":"1")"));
}

TEST_CASE("beyond 1,000 names or 256 KiB the rest is counted, not kept") {
  std::string many = extra_of([](Sink& sink) {
    for (int i = 0; i < 5000; ++i) sink.extra(fmt::format("n{}", i), "v");
    sink.extra("n7", "again");  // known: not cut
  });
  CHECK(members_in(many) == SeenNames::names_max + 1);
  CHECK(member(many, "extra.n999") == R"("v")");
  CHECK(member(many, "extra.members_cut") == "4000");

  std::string large = extra_of([](Sink& sink) {
    for (char name = 'a'; name <= 'f'; ++name) {
      sink.extra(std::string(1, name), std::string(60'000, 'x'));
    }
  });
  CHECK(members_in(large) == 5);
  CHECK(member(large, "extra.members_cut") == "2");
  CHECK(member(extra_of([](Sink& sink) { sink.extra("a", "1"); }), "extra.members_cut").empty());
}

}  // namespace tocsin::ingest
