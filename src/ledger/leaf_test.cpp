#include "ledger/leaf.h"

#include "base/text.h"
#include "test.h"

namespace tocsin::ledger {
namespace {

constexpr TimeUs day = 1'767'225'600 * us_per_s;  // 2026-01-01

Leaf leaf_of(Body body) {
  return {.at = day, .salt = {1, 2, 3}, .body = std::move(body)};
}

Release release() {
  return {.to = "b.example.org",
          .agreement = sha256("agreement"),
          .epoch = 0xfedcba9876543210,
          .via = "taxii",
          .from = 7,
          .until = 19,
          .items = sha256("items"),
          .count = 3,
          .counts = {{"event infected-system", 2}, {"sighting", 1}},
          .answers = {{sha256("log"), 4}},
          .under = 2};
}

std::vector<Body> one_of_each() {
  return {Opening{.node = "a.example.org",
                  .key = SigningKey::from_seed(std::string(32, 's'))->public_key(),
                  .before = Predecessor{sha256("log"), {9, sha256("root")}}},
          release(),
          Denial{.to = "b.example.org", .epoch = 1, .commit = 12, .count = 40, .clause = 4},
          Outcome{.of = 1, .outcome = "received", .receipt = sha256("receipt")},
          Receipt{.from = "b.example.org",
                  .release = {sha256("log"), 3},
                  .leaf = sha256("leaf"),
                  .items = sha256("items"),
                  .shown = sha256("shown"),
                  .taken = 2,
                  .refused = {{"4", 1}}},
          PolicyAct{.what = "stopped", .with = "b.example.org", .details = sha256("details")},
          KeyChange{.key = SigningKey::from_seed(std::string(32, 't'))->public_key()},
          Dropped{.details = {{5, sha256("rest")}}, .items_below = 2}};
}

}  // namespace

TEST_CASE("a leaf of each kind reads back as what was written") {
  auto all = one_of_each();
  REQUIRE(all.size() == std::variant_size_v<Body>);
  for (const Body& body : all) {
    Leaf leaf = leaf_of(body);
    auto again = read_leaf(leaf_text(leaf));
    REQUIRE_MESSAGE(again.has_value(), again.error().what);
    CHECK(*again == leaf);
    Leaf bare = leaf_of(body);
    std::visit([](auto& b) { b = {}; }, bare.body);
    auto empty = read_leaf(leaf_text(bare));
    REQUIRE_MESSAGE(empty.has_value(), empty.error().what);
    CHECK(*empty == bare);
  }
}

TEST_CASE("the spelling of a leaf does not change") {
  std::string_view text =
      R"({"agreement":"46a81739c6ee7c1d5ed084e7de843a7ed79435cd445513e4dd5c4e5ac395fb4b",)"
      R"("answers":[{"index":4,"log":"836ff184e7b41b1e13cb5fd89fa1de98dbbab99e9d2918913ff)"
      R"(43b86a5c7c213"}],"at":"2026-01-01T00:00:00Z","count":3,"counts":{"event infected)"
      R"(-system":2,"sighting":1},"epoch":"fedcba9876543210","from":7,"items":"5f3c4f8580)"
      R"(d392e422e7c2f6802674ac27966c98d95c39696e4b2490168e5488","kind":"release","salt":)"
      R"("01020300000000000000000000000000","to":"b.example.org","under":2,"until":19,"vi)"
      R"(a":"taxii"})";
  CHECK(leaf_text(leaf_of(release())) == text);
  CHECK(hex(leaf_hash(text)) == "a12084c6eef2d06fec966beb4cf4a28681255f3843f9ecf37d33c81c492516c0");
}

TEST_CASE("any other spelling of a leaf is none") {
  std::string text = leaf_text(leaf_of(release()));
  auto refused = [](const std::string& other) {
    auto leaf = read_leaf(other);
    return !leaf && leaf.error().fault == Fault::invalid;
  };
  CHECK(refused(" " + text));
  CHECK(refused("{\"a\":1," + text.substr(1)));  // a member more
  CHECK(refused(std::string(text).replace(text.find("taxii"), 1, "\\u0074")));
  CHECK(refused(std::string(text).replace(text.find("release"), 7, "releases")));
  CHECK(refused(std::string(text).replace(text.find("\"count\":3"), 9, "\"count\":3.0")));
  CHECK(refused(std::string(text).replace(text.find("\"count\":3"), 9, "\"count\":-3")));
  CHECK(refused("[]"));
  CHECK(refused("{}"));
  CHECK(refused(std::string(leaf_bytes_max + 1, ' ')));
}

TEST_CASE("no byte of a leaf can change and the leaf stay the same") {
  auto all = one_of_each();
  for (const Body& body : all) {
    const std::string text = leaf_text(leaf_of(body));
    for (std::size_t at = 0; at < text.size(); ++at) {
      for (unsigned bit = 0; bit < 8; ++bit) {
        std::string other = text;
        other[at] = static_cast<char>(other[at] ^ 1 << bit);
        auto read = read_leaf(other);
        if (read) REQUIRE(leaf_text(*read) == other);  // another leaf, with another hash
      }
      CHECK(!read_leaf(text.substr(0, at)));
    }
  }
}

TEST_CASE("who knows an item but not its salt cannot find it in the root") {
  Sha256 item = sha256("198.51.100.7");
  std::string secret(16, 'x');
  auto for_b = item_salt(secret, "b.example.org"), for_c = item_salt(secret, "c.example.org");
  CHECK(for_b.size() == 16);
  CHECK(for_b != for_c);
  CHECK(item_hash(for_b, item) != item_hash(for_c, item));
  CHECK(item_hash(for_b, item) != item_hash(std::string(16, '\0'), item));
  CHECK(items_root({}) == empty_root());
  std::vector<Sha256> one = {item_hash(for_b, item)};
  CHECK(items_root(one) == one[0]);
  CHECK(commitment(for_b, "text") != commitment(for_c, "text"));
}

TEST_CASE("a leaf says which member it is about") {
  std::vector<std::string_view> kinds, partners;
  auto all = one_of_each();
  for (const Body& body : all) {
    kinds.push_back(kind_of(body));
    partners.push_back(partner_of(body));
  }
  CHECK(kinds == std::vector<std::string_view>{"opening", "release", "denial", "outcome", "receipt",
                                               "policy", "key", "dropped"});
  CHECK(partners == std::vector<std::string_view>{"", "b.example.org", "b.example.org", "",
                                                  "b.example.org", "b.example.org", "", ""});
}

}  // namespace tocsin::ledger
