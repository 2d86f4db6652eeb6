// MadeLog: a member's log for tests: made in memory by the ledger's own functions, with fixed keys,
// salts and times, so that it is the same each time.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "ledger/account.h"
#include "ledger/log_file.h"

namespace tocsin::ledger {

class MadeLog {
 public:
  static constexpr TimeUs begin = 1'767'225'600 * us_per_s;  // 2026-01-01

  explicit MadeLog(std::string member)
      : node(std::move(member)), key_(*SigningKey::from_seed(bytes_of(sha256(node)))) {
    add(Opening{.node = node, .key = key_.public_key()});
  }

  // Adds a leaf a second later.
  Entry& add(Body body) {
    Leaf leaf{.at = at_ += us_per_s, .body = std::move(body)};
    std::string_view salt = bytes_of(salt_ = sha256(fmt::format("{} {}", node, entries.size())));
    std::copy_n(salt.begin(), leaf.salt.size(), leaf.salt.begin());
    Entry& entry = entries.emplace_back(Entry{.index = entries.size(), .leaf = leaf_text(leaf)});
    entry.hash = leaf_hash(entry.leaf);
    tree_.add(entry.hash);
    return entry;
  }
  // Signs a head over what there is.
  void seal() {
    entries.back().head = signed_head(node, log(), tree_.tree(), at_ += us_per_s, key_);
  }

  // Releases to a member, with as many made-up items.
  std::uint64_t release(const std::string& to, std::uint64_t count, const std::string& what,
                        Release like = {}) {
    std::vector<Sha256> items;
    for (std::uint64_t i = 0; i < count; ++i)
      items.push_back(item_hash(item_salt("secret", to), sha256(fmt::format("{} {}", what, i))));
    like.to = to;
    like.agreement = sha256("agreement");
    like.via = "taxii";
    like.from = 100 * entries.size();
    like.until = like.from + count;
    like.count = count;
    like.counts = {{what, count}};
    like.items = items_root(items);
    Entry& entry = add(like);
    if (count > 0) entry.items = items;
    seal();
    return entry.index;
  }
  // As the last head shows it.
  Shown shown(std::uint64_t index) const {
    auto last = std::ranges::find_if(entries.rbegin(), entries.rend(),
                                     [](const Entry& entry) { return entry.head.has_value(); });
    auto hashes = leaf_hashes();
    return {.leaf = entries[index].leaf,
            .index = index,
            .proof = *inclusion_proof(index, last->head->tree.size, nodes_of(hashes)),
            .head = *last->head};
  }
  // The answer to a partner's release.
  Acknowledged receive(const Shown& shown, std::map<std::string, std::uint64_t> refused = {}) {
    auto release = std::get<Release>(read_leaf(shown.leaf)->body);
    Receipt receipt{.from = shown.head.node,
                    .release = {shown.head.log, shown.index},
                    .leaf = leaf_hash(shown.leaf),
                    .items = release.items,
                    .shown = evidence(json_of(shown)),
                    .taken = release.count,
                    .refused = std::move(refused)};
    for (const auto& [clause, count] : receipt.refused) receipt.taken -= count;
    Entry& entry = add(receipt);
    entry.shown = json_of(shown);
    seal();
    Place place{log(), entry.index};
    return {entry.leaf, place, sign_as(node, receipt_text(node, place, entry.hash), key_)};
  }
  void acknowledge(std::uint64_t index, const Acknowledged& answer) {
    std::string json = json_of(answer);
    entries[index].acknowledged = json;
    add(Outcome{.of = index, .outcome = "received", .receipt = evidence(json)});
  }
  void policy(const std::string& what, const std::string& with, const std::string& details) {
    std::string salt(16, 'd');
    Entry& entry = add(PolicyAct{.what = what,
                                 .with = with,
                                 .agreement = sha256("agreement"),
                                 .epoch = entries.size(),
                                 .details = commitment(salt, details)});
    entry.details = Entry::Details{salt, details};
  }
  void change_key() {
    auto fresh = *SigningKey::from_seed(bytes_of(sha256(node + " again")));
    add(KeyChange{.key = fresh.public_key()});
    seal();
    key_ = std::move(fresh);
  }

  Sha256 log() const { return entries.front().hash; }
  Tree tree() const { return tree_.tree(); }
  const SigningKey& key() const { return key_; }
  std::vector<Sha256> leaf_hashes() const {
    std::vector<Sha256> out;
    for (const Entry& entry : entries) out.push_back(entry.hash);
    return out;
  }
  std::string file() const {
    std::string out = log_heading(*entries.back().head);
    for (const Entry& entry : entries) out += entry_line(entry);
    return out;
  }
  Result<Verdict> check(std::span<const Tree> known = {}) const {
    LogCheck log(known);
    for (const Entry& entry : entries) TRY(log.add(entry));
    return log.end(entries.size());
  }

  std::string node;
  std::vector<Entry> entries;

 private:
  SigningKey key_;
  Growing tree_;
  Sha256 salt_{};
  TimeUs at_ = begin;
};

// The account of `log` for `to`.
inline Account account_of(const MadeLog& log, const std::string& to) {
  Account account{.to = to};
  auto hashes = log.leaf_hashes();
  auto last = std::ranges::find_if(log.entries.rbegin(), log.entries.rend(),
                                   [](const Entry& entry) { return entry.head.has_value(); });
  account.head = *last->head;
  std::uint64_t size = account.head.tree.size;
  std::set<std::uint64_t> releases;
  for (const Entry& entry : std::span(log.entries).first(size)) {
    Leaf leaf = *read_leaf(entry.leaf);
    const auto* outcome = std::get_if<Outcome>(&leaf.body);
    bool general = entry.index == 0 || std::holds_alternative<KeyChange>(leaf.body);
    bool theirs = partner_of(leaf.body) == to &&
                  (kind_of(leaf.body) == "release" || kind_of(leaf.body) == "receipt");
    if (!general && !theirs && (outcome == nullptr || !releases.contains(outcome->of))) continue;
    if (theirs) releases.insert(entry.index);
    auto& one = account.entries.emplace_back(AccountEntry{.index = entry.index});
    one.leaf = leaf;
    one.hash = entry.hash;
    one.proof = *inclusion_proof(entry.index, size, nodes_of(hashes));
    if (!entry.shown.empty()) one.shown = *read_shown(std::string_view(entry.shown));
    if (!entry.acknowledged.empty())
      one.acknowledged = *read_acknowledged(std::string_view(entry.acknowledged));
  }
  return account;
}

// Two members after a month of exchange: every kind of leaf stands in the first one's log.
inline std::pair<MadeLog, MadeLog> made_pair() {
  MadeLog a("a.example.org"), b("b.example.org");
  a.policy("signed", b.node, "Ana Silva and Bo Berg: the yearly renewal");
  b.policy("signed", a.node, "Bea Lind");
  auto exchange = [](MadeLog& from, MadeLog& to, std::uint64_t count, const std::string& what,
                     std::map<std::string, std::uint64_t> refused = {}, Release like = {}) {
    auto index = from.release(to.node, count, what, std::move(like));
    from.add(Outcome{.of = index, .outcome = "sent"});
    from.acknowledge(index, to.receive(from.shown(index), std::move(refused)));
    return index;
  };
  exchange(a, b, 5, "event infected-system");
  exchange(b, a, 2, "indicator");
  for (std::uint32_t clause : {4, 9})
    a.add(Denial{.to = b.node, .commit = 9, .count = 13 - clause, .clause = clause});
  exchange(b, a, 3, "sighting", {{"4", 1}});
  auto asked = exchange(a, b, 1, "request");
  a.change_key();
  exchange(b, a, 1, "opinion confirmed", {}, {.answers = {{a.log(), asked}}});
  a.policy("emergency", b.node, "Ana Silva: the plant at 198.51.100.7");
  exchange(a, b, 1, "finding", {}, {.under = a.entries.size() - 1});
  a.add(Dropped{.items_below = 5});
  for (std::size_t i = 0; i < 5; ++i) a.entries[i].items.reset();
  a.entries[1].details = {std::string(16, 'n'), "(erased) and Bo Berg: the yearly renewal"};
  a.add(Dropped{.details = {{1, commitment(std::string(16, 'n'), a.entries[1].details->text)}},
                .items_below = 5});
  a.release(b.node, 2, "event defacement");  // not answered yet
  a.seal();
  b.seal();
  return {std::move(a), std::move(b)};
}

}  // namespace tocsin::ledger
