#include "node/relay.h"

#include <thread>

#include "partner_world.h"
#include "wire/stix_marking.h"

namespace tocsin::node {
namespace {

constexpr const char* malware_id = "malware--00000000-0000-4000-8000-{:012}";
const std::string of_b = Others::identity_of("b.example.org");
const std::string of_c = Others::identity_of("c.example.org");

struct Said {
  int number = 1;
  std::string creator = of_b;
  int day = 2;  // of its version
  std::string more{};
};

std::string id_of(int number) {
  return fmt::format(fmt::runtime(malware_id), number);
}

std::string malware(const Said& said) {
  std::string creator =
      said.creator.empty() ? "" : fmt::format(R"("created_by_ref":"{}",)", said.creator);
  return fmt::format(
      R"({{ "type":"malware","spec_version":"2.1","id":"{}",{}"is_family":true,"name":"x",{})"
      R"("created":"2026-11-01T00:00:00.000Z","modified":"2026-11-{:02}T00:00:00.000Z",)"
      R"("object_marking_refs":["{}"]}})",
      id_of(said.number), creator, said.more, said.day, wire::stix_marking_id(Tlp::green));
}

// b gives a indicators; a offers them to whom it may concern.
struct Offered : World {
  Offered() {
    auto agreement = terms(Tlp::amber);
    agreement.allow[0].types = {};
    agreement.allow[0].kinds = {policy::ItemKind::event, policy::ItemKind::indicator};
    agree(agreement);
    address = of_b->in_force("a.example.org", now).agreements.at(0)->address;
  }
  // Once the node's own thread has seen to what came.
  std::optional<store::Thing> offered(const std::string& id) {
    auto kept = good(a->foreign().after(0, 1000));
    std::uint64_t last = kept.empty() ? 0 : kept.back().row;
    for (int i = 0; i < 2000; ++i) {
      if (good(a->offers().offered_up_to("objects of others")) >= last) break;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return good(a->offers().find("indicator", id));
  }
  std::string address;
};

TEST_CASE("what a partner brought is offered as it came, with what it came under") {
  Offered world;
  std::string one = malware({}), nobodys = malware({.number = 2, .creator = ""});
  std::string address =
      R"({"type":"ipv4-addr","spec_version":"2.1","value":"198.51.100.7",)"
      R"("id":"ipv4-addr--00000000-0000-4000-8000-000000000003","object_marking_refs":[")" +
      std::string(wire::stix_marking_id(Tlp::green)) + "\"]}";
  good(world.take({one, nobodys, address}));
  auto found = world.offered(id_of(1));
  REQUIRE(found.has_value());
  CHECK(found->body == one);
  CHECK(found->foreign);
  CHECK(found->feed == feed_name);
  CHECK(found->under == world.address);
  CHECK(found->creator == of_b);
  CHECK(found->tlp == Tlp::green);
  CHECK(found->since == world.now);
  CHECK_FALSE(world.offered(id_of(2)));  // it could come back to who made it
  CHECK(world.offered("ipv4-addr--00000000-0000-4000-8000-000000000003").has_value());
}

TEST_CASE("of an id one version is offered, and a revoked one takes its place") {
  Offered world;
  std::string newer = malware({.day = 3});
  good(world.take({newer}));
  good(world.take({malware({.day = 2})}));  // came late
  CHECK(world.offered(id_of(1))->body == newer);
  std::string revoked = malware({.day = 4, .more = R"("revoked":true,)"});
  good(world.take({revoked}));
  auto found = world.offered(id_of(1));
  REQUIRE(found.has_value());
  CHECK(found->body == revoked);
  CHECK(found->under == world.address);
  // Also where the version before it has been on offer for its time.
  good(world.take({malware({.number = 3})}));
  REQUIRE(world.offered(id_of(3)).has_value());
  CHECK(good(world.a->offers().take_back([](const auto& one) { return one.key == id_of(3); },
                                         false)) == 1);
  CHECK_FALSE(world.offered(id_of(3)));
  good(world.take({malware({.number = 3, .day = 4, .more = R"("revoked":true,)"})}));
  REQUIRE(world.offered(id_of(3)).has_value());
  CHECK(world.offered(id_of(3))->under == world.address);
  good(world.take({malware({.number = 2, .day = 4, .more = R"("revoked":true,)"})}));
  CHECK_FALSE(world.offered(id_of(2)));  // nobody was given anything
}

TEST_CASE("what is erased, withdrawn or over is offered no more; a hold keeps it") {
  Offered world;
  std::string named = malware({.number = 2, .more = R"("description":"at www.example.org",)"});
  good(world.take({malware({}), named}));
  auto kept = [&] { return good(world.a->foreign().after(0, 100)).size(); };
  REQUIRE(world.offered(id_of(2)).has_value());
  std::uint64_t report = good(world.a->foreign().after(0, 1)).at(0).report;
  SUBCASE("erased") {
    good(world.a->law().erase("www.example.org", "asked", "ana"));
    CHECK_FALSE(world.offered(id_of(2)));
    CHECK(world.offered(id_of(1)).has_value());
    CHECK(kept() == 1);
  }
  SUBCASE("withdrawn") {
    good(world.a->corrections().withdraw({.report = report, .reason = "wrong", .by = "ana"}));
    CHECK_FALSE(world.offered(id_of(1)));
    CHECK_FALSE(world.offered(id_of(2)));
    CHECK(kept() == 0);
  }
  SUBCASE("held") {
    auto hold = good(world.a->law().hold(
        {.kind = "subject", .what = "www.example.org", .reason = "a court", .by = "ana"}));
    auto withdrawn =
        world.a->corrections().withdraw({.report = report, .reason = "wrong", .by = "ana"});
    REQUIRE_FALSE(withdrawn.has_value());
    CHECK(withdrawn.error().what.contains("hold"));
    CHECK(kept() == 2);
    auto keeps = good(world.a->law().kept_by_holds());
    CHECK(keeps(report, named));
    CHECK_FALSE(keeps(report, malware({})));
    good(world.a->law().lift(hold.id, "ana"));
    CHECK_FALSE(good(world.a->law().kept_by_holds())(report, named));
  }
  SUBCASE("an object that names a held subject, too, is not erased") {
    std::string both =
        malware({.number = 3, .more = R"("description":"www.example.org and 198.51.100.9",)"});
    good(world.take({both}));
    good(world.a->law().hold(
        {.kind = "subject", .what = "198.51.100.9", .reason = "a court", .by = "ana"}));
    auto erased = world.a->law().erase("www.example.org", "asked", "ana");
    REQUIRE_FALSE(erased.has_value());
    CHECK(erased.error().fault == Fault::denied);
    CHECK(kept() == 3);
  }
}

TEST_CASE("who made an object takes back what another passed on, and it does not come again") {
  TemporaryFolder folder;
  Dictionary words;
  auto journal = good(store::Journal::open(folder.file("journal.db"), words));
  auto foreign = good(store::Foreign::open(*journal));
  auto take = [&](const std::string& member, int day, bool revoked) {
    std::vector<store::ForeignObject> one = {{.id = id_of(1),
                                              .version = fmt::format("{}", day),
                                              .at = day,
                                              .creator = of_c,
                                              .member = member,
                                              .revoked = revoked,
                                              .own = member == "c.example.org",
                                              .json = fmt::format("{{\"day\":{}}}", day)}};
    return good(foreign->take(one)).at(0);
  };
  using store::ForeignFate;
  CHECK(take("b.example.org", 2, false) == ForeignFate::fresh);
  CHECK(take("d.example.org", 4, true) == ForeignFate::not_here);  // d never gave it
  CHECK(take("c.example.org", 5, true) == ForeignFate::fresh);
  CHECK(take("b.example.org", 3, false) == ForeignFate::was_revoked);
}

}  // namespace
}  // namespace tocsin::node
