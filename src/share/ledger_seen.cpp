// Heads of other members' logs: what was seen, whether it fits, and what we sign of it.
#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "share/ledger.h"
#include "share/ledger_rows.h"

namespace tocsin::share {

using namespace ledger;  // NOLINT: see ledger.cpp

namespace {

// Of one log: heads that wait for a proof, of which older ones go; heads that do not fit, of which
// the first are proof enough. Of one member: logs, of which a restore opens a new one.
constexpr std::uint64_t unproved_max = 1000;
constexpr std::size_t misfits_max = 100, logs_max = 100;

constexpr std::string_view columns = "node, log, size, root, at, key, signature, via, seen, what";

Ledger::SeenHead seen_of(const store::Statement& row) {
  Ledger::SeenHead out{.via = std::string(row.text(7)), .what = std::string(row.text(9))};
  out.head.node = row.text(0);
  out.head.log = stored_hash(row.blob(1));
  out.head.tree = {static_cast<std::uint64_t>(row.number(2)), stored_hash(row.blob(3))};
  out.head.at = row.number(4);
  out.head.key.bytes = stored_hash(row.blob(5));
  out.head.signature = row.blob(6);
  out.seen = static_cast<Ledger::Seen>(std::clamp<std::int64_t>(row.number(8), 0, 3));
  return out;
}

Result<std::vector<Ledger::SeenHead>> read_seen(store::Sqlite& db, std::string_view node,
                                                const Sha256* log) {
  auto select = TRY(db.prepare(
      fmt::format("SELECT {} FROM ledger_seen WHERE (?1 = '' OR node = ?1){} ORDER BY node, log,"
                  " size, root",
                  columns, log == nullptr ? "" : " AND log = ?2")));
  select.bind(1, node);
  if (log != nullptr) select.bind_blob(2, bytes_of(*log));
  std::vector<Ledger::SeenHead> out;
  while (TRY(select.step())) out.push_back(seen_of(select));
  return out;
}

std::string in_words(const Head& head, const std::string& via) {
  return fmt::format("{} entries, root {}, signed at {} (from {})", head.tree.size,
                     hex(head.tree.root), times::format(head.at), text::quote(via));
}

// What of the heads that are known does not fit this one.
void judge(Ledger::SeenHead& fresh, const std::vector<Ledger::SeenHead>& known) {
  for (const auto& one : known) {
    const Head &a = one.head, &b = fresh.head;
    bool split = a.tree.size == b.tree.size && a.tree.root != b.tree.root;
    bool back =
        (a.tree.size > b.tree.size && a.at < b.at) || (a.tree.size < b.tree.size && a.at > b.at);
    if (!split && !back) continue;
    fresh.seen = split ? Ledger::Seen::split : Ledger::Seen::went_back;
    fresh.what = fmt::format("{}: {} signed two heads of one log that do not fit: {}; and {}",
                             split ? "split view" : "the log became shorter", text::quote(b.node),
                             in_words(a, one.via), in_words(b, fresh.via));
    if (split) return;  // the plainest proof
  }
}

Result<bool> has_room(store::Sqlite& db, const Head& head) {
  auto select =
      TRY(db.prepare("SELECT count(DISTINCT log), max(log = ?2) FROM ledger_seen WHERE node = ?1"));
  select.bind(1, head.node).bind_blob(2, bytes_of(head.log));
  TRY(select.step());
  return static_cast<std::size_t>(select.number(0)) < logs_max || select.number(1) != 0;
}

Result<void> keep(store::Sqlite& db, const Ledger::SeenHead& one) {
  auto insert = TRY(db.prepare(
      fmt::format("INSERT OR REPLACE INTO ledger_seen({}) VALUES(?,?,?,?,?,?,?,?,?,?)", columns)));
  const Head& head = one.head;
  insert.bind(1, head.node).bind_blob(2, bytes_of(head.log)).bind(3, head.tree.size);
  insert.bind_blob(4, bytes_of(head.tree.root)).bind(5, head.at);
  insert.bind_blob(6, bytes_of(head.key.bytes)).bind_blob(7, head.signature).bind(8, one.via);
  return insert.bind(9, static_cast<int>(one.seen)).bind(10, one.what).run();
}

// Of the heads of a log that fit, those that a larger proved one stands for, and too many others.
Result<void> prune(store::Sqlite& db, const Head& head, std::uint64_t proved) {
  auto below = TRY(
      db.prepare("DELETE FROM ledger_seen WHERE node = ? AND log = ? AND size < ? AND seen = 0"));
  TRY(below.bind(1, head.node).bind_blob(2, bytes_of(head.log)).bind(3, proved).run());
  auto old =
      TRY(db.prepare("DELETE FROM ledger_seen WHERE node = ?1 AND log = ?2 AND seen = 1 AND size <"
                     " (SELECT size FROM ledger_seen WHERE node = ?1 AND log = ?2 AND seen = 1"
                     " ORDER BY size DESC LIMIT 1 OFFSET ?3)"));
  return old.bind(1, head.node).bind_blob(2, bytes_of(head.log)).bind(3, unproved_max - 1).run();
}

}  // namespace

Result<Ledger::SeenHead> Ledger::see(store::Sqlite& db, const Head& head, const Peer& of,
                                     const std::string& via, std::span<const Sha256> proof) {
  if (head.node != of.id || std::ranges::find(of.keys, head.key) == of.keys.end() ||
      !is_signed(head))
    return denied(fmt::format("a head of {} that it did not sign", text::quote(of.id)));
  if (!TRY(has_room(db, head)))
    return denied(fmt::format("{} shows more than {} logs", text::quote(of.id), logs_max));
  SeenHead fresh{.head = head, .via = via};
  auto known = TRY(read_seen(db, head.node, &head.log));
  const SeenHead *proved = nullptr, *same = nullptr;  // the largest one; what this one was before
  std::size_t misfits = 0;
  for (const SeenHead& one : known) {
    if (one.head.tree == head.tree) same = &one;
    if (one.seen == Seen::proved) proved = &one;
    if (one.seen != Seen::proved && one.seen != Seen::unproved) ++misfits;
  }
  std::uint64_t size = proved == nullptr ? 0 : proved->head.tree.size;
  fresh.proved_size = size;
  judge(fresh, known);
  if (fresh.seen == Seen::unproved) {
    // The first head of a log is what later ones are held against.
    bool fits = proved == nullptr || proved == same ||
                (head.tree.size < size ? begins(head.tree, proved->head.tree, proof)
                                       : begins(proved->head.tree, head.tree, proof));
    if (fits) {
      fresh.seen = Seen::proved;
    } else if (!proof.empty() && via == of.id) {  // another member may give us a bad one
      fresh.seen = Seen::split;
      fresh.what = fmt::format(
          "split view: {} gives no proof that one of its heads goes on from "
          "the other: {}; and {}",
          text::quote(head.node), in_words(proved->head, proved->via), in_words(head, via));
    } else if (same != nullptr) {
      fresh.seen = same->seen;
      fresh.what = same->what;
    }
  }
  if (fresh.seen == Seen::proved) fresh.proved_size = std::max(size, head.tree.size);
  bool fits = fresh.seen == Seen::proved || fresh.seen == Seen::unproved;
  if (!fits && (same != nullptr ? same->seen == fresh.seen : misfits >= misfits_max)) {
    if (same != nullptr) fresh.what = same->what;
    return fresh;
  }
  TRY(keep(db, fresh));
  TRY(prune(db, head, fresh.proved_size));
  return fresh;
}

Result<std::vector<Ledger::SeenHead>> Ledger::seen(std::string_view node) const {
  std::vector<SeenHead> all;
  auto look = [&](store::Sqlite& db) -> Result<void> {
    all = TRY(read_seen(db, node, nullptr));
    return {};
  };
  TRY(tables_.read(look));
  std::map<Sha256, std::uint64_t> proved;
  for (const SeenHead& one : all) {
    if (one.seen == Seen::proved) proved[one.head.log] = one.head.tree.size;
  }
  for (SeenHead& one : all) one.proved_size = proved[one.head.log];
  return all;
}

Result<Signed> Ledger::witness(const Head& head) {
  auto all = TRY(seen(head.node));
  auto found = std::ranges::find_if(
      all, [&](const SeenHead& one) { return one.head == head && one.seen == Seen::proved; });
  if (found == all.end())
    return denied(fmt::format("the head of {} entries of {} is not proved to us", head.tree.size,
                              text::quote(head.node)));
  Signed out;
  auto sign = [&](store::Sqlite&) -> Result<void> {
    out = sign_as(parts_.node, witness_text(parts_.node, head), *key_);
    return {};
  };
  TRY(tables_.write(sign));  // the lane guards the key
  return out;
}

Result<void> Ledger::add_witness(store::Sqlite& db, const Head& head, const Signed& witness,
                                 const Peer& by) {
  auto ours = TRY(head_in(db, number_, head.tree.size));
  if (!ours || *ours != head) return missing("a witness of a head that is none of ours");
  if (witness.by != by.id || std::ranges::find(by.keys, witness.key) == by.keys.end() ||
      !holds(witness, witness_text(by.id, head)))
    return denied(fmt::format("a witness that {} did not sign", text::quote(by.id)));
  auto insert = TRY(db.prepare("INSERT OR REPLACE INTO ledger_witnesses VALUES(?, ?, ?, ?, ?)"));
  insert.bind(1, number_).bind(2, head.tree.size).bind(3, by.id);
  return insert.bind_blob(4, bytes_of(witness.key.bytes)).bind_blob(5, witness.signature).run();
}

}  // namespace tocsin::share
