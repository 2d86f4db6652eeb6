#include "ledger/merkle.h"

#include <map>

#include "test.h"

namespace tocsin::ledger {
namespace {

// The leaves and roots that implementations of Certificate Transparency share.
// Source: transparency-dev/merkle, testonly/constants.go; RFC 9162 hashes as RFC 6962 does.
std::vector<Sha256> known_leaves() {
  std::vector<Sha256> out;
  for (std::string_view bytes :
       {std::string_view(""), std::string_view("\0", 1), std::string_view("\x10"),
        std::string_view("\x20\x21"), std::string_view("\x30\x31"),
        std::string_view("\x40\x41\x42\x43"), std::string_view("\x50\x51\x52\x53\x54\x55\x56\x57"),
        std::string_view("\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f")})
    out.push_back(leaf_hash(bytes));
  return out;
}

constexpr std::string_view known_roots[] = {
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"};

std::vector<std::string> texts(const std::vector<Sha256>& hashes) {
  std::vector<std::string> out;
  for (const Sha256& hash : hashes) out.push_back(hex(hash));
  return out;
}

std::vector<Sha256> leaves(std::size_t size) {
  std::vector<Sha256> out;
  for (std::size_t i = 0; i < size; ++i) out.push_back(leaf_hash(std::to_string(i)));
  return out;
}

// The root as the text of RFC 9162 section 2.1.1 says it, on a list of leaves.
Sha256 plain_root(std::span<const Sha256> leaves) {
  if (leaves.empty()) return sha256("");
  if (leaves.size() == 1) return leaves[0];
  std::size_t k = 1;
  while (2 * k < leaves.size()) k *= 2;
  return node_hash(plain_root(leaves.first(k)), plain_root(leaves.subspan(k)));
}

Tree tree_of(std::span<const Sha256> leaves) {
  return {leaves.size(), plain_root(leaves)};
}

}  // namespace

TEST_CASE("roots of the known leaves are the known roots") {
  auto all = known_leaves();
  Growing growing;
  for (std::size_t size = 0; size <= all.size(); ++size) {
    auto some = std::span(all).first(size);
    CHECK(hex(*root_of(size, nodes_of(some))) == known_roots[size]);
    CHECK(hex(growing.tree().root) == known_roots[size]);
    if (size < all.size()) growing.add(all[size]);
  }
}

// Source: transparency-dev/merkle, the proofs of its tests.
TEST_CASE("proofs over the known leaves are the known proofs") {
  const std::string h1 = "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
                    h01 = "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
                    h23 = "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                    h03 = "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
                    h4 = "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
                    h45 = "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
                    h67 = "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
                    h47 = "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
                    h0 = "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d";
  using Texts = std::vector<std::string>;
  auto all = known_leaves();
  auto nodes = nodes_of(all);
  CHECK(texts(*inclusion_proof(0, 1, nodes)).empty());
  CHECK(texts(*inclusion_proof(0, 8, nodes)) == Texts{h1, h23, h47});
  CHECK(texts(*inclusion_proof(5, 8, nodes)) == Texts{h4, h67, h03});
  CHECK(texts(*inclusion_proof(2, 3, nodes)) == Texts{h01});
  CHECK(texts(*inclusion_proof(1, 5, nodes)) == Texts{h0, h23, h4});
  CHECK(texts(*consistency_proof(1, 1, nodes)).empty());
  CHECK(texts(*consistency_proof(1, 8, nodes)) == Texts{h1, h23, h47});
  CHECK(texts(*consistency_proof(6, 8, nodes)) == Texts{h45, h67, h03});
  CHECK(texts(*consistency_proof(2, 5, nodes)) == Texts{h23, h4});
}

TEST_CASE("every leaf is proved in every tree, and nowhere else") {
  auto all = leaves(40);
  for (std::size_t size = 1; size <= all.size(); ++size) {
    Tree tree = tree_of(std::span(all).first(size));
    for (std::size_t index = 0; index < size; ++index) {
      auto proof = *inclusion_proof(index, size, nodes_of(all));
      REQUIRE(is_in(all[index], index, tree, proof));
      for (std::size_t other = 0; other < size + 3; ++other)
        REQUIRE(is_in(all[index], other, tree, proof) == (other == index));
      REQUIRE(!is_in(all[(index + 1) % 40], index, tree, proof));
      auto longer = proof;
      longer.push_back(all[0]);
      REQUIRE(!is_in(all[index], index, tree, longer));
      longer.assign({all[0]});
      longer.insert(longer.end(), proof.begin(), proof.end());
      REQUIRE(!is_in(all[index], index, tree, longer));
      for (std::size_t at = 0; at < proof.size(); ++at) {
        auto wrong = proof;
        wrong[at][at] ^= 1;
        REQUIRE(!is_in(all[index], index, tree, wrong));
        wrong = proof;
        wrong.erase(wrong.begin() + static_cast<std::ptrdiff_t>(at));
        REQUIRE(!is_in(all[index], index, tree, wrong));
      }
    }
    CHECK(!inclusion_proof(size, size, nodes_of(all)));
  }
}

TEST_CASE("every tree begins every larger one, and no other") {
  auto all = leaves(40), others = all;
  for (std::size_t second = 1; second <= all.size(); ++second) {
    Tree larger = tree_of(std::span(all).first(second));
    for (std::size_t first = 1; first <= second; ++first) {
      Tree smaller = tree_of(std::span(all).first(first));
      auto proof = *consistency_proof(first, second, nodes_of(all));
      REQUIRE(begins(smaller, larger, proof));
      if (first < second) REQUIRE(!begins(larger, smaller, proof));
      others[first - 1][0] ^= 1;  // a history that is another in one leaf
      REQUIRE(!begins(tree_of(std::span(others).first(first)), larger, proof));
      others[first - 1][0] ^= 1;
      for (std::size_t at = 0; at <= proof.size(); ++at) {
        auto wrong = proof;
        wrong.insert(wrong.begin() + static_cast<std::ptrdiff_t>(at), all[0]);
        REQUIRE(!begins(smaller, larger, wrong));
        if (at == proof.size()) continue;
        wrong = proof;
        wrong[at][31] ^= 0x80;
        REQUIRE(!begins(smaller, larger, wrong));
        wrong = proof;
        wrong.erase(wrong.begin() + static_cast<std::ptrdiff_t>(at));
        REQUIRE(!begins(smaller, larger, wrong));
      }
    }
  }
  CHECK(!consistency_proof(0, 3, nodes_of(all)));
  CHECK(!consistency_proof(4, 3, nodes_of(all)));
  CHECK(!begins({0, empty_root()}, tree_of(all), {}));
}

TEST_CASE("a growing tree makes each node once, and goes on from what is kept") {
  auto all = leaves(70);
  std::map<std::pair<unsigned, std::uint64_t>, Sha256> made;
  Growing growing;
  for (std::size_t i = 0; i < all.size(); ++i) {
    made[{0, i}] = all[i];
    growing.add(all[i], [&](unsigned level, std::uint64_t at, const Sha256& hash) {
      CHECK(made.emplace(std::pair(level, at), hash).second);
    });
    REQUIRE(growing.tree() == tree_of(std::span(all).first(i + 1)));
    Nodes kept = [&](unsigned level, std::uint64_t at) -> Result<Sha256> {
      auto found = made.find({level, at});
      return found == made.end() ? Result<Sha256>(missing("not made")) : found->second;
    };
    REQUIRE(Growing::of(i + 1, kept)->tree() == growing.tree());
    REQUIRE(*root_of(i + 1, kept) == growing.tree().root);
    REQUIRE(is_in(all[i / 2], i / 2, growing.tree(), *inclusion_proof(i / 2, i + 1, kept)));
  }
}

TEST_CASE("a hash in text is 64 small digits") {
  CHECK(hex(*parse_hash(known_roots[3])) == known_roots[3]);
  CHECK(!parse_hash("AEB6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77"));
  CHECK(!parse_hash(known_roots[3].substr(1)));
  CHECK(!hash_of("short"));
}

}  // namespace tocsin::ledger
