#include "wire/stix_bind.h"

#include <fmt/format.h>

#include <algorithm>

namespace tocsin::wire {
namespace {

using Kind = StixBinding::Kind;

constexpr std::size_t leaves_max = 1000;   // that must hold together
constexpr std::size_t choices_max = 1000;  // of OR between more than leaves, on one path

// An OR of leaves is one leaf; alone, a child is its parent.
void simplify(StixBinding& node) {
  for (StixBinding& child : node.children) simplify(child);
  bool leaves =
      std::ranges::all_of(node.children, [](const StixBinding& c) { return c.kind == Kind::leaf; });
  if (node.kind != Kind::any || !leaves) return;
  StixBinding joined;
  for (const StixBinding& child : node.children)
    joined.candidates.insert(joined.candidates.end(), child.candidates.begin(),
                             child.candidates.end());
  std::ranges::sort(joined.candidates);
  auto repeated = std::ranges::unique(joined.candidates);
  joined.candidates.erase(repeated.begin(), repeated.end());
  node = std::move(joined);
}

// A matching of leaves with observations, grown leaf by leaf along augmenting paths: if a leaf
// finds no place, then no choice of places serves all of them.
class Matching {
 public:
  explicit Matching(const std::vector<std::uint64_t>& times) : times_(times), at_(times.size()) {}

  // false: there is no place; work that is left goes down.
  bool add(const StixBinding& leaf, std::size_t& work) {
    leaves_.push_back(&leaf);
    std::vector<bool> seen(times_.size());
    return place(leaves_.size() - 1, seen, work);
  }
  std::size_t size() const { return leaves_.size(); }
  std::vector<std::size_t> chosen() const {
    std::vector<std::size_t> out;
    for (std::size_t i = 0; i < at_.size(); ++i) out.insert(out.end(), at_[i].size(), i);
    return out;
  }

 private:
  bool place(std::size_t leaf, std::vector<bool>& seen, std::size_t& work) {
    for (std::size_t candidate : leaves_[leaf]->candidates) {
      if (work == 0) return false;
      --work;
      if (seen[candidate]) continue;
      seen[candidate] = true;
      if (at_[candidate].size() < times_[candidate]) {
        at_[candidate].push_back(leaf);
        return true;
      }
      for (std::size_t i = 0; i < at_[candidate].size(); ++i) {
        if (!place(at_[candidate][i], seen, work)) continue;
        at_[candidate][i] = leaf;
        return true;
      }
    }
    return false;
  }

  const std::vector<std::uint64_t>& times_;
  std::vector<const StixBinding*> leaves_;
  std::vector<std::vector<std::size_t>> at_;  // which leaves stand at an observation
};

class Search {
 public:
  explicit Search(const std::vector<std::uint64_t>& times) : times_(times) {}

  Result<std::vector<std::size_t>> run(const StixBinding& root) {
    Matching matching(times_);
    bool found = solve({&root}, matching, 0);
    if (too_much_ || work_ == 0)
      return invalid("the pattern leaves too many choices between observations");
    return found ? result_ : std::vector<std::size_t>();
  }

 private:
  bool solve(std::vector<const StixBinding*> pending, Matching matching, std::size_t choices) {
    while (!pending.empty()) {
      const StixBinding& node = *pending.back();
      pending.pop_back();
      if (node.kind == Kind::all) {
        for (const StixBinding& child : node.children) pending.push_back(&child);
      } else if (node.kind == Kind::leaf) {
        too_much_ = too_much_ || matching.size() == leaves_max;
        if (too_much_ || !matching.add(node, work_)) return false;
      } else {
        too_much_ = too_much_ || choices == choices_max;
        for (const StixBinding& child : node.children) {
          if (too_much_ || work_ == 0) return false;
          auto next = pending;
          next.push_back(&child);
          work_ -= std::min(work_, next.size() + matching.size());
          if (solve(std::move(next), matching, choices + 1)) return true;
        }
        return false;
      }
    }
    result_ = matching.chosen();
    return true;
  }

  const std::vector<std::uint64_t>& times_;
  std::vector<std::size_t> result_;
  std::size_t work_ = stix_match_work_max;
  bool too_much_ = false;
};

}  // namespace

Result<std::vector<std::size_t>> bind_observations(StixBinding wanted,
                                                   const std::vector<std::uint64_t>& times) {
  simplify(wanted);
  return Search(times).run(wanted);
}

}  // namespace tocsin::wire
