#include "share/agreements.h"

#include "policy/templates.h"
#include "share_member.h"

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

struct Pair {
  Pair() {
    befriend(a, b);
    open();
  }
  void open() {
    of_a = good(Agreements::open(parts(a)));
    of_b = good(Agreements::open(parts(b)));
  }
  Agreements::Parts parts(TestMember& member) {
    return {*member.journal, *member.partners, [this] { return net.now.load(); }};
  }
  policy::Agreement terms(std::uint32_t days = 365) {
    auto party = [](const TestMember& m) {
      policy::Party p{.id = m.member, .name = "CERT", .country = *Country::parse("BR")};
      p.keys = {m.self().key};
      return p;
    };
    return good(policy::from_template("cert-cert", "ab", {party(a), party(b)}, net.now,
                                      net.now + days * us_per_day));
  }
  static std::string text(const policy::Agreement& agreement) {
    return policy::agreement_json(agreement, true);
  }
  void deliver() {
    CHECK(a.partners->deliver(b.member) == 0);
    CHECK(b.partners->deliver(a.member) == 0);
  }
  // Proposed by a's two persons, signed by b's two.
  std::string agree(const policy::Agreement& agreement) {
    std::string address = good(of_a->propose(text(agreement), "ana")).address;
    good(of_a->sign(address, "alex"));
    deliver();
    good(of_b->sign(address, "bo"));
    good(of_b->sign(address, "bea"));
    deliver();
    return address;
  }
  std::size_t in_force(bool at_a = true) {
    return at_a ? of_a->in_force(b.member, net.now).agreements.size()
                : of_b->in_force(a.member, net.now).agreements.size();
  }

  TestNet net;
  TestMember a{"a.example.org", net}, b{"b.example.org", net};
  std::unique_ptr<Agreements> of_a, of_b;
};

}  // namespace

TEST_CASE("an agreement holds once two persons of each side wanted it, and not before") {
  Pair p;
  auto proposed = good(p.of_a->propose(p.text(p.terms()), "ana"));
  std::string address = proposed.address;
  CHECK(proposed.widens);
  CHECK(proposed.agreement.signatures.empty());
  CHECK(good(p.of_a->sign(address, "ana")).agreement.signatures.empty());  // the same person again
  p.deliver();
  CHECK(p.of_b->book()->all().empty());
  CHECK(good(p.of_a->sign(address, "alex")).agreement.signatures.size() == 1);
  p.deliver();
  auto at_b = good(p.of_b->find("ab"));
  CHECK(at_b.address == address);
  CHECK(at_b.from == p.a.member);
  CHECK(at_b.standing() == policy::Standing::proposed);
  CHECK(p.in_force() + p.in_force(false) == 0);
  CHECK(good(p.of_b->sign(address, "bo")).standing() == policy::Standing::proposed);
  CHECK(good(p.of_b->sign(address, "bea")).standing() == policy::Standing::active);
  CHECK(p.in_force(false) == 1);
  CHECK(p.in_force() == 0);  // it has not heard
  p.deliver();
  CHECK(p.in_force() == 1);
  auto held = p.of_a->in_force(p.b.member, p.net.now);
  CHECK(policy::is_signed_by_all(held.agreements[0]->agreement));

  p.a.open();  // as after a restart
  p.b.open();
  p.open();
  CHECK(p.in_force() == 1);
  CHECK(good(p.of_a->find(address.substr(0, 12))).address == address);
  p.net.now += 365 * us_per_day;
  CHECK(p.in_force() == 0);
}

TEST_CASE("nothing holds with a partner that was stopped, or is to be compared again") {
  Pair p;
  p.agree(p.terms());
  REQUIRE(p.in_force() == 1);
  good(p.a.partners->revoke(p.b.member, "ana", "told by telephone"));
  CHECK(p.in_force() == 0);
  good(p.a.partners->stop(p.b.member, "ana", ""));
  CHECK(p.in_force() == 0);
  CHECK(p.in_force(false) == 1);  // b does not know
  CHECK(p.of_a->in_force("c.example.org", p.net.now).agreements.empty());
}

TEST_CASE("who suspends resumes; each act is heard once, whatever is replayed") {
  Pair p;
  std::string address = p.agree(p.terms());
  good(p.of_a->suspend(address, "an incident", "ana"));
  CHECK(p.in_force() == 0);
  p.deliver();
  CHECK(p.in_force(false) == 0);
  std::string suspended = p.net.seen[p.net.seen.size() - 2];
  CHECK(fault_of(p.of_b->resume(address, "bo")) == Fault::denied);
  CHECK(good(p.of_b->find("ab")).suspensions.at(p.a.member).why == "an incident");
  good(p.of_b->suspend(address, "we too", "bo"));
  good(p.of_a->resume(address, "ana"));
  p.deliver();
  CHECK(p.in_force() == 0);
  good(p.of_b->resume(address, "bo"));
  p.deliver();
  CHECK(p.in_force() == 1);
  CHECK(p.in_force(false) == 1);
  CHECK(p.b.partners->hear(suspended).has_value());
  CHECK(p.in_force(false) == 1);
  CHECK(fault_of(p.of_a->suspend(address, " ", "ana")) == Fault::invalid);
  CHECK(fault_of(p.of_a->suspend("00", "x", "ana")) == Fault::missing);
}

TEST_CASE("either side ends it at once; both say that they deleted") {
  Pair p;
  std::string address = p.agree(p.terms());
  CHECK(fault_of(p.of_b->say_deleted(address, "bo")) == Fault::denied);
  good(p.of_b->end(address, "we leave", "bo"));
  CHECK(p.in_force(false) == 0);
  p.deliver();
  auto at_a = good(p.of_a->find("ab"));
  CHECK(at_a.standing() == policy::Standing::ended);
  CHECK(at_a.ended_by == p.b.member);
  CHECK(at_a.why == "we leave");
  good(p.of_a->say_deleted(address, "ana"));
  good(p.of_b->say_deleted(address, "bo"));
  p.deliver();
  CHECK(good(p.of_a->find("ab")).deleted.size() == 2);
  CHECK(good(p.of_b->find("ab")).deleted.size() == 2);
  CHECK(fault_of(p.of_a->sign(address, "ana")) == Fault::denied);
  CHECK(fault_of(p.of_a->suspend(address, "x", "ana")) == Fault::denied);
  CHECK(fault_of(p.of_a->propose(p.text(at_a.agreement), "ana")) == Fault::denied);
  CHECK(good(p.of_a->acts(address))[0].by == p.b.member);
}

TEST_CASE("a narrower version takes one person, a wider one two, and replaces the old") {
  Pair p;
  std::string first = p.agree(p.terms());
  auto next = p.terms();
  next.version = 2;
  next.replaces = first;
  auto wider = next;
  for (auto& rule : wider.allow) rule.min_confidence = 0;
  next.retention_days = 1;
  next.quota_per_day = 5;
  REQUIRE(next.retention_days < p.terms().retention_days);
  auto narrow = good(p.of_a->propose(p.text(next), "ana"));
  CHECK(!narrow.widens);
  CHECK(narrow.agreement.signatures.size() == 1);
  CHECK(!good(p.of_a->differences(narrow.address)).empty());
  p.deliver();
  CHECK(p.in_force() == 1);
  CHECK(p.of_a->in_force(p.b.member, p.net.now).agreements[0]->address == first);
  good(p.of_b->sign(narrow.address, "bo"));
  p.deliver();
  REQUIRE(p.in_force() == 1);
  CHECK(p.of_a->in_force(p.b.member, p.net.now).agreements[0]->address == narrow.address);
  // Beside the version that holds, not after it.
  CHECK(fault_of(p.of_a->propose(p.text(wider), "ana")) == Fault::invalid);
  auto again = p.terms();
  CHECK(fault_of(p.of_a->propose(p.text([&] {
          again.title = "another";
          return again;
        }()),
                                 "ana")) == Fault::invalid);
  wider.version = 3;
  wider.replaces = narrow.address;
  CHECK(good(p.of_a->propose(p.text(wider), "ana")).widens);
}

TEST_CASE("a renewal is the next version with the same terms, and widens by its time") {
  Pair p;
  std::string first = p.agree(p.terms(30));
  p.net.now += 20 * us_per_day;
  auto next = good(p.of_a->renew(first, p.net.now + 365 * us_per_day, "ana"));
  CHECK(next.agreement.version == 2);
  CHECK(next.agreement.replaces == first);
  CHECK(next.widens);
  good(p.of_a->sign(next.address, "alex"));
  p.deliver();
  good(p.of_b->sign(next.address, "bo"));
  good(p.of_b->sign(next.address, "bea"));
  p.deliver();
  p.net.now += 20 * us_per_day;  // the first is over
  REQUIRE(p.in_force() == 1);
  CHECK(p.of_a->in_force(p.b.member, p.net.now).agreements[0]->address == next.address);
  CHECK(fault_of(p.of_a->renew(next.address, p.net.now - us_per_day, "ana")) == Fault::invalid);
}

TEST_CASE("an agreement of others, with other keys, or unsigned is not taken") {
  Pair p;
  auto say = [&](const policy::Agreement& agreement) {
    Said said{{"agreement", policy::agreement_json(agreement, true)}};
    REQUIRE(p.a.partners->say({p.b.member}, "agreement", said, {}).has_value());
    auto before = p.of_b->book()->all().size();
    std::ignore = p.a.partners->deliver(p.b.member);
    return p.of_b->book()->all().size() > before;
  };
  auto sign_by = [&](policy::Agreement agreement, const TestMember& who) {
    REQUIRE(who.partners
                ->with_key(
                    [&](const SigningKey& key) { return policy::sign(agreement, key, p.net.now); })
                .has_value());
    return agreement;
  };
  CHECK(!say(p.terms()));  // unsigned
  auto changed = sign_by(p.terms(), p.a);
  changed.retention_days += 1;
  CHECK(!say(changed));
  auto other_key = p.terms();
  other_key.parties[1].keys = {SigningKey::make().public_key()};
  CHECK(!say(sign_by(other_key, p.a)));
  auto strangers = p.terms();
  strangers.parties[1].id = "c.example.org";
  CHECK(!say(sign_by(strangers, p.a)));
  CHECK(fault_of(p.of_a->propose(p.text(strangers), "ana")) == Fault::denied);
  CHECK(fault_of(p.of_a->propose(p.text(other_key), "ana")) == Fault::denied);
  CHECK(fault_of(p.of_a->propose("{", "ana")) == Fault::invalid);

  // In the name of b, by a: b's signature is not believed, it signs itself.
  auto forged = sign_by(p.terms(), p.a);
  forged.signatures.push_back(forged.signatures[0]);
  forged.signatures[1].party = p.b.member;
  forged.signatures[1].key = p.b.self().key;
  say(forged);
  CHECK(p.in_force(false) == 0);
  auto all = p.of_b->book();
  for (const auto& [address, s] : all->all()) CHECK(s.agreement.signatures.size() == 1);
}

TEST_CASE("a party cannot act on agreements of others") {
  Pair p;
  std::string address = p.agree(p.terms());
  TestMember c("c.example.org", p.net);
  befriend(p.b, c);
  REQUIRE(c.partners->say({p.b.member}, "agreement-end", {{"address", address}, {"why", "x"}}, {})
              .has_value());
  CHECK(c.partners->deliver(p.b.member) == 1);
  CHECK(p.in_force(false) == 1);
}

}  // namespace tocsin::share
