#include "share/shelf.h"

#include <fmt/format.h>

#include <atomic>
#include <set>
#include <thread>

#include "handout_world.h"
#include "share/thing.h"
#include "wire/stix_check.h"
#include "wire/stix_id.h"
#include "wire/stix_object.h"

namespace tocsin::share {
namespace {

// Two members under an agreement; what a takes in is offered to b.
struct World : HandoutWorld {
  explicit World(const std::string& with = "open") : HandoutWorld(with) {
    shelf = shelves->of(b.member);
  }
  void open() {
    HandoutWorld::open();
    shelf = shelves->of(b.member);
  }
  void take_in(std::size_t events, Tlp tlp = Tlp::green, Type type = Type::infected_system) {
    HandoutWorld::take_in(events, tlp, type);
  }
  store::Thing indicator(const std::string& key, Tlp tlp = Tlp::green,
                         const std::string& value = "evil.example") const {
    std::string at = fmt::format("\"{}\"", times::format(net.now));
    return {.kind = "indicator",
            .key = key,
            .type = Type::c2_server,
            .tlp = tlp,
            .pap = Pap::clear,
            .since = net.now,
            .body = thing_body({{"classification.type", R"("c2-server")"},
                                {"malware.name", R"("emotet")"},
                                {"event_description.text", R"("WORDS-70aa")"},
                                {"source.fqdn", fmt::format("\"{}\"", value)},
                                {"time.source", at}})};
  }
  store::Thing sighting(const std::string& key, const std::string& of) const {
    std::string at = fmt::format("\"{}\"", times::format(net.now));
    auto out = indicator(key);
    out.kind = "sighting";
    out.body = thing_body({{"extra.count", "7"},
                           {"extra.of", fmt::format("\"{}\"", of)},
                           {"source.fqdn", R"("evil.example")"},
                           {"time.observation", at},
                           {"time.source", at}});
    return out;
  }
  void offer(std::vector<store::Thing> things) { REQUIRE(offers->offer(things).has_value()); }
  std::string shared() { return good(shelf->collections()).front().id; }
  TaxiiPage page(TaxiiScan scan = {}) { return good(shelf->objects(shared(), scan)); }

  http::Response ask(const std::string& query, std::string_view what = "objects",
                     const std::string& method = "GET") {
    http::Request request{.method = method};
    REQUIRE(http::read_target(
        fmt::format("/taxii2/tocsin/collections/{}/{}/{}", shared(), what, query), request));
    return serve_taxii(request, b.member, *shelf, shelves->settings());
  }

  std::unique_ptr<TaxiiShelf> shelf;
};

std::size_t of_type(const TaxiiPage& page, std::string_view type) {
  return static_cast<std::size_t>(std::ranges::count_if(
      page.objects, [&](const auto& one) { return one.id.starts_with(std::string(type) + "--"); }));
}

struct Answer {
  simdjson::dom::parser parser;
  simdjson::dom::element root;
  bool more = false;
  std::string next, last;
  std::vector<std::string> observed;  // ids of observed-data

  explicit Answer(const http::Response& response) {
    REQUIRE_MESSAGE(response.status == 200, response.body);
    REQUIRE(!parser.parse(simdjson::padded_string(response.body)).get(root));
    simdjson::dom::array list;
    if (!root["objects"].get(list)) {
      for (auto item : list) {
        std::string id(item["id"].get_string().value());
        if (id.starts_with("observed-data--")) observed.push_back(id);
      }
    }
    std::ignore = root["more"].get(more);
    if (std::string_view text; !root["next"].get(text)) next = text;
    for (const auto& [name, value] : response.headers) {
      if (name == "X-TAXII-Date-Added-Last") last = value;
    }
  }
};

}  // namespace

TEST_CASE("nothing goes without an agreement, and what it releases goes as valid objects") {
  World w;
  w.take_in(20);
  CHECK(of_type(w.page(), "observed-data") == 0);
  w.agree();
  auto page = w.page();
  CHECK(of_type(page, "observed-data") == 20);
  CHECK(of_type(page, "ipv4-addr") == 20);
  CHECK(of_type(page, "identity") == 2);  // ours, and of our extension's authors
  CHECK(of_type(page, "marking-definition") == 4);
  CHECK_FALSE(page.more);
  std::set<TimeUs> dates;
  for (const TaxiiObject& object : page.objects) {
    CHECK(dates.insert(object.added).second);
    auto read = wire::stix_objects_in(fmt::format(R"({{"objects":[{}]}})", object.json));
    CHECK_MESSAGE(read.has_value(), object.json);
  }
  CHECK(std::ranges::is_sorted(page.objects, {}, &TaxiiObject::added));
}

TEST_CASE("what may not go is in no octet, and is counted by clause") {
  World w;
  w.agree();
  w.take_in(5);
  w.take_in(7, Tlp::red);
  w.take_in(3, Tlp::unmarked);
  auto first = w.ask("");
  CHECK(first.body.find("CANARY") == std::string::npos);
  CHECK(Answer(first).observed.size() == 5);
  auto denials = good(w.ledger->list({.partner = w.b.member, .kind = "denial"}));
  std::uint64_t counted = 0;
  for (const auto& row : denials) counted += std::get<ledger::Denial>(row.leaf.body).count;
  CHECK(counted == 10);
  Answer(w.ask(""));  // again: what was withheld is not counted twice
  CHECK(good(w.ledger->list({.partner = w.b.member, .kind = "denial"})).size() == denials.size());
}

TEST_CASE("a page is in the ledger before it leaves, and its salt proves each object of it") {
  World w;
  std::string address = w.agree();
  w.take_in(4);
  auto response = w.ask("");
  Answer answer(response);
  simdjson::dom::element told = answer.root["x_tocsin_release"].value();
  auto shown = good(ledger::read_shown(told["shown"].value()));
  auto leaf = good(ledger::read_leaf(shown.leaf));
  const auto& release = std::get<ledger::Release>(leaf.body);
  CHECK(release.to == w.b.member);
  CHECK(hex(*release.agreement) == address);
  CHECK(release.counts == std::map<std::string, std::uint64_t>{{"event infected-system", 4}});
  std::string salt = good(w.shelves->salt_of(shown.index));
  CHECK(hex(salt) == told["salt"].get_string().value());
  // The objects as their octets stand in the answer.
  auto objects = good(wire::stix_objects_in(response.body));
  REQUIRE(objects.size() == release.count);
  std::vector<Sha256> items;
  for (std::size_t i = 0; i < objects.size(); ++i) {
    items.push_back(
        ledger::item_hash(ledger::item_salt(salt, std::to_string(i)), sha256(objects[i])));
  }
  CHECK(ledger::items_root(items) == release.items);
  CHECK(good(w.ledger->verify()).wrong == "");
}

TEST_CASE("HEAD is no release, and of a manifest names are released, and no event") {
  World w;
  w.agree();
  w.take_in(4);
  w.take_in(2, Tlp::amber);
  for (const char* what : {"objects", "manifest"}) CHECK(w.ask("", what, "HEAD").status == 200);
  CHECK(w.releases() == 0);
  CHECK(good(w.ledger->list({.partner = w.b.member, .kind = "denial"})).empty());

  auto response = w.ask("", "manifest");
  Answer answer(response);
  simdjson::dom::element told = answer.root["x_tocsin_release"].value();
  auto shown = good(ledger::read_shown(told["shown"].value()));
  auto leaf = good(ledger::read_leaf(shown.leaf));
  const auto& names = std::get<ledger::Release>(leaf.body);
  std::vector<Sha256> items;
  std::string salt = good(w.shelves->salt_of(shown.index));
  for (auto record : answer.root["objects"].get_array()) {
    items.push_back(ledger::item_hash(ledger::item_salt(salt, std::to_string(items.size())),
                                      sha256(simdjson::minify(record))));
  }
  CHECK(ledger::items_root(items) == names.items);
  CHECK(names.via == "taxii-manifest");
  CHECK(names.counts == std::map<std::string, std::uint64_t>{{"name", items.size()}});
  auto denied = good(w.ledger->list({.partner = w.b.member, .kind = "denial"}));
  REQUIRE(denied.size() == 1);
  CHECK(std::get<ledger::Denial>(denied[0].leaf.body).count == 2);

  std::string id = good(w.shelf->objects(w.shared(), {.after = {}, .match = {}})).objects.back().id;
  std::size_t before = w.releases();
  CHECK(w.ask(id + "/versions/", "objects").status == 200);
  CHECK(w.releases() == before + 1);
  auto last = good(w.ledger->list({.partner = w.b.member, .kind = "release", .limit = 1})).at(0);
  CHECK(std::get<ledger::Release>(last.leaf.body).via == "taxii-versions");
}

TEST_CASE("names that were listed use nothing of a quota") {
  World w;
  w.terms.quota_per_day = 100;
  w.agree();
  w.take_in(4);
  for (int i = 0; i < 50; ++i) CHECK(w.ask("", "manifest").status == 200);
  CHECK(of_type(w.page(), "observed-data") == 4);
}

TEST_CASE("ten thousand events of one time: three kinds of clients, while more come in") {
  World w;
  w.agree();
  for (int i = 0; i < 4; ++i) w.take_in(2'500);
  auto walk = [&](auto next_query, const std::function<void(int)>& meanwhile) {
    std::vector<std::string> seen;
    std::string query = "?limit=777";
    for (int page = 0; page < 200; ++page) {
      Answer answer(w.ask(query));
      seen.insert(seen.end(), answer.observed.begin(), answer.observed.end());
      if (!answer.more) return seen;
      REQUIRE(!answer.next.empty());
      meanwhile(page);
      query = next_query(answer);
    }
    FAIL("it does not end");
    return seen;
  };
  auto nothing = [](int) {};
  auto whole = walk([](const Answer& a) { return "?limit=777&next=" + a.next; }, nothing);
  CHECK(whole.size() == 10'000);
  CHECK(std::set(whole.begin(), whole.end()).size() == 10'000);
  auto escaped = [](std::string text) {
    std::string out;
    for (char c : text) out += c == ':' ? "%3A" : std::string(1, c);
    return out;
  };
  auto both = walk(
      [&](const Answer& a) {
        return "?limit=777&added_after=" + escaped(a.last) + "&next=" + a.next;
      },
      nothing);
  CHECK(both == whole);
  auto dates =
      walk([&](const Answer& a) { return "?limit=777&added_after=" + escaped(a.last); }, nothing);
  CHECK(dates == whole);
  // Meanwhile more comes in, the clock jumps, the key changes, the node restarts.
  auto busy = walk([](const Answer& a) { return "?limit=777&next=" + a.next; },
                   [&](int page) {
                     if (page > 8) return;
                     w.net.now += page % 2 == 0 ? 10 * us_per_s : -9 * us_per_s;
                     w.take_in(100);
                     if (page == 3)
                       good(w.a.partners->change_key(w.net.now + 10 * us_per_day, "ana"));
                     if (page == 5) w.open();
                   });
  CHECK(busy.size() == 10'900);
  CHECK(std::set(busy.begin(), busy.end()).size() == 10'900);
  CHECK(std::ranges::equal(std::span(busy).first(10'000), whole));
}

TEST_CASE(
    "mixed kinds in one order, with writers at work: nothing is lost and nothing comes twice") {
  World w;
  w.agree();
  std::atomic<bool> over = false;
  std::size_t offered = 0;
  std::jthread writer([&] {
    for (int round = 0; round < 60; ++round) {
      for (int i = 0; i < 20; ++i, ++offered)
        w.offer({w.indicator(fmt::format("i{}", offered), Tlp::green,
                             fmt::format("evil{}.example", offered))});
    }
    over = true;
  });
  std::vector<std::string> events, indicators;
  std::vector<TimeUs> dates;
  TaxiiScan scan{.after = {}, .match = {}, .limit = 333};
  int batches = 0;
  for (bool more = true; more || !over || batches < 12;) {
    if (batches < 12) w.take_in(100), ++batches;
    auto page = w.page(scan);
    for (const auto& object : page.objects) {
      dates.push_back(object.added);
      if (object.id.starts_with("observed-data--")) events.push_back(object.id);
      if (object.id.starts_with("indicator--")) indicators.push_back(object.id);
    }
    more = page.more;
    if (!page.objects.empty()) scan.after = page.objects.back().added;
  }
  writer.join();
  auto rest = w.page(scan);
  for (const auto& object : rest.objects)
    if (object.id.starts_with("indicator--")) indicators.push_back(object.id);
  CHECK(events.size() == 1'200);
  CHECK(std::set(events.begin(), events.end()).size() == 1'200);
  CHECK(indicators.size() == offered);
  CHECK(std::set(indicators.begin(), indicators.end()).size() == offered);
  CHECK(std::ranges::adjacent_find(dates, std::greater_equal()) == dates.end());
  CHECK(good(w.ledger->verify()).wrong == "");
}

TEST_CASE("an indicator and its sighting go as STIX, and what of them may not go is in no octet") {
  World w;
  w.terms.transforms = {};
  w.agree();
  auto red = w.indicator("r", Tlp::red, "canary-red.example");
  auto none = w.indicator("n", Tlp::unmarked, "canary-none.example");
  auto theirs = w.indicator("t", Tlp::green, "canary-back.example");
  theirs.feed = "partner." + w.b.member;
  w.offer({w.indicator("a"), red, none, theirs, w.sighting("s", "a")});
  w.says.member = w.b.member;  // of whatever a feed brought
  auto response = w.ask("");
  CHECK(response.body.find("canary") == std::string::npos);
  auto page = w.page();
  REQUIRE(of_type(page, "indicator") == 1);
  REQUIRE(of_type(page, "sighting") == 1);
  CHECK(of_type(page, "malware") == 1);
  std::string id;
  for (const auto& object : page.objects) {
    auto read = wire::stix_objects_in(fmt::format(R"({{"objects":[{}]}})", object.json));
    CHECK(read.has_value());
    if (object.id.starts_with("indicator--")) {
      id = object.id;
      CHECK(object.json.contains("[domain-name:value = 'evil.example']"));
      CHECK(object.json.contains("WORDS-70aa"));
    }
    if (object.id.starts_with("sighting--"))
      CHECK(object.json.contains(fmt::format(R"("count":7,"sighting_of_ref":"{}")", id)));
  }
  // It is taken back: the same id, revoked, without what it said.
  auto gone = w.indicator("a");
  gone.gone = true;
  gone.body.clear();
  w.net.now += 60 * us_per_s;
  w.offer({gone});
  auto after = w.page({.after = page.objects.back().added, .match = {}});
  REQUIRE(after.objects.size() == 1);
  CHECK(after.objects[0].id == id);
  CHECK(after.objects[0].json.contains(R"("revoked":true)"));
  CHECK_FALSE(after.objects[0].json.contains("evil"));
  CHECK(after.objects[0].version > page.objects.back().version);
  auto rows = good(w.ledger->list({.partner = w.b.member, .kind = "release"}));
  CHECK(std::get<ledger::Release>(rows[0].leaf.body).counts ==
        std::map<std::string, std::uint64_t>{{"recall indicator", 1}});
}

TEST_CASE("an indicator ends by its time, and what an agreement changes of it does not go") {
  World w;
  w.terms.transforms = {{.field = "family", .action = policy::Action::drop},
                        {.field = "address", .action = policy::Action::generalise}};
  w.agree();
  auto ends = w.indicator("e");
  ends.body += fmt::format(R"(,"time.observation":"{}")", times::format(w.net.now + us_per_day));
  auto address = w.indicator("x");
  address.body = thing_body({{"classification.type", R"("c2-server")"},
                             {"source.ip", R"("198.51.100.77")"},
                             {"time.source", fmt::format("\"{}\"", times::format(w.net.now))}});
  auto object = w.indicator("f");
  object.foreign = true;
  object.body = R"({"type":"malware","spec_version":"2.1",)"
                R"("id":"malware--1b1a7e4c-2f0a-4c55-9d8e-0a8d2f6f3a11",)"
                R"("created":"2026-01-01T00:00:00.000Z","modified":"2026-01-01T00:00:00.000Z",)"
                R"("is_family":true,"name":"CANARY-family"})";
  w.offer({ends, address, object});
  auto page = w.page();
  CHECK(of_type(page, "indicator") == 1);
  CHECK(of_type(page, "malware") == 0);
  for (const auto& one : page.objects) {
    CHECK_FALSE(one.json.contains("emotet"));
    CHECK_FALSE(one.json.contains("198.51.100"));
    CHECK_FALSE(one.json.contains("CANARY"));
  }
  w.net.now += 2 * us_per_day;
  for (const auto& one : w.page().objects) {
    if (!one.id.starts_with("indicator--")) continue;
    CHECK(one.json.contains(R"("revoked":true)"));
    CHECK_FALSE(one.json.contains("evil"));
  }
}

TEST_CASE("an object of others goes octet by octet, or not at all") {
  World w;
  w.agree();
  auto object = w.indicator("f");
  object.foreign = true;
  object.body = R"({ "x_unknown" : [1, 2.50], "type":"malware", "spec_version":"2.1",)"
                R"("id":"malware--1b1a7e4c-2f0a-4c55-9d8e-0a8d2f6f3a11",)"
                R"("created":"2026-01-01T00:00:00.000Z","modified":"2026-01-02T00:00:00.000Z",)"
                R"("is_family":true,"name":"somebody's" })";
  auto named = object;
  named.key = "n";
  named.body.replace(named.body.find("somebody's"), 8, "CANARY@");  // accounts do not go
  auto pattern = w.indicator("p");
  pattern.body = thing_body({{"classification.type", R"("c2-server")"},
                             {"pattern", R"("[mutex:name = 'x']")"},
                             {"time.source", fmt::format("\"{}\"", times::format(w.net.now))}});
  auto account = pattern;
  account.key = "m";
  account.body.replace(account.body.find("mutex:name = 'x'"), 16, "mutex:name = 'CANARY@x'");
  w.offer({named, account, pattern, object});
  auto page = w.page();
  REQUIRE(of_type(page, "malware") == 1);
  REQUIRE(of_type(page, "indicator") == 1);
  for (const auto& one : page.objects) CHECK_FALSE(one.json.contains("CANARY"));
  CHECK(page.objects.back().json == object.body);
  CHECK(page.objects.back().version == "2026-01-02T00:00:00.000Z");
}

// What c brought to a, which may go on to b.
struct Passing : World {
  explicit Passing(policy::Onward onward = policy::Onward::same_terms) {
    agree();
    befriend(a, c);
    of_c = good(Agreements::open({*c.journal, *c.partners, clock()}));
    auto between = terms;
    between.id = "ac";
    between.parties[1].id = c.member;
    between.parties[1].keys = {c.self().key};
    between.onward = onward;
    under = good(of_a->propose(policy::agreement_json(between, true), "ana")).address;
    good(of_a->sign(under, "alex"));
    CHECK(a.partners->deliver(c.member) == 0);
    good(of_c->sign(under, "cy"));
    good(of_c->sign(under, "cleo"));
    CHECK(c.partners->deliver(a.member) == 0);
    REQUIRE(of_a->in_force(c.member, net.now).agreements.size() == 1);
    says = {.member = c.member, .onward = onward};
  }
  static std::string identity(const std::string& member) {
    return wire::stix_own_id("identity", wire::stix_node_namespace(member), member);
  }
  store::Thing object(int number, const std::string& creator, const std::string& more = "") const {
    std::string id = fmt::format("malware--1b1a7e4c-2f0a-4c55-9d8e-0a8d2f6f{:04}", number);
    store::Thing out{.kind = "indicator", .key = id, .feed = "partner." + c.member};
    out.tlp = Tlp::green;
    out.pap = Pap::clear;
    out.since = net.now;
    out.foreign = true;
    out.under = under;
    out.creator = creator;
    out.body =
        fmt::format(R"({{ "type":"malware","spec_version":"2.1","id":"{}","created_by_ref":"{}",{})"
                    R"("created":"2026-01-01T00:00:00.000Z","modified":"2026-01-02T00:00:00.000Z",)"
                    R"("is_family":true,  "x_unknown" : [1, 2.50], "name":"a family" }})",
                    id, creator, more);
    return out;
  }
  std::map<std::uint32_t, std::uint64_t> denied_by() {
    std::map<std::uint32_t, std::uint64_t> out;
    for (const auto& row : good(ledger->list({.partner = b.member, .kind = "denial"}))) {
      const auto& denial = std::get<ledger::Denial>(row.leaf.body);
      out[denial.clause] += denial.count;
    }
    return out;
  }
  TestMember c{"c.example.org", net};
  std::unique_ptr<Agreements> of_c;
  std::string under;  // what lies between a and c
};

std::uint32_t number_of(policy::Clause clause) {
  return static_cast<std::uint32_t>(clause);
}

TEST_CASE("what a partner brought goes on octet by octet, by the agreement that it came under") {
  Passing w;
  auto object = w.object(1, w.identity(w.c.member));
  auto back = w.object(2, w.identity(w.b.member), R"("x_a":"CANARY-back",)");
  auto amber = w.object(3, w.identity(w.c.member), R"("x_a":"CANARY-amber",)");
  amber.tlp = Tlp::amber;
  auto elsewhere = w.object(4, w.identity(w.c.member), R"("x_a":"CANARY-elsewhere",)");
  elsewhere.under = std::string(64, '0');
  auto address = w.object(5, w.identity(w.c.member), R"("x_a":"CANARY@example.org",)");
  auto marked = w.object(6, w.identity(w.c.member));
  std::string definition =
      R"({"type":"marking-definition","spec_version":"2.1", "created":"2026-01-01T00:00:00.000Z",)"
      R"("id":"marking-definition--1b1a7e4c-2f0a-4c55-9d8e-0a8d2f6f3a11",)"
      R"("definition_type":"statement","definition":{"statement":"ours"}})";
  marked.with = R"({"objects":[)" + definition + "]}";
  w.offer({object, back, amber, elsewhere, address, marked});
  auto page = w.page();
  REQUIRE(of_type(page, "malware") == 2);
  REQUIRE(page.objects.size() >= 3);
  std::size_t n = page.objects.size();
  CHECK(page.objects[n - 3].json == object.body);
  CHECK(page.objects[n - 2].json == definition);
  CHECK(page.objects[n - 1].json == marked.body);
  for (const auto& one : page.objects) CHECK_FALSE(one.json.contains("CANARY"));
  auto rows = good(w.ledger->list({.partner = w.b.member, .kind = "release"}));
  REQUIRE(rows.size() == 1);
  CHECK(std::get<ledger::Release>(rows[0].leaf.body).counts ==
        std::map<std::string, std::uint64_t>{{"indicator other", 2}});
  // What b made is not withheld from it: it has it.
  CHECK(w.denied_by() ==
        std::map<std::uint32_t, std::uint64_t>{{number_of(policy::Clause::marking), 1},
                                               {number_of(policy::Clause::fields), 1},
                                               {number_of(policy::Clause::onward), 1}});
  SUBCASE("its author takes it back") {
    auto revoked = object;
    std::size_t at = revoked.body.find("2026-01-02");
    revoked.body.replace(at, 10, "2026-01-03");
    revoked.body.replace(revoked.body.find(R"("is_family")"), 0, R"("revoked":true,)");
    w.offer({revoked});
    auto after = w.page({.after = page.objects.back().added, .match = {}});
    REQUIRE(after.objects.size() == 1);
    CHECK(after.objects[0].json == revoked.body);
    CHECK(of_type(w.page(), "malware") == 2);  // the version before it goes no more
  }
  SUBCASE("it is erased") {
    CHECK(w.offers->take_back([&](const auto& thing) { return thing.body == object.body; }) == 1);
    CHECK(of_type(w.page(), "malware") == 1);
  }
  SUBCASE("the agreement that it came under is ended") {
    good(w.of_a->end(w.under, "enough", "ana"));
    CHECK(of_type(w.page(), "malware") == 0);
  }
  SUBCASE("who brought it is stopped") {
    good(w.a.partners->stop(w.c.member, "ana", "a test"));
    CHECK(of_type(w.page(), "malware") == 0);
  }
  SUBCASE("a reader of another member gets nothing of it") {
    auto of_c = w.shelves->of(w.c.member);
    std::string shared = good(of_c->collections()).front().id;
    auto theirs = good(of_c->objects(shared, {}));
    CHECK(of_type(theirs, "malware") == 0);
  }
}

TEST_CASE("an agreement without onward sharing keeps what came under it") {
  Passing w(policy::Onward::none);
  auto object = w.object(1, w.identity(w.c.member), R"("x_a":"CANARY",)");
  w.offer({object});
  for (const auto& one : w.page().objects) CHECK_FALSE(one.json.contains("CANARY"));
  CHECK_FALSE(w.shelves->has_news(w.b.member, w.offers->opened()));
  CHECK(w.denied_by() ==
        std::map<std::uint32_t, std::uint64_t>{{number_of(policy::Clause::onward), 1}});
  auto sight = good(w.shelves->look(w.b.member, object));
  CHECK_FALSE(sight.goes);
  REQUIRE(sight.under.size() == 1);
  CHECK(sight.under[0].decision.sentence.contains("clause 13 (onward)"));
  CHECK(sight.under[0].decision.counterfactual.contains("same terms"));
  CHECK(good(w.shelves->look(w.c.member, object)).hindrance.contains("itself"));
}

TEST_CASE("what was withheld and may go now comes again, once, behind everything") {
  World w;
  std::string address = w.agree();
  w.take_in(30);
  w.take_in(20, Tlp::amber);
  w.offer({w.indicator("g"), w.indicator("a", Tlp::amber, "amber.example")});
  w.take_in(10);
  TaxiiScan scan;
  std::multiset<std::string> seen;
  TimeUs last = 0;
  auto poll = [&](std::size_t limit = 100) {
    std::size_t events = 0;
    scan.limit = limit;
    for (bool more = true; more;) {
      auto page = w.page(scan);
      more = page.more;
      for (const auto& object : page.objects) {
        CHECK(object.added > last);
        last = object.added;
        if (!object.id.starts_with("observed-data--") && !object.id.starts_with("indicator--"))
          continue;
        ++events;
        seen.insert(object.id);
      }
      if (more)
        scan.after = page.looked_at;
      else if (!page.objects.empty())
        scan.after = last;
    }
    return events;
  };
  auto announce = [&] {
    int steps = 0;
    while (good(w.shelves->announce(w.b.member))) REQUIRE(++steps < 100);
    return steps;
  };
  CHECK(poll() == 41);
  CHECK(announce() == 0);
  // Up to amber, as the next version.
  w.terms.version = 2;
  w.terms.replaces = address;
  w.terms.allow[0].max_tlp = Tlp::amber;
  address = w.agree();
  CHECK(poll() == 0);
  CHECK(announce() > 0);
  CHECK(w.shelves->has_news(w.b.member, last));
  w.take_in(5);  // comes behind them
  w.open();      // a restart forgets nothing of it
  CHECK(poll(7) == 26);
  CHECK(announce() == 0);
  CHECK(poll() == 0);
  CHECK(seen.size() == 67);
  CHECK(std::set(seen.begin(), seen.end()).size() == 67);
  // Suspended, resumed: what came in meanwhile, and nothing of what had gone.
  good(w.of_a->suspend(address, "an incident", "ana"));
  w.take_in(3);
  CHECK(poll() == 0);
  good(w.of_a->resume(address, "ana"));
  announce();
  CHECK(poll() == 3);
  // Who reads all from the beginning gets each once, too.
  scan = {};
  seen.clear();
  last = 0;
  CHECK(poll() == 70);
  CHECK(std::set(seen.begin(), seen.end()).size() == 70);
}

TEST_CASE("what a feed's terms withheld and let go now comes once") {
  World w;
  w.terms.unsaid_feeds_pass = false;
  w.agree();
  w.says.terms.may_pass_on = true;
  REQUIRE(w.shelves->look_at_terms().has_value());
  w.take_in(5);
  TaxiiScan scan;
  std::set<std::string> seen;
  auto poll = [&] {
    std::size_t events = 0;
    auto page = w.page(scan);
    for (const auto& object : page.objects) {
      if (!object.id.starts_with("observed-data--")) continue;
      ++events;
      CHECK(seen.insert(object.id).second);
    }
    if (!page.objects.empty()) scan.after = page.objects.back().added;
    return events;
  };
  auto say = [&](std::optional<bool> may_pass_on) {
    w.says.terms.may_pass_on = may_pass_on;
    REQUIRE(w.shelves->look_at_terms().has_value());
    for (int steps = 0; good(w.shelves->announce(w.b.member)); ++steps) REQUIRE(steps < 100);
  };
  CHECK(poll() == 5);
  say(false);
  w.take_in(7);
  w.offer({w.indicator("g")});
  CHECK(poll() == 0);  // and has passed what was withheld
  say(std::nullopt);
  CHECK(poll() == 0);
  w.open();  // a restart forgets nothing of it
  say(true);
  CHECK(poll() == 7);
  say(false);
  say(true);
  CHECK(poll() == 0);
  CHECK(seen.size() == 12);
}

TEST_CASE("what proves items goes with what was erased, and with what the ledger no longer has") {
  World w;
  w.agree();
  w.take_in(3);
  auto page = w.page();
  TimeUs end = page.objects.back().added;
  w.net.now += us_per_hour;
  w.offer({w.indicator("g")});
  TimeUs from_now = w.net.now;
  auto second = w.page({.after = end, .match = {}});
  REQUIRE(of_type(second, "indicator") == 1);
  auto rows = good(w.ledger->list({.partner = w.b.member, .kind = "release"}));
  REQUIRE(rows.size() == 2);
  std::uint64_t newer = rows[0].entry.index, older = rows[1].entry.index;
  auto has_salt = [&](std::uint64_t entry) { return w.shelves->salt_of(entry).has_value(); };
  CHECK_FALSE(good(w.shelves->forget_erased()));
  CHECK(has_salt(older));
  SUBCASE("an event") {
    EventBatch act;
    act.seq = ++w.seq;
    act.correction = {.kind = Correction::Kind::erase};
    act.correction.events = {event_id(1, 2)};
    w.apply(act);
    CHECK_FALSE(good(w.shelves->forget_erased()));
    CHECK_FALSE(has_salt(older));
    CHECK(has_salt(newer));
  }
  SUBCASE("an indicator") {
    CHECK(w.offers->take_back([](const auto&) { return true; }) == 1);
    CHECK_FALSE(good(w.shelves->forget_erased()));
    CHECK(has_salt(older));
    CHECK_FALSE(has_salt(newer));
  }
  SUBCASE("what was taken back without an erasure stays proved") {
    CHECK(w.offers->take_back([](const auto&) { return true; }, false) == 1);
    CHECK_FALSE(good(w.shelves->forget_erased()));
    CHECK(has_salt(newer));
  }
  SUBCASE("by retention") {
    REQUIRE(w.shelves->prune().has_value());
    CHECK(has_salt(older));
    good(w.ledger->forget_items(from_now));
    REQUIRE(w.shelves->prune().has_value());
    CHECK_FALSE(has_salt(older));
    CHECK(has_salt(newer));
    CHECK(good(w.ledger->verify()).wrong == "");
  }
}

TEST_CASE("what is withdrawn comes again, revoked, under the same id and without what it said") {
  World w;
  w.agree();
  w.take_in(3);
  w.take_in(2, Tlp::red);
  w.take_in(2, Tlp::green, Type::c2_server);
  auto before = w.page();
  TimeUs at = before.objects.back().added;
  w.net.now += us_per_s * 60;
  for (std::uint64_t report : {1, 2, 3}) w.withdraw(report);
  auto after = w.page({.after = at, .match = {}});
  std::set<std::string> told, recalled;
  for (const auto& object : before.objects) {
    if (object.id.starts_with("observed-data--") || object.id.starts_with("indicator--"))
      told.insert(object.id);
  }
  for (const auto& object : after.objects) {
    if (object.id.starts_with("software--")) continue;
    CHECK(object.json.find(R"("revoked":true)") != std::string::npos);
    CHECK(object.json.find("203.0.113") == std::string::npos);
    recalled.insert(object.id);
    auto read = wire::stix_objects_in(fmt::format(R"({{"objects":[{}]}})", object.json));
    CHECK(read.has_value());
  }
  CHECK(told.size() == 7);
  CHECK(recalled == told);
  CHECK(of_type(w.page(), "ipv4-addr") == 0);
  auto rows = good(w.ledger->list({.partner = w.b.member, .kind = "release"}));
  CHECK(
      std::get<ledger::Release>(rows[1].leaf.body).counts ==
      std::map<std::string, std::uint64_t>{{"recall c2-server", 2}, {"recall infected-system", 3}});
}

TEST_CASE("a quota ends the walk for today and loses nothing") {
  World w;
  w.terms.quota_per_day = 10;
  w.agree();
  w.take_in(10);
  std::set<std::string> seen;
  TaxiiScan scan;
  for (int day = 0; day < 5; ++day) {
    for (int poll = 0; poll < 3; ++poll) {
      auto page = w.page(scan);
      CHECK_FALSE(page.more);
      for (const auto& object : page.objects) seen.insert(object.id);
      if (!page.objects.empty()) scan.after = page.objects.back().added;
    }
    if (day == 0)
      CHECK(std::ranges::count_if(
                seen, [](const auto& id) { return id.starts_with("observed-data--"); }) <= 5);
    w.net.now += us_per_day;
  }
  CHECK(std::ranges::count_if(
            seen, [](const auto& id) { return id.starts_with("observed-data--"); }) == 10);
}

TEST_CASE("the objects of one event stand on one page, and news are told before they are fetched") {
  World w;
  w.agree();
  TimeUs before = w.offers->last();
  CHECK_FALSE(w.shelves->has_news(w.b.member, before));
  w.take_in(3, Tlp::red);
  CHECK_FALSE(w.shelves->has_news(w.b.member, before));
  w.take_in(40, Tlp::green, Type::c2_server);
  CHECK(w.shelves->has_news(w.b.member, before));
  CHECK_FALSE(w.shelves->has_news(w.b.member, w.offers->last()));
  TaxiiScan scan{.after = {}, .match = {}, .limit = 128};
  std::size_t events = 0;
  for (bool more = true; more;) {
    auto page = w.page(scan);
    more = page.more;
    scan.after = page.looked_at;
    std::set<TimeUs> rooms, whole;
    for (const auto& object : page.objects) {
      TimeUs room = object.added / store::Offers::room;
      if (object.id.starts_with("relationship--")) whole.insert(room);  // the last of each
      if (object.id.starts_with("observed-data--")) rooms.insert(room);
    }
    events += rooms.size();
    CHECK(rooms.size() == whole.size());
  }
  CHECK(events == 40);
}

TEST_CASE("one object by its id, by type, by version; others' collections are not there") {
  World w;
  w.agree();
  w.take_in(50);
  auto page = w.page();
  std::string id = page.objects.back().id;
  REQUIRE(id.starts_with("observed-data--"));
  for (int again = 0; again < 2; ++again) {
    CHECK(w.shelf->has(w.shared(), id) == true);
    TaxiiScan one;
    one.match.ids = {id};
    auto found = w.page(one);
    REQUIRE(found.objects.size() == 1);
    CHECK(found.objects[0].json == page.objects.back().json);
    w.open();  // now it must be looked for
  }
  CHECK(w.shelf->has(w.shared(), "observed-data--00000000-0000-4000-8000-000000000000") == false);
  TaxiiScan typed;
  typed.match.types = {"ipv4-addr"};
  CHECK(w.page(typed).objects.size() == 50);
  typed.match.types = {"ipv6-addr"};
  CHECK(w.page(typed).objects.empty());
  CHECK_FALSE(w.shelf->objects("00000000-0000-4000-8000-000000000000", {}).has_value());
  auto c = w.shelves->of("c.example.org");
  CHECK_FALSE(c->collections().has_value());
}

TEST_CASE("a stopped partner and an ended agreement cut everything at once") {
  World w;
  std::string address = w.agree();
  w.take_in(5);
  CHECK(of_type(w.page(), "observed-data") == 5);
  good(w.of_a->suspend(address, "an incident", "ana"));
  CHECK(of_type(w.page(), "observed-data") == 0);
  good(w.of_a->resume(address, "ana"));
  CHECK(of_type(w.page(), "observed-data") == 5);
  w.net.now += 400 * us_per_day;  // its time is over
  CHECK(of_type(w.page(), "observed-data") == 0);
  w.net.now -= 400 * us_per_day;
  good(w.of_a->end(address, "enough", "ana"));
  CHECK(of_type(w.page(), "observed-data") == 0);
  good(w.a.partners->stop(w.b.member, "ana", "a test"));
  CHECK(w.shelf->objects("x", {}).error().fault == Fault::denied);
}

TEST_CASE("what a partner would see is what goes, with the reason why the rest stays") {
  World w;
  EventBatch batch;
  batch.feed = w.a.words.id("honeypots");
  for (Tlp tlp : {Tlp::green, Tlp::amber, Tlp::red}) {
    batch.add_row();
    batch.source.ip.back() = Ip::from_v4(0xcb007107);
    batch.source.country.back() = *Country::parse("BR");
    batch.type.back() = Type::infected_system;
    batch.tlp.back() = tlp;
    batch.time.back() = batch.observed.back() = w.net.now;
  }
  CHECK(w.shelves->look("nobody.example.org", {&batch, 0}).error().fault == Fault::missing);
  auto nothing = good(w.shelves->look(w.b.member, {&batch, 0}));
  CHECK(nothing.hindrance.contains("no agreement"));
  CHECK_FALSE(nothing.goes);

  w.terms.quota_per_day = 9;
  w.agree();
  auto size = good(w.ledger->head()).tree.size;
  auto goes = good(w.shelves->look(w.b.member, {&batch, 0}));
  REQUIRE(goes.goes);
  CHECK(goes.under.at(*goes.goes).decision.released);
  CHECK(goes.told.contains("203.0.113.7"));
  auto stays = good(w.shelves->look(w.b.member, {&batch, 1}));
  CHECK_FALSE(stays.goes);
  CHECK(stays.told.empty());
  CHECK(stays.under.at(0).decision.sentence.starts_with("withheld by clause 4 (marking)"));
  CHECK(stays.under.at(0).decision.counterfactual.contains("would pass if max_tlp"));
  auto red = good(w.shelves->look(w.b.member, {&batch, 2}));
  CHECK(red.under.at(0).decision.reason == policy::Reason::tlp_red);

  w.says.member = w.b.member;  // the feed is what b sent
  CHECK(good(w.shelves->look(w.b.member, {&batch, 0})).hindrance.contains("sent it itself"));
  w.says.member.clear();
  batch.type[0] = Type::test;
  CHECK(good(w.shelves->look(w.b.member, {&batch, 0})).hindrance.contains("exercise"));
  batch.type[0] = Type::infected_system;
  CHECK(good(w.ledger->head()).tree.size == size);
  w.take_in(40);
  w.page();  // the quota is used
  auto used = good(w.shelves->look(w.b.member, {&batch, 0}));
  CHECK_FALSE(used.goes);
  CHECK(used.under.at(0).decision.reason == policy::Reason::quota_used_up);
  good(w.a.partners->stop(w.b.member, "ana", "a test"));
  CHECK(good(w.shelves->look(w.b.member, {&batch, 0})).hindrance.contains("no partners now"));
}

// What a walk of one of b's collections has behind a date.
TaxiiPage page_of(World& w, std::string_view alias, TimeUs after = 0) {
  auto all = good(w.shelf->collections());
  auto found = std::ranges::find(all, alias, &TaxiiCollection::alias);
  REQUIRE(found != all.end());
  TaxiiScan scan;
  if (after > 0) scan.after = after;
  return good(w.shelf->objects(found->id, scan));
}
TaxiiPage beyond(World& w, TimeUs after = 0) {
  return page_of(w, "emergency", after);
}

TEST_CASE("a person releases one event beyond the agreement, and a second one confirms it") {
  World w;
  w.agree();  // up to TLP:GREEN
  auto hears_b = good(Emergencies::open({.journal = *w.b.journal,
                                         .partners = *w.b.partners,
                                         .offers = *w.offers,
                                         .ledger = [] { return static_cast<Ledger*>(nullptr); },
                                         .now = w.clock()}));
  w.take_in(2, Tlp::amber);
  EventId amber = event_id(w.seq, 0), other = event_id(w.seq, 1);
  w.take_in(1, Tlp::red);
  EventId red = event_id(w.seq, 0);
  w.take_in(1, Tlp::unmarked);
  EventId unmarked = event_id(w.seq, 0);
  w.take_in(1, Tlp::green);
  EventId green = event_id(w.seq, 0);
  auto refused = [&](EventId event, std::string_view why = "it burns") {
    auto made = w.emergencies->release(w.b.member, event, why, "ana");
    REQUIRE_FALSE(made.has_value());
    return made.error();
  };
  CHECK(refused(red).what.contains("no person may release it: clause 4 (marking), tlp-red"));
  CHECK(refused(unmarked).fault == Fault::denied);
  CHECK(refused(green).what.contains("it goes anyway"));
  CHECK(refused(event_id(77, 0)).fault == Fault::missing);
  CHECK(refused(amber, " ").fault == Fault::invalid);
  w.says.terms.may_pass_on = false;  // its feed forbids it
  CHECK(refused(amber).what.contains("clause 18 (feed terms), feed-forbids"));
  w.says.terms = {};
  w.says.member = "c.example.org";  // another's, who lets us pass nothing on
  CHECK(refused(amber).fault == Fault::denied);
  w.says.member.clear();
  CHECK(of_type(beyond(w), "observed-data") == 0);

  auto made = good(w.emergencies->release(w.b.member, amber, "it burns", "ana"));
  CHECK(w.emergencies->why(made) == "it burns");
  CHECK(refused(amber).what.contains("already"));
  CHECK(of_type(beyond(w), "observed-data") == 0);  // what says so is still on its way
  w.deliver();
  CHECK(hears_b->was_announced(w.a.member, made.item));
  CHECK_FALSE(
      hears_b->was_announced(w.a.member, "observed-data--00000000-0000-4000-8000-000000000000"));
  auto page = beyond(w);
  CHECK(of_type(page, "observed-data") == 1);
  CHECK(std::ranges::count(page.objects, made.item, &TaxiiObject::id) == 1);
  CHECK(of_type(w.page(), "observed-data") == 1);  // the green one
  auto release =
      good(w.ledger->list({.partner = w.b.member, .kind = "release", .limit = 2})).back();
  auto under = std::get<ledger::Release>(release.leaf.body).under;
  REQUIRE(under == made.entry);
  auto act = std::get<ledger::PolicyAct>(good(w.ledger->one(*under)).leaf.body);
  CHECK(act.what == "emergency");
  CHECK(act.with == w.b.member);

  CHECK(w.emergencies->confirm(made.id, "ana").error().fault == Fault::denied);
  CHECK(good(w.emergencies->confirm(made.id, "alex")).state() == EmergencyState::confirmed);
  auto second = good(w.emergencies->release(w.b.member, other, "this one, too", "ana"));
  w.deliver();
  auto more = beyond(w, page.looked_at);
  CHECK(of_type(more, "observed-data") == 1);
  w.net.now += us_per_day;
  CHECK(w.emergencies->confirm(second.id, "alex").error().what.contains("its day is over"));
  CHECK(w.emergencies->work() == 1);
  CHECK(w.emergencies->work() == 0);
  CHECK(w.lapsed == std::vector{second.id});
  auto back = beyond(w, more.looked_at);
  REQUIRE(of_type(back, "observed-data") == 1);
  auto recall = std::ranges::find(back.objects, second.item, &TaxiiObject::id);
  REQUIRE(recall != back.objects.end());
  CHECK(recall->json.contains(R"("revoked":true)"));
  CHECK_FALSE(recall->json.contains("203.0.113."));
  CHECK(good(w.ledger->list({.kind = "policy", .limit = 1})).front().partner == w.b.member);

  w.withdraw(1);  // its report
  CHECK(w.emergencies->work() == 1);
  auto gone = beyond(w, back.looked_at);
  CHECK(std::ranges::count(gone.objects, made.item, &TaxiiObject::id) == 1);
  CHECK(good(w.emergencies->list(w.b.member)).at(1).state() == EmergencyState::taken_back);
  auto verified = good(w.ledger->verify());
  CHECK(verified.wrong == "");
}

TEST_CASE("statistics go once for a day, without small counts, to whom they are agreed with") {
  World w;
  Day day = times::day_of(w.net.now) - 1;
  std::map<std::string, std::vector<policy::CountOf>> counts = {
      {"country.type",
       {{"BR", "", 60},
        {"BR", "infected-system", 40},
        {"BR", "scanner", 17},
        {"BR", "spam", 3},
        {"PT", "", 4},
        {"PT", "scanner", 4},
        {"", "scanner", 900}}},
      {"sector.type", {{"energy", "", 12}, {"energy", "scanner", 12}}}};
  CHECK(w.statistics->publish(day, counts).has_value());
  CHECK(of_type(page_of(w, "statistics"), "x-tocsin-statistics") == 0);  // nothing is agreed
  w.agree();
  auto page = page_of(w, "statistics");
  REQUIRE(of_type(page, "x-tocsin-statistics") == 2);
  for (const TaxiiObject& object : page.objects) {
    auto read = wire::stix_objects_in(fmt::format(R"({{"objects":[{}]}})", object.json));
    CHECK_MESSAGE(read.has_value(), object.json);
  }
  auto release = good(w.ledger->list({.partner = w.b.member, .kind = "release", .limit = 1}));
  auto told = std::get<ledger::Release>(release.front().leaf.body).counts;
  CHECK(told == std::map<std::string, std::uint64_t>{{"statistics country.type", 1},
                                                     {"statistics sector.type", 1}});

  auto of_b = good(Statistics::open({.journal = *w.b.journal,
                                     .partners = *w.b.partners,
                                     .agreements = *w.of_b,
                                     .offers = *w.offers,
                                     .now = w.clock()}));
  simdjson::dom::parser parser;
  std::size_t taken = 0;
  for (const TaxiiObject& object : page.objects) {
    if (!object.id.starts_with("x-tocsin")) continue;
    simdjson::dom::element root = parser.parse(simdjson::padded_string(object.json)).value();
    auto given = good(wire::read_stix_statistics(root));
    CHECK(given.day == day);
    CHECK(given.k == policy::publication_k);
    taken += good(of_b->take(w.a.member, given));
    CHECK(good(of_b->take(w.a.member, given)) == 0);       // what was published stays
    CHECK(good(of_b->take("c.example.org", given)) == 0);  // nothing is agreed with that one
  }
  std::vector<std::string> figures;
  auto list = good(of_b->list({.partner = w.a.member}));
  for (const SharedFigure& f : list)
    figures.push_back(fmt::format("{} {} {}", f.group, f.part, f.subjects));
  CHECK(taken == list.size());
  // Of BR spam is of few, and scanners go with it; PT is few altogether.
  CHECK(figures == std::vector<std::string>{"BR  60", "BR infected-system 40", "energy  12",
                                            "energy scanner 12"});

  counts["country.type"][2].subjects = 18;  // counted anew: nothing can be set off against it
  CHECK(w.statistics->publish(day, counts).has_value());
  auto again = page_of(w, "statistics");
  REQUIRE(again.objects.size() == page.objects.size());
  for (std::size_t i = 0; i < page.objects.size(); ++i)
    CHECK(again.objects[i].json == page.objects[i].json);
  CHECK(w.statistics->publish(day + 1, counts).has_value());
  CHECK(of_type(page_of(w, "statistics", page.looked_at), "x-tocsin-statistics") == 2);
}

TEST_CASE("who agreed on no statistics gets none, and who on some types those") {
  World w;
  w.terms.allow.resize(1);
  w.terms.allow[0] = {.kinds = {policy::ItemKind::statistics},
                      .types = {Type::scanner},
                      .max_tlp = Tlp::green,
                      .max_pap = Pap::red};
  Day day = times::day_of(w.net.now) - 1;
  CHECK(
      w.statistics
          ->publish(day, {{"country.type",
                           {{"BR", "", 60}, {"BR", "infected-system", 40}, {"BR", "scanner", 20}}}})
          .has_value());
  w.agree();
  auto due = good(w.statistics->due(w.b.member, 0));
  REQUIRE(due.size() == 1);
  REQUIRE(due[0].tables.size() == 1);
  REQUIRE(due[0].tables[0].figures.size() == 1);
  CHECK(due[0].tables[0].figures[0].part == "scanner");
  CHECK(due[0].tables[0].figures[0].subjects == 20);
  World none;
  none.terms.allow[0].kinds = {policy::ItemKind::event};
  CHECK(none.statistics->publish(day, {{"country.type", {{"BR", "scanner", 20}}}}).has_value());
  none.agree();
  CHECK(good(none.statistics->due(none.b.member, 0)).empty());
}

}  // namespace tocsin::share
