#include "node/others.h"

#include <fmt/format.h>

#include <algorithm>

#include "partner_world.h"
#include "wire/stix_id.h"
#include "wire/stix_marking.h"

namespace tocsin::node {
namespace {

std::string identity_of(std::string_view member) {
  return wire::stix_own_id("identity", wire::stix_node_namespace(member), member);
}

struct Said {
  int number = 1;
  std::string modified = "2026-11-22T00:00:00.000Z";
  Tlp tlp = Tlp::green;
  std::string more{};  // members
  std::string pattern = "[ipv4-addr:value = '192.0.2.1']";
};

std::string id_of(int number) {
  return fmt::format("indicator--00000000-0000-4000-8000-{:012}", number);
}

// Spelled as no writer of ours would.
std::string indicator(const Said& said = {}) {
  return fmt::format(
      R"({{ "type":"indicator", "spec_version":"2.1","id":"{}",)"
      R"("created":"2026-11-20T00:00:00.000Z",)"
      "\n  "
      R"("modified":"{}","pattern":"{}","pattern_type":"stix","valid_from":"2026-11-20T00:00:00Z",)"
      R"("labels":["c2-server"],"object_marking_refs":["{}"]{} }})",
      id_of(said.number), said.modified, said.pattern, wire::stix_marking_id(said.tlp), said.more);
}

// The world with an agreement under which whatever is known of threats goes from b to a.
struct Inboxed : World {
  explicit Inboxed(std::uint64_t quota = 0) {
    auto agreement = terms(Tlp::amber, quota);
    agreement.allow[0].types = {};
    agreement.allow[0].kinds = {policy::ItemKind::event, policy::ItemKind::indicator,
                                policy::ItemKind::sighting, policy::ItemKind::note};
    agree(agreement);
    good(a->open_ledger("a.example.org", key));
  }
  SigningKey key = SigningKey::make();

  std::unique_ptr<share::TaxiiShelf> shelf(const std::string& member = "b.example.org") {
    return a->sharing()->shelves().of(member);
  }
  Result<share::TaxiiStatus> post(const std::vector<std::string>& objects) {
    std::vector<std::string_view> views(objects.begin(), objects.end());
    auto theirs = shelf();
    auto all = good(theirs->collections());
    auto inbox = std::ranges::find(all, "inbox", &share::TaxiiCollection::alias);
    REQUIRE(inbox != all.end());
    CHECK(inbox->can_write);
    return theirs->add(inbox->id, views);
  }
  // Why the only object was refused; "": it was not.
  std::string refusal(const std::string& object) {
    auto status = good(post({object}));
    CHECK(status.successes.size() + status.failures.size() == 1);
    return status.failures.empty() ? "" : status.failures[0].message;
  }
  std::vector<store::ForeignObject> kept() { return good(a->foreign().after(0, 1000)); }
};

TEST_CASE(
    "what a partner posts is kept byte for byte, its events come in, and the status says so") {
  Inboxed world;
  std::string report =
      R"({"type":"x-lab-finding","spec_version":"2.1",)"
      R"("id":"x-lab-finding--00000000-0000-4000-8000-000000000009",)"
      R"("created":"2026-11-20T00:00:00.000Z",)"
      R"("modified":"2026-11-20T00:00:00.000Z","x_lab_score":1.50,)"
      R"("object_refs":["malware--00000000-0000-4000-8000-00000000dead"],)" +
      fmt::format(R"("object_marking_refs":["{}"]}})", wire::stix_marking_id(Tlp::clear));
  std::vector<std::string> objects = world.stix(7);
  std::size_t of_event = objects.size();
  objects.push_back(indicator());
  objects.push_back(report);
  auto status = good(world.post(objects));
  CHECK(status.failures.empty());
  CHECK(status.successes.size() == of_event + 2);
  CHECK(status.id.size() == 36);
  CHECK(status.id[14] == '4');
  REQUIRE(world.a->wait_visible(std::chrono::seconds(20)));
  CHECK(world.stored() == 1);
  auto kept = world.kept();
  REQUIRE(kept.size() == 2);
  CHECK(kept[0].json == indicator());
  CHECK(kept[1].json == report);
  CHECK(kept[0].member == "b.example.org");
  CHECK(kept[0].tlp == Tlp::green);
  CHECK(kept[0].agreement.size() == 64);
  CHECK(kept[0].came == world.now);
  auto looked_for = good(world.a->indicators().list({.q = "192.0.2.1", .exact = true}));
  REQUIRE(looked_for.items.size() == 1);
  CHECK(looked_for.items[0].claims[0].source.name == "b.example.org");
  CHECK(looked_for.items[0].claims[0].type == Type::c2_server);
}

TEST_CASE("an exact duplicate is a success without a second copy") {
  Inboxed world;
  CHECK(world.refusal(indicator()) == "");
  CHECK(world.refusal(indicator()) == "");
  // The same instant in another spelling, and the same content in another order of members.
  CHECK(world.kept().size() == 1);
  auto twice = good(world.post({indicator(), indicator()}));
  CHECK(twice.successes.size() == 2);
  CHECK(world.kept().size() == 1);
}

TEST_CASE("one bad object of a request fails alone, with the name of the property") {
  Inboxed world;
  std::string bad = indicator({.number = 2, .more = R"(,"confidence":101)"});
  auto status = good(world.post({indicator(), bad, indicator({.number = 3})}));
  CHECK(status.successes.size() == 2);
  REQUIRE(status.failures.size() == 1);
  CHECK(status.failures[0].id == id_of(2));
  CHECK(status.failures[0].version == "2026-11-22T00:00:00.000Z");
  CHECK(status.failures[0].message.contains("confidence"));
  CHECK(world.kept().size() == 2);
  auto nothing = good(world.post({"7", R"({"id":7})"}));
  CHECK(nothing.failures.size() == 2);
  CHECK(nothing.failures[1].id == "objects[1]");
}

TEST_CASE(
    "the same version with other content is a contradiction: the first is kept, and it is told") {
  Inboxed world;
  CHECK(world.refusal(indicator()) == "");
  std::string other = indicator({.pattern = "[ipv4-addr:value = '198.51.100.1']"});
  CHECK(world.refusal(other).starts_with("modified: version 2026-11-22T00:00:00.000Z"));
  CHECK(world.refusal(other).starts_with("modified: "));  // also when it comes again
  auto kept = world.kept();
  REQUIRE(kept.size() == 1);
  CHECK(kept[0].json == indicator());
  CHECK(world.refusals().size() == 2);  // in quarantine
  auto rows = good(world.a->audit().list({.what = "object of a member"}));
  REQUIRE(rows.size() == 2);
  CHECK(rows[0].outcome.starts_with("denied: modified"));
}

TEST_CASE("a newer version stands beside the older, and one that was taken back is over for good") {
  Inboxed world;
  CHECK(world.refusal(indicator()) == "");
  CHECK(world.refusal(indicator({.modified = "2026-11-22T01:00:00.000Z"})) == "");
  CHECK(world.kept().size() == 2);
  CHECK(world.refusal(indicator(
            {.modified = "2026-11-22T02:00:00.000Z", .more = R"(,"revoked":true)"})) == "");
  CHECK(world.kept().size() == 3);
  CHECK(
      world.refusal(indicator({.modified = "2026-11-22T03:00:00.000Z"})).starts_with("revoked: "));
  CHECK(world.kept().size() == 3);
  // Of what was never here nothing is taken back.
  CHECK(world.refusal(indicator({.number = 5, .more = R"(,"revoked":true)"})) == "");
  CHECK(world.kept().size() == 3);
}

TEST_CASE("nobody makes versions of another's object, and nobody sends this node its own") {
  Inboxed world;
  std::string ours = fmt::format(R"(,"created_by_ref":"{}")", identity_of("a.example.org"));
  CHECK(world.refusal(indicator({.more = ours})).starts_with("created_by_ref: this node's own"));
  std::string theirs = fmt::format(R"(,"created_by_ref":"{}")", identity_of("b.example.org"));
  CHECK(world.refusal(indicator({.more = theirs})) == "");
  CHECK(world.kept().at(0).own);
  std::string stranger = R"(,"created_by_ref":"identity--00000000-0000-4000-8000-00000000000c")";
  std::string newer = indicator({.modified = "2026-11-22T01:00:00.000Z", .more = stranger});
  CHECK(world.refusal(newer).starts_with("created_by_ref: "));
  CHECK(world.kept().size() == 1);
}

TEST_CASE("dates of years ahead are not believed") {
  Inboxed world;
  CHECK(world.refusal(indicator({.modified = "2036-11-22T00:00:00.000Z"}))
            .starts_with("modified: 2036-11-22T00:00:00.000Z is more than a day ahead"));
  CHECK(world.refusal(indicator({.modified = "2026-11-24T08:59:59.000Z"})) == "");
  CHECK(world.kept().size() == 1);
}

TEST_CASE("a marking that is not held here keeps an object out, until its definition comes") {
  Inboxed world;
  std::string id = "marking-definition--00000000-0000-4000-8000-0000000000aa";
  std::string marked = indicator();
  marked.insert(marked.rfind("\"]"), "\",\"" + id);
  CHECK(world.refusal(marked).starts_with("object_marking_refs: " + id));
  std::string definition =
      fmt::format(R"({{"type":"marking-definition","spec_version":"2.1","id":"{}",)"
                  R"("created":"2026-11-20T00:00:00.000Z",)"
                  R"("definition_type":"statement","definition":{{"statement":"(c) B"}}}})",
                  id);
  // Wherever in the request the definition stands.
  auto status = good(world.post({marked, definition}));
  CHECK(status.failures.empty());
  CHECK(world.kept().size() == 2);
  world.open();  // it is known after a restart too
  good(world.a->open_ledger("a.example.org", world.key));
  marked.replace(marked.find("000000000001"), 12, "000000000002");
  CHECK(world.refusal(marked) == "");
}

TEST_CASE("what no agreement allows is refused with its clause, and waits in quarantine") {
  Inboxed world;
  CHECK(world.refusal(indicator({.tlp = Tlp::red})).contains("clause 4 (marking)"));
  std::string opinion = R"({"type":"opinion","spec_version":"2.1",)"
                        R"("id":"opinion--00000000-0000-4000-8000-000000000009",)"
                        R"("created":"2026-11-20T00:00:00.000Z",)"
                        R"("modified":"2026-11-20T00:00:00.000Z","opinion":"agree",)" +
                        fmt::format(R"("object_refs":["{}"],"object_marking_refs":["{}"]}})",
                                    id_of(1), wire::stix_marking_id(Tlp::clear));
  CHECK(world.refusal(opinion).contains("(kinds)"));
  CHECK(world.refusals().size() == 2);
  CHECK(world.kept().empty());
  std::string unmarked = indicator();
  auto at = unmarked.find(",\"object_marking_refs\"");
  unmarked.replace(at, unmarked.find(']', at) + 1 - at, "");
  CHECK(world.refusal(unmarked).contains("clause 4 (marking)"));
}

TEST_CASE("beyond the quota of a day objects are refused, then requests; the next day goes on") {
  Inboxed world(3);
  std::vector<std::string> many;
  for (int i = 1; i <= 50; ++i) many.push_back(indicator({.number = i}));
  auto status = good(world.post(many));
  CHECK(status.successes.size() == 3);
  REQUIRE(status.failures.size() == 47);
  CHECK(status.failures[0].message.starts_with("quota used up"));
  auto flood = world.post(many);  // nothing of it is looked at or kept
  REQUIRE_FALSE(flood.has_value());
  CHECK(flood.error().fault == Fault::unavailable);
  CHECK(world.refusals().size() == 47);
  world.now += us_per_day;
  world.a->ingress().work([&](const std::string& feed, const std::string& reason) -> Result<void> {
    TRY(world.a->intake().replay(world.a->feeds().named(feed), reason, {}));
    return {};
  });
  CHECK(world.kept().size() == 6);
}

TEST_CASE("a status is its submitter's alone, lasts a day and a restart, and then is gone") {
  Inboxed world;
  auto status = good(world.post({indicator(), indicator({.number = 2, .tlp = Tlp::red})}));
  world.open();
  auto again = good(world.shelf()->status(status.id));
  CHECK(again.requested == status.requested);
  REQUIRE(again.failures.size() == 1);
  CHECK(again.failures[0].message == status.failures[0].message);
  REQUIRE(again.successes.size() == 1);
  CHECK(again.successes[0].id == id_of(1));
  CHECK_FALSE(world.shelf("c.example.org")->status(status.id).has_value());
  world.now += us_per_day;
  CHECK(world.shelf()->status(status.id).has_value());
  world.now += us_per_day + 1;
  auto late = world.shelf()->status(status.id);
  REQUIRE_FALSE(late.has_value());
  CHECK(late.error().fault == Fault::missing);
}

TEST_CASE(
    "what is kept of a partner goes after the days that were agreed, and when a subject is "
    "erased") {
  Inboxed world;
  CHECK(world.refusal(indicator()) == "");
  CHECK(world.refusal(
            indicator({.number = 2, .pattern = "[domain-name:value = 'www.example.org']"})) == "");
  auto erased = good(world.a->law().erase("www.example.org", "asked", "ana"));
  CHECK(erased.texts > 0);
  auto kept = world.kept();
  REQUIRE(kept.size() == 1);
  CHECK(kept[0].id == id_of(1));
  CHECK(
      world.refusal(indicator({.number = 3, .pattern = "[domain-name:value = 'www.example.org']"}))
          .contains("erased"));
  CHECK(good(world.a->foreign().forget_before("b.example.org", world.now)) == 0);
  CHECK(good(world.a->foreign().forget_before("b.example.org", world.now + 1)) == 1);
  CHECK(good(world.a->foreign().use()).at("b.example.org").objects == 0);
}

TEST_CASE("pages that are asked for go the same way as what is posted") {
  Inboxed world;
  good(world.take({indicator(), indicator({.number = 2, .tlp = Tlp::red})}));
  CHECK(world.kept().size() == 1);
  CHECK(world.refusals().size() == 1);
  // Before the last commit of a page a crash may come: it is read again, and nothing is twice.
  good(world.take({indicator(), indicator({.number = 3})}));
  CHECK(world.kept().size() == 2);
}

}  // namespace
}  // namespace tocsin::node
