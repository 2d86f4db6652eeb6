// The ledger's exchange with partners: releases shown, receipts given and taken.
#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "share/ledger.h"
#include "share/ledger_rows.h"

namespace tocsin::share {

using namespace ledger;  // NOLINT: see ledger.cpp

namespace {

bool is_key_of(const Peer& peer, const PublicKey& key) {
  return std::ranges::find(peer.keys, key) != peer.keys.end();
}

// A partner wrote them: the sum does not wrap.
std::uint64_t sum(const std::map<std::string, std::uint64_t>& numbers) {
  std::uint64_t all = 0;
  for (const auto& [name, number] : numbers) all += std::min(number, UINT64_MAX - all);
  return all;
}

// The release that is shown, if it is the partner's, for us, and of these items.
Result<Release> checked(const Ledger::Taken& taken, const Peer& from, const std::string& us) {
  const Shown& shown = taken.shown;
  if (shown.head.node != from.id || !is_key_of(from, shown.head.key) || !is_signed(shown.head))
    return denied(fmt::format("the head of a release is not signed by {}", text::quote(from.id)));
  if (!is_in(leaf_hash(shown.leaf), shown.index, shown.head.tree, shown.proof))
    return denied(fmt::format("entry {} is not in the log that {} signed", shown.index,
                              text::quote(from.id)));
  Leaf leaf = TRY(read_leaf(shown.leaf));
  const auto* release = std::get_if<Release>(&leaf.body);
  if (release == nullptr || release->to != us)
    return denied(
        fmt::format("entry {} of {} is no release to us", shown.index, text::quote(from.id)));
  if (taken.items.size() != release->count || items_root(taken.items) != release->items)
    return invalid(fmt::format("these are not the items of entry {} of {}", shown.index,
                               text::quote(from.id)));
  if (sum(taken.refused) > release->count) return invalid("more items refused than came");
  return *release;
}

struct Given {
  std::string leaf;
  Place place;
};

// Our receipt of a partner's release, in the log in use or in one before it; nullopt: there is none
// yet.
Result<std::optional<Given>> receipt_in(store::Sqlite& db, const Place& release) {
  auto select =
      TRY(db.prepare("SELECT r.own_log, r.own, g.log FROM ledger_received r JOIN ledger_logs g ON"
                     " g.number = r.own_log WHERE r.log = ? AND r.at = ?"));
  select.bind_blob(1, bytes_of(release.log)).bind(2, release.index);
  if (!TRY(select.step())) return std::nullopt;
  Place place{stored_hash(select.blob(2)), static_cast<std::uint64_t>(select.number(1))};
  auto rows =
      TRY(read_rows(db, {.log = select.number(0), .from = place.index, .until = place.index + 1}));
  if (rows.empty()) return missing("the receipt of a release that was taken in");
  return Given{std::move(rows.front().entry.leaf), place};
}

Result<void> keep_paper(store::Sqlite& db, std::int64_t log, std::uint64_t at,
                        std::string_view json) {
  auto insert =
      TRY(db.prepare("INSERT INTO ledger_beside(log, at, paper) VALUES(?1, ?2, ?3)"
                     " ON CONFLICT(log, at) DO UPDATE SET paper = ?3"));
  return insert.bind(1, log).bind(2, at).bind(3, json).run();
}

}  // namespace

Result<Shown> Ledger::shown(std::uint64_t index) const {
  Shown shown{.index = index};
  auto look = [&](store::Sqlite& db) -> Result<void> {
    auto rows = TRY(read_rows(db, {.log = number_, .from = index, .until = index + 1}));
    auto last = TRY(head_in(db, number_));
    if (rows.empty() || !last) return missing(fmt::format("the ledger has no entry {}", index));
    shown.leaf = rows.front().entry.leaf;
    shown.head = *std::move(last);
    shown.proof = TRY(inclusion_proof(index, shown.head.tree.size, nodes_in(db, number_)));
    return {};
  };
  TRY(tables_.read(look));
  return shown;
}

Result<Acknowledged> Ledger::receive(store::Sqlite& db, const Taken& taken, const Peer& from) {
  const Shown& shown = taken.shown;
  Release release = TRY(checked(taken, from, parts_.node));
  Sha256 hash = leaf_hash(shown.leaf);
  auto answer = [&](const std::string& leaf, const Place& place) {
    return Acknowledged{
        leaf, place,
        sign_as(parts_.node, receipt_text(parts_.node, place, leaf_hash(leaf)), *key_)};
  };
  if (auto had = TRY(receipt_in(db, {shown.head.log, shown.index}))) {
    Leaf leaf = TRY(read_leaf(had->leaf));
    const auto* receipt = std::get_if<Receipt>(&leaf.body);
    if (receipt == nullptr || receipt->leaf != hash)
      return denied(
          fmt::format("split view: {} shows another release as entry {} than before, of "
                      "which our entry {} is the receipt",
                      text::quote(from.id), shown.index, had->place.index));
    return answer(had->leaf, had->place);
  }
  SeenHead seen = TRY(see(db, shown.head, from, from.id));
  if (seen.seen == Seen::split || seen.seen == Seen::went_back) return denied(seen.what);
  Receipt receipt{.from = from.id, .release = {shown.head.log, shown.index}, .leaf = hash};
  receipt.items = release.items;
  receipt.shown = evidence(json_of(shown));
  receipt.refused = taken.refused;
  receipt.taken = release.count - sum(taken.refused);
  Added added = TRY(add(db, Body(std::move(receipt))));
  TRY(keep_paper(db, number_, added.index, json_of(shown)));
  auto insert = TRY(db.prepare("INSERT INTO ledger_received VALUES(?, ?, ?, ?)"));
  insert.bind_blob(1, bytes_of(shown.head.log)).bind(2, shown.index).bind(3, number_);
  TRY(insert.bind(4, added.index).run());
  return answer(added.leaf, {log_, added.index});
}

Result<void> Ledger::acknowledge(store::Sqlite& db, const Acknowledged& given, const Peer& from) {
  Leaf leaf = TRY(read_leaf(given.leaf));
  const auto* receipt = std::get_if<Receipt>(&leaf.body);
  if (receipt == nullptr || receipt->from != parts_.node || receipt->release.log != log_)
    return missing("a receipt for nothing in this log");
  std::uint64_t index = receipt->release.index;
  auto rows = TRY(read_rows(db, {.log = number_, .from = index, .until = index + 1}));
  if (rows.empty() || rows.front().kind != "release")
    return missing(fmt::format("a receipt for entry {}, which is no release", index));
  const LedgerRow& row = rows.front();
  if (given.by.by != from.id || row.partner != from.id || !is_key_of(from, given.by.key) ||
      !holds(given.by, receipt_text(from.id, given.place, leaf_hash(given.leaf))))
    return denied(fmt::format("the receipt for entry {} is not signed by {}", index,
                              text::quote(row.partner)));
  Leaf released = TRY(read_leaf(row.entry.leaf));
  const auto& release = std::get<Release>(released.body);
  std::uint64_t refused = sum(receipt->refused);
  if (receipt->leaf != row.entry.hash || receipt->items != release.items ||
      refused > release.count || receipt->taken != release.count - refused)
    return denied(fmt::format("{} gives a receipt for another release than entry {}",
                              text::quote(from.id), index));
  std::string json = json_of(given);
  if (!row.entry.acknowledged.empty()) {
    // The same again; under another key since, perhaps.
    auto before = TRY(read_acknowledged(std::string_view(row.entry.acknowledged)));
    if (before.leaf == given.leaf && before.place == given.place) return {};
    return denied(
        fmt::format("{} gave another receipt for entry {} before", text::quote(from.id), index));
  }
  TRY(keep_paper(db, number_, index, json));
  TRY(add(db, Body(Outcome{.of = index, .outcome = "received", .receipt = evidence(json)})));
  return {};
}

}  // namespace tocsin::share
