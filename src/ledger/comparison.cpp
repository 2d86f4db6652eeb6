#include "ledger/comparison.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

namespace tocsin::ledger {
namespace {

struct Quoted {
  Sha256 leaf{};
  std::uint64_t index = 0;  // of the receipt
};

std::map<Place, Quoted> receipts_of(const Account& account) {
  std::map<Place, Quoted> out;
  for (const AccountEntry& entry : account.entries) {
    if (const auto* receipt = std::get_if<Receipt>(&entry.leaf.body))
      out.emplace(receipt->release, Quoted{receipt->leaf, entry.index});
  }
  return out;
}

const Opening& opening_of(const Account& account) {
  return std::get<Opening>(account.entries.front().leaf.body);
}

// The releases of `owner` against the receipts of `other`.
void compare_releases(const Account& owner, const Account& other, Comparison& out) {
  auto receipts = receipts_of(other);
  std::map<Sha256, std::uint64_t> elsewhere;  // receipts in a log of `other` that it does not name
  auto differs = [&](std::uint64_t index, std::string what) {
    out.differences.push_back({owner.head.node, index, std::move(what)});
  };
  for (const AccountEntry& entry : owner.entries) {
    if (!std::holds_alternative<Release>(entry.leaf.body)) continue;
    auto found = receipts.find({owner.head.log, entry.index});
    if (found == receipts.end()) {
      if (entry.acknowledged && entry.acknowledged->place.log != other.head.log) {
        const auto& [log, index] = entry.acknowledged->place;
        const auto& before = opening_of(other).before;
        if (!before || before->log != log || index >= before->tree.size) ++elsewhere[log];
      } else if (entry.acknowledged && entry.acknowledged->place.index >= other.head.tree.size &&
                 other.head.at < owner.head.at) {
        ++out.open;  // the other account is older than the receipt
      } else if (entry.acknowledged) {
        differs(entry.index,
                fmt::format("{} signed a receipt for it, and its log has none", other.head.node));
      } else if (entry.leaf.at + on_its_way > other.head.at) {
        ++out.open;
      } else {
        differs(entry.index, fmt::format("{} has no receipt for it", other.head.node));
      }
      continue;
    }
    if (found->second.leaf == entry.hash) {
      ++out.agreed;
    } else {
      differs(entry.index, fmt::format("{} was shown another release there, of which its entry {} "
                                       "is the receipt",
                                       other.head.node, found->second.index));
    }
    receipts.erase(found);
  }
  for (const auto& [log, count] : elsewhere) {
    out.notes.push_back(
        fmt::format("{} of the receipts that {} holds of {} are in another log of it, {}", count,
                    owner.head.node, other.head.node, hex(log)));
  }
  const auto& before = opening_of(owner).before;
  for (const auto& [place, quoted] : receipts) {
    if (place.log == owner.head.log) {
      if (place.index >= owner.head.tree.size && owner.head.at < other.head.at) {
        ++out.open;  // the account is older than the receipt
      } else {
        differs(place.index, fmt::format("{} has a receipt for it, its entry {}; the log of {} has "
                                         "no such release",
                                         other.head.node, quoted.index, owner.head.node));
      }
    } else if (!before || before->log != place.log) {
      out.notes.push_back(
          fmt::format("{}: entry {} is the receipt of a release in another log "
                      "of {}, {}",
                      other.head.node, quoted.index, owner.head.node, hex(place.log)));
    } else if (place.index >= before->tree.size) {
      out.notes.push_back(
          fmt::format("{}: entry {} is the receipt of a release that {} lost when "
                      "it restored a backup",
                      other.head.node, quoted.index, owner.head.node));
    }
  }
}

// What `other` has seen of the log of `owner`, and what cannot be told of it.
void compare_heads(const Account& owner, const Account& other, Comparison& out) {
  std::uint64_t unproved = 0, newest = 0;
  for (const Head& head : other.seen) {
    if (head.node != owner.head.node) continue;
    const Tree &then = head.tree, &now = owner.head.tree;
    if (head.log != owner.head.log) {
      const auto& before = opening_of(owner).before;
      if (!before || before->log != head.log)
        out.notes.push_back(fmt::format("{} has a head of another log of {}, {}", other.head.node,
                                        head.node, hex(head.log)));
    } else if (then.size > now.size && head.at < owner.head.at) {
      out.differences.push_back(
          {head.node, now.size,
           fmt::format("it was signed for {}, in a head of {} entries at {}; at {} the log ends "
                       "before it",
                       other.head.node, then.size, times::format(head.at),
                       times::format(owner.head.at))});
    } else if (then.size < now.size && (!owner.since || owner.since->tree.size != then.size)) {
      ++unproved;
      newest = std::max(newest, then.size);
    } else if (then.size < now.size && owner.since->tree.root != then.root) {
      out.differences.push_back(
          {head.node, then.size - 1,
           fmt::format("up to here, {} was shown another log", other.head.node)});
    }
  }
  if (unproved > 0) {
    out.notes.push_back(fmt::format(
        "not proved here: that {} head(s) of {} that {} holds are beginnings of its log; "
        "an account with a proof from the newest of them, of {} entries, shows it",
        unproved, owner.head.node, other.head.node, newest));
  }
}

void hold(const Account& account, std::vector<Held>& heads) {
  const std::string& by = account.head.node;
  heads.push_back({account.head, by});
  for (const Head& head : account.seen) heads.push_back({head, by});
  for (const AccountEntry& entry : account.entries) {
    if (entry.shown) heads.push_back({entry.shown->head, by});
  }
}

}  // namespace

std::string Difference::text() const {
  return fmt::format("entry {} of {}: {}", index, member, what);
}

std::vector<Difference> split_views(const std::vector<Held>& heads) {
  std::map<std::tuple<std::string, Sha256, std::uint64_t>, const Held*> first;
  std::vector<Difference> out;
  for (const Held& held : heads) {
    const Head& head = held.head;
    const Held* known =
        first.try_emplace({head.node, head.log, head.tree.size}, &held).first->second;
    if (known->head.tree.root == head.tree.root) continue;
    out.push_back(
        {head.node, head.tree.size - 1,
         fmt::format("split view: up to here {} signed two logs: root {} (held by {}) and "
                     "root {} (held by {})",
                     head.node, hex(known->head.tree.root), known->from, hex(head.tree.root),
                     held.from)});
  }
  return out;
}

Result<Comparison> compare(const Account& one, const Account& other) {
  if (one.to != other.head.node || other.to != one.head.node)
    return invalid(fmt::format("an account of {} for {} does not compare with one of {} for {}",
                               one.head.node, one.to, other.head.node, other.to));
  Comparison out;
  std::vector<Held> heads;
  hold(one, heads);
  hold(other, heads);
  out.differences = split_views(heads);
  compare_heads(one, other, out);
  compare_heads(other, one, out);
  compare_releases(one, other, out);
  compare_releases(other, one, out);
  std::ranges::stable_sort(out.differences, {}, [&](const Difference& d) {
    return std::tuple(d.member != one.head.node, d.member != other.head.node, d.index);
  });
  return out;
}

}  // namespace tocsin::ledger
