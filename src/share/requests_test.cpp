#include "share/requests.h"

#include <algorithm>

#include "share_pair.h"

namespace tocsin::share {
namespace {

template <class T>
Fault fault_of(const Result<T>& result) {
  REQUIRE(!result.has_value());
  return result.error().fault;
}

template <class T>
T good(Result<T> result) {
  REQUIRE_MESSAGE(result.has_value(), (result ? "" : result.error().what));
  return *std::move(result);
}

struct Two : TestPair {
  explicit Two(const std::function<void(policy::Agreement&)>& change = {}) : TestPair(change) {
    open();
  }
  void open() {
    of_a = good(Requests::open(parts(a, *agreements_a)));
    of_b = good(Requests::open(parts(b, *agreements_b)));
  }
  Requests::Parts parts(TestMember& member, Agreements& agreements) {
    Requests::Parts parts{.journal = *member.journal,
                          .partners = *member.partners,
                          .agreements = agreements,
                          .now = [this] { return net.now.load(); }};
    parts.sensors = {*ip::parse_network("203.0.113.0/28")};
    parts.refused = [this](std::string_view who, std::string_view what) -> Result<void> {
      refused.push_back(std::string(who) + " " + std::string(what));
      return {};
    };
    parts.about = [this](std::string_view finding) -> Result<Requests::About> {
      if (finding != "f_1") return missing("no such finding");
      return about;
    };
    parts.may_mail = [](const Request&) { return Result<void>(); };
    parts.mail_domain = "example.org";
    return parts;
  }
  static RequestAsk take_down() {
    RequestAsk ask{.sort = "ip", .subject = "192.0.2.7", .type = Type::phishing};
    ask.tlp = Tlp::amber;
    ask.words = "a phishing page of a bank";
    ask.legal_basis = "article 5";
    return ask;
  }
  // As the other side has it after all was delivered.
  Request at_b(const Request& one) {
    deliver();
    return good(of_b->find(one.id));
  }
  Request at_a(const Request& one) {
    deliver();
    return good(of_a->find(one.id));
  }
  std::unique_ptr<Requests> of_a, of_b;
  std::vector<std::string> refused;
  Requests::About about{
      .sort = "ip", .subject = "192.0.2.9", .type = Type::phishing, .tlp = Tlp::amber};
};

Said opening(std::string id) {
  return {{"id", std::move(id)},    {"request", "take-down"}, {"sort", "ip"},
          {"subject", "192.0.2.7"}, {"tlp", "amber"},         {"words", "please"}};
}
const std::string some_id = "00112233445566778899aabbccddeeff";

}  // namespace

TEST_CASE("a request is asked, accepted and done, and both sides measure the same time") {
  Two t;
  auto ask = t.take_down();
  ask.deadline = t.net.now + us_per_day;
  auto asked = good(t.of_a->ask(t.b.member, ask, "ana"));
  CHECK(asked.id.size() == 32);
  auto heard = t.at_b(asked);
  CHECK(!heard.ours);
  CHECK(heard.member == t.a.member);
  CHECK(heard.ask.subject == "192.0.2.7");
  CHECK(heard.ask.words == ask.words);
  CHECK(heard.ask.legal_basis == ask.legal_basis);
  CHECK(heard.ask.deadline == ask.deadline);
  CHECK(heard.ask.type == Type::phishing);
  CHECK(heard.agreement == asked.agreement);
  CHECK(heard.state == RequestState::open);

  t.net.now += 90 * us_per_s + 300'000;
  good(t.of_b->act(asked.id, {.act = "comment", .words = "which bank?"}, "bo"));
  t.net.now += 30 * us_per_s;
  CHECK(good(t.of_b->act(asked.id, {.act = "accept"}, "bo")).state == RequestState::accepted);
  CHECK(t.at_a(asked).state == RequestState::accepted);
  t.net.now += 1000 * us_per_s;
  good(t.of_b->act(asked.id.substr(0, 8), {.act = "done", .words = "it is gone"}, "bea"));
  CHECK(t.at_a(asked).state == RequestState::done);
  auto ours = good(t.of_a->times()), theirs = good(t.of_b->times());
  REQUIRE(ours.size() == 1);
  CHECK(ours[0].ours.answers_s == std::vector<std::uint64_t>{120});
  CHECK(theirs[0].theirs.answers_s == ours[0].ours.answers_s);
  auto acts = good(t.of_a->acts(asked.id));
  REQUIRE(acts.size() == 4);
  CHECK(acts[1].words == "which bank?");
  CHECK(acts[3].by == t.b.member);
  CHECK(acts[3].words == "it is gone");

  t.a.open();  // as after a restart
  t.b.open();
  t.open_agreements();
  t.open();
  CHECK(good(t.of_a->find(asked.id)).state == RequestState::done);
  CHECK(good(t.of_b->find(asked.id)).ask.words == ask.words);
}

TEST_CASE("it is refused with a reason, and one past its deadline is seen and counted") {
  Two t;
  auto ask = t.take_down();
  ask.deadline = t.net.now + 60 * us_per_s;
  auto first = good(t.of_a->ask(t.b.member, ask, "ana"));
  auto second = good(t.of_a->ask(t.b.member, ask, "ana"));
  t.deliver();
  CHECK(fault_of(t.of_b->act(first.id, {.act = "refuse"}, "bo")) == Fault::invalid);
  CHECK(fault_of(t.of_b->act(first.id, {.act = "accept", .refusal = Refusal::other}, "bo")) ==
        Fault::invalid);
  good(t.of_b->act(first.id, {.act = "refuse", .refusal = Refusal::not_illegal_here}, "bo"));
  auto refused = t.at_a(first);
  CHECK(refused.state == RequestState::refused);
  CHECK(refused.refusal == Refusal::not_illegal_here);
  CHECK(good(t.of_a->list({.late = true})).empty());
  t.net.now += 61 * us_per_s;
  for (auto* side : {t.of_a.get(), t.of_b.get()}) {
    auto late = good(side->list({.late = true}));
    REQUIRE(late.size() == 1);
    CHECK(late[0].id == second.id);
    CHECK(late[0].is_late(t.net.now));
  }
  CHECK(good(t.of_a->times())[0].ours.late == 1);
  CHECK(good(t.of_b->times())[0].theirs.late == 1);
  CHECK(good(t.of_a->list({.state = RequestState::refused})).size() == 1);
  CHECK(good(t.of_a->list({.ours = false})).empty());
}

TEST_CASE("only who asked withdraws, only who was asked answers, and only while it is open") {
  Two t;
  auto asked = good(t.of_a->ask(t.b.member, t.take_down(), "ana"));
  t.deliver();
  CHECK(fault_of(t.of_a->act(asked.id, {.act = "accept"}, "ana")) == Fault::denied);
  CHECK(fault_of(t.of_b->act(asked.id, {.act = "withdraw"}, "bo")) == Fault::denied);
  CHECK(fault_of(t.of_b->act("ffff", {.act = "accept"}, "bo")) == Fault::missing);
  good(t.of_a->act(asked.id, {.act = "withdraw", .words = "it is gone"}, "ana"));
  CHECK(t.at_b(asked).state == RequestState::withdrawn);
  CHECK(fault_of(t.of_b->act(asked.id, {.act = "accept"}, "bo")) == Fault::denied);
  // Said all the same, by whoever has the key.
  auto in_turn = [&](TestMember& by, TestMember& to, Said said) {
    said["id"] = asked.id;
    return t.say(by, to, "request-act", std::move(said));
  };
  CHECK(fault_of(in_turn(t.a, t.b, {{"number", "9"}, {"act", "accept"}})) == Fault::denied);
  CHECK(fault_of(in_turn(t.b, t.a, {{"number", "9"}, {"act", "withdraw"}})) == Fault::denied);
  CHECK(fault_of(in_turn(t.b, t.a, {{"number", "9"}, {"act", "paint"}})) == Fault::denied);
  CHECK(fault_of(in_turn(t.b, t.a, {{"act", "comment"}, {"words", "x"}})) == Fault::invalid);
  CHECK(fault_of(in_turn(t.b, t.a, {{"number", "9"}, {"act", "refuse"}, {"refusal", "rain"}})) ==
        Fault::invalid);
  CHECK(fault_of(in_turn(
            t.b, t.a, {{"number", "9"}, {"act", "comment"}, {"words", std::string(3000, 'x')}})) ==
        Fault::invalid);
  CHECK(t.say(t.b, t.a, "request-act", {{"id", some_id}, {"number", "1"}, {"act", "accept"}})
            .has_value());
  CHECK(t.refused.size() == 1);
  CHECK(fault_of(t.say(t.b, t.a, "request-paint", {{"id", asked.id}})) == Fault::invalid);
  CHECK(good(t.of_a->find(asked.id)).state == RequestState::withdrawn);
}

TEST_CASE("where a withdrawal and an answer cross, both sides end in the same state") {
  Two t;
  auto done = good(t.of_a->ask(t.b.member, t.take_down(), "ana"));
  auto accepted = good(t.of_a->ask(t.b.member, t.take_down(), "ana"));
  t.deliver();
  t.net.now += 5 * us_per_s;
  for (const auto& one : {done, accepted}) good(t.of_a->act(one.id, {.act = "withdraw"}, "ana"));
  good(t.of_b->act(done.id, {.act = "done"}, "bo"));
  good(t.of_b->act(accepted.id, {.act = "accept"}, "bo"));
  t.deliver();
  CHECK(good(t.of_a->find(done.id)).state == RequestState::done);
  CHECK(good(t.of_b->find(done.id)).state == RequestState::done);
  CHECK(good(t.of_a->find(accepted.id)).state == RequestState::withdrawn);
  CHECK(good(t.of_b->find(accepted.id)).state == RequestState::withdrawn);
  CHECK(good(t.of_a->times())[0].ours.answers_s == std::vector<std::uint64_t>{5, 5});
  CHECK(good(t.of_b->times())[0].theirs.answers_s == std::vector<std::uint64_t>{5, 5});
}

TEST_CASE("what is replayed, out of order, changed, or of others is not heard") {
  Two t;
  auto asked = good(t.of_a->ask(t.b.member, t.take_down(), "ana"));
  t.deliver();
  std::string first = t.net.seen[t.net.seen.size() - 2];
  good(t.of_b->act(asked.id, {.act = "accept"}, "bo"));
  good(t.of_b->act(asked.id, {.act = "refuse", .refusal = Refusal::no_mandate}, "bo"));
  t.deliver();
  std::size_t refuse = t.net.seen.size() - 2, accept = t.net.seen.size() - 4;
  REQUIRE(t.net.seen[accept].contains("accept"));
  REQUIRE(t.net.seen[refuse].contains("no-mandate"));
  for (std::size_t at : {accept, refuse}) CHECK(t.a.partners->hear(t.net.seen[at]).has_value());
  CHECK(t.b.partners->hear(first).has_value());
  CHECK(good(t.of_a->find(asked.id)).state == RequestState::refused);
  CHECK(good(t.of_b->find(asked.id)).state == RequestState::refused);
  CHECK(good(t.of_a->acts(asked.id)).size() == 3);
  CHECK(good(t.of_b->list({})).size() == 1);
  std::string changed = t.net.seen[accept];
  changed.replace(changed.find("accept"), 6, "comment");
  CHECK(fault_of(t.a.partners->hear(changed)) == Fault::denied);

  TestMember c("c.example.org", t.net);
  befriend(t.b, c);
  CHECK(fault_of(t.say(c, t.b, "request", opening(asked.id))) == Fault::denied);
  t.say(c, t.b, "request-act", {{"id", asked.id}, {"number", "7"}, {"act", "withdraw"}});
  CHECK(t.refused.size() == 1);
  CHECK(fault_of(t.say(t.a, t.b, "request", opening("ABC"))) == Fault::invalid);
  auto wrong = [&](const char* name, std::string value) {
    Said said = opening(some_id);
    said[name] = std::move(value);
    return fault_of(t.say(t.a, t.b, "request", said));
  };
  CHECK(wrong("request", "arrest") == Fault::invalid);
  CHECK(wrong("subject", "300.1.1.1") == Fault::invalid);
  CHECK(wrong("sort", "person") == Fault::invalid);
  CHECK(wrong("item", "no id") == Fault::invalid);
  CHECK(wrong("type", "rain") == Fault::invalid);
  CHECK(wrong("deadline", "soon") == Fault::invalid);
  CHECK(wrong("words", std::string(2001, 'x')) == Fault::invalid);
  CHECK(good(t.of_b->list({})).size() == 1);
}

TEST_CASE("without an agreement that lets it go nothing is asked, and RED never goes") {
  Two t;
  auto red = t.take_down();
  red.tlp = Tlp::red;
  auto refused = t.of_a->ask(t.b.member, red, "ana");
  CHECK(fault_of(refused) == Fault::denied);
  CHECK(refused.error().what.contains("RED"));
  red.tlp = Tlp::unmarked;
  CHECK(fault_of(t.of_a->ask(t.b.member, red, "ana")) == Fault::denied);
  auto sensor = t.take_down();
  sensor.subject = "203.0.113.3";
  CHECK(fault_of(t.of_a->ask(t.b.member, sensor, "ana")) == Fault::denied);
  sensor = t.take_down();
  sensor.words = "seen by 203.0.113.3";
  CHECK(fault_of(t.of_a->ask(t.b.member, sensor, "ana")) == Fault::denied);
  CHECK(fault_of(t.of_a->ask("c.example.org", t.take_down(), "ana")) == Fault::missing);
  auto nothing = t.take_down();
  nothing.subject = nothing.sort = "";
  CHECK(fault_of(t.of_a->ask(t.b.member, nothing, "ana")) == Fault::invalid);
  auto asked = good(t.of_a->ask(t.b.member, t.take_down(), "ana"));
  t.deliver();
  good(t.agreements_a->end(t.address, "over", "ana"));
  CHECK(fault_of(t.of_a->ask(t.b.member, t.take_down(), "ana")) == Fault::denied);
  CHECK(fault_of(t.of_a->act(asked.id, {.act = "comment", .words = "x"}, "ana")) == Fault::denied);
  CHECK(good(t.of_a->act(asked.id, {.act = "withdraw"}, "ana")).state == RequestState::withdrawn);
  CHECK(t.at_b(asked).state == RequestState::withdrawn);
}

TEST_CASE("what a partner should not have asked is turned away, and it is told the code") {
  Two t;
  Said said = opening(some_id);
  said["tlp"] = "red";
  CHECK(t.say(t.a, t.b, "request", said).has_value());
  auto away = good(t.of_b->find(some_id));
  CHECK(away.state == RequestState::refused);
  CHECK(away.refusal == Refusal::no_agreement);
  CHECK(away.ask.subject.empty());
  CHECK(away.ask.words.empty());
  REQUIRE(t.refused.size() == 1);
  CHECK(t.refused[0].contains("tlp-red"));

  // The agreement ends while the request is on its way.
  auto asked = good(t.of_a->ask(t.b.member, t.take_down(), "ana"));
  good(t.agreements_b->end(t.address, "over", "bo"));
  std::ignore = t.a.partners->deliver(t.b.member);
  auto told = t.at_a(asked);
  CHECK(told.state == RequestState::refused);
  CHECK(told.refusal == Refusal::no_agreement);
  CHECK(good(t.of_a->acts(asked.id)).back().words == "unsigned");
  CHECK(good(t.of_a->times())[0].ours.answers_s.empty());
}

TEST_CASE("the agreement's treatments hold for requests: coarser, not at all, or not with words") {
  auto with = [](policy::Action action) {
    return [action](policy::Agreement& terms) {
      terms.transforms.push_back({.field = "address", .action = action, .way = {}, .coarse = {}});
    };
  };
  {
    Two t(with(policy::Action::generalise));
    auto ask = t.take_down();
    ask.words = "the host is 192.0.2.7";
    CHECK(fault_of(t.of_a->ask(t.b.member, ask, "ana")) == Fault::denied);
    auto asked = good(t.of_a->ask(t.b.member, t.take_down(), "ana"));
    CHECK(asked.told == "192.0.2.0/24");
    auto heard = t.at_b(asked);
    CHECK(heard.ask.sort == "network");
    CHECK(heard.ask.subject == "192.0.2.0/24");
    for (const std::string& seen : t.net.seen) CHECK(!seen.contains("192.0.2.7"));
  }
  for (auto action : {policy::Action::drop, policy::Action::pseudonymise, policy::Action::hash}) {
    Two t(with(action));
    CHECK(fault_of(t.of_a->ask(t.b.member, t.take_down(), "ana")) == Fault::denied);
    auto ask = t.take_down();
    ask.item = "indicator--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f";
    auto heard = t.at_b(good(t.of_a->ask(t.b.member, ask, "ana")));
    CHECK(heard.ask.item == ask.item);
    CHECK(heard.ask.subject.empty());
    for (const std::string& seen : t.net.seen) CHECK(!seen.contains("192.0.2."));
  }
}

TEST_CASE("a request about a finding tells its subject, never its id, and its feeds' terms hold") {
  Two t;
  RequestAsk ask{.kind = RequestKind::confirm, .finding = "f_1"};
  CHECK(fault_of(t.of_a->ask(t.b.member, ask, "ana")) == Fault::denied);  // its feed does not say
  t.about.feed.may_pass_on = true;
  auto asked = good(t.of_a->ask(t.b.member, ask, "ana"));
  CHECK(asked.ask.finding == "f_1");
  auto heard = t.at_b(asked);
  CHECK(heard.ask.subject == "192.0.2.9");
  CHECK(heard.ask.tlp == Tlp::amber);
  CHECK(heard.ask.finding.empty());
  CHECK(!t.net.seen[t.net.seen.size() - 2].contains("f_1"));
  ask.tlp = Tlp::green;  // does not lower it
  CHECK(good(t.of_a->ask(t.b.member, ask, "ana")).ask.tlp == Tlp::amber);
  t.about.tlp = Tlp::red;
  CHECK(fault_of(t.of_a->ask(t.b.member, ask, "ana")) == Fault::denied);
  ask.finding = "f_2";
  CHECK(fault_of(t.of_a->ask(t.b.member, ask, "ana")) == Fault::missing);
}

TEST_CASE("an agreement's quota counts requests each day") {
  Two t([](policy::Agreement& terms) { terms.quota_per_day = 2; });
  for (int i = 0; i < 2; ++i) good(t.of_a->ask(t.b.member, t.take_down(), "ana"));
  CHECK(fault_of(t.of_a->ask(t.b.member, t.take_down(), "ana")) == Fault::denied);
  t.deliver();
  CHECK(t.say(t.a, t.b, "request", opening(some_id)).has_value());
  CHECK(good(t.of_b->find(some_id)).refusal == Refusal::no_agreement);
  t.net.now += us_per_day;
  good(t.of_a->ask(t.b.member, t.take_down(), "ana"));
}

TEST_CASE("to who is no member it goes by mail, and a person notes the answer") {
  Two t;
  auto asked = good(t.of_a->ask_by_mail("abuse@example.net", false, t.take_down(), "ana"));
  auto due = good(t.of_a->due_mail());
  REQUIRE(due.size() == 1);
  CHECK(due[0].message_id == "tocsin.request." + asked.id + "@example.org");
  Requests::Mailed later{MailState::queued, "greylisted", t.net.now + us_per_s};
  CHECK(t.of_a->settle_mail(asked.id, later).has_value());
  CHECK(good(t.of_a->due_mail()).empty());
  t.net.now += 2 * us_per_s;
  CHECK(good(t.of_a->due_mail()).size() == 1);
  CHECK(t.of_a->settle_mail(asked.id, {MailState::sent, "", 0}).has_value());
  CHECK(good(t.of_a->due_mail()).empty());
  t.net.now += us_per_hour;
  auto done = good(t.of_a->act(asked.id, {.act = "done", .words = "they rang"}, "ana"));
  CHECK(done.state == RequestState::done);
  CHECK(done.answered - done.at == us_per_hour + 2 * us_per_s);
  CHECK(good(t.of_a->times()).empty());  // of partners alone
  auto late = good(t.of_a->ask_by_mail("abuse@example.net", false, t.take_down(), "ana"));
  good(t.of_a->act(late.id, {.act = "withdraw"}, "ana"));
  CHECK(good(t.of_a->due_mail()).empty());
}

}  // namespace tocsin::share
