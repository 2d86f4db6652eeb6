#include "ledger/log_check.h"

#include <fmt/format.h>

#include <algorithm>

namespace tocsin::ledger {
namespace {

template <class T>
std::uint8_t kind_index() {
  return static_cast<std::uint8_t>(Body(T{}).index());
}

Error at_entry(std::uint64_t index, std::string_view what) {
  return {Fault::invalid, fmt::format("entry {}: {}", index, what)};
}

}  // namespace

LogCheck::LogCheck(std::span<const Tree> known) {
  for (const Tree& tree : known) known_.emplace(tree.size, tree.root);
}

Result<void> LogCheck::add(const Entry& entry) {
  auto done = [&]() -> Result<void> {
    TRY(check_leaf(entry));
    TRY(check_body(entry));
    TRY(check_details(entry));
    return check_head(entry);
  };
  here_ = kinds_.size();  // the place where it stands, not what is written in it
  auto good = done();
  if (!good) return std::unexpected(at_entry(here_, good.error().what));
  return {};
}

Result<void> LogCheck::check_leaf(const Entry& entry) {
  if (entry.index != here_) return invalid(fmt::format("here stands entry {}", entry.index));
  if (leaf_hash(entry.leaf) != entry.hash)
    return invalid("the leaf is not the one that was hashed");
  leaf_ = TRY(read_leaf(entry.leaf));
  kinds_.push_back(static_cast<std::uint8_t>(leaf_.body.index()));
  if (leaf_.at < last_) return invalid("it is older than the one before");
  last_ = leaf_.at;
  const auto* opening = std::get_if<Opening>(&leaf_.body);
  if ((here_ == 0) != (opening != nullptr))
    return invalid(here_ == 0 ? "a log begins with an opening" : "a log is opened once");
  if (opening != nullptr) {
    verdict_.node = opening->node;
    verdict_.log = entry.hash;
    verdict_.keys.push_back(key_ = opening->key);
  }
  if (const auto* change = std::get_if<KeyChange>(&leaf_.body)) next_key_ = change->key;
  tree_.add(entry.hash);
  return {};
}

Result<void> LogCheck::check_body(const Entry& entry) {
  const auto* release = std::get_if<Release>(&leaf_.body);
  const auto* receipt = std::get_if<Receipt>(&leaf_.body);
  if (release == nullptr && (entry.items || !entry.acknowledged.empty()))
    return invalid("beside it stands what belongs to a release");
  if (receipt == nullptr && !entry.shown.empty())
    return invalid("beside it stands what belongs to a receipt");
  if (release != nullptr) return check_release(entry, *release);
  if (receipt != nullptr) return check_receipt(entry, *receipt);
  if (const auto* outcome = std::get_if<Outcome>(&leaf_.body)) return check_outcome(*outcome);
  if (const auto* dropped = std::get_if<Dropped>(&leaf_.body))
    dropped->log ? verdict_.elsewhere.push_back(*dropped) : drop(*dropped);
  return {};
}

Result<void> LogCheck::check_release(const Entry& entry, const Release& release) {
  ++verdict_.releases;
  open_.insert(entry.index);
  if (release.under &&
      (*release.under >= entry.index || kinds_[*release.under] != kind_index<PolicyAct>()))
    return invalid(fmt::format("entry {}, which it names, allows nothing", *release.under));
  if (!entry.items && release.count > 0) bare_.insert(entry.index);
  if (entry.items &&
      (entry.items->size() != release.count || items_root(*entry.items) != release.items))
    return invalid("the hashes of its items are not those that it holds");
  if (entry.acknowledged.empty()) return {};
  auto answer = TRY(read_acknowledged(std::string_view(entry.acknowledged)));
  if (json_of(answer) != entry.acknowledged) return invalid("the answer beside it is damaged");
  Leaf leaf = TRY(read_leaf(answer.leaf));
  const auto* receipt = std::get_if<Receipt>(&leaf.body);
  if (receipt == nullptr || receipt->release != Place{verdict_.log, entry.index} ||
      receipt->leaf != entry.hash || receipt->from != verdict_.node || answer.by.by != release.to)
    return invalid("the answer beside it is to another release");
  if (!holds(answer.by, receipt_text(release.to, answer.place, leaf_hash(answer.leaf))))
    return invalid("the answer beside it is not signed");
  answers_.emplace(entry.index, evidence(entry.acknowledged));
  return {};
}

Result<void> LogCheck::check_outcome(const Outcome& outcome) {
  if (outcome.of >= kinds_.size() || kinds_[outcome.of] != kind_index<Release>())
    return invalid(fmt::format("entry {}, which it tells of, is no release", outcome.of));
  open_.erase(outcome.of);
  if (!outcome.receipt) return {};
  auto answer = answers_.find(outcome.of);
  if (answer == answers_.end() || answer->second != *outcome.receipt) {
    std::uint64_t told_by = std::exchange(here_, outcome.of);
    return invalid(
        fmt::format("its answer is missing, or not the one that entry {} tells of", told_by));
  }
  answers_.erase(answer);
  ++verdict_.acknowledged;
  return {};
}

Result<void> LogCheck::check_receipt(const Entry& entry, const Receipt& receipt) {
  ++verdict_.receipts;
  if (evidence(entry.shown) != receipt.shown)
    return invalid("the release that it is for is missing, or not the one that was shown");
  auto shown = TRY(read_shown(std::string_view(entry.shown)));
  if (json_of(shown) != entry.shown) return invalid("the release beside it is damaged");
  Leaf leaf = TRY(read_leaf(shown.leaf));
  const auto* release = std::get_if<Release>(&leaf.body);
  if (release == nullptr || release->to != verdict_.node || release->items != receipt.items ||
      receipt.leaf != leaf_hash(shown.leaf) || receipt.from != shown.head.node ||
      receipt.release != Place{shown.head.log, shown.index})
    return invalid("the release beside it is another one");
  if (!is_signed(shown.head) || !is_in(receipt.leaf, shown.index, shown.head.tree, shown.proof))
    return invalid("the release beside it is not in a log that its sender signed");
  return {};
}

Result<void> LogCheck::check_details(const Entry& entry) {
  const auto* act = std::get_if<PolicyAct>(&leaf_.body);
  bool has = act != nullptr && act->details;
  if (has != entry.details.has_value())
    return invalid(has ? "its details are missing" : "beside it stand details of nothing");
  if (!has) return {};
  Sha256 kept = commitment(entry.details->salt, entry.details->text);
  if (kept != *act->details) masked_.emplace(entry.index, kept);
  return {};
}

void LogCheck::drop(const Dropped& dropped) {
  for (const auto& [of, details] : dropped.details) {
    auto masked = masked_.find(of);
    if (masked == masked_.end() || masked->second != details) continue;  // masked once more later
    masked_.erase(masked);
    ++verdict_.masked;
  }
  bare_.erase(bare_.begin(), bare_.lower_bound(std::min(dropped.items_below, tree_.size())));
}

Result<void> LogCheck::check_head(const Entry& entry) {
  Tree tree = tree_.tree();
  if (auto known = known_.find(tree.size); known != known_.end() && known->second != tree.root)
    return invalid("up to here it is not the log that was noted");
  if (!entry.head) return {};
  const Head& head = *entry.head;
  if (head.node != verdict_.node || head.log != verdict_.log || head.tree.size != tree.size)
    return invalid("its head is of another log or place");
  if (head.key != key_) return invalid("its head is signed by another key than the log's");
  if (!is_signed(head)) return invalid("its head is not what was signed");
  if (head.at < last_) return invalid("its head is older than it");
  if (head.tree.root != tree.root) {
    // Each leaf fits its hash, and the head its signature: they were changed together.
    here_ = covered_;
    return invalid(
        here_ + 1 == tree.size
            ? "it is not the leaf that was signed"
            : fmt::format("it, or one up to {}, is not the leaf that was signed", tree.size - 1));
  }
  covered_ = tree.size;
  last_ = head.at;
  ++verdict_.heads;
  if (next_key_) verdict_.keys.push_back(key_ = *std::exchange(next_key_, std::nullopt));
  return {};
}

Result<Verdict> LogCheck::end(std::uint64_t size) {
  std::uint64_t got = tree_.size();
  if (got < size) return std::unexpected(at_entry(got, "it and what came after it are missing"));
  if (got > covered_) return std::unexpected(at_entry(covered_, "no head is signed over it"));
  if (!known_.empty() && known_.rbegin()->first > got)
    return std::unexpected(
        at_entry(got, fmt::format("it is missing: {} entries were noted", known_.rbegin()->first)));
  for (const Dropped& dropped : later_) drop(dropped);
  if (!masked_.empty())
    return std::unexpected(
        at_entry(masked_.begin()->first, "its details are not those that it holds"));
  if (!bare_.empty())
    return std::unexpected(at_entry(*bare_.begin(), "the hashes of its items are missing"));
  if (!answers_.empty())
    return std::unexpected(
        at_entry(answers_.begin()->first, "no outcome tells of the answer beside it"));
  verdict_.tree = tree_.tree();
  verdict_.unknown = open_.size();
  return verdict_;
}

}  // namespace tocsin::ledger
