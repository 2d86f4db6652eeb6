// Two members with an agreement in force between them, for tests of what goes under it.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "policy/templates.h"
#include "share/agreements.h"
#include "share_member.h"

namespace tocsin::share {

struct TestPair {
  template <class T>
  static T good(Result<T> result) {
    REQUIRE_MESSAGE(result.has_value(), (result ? "" : result.error().what));
    return *std::move(result);
  }

  // `change`: what is different from the template for CERTs.
  explicit TestPair(const std::function<void(policy::Agreement&)>& change = {}) {
    befriend(a, b);
    open_agreements();
    agree(change);
  }
  // Also again, as after a restart of the members.
  void open_agreements() {
    agreements_a =
        good(Agreements::open({*a.journal, *a.partners, [this] { return net.now.load(); }}));
    agreements_b =
        good(Agreements::open({*b.journal, *b.partners, [this] { return net.now.load(); }}));
  }
  void agree(const std::function<void(policy::Agreement&)>& change) {
    auto party = [](const TestMember& m) {
      policy::Party p{.id = m.member, .name = "CERT", .country = *Country::parse("BR")};
      p.keys = {m.self().key};
      return p;
    };
    auto terms = good(policy::from_template("cert-cert", "ab", {party(a), party(b)}, net.now,
                                            net.now + 365 * us_per_day));
    if (change) change(terms);
    address = good(agreements_a->propose(policy::agreement_json(terms, true), "ana")).address;
    good(agreements_a->sign(address, "alex"));
    deliver();
    good(agreements_b->sign(address, "bo"));
    good(agreements_b->sign(address, "bea"));
    deliver();
    REQUIRE(agreements_a->in_force(b.member, net.now).agreements.size() == 1);
  }
  void deliver() {
    CHECK(a.partners->deliver(b.member) == 0);
    CHECK(b.partners->deliver(a.member) == 0);
  }
  // A statement as whoever has the key of `by` can make it, heard by `to`.
  Result<std::string> say(TestMember& by, TestMember& to, std::string_view kind, Said said) const {
    said["to"] = to.member;
    std::string json;
    auto work = [&](const SigningKey& key) -> Result<void> {
      json = statement_json(signed_statement(kind, by.member, net.now, said, key));
      return {};
    };
    REQUIRE(by.partners->with_key(work).has_value());
    return to.partners->hear(json);
  }

  TestNet net;
  TestMember a{"a.example.org", net}, b{"b.example.org", net};
  std::unique_ptr<Agreements> agreements_a, agreements_b;
  std::string address;  // of the agreement
};

}  // namespace tocsin::share
