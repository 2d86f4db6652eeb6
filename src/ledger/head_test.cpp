#include "ledger/head.h"

#include "test.h"

namespace tocsin::ledger {
namespace {

constexpr TimeUs day = 1'767'225'600 * us_per_s;  // 2026-01-01

// Source: RFC 8032 section 7.1, TEST 1: the private key.
SigningKey key() {
  auto seed = *parse_hash("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60");
  return *SigningKey::from_seed(bytes_of(seed));
}

Head head() {
  return signed_head("a.example.org", sha256("log"), {3, sha256("root")}, day, key());
}

template <class T>
T parsed(const std::string& json, Result<T> (*read)(const Json&)) {
  simdjson::dom::parser parser;
  auto value = read(parser.parse(simdjson::padded_string(json)).value_unsafe());
  REQUIRE_MESSAGE(value.has_value(), value.error().what);
  return *std::move(value);
}

}  // namespace

TEST_CASE("a head is what its key signed, and nothing else") {
  Head good = head();
  CHECK(is_signed(good));
  CHECK(good.key.text() == "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a");
  for (auto change :
       {+[](Head& h) { h.node = "b.example.org"; }, +[](Head& h) { h.log[0] ^= 1; },
        +[](Head& h) { ++h.tree.size; }, +[](Head& h) { h.tree.root[31] ^= 1; },
        +[](Head& h) { ++h.at; }, +[](Head& h) { h.key.bytes[0] ^= 1; },
        +[](Head& h) { h.signature[63] ^= 1; }, +[](Head& h) { h.signature.pop_back(); }}) {
    Head wrong = head();
    change(wrong);
    CHECK(!is_signed(wrong));
  }
}

TEST_CASE("what a witness and a recipient sign is of one head and one leaf") {
  Head good = head();
  auto witness = sign_as("b.example.org", witness_text("b.example.org", good), key());
  CHECK(holds(witness, witness_text("b.example.org", good)));
  Head other = signed_head("a.example.org", sha256("log"), {4, sha256("root")}, day, key());
  CHECK(!holds(witness, witness_text("b.example.org", other)));
  CHECK(!holds(witness, witness_text("c.example.org", good)));
  CHECK(receipt_text("b", {sha256("log"), 3}, sha256("leaf")) !=
        receipt_text("b", {sha256("log"), 4}, sha256("leaf")));
}

TEST_CASE("what goes between nodes reads back as it was written") {
  CHECK(parsed(json_of(head()), read_head) == head());
  Leaf leaf{.at = day, .body = Release{.to = "b.example.org", .count = 2}};
  Shown shown{leaf_text(leaf), 2, {sha256("1"), sha256("2")}, head()};
  auto again = parsed(json_of(shown), read_shown);
  CHECK(again.leaf == shown.leaf);
  CHECK(again.index == 2);
  CHECK(again.proof == shown.proof);
  CHECK(again.head == shown.head);
  Acknowledged answer{shown.leaf, {sha256("log"), 9}, sign_as("b", "text", key())};
  auto back = parsed(json_of(answer), read_acknowledged);
  CHECK(back.leaf == answer.leaf);
  CHECK(back.place == answer.place);
  CHECK(back.by == answer.by);
}

TEST_CASE("what is cut, too long or too large is refused") {
  auto refused = [](const std::string& json) {
    simdjson::dom::parser parser;
    return !read_shown(parser.parse(simdjson::padded_string(json)).value_unsafe());
  };
  Leaf leaf{.at = day, .body = Release{.to = "b.example.org", .count = 2}};
  Shown shown{leaf_text(leaf), 2, {}, head()};
  CHECK(!refused(json_of(shown)));
  shown.index = log_size_max + 1;
  CHECK(refused(json_of(shown)));
  shown.index = 2;
  shown.proof.resize(proof_max + 1);
  CHECK(refused(json_of(shown)));
  CHECK(refused("{}"));
  CHECK(refused("[]"));
  CHECK(refused(R"({"head":{},"index":1,"leaf":{},"proof":[]})"));
}

}  // namespace tocsin::ledger
