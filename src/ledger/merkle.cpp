#include "ledger/merkle.h"

#include <algorithm>
#include <bit>
#include <string>

#include "base/text.h"

namespace tocsin::ledger {
namespace {

// The largest power of two below `size`, which is at least 2.
std::uint64_t split(std::uint64_t size) {
  return std::bit_floor(size - 1);
}

// Of leaves that stand side by side, as the tree's recursion parts them: the left part is always a
// whole power of two, and begins at a multiple of it.
Result<Sha256> range_root(std::uint64_t begin, std::uint64_t size, const Nodes& nodes) {
  if (std::has_single_bit(size)) {
    auto level = static_cast<unsigned>(std::countr_zero(size));
    return nodes(level, begin >> level);
  }
  std::uint64_t left = split(size);
  Sha256 a = TRY(range_root(begin, left, nodes));
  Sha256 b = TRY(range_root(begin + left, size - left, nodes));
  return node_hash(a, b);
}

// SUBPROOF of RFC 9162 section 2.1.4.1; `whole`: this is the first tree itself, whose root the
// verifier has.
Result<void> subproof(std::uint64_t first, std::uint64_t begin, std::uint64_t size, bool whole,
                      const Nodes& nodes, std::vector<Sha256>& proof) {
  if (first == size) {
    if (!whole) proof.push_back(TRY(range_root(begin, size, nodes)));
    return {};
  }
  std::uint64_t left = split(size);
  if (first <= left) {
    TRY(subproof(first, begin, left, whole, nodes, proof));
    proof.push_back(TRY(range_root(begin + left, size - left, nodes)));
  } else {
    TRY(subproof(first - left, begin + left, size - left, false, nodes, proof));
    proof.push_back(TRY(range_root(begin, left, nodes)));
  }
  return {};
}

}  // namespace

Sha256 leaf_hash(std::string_view leaf) {
  return sha256(std::string(1, '\0').append(leaf));
}

Sha256 node_hash(const Sha256& left, const Sha256& right) {
  return sha256(std::string(1, '\1').append(bytes_of(left)).append(bytes_of(right)));
}

Sha256 empty_root() {
  return sha256("");
}

Result<Sha256> hash_of(std::string_view bytes) {
  Sha256 hash{};
  if (bytes.size() != hash.size()) return invalid("a hash has 32 octets");
  std::ranges::copy(bytes, hash.begin());
  return hash;
}

Result<Sha256> parse_hash(std::string_view hex) {
  constexpr std::string_view digits = "0123456789abcdef";
  Sha256 hash{};
  bool good = hex.size() == 2 * hash.size();
  for (std::size_t i = 0; good && i < hex.size(); ++i) {
    std::size_t digit = digits.find(hex[i]);
    good = digit != digits.npos;
    hash[i / 2] = static_cast<std::uint8_t>(hash[i / 2] << 4 | (digit & 15));
  }
  if (!good) return invalid("a hash is 64 small hexadecimal digits, not " + text::quote(hex));
  return hash;
}

Nodes nodes_of(std::span<const Sha256> leaves) {
  auto hash = [leaves](auto& self, unsigned level, std::uint64_t at) -> Result<Sha256> {
    if (level > 63 || at >= leaves.size() >> level) return missing("the tree has no such node");
    if (level == 0) return leaves[at];
    Sha256 a = TRY(self(self, level - 1, 2 * at));
    Sha256 b = TRY(self(self, level - 1, 2 * at + 1));
    return node_hash(a, b);
  };
  return [hash](unsigned level, std::uint64_t at) { return hash(hash, level, at); };
}

Result<Sha256> root_of(std::uint64_t size, const Nodes& nodes) {
  return size == 0 ? empty_root() : range_root(0, size, nodes);
}

Result<std::vector<Sha256>> inclusion_proof(std::uint64_t index, std::uint64_t size,
                                            const Nodes& nodes) {
  if (index >= size) return invalid("the tree has no such leaf");
  std::vector<Sha256> proof;
  for (std::uint64_t begin = 0; size > 1;) {
    std::uint64_t left = split(size);
    if (index < begin + left) {
      proof.push_back(TRY(range_root(begin + left, size - left, nodes)));
      size = left;
    } else {
      proof.push_back(TRY(range_root(begin, left, nodes)));
      begin += left;
      size -= left;
    }
  }
  std::ranges::reverse(proof);  // from the leaf up
  return proof;
}

Result<std::vector<Sha256>> consistency_proof(std::uint64_t first, std::uint64_t second,
                                              const Nodes& nodes) {
  if (first == 0 || first > second) return invalid("no tree of these sizes begins the other");
  std::vector<Sha256> proof;
  TRY(subproof(first, 0, second, true, nodes, proof));
  return proof;
}

bool is_in(const Sha256& leaf, std::uint64_t index, const Tree& tree,
           std::span<const Sha256> proof) {
  if (index >= tree.size) return false;
  std::uint64_t fn = index, sn = tree.size - 1;
  Sha256 r = leaf;
  for (const Sha256& p : proof) {
    if (sn == 0) return false;
    if ((fn & 1) != 0 || fn == sn) {
      r = node_hash(p, r);
      while ((fn & 1) == 0 && fn != 0) fn >>= 1, sn >>= 1;
    } else {
      r = node_hash(r, p);
    }
    fn >>= 1;
    sn >>= 1;
  }
  return sn == 0 && r == tree.root;
}

bool begins(const Tree& first, const Tree& second, std::span<const Sha256> proof) {
  if (first.size == 0 || first.size > second.size) return false;
  if (first.size == second.size) return proof.empty() && first.root == second.root;
  std::vector<Sha256> path(proof.begin(), proof.end());
  if (std::has_single_bit(first.size)) path.insert(path.begin(), first.root);
  if (path.empty()) return false;
  std::uint64_t fn = first.size - 1, sn = second.size - 1;
  while ((fn & 1) != 0) fn >>= 1, sn >>= 1;
  Sha256 fr = path.front(), sr = path.front();
  for (const Sha256& c : std::span(path).subspan(1)) {
    if (sn == 0) return false;
    if ((fn & 1) != 0 || fn == sn) {
      fr = node_hash(c, fr);
      sr = node_hash(c, sr);
      while ((fn & 1) == 0 && fn != 0) fn >>= 1, sn >>= 1;
    } else {
      sr = node_hash(sr, c);
    }
    fn >>= 1;
    sn >>= 1;
  }
  return sn == 0 && fr == first.root && sr == second.root;
}

void Growing::add(const Sha256& leaf, const Made& made) {
  Sha256 hash = leaf;
  unsigned level = 0;
  for (std::uint64_t at = size_; (at & 1) != 0; at >>= 1) {
    hash = node_hash(edge_.back(), hash);
    edge_.pop_back();
    if (made) made(++level, at >> 1, hash);
  }
  edge_.push_back(hash);
  ++size_;
}

Tree Growing::tree() const {
  if (edge_.empty()) return {0, empty_root()};
  Sha256 root = edge_.back();
  for (std::size_t i = edge_.size() - 1; i > 0; --i) root = node_hash(edge_[i - 1], root);
  return {size_, root};
}

Result<Growing> Growing::of(std::uint64_t size, const Nodes& nodes) {
  Growing out;
  out.size_ = size;
  std::uint64_t begin = 0;
  for (unsigned level = 64; level-- > 0;) {
    if ((size >> level & 1) == 0) continue;
    out.edge_.push_back(TRY(nodes(level, begin >> level)));
    begin += std::uint64_t{1} << level;
  }
  return out;
}

}  // namespace tocsin::ledger
