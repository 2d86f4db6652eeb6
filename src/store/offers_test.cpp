#include "store/offers.h"

#include <atomic>
#include <fstream>
#include <sstream>

#include "temporary_folder.h"
#include "test.h"

namespace tocsin::store {
namespace {

struct Desk {
  TemporaryFolder folder;
  std::atomic<TimeUs> now = 1'800'000'000 * us_per_s;
  Dictionary words;
  std::unique_ptr<Offers> offers;

  Desk() { open(); }
  void open() {
    offers.reset();
    offers = Offers::open(folder.file("offers.db"), [this] { return now.load(); }).value();
  }
  EventBatch batch(std::uint64_t seq, std::size_t events, std::uint64_t report = 1) {
    EventBatch out;
    out.seq = seq, out.report = report;
    out.feed = words.id("honeypots");
    for (std::size_t i = 0; i < events; ++i) {
      out.add_row();
      out.source.ip[i] = Ip::from_v4(static_cast<std::uint32_t>(0xc0000200 + i));
      out.source.country[i] = *Country::parse("BR");
      out.type[i] = Type::scanner;
      out.tlp[i] = Tlp::green;
      out.time[i] = out.observed[i] = now;
      out.extra[i] = out.keep(R"("extra.words":"CANARY-3f1c","feed.accuracy":70)");
    }
    return out;
  }
  void apply(const EventBatch& batch) {
    REQUIRE(offers->apply(batch).has_value());
    REQUIRE(offers->flush().has_value());
  }
  EventBatch act(std::uint64_t seq, Correction correction) {
    EventBatch out;
    out.seq = seq;
    out.correction = std::move(correction);
    return out;
  }
  // All dates in use behind `after`, in the order of a walk.
  std::vector<TimeUs> dates(TimeUs after = 0) const {
    std::vector<TimeUs> out;
    while (auto offer = offers->after(after).value()) {
      for (std::size_t row = 0; row < offer->size(); ++row) {
        if (offer->date(row) > after) out.push_back(offer->date(row));
      }
      after = offer->end() - 1;
    }
    return out;
  }
  static Thing thing(const std::string& key, const std::string& body = "CANARY-51d0") {
    return {.kind = "indicator", .key = key, .tlp = Tlp::green, .body = body};
  }
  void offer(std::vector<Thing> things) { REQUIRE(offers->offer(things).has_value()); }
  // Their keys behind `after`, in the order of a walk; "" for an event.
  std::vector<std::string> keys(TimeUs after = 0) const {
    std::vector<std::string> out;
    while (auto offer = offers->after(after).value()) {
      for (std::size_t row = 0; row < offer->size(); ++row) {
        if (offer->date(row) > after)
          out.push_back(offer->things.empty() ? "" : offer->things[row].key);
      }
      after = offer->end() - 1;
    }
    return out;
  }
  std::string file() const {
    std::ostringstream all;
    for (const char* name : {"offers.db", "offers.db-wal"})
      all << std::ifstream(folder.file(name), std::ios::binary).rdbuf();
    return all.str();
  }
};

}  // namespace

TEST_CASE("dates only rise, whatever the clock does, and are the same after a restart") {
  Desk d;
  d.apply(d.batch(1, 100));
  d.now -= 30 * us_per_day;
  d.apply(d.batch(2, 100));
  d.now += 3650 * us_per_day;
  d.apply(d.batch(3, 100));
  d.now -= 3000 * us_per_day;
  d.open();
  CHECK(d.offers->watermark() == 3);
  d.apply(d.batch(3, 100));  // again, as after a crash
  d.apply(d.batch(4, 100));
  auto dates = d.dates();
  CHECK(dates.size() == 400);
  CHECK(std::ranges::adjacent_find(dates, std::greater_equal()) == dates.end());
  CHECK(dates.front() > d.offers->opened());
  d.open();
  CHECK(d.dates() == dates);
  for (std::size_t from : {0u, 99u, 100u, 257u, 399u}) {
    auto rest = d.dates(dates[from] + Offers::room - 1);
    CHECK(std::ranges::equal(rest, std::span(dates).subspan(from + 1)));
  }
}

TEST_CASE("what was not flushed is not seen, and is applied again") {
  Desk d;
  d.apply(d.batch(1, 10));
  REQUIRE(d.offers->apply(d.batch(2, 10)).has_value());
  CHECK(d.dates().size() == 10);
  CHECK(d.offers->watermark() == 1);
  d.open();
  CHECK(d.dates().size() == 10);
  d.apply(d.batch(2, 10));
  CHECK(d.dates().size() == 20);
}

TEST_CASE("a withdrawn report goes, others keep their dates, and a recall comes behind") {
  Desk d;
  d.apply(d.batch(1, 10, 7));
  d.apply(d.batch(2, 10, 8));
  auto before = d.dates();
  d.apply(d.act(3, {.kind = Correction::Kind::withdraw, .report = 7}));
  auto after = d.dates();
  REQUIRE(after.size() == 20);
  CHECK(std::ranges::equal(std::span(after).first(10), std::span(before).last(10)));
  auto recall = d.offers->after(before.back() + Offers::room - 1).value();
  REQUIRE(recall != nullptr);
  CHECK(recall->recall);
  CHECK(recall->was == before.front());
  CHECK(recall->batch.id(3) == event_id(1, 3));
  CHECK(recall->batch.type[3] == Type::scanner);
  CHECK(recall->batch.tlp[3] == Tlp::green);
  CHECK(recall->batch.source.country[3] == *Country::parse("BR"));
  CHECK(recall->batch.text(recall->batch.extra[3]) == R"("feed.accuracy":70)");
}

TEST_CASE("of an erased event no octet stays, and its neighbours keep their ids and dates") {
  Desk d;
  EventBatch batch = d.batch(1, 3);
  batch.extra[1] = batch.keep(R"("extra.words":"ERASED-77aa")");
  batch.source.name[1] = batch.keep("erased-name.example");
  d.apply(batch);
  auto before = d.dates();
  d.apply(d.act(2, {.kind = Correction::Kind::erase, .events = {event_id(1, 1)}}));
  auto offer = d.offers->after(0).value();
  REQUIRE(offer->batch.size() == 2);
  CHECK(offer->batch.id(1) == event_id(1, 2));
  CHECK(offer->date(1) == before[2]);
  CHECK(offer->batch.arena.find("ERASED") == std::string::npos);
  auto recall = d.offers->after(offer->end() - 1).value();
  REQUIRE(recall != nullptr);
  CHECK(recall->batch.size() == 1);
  CHECK(recall->batch.id(0) == event_id(1, 1));
  CHECK(recall->batch.source.ip[0].empty());
  CHECK(recall->batch.arena.find("ERASED") == std::string::npos);
  CHECK(recall->batch.arena.find("erased-name") == std::string::npos);
  d.apply(d.act(3, {.kind = Correction::Kind::erase, .events = {event_id(1, 1)}}));
  CHECK(d.dates().size() == 3);  // once
}

TEST_CASE("events and other things stand in one order, and each thing in it once") {
  Desk d;
  d.offer({Desk::thing("a"), Desk::thing("b")});
  d.apply(d.batch(1, 2));
  d.offer({Desk::thing("c")});
  d.offer({Desk::thing("a")});  // as it is already
  using Keys = std::vector<std::string>;
  CHECK(d.keys() == Keys{"a", "b", "", "", "c"});
  auto dates = d.dates();
  CHECK(std::ranges::adjacent_find(dates, std::greater_equal()) == dates.end());
  d.offer({Desk::thing("a", "other")});
  CHECK(d.keys() == Keys{"b", "", "", "c", "a"});
  CHECK(d.dates().back() > dates.back());
  d.open();
  CHECK(d.keys() == Keys{"b", "", "", "c", "a"});
  for (std::size_t from : {0u, 1u, 2u, 3u}) {
    auto after = d.dates()[from] + Offers::room - 1;
    CHECK(d.keys(after).size() == 4 - from);
  }
}

TEST_CASE("a thing that is taken back leaves a recall, and of its body no octet") {
  Desk d;
  Thing foreign = Desk::thing("f", "CANARY-f0f0");
  foreign.foreign = true;
  d.offer({Desk::thing("a"), Desk::thing("b", "stays"), foreign});
  auto gone = d.offers->take_back([](const Thing& one) { return one.body.contains("CANARY"); });
  CHECK(gone.value() == 2);
  CHECK(d.keys() == std::vector<std::string>{"b", "a"});
  auto last = d.offers->after(d.dates().front() + Offers::room - 1).value();
  REQUIRE(last != nullptr);
  CHECK(last->things.back().gone);
  CHECK(last->things.back().tlp == Tlp::green);
  CHECK(d.file().find("CANARY") == std::string::npos);
  Thing never = Desk::thing("n");
  never.gone = true;
  d.offer({never});
  CHECK(d.keys().size() == 2);
}

TEST_CASE("who offers things goes on where the last transaction ended") {
  Desk d;
  std::vector<Thing> some = {Desk::thing("a")};
  REQUIRE(d.offers->offer(some, "claims", 17).has_value());
  d.open();
  CHECK(d.offers->offered_up_to("claims") == 17);
  CHECK(d.offers->offered_up_to("others") == 0);
  some = {Desk::thing("b"), Thing()};  // one without a key: nothing of them is kept
  CHECK_FALSE(d.offers->offer(some, "claims", 18).has_value());
  CHECK(d.offers->offered_up_to("claims") == 17);
  CHECK(d.keys().size() == 1);
}

TEST_CASE("what was applied and went with an error is applied again, and nothing is left out") {
  Desk d;
  d.apply(d.batch(1, 10));
  REQUIRE(d.offers->apply(d.batch(2, 10)).has_value());
  CHECK_FALSE(d.offers->offer(std::vector<Thing>{Thing()}).has_value());
  CHECK(d.offers->applied() == 1);
  CHECK_FALSE(d.offers->apply(d.batch(3, 10)).has_value());  // not before the second
  for (std::uint64_t seq = d.offers->applied() + 1; seq <= 3; ++seq) d.apply(d.batch(seq, 10));
  auto dates = d.dates();
  CHECK(dates.size() == 30);
  CHECK(std::ranges::adjacent_find(dates, std::greater_equal()) == dates.end());
}

TEST_CASE("what is too old is forgotten") {
  Desk d;
  d.apply(d.batch(1, 10));
  d.now += 20 * us_per_day;
  d.apply(d.batch(2, 10));
  CHECK(d.offers->forget(30 * us_per_day) == 0);
  d.now += 11 * us_per_day;
  CHECK(d.offers->forget(30 * us_per_day) == 1);
  CHECK(d.dates().size() == 10);
}

}  // namespace tocsin::store
