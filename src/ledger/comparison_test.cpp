#include "ledger/comparison.h"

#include "made_log.h"
#include "test.h"

namespace tocsin::ledger {
namespace {

std::vector<std::string> texts(const Comparison& comparison) {
  std::vector<std::string> out;
  for (const Difference& one : comparison.differences) out.push_back(one.text());
  return out;
}

using Texts = std::vector<std::string>;

}  // namespace

TEST_CASE("two accounts of one exchange agree, whoever compares") {
  auto [a, b] = made_pair();
  auto one = account_of(a, b.node), other = account_of(b, a.node);
  auto found = *compare(one, other);
  CHECK(texts(found) == Texts{});
  CHECK(found.agreed == 6);
  CHECK(found.open == 1);
  CHECK(found.notes.empty());
  auto back = *compare(other, one);
  CHECK(back.agreed == 6);
  CHECK(back.differences.empty());
  CHECK(!compare(one, one));
}

TEST_CASE("the first entry that differs is named") {
  auto [a, b] = made_pair();
  auto one = account_of(a, b.node), other = account_of(b, a.node);
  other.head.at += 2 * us_per_day;  // and b still has no receipt of the last release
  CHECK(texts(*compare(one, other)) ==
        Texts{fmt::format("entry {} of a.example.org: b.example.org has no receipt for it",
                          a.entries.size() - 1)});

  // b hides a receipt that it signed, and a release that it made.
  other = account_of(b, a.node);
  std::erase_if(other.entries, [](const AccountEntry& entry) {
    return entry.index == 2 || (entry.index > 0 && entry.index < 6);
  });
  CHECK(texts(*compare(one, other)) ==
        Texts{"entry 2 of a.example.org: b.example.org signed a receipt for it, and its log has "
              "none",
              "entry 3 of b.example.org: a.example.org has a receipt for it, its entry 5; the log "
              "of b.example.org has no such release"});

  // a shows others a log in which the release was another one.
  auto changed = account_of(a, b.node);
  changed.entries[1].hash[0] ^= 1;
  changed.entries[1].acknowledged.reset();
  CHECK(texts(*compare(changed, account_of(b, a.node))) ==
        Texts{"entry 2 of a.example.org: b.example.org was shown another release there, of which "
              "its entry 2 is the receipt"});
}

TEST_CASE("a split view is found in what both hold, and named") {
  auto [a, b] = made_pair();
  MadeLog twin(a.node);  // the same key signs another past
  while (twin.entries.size() < a.entries.size()) twin.add(Denial{.to = b.node});
  twin.seal();
  Head lie = signed_head(a.node, a.log(), twin.tree(), a.entries.back().head->at, a.key());
  auto one = account_of(a, b.node), other = account_of(b, a.node);
  other.seen = {lie};
  auto found = texts(*compare(one, other));
  REQUIRE(found.size() == 1);
  CHECK(found[0].starts_with(fmt::format(
      "entry {} of a.example.org: split view: up to here a.example.org signed two logs: root ",
      a.entries.size() - 1)));
  CHECK(found[0].contains(hex(lie.tree.root)));
  CHECK(found[0].contains(hex(a.tree().root)));

  // A third member's, of which each was shown one.
  MadeLog c("c.example.org");
  c.seal();
  Head other_c = signed_head(c.node, c.log(), {1, sha256("other")}, MadeLog::begin, c.key());
  one.seen = {*c.entries[0].head};
  other.seen = {other_c};
  found = texts(*compare(one, other));
  REQUIRE(found.size() == 1);
  CHECK(found[0].starts_with("entry 0 of c.example.org: split view: "));
  CHECK(found[0].contains("(held by a.example.org)"));
  CHECK(found[0].contains("(held by b.example.org)"));
}

TEST_CASE("a log that became shorter, or has another beginning, is found by who saw its heads") {
  auto [a, b] = made_pair();
  auto one = account_of(a, b.node), other = account_of(b, a.node);
  other.seen = {signed_head(a.node, a.log(), {a.entries.size() + 5, sha256("later")},
                            one.head.at - 1, a.key())};
  auto found = texts(*compare(one, other));
  REQUIRE(found.size() == 1);
  CHECK(found[0].starts_with(fmt::format(
      "entry {} of a.example.org: it was signed for b.example.org, in a head of {} entries",
      a.entries.size(), a.entries.size() + 5)));

  other.seen = {*a.entries[2].head};
  CHECK(compare(one, other)->notes ==
        Texts{"not proved here: that 1 head(s) of a.example.org that b.example.org holds are "
              "beginnings of "
              "its log; an account with a proof from the newest of them, of 3 entries, shows it"});
  one.since = Account::Since{a.entries[2].head->tree, {}};
  auto proved = *compare(one, other);
  CHECK(proved.notes.empty());
  CHECK(proved.differences.empty());
  one.since->tree = {4, *root_of(4, nodes_of(a.leaf_hashes()))};
  other.seen = {signed_head(a.node, a.log(), {4, sha256("other")}, MadeLog::begin, a.key())};
  CHECK(texts(*compare(one, other)) ==
        Texts{"entry 3 of a.example.org: up to here, b.example.org was shown another log"});
}

TEST_CASE("a log that began anew after a restore says what was lost") {
  auto [a, b] = made_pair();
  MadeLog anew(a.node);
  auto& opening = anew.entries[0];
  auto one = account_of(a, b.node), other = account_of(b, a.node);
  auto restored = [&](std::uint64_t size) {
    Account account{.to = b.node, .head = one.head};
    account.head.log = sha256("new log");
    AccountEntry first{.index = 0, .leaf = *read_leaf(opening.leaf)};
    std::get<Opening>(first.leaf.body).before = {a.log(), {size, sha256("root")}};
    account.entries = {first};
    return compare(account, other)->notes;
  };
  CHECK(restored(a.entries.size()) == Texts{});
  auto lost = restored(4);
  REQUIRE(lost.size() == 3);
  CHECK(lost[0].ends_with(
      "is the receipt of a release that a.example.org lost when it restored a backup"));
  CHECK(lost[2] == fmt::format("3 of the receipts that b.example.org holds of a.example.org are in "
                               "another log of it, {}",
                               hex(a.log())));
}

}  // namespace tocsin::ledger
