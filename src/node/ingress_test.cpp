#include "node/ingress.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <filesystem>
#include <fstream>

#include "partner_world.h"
#include "wire/stix_id.h"
#include "wire/stix_statistics.h"

namespace tocsin::node {
namespace {

// The observed-data among the objects, taken back by its sender.
std::string revoked(const std::vector<std::string>& objects) {
  for (std::string one : objects) {
    if (!one.contains("\"type\":\"observed-data\"")) continue;
    one.insert(1, "\"revoked\":true,");
    return one;
  }
  return {};
}

}  // namespace

TEST_CASE("what a partner sends comes in as far as an agreement allows it, and as it was marked") {
  World world;
  world.agree(world.terms(Tlp::amber));
  good(world.take(world.stix(1, Tlp::green)));
  good(world.take(world.stix(2, Tlp::amber)));
  CHECK(world.stored() == 2);
  CHECK(world.refusals().empty());
  auto amber = *world.a->columns().count({.filter = *store::parse_filter("tlp=amber", world.now)});
  CHECK(amber == 1);

  good(world.take(world.stix(3, Tlp::red)));
  good(world.take(world.stix(4, Tlp::amber_strict)));
  good(world.take(world.stix(5, Tlp::green, Type::scanner)));
  CHECK(world.stored() == 2);
  auto why = world.refusals();
  REQUIRE(why.size() == 3);
  CHECK(why[0].contains("clause 4 (marking)"));
  CHECK(why[1].contains("clause 4 (marking)"));
  CHECK(why[2].contains("clause 7 (types)"));
  auto counted = world.a->ingress().refused(feed_name);
  CHECK(counted[policy::Clause::marking] == 2);
  CHECK(counted[policy::Clause::types] == 1);
  world.open();
  CHECK(world.a->ingress().refused(feed_name)[policy::Clause::marking] == 2);
}

TEST_CASE(
    "a partner's indicators and sightings are its claims, and no events, until it takes them "
    "back") {
  World world;
  auto terms = world.terms(Tlp::green);
  terms.allow[0].kinds = {policy::ItemKind::indicator, policy::ItemKind::sighting};
  terms.allow[0].types = {Type::c2_server};
  world.agree(terms);
  wire::StixAs as{.handle = "h1", .pap = Pap::clear};
  wire::StixIndicator one{.pattern = "[domain-name:value = 'evil.example.org']",
                          .name = "c2-server",
                          .labels = {"c2-server"},
                          .from = world.now - us_per_day,
                          .tlp = Tlp::green};
  auto objects = wire::stix_of_indicator(one, as);
  std::string id = good(wire::StixReader().read(objects.at(0))).id;
  objects.push_back(wire::stix_of_sighting({.of = id,
                                            .first = world.now - us_per_hour,
                                            .last = world.now,
                                            .count = 5,
                                            .tlp = Tlp::green},
                                           {.handle = "s1", .pap = Pap::clear}));
  auto red = one;
  red.pattern = "[domain-name:value = 'red.example.org']";
  red.tlp = Tlp::red;
  objects.push_back(wire::stix_of_indicator(red, {.handle = "h2"}).at(0));
  auto take = [&](const std::vector<std::string>& page) {
    std::ofstream(world.folder.file("page.json")) << World::envelope(page);
    ingest::Feed feed{.name = std::string(feed_name), .format = "stix", .tlp = Tlp::red};
    good(world.a->intake().deliver(feed,
                                   {.name = "page.json", .path = world.folder.file("page.json")}));
  };
  for (int again = 0; again < 2; ++again) {
    if (again == 1) objects.push_back(wire::stix_marking_json(Tlp::green));  // another page
    take(objects);
    CHECK(world.stored() == 0);
    auto refused = world.refusals();  // the red one, each time
    CHECK(refused.size() == static_cast<std::size_t>(again) + 1);
    CHECK(refused.back().starts_with("refused by clause 4 (marking): it is TLP:RED"));
    auto all = good(world.a->indicators().list({})).items;
    REQUIRE(all.size() == 1);
    CHECK(all[0].observable.value == "evil.example.org");
    CHECK(all[0].sightings == 5);
    REQUIRE(all[0].claims.size() == 1);
    CHECK(all[0].claims[0].source == hunt::Source{hunt::SourceKind::member, "b.example.org"});
    CHECK(all[0].claims[0].type == Type::c2_server);
    CHECK(hunt::corroboration(all[0], world.now) == 1);
  }
  CHECK(world.a->ingress().refused(feed_name)[policy::Clause::marking] == 2);
  as.modified = world.now;
  take({wire::stix_of_indicator_recall(one.from, Tlp::green, as)});
  auto all = good(world.a->indicators().list({})).items;
  REQUIRE(all.size() == 1);
  CHECK(all[0].claims[0].revoked);
  CHECK(all[0].state(world.now + us_per_s) == hunt::State::expired);
}

TEST_CASE("without an agreement in force nothing of a partner comes in, nor of a stopped one") {
  World world;
  good(world.take(world.stix(1)));
  CHECK(world.stored() == 0);
  CHECK(world.refusals().at(0).contains("no agreement is in force"));
  CHECK(world.a->ingress().may_take(feed_name).error().fault == Fault::denied);
  CHECK(world.a->ingress().may_take("list").has_value());

  world.agree(world.terms(Tlp::amber));
  good(world.take(world.stix(1)));
  CHECK(world.stored() == 1);
  CHECK(world.a->ingress().may_take(feed_name).has_value());
  good(world.partners().stop("b.example.org", "ana", "a test"));
  CHECK(world.a->ingress().may_take(feed_name).error().fault == Fault::denied);
  good(world.take(world.stix(2)));
  CHECK(world.stored() == 1);
}

TEST_CASE("beyond the quota of a day what a partner sends waits, and comes in on the next") {
  World world;
  world.agree(world.terms(Tlp::amber, 3));
  std::vector<std::string> objects;
  for (int host = 1; host <= 5; ++host) {
    auto one = world.stix(host);
    objects.insert(objects.end(), one.begin(), one.end());
  }
  good(world.take(objects));
  CHECK(world.stored() == 3);
  auto why = world.refusals();
  REQUIRE(why.size() == 2);
  CHECK(why[0].starts_with("quota used up: refused by clause 16 (quota)"));
  auto may = world.a->ingress().may_take(feed_name);
  REQUIRE(!may);
  CHECK(may.error().fault == Fault::unavailable);
  CHECK(may.error().what.contains("2026-11-24"));
  world.open();  // a restart makes no new day
  CHECK(!world.a->ingress().may_take(feed_name));

  std::vector<std::string> replayed;
  auto replay = [&](const std::string& feed, const std::string& reason) -> Result<void> {
    replayed.push_back(feed);
    ingest::Feed as{.name = feed, .format = "stix", .tlp = Tlp::red};
    TRY(world.a->intake().replay(as, reason, {}));
    return {};
  };
  world.a->ingress().work(replay);
  CHECK(replayed.empty());
  world.now += us_per_day;
  world.a->ingress().work(replay);
  REQUIRE(world.a->wait_visible(std::chrono::seconds(20)));
  CHECK(replayed.size() == 1);
  CHECK(world.stored() == 5);
  CHECK(world.refusals().empty());
  CHECK(world.a->ingress().may_take(feed_name).has_value());
}

TEST_CASE("what a partner takes back goes, stays gone, and is nobody else's to take back") {
  World world;
  world.agree(world.terms(Tlp::amber));
  auto one = world.stix(1), other = world.stix(2);
  good(world.take(one));
  good(world.take(other));
  CHECK(world.stored() == 2);
  auto none = [](const auto&, const auto&) -> Result<void> { return {}; };

  // Another feed says so of the same id.
  ingest::Feed list{.name = "list", .format = "stix", .tlp = Tlp::green};
  std::ignore = world.a->intake().deliver(
      list, {.name = "x.json", .bytes = World::envelope({revoked(one)}), .live = true});
  world.a->ingress().work(none);
  CHECK(world.stored() == 2);

  good(world.take({revoked(one)}));
  world.open();  // before it was carried out
  world.a->ingress().work(none);
  REQUIRE(world.a->wait_visible(std::chrono::seconds(20)));
  CHECK(world.stored() == 1);
  good(world.take(one));
  CHECK(world.stored() == 1);
  CHECK(world.refusals().back().contains("has taken it back"));
  auto acts = *world.a->audit().list({.what = "event taken back"});
  REQUIRE(acts.size() == 1);
  CHECK(acts[0].act.by == "b.example.org");
}

TEST_CASE("what may be done with a partner's events is what the agreement in force says") {
  World world;
  auto& door = world.a->ingress();
  CHECK(door.consent(feed_name).tell_affected == false);
  CHECK(door.says(feed_name).onward == policy::Onward::none);
  auto agreement = world.terms(Tlp::amber);
  agreement.affected_facts = {policy::Fact::family};
  world.agree(agreement);
  CHECK(!door.consent(feed_name).tell_affected.has_value());  // as the label says
  CHECK(door.consent(feed_name).facts == policy::Facts{policy::Fact::family});
  CHECK(door.says(feed_name).member == "b.example.org");
  CHECK(door.says(feed_name).onward == policy::Onward::same_terms);
  CHECK(world.a->alerts().rules().consent(feed_name).facts == policy::Facts{policy::Fact::family});
  CHECK(world.a->alerts().rules().consent("partner.nobody").tell_affected == false);
}

TEST_CASE("a release is answered with a receipt; one that is not what came stands in the audit") {
  World w;
  w.agree(w.terms(Tlp::green));
  std::unique_ptr<SigningKey> key;
  REQUIRE(w.b->with_key([&](const SigningKey& own) -> Result<void> {
    key = std::make_unique<SigningKey>(SigningKey::from_seed(own.seed()).value());
    return {};
  }));
  auto ledger = good(
      share::Ledger::open({.journal = *w.journal, .node = "b.example.org", .key = *key, .now = [&] {
                             return w.now.load();
                           }}));
  auto tables = good(store::Tables::open(*w.journal, "test", {}));
  const std::string salt(32, 's');
  // `told`: what the release says that it holds.
  auto send = [&](const std::vector<std::string>& objects, const std::vector<std::string>& told) {
    std::vector<Sha256> items;
    for (const std::string& one : told) {
      items.push_back(
          ledger::item_hash(ledger::item_salt(salt, std::to_string(items.size())), sha256(one)));
    }
    std::uint64_t entry = 0;
    auto release = [&](store::Sqlite& db) -> Result<void> {
      ledger::Release one{
          .to = "a.example.org", .agreement = sha256("an agreement"), .via = "taxii"};
      one.counts = {{"event infected-system", 1}};
      entry = TRY(ledger->release(db, one, items)).index;
      return {};
    };
    REQUIRE(tables.write(release));
    std::string page = w.envelope(objects);
    page.insert(1, fmt::format(R"("x_tocsin_release":{{"salt":"{}","shown":{}}},)", hex(salt),
                               ledger::json_of(good(ledger->shown(entry)))));
    std::ofstream(w.folder.file("page.json")) << page;
    ingest::Feed feed{.name = std::string(feed_name), .format = "stix", .tlp = Tlp::red};
    good(w.a->intake().deliver(feed, {.name = "page.json", .path = w.folder.file("page.json")}));
  };
  auto receipts = [&] {
    return good(w.a->ledger()->list({.partner = "b.example.org", .kind = "receipt"}));
  };
  auto complaints = [&] {
    return good(w.a->audit().list({.what = "release of a member", .outcome = "denied"})).size();
  };
  auto objects = w.stix(7);
  send(objects, objects);
  REQUIRE(receipts().size() == 1);
  auto receipt = std::get<ledger::Receipt>(receipts().front().leaf.body);
  CHECK(receipt.from == "b.example.org");
  CHECK(receipt.taken == objects.size());
  CHECK(complaints() == 0);
  auto refused = w.stix(8, Tlp::amber);
  send(refused, refused);
  REQUIRE(receipts().size() == 2);
  CHECK(std::get<ledger::Receipt>(receipts().front().leaf.body).refused ==
        std::map<std::string, std::uint64_t>{{"4", 1}});
  send(w.stix(9), w.stix(10));
  CHECK(receipts().size() == 2);
  CHECK(complaints() == 1);
}

TEST_CASE("what a person of a partner released in an emergency comes in, if its node said so") {
  World world;
  world.agree(world.terms(Tlp::green));
  auto announce = [&](const std::vector<std::string>& objects) {
    for (const std::string& one : objects) {
      std::size_t at = one.find("observed-data--");
      if (!one.contains("\"type\":\"observed-data\"") || at == one.npos) continue;
      REQUIRE(world.b->say({"a.example.org"}, "emergency", {{"item", one.substr(at, 51)}}, {})
                  .has_value());
    }
    CHECK(good(world.b->deliver()) == 0);
  };
  auto amber = world.stix(1, Tlp::amber), red = world.stix(2, Tlp::red);
  announce(amber);
  announce(red);
  good(world.take(amber));
  CHECK(world.stored() == 1);
  good(world.take(red));
  good(world.take(world.stix(3, Tlp::amber)));  // of which nobody said anything
  CHECK(world.stored() == 1);
  CHECK(world.refusals().size() == 2);
  auto noted = good(world.a->audit().list({.what = "emergency release of a member"}));
  CHECK(noted.size() == 2);
}

TEST_CASE("statistics of a partner are kept by member and day, as the agreement allows") {
  World world;
  auto terms = world.terms(Tlp::green);
  terms.allow.push_back({.kinds = {policy::ItemKind::statistics},
                         .types = {Type::scanner},
                         .max_tlp = Tlp::green,
                         .max_pap = Pap::red});
  world.agree(terms);
  Day day = times::day_of(world.now) - 1;
  std::string space = wire::stix_node_namespace("b.example.org");
  wire::StixStatistics given{.day = day, .cut = "country.type", .k = 5};
  given.figures = {{"PT", "scanner", 12}, {"PT", "spam", 9}};
  std::string object = wire::stix_of_statistics(
      given, space, wire::stix_own_id("identity", space, "b"), world.now, Tlp::green);
  good(world.take({object}));
  CHECK(fmt::format("{}", fmt::join(world.refusals(), "; ")) == "");
  auto kept = good(world.a->sharing()->statistics().list({.partner = "b.example.org"}));
  REQUIRE(kept.size() == 1);
  CHECK(kept[0].group == "PT");
  CHECK(kept[0].part == "scanner");
  CHECK(kept[0].subjects == 12);
  CHECK(kept[0].day == day);
}

TEST_CASE("what this node publishes of a day are its own subjects, and none of few") {
  World world;
  std::string lines;
  int host = 0;
  for (auto [type, count] : {std::pair{"infected-system", 6}, {"scanner", 3}, {"spam", 7}}) {
    for (int i = 0; i < count; ++i) {
      lines +=
          fmt::format(R"({{"time.source":"2026-11-22T10:00:00+00:00","classification.type":"{}",)"
                      R"("source.ip":"192.0.2.{}","source.geolocation.cc":"BR","feed.name":"own"}})"
                      "\n",
                      type, ++host);
    }
  }
  ingest::Feed feed{.name = "own", .format = "intelmq", .tlp = Tlp::amber};
  good(world.a->intake().deliver(feed, {.name = "own.jsonl", .bytes = lines, .live = true}));
  REQUIRE(world.a->wait_visible(std::chrono::seconds(20)));
  REQUIRE(world.a->sharing()->publish_statistics().has_value());
  std::vector<std::string> figures;
  auto made = good(world.a->sharing()->statistics().list({.cut = "country.type"}));
  for (const auto& f : made)
    figures.push_back(
        fmt::format("{} {} {} {}", times::format_day(f.day), f.group, f.part, f.subjects));
  CHECK(figures == std::vector<std::string>{"2026-11-22 BR  16", "2026-11-22 BR spam 7"});
}

TEST_CASE("a node pulls from its partner by itself, and stops when the partner is stopped") {
  World world;
  world.page = World::envelope(world.stix(1));
  world.agree(world.terms(Tlp::amber));
  world.a->start_feeds();
  auto until = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  auto wait = [&](auto holds) {
    while (!holds() && std::chrono::steady_clock::now() < until)
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    return holds();
  };
  CHECK(wait([&] { return world.stored() == 1; }));
  auto pulls = [&] {
    auto all = world.server.requests();
    std::erase_if(all, [](const auto& r) { return !r.target.contains("/objects/"); });
    return all;
  };
  CHECK(pulls().back().header("authorization") ==
        "Bearer " + good(world.partners().token_for("b.example.org")));
  auto row = world.a->feeds().row(std::string(feed_name));
  REQUIRE(row);
  CHECK(row->feed.title == "From the partner CERT B");
  CHECK(world.a->feeds().disable(std::string(feed_name), "ana").error().fault == Fault::denied);
  CHECK(world.a->feeds().enable(std::string(feed_name), {}).error().fault == Fault::denied);

  std::size_t before = pulls().size();
  world.a->sharing()->hint("b.example.org");  // long before the minute is over
  CHECK(wait([&] { return pulls().size() > before; }));

  good(world.partners().stop("b.example.org", "ana", "a test"));
  CHECK(wait([&] { return world.a->feeds().row(std::string(feed_name))->feed.collector.empty(); }));
  before = pulls().size();
  world.a->sharing()->hint("b.example.org");
  world.a->feeds().stop();
  CHECK(pulls().size() == before);
}

}  // namespace tocsin::node
