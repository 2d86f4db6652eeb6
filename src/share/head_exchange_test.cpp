#include "share/head_exchange.h"

#include "share_pair.h"

namespace tocsin::share {
namespace {

using Seen = Ledger::Seen;

template <class T>
T good(Result<T> result) {
  return TestPair::good(std::move(result));
}

struct World : TestPair {
  World() {
    log_a = open_ledger(a, key_a);
    log_b = open_ledger(b, key_b);
    heads_a = open_heads(a, *agreements_a, log_a.get());
    heads_b = open_heads(b, *agreements_b, log_b.get());
  }
  std::unique_ptr<Ledger> open_ledger(TestMember& m, std::unique_ptr<SigningKey>& key) {
    std::unique_ptr<Ledger> made;
    auto work = [&](const SigningKey& own) -> Result<void> {
      key = std::make_unique<SigningKey>(TRY(SigningKey::from_seed(own.seed())));
      made = TRY(Ledger::open({.journal = *m.journal, .node = m.member, .key = *key, .now = [this] {
                                 return net.now.load();
                               }}));
      return {};
    };
    REQUIRE(m.partners->with_key(work).has_value());
    return made;
  }
  std::unique_ptr<HeadExchange> open_heads(TestMember& m, Agreements& agreements, Ledger* ledger) {
    return good(HeadExchange::open(
        {.journal = *m.journal,
         .partners = *m.partners,
         .agreements = agreements,
         .ledger = [ledger] { return ledger; },
         .now = [this] { return net.now.load(); },
         .wrong = [this](const auto& of,
                         const auto& what) { wrong.push_back(of + ": " + what); }}));
  }
  void acts(std::size_t count) {
    std::vector<ledger::Body> bodies(count, ledger::Denial{.to = "x.example.org", .count = 1});
    constexpr const char* none[] = {"CREATE TABLE heads_test(x INTEGER)"};
    auto tables = good(store::Tables::open(*a.journal, "heads_test", none));
    auto add = [&](store::Sqlite& db) -> Result<void> {
      TRY(log_a->add(db, bodies));
      return {};
    };
    REQUIRE(tables.write(add).has_value());
  }
  // What b holds of a's log last.
  Ledger::SeenHead held() {
    auto all = good(log_b->seen(a.member));
    REQUIRE_FALSE(all.empty());
    return all.back();
  }
  Result<std::string> show(const ledger::Tree& tree, TimeUs at) {
    auto head = ledger::signed_head(a.member, log_a->head()->log, tree, at, *key_a);
    return say(a, b, "ledger-head", {{"head", ledger::json_of(head)}});
  }

  std::unique_ptr<SigningKey> key_a, key_b;
  std::unique_ptr<Ledger> log_a, log_b;
  std::unique_ptr<HeadExchange> heads_a, heads_b;
  std::vector<std::string> wrong;
};

}  // namespace

TEST_CASE("partners tell each other the heads of their ledgers, each proved from the one before") {
  World w;
  CHECK(w.heads_a->work() == 1);
  CHECK(w.heads_a->work() == 0);  // nothing is new
  w.deliver();
  CHECK(w.held().head == good(w.log_a->head()));
  w.acts(3);
  CHECK(w.heads_a->work() == 0);
  w.net.now += us_per_hour;
  CHECK(w.heads_a->work() == 1);
  w.deliver();
  CHECK(w.held().head == good(w.log_a->head()));
  CHECK(w.held().seen == Seen::proved);
  w.acts(HeadExchange::tell_at_leaves);
  CHECK(w.heads_a->work() == 1);  // at once
  w.deliver();
  CHECK(w.held().seen == Seen::proved);
  CHECK(w.held().head.tree.size == good(w.log_a->head()).tree.size);
  CHECK(w.wrong.empty());
  good(w.agreements_a->suspend(w.address, "an incident", "ana"));
  w.acts(HeadExchange::tell_at_leaves);
  CHECK(w.heads_a->work() == 0);
}

TEST_CASE("who holds another head than the one a proof begins at asks for its own") {
  World w;
  CHECK(w.heads_a->work() == 1);
  w.acts(2);
  // What was told is still on its way when b sees a later head elsewhere, as with a release.
  REQUIRE(w.show(good(w.log_a->head()).tree, good(w.log_a->head()).at).has_value());
  CHECK(w.held().seen == Seen::proved);
  w.acts(4);
  w.net.now += us_per_hour;
  CHECK(w.heads_a->work() == 1);
  w.deliver();  // b gets it with a proof that it cannot use, and asks
  w.deliver();
  CHECK(w.held().head == good(w.log_a->head()));
  CHECK(w.held().seen == Seen::proved);
  CHECK(w.wrong.empty());
}

TEST_CASE("a partner that splits its ledger, or takes it back, is found and told once") {
  World w;
  w.acts(5);
  CHECK(w.heads_a->work() == 1);
  w.deliver();
  auto head = good(w.log_a->head());
  REQUIRE(w.show({head.tree.size, sha256("what a shows to b alone")}, head.at).has_value());
  REQUIRE(w.wrong.size() == 1);
  CHECK(w.wrong[0].starts_with("a.example.org: split view: 'a.example.org' signed two heads"));
  CHECK(w.wrong[0].contains(hex(head.tree.root)));
  REQUIRE(w.show({head.tree.size, sha256("what a shows to b alone")}, head.at).has_value());
  CHECK(w.wrong.size() == 1);
  REQUIRE(w.show({head.tree.size - 2, sha256("shorter")}, head.at + us_per_s).has_value());
  REQUIRE(w.wrong.size() == 2);
  CHECK(w.wrong[1].contains("the log became shorter"));
  auto kept = good(w.log_b->seen(w.a.member));
  CHECK(std::ranges::count(kept, Seen::split, &Ledger::SeenHead::seen) == 1);
  // A proof of a's own that proves nothing is a split, too.
  auto false_proof = ledger::json_of(std::vector{sha256("a"), sha256("b")});
  auto longer = ledger::signed_head(w.a.member, head.log, {head.tree.size + 7, sha256("longer")},
                                    head.at + us_per_hour, *w.key_a);
  REQUIRE(w.say(w.a, w.b, "ledger-head",
                {{"head", ledger::json_of(longer)},
                 {"first", std::to_string(head.tree.size)},
                 {"proof", false_proof}})
              .has_value());
  REQUIRE(w.wrong.size() == 3);
  CHECK(w.wrong[2].contains("gives no proof"));
  // Nobody says it in another's name.
  auto forged = ledger::signed_head(w.a.member, head.log, {99, sha256("x")}, head.at, *w.key_b);
  CHECK_FALSE(w.say(w.a, w.b, "ledger-head", {{"head", ledger::json_of(forged)}}).has_value());
}

}  // namespace tocsin::share
