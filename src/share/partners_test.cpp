#include "share/partners.h"

#include <filesystem>

#include "share_member.h"

namespace tocsin::share {
namespace {

template <class T>
Fault fault_of(const Result<T>& result) {
  REQUIRE(!result.has_value());
  return result.error().fault;
}

constexpr std::string_view wrong_fingerprint = "00000 00000 00000 00000 00000";

}  // namespace

TEST_CASE("two members invite, join and compare; until then neither is anybody") {
  TestNet net;
  TestMember a("a.example.org", net), b("b.example.org", net);
  std::string code = invite(a);
  auto joined = b.partners->join(code, "bo");
  REQUIRE(joined.has_value());
  CHECK(joined->state == PartnerState::to_compare);
  CHECK(a.partner(b).fingerprint == joined->fingerprint);
  CHECK(a.partner(b).keys.head()->key == b.self().key);
  CHECK(b.partner(a).pins == a.self().pins);
  std::string token = b.partners->token_for(a.member).value();
  CHECK(a.partners->book()->by_token(token) == nullptr);
  CHECK(a.partners->book()->by_pin(b.self().pins[0]) == nullptr);

  CHECK(fault_of(a.partners->compare(b.member, wrong_fingerprint, "ana")) == Fault::denied);
  CHECK(fault_of(a.partners->compare(b.member, "", "ana")) == Fault::denied);
  CHECK(a.partner(b).state == PartnerState::to_compare);
  REQUIRE(a.partners->compare(b.member, joined->fingerprint, "ana").has_value());
  auto book = a.partners->book();
  REQUIRE(book->by_token(token) != nullptr);
  CHECK(book->by_token(token)->profile.member == b.member);
  CHECK(book->by_pin(b.self().pins[0]) == book->find(b.member));
  CHECK(b.partners->book()->speaking(a.member) == nullptr);  // its own person has not compared

  for (const std::string& said : net.seen) CHECK(!said.contains(token));
  auto acts = a.partners->acts(b.member).value();
  REQUIRE(acts.size() == 2);
  CHECK(acts[0].act == "compared");
  CHECK(acts[0].by == "ana");
}

TEST_CASE("what was agreed is there after a restart, without secrets in the file") {
  TestNet net;
  TestMember a("a.example.org", net), b("b.example.org", net);
  befriend(a, b);
  Partner before = a.partner(b);
  std::string token = b.partners->token_for(a.member).value();
  a.open();
  CHECK(a.partner(b).keys == before.keys);
  CHECK(a.partner(b).profile == before.profile);
  CHECK(a.partner(b).fingerprint == before.fingerprint);
  CHECK(a.partner(b).state == PartnerState::compared);
  CHECK(a.partners->book()->by_token(token) != nullptr);
  auto tables = store::Tables::open(*a.journal, "test", {}).value();
  auto look = [&](store::Sqlite& db) -> Result<void> {
    auto select = TRY(db.prepare("SELECT count(*) FROM partner_tokens WHERE hash = ?"));
    select.bind(1, token);
    TRY(select.step());
    CHECK(select.number(0) == 0);
    return {};
  };
  REQUIRE(tables.read(look).has_value());
}

TEST_CASE("an invitation serves once; the same request gets the same answer") {
  TestNet net;
  TestMember a("a.example.org", net), b("b.example.org", net), c("c.example.org", net);
  std::string code = invite(a);
  net.answers_lost = 1;
  CHECK(fault_of(b.partners->join(code, "bo")) == Fault::unavailable);
  net.now += us_per_hour;  // also long after
  REQUIRE(b.partners->join(code, "bo").has_value());
  REQUIRE(net.seen.size() == 4);
  CHECK(net.seen[0] == net.seen[2]);
  CHECK(net.seen[1] == net.seen[3]);
  CHECK(a.partner(b).fingerprint == b.partner(a).fingerprint);

  CHECK(fault_of(c.partners->join(code, "cy")) == Fault::denied);
  CHECK(a.partners->book()->find(c.member) == nullptr);
  CHECK(a.partners->hear(net.seen[0]).value() == net.seen[1]);
  REQUIRE(a.partners->stop(b.member, "ana", "").has_value());
  CHECK(fault_of(a.partners->hear(net.seen[0])) == Fault::denied);
}

TEST_CASE("a request that never arrived is asked anew when it has become old") {
  TestNet net;
  TestMember a("a.example.org", net), b("b.example.org", net);
  std::string code = invite(a);
  net.is_down = true;
  CHECK(fault_of(b.partners->join(code, "bo")) == Fault::unavailable);
  net.is_down = false;
  net.now += us_per_day;
  REQUIRE(b.partners->join(code, "bo").has_value());
  CHECK(a.partner(b).fingerprint == b.partner(a).fingerprint);
}

TEST_CASE("an invitation that was withdrawn, ended or is of an old key is none") {
  TestNet net;
  TestMember a("a.example.org", net), b("b.example.org", net);
  auto invited = a.partners->invite("CERT B", net.now + us_per_day, "ana").value();
  REQUIRE(a.partners->withdraw(invited.id, "ana").has_value());
  CHECK(fault_of(b.partners->join(invited.code, "bo")) == Fault::denied);
  CHECK(fault_of(a.partners->withdraw("0123456789abcdef", "ana")) == Fault::missing);
  std::string code = invite(a);
  REQUIRE(a.partners->change_key(net.now + us_per_day, "ana").has_value());
  CHECK(fault_of(b.partners->join(code, "bo")) == Fault::denied);
  std::string ended = invite(a);
  net.now += 8 * us_per_day;
  CHECK(fault_of(b.partners->join(ended, "bo")) == Fault::invalid);
  CHECK(a.partners->book()->all().empty());
  CHECK(fault_of(a.partners->invite("x\ny", net.now + us_per_day, "ana")) == Fault::invalid);
  auto given = a.partners->invitations().value();
  CHECK(given.size() == 3);
}

TEST_CASE("no partner takes another's id, key or certificate") {
  TestNet net;
  TestMember a("a.example.org", net), b("b.example.org", net);
  befriend(a, b);
  // Another node that calls itself b.
  TestNet other_net;
  TestMember twin("b.example.org", other_net);
  other_net.by_url["https://a.example.org"] = &a;
  CHECK(fault_of(twin.partners->join(invite(a), "eve")) == Fault::denied);
  CHECK(a.partner(b).state == PartnerState::compared);
  // A member of its own that shows b's certificate.
  TestMember thief("t.example.org", net);
  REQUIRE(thief.partners
              ->introduce({.member = thief.member,
                           .name = "T",
                           .country = *Country::parse("BR"),
                           .url = "https://t.example.org"},
                          b.self().pins)
              .has_value());
  CHECK(fault_of(thief.partners->join(invite(a), "eve")) == Fault::denied);
  CHECK(a.partners->book()->all().size() == 1);
}

TEST_CASE("two partners never mix: tokens, keys and statements are one member's") {
  TestNet net;
  TestMember a("a.example.org", net), b("b.example.org", net), c("c.example.org", net);
  befriend(a, b);
  befriend(a, c);
  befriend(b, c);
  auto book = a.partners->book();
  std::string of_b = b.partners->token_for(a.member).value();
  std::string of_c = c.partners->token_for(a.member).value();
  CHECK(book->by_token(of_b)->profile.member == b.member);
  CHECK(book->by_token(of_c)->profile.member == c.member);
  CHECK(book->by_token(c.partners->token_for(b.member).value()) == nullptr);  // for b, not for a

  std::vector<std::string> from;
  auto hear = [&](const Partner& partner, const Statement& s) -> Result<void> {
    from.push_back(partner.profile.member);
    CHECK(s.member == partner.profile.member);
    return {};
  };
  a.partners->hears("note", hear);
  REQUIRE(b.partners->say({a.member}, "note", {{"words", "hello"}}, {}).has_value());
  CHECK(b.partners->deliver() == 0);
  CHECK(from == std::vector<std::string>{b.member});
  Statement said = read_statement(net.seen[net.seen.size() - 2]).value();
  auto answer_to = [&](std::string_view member, std::string_view to, TimeUs at,
                       const TestMember& by) {
    Said words = said.said;
    words["to"] = to;
    std::string json;
    auto work = [&](const SigningKey& key) -> Result<void> {
      json = statement_json(signed_statement("note", member, at, words, key));
      return {};
    };
    REQUIRE(by.partners->with_key(work).has_value());
    return fault_of(a.partners->hear(json));
  };
  TestMember stranger("s.example.org", net);
  CHECK(answer_to(b.member, a.member, net.now, c) == Fault::denied);  // under c's key in b's name
  CHECK(answer_to(b.member, c.member, net.now, b) == Fault::denied);  // to another
  CHECK(answer_to(stranger.member, a.member, net.now, stranger) == Fault::denied);
  CHECK(answer_to(b.member, a.member, net.now + 3650 * us_per_day, b) == Fault::invalid);
  CHECK(from.size() == 1);
}

TEST_CASE("a stopped partner is nobody at once, and after a restart, until it is invited anew") {
  TestNet net;
  TestMember a("a.example.org", net), b("b.example.org", net);
  befriend(a, b);
  std::string token = b.partners->token_for(a.member).value();
  auto before = a.partners->book();
  net.is_down = true;
  REQUIRE(a.partners->say({b.member}, "note", {{"words", "x"}}, {}).has_value());
  REQUIRE(a.partners->stop(b.member, "ana", "it leaked").has_value());
  net.is_down = false;
  CHECK(a.partners->book()->epoch() > before->epoch());
  for (int restart = 0; restart < 2; ++restart) {
    CHECK(a.partners->book()->by_token(token) == nullptr);
    CHECK(a.partners->book()->speaking(b.member) == nullptr);
    CHECK(a.partner(b).why == "it leaked");
    CHECK(a.partner(b).tokens == 0);
    REQUIRE(a.partners->say({b.member}, "note", {}, {}).has_value());  // to nobody
    auto sent = net.seen.size();
    CHECK(a.partners->deliver() == 0);
    CHECK(net.seen.size() == sent);
    REQUIRE(b.partners->say({a.member}, "note", {{"words", "x"}}, {}).has_value());
    CHECK(b.partners->deliver(a.member).value() > 0);  // refused
    CHECK(fault_of(a.partners->compare(b.member, a.partner(b).fingerprint, "ana")) ==
          Fault::denied);
    a.open();
  }
  CHECK(fault_of(a.partners->stop("x.example.org", "ana", "")) == Fault::missing);
  befriend(a, b);
  CHECK(a.partners->book()->speaking(b.member) != nullptr);
  CHECK(a.partners->book()->by_token(token) == nullptr);  // the old one
  CHECK(a.partners->book()->by_token(b.partners->token_for(a.member).value()) != nullptr);
}

TEST_CASE("a statement that is refused holds back none of those behind it") {
  TestNet net;
  TestMember a("a.example.org", net), b("b.example.org", net);
  befriend(a, b);
  std::vector<std::string> heard;
  b.partners->hears("note", [&](const Partner&, const Statement& s) -> Result<void> {
    if (s["words"] == "bad") return invalid("not these words");
    heard.emplace_back(s["words"]);
    return {};
  });
  for (const char* words : {"first", "bad", "second"})
    REQUIRE(a.partners->say({b.member}, "note", {{"words", words}}, {}).has_value());
  CHECK(a.partners->deliver(b.member) == 1);
  CHECK(heard == std::vector<std::string>{"first", "second"});
  CHECK(a.partners->unsaid().value().at(b.member).why.contains("not these words"));
  // Also while the refused one waits to be tried again, which is in a while.
  REQUIRE(a.partners->say({b.member}, "note", {{"words", "third"}}, {}).has_value());
  CHECK(a.partners->deliver() == 0);
  CHECK(heard.back() == "third");
  // What does not arrive holds them back: they come in their order.
  net.is_down = true;
  REQUIRE(a.partners->say({b.member}, "note", {{"words", "fourth"}}, {}).has_value());
  CHECK(a.partners->deliver(b.member) == 2);
  net.is_down = false;
  REQUIRE(a.partners->say({b.member}, "note", {{"words", "fifth"}}, {}).has_value());
  CHECK(a.partners->deliver() == 0);
  CHECK(heard.back() == "third");
  net.now += us_per_day;
  CHECK(a.partners->deliver() == 1);
  CHECK(heard == std::vector<std::string>{"first", "second", "third", "fourth", "fifth"});
}

TEST_CASE("a stop holds even where it cannot be written down") {
  TestNet net;
  TestMember a("a.example.org", net), b("b.example.org", net);
  befriend(a, b);
  auto tables = store::Tables::open(*a.journal, "test", {}).value();
  auto spoil = [](store::Sqlite& db) { return db.run("DROP TABLE partner_acts"); };
  REQUIRE(tables.write(spoil).has_value());
  CHECK(fault_of(a.partners->stop(b.member, "ana", "")) == Fault::unavailable);
  CHECK(a.partners->book()->speaking(b.member) == nullptr);
}

TEST_CASE("a changed key speaks at once, the old one until its end, and partners stay compared") {
  TestNet net;
  TestMember a("a.example.org", net), b("b.example.org", net);
  befriend(a, b);
  PublicKey old = b.self().key;
  net.is_down = true;  // a is told later
  PublicKey fresh = b.partners->change_key(net.now + us_per_day, "bo").value();
  CHECK(b.self().key == fresh);
  CHECK(b.partners->deliver(a.member) == 1);
  net.is_down = false;
  b.open();
  CHECK(b.self().key == fresh);
  net.now += us_per_hour;
  CHECK(b.partners->deliver() == 0);
  CHECK(a.partner(b).state == PartnerState::compared);
  CHECK(a.partner(b).keys.head()->key == fresh);
  CHECK(a.partner(b).keys.holds(old, net.now));
  CHECK(!a.partner(b).keys.holds(old, net.now + us_per_day));
  CHECK(a.partner(b).fingerprint == b.partner(a).fingerprint);
  CHECK(a.partners->hear(net.seen[net.seen.size() - 2]).value() == "{}");  // told twice
  CHECK(fault_of(b.partners->change_key(net.now + 91 * us_per_day, "bo")) == Fault::invalid);
}

TEST_CASE("a lost key is revoked, recovered with the paper, and compared again") {
  TestNet net;
  TestMember a("a.example.org", net), b("b.example.org", net);
  befriend(a, b);
  std::string paper = b.partners->recovery_paper().value();
  REQUIRE(b.partners->forget_recovery("bo").has_value());
  CHECK(fault_of(b.partners->recovery_paper()) == Fault::missing);
  std::string token = b.partners->token_for(a.member).value();
  CHECK(fault_of(a.partners->revoke(b.member, "ana", " ")) == Fault::invalid);
  REQUIRE(a.partners->revoke(b.member, "ana", "told by telephone").has_value());
  CHECK(a.partners->book()->by_token(token) == nullptr);
  CHECK(a.partner(b).fingerprint.empty());
  CHECK(fault_of(a.partners->compare(b.member, "", "ana")) == Fault::denied);

  std::filesystem::remove(b.home.file("secrets/identity.key"));  // lost with the machine
  CHECK(fault_of(b.partners->recover_key(std::string(64, '1'), "bo")) == Fault::denied);
  std::string next = b.partners->recover_key(paper, "bo").value();
  CHECK(next != paper);
  CHECK(fault_of(b.partners->recover_key(paper, "bo")) == Fault::denied);  // it served
  CHECK(b.partners->deliver() == 0);
  CHECK(a.partner(b).state == PartnerState::to_compare);
  CHECK(a.partner(b).keys.head()->key == b.self().key);
  CHECK(a.partners->book()->speaking(b.member) == nullptr);
  REQUIRE(a.partners->compare(b.member, b.partner(a).fingerprint, "ana").has_value());
  CHECK(a.partners->book()->speaking(b.member) != nullptr);
  b.open();
  CHECK(b.self().key == a.partner(b).keys.head()->key);
}

TEST_CASE("a node whose key is gone says so, and recovers with the paper alone") {
  TestNet net;
  TestMember a("a.example.org", net), b("b.example.org", net);
  befriend(a, b);
  std::string paper = b.partners->recovery_paper().value();
  std::filesystem::remove(b.home.file("secrets/identity.key"));
  b.partners = Partners::open({.journal = *b.journal,
                               .home = b.home.path(),
                               .now = [&] { return net.now.load(); },
                               .post = [&](const Profile& to, const std::vector<std::string>&,
                                           const std::string& s) { return net.post(to, s); }})
                   .value();
  Profile profile{b.member, "B", *Country::parse("BR"), "https://b.example.org"};
  CHECK(fault_of(b.partners->introduce(profile, {})) == Fault::missing);
  CHECK(fault_of(b.partners->self()) == Fault::missing);
  REQUIRE(b.partners->recover_key(paper, "bo").has_value());
  CHECK(b.partners->deliver() == 0);
  CHECK(a.partner(b).keys.head()->key == b.self().key);
  Profile renamed = profile;
  renamed.member = "other.example.org";
  CHECK(fault_of(b.partners->introduce(renamed, {})) == Fault::invalid);
}

TEST_CASE("what the network may do to a join, changed anywhere, makes nobody a partner") {
  TestNet net;
  TestMember a("a.example.org", net), b("b.example.org", net);
  std::string code = invite(a);
  net.answers_lost = 1;
  TestMember probe("p.example.org", net);
  std::string of_probe = invite(a);
  CHECK(!probe.partners->join(of_probe, "pat").has_value());
  std::string request = net.seen[0];
  REQUIRE(a.partners->stop(probe.member, "ana", "").has_value());
  for (std::size_t at = 0; at < request.size(); ++at) {
    CAPTURE(at);
    std::string other = request;
    other[at] = other[at] == '0' ? '1' : '0';
    CHECK(!a.partners->hear(other).has_value());
  }
  CHECK(a.partners->book()->all().size() == 1);
  REQUIRE(b.partners->join(code, "bo").has_value());
}

}  // namespace tocsin::share
