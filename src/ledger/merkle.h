// Merkle trees over a list of leaves: hashes, roots, proofs that a leaf is in a tree and that one
// tree is the beginning of another. Source: RFC 9162 section 2.1, with SHA-256.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string_view>
#include <vector>

#include "base/hash.h"
#include "base/result.h"

namespace tocsin::ledger {

Sha256 leaf_hash(std::string_view leaf);
Sha256 node_hash(const Sha256& left, const Sha256& right);
Sha256 empty_root();

inline std::string_view bytes_of(const Sha256& hash) {
  return {reinterpret_cast<const char*>(hash.data()), hash.size()};
}
// Errors: invalid: not 32 octets; not 64 small hexadecimal digits.
Result<Sha256> hash_of(std::string_view bytes);
Result<Sha256> parse_hash(std::string_view hex);

// The hash over the leaves [at << level, (at + 1) << level), of which every one is in the tree.
// Level 0 is the leaves' own. Errors: whatever keeps them.
using Nodes = std::function<Result<Sha256>(unsigned level, std::uint64_t at)>;
// Those of leaves in memory, which outlive it. Errors: missing.
Nodes nodes_of(std::span<const Sha256> leaves);

// Each asks for at most 2 * 64 nodes. Errors: those of `nodes`; invalid, if `index` is not below
// `size`, `first` is 0 or above `second`.
Result<Sha256> root_of(std::uint64_t size, const Nodes& nodes);
Result<std::vector<Sha256>> inclusion_proof(std::uint64_t index, std::uint64_t size,
                                            const Nodes& nodes);
Result<std::vector<Sha256>> consistency_proof(std::uint64_t first, std::uint64_t second,
                                              const Nodes& nodes);

struct Tree {
  std::uint64_t size = 0;
  Sha256 root{};
  bool operator==(const Tree&) const = default;
};

// The proof is used to its end, or it is none. Source: RFC 9162 sections 2.1.3.2 and 2.1.4.2.
bool is_in(const Sha256& leaf, std::uint64_t index, const Tree& tree,
           std::span<const Sha256> proof);
bool begins(const Tree& first, const Tree& second, std::span<const Sha256> proof);

// A tree that leaves are added to: of it only the right edge is kept.
class Growing {
 public:
  // Adds a leaf. `made` is told of each node that it completes, from level 1 up.
  using Made = std::function<void(unsigned level, std::uint64_t at, const Sha256& hash)>;
  void add(const Sha256& leaf, const Made& made = {});
  std::uint64_t size() const { return size_; }
  Tree tree() const;

  // The right edge of a tree of which the nodes are kept. Errors: those of `nodes`.
  static Result<Growing> of(std::uint64_t size, const Nodes& nodes);

 private:
  std::uint64_t size_ = 0;
  std::vector<Sha256> edge_;  // one hash for each bit of the size, the largest first
};

}  // namespace tocsin::ledger
