#include "ledger/log_check.h"

#include "made_log.h"
#include "test.h"

namespace tocsin::ledger {
namespace {

// What is wrong after `change`.
template <class Change>
std::string wrong(Change change, std::span<const Tree> known = {}) {
  MadeLog log = made_pair().first;
  change(log);
  auto verdict = log.check(known);
  return verdict ? "" : verdict.error().what;
}

std::size_t last_of(const MadeLog& log, std::string_view kind) {
  std::size_t at = log.entries.size();
  while (kind_of(read_leaf(log.entries[--at].leaf)->body) != kind) {
  }
  return at;
}

}  // namespace

TEST_CASE("a log is as it was written") {
  auto [a, b] = made_pair();
  auto verdict = a.check();
  REQUIRE_MESSAGE(verdict.has_value(), verdict.error().what);
  CHECK(verdict->node == "a.example.org");
  CHECK(verdict->log == a.log());
  CHECK(verdict->tree == a.tree());
  CHECK(verdict->keys.size() == 2);
  CHECK(verdict->releases == 4);
  CHECK(verdict->acknowledged == 3);
  CHECK(verdict->receipts == 3);
  CHECK(verdict->unknown == 1);
  CHECK(verdict->masked == 1);
  auto other = b.check();
  REQUIRE_MESSAGE(other.has_value(), other.error().what);
}

TEST_CASE("what was changed, taken out or put in is found, and the entry named") {
  MadeLog whole = made_pair().first;
  std::size_t release = last_of(whole, "release"), receipt = last_of(whole, "receipt"),
              policy = last_of(whole, "policy"), covered = policy + 2;
  auto entry = [](std::size_t at, std::string_view what) {
    return fmt::format("entry {}: {}", at, what);
  };
  using Log = MadeLog&;
  CHECK(wrong([](Log l) { l.entries[3].leaf[20] ^= 1; }) ==
        entry(3, "the leaf is not the one that was hashed"));
  CHECK(wrong([](Log l) { l.entries.erase(l.entries.begin() + 4); }) ==
        entry(4, "here stands entry 5"));
  CHECK(wrong([](Log l) { std::swap(l.entries[2], l.entries[6]); }) ==
        entry(2, "here stands entry 6"));
  CHECK(wrong([](Log l) { l.entries.insert(l.entries.begin() + 5, l.entries[2]); }) ==
        entry(5, "here stands entry 2"));
  CHECK(wrong([](Log l) { l.entries.back().head.reset(); }) ==
        entry(covered, "no head is signed over it"));
  CHECK(wrong([&](Log l) { l.entries[release].items->front()[0] ^= 1; }) ==
        entry(release, "the hashes of its items are not those that it holds"));
  CHECK(wrong([&](Log l) { l.entries[release].items.reset(); }) ==
        entry(release, "the hashes of its items are missing"));
  CHECK(wrong([&](Log l) { l.entries[receipt].shown.clear(); }) ==
        entry(receipt, "the release that it is for is missing, or not the one that was shown"));
  CHECK(wrong([](Log l) { l.entries[2].acknowledged.clear(); }) ==
        entry(2, "its answer is missing, or not the one that entry 4 tells of"));
  CHECK(wrong([&](Log l) { l.entries[policy].details->text += "!"; }) ==
        entry(policy, "its details are not those that it holds"));
  CHECK(wrong([&](Log l) { l.entries[policy].details.reset(); }) ==
        entry(policy, "its details are missing"));
  CHECK(wrong([](Log l) { l.entries[1].details->text += "!"; }) ==  // masked, and told of
        entry(1, "its details are not those that it holds"));
  CHECK(wrong([](Log l) { l.entries[5].head = l.entries[2].head; }) ==
        entry(5, "its head is of another log or place"));
  CHECK(wrong([](Log l) { l.entries[2].head->signature[3] ^= 1; }) ==
        entry(2, "its head is not what was signed"));
}

TEST_CASE("who changes a leaf and its hash does not have the key of the heads") {
  auto forge = [](MadeLog& l, std::size_t at) {
    Leaf leaf = *read_leaf(l.entries[at].leaf);
    leaf.salt[0] ^= 1;
    l.entries[at].leaf = leaf_text(leaf);
    l.entries[at].hash = leaf_hash(l.entries[at].leaf);
  };
  // Entries 0 to 2 are under one head, and 1 could be 0 as well.
  CHECK(wrong([&](MadeLog& l) { forge(l, 1); }) ==
        "entry 0: it, or one up to 2, is not the leaf that was signed");
  CHECK(wrong([&](MadeLog& l) { forge(l, 0); }) ==
        "entry 2: the answer beside it is to another release");
  std::size_t receipt = last_of(made_pair().first, "receipt");
  CHECK(wrong([&](MadeLog& l) { forge(l, receipt); }).ends_with("not the leaf that was signed"));
  // With a key of one's own.
  CHECK(wrong([](MadeLog& l) {
          auto own = SigningKey::from_seed(std::string(32, 'x'));
          l.entries[5].head =
              signed_head(l.node, l.log(), l.entries[5].head->tree, l.entries[5].head->at, *own);
        }) == "entry 5: its head is signed by another key than the log's");
}

TEST_CASE("a log that was put back is found by who noted a later head") {
  auto log = made_pair().first;
  std::vector<Tree> known = {log.tree(), log.entries[2].head->tree};
  CHECK(wrong([](MadeLog&) {}, known).empty());
  std::size_t size = log.entries.size();
  CHECK(wrong([](MadeLog& l) { l.entries.resize(3); }, known) ==
        fmt::format("entry 3: it is missing: {} entries were noted", size));
  CHECK(wrong([](MadeLog& l) { l.entries.resize(3); }) ==
        "entry 1: its details are not those that it holds");  // what told of it is gone
  known[1].root[0] ^= 1;
  CHECK(wrong([](MadeLog&) {}, known) == "entry 2: up to here it is not the log that was noted");
}

}  // namespace tocsin::ledger
