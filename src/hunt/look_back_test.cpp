#include "hunt/look_back.h"

#include <fmt/format.h>

#include "temporary_folder.h"
#include "test.h"

namespace tocsin::hunt {
namespace {

const TimeUs noon = *times::parse("2026-11-23T12:00:00Z");

struct World {
  TemporaryFolder folder;
  Dictionary words;
  std::unique_ptr<store::Journal> journal = *store::Journal::open(folder.file("journal.db"), words);
  std::unique_ptr<store::Columns> columns =
      *store::Columns::open(folder.file("columns"), {.memory_mb = 128}, words);
  std::unique_ptr<Indicators> all =
      *Indicators::open({.journal = *journal, .now = [] { return noon; }});
  std::uint64_t seq = 0;

  LookBack look_back() {
    return LookBack(
        {.indicators = *all,
         .columns = *columns,
         .last_seq = [this] { return seq; },
         .account = [](std::string_view text) { return "masked " + std::string(text); }});
  }
  // One batch of one event.
  template <class Fill>
  void event(TimeUs time, Type type, Fill fill) {
    auto batch = std::make_shared<EventBatch>();
    batch->seq = ++seq;
    batch->received = noon;
    batch->add_row();
    batch->time[0] = batch->observed[0] = time;
    batch->type[0] = type;
    batch->hash[0] = {1, seq};
    fill(*batch);
    REQUIRE(columns->apply(batch).has_value());
  }
  void tell(std::string_view value) {
    Claim claim{.source = {SourceKind::feed, "one"}};
    std::vector<Told> told{{*guess_observable(value), claim}};
    REQUIRE(all->add(told).has_value());
  }
  // The node's own sighting; count 0: none.
  Sighting seen(std::string_view value) {
    auto found = *all->find(*guess_observable(value));
    REQUIRE(found);
    auto sightings = *all->sightings(found->id);
    REQUIRE(sightings.size() <= 1);
    CHECK(found->sightings == (sightings.empty() ? 0 : sightings[0].count));
    return sightings.empty() ? Sighting{.count = 0} : sightings[0];
  }
};

void run(LookBack& back) {
  while (true) {
    auto more = back.step();
    REQUIRE_MESSAGE(more, more.error().what);
    if (!*more) return;
  }
}

}  // namespace

TEST_CASE("a new indicator is looked up in stored events, wherever it may stand") {
  World w;
  w.event(noon - 50, Type::infected_system, [](EventBatch& b) {
    b.source.ip[0] = *ip::parse("192.0.2.7");
    b.destination.ip[0] = *ip::parse("198.51.100.1");
    b.source.asn[0] = 64496;
    b.destination.name[0] = b.keep("c2.example.org");
    b.account[0] = b.keep("masked jane@example.org");
    b.extra[0] = b.keep(R"("malware.hash.md5":"d41d8cd98f00b204e9800998ecf8427e")");
  });
  w.event(noon - 10, Type::scanner, [](EventBatch& b) {
    b.source.ip[0] = *ip::parse("192.0.2.7");
    b.destination.ip[0] = *ip::parse("192.0.2.7");  // the same at both ends counts once
    b.source.url[0] = b.keep("http://www.example.org/a");
  });
  w.event(noon - 5, Type::test, [](EventBatch& b) { b.source.ip[0] = *ip::parse("192.0.2.7"); });
  w.event(noon - 5, Type::scanner, [](EventBatch& b) {
    b.source.ip[0] = *ip::parse("2001:db8::7");
    b.flags[0] = flag_exercise;
  });
  REQUIRE(w.columns->flush().has_value());
  for (auto value :
       {"192.0.2.7", "192.0.2.0/24", "192.0.0.0/16", "192.0.2.8", "198.51.100.1", "2001:db8::7",
        "c2.example.org", "www.example.org", "http://www.example.org/a", "jane@example.org",
        "d41d8cd98f00b204e9800998ecf8427e", "AS64496", "[file:size = 3 AND file:name = 'a']"})
    w.tell(value);
  CHECK(*w.all->due() == 13);
  LookBack back = w.look_back();
  run(back);
  CHECK(*w.all->due() == 0);
  for (auto value : {"192.0.2.7", "192.0.2.0/24", "192.0.0.0/16"}) {
    CAPTURE(value);
    auto seen = w.seen(value);
    CHECK(seen.count == 2);
    CHECK(seen.first == noon - 50);
    CHECK(seen.last == noon - 10);
    CHECK(seen.types == std::vector<Type>{Type::infected_system, Type::scanner});
  }
  for (auto value :
       {"198.51.100.1", "c2.example.org", "www.example.org", "AS64496", "http://www.example.org/a",
        "jane@example.org", "d41d8cd98f00b204e9800998ecf8427e"}) {
    CAPTURE(value);
    CHECK(w.seen(value).count == 1);
  }
  for (auto value : {"192.0.2.8", "2001:db8::7", "[file:size = 3 AND file:name = 'a']"}) {
    CAPTURE(value);
    CHECK(w.seen(value).count == 0);
  }
}

TEST_CASE("the look-up goes on where a stop cut it short, and counts nothing twice") {
  World w;
  constexpr std::uint64_t events = 3000;  // more than the first part takes
  auto batch_of = [](EventBatch& b) { b.source.ip[0] = *ip::parse("192.0.2.7"); };
  for (std::uint64_t i = 0; i < events; ++i) w.event(noon - 9, Type::scanner, batch_of);
  REQUIRE(w.columns->flush().has_value());
  w.tell("192.0.2.7");
  {
    LookBack first = w.look_back();
    CHECK(*first.step());
    auto state = *w.all->looked_up();
    CHECK(state.done < state.up_to);
    CHECK(state.seq < state.last_seq);
    CHECK(w.seen("192.0.2.7").count == state.seq);
  }
  w.tell("192.0.2.8");  // told meanwhile: of the next part
  LookBack second = w.look_back();
  run(second);
  CHECK(w.seen("192.0.2.7").count == events);
  CHECK(w.all->find({Kind::ip, "192.0.2.8"}).value()->looked_up);
  run(second);
  CHECK(w.seen("192.0.2.7").count == events);
}

TEST_CASE("events that are taken in and not stored yet are waited for") {
  World w;
  w.tell("192.0.2.7");
  w.seq = 1;
  LookBack back = w.look_back();
  CHECK(!*back.step());
  CHECK(*w.all->due() == 1);
  w.seq = 0;
  w.event(noon, Type::scanner, [](EventBatch& b) { b.source.ip[0] = *ip::parse("192.0.2.7"); });
  REQUIRE(w.columns->flush().has_value());
  run(back);
  CHECK(w.seen("192.0.2.7").count == 1);
}

}  // namespace tocsin::hunt
