// Head: what a node signs of its log: how many leaves, their root, and when; what another member
// signs of it as a witness; and what a recipient signs of a release.
// Source: RFC 9162 section 4.10 for what a signed tree head says; RFC 8032. The texts that are
// signed are ours: docs/ledger.md.
#pragma once

#include <simdjson.h>

#include <span>
#include <string>
#include <string_view>

#include "base/signing.h"
#include "base/time.h"
#include "ledger/leaf.h"
#include "ledger/merkle.h"

namespace tocsin::ledger {

inline constexpr std::uint64_t log_size_max = std::uint64_t{1} << 52;

struct Head {
  std::string node;  // member id
  Sha256 log{};
  Tree tree;
  TimeUs at = 0;
  PublicKey key;
  std::string signature;
  bool operator==(const Head&) const = default;
};

Head signed_head(const std::string& node, const Sha256& log, const Tree& tree, TimeUs at,
                 const SigningKey& key);
// By the key that it names; whose that is, is the caller's to know.
bool is_signed(const Head& head);

// What somebody signed of a text.
struct Signed {
  std::string by;  // member id
  PublicKey key;
  std::string signature;
  bool operator==(const Signed&) const = default;
};
Signed sign_as(const std::string& by, std::string_view text, const SigningKey& key);
inline bool holds(const Signed& one, std::string_view text) {
  return one.key.verifies(text, one.signature);
}

// That `by` has seen this head, and that it goes on from those of the log that it saw before.
std::string witness_text(std::string_view by, const Head& head);
// That `by` got the release which the leaf `receipt` at `place` of its own log quotes.
std::string receipt_text(std::string_view by, const Place& place, const Sha256& receipt);

// A release as its recipient is shown it.
struct Shown {
  std::string leaf;  // leaf_text()
  std::uint64_t index = 0;
  std::vector<Sha256> proof;  // that it is in the head's tree
  Head head;
};

// A recipient's answer to it.
struct Acknowledged {
  std::string leaf;  // its receipt leaf
  Place place;       // where that stands in its log
  Signed by;
};

// Canonical JSON, where the leaf stands as an object. Reading takes any spelling of it; the leaf is
// given back in its one. Errors: invalid: a member is missing or damaged, sizes beyond
// log_size_max, more than 64 hashes in a proof.
std::string json_of(const Head& head);
std::string json_of(const Signed& one);
std::string json_of(std::span<const Sha256> hashes);
std::string json_of(const Shown& shown);
std::string json_of(const Acknowledged& answer);

using Json = simdjson::dom::element;
Result<Head> read_head(const Json& value);
Result<Signed> read_signed(const Json& value);
Result<std::vector<Sha256>> read_hashes(const Json& value, std::size_t most);
Result<Shown> read_shown(const Json& value);
Result<Shown> read_shown(std::string_view json);
Result<Acknowledged> read_acknowledged(const Json& value);
Result<Acknowledged> read_acknowledged(std::string_view json);
inline constexpr std::size_t proof_max = 64;

}  // namespace tocsin::ledger
