#include "hunt/indicators.h"

#include <fmt/format.h>

#include <set>

#include "temporary_folder.h"
#include "test.h"

namespace tocsin::hunt {
namespace {

const TimeUs noon = *times::parse("2026-11-23T12:00:00Z");

struct Store {
  TemporaryFolder folder;
  Dictionary words;
  TimeUs now = noon;
  std::unique_ptr<store::Journal> journal = *store::Journal::open(folder.file("journal.db"), words);
  std::unique_ptr<Indicators> all = fresh();

  std::unique_ptr<Indicators> fresh() {
    auto known_good = [](std::span<const Told> told) {
      std::vector<std::string> lists;
      for (const Told& one : told)
        lists.emplace_back(one.observable.value == "192.0.2.53" ? "Public resolvers" : "");
      return lists;
    };
    auto erased = [](std::string_view text) {
      return text.contains("gone") ? std::optional<std::string>("(erased)") : std::nullopt;
    };
    return *Indicators::open({.journal = *journal,
                              .now = [this] { return now; },
                              .known_good = known_good,
                              .without_erased = erased});
  }
  Added tell(std::string_view value, Claim claim) {
    auto observable = guess_observable(value);
    REQUIRE_MESSAGE(observable, value);
    auto right = checked(std::move(claim));
    REQUIRE_MESSAGE(right, right.error().what);
    std::vector<Told> told{{*observable, *right}};
    auto added = all->add(told);
    REQUIRE_MESSAGE(added, added.error().what);
    return *added;
  }
  Indicator find(std::string_view value) {
    auto found = *all->find(*guess_observable(value));
    REQUIRE(found);
    return *found;
  }
  std::vector<std::string> listed(const IndicatorsAsk& ask) {
    auto page = all->list(ask);
    REQUIRE_MESSAGE(page, page.error().what);
    std::vector<std::string> values;
    for (const auto& one : page->items) values.push_back(one.observable.value);
    return values;
  }
};

Claim by_feed(std::string_view name) {
  return {.source = {SourceKind::feed, std::string(name)}, .tlp = Tlp::green};
}

}  // namespace

TEST_CASE("the same observable from many sources is one indicator that keeps each claim") {
  Store s;
  CHECK(s.tell("EVIL.example.org", by_feed("one")).fresh == 1);
  Claim other = by_feed("two");
  other.family = "Mirai";
  other.techniques = {"t1566.001", "T1071", "T1071"};
  other.confidence = 80;
  other.type = Type::c2_server;
  other.tlp = Tlp::amber;
  CHECK(s.tell("evil[.]example.org", other).fresh == 0);
  auto found = s.find("evil.example.org");
  REQUIRE(found.claims.size() == 2);
  CHECK(found.claims[0].source.name == "one");
  CHECK(found.claims[1].family == "mirai");
  CHECK(found.claims[1].techniques == std::vector<std::string>{"T1071", "T1566.001"});
  CHECK(found.claims[1].confidence == 80);
  CHECK(found.tlp() == Tlp::amber);
  CHECK(corroboration(found, noon) == 2);
  CHECK(indicator_id_of(indicator_id(found.id)) == found.id);

  // What a source says again is the same claim; what it says otherwise takes its place.
  auto again = s.tell("evil.example.org", other);
  CHECK(again.same == 1);
  CHECK(again.claims == 0);
  other.confidence = 20;
  CHECK(s.tell("evil.example.org", other).claims == 1);
  found = s.find("evil.example.org");
  REQUIRE(found.claims.size() == 2);
  CHECK(found.claims[1].confidence == 20);

  s.all = s.fresh();  // it lies in the file
  CHECK(s.find("evil.example.org").claims.size() == 2);
}

TEST_CASE("sources that pass on the same object are one, and claims that hold no more are none") {
  Store s;
  Claim first = by_feed("one"), second = by_feed("two"), third = by_feed("three");
  first.object = second.object = "indicator--1";
  s.tell("192.0.2.7", first);
  s.tell("192.0.2.7", second);
  CHECK(corroboration(s.find("192.0.2.7"), noon) == 1);
  third.until = noon + us_per_day;
  s.tell("192.0.2.7", third);
  CHECK(corroboration(s.find("192.0.2.7"), noon) == 2);
  CHECK(corroboration(s.find("192.0.2.7"), noon + us_per_day) == 1);
  third.object = "indicator--2";
  third.until = time_none;
  s.tell("192.0.2.7", third);
  CHECK(s.find("192.0.2.7").claims.size() == 4);
  CHECK(corroboration(s.find("192.0.2.7"), noon) == 2);  // one source, two objects
}

TEST_CASE("an indicator expires by the end of its last claim, or by a person, and stays listed") {
  Store s;
  Claim claim = by_feed("one");
  claim.from = noon - us_per_day;
  claim.until = noon + us_per_day;
  s.tell("192.0.2.7", claim);
  Claim later = by_feed("one");
  later.from = noon + us_per_day;
  s.tell("192.0.2.8", later);
  CHECK(s.find("192.0.2.7").state(noon) == State::active);
  CHECK(s.find("192.0.2.8").state(noon) == State::upcoming);
  s.now = noon + us_per_day;
  CHECK(s.find("192.0.2.7").state(s.now) == State::expired);
  CHECK(s.listed({.state = State::expired}) == std::vector<std::string>{"192.0.2.7"});
  CHECK(s.listed({.state = State::active}) == std::vector<std::string>{"192.0.2.8"});

  std::uint64_t id = s.find("192.0.2.8").id;
  auto ended = s.all->expire(id, "cleaned up", "ana");
  REQUIRE(ended.has_value());
  CHECK(ended->state(s.now) == State::expired);
  CHECK(ended->expired_by == "ana");
  CHECK(corroboration(*ended, s.now) == 0);
  s.now += us_per_hour;
  s.tell("192.0.2.8", later);  // the same once more, later: it holds again
  CHECK(s.find("192.0.2.8").state(s.now) == State::active);
  CHECK(s.all->expire(99, "no such", "ana").error().fault == Fault::missing);

  Claim gone = by_feed("two");
  gone.revoked = true;
  s.tell("192.0.2.9", gone);
  CHECK(s.find("192.0.2.9").state(s.now) == State::expired);
}

TEST_CASE("changes are read forward by a number that grows with every change") {
  Store s;
  s.tell("192.0.2.7", by_feed("one"));
  s.tell("192.0.2.8", by_feed("one"));
  auto all = *s.all->changes(0, 10);
  REQUIRE(all.size() == 2);
  CHECK(all[0].number < all[1].number);
  CHECK(all[0].claim.tlp == Tlp::green);
  CHECK(s.all->changes(0, 1)->size() == 1);
  std::uint64_t seen = all[1].number;
  s.tell("192.0.2.7", by_feed("one"));
  CHECK(s.all->changes(seen, 10)->empty());  // nothing new
  Claim other = by_feed("one");
  other.pap = Pap::green;
  s.tell("192.0.2.7", other);
  auto changed = *s.all->changes(seen, 10);
  REQUIRE(changed.size() == 1);
  CHECK(changed[0].observable.value == "192.0.2.7");
  CHECK(changed[0].claim.pap == Pap::green);
  seen = changed[0].number;
  REQUIRE(s.all->expire(changed[0].indicator, "", "ana").has_value());
  auto ended = *s.all->changes(seen, 10);
  REQUIRE(ended.size() == 1);
  CHECK(ended[0].expired == noon);
  CHECK(ended[0].claim.pap == Pap::green);
  s.now += us_per_hour;
  CHECK(s.tell("192.0.2.7", other).claims == 1);  // told again after the end: it holds again
  CHECK(s.all->changes(ended[0].number, 10)->size() == 1);
  CHECK(s.tell("192.0.2.7", other).same == 1);
}

TEST_CASE("pages walk over all indicators once, by any filter") {
  Store s;
  std::vector<Told> told;
  for (int i = 0; i < 100; ++i) {
    Claim claim = by_feed(i % 2 == 0 ? "even" : "odd");
    claim.type = i % 5 == 0 ? Type::phishing : Type::blacklist;
    told.push_back({*guess_observable(fmt::format("192.0.2.{}", i)), *checked(claim)});
  }
  told.push_back({*guess_observable("a.example.org"), *checked(by_feed("even"))});
  REQUIRE(s.all->add(told).has_value());
  auto walk = [&](IndicatorsAsk ask) {
    std::set<std::string> values;
    std::size_t count = 0;
    ask.limit = 7;
    do {
      auto page = *s.all->list(ask);
      for (const auto& one : page.items) values.insert(one.observable.value);
      count += page.items.size();
      ask.cursor = page.next;
    } while (!ask.cursor.empty());
    CHECK(values.size() == count);
    return count;
  };
  CHECK(walk({}) == 101);
  CHECK(walk({.kind = Kind::domain}) == 1);
  CHECK(walk({.source = Source{SourceKind::feed, "even"}}) == 51);
  CHECK(walk({.source = Source{SourceKind::feed, "none"}}) == 0);
  CHECK(walk({.type = Type::phishing}) == 20);
  CHECK(walk({.q = "192.0.2."}) == 100);
  CHECK(walk({.q = "192.0.2.1"}) == 11);
  CHECK(walk({.q = "A.Example.ORG"}) == 1);
  CHECK(walk({.q = "192.0.2.1", .exact = true}) == 1);
  CHECK(walk({.q = "192.0.2.", .exact = true}) == 0);
  CHECK(walk({.q = "192.0.2.", .source = Source{SourceKind::feed, "odd"}}) == 50);
  CHECK(s.all->list({.cursor = "x"}).error().fault == Fault::invalid);
}

TEST_CASE("what is known as good is marked, and who was erased is not heard of") {
  Store s;
  CHECK(s.tell("192.0.2.53", by_feed("one")).known_good == 1);
  CHECK(s.find("192.0.2.53").known_good == "Public resolvers");
  CHECK(s.tell("gone.example.org", by_feed("one")).erased == 1);
  CHECK(!*s.all->find(*guess_observable("gone.example.org")));
  Claim claim = by_feed("one");
  claim.text = "gone";
  s.tell("192.0.2.53", claim);
  CHECK(s.find("192.0.2.53").claims[0].text == "(erased)");

  s.tell("http://jane.example.org/a", by_feed("one"));
  s.tell("http://jane.example.org/b", by_feed("one"));
  CHECK(*s.all->forget([](std::string_view text) { return text.contains("jane"); }) == 2);
  CHECK(s.listed({}) == std::vector<std::string>{"192.0.2.53"});
  CHECK(s.all->changes(0, 10)->size() == 1);
}

TEST_CASE("sightings and false positives are counted by who says them") {
  Store s;
  s.tell("192.0.2.7", by_feed("one"));
  std::uint64_t id = s.find("192.0.2.7").id;
  Sighting seen{.source = {SourceKind::person, "ana"}, .first = noon - 5, .last = noon, .count = 3};
  CHECK(s.all->sight(id, seen)->sightings == 3);
  seen.false_positive = true;
  seen.text = "our own scanner";
  CHECK(s.all->sight(id, seen)->false_positives == 1);
  auto all = *s.all->sightings(id);
  REQUIRE(all.size() == 2);
  CHECK(all[0].false_positive);
  CHECK(all[0].text == "our own scanner");
  CHECK(all[1].count == 3);
  CHECK(s.all->sightings_after(all[1].id, 10)->size() == 1);
  seen.last = noon - 10;
  CHECK(!s.all->sight(id, seen));
  CHECK(s.all->sight(99, {.source = {SourceKind::person, "ana"}}).error().fault == Fault::missing);
}

TEST_CASE("what stored events show is added up, and how far was looked is kept with it") {
  Store s;
  s.tell("192.0.2.7", by_feed("one"));
  s.tell("192.0.2.8", by_feed("one"));
  CHECK(*s.all->due() == 2);
  std::uint64_t id = s.find("192.0.2.7").id;
  Seen seen{.indicator = id, .count = 2, .first = 10, .last = 20, .types = 1 << 4};
  REQUIRE(s.all->keep_looked_up({.done = 0, .up_to = 2, .seq = 5, .last_seq = 9}, {&seen, 1}));
  seen = {.indicator = id, .count = 1, .first = 5, .last = 15, .types = 1 << 4};
  REQUIRE(s.all->keep_looked_up({.done = 2, .up_to = 2, .seq = 9, .last_seq = 9}, {&seen, 1}));
  auto all = *s.all->sightings(id);
  REQUIRE(all.size() == 1);
  CHECK(all[0].count == 3);
  CHECK(all[0].first == 5);
  CHECK(all[0].last == 20);
  CHECK(all[0].source.kind == SourceKind::node);
  CHECK(all[0].types == std::vector<Type>{Type::infected_system});
  CHECK(s.find("192.0.2.7").sightings == 3);
  CHECK(s.find("192.0.2.7").looked_up);
  CHECK(*s.all->due() == 0);
  CHECK(s.all->looked_up()->seq == 9);
  Seen gone{.indicator = 77, .count = 1};
  REQUIRE(s.all->keep_looked_up({.done = 2}, {&gone, 1}));
  CHECK(s.all->sightings(77)->empty());
}

TEST_CASE("claims are refused that no source can mean") {
  auto refused = [](auto change) {
    Claim claim = by_feed("one");
    change(claim);
    return !checked(claim);
  };
  CHECK(refused([](Claim& c) { c.confidence = 101; }));
  CHECK(refused([](Claim& c) { c.techniques = {"T12"}; }));
  CHECK(refused([](Claim& c) { c.techniques = {"T1566.01"}; }));
  CHECK(refused([](Claim& c) { c.from = c.until = 5; }));
  CHECK(refused([](Claim& c) { c.source.name = " "; }));
  CHECK(refused([](Claim& c) { c.object = "a\x01"; }));
  CHECK(refused([](Claim& c) { c.text = std::string(text_bytes_max + 1, 'x'); }));
  CHECK(!refused([](Claim& c) { c.text = "two\nlines"; }));
}

TEST_CASE("an observable has one spelling, and its kind is found by it") {
  auto is = [](std::string_view text, Kind kind, std::string_view value) {
    auto found = guess_observable(text);
    CHECK_MESSAGE(found, text);
    if (found) CHECK_MESSAGE((found->kind == kind && found->value == value), found->value);
  };
  is("192.0.2.7", Kind::ip, "192.0.2.7");
  is("192.0.2.7/32", Kind::ip, "192.0.2.7");
  is("2001:0DB8::1", Kind::ip, "2001:db8::1");
  is("192.0.2.9/24", Kind::network, "192.0.2.0/24");
  is("hxxp://Evil[.]example.org/A", Kind::url, "http://evil.example.org/A");
  is("Evil(.)Example.org.", Kind::domain, "evil.example.org");
  is("D41D8CD98F00B204E9800998ECF8427E", Kind::md5, "d41d8cd98f00b204e9800998ecf8427e");
  is("jane@Example.ORG", Kind::mail, "jane@example.org");
  is("AS64496", Kind::asn, "64496");
  is("00-1B-44-11-3A-B7", Kind::mac, "00:1b:44:11:3a:b7");
  is("[ipv4-addr:value = '192.0.2.7']", Kind::ip, "192.0.2.7");
  is("[process:name = 'a' AND file:size = 3]", Kind::pattern,
     "[process:name = 'a' AND file:size = 3]");
  for (auto text : {"", "word", "[ipv4-addr:value = ]", "192.0.2.300", "a b"})
    CHECK_MESSAGE(!guess_observable(text), text);
  CHECK(observables_of_pattern("[ipv4-addr:value IN ('192.0.2.7', '192.0.2.8')]")->size() == 2);
  CHECK(observable_of(Kind::mutex, "Global\\x")->value == "Global\\x");
  CHECK(!observable_of(Kind::md5, "d41d"));
  for (Kind kind : {Kind::ip, Kind::domain, Kind::sha256}) CHECK(kind_named(name(kind)) == kind);
  CHECK(stix_pattern({Kind::network, "192.0.2.0/24"}) == "[ipv4-addr:value = '192.0.2.0/24']");
}

}  // namespace tocsin::hunt
