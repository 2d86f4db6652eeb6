#include "node/offering.h"

#include "temporary_folder.h"
#include "test.h"

namespace tocsin::node {
namespace {

template <class T>
T good(Result<T> result) {
  REQUIRE_MESSAGE(result.has_value(), (result ? "" : result.error().what));
  return *std::move(result);
}

struct Desk {
  TemporaryFolder folder;
  TimeUs now = 1'800'000'000 * us_per_s;
  Dictionary words;
  std::unique_ptr<store::Journal> journal =
      good(store::Journal::open(folder.file("journal.db"), words));
  std::unique_ptr<hunt::Indicators> indicators =
      good(hunt::Indicators::open({.journal = *journal, .now = [this] { return now; }}));
  std::unique_ptr<store::Offers> offers =
      good(store::Offers::open(folder.file("offers.db"), [this] { return now; }));
  std::unique_ptr<Offering> offering = std::make_unique<Offering>(
      Offering::Parts{.indicators = *indicators, .offers = *offers, .now = [this] { return now; }});

  void tell(const std::string& value, hunt::Source source, Tlp tlp = Tlp::green) {
    hunt::Claim claim{.source = std::move(source), .type = Type::c2_server, .tlp = tlp};
    claim.from = now;
    std::vector<hunt::Told> told = {{good(hunt::guess_observable(value)), good(checked(claim))}};
    good(indicators->add(told));
  }
  std::vector<store::Thing> offered() {
    CHECK_FALSE(good(offering->step()));
    std::vector<store::Thing> out;
    TimeUs after = 0;
    while (auto offer = good(offers->after(after))) {
      out.insert(out.end(), offer->things.begin(), offer->things.end());
      after = offer->end() - 1;
    }
    return out;
  }
};

const hunt::Source feed{hunt::SourceKind::feed, "f"}, person{hunt::SourceKind::person, "ana"},
    partner{hunt::SourceKind::member, "b.example"};

}  // namespace

TEST_CASE("each claim is offered as its source made it, by the terms of that source") {
  Desk d;
  d.tell("evil.example.org", feed);
  d.tell("evil.example.org", person, Tlp::amber);
  d.tell("192.0.2.7", partner);
  auto offered = d.offered();
  REQUIRE(offered.size() == 2);  // members' go as their own objects
  CHECK(offered[0].feed == "f");
  CHECK(offered[0].tlp == Tlp::green);
  CHECK(offered[0].body.contains(R"("source.fqdn":"evil.example.org")"));
  CHECK(offered[1].feed.empty());
  CHECK(offered[1].tlp == Tlp::amber);
  CHECK(d.offered() == offered);  // once
}

TEST_CASE(
    "what a person saw goes with the claim that most may have; what the node found does not") {
  Desk d;
  d.tell("evil.example.org", feed, Tlp::red);
  d.tell("evil.example.org", person, Tlp::green);
  std::uint64_t id = good(d.indicators->list({})).items.at(0).id;
  good(d.indicators->sight(id, {.source = person, .first = d.now, .last = d.now, .count = 3}));
  good(d.indicators->sight(id, {.source = partner, .first = d.now, .last = d.now}));
  std::vector<hunt::Seen> seen = {{.indicator = id, .count = 9, .first = d.now, .last = d.now}};
  REQUIRE(d.indicators->keep_looked_up({}, seen).has_value());
  auto offered = d.offered();
  REQUIRE(offered.size() == 3);
  CHECK(offered[2].kind == "sighting");
  CHECK(offered[2].tlp == Tlp::green);
  CHECK(offered[2].body.contains(R"("extra.count":3)"));
  CHECK(offered[2].body.contains(offered[1].key));
}

TEST_CASE("what was ended or erased is taken back, and nothing of it stays") {
  Desk d;
  d.tell("one.example.org", feed);
  d.tell("two.example.org", feed);
  REQUIRE(d.offered().size() == 2);
  auto two = good(d.indicators->find(good(hunt::guess_observable("two.example.org"))));
  REQUIRE(two.has_value());
  d.now += us_per_s;
  good(d.indicators->expire(two->id, "wrong", "ana"));
  auto offered = d.offered();
  REQUIRE(offered.size() == 2);
  CHECK(offered[1].gone);
  CHECK(offered[1].body.empty());
  CHECK(good(d.offering->forget([](auto text) { return text == "one.example.org"; })) == 1);
  for (const store::Thing& one : d.offered()) CHECK(one.gone);
}

}  // namespace tocsin::node
