// Two members for tests of what is handed out: what one takes in is there for the other, under an
// agreement.
#pragma once

#include <string>
#include <utility>

#include "policy/templates.h"
#include "share/handout.h"
#include "share_member.h"

namespace tocsin::share {

template <class T>
T good(Result<T> result) {
  REQUIRE_MESSAGE(result.has_value(), (result ? "" : result.error().what));
  return *std::move(result);
}

struct HandoutWorld {
  explicit HandoutWorld(const std::string& with = "open") {
    befriend(a, b);
    open();
    auto party = [](const TestMember& m) {
      policy::Party p{.id = m.member, .name = "CERT", .country = *Country::parse("BR")};
      p.keys = {m.self().key};
      return p;
    };
    terms = good(policy::from_template(with, "ab", {party(a), party(b)}, net.now,
                                       net.now + 365 * us_per_day));
    terms.unsaid_feeds_pass = true;
  }
  void open() {  // also again, as after a restart
    of_a = good(Agreements::open({*a.journal, *a.partners, clock()}));
    of_b = good(Agreements::open({*b.journal, *b.partners, clock()}));
    offers = good(store::Offers::open(a.home.file("offers.db"), clock()));
    REQUIRE(a.partners->with_key([&](const SigningKey& key) -> Result<void> {
      own_key = std::make_unique<SigningKey>(SigningKey::from_seed(key.seed()).value());
      ledger = TRY(
          Ledger::open({.journal = *a.journal, .node = a.member, .key = *own_key, .now = clock()}));
      return {};
    }));
    emergencies = good(Emergencies::open(
        {.journal = *a.journal,
         .partners = *a.partners,
         .offers = *offers,
         .ledger = [this] { return ledger.get(); },
         .now = clock(),
         .exempt = [this](const auto& to, EventId event) { return shelves->exempt(to, event); },
         .lapsed = [this](const Emergency& one) { lapsed.push_back(one.id); }}));
    statistics = good(Statistics::open({.journal = *a.journal,
                                        .partners = *a.partners,
                                        .agreements = *of_a,
                                        .offers = *offers,
                                        .now = clock()}));
    shelves = good(Shelves::open({.journal = *a.journal,
                                  .partners = *a.partners,
                                  .agreements = *of_a,
                                  .offers = *offers,
                                  .words = a.words,
                                  .ledger = [this] { return ledger.get(); },
                                  .feed = [this](auto) { return says; },
                                  .sensors = {},
                                  .now = clock(),
                                  .settings = {.title = "a"},
                                  .emergencies = emergencies.get(),
                                  .statistics = statistics.get(),
                                  .terms =
                                      [this] {
                                        return std::map<std::string, policy::FeedTerms>{
                                            {"honeypots", says.terms}};
                                      }}));
  }
  std::function<TimeUs()> clock() {
    return [this] { return net.now.load(); };
  }
  std::string agree() {
    std::string address = good(of_a->propose(policy::agreement_json(terms, true), "ana")).address;
    good(of_a->sign(address, "alex"));
    deliver();
    good(of_b->sign(address, "bo"));
    good(of_b->sign(address, "bea"));
    deliver();
    REQUIRE(of_a->in_force(b.member, net.now).agreements.size() == 1);
    return address;
  }
  void deliver() {
    CHECK(a.partners->deliver(b.member) == 0);
    CHECK(b.partners->deliver(a.member) == 0);
  }
  void take_in(std::size_t events, Tlp tlp = Tlp::green, Type type = Type::c2_server) {
    EventBatch batch;
    batch.seq = ++seq, batch.report = seq;
    batch.feed = a.words.id("honeypots");
    for (std::size_t i = 0; i < events; ++i) {
      batch.add_row();
      batch.source.ip[i] = Ip::from_v4(static_cast<std::uint32_t>(0xcb007100 + made++));
      batch.source.country[i] = *Country::parse("BR");
      batch.type[i] = type;
      batch.tlp[i] = tlp;
      batch.time[i] = batch.observed[i] = net.now;
      batch.extra[i] = batch.keep(tlp == Tlp::red ? R"("extra.tag":"CANARY-3f1c")" : "");
    }
    apply(std::move(batch));
  }
  void withdraw(std::uint64_t report) {
    EventBatch act;
    act.seq = ++seq;
    act.correction = {.kind = Correction::Kind::withdraw, .report = report};
    apply(std::move(act));
  }
  void apply(EventBatch batch) {
    REQUIRE(offers->apply(batch).has_value());
    REQUIRE(offers->flush().has_value());
  }
  std::size_t releases() const {
    return good(ledger->list({.partner = b.member, .kind = "release"})).size();
  }

  TestNet net;
  TestMember a{"a.example.org", net}, b{"b.example.org", net};
  policy::Agreement terms;
  policy::FeedSays says{};
  std::unique_ptr<Agreements> of_a, of_b;
  std::unique_ptr<store::Offers> offers;
  std::unique_ptr<SigningKey> own_key;
  std::unique_ptr<Ledger> ledger;
  std::unique_ptr<Statistics> statistics;
  std::unique_ptr<Emergencies> emergencies;
  std::vector<std::uint64_t> lapsed;  // emergencies that nobody confirmed
  std::unique_ptr<Shelves> shelves;
  std::uint64_t seq = 0;
  std::size_t made = 0;
};

}  // namespace tocsin::share
