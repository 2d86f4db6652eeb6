#include "ledger/account.h"

#include "made_log.h"
#include "test.h"

namespace tocsin::ledger {

TEST_CASE("an account is checked by whoever reads it") {
  auto [a, b] = made_pair();
  Account account = account_of(a, b.node);
  account.seen = {*b.entries.back().head};
  account.since = {a.entries[2].head->tree,
                   *consistency_proof(3, a.entries.size(), nodes_of(a.leaf_hashes()))};
  std::string text = account_text(account);
  auto read = read_account(text);
  REQUIRE_MESSAGE(read.has_value(), read.error().what);
  CHECK(account_text(*read) == text);
  CHECK(read->entries.size() == account.entries.size());
  CHECK(keys_of(*read).size() == 2);
  CHECK(!text.contains("denial"));     // what was withheld is nobody's to see
  CHECK(!text.contains("Ana Silva"));  // nor who decided
}

TEST_CASE("what is no account says why") {
  auto [a, b] = made_pair();
  auto why = [&](auto change) {
    Account account = account_of(a, b.node);
    change(account);
    auto read = read_account(account_text(account));
    return read ? "" : read.error().what;
  };
  using A = Account&;
  CHECK(why([](A) {}).empty());
  CHECK(why([](A x) { x.head.signature[0] ^= 1; }) ==
        "the heading: its head is not what was signed");
  CHECK(why([&](A x) { x.seen = {x.head}, x.seen[0].at += 1; }) ==
        "the heading: a head that it has seen is not signed");
  CHECK(why([&](A x) { x.since = {b.tree(), {}}; }).starts_with("the heading: an earlier log"));
  CHECK(why([](A x) { x.entries.clear(); }) == "entry 0: it is missing");
  CHECK(why([](A x) { x.entries.erase(x.entries.begin()); }) ==
        "entry 2: an account begins with the log's opening");
  CHECK(why([](A x) { x.entries[1].proof.pop_back(); }) ==
        "entry 2: it is not in the log that was signed");
  CHECK(why([](A x) { std::get<Release>(x.entries[1].leaf.body).count = 9; }) ==
        "entry 2: it is not in the log that was signed");
  CHECK(why([](A x) { std::swap(x.entries[1], x.entries[2]); }) ==
        "entry 3: of a release to nobody here");
  CHECK(why([](A x) { x.entries[1].acknowledged->by.signature[1] ^= 1; }) ==
        "entry 2: the answer beside it is not signed");
  CHECK(why([](A x) { x.entries[1].acknowledged->by.by = "c.example.org"; }) ==
        "entry 2: the answer beside it is to another release");
  CHECK(why([](A x) { x.to = "c.example.org"; }) == "entry 2: a release to somebody else");
  CHECK(why([](A x) {
          std::erase_if(x.entries, [](const AccountEntry& entry) {
            return std::holds_alternative<KeyChange>(entry.leaf.body);
          });
        }) == "the heading: its head is signed by another key than the log's");
  std::string text = account_text(account_of(a, b.node));
  CHECK(!read_account(text.substr(0, text.size() - 1)));
  CHECK(!read_account(""));
  CHECK(!read_account("{}\n"));
}

}  // namespace tocsin::ledger
