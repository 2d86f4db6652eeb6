#include "policy/clearance.h"

#include <type_traits>

#include "model/dictionary.h"
#include "test.h"

namespace tocsin::policy {
namespace {

Finding finding(Tlp tlp) {
  Finding f;
  f.type = Type::infected_system;
  f.subject_kind = SubjectKind::address;
  f.ip = *ip::parse("192.0.2.7");
  f.subject = "192.0.2.7";
  f.family = "avalanche-andromeda";
  f.identifier = "andromeda";
  f.port = 8080;
  f.transport = Transport::tcp;
  f.asn = 64496;
  f.country = *Country::parse("BR");
  f.severity = Severity::high;
  f.controller = "198.51.100.9";
  f.controller_reason = ControllerReason::feed;
  f.first = f.last = 1'000'000;
  f.times = 3;
  f.feeds = {"one"};
  f.sector = "energy";
  f.tlp = tlp;
  return f;
}

Rules rules(Consent consent) {
  return {.consent = [consent](std::string_view) { return consent; }, .sensors = {}, .epoch = 7};
}

}  // namespace

// Written apart from permit(): rows clear, green, amber, amber+strict, red, unmarked; columns what
// the feed says (nothing, no, yes); the letters who may be told: A affected, P provider, T team.
TEST_CASE("who may be told is exactly this table") {
  constexpr std::string_view table[6][3] = {{"APT", "T", "APT"}, {"APT", "T", "APT"},
                                            {"T", "T", "APT"},   {"T", "T", "AT"},
                                            {"", "", ""},        {"", "", ""}};
  const std::optional<bool> says[3] = {std::nullopt, false, true};
  for (std::size_t tlp = 0; tlp < 6; ++tlp) {
    for (std::size_t told = 0; told < 3; ++told) {
      for (auto [letter, relation] :
           {std::pair{'A', Relation::affected}, {'P', Relation::provider}, {'T', Relation::team}}) {
        CAPTURE(tlp);
        CAPTURE(told);
        CAPTURE(letter);
        Marking marking{static_cast<Tlp>(tlp), {.tell_affected = says[told]}};
        CHECK(permit(marking, relation).has_value() == table[tlp][told].contains(letter));
      }
    }
  }
}

TEST_CASE("no feed's consent is widened by another's") {
  Rules two{.consent = [](std::string_view feed) -> Consent {
    if (feed == "yes") return {.tell_affected = true, .facts = {Fact::seen, Fact::family}};
    if (feed == "no") return {.tell_affected = false};
    return {.facts = {Fact::seen, Fact::feeds}};
  }};
  auto of = [&](std::vector<std::string> feeds) { return consent_of(feeds, two); };
  CHECK(of({"yes"}).tell_affected == true);
  CHECK(of({"yes", "yes"}).tell_affected == true);
  CHECK(!of({"yes", "silent"}).tell_affected.has_value());
  CHECK(!of({"silent", "yes"}).tell_affected.has_value());
  CHECK(of({"silent", "no"}).tell_affected == false);
  CHECK(of({"no", "yes"}).tell_affected == false);
  CHECK(of({"yes", "silent"}).facts == Facts{Fact::seen});
  CHECK(!of({}).tell_affected.has_value());
}

TEST_CASE("a cleared finding holds only what may be told") {
  Recipient to{"c_1", Relation::affected, "soc@example.org"};
  auto usual = clear(finding(Tlp::green), to, rules({}));
  REQUIRE(usual);
  CHECK(usual->recipient().address == "soc@example.org");
  CHECK(usual->epoch() == 7);
  CHECK(usual->item().feeds.empty());
  CHECK(usual->item().controller == "198.51.100.9");
  CHECK(usual->item().family == "avalanche-andromeda");

  auto least = clear(finding(Tlp::green), to, rules({.facts = {}}));
  REQUIRE(least);
  const Finding& f = least->item();
  CHECK(f.subject == "192.0.2.7");
  CHECK(f.type == Type::infected_system);
  CHECK((f.family + f.identifier + f.controller + f.sector).empty());
  CHECK((f.port == 0 && f.asn == 0 && f.times == 0 && f.first == 0 && f.last == 0));
  CHECK(f.severity == Severity::none);
  CHECK(f.country.empty());
  CHECK(f.transport == Transport::none);

  CHECK(!clear(finding(Tlp::red), to, rules({.tell_affected = true})));
  CHECK(!clear(finding(Tlp::unmarked), to, rules({.tell_affected = true})));
}

TEST_CASE("a controller that a join found, and every sensor of ours, stays here") {
  Recipient to{"c_1", Relation::affected, "soc@example.org"};
  Finding joined = finding(Tlp::green);
  joined.controller_reason = ControllerReason::join;
  auto cleared = clear(joined, to, rules({}));
  REQUIRE(cleared);
  CHECK(cleared->item().controller.empty());

  Rules watched = rules({});
  watched.sensors = {*ip::parse_network("198.51.100.0/24")};
  cleared = clear(finding(Tlp::green), to, watched);
  REQUIRE(cleared);
  CHECK(cleared->item().controller.empty());
  Finding ours = finding(Tlp::clear);
  ours.ip = *ip::parse("198.51.100.4");
  CHECK(!clear(ours, to, watched));
  Finding page = finding(Tlp::clear);
  page.ip = {};
  page.subject_kind = SubjectKind::url;
  page.subject = "http://198.51.100.4:8080/x";
  CHECK(!clear(page, to, watched));
}

TEST_CASE("no text of a finding tells of a sensor of ours, or a secret") {
  Recipient to{"c_1", Relation::affected, "soc@example.org"};
  Rules watched = rules(
      {.facts = {Fact::identifier, Fact::family, Fact::controller, Fact::feeds, Fact::sector}});
  watched.sensors = {*ip::parse_network("198.51.100.0/24"), *ip::parse_network("2001:db8:7::/48")};
  std::string Finding::* fields[] = {&Finding::identifier, &Finding::family, &Finding::sector,
                                     &Finding::controller};
  for (const char* canary :
       {"198.51.100.4", "seen at 198.51.100.4.", "http://a.example.org/198.51.100.4:80/x",
        "http://a.example.org/?from=198%2E51%2e100.4&x", "ip-198-51-100-4.example.org",
        "[2001:db8:7::9]:443", "at 2001:DB8:7::9: x", "http://a.example.org/?x=2001%3Adb8%3a7::9",
        "ec2-198-51-100-4.compute-1.example.org", "host1-198-51-100-4.example.org",
        "198-51-100-4.3.example.org", "ip-198-051-100-004", "ip:2001:db8:7::9", "src:2001:db8:7::9",
        "a.2001:db8:7::9", "2001:db8:7::9.example.org", "2001-db8-7--9.example.org"}) {
    CAPTURE(canary);
    for (auto field : fields) {
      Finding f = finding(Tlp::green);
      f.controller = "192.0.2.99";
      f.*field = canary;
      f.feeds = {"one", canary};
      auto cleared = clear(f, to, watched);
      REQUIRE(cleared);
      CHECK((cleared->item().*field).empty());
      CHECK(cleared->item().feeds == std::vector<std::string>{"one"});
      CHECK((cleared->item().controller.empty() == (field == &Finding::controller)));
    }
    Finding f = finding(Tlp::green);
    f.subject = canary;
    CHECK(!clear(f, to, watched));
  }
  Finding other = finding(Tlp::green);
  for (const char* text : {"198.51.10.4", "98.51.100.4.198", "1198.51.100.4", "198..51.100.4",
                           "198.51.100", "2001:db8:70::9", "12001:db8:7::9"}) {
    other.subject = text;
    CHECK_MESSAGE(clear(other, to, watched), text);
  }
  Finding f = finding(Tlp::green);
  f.controller = "a.example.org";
  for (auto field : fields) f.*field += "/?pw=hunter2&x=1";
  f.subject = "http://a.example.org/?%70w=hunter2";
  auto cleared = clear(f, to, watched);
  REQUIRE(cleared);
  for (auto field : fields) CHECK((cleared->item().*field).ends_with("/?pw=***&x=1"));
  CHECK(cleared->item().subject == "http://a.example.org/?%70w=***");
}

TEST_CASE("of an event exactly the consented facts stay") {
  Dictionary words;
  auto event = [&](Tlp tlp) {
    EventBatch b;
    b.add_row();
    b.type[0] = Type::infected_system;
    b.tlp[0] = tlp;
    b.severity[0] = Severity::high;
    b.source.ip[0] = *ip::parse("192.0.2.7");
    b.destination.ip[0] = *ip::parse("203.0.113.9");
    b.roles[0] = {.source = Role::affected, .destination = Role::controller};
    for (EndColumns* end : {&b.source, &b.destination}) {
      end->asn[0] = 64496;
      end->country[0] = *Country::parse("BR");
    }
    b.controller_reason[0] = ControllerReason::feed;
    b.identifier[0] = words.id("andromeda");
    b.family[0] = words.id("avalanche");
    b.sector[0] = words.id("energy");
    return b;
  };
  const Facts all = {Fact::identifier, Fact::family,     Fact::sector,
                     Fact::network,    Fact::controller, Fact::severity};
  auto cleared = [&](EventBatch b, Facts facts, std::vector<Network> sensors = {}) {
    Rules how = rules({});
    how.sensors = std::move(sensors);
    CHECK(clear_row(b, 0, {.facts = facts}, Relation::affected, words, how).has_value());
    return b;
  };
  for (bool network : {true, false})
    for (bool controller : {true, false})
      for (bool severity : {true, false})
        for (Fact word : {Fact::identifier, Fact::family, Fact::sector}) {
          Facts facts = {word};
          if (network) facts.add(Fact::network);
          if (controller) facts.add(Fact::controller);
          if (severity) facts.add(Fact::severity);
          EventBatch b = cleared(event(Tlp::green), facts);
          for (const EndColumns* end : {&b.source, &b.destination}) {
            CHECK(end->asn[0] == (network ? 64496U : 0U));
            CHECK(end->country[0].empty() == !network);
          }
          CHECK((b.controller_reason[0] == ControllerReason::feed) == controller);
          CHECK((b.severity[0] == Severity::high) == severity);
          CHECK((b.identifier[0] != 0) == (word == Fact::identifier));
          CHECK((b.family[0] != 0) == (word == Fact::family));
          CHECK((b.sector[0] != 0) == (word == Fact::sector));
        }
  // A controller that is a sensor of ours, or that only a join found, is none.
  CHECK(cleared(event(Tlp::green), all, {*ip::parse_network("203.0.113.0/24")})
            .controller_reason[0] == ControllerReason::unknown);
  EventBatch joined = event(Tlp::green);
  joined.controller_reason[0] = ControllerReason::join;
  joined.joined[0] = 1;
  joined.joined_country[0] = *Country::parse("DE");
  joined = cleared(std::move(joined), all);
  CHECK(joined.controller_reason[0] == ControllerReason::unknown);
  CHECK(joined.joined[0] == 0);
  CHECK(joined.joined_country[0].empty());
  // One whose subject is a sensor, or that is red, does not go.
  Rules watched = rules({});
  watched.sensors = {*ip::parse_network("192.0.2.0/24")};
  EventBatch ours = event(Tlp::green), red = event(Tlp::red);
  CHECK(!clear_row(ours, 0, {.facts = all}, Relation::affected, words, watched));
  CHECK(!clear_row(red, 0, {.facts = all}, Relation::affected, words, rules({})));
}

TEST_CASE("secrets in a URL are blotted out") {
  CHECK(without_secrets("https://www.example.org/a?page=1&x=2") ==
        "https://www.example.org/a?page=1&x=2");
  CHECK(without_secrets("https://me:hunter2@www.example.org/a") == "https://***@www.example.org/a");
  CHECK(without_secrets("https://example.org/?user=a&Password=hunter2#token=abc") ==
        "https://example.org/?user=a&Password=***#token=***");
  CHECK(without_secrets("https://example.org?key=1;b=2") == "https://example.org?key=***;b=2");
  CHECK(without_secrets("not a url") == "not a url");
}

TEST_CASE("figures go to the team alone, and not if they are red") {
  Recipient team{"team", Relation::team, "team@example.org"};
  CHECK(clear(Figures{.title = "morning"}, team, rules({})));
  CHECK(!clear(Figures{.title = "morning", .tlp = Tlp::red}, team, rules({})));
  CHECK(!clear(Figures{.title = "morning", .tlp = Tlp::clear},
               {"c_1", Relation::affected, "soc@example.org"}, rules({})));
}

// What is not cleared cannot be packed, and nobody but clear() makes what is.
static_assert(!std::is_constructible_v<Cleared<Finding>, Finding, Recipient, Tlp, std::uint64_t>);
static_assert(!std::is_default_constructible_v<Cleared<Finding>>);
static_assert(!std::is_default_constructible_v<Outgoing>);

}  // namespace tocsin::policy
