#include "ledger_member.h"
#include "share/ledger.h"

namespace tocsin::share {
namespace {

using namespace ledger;
using Seen = Ledger::Seen;

struct World {
  LedgerMember a{"a.example.org"}, b{"b.example.org"};
  Result<Ledger::SeenHead> see(const Head& head, std::span<const Sha256> proof = {},
                               const std::string& via = "a.example.org") {
    Result<Ledger::SeenHead> seen = missing("not asked");
    auto work = [&](store::Sqlite& db) -> Result<void> {
      seen = b.ledger->see(db, head, a.peer(), via, proof);
      return {};
    };
    b.write(work);
    return seen;
  }
  Head grown(std::uint64_t by) {
    for (std::uint64_t i = 0; i < by; ++i) a.release(b.name, 1, "event");
    return *a.ledger->head();
  }
  Head signed_as_a(const Tree& tree, TimeUs at) {
    return signed_head(a.name, a.ledger->head()->log, tree, at, a.key());
  }
};

}  // namespace

TEST_CASE("a head is proved from the one that was seen before") {
  World w;
  auto first = w.grown(2), second = w.grown(3);
  CHECK(w.see(first)->seen == Seen::proved);
  auto waiting = *w.see(second);
  CHECK(waiting.seen == Seen::unproved);
  CHECK(waiting.proved_size == 3);
  CHECK(!w.b.ledger->witness(second));
  auto proof = *w.a.ledger->consistency(3, 6);
  CHECK(w.see(second, proof)->seen == Seen::proved);
  CHECK(w.see(second)->seen == Seen::proved);
  auto all = *w.b.ledger->seen("a.example.org");
  REQUIRE(all.size() == 1);
  CHECK(all[0].head == second);
  CHECK(w.a.ledger->consistency(3, 60).error().fault == Fault::missing);

  auto witness = *w.b.ledger->witness(second);
  w.a.write(
      [&](store::Sqlite& db) { return w.a.ledger->add_witness(db, second, witness, w.b.peer()); });
  CHECK(*w.a.ledger->witnesses(6) == std::vector{witness});
  CHECK(w.a.wrong() == "");
  auto forged = witness;
  forged.signature[5] ^= 1;
  CHECK(w.a.try_write([&](store::Sqlite& db) {
             return w.a.ledger->add_witness(db, second, forged, w.b.peer());
           })
            .error()
            .fault == Fault::denied);
}

TEST_CASE("two heads of one size are a split view, with both as proof") {
  World w;
  auto head = w.grown(2);
  REQUIRE(w.see(head).has_value());
  auto lie = w.signed_as_a({3, sha256("another past")}, head.at);
  auto split = *w.see(lie, {}, "c.example.org");
  CHECK(split.seen == Seen::split);
  CHECK(split.what.starts_with(
      "split view: 'a.example.org' signed two heads of one log that do not fit: 3 entries, root "));
  CHECK(split.what.contains(hex(head.tree.root)));
  CHECK(split.what.contains(hex(lie.tree.root)));
  CHECK(split.what.contains("(from 'c.example.org')"));
  CHECK(w.b.ledger->seen()->size() == 2);  // both are kept
  CHECK(w.see(lie)->what == split.what);
  CHECK(!w.b.ledger->witness(lie));
}

TEST_CASE("a proof that proves nothing is a split view; a shorter log went back") {
  World w;
  auto first = w.grown(2), second = w.grown(3);
  REQUIRE(w.see(first).has_value());
  auto proof = *w.a.ledger->consistency(3, 6);
  proof[0][0] ^= 1;
  auto split = *w.see(second, proof);
  CHECK(split.seen == Seen::split);
  CHECK(split.what.contains("gives no proof"));

  auto back = *w.see(w.signed_as_a({2, sha256("2")}, second.at + us_per_s));
  CHECK(back.seen == Seen::went_back);
  CHECK(back.what.starts_with("the log became shorter: "));
}

TEST_CASE("another member's bad proof accuses nobody, and a good one clears") {
  World w;
  auto first = w.grown(2), second = w.grown(3), third = w.grown(2);
  REQUIRE(w.see(first).has_value());
  auto good = *w.a.ledger->consistency(3, 6), bad = good;
  bad[0][0] ^= 1;
  CHECK(w.see(second, bad, "c.example.org")->seen == Seen::unproved);
  CHECK(w.see(second, bad)->seen == Seen::split);
  CHECK(w.see(second)->seen == Seen::split);
  CHECK(w.see(second, good, "c.example.org")->seen == Seen::proved);

  // An older head, once a newer one is proved.
  World v;
  first = v.grown(2), second = v.grown(3), third = v.grown(2);
  REQUIRE(v.see(first).has_value());
  CHECK(v.see(second)->seen == Seen::unproved);
  CHECK(v.see(third, *v.a.ledger->consistency(3, 8))->seen == Seen::proved);
  CHECK(v.b.ledger->seen()->size() == 2);
  auto proved = *v.see(second, *v.a.ledger->consistency(6, 8));
  CHECK(proved.seen == Seen::proved);
  CHECK(proved.proved_size == 8);
  CHECK(v.b.ledger->seen()->size() == 1);
}

TEST_CASE("neither heads that do not fit nor new logs grow without end") {
  World w;
  auto head = w.grown(2);
  REQUIRE(w.see(head).has_value());
  auto lies = [&](store::Sqlite& db) -> Result<void> {
    for (int i = 0; i < 150; ++i) {
      auto lie = w.signed_as_a({3, sha256(std::to_string(i))}, head.at);
      auto seen = TRY(w.b.ledger->see(db, lie, w.a.peer(), ""));
      CHECK(seen.seen == Seen::split);
    }
    return {};
  };
  w.b.write(lies);
  CHECK(w.b.ledger->seen()->size() == 1 + 100);
  std::optional<Fault> last;
  auto logs = [&](store::Sqlite& db) -> Result<void> {
    for (int i = 0; i < 100; ++i) {
      auto other = signed_head(w.a.name, sha256(std::to_string(i)), {1, head.log}, 1, w.a.key());
      auto seen = w.b.ledger->see(db, other, w.a.peer(), "");
      if (!seen) last = seen.error().fault;
    }
    return {};
  };
  w.b.write(logs);
  CHECK(last == Fault::denied);
  CHECK(w.b.ledger->seen()->size() == 1 + 100 + 99);
}

TEST_CASE("a head that its node did not sign is not seen") {
  World w;
  auto head = w.grown(1);
  head.tree.root[0] ^= 1;
  CHECK(w.see(head).error().fault == Fault::denied);
  auto other = signed_head(w.a.name, head.log, head.tree, head.at, w.b.key());
  CHECK(w.see(other).error().fault == Fault::denied);
  CHECK(w.b.ledger->seen()->empty());
}

TEST_CASE("heads that wait for a proof do not grow without end") {
  World w;
  REQUIRE(w.see(w.grown(1)).has_value());
  TimeUs at = w.a.ledger->head()->at;
  auto work = [&](store::Sqlite& db) -> Result<void> {
    for (std::uint64_t size = 3; size < 1300; ++size) {
      TRY(w.b.ledger->see(db, w.signed_as_a({size, sha256("x")}, at += us_per_s), w.a.peer(), ""));
    }
    return {};
  };
  w.b.write(work);
  CHECK(w.b.ledger->seen()->size() == 1 + 1000);
}

TEST_CASE("a seen head that somebody changed is named") {
  World w;
  REQUIRE(w.see(w.grown(1)).has_value());
  CHECK(w.b.ledger->verify()->seen == 1);
  REQUIRE(w.b.sql("UPDATE ledger_seen SET at = at + 1").has_value());
  CHECK(w.b.wrong() ==
        "a head of 2 entries of 'a.example.org' that was seen is not what was signed");
}

}  // namespace tocsin::share
